package sim

import (
	"messiah/core/node"
	"messiah/core/session"
	"messiah/core/wire"
	"messiah/netsim"
)

// World is the sink of its network.

// Schedule asks for Fire(event) at that time.
func (w *World) Schedule(at node.Time, e netsim.Event) {
	w.queue.Push(max(at, w.now), event{op: opNet + e.Op, a: e.Index, b: e.Gen})
}

// Up says that a connection stands.
func (w *World) Up(e *netsim.End) bool {
	p := w.bySite[e.Site]
	if p.raw != nil {
		return p.raw.up(e)
	}
	if !p.takes() {
		return false
	}
	if e.Class == netsim.Process {
		p.arrive(w.input(node.Input{Kind: node.InConnUp, Conn: e.Conn, Num: e.Num, Cause: w.net.Cause()}))
		return true
	}
	if e.Dialled {
		return p.lanes[e.Tag].push(&node.Input{Kind: node.InStreamUp, Endpoint: e.Endpoint, Cause: w.net.Cause()})
	}
	return true // an accepted stream belongs to no lane before its first packet
}

// Data hands over one item of a connection.
func (w *World) Data(e *netsim.End, b []byte) bool {
	p := w.bySite[e.Site]
	if p.raw != nil {
		return p.raw.data(e, b)
	}
	if !p.takes() {
		return false
	}
	if e.Class == netsim.Process {
		if p.host.Full() {
			w.Mark("loop-queue-full")
			return false
		}
		p.arrive(w.input(node.Input{Kind: node.InConnData, Conn: e.Conn, Body: b, Cause: w.net.Cause()}))
		return true
	}
	index := e.Tag
	if !e.Dialled {
		if e.Tag == 0 {
			// The first packet of a stream decides which lane has it; the tag is one more than the lane.
			e.Tag = uint32(session.ShardOf(b, len(p.lanes))) + 1
		}
		index = e.Tag - 1
	}
	return p.lanes[index].push(w.input(node.Input{Kind: node.InPacket, Endpoint: e.Endpoint, Body: b, Cause: w.net.Cause()}))
}

// Down says that a connection has ended or, of a dial, was not to be had.
func (w *World) Down(e *netsim.End) bool {
	p := w.bySite[e.Site]
	if p.raw != nil {
		return p.raw.down(e)
	}
	if !p.takes() {
		return false
	}
	switch {
	case e.Class == netsim.Process:
		conn := e.Conn
		if !e.Standing && e.Dialled {
			conn = 0
		}
		p.arrive(&node.Input{Kind: node.InConnDown, Conn: conn, Num: e.Num, Cause: w.net.Cause()})
	case e.Dialled:
		return p.lanes[e.Tag].push(&node.Input{Kind: node.InStreamDown, Endpoint: e.Endpoint, Cause: w.net.Cause()})
	case e.Tag != 0:
		return p.lanes[e.Tag-1].push(&node.Input{Kind: node.InStreamDown, Endpoint: e.Endpoint, Cause: w.net.Cause()})
	}
	return true
}

// Datagram hands over one datagram. False drops it, as a full socket does.
func (w *World) Datagram(site netsim.Site, from node.Endpoint, b []byte) bool {
	p := w.bySite[site]
	if p.host == nil || len(p.lanes) == 0 {
		return false
	}
	l := p.lanes[session.ShardOf(b, len(p.lanes))]
	return l.push(w.input(node.Input{Kind: node.InPacket, Endpoint: from, Body: b, Cause: w.net.Cause()}))
}

// input returns the input in a place of the world's own, which the next one takes:
// whoever is handed it copies it, and one made for each would be garbage.
func (w *World) input(in node.Input) *node.Input {
	w.arriving = in
	return &w.arriving
}

// takes tells whether the process takes something from the network now.
func (p *process) takes() bool { return p.host != nil && !p.paused }

// arrive hands the host something from the network.
func (p *process) arrive(in *node.Input) {
	p.deliver(in)
	p.settle()
}

// KindOf returns the message kind of an item, for holds: of a frame between
// processes its type, of a client's packet its first byte.
func KindOf(class netsim.Class, b []byte) uint16 {
	if class == netsim.Process {
		f, _, err := wire.Split(b)
		if err != nil {
			return 0
		}
		return f.Type
	}
	if len(b) == 0 {
		return 0
	}
	return uint16(b[0])
}
