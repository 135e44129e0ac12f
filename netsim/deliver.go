package netsim

import "slices"

// deliver hands one item to its receiver. It returns false where the receiver
// takes nothing now; nothing has happened then.
func (n *Net) deliver(c *conn, side int, i int32) bool {
	to := &c.ends[1-side]
	switch n.pool.items[i].kind {
	case itemSyn:
		return n.arrive(c, i)
	case itemSynAck:
		if to.state != endOpening {
			return true
		}
		// What the sink does at once with the connection must find it standing.
		to.state, to.Standing = endUp, true
		if !n.cfg.Sink.Up(&to.End) {
			to.state, to.Standing = endOpening, false
			return false
		}
	case itemData:
		if to.state != endUp {
			n.counts.Lost++
			return true
		}
		if !n.cfg.Sink.Data(&to.End, n.pool.items[i].buf) {
			return false
		}
		n.counts.Delivered++
	case itemRefuse:
		if !n.end(c, 1-side) {
			return false
		}
		n.counts.Refused++
	case itemEnd, itemReset:
		return n.end(c, 1-side)
	}
	return true
}

// arrive is a dial that has reached its address.
func (n *Net) arrive(c *conn, i int32) bool {
	to := &c.ends[1]
	if to.state == endOpening {
		reach := Gone
		if to.Site != nowhere {
			reach = n.sites[to.Site].reach
		}
		if reach != Here {
			to.state = endClosed
			if reach == Gone {
				n.put(c, 1, itemRefuse, nil)
			}
			return true
		}
		if to.Class == Stream {
			n.nameAccepted(c)
		}
		to.state, to.Standing, to.untold = endUp, true, true
		n.put(c, 1, itemSynAck, nil)
	}
	if to.state != endUp {
		return true
	}
	// The machine answers for a process that is paused; the process hears later, or
	// never, where the connection ends before.
	to.untold = false
	if !n.cfg.Sink.Up(&to.End) {
		to.untold = true
		return false
	}
	return true
}

// end tells an end that its connection is over.
func (n *Net) end(c *conn, side int) bool {
	e := &c.ends[side]
	heard := e.state == endUp && !e.untold || e.state == endOpening && e.Dialled
	before := e.state
	e.state = endClosed
	if heard && !n.cfg.Sink.Down(&e.End) {
		e.state = before
		return false
	}
	if c.ends[1-side].state == endClosed {
		// Nobody is left to hear what this end had sent. After a reset the other end is, of its own end.
		n.clear(c, side)
	}
	return true
}

// nameAccepted gives an accepted stream the name by which its site knows it.
func (n *Net) nameAccepted(c *conn) {
	from, to := &n.sites[c.ends[0].Site], &n.sites[c.ends[1].Site]
	if from.lastPort++; from.lastPort < firstPort {
		from.lastPort = firstPort
	}
	to.stream++
	e := &c.ends[1].End
	e.Endpoint = n.EndpointOf(c.ends[0].Site)
	e.Endpoint.Port, e.Endpoint.Stream = from.lastPort, to.stream
	if to.accepted == nil {
		to.accepted = map[uint32]uint64{}
	}
	to.accepted[to.stream] = e.Conn
}

func (s *site) nameDialled(tag, stream uint32, conn uint64) {
	if i := s.dial(tag, stream); i >= 0 {
		s.dialled[i].conn = conn
		return
	}
	s.dialled = append(s.dialled, streamName{tag, stream, conn})
}

// streamName is a stream by its dialler's name for it: the tag and a number of its own.
type streamName struct {
	tag, stream uint32
	conn        uint64
}

// dial returns the place of a stream among those that the site dialled, or -1.
func (s *site) dial(tag, stream uint32) int {
	for i := range s.dialled {
		if d := &s.dialled[i]; d.tag == tag && d.stream == stream {
			return i
		}
	}
	return -1
}

// StreamConn returns the connection that a site's lanes call by a stream
// number: the one that the lane dialled with its tag, else an accepted one.
func (n *Net) StreamConn(s Site, tag, stream uint32) (conn uint64, ok bool) {
	at := &n.sites[s]
	if i := at.dial(tag, stream); i >= 0 {
		return at.dialled[i].conn, true
	}
	conn, ok = at.accepted[stream]
	return conn, ok
}

// forgetNames drops the names of a stream's ends, unless they name a later one.
func (n *Net) forgetNames(c *conn) {
	if c.ends[0].Class != Stream {
		return
	}
	a, b := &c.ends[0].End, &c.ends[1].End
	at := &n.sites[a.Site]
	if i := at.dial(a.Tag, a.Endpoint.Stream); i >= 0 && at.dialled[i].conn == a.Conn {
		at.dialled = slices.Delete(at.dialled, i, i+1)
	}
	if b.Endpoint.Stream != 0 {
		delete(n.sites[b.Site].accepted, b.Endpoint.Stream)
	}
}
