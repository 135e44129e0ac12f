package node

import (
	"errors"
	"slices"

	"messiah/core/ordered"
	"messiah/core/wire"
)

// Snapshot reads or writes all that decides what the host does next, between two
// turns: State with the queue in front of the node, the truth about sessions and
// the links. What a turn has not yet carried out and handed to lanes is left out,
// and so are two secrets: the cluster's, and the entropy of a start that waits.
// It is read into a host that was just made for a node of the same kind.
func (h *Host) Snapshot(c *wire.Coder) {
	h.self.Code(c)
	c.Int64((*int64)(&h.now))
	c.Int64(&h.wall)
	c.Bool(&h.halted)
	c.Uint64(&h.withdrawn)
	if n, ok := h.node.(Configured); ok {
		c.Struct(settings{n})
	}
	h.urgent.code(c)
	h.inbox.code(c)
	h.codeSessions(c)
	h.linkTable.code(c)
	h.State(c)
}

// settings makes a value of its own of what a node was made with.
type settings struct{ Configured }

func (s settings) Code(c *wire.Coder) { s.Settings(c) }

// code reads or writes the inputs that wait. The lanes' keys come from the start's entropy.
func (m *Mail) code(c *wire.Coder) {
	var waiting []Input
	m.each(func(in *Input) {
		waiting = append(waiting, *in)
		if last := &waiting[len(waiting)-1]; last.Kind == InStart {
			last.Body = nil
		}
	})
	wire.Slice(c, &waiting, func(c *wire.Coder, in *Input) { c.Struct(in) })
	if c.Decoding() {
		*m = Mail{}
		for i := range waiting {
			m.Push(&waiting[i])
		}
	}
}

func (h *Host) codeSessions(c *wire.Coder) {
	wire.Map(c, &h.sessions, func(c *wire.Coder, s *Session) { c.Uint64((*uint64)(s)) }, func(c *wire.Coder, s *sessionState) {
		bits := uint8(0)
		if s.alive {
			bits |= 1
		}
		if s.announced {
			bits |= 2
		}
		c.Uint8(&bits)
		s.alive, s.announced = bits&1 != 0, bits&2 != 0
	})
	if h.sessions == nil {
		h.sessions = map[Session]sessionState{}
	}
}

// codeLinks reads or writes the links in their order. Of what is kept for a peer the acknowledged head is left out.
func (t *linkTable) codeLinks(c *wire.Coder) {
	wire.Slice(c, &t.order, func(c *wire.Coder, one **link) {
		if *one == nil {
			*one = &link{}
		}
		c.Struct(*one)
	})
	if !c.Decoding() {
		return
	}
	t.links, t.current = map[Peer]*link{}, map[ID]*link{}
	for _, l := range t.order {
		// The life that is linked last is the one that sends reach.
		t.links[l.peer], t.current[l.peer.ID] = l, l
	}
}

// Code reads or writes the link.
func (l *link) Code(c *wire.Coder) {
	l.peer.Code(c)
	c.Uint64(&l.conn)
	c.Uint64(&l.num)
	kept := l.kept[l.head:]
	c.Bytes(&kept)
	c.Uint64(&l.base)
	c.Uint64(&l.next)
	c.Uint64(&l.received)
	c.Uint64(&l.acked)
	c.Int(&l.receivedBytes)
	c.Int64((*int64)(&l.heard))
	c.Bool(&l.forgotten)
	if !c.Decoding() || c.Err() != nil {
		return
	}
	l.kept, l.head = kept, 0
	if l.base > l.next || l.next-l.base != frames(kept) {
		c.Fail(errKept)
	}
}

// errKept is a link whose kept frames are not those that it counts.
var errKept = errors.New("node: the frames kept for a peer are not as many as were sent and not acknowledged")

// frames counts the whole frames in b; a cut one counts for more than there can be.
func frames(b []byte) (n uint64) {
	for len(b) > 0 {
		_, rest, err := wire.Split(b)
		if err != nil {
			return 1 << 63
		}
		b = rest
		n++
	}
	return n
}

// Code reads or writes the dial.
func (d *dial) Code(c *wire.Coder) {
	d.to.Code(c)
	c.String(&d.addr)
	c.Uint64(&d.num)
	c.Int64((*int64)(&d.wait))
	c.Int(&d.tries)
	c.Bool(&d.busy)
	c.Bool(&d.ended)
	c.String(&d.reason)
}

// code reads or writes the table.
func (t *linkTable) code(c *wire.Coder) {
	t.codeLinks(c)
	conns := make([]*conn, 0, len(t.conns))
	for _, id := range ordered.Keys(t.conns) {
		conns = append(conns, t.conns[id])
	}
	dials := t.everyDial(conns)
	wire.Slice(c, &dials, func(c *wire.Coder, d **dial) {
		if *d == nil {
			*d = &dial{}
		}
		c.Struct(*d)
	})
	wire.Slice(c, &conns, func(c *wire.Coder, one **conn) {
		if *one == nil {
			*one = &conn{}
		}
		c.Struct(&savedConn{*one, t, dials})
	})
	wire.Slice(c, &t.forgotten, func(c *wire.Coder, p *Peer) { c.Struct(p) })
	c.Uint64(&t.lastNum)
	if !c.Decoding() {
		return
	}
	t.conns, t.dials = map[uint64]*conn{}, nil
	for _, one := range conns {
		t.conns[one.id] = one
	}
	for _, d := range dials {
		if !d.ended {
			t.dials = append(t.dials, d)
		}
	}
}

// everyDial lists the dials, those that have ended and still have a connection behind the others.
func (t *linkTable) everyDial(conns []*conn) []*dial {
	dials := slices.Clone(t.dials)
	for _, one := range conns {
		if one.dial != nil && one.dial.ended {
			dials = append(dials, one.dial)
		}
	}
	return dials
}

// savedConn is a connection as it is written: it names its dial by the place in a list, from 1, and its link by number.
type savedConn struct {
	*conn
	table *linkTable
	dials []*dial
}

// Code reads or writes the connection.
func (s *savedConn) Code(c *wire.Coder) {
	dial, num := 1+slices.Index(s.dials, s.dial), uint64(0)
	if s.link != nil {
		num = s.link.num
	}
	c.Uint64(&s.id)
	c.Int(&dial)
	c.Uint64(&num)
	c.Uint8((*uint8)(&s.state))
	s.peer.Code(c)
	c.Bytes16(&s.nonce)
	c.Bytes(&s.hello)
	c.Bytes16(&s.proof)
	if !c.Decoding() || c.Err() != nil {
		return
	}
	if dial < 0 || dial > len(s.dials) {
		c.Fail(errNoDial)
		return
	}
	if dial > 0 {
		s.dial = s.dials[dial-1]
	}
	for _, l := range s.table.order {
		if l.num == num && num != 0 {
			s.link = l
		}
	}
	if (s.state == connReady) != (s.link != nil) {
		c.Fail(errNoLinkOf)
	}
}

// What a connection refers to that is not there.
var (
	errNoDial   = errors.New("node: a connection is of a dial that is not listed")
	errNoLinkOf = errors.New("node: a connection is of a link that is not listed")
)
