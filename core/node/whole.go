package node

import (
	"cmp"
	"slices"

	"messiah/core/ordered"
	"messiah/core/wire"
)

// AppendWhole appends the canonical bytes of all that a host's next turns depend
// on between two turns: besides State the queues, client sessions and links. Two
// hosts with equal bytes behave alike from here on. Drivers number connections in
// the order in which the whole world made them, so they go by the name that the
// driver gives them; equal names must mean the same connection.
func (h *Host) AppendWhole(dst []byte, name func(conn uint64) uint64) []byte {
	return wire.AppendState(dst, func(c *wire.Coder) {
		inc := uint64(h.self.Inc)
		c.Uint64(&inc)
		c.Bool(&h.halted)
		h.codeTimers(c, name)
		h.rand.code(c)
		h.urgent.Write(c)
		h.inbox.Write(c)
		for i := range h.tasks {
			h.tasks[i].Write(c)
		}
		h.codeSessions(c)
		h.writeLinks(c, name)
		h.node.State(c)
	})
}

// codeTimers writes the timers in the order in which they fire, connections by name.
func (h *Host) codeTimers(c *wire.Coder, name func(uint64) uint64) {
	sorted := slices.Clone(h.timers.heap)
	slices.SortFunc(sorted, func(a, b timer) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.seq, b.seq)) })
	wire.Slice(c, &sorted, func(c *wire.Coder, one *timer) {
		c.Int64((*int64)(&one.at))
		c.Uint16(&one.name)
		key := one.key
		if one.name == timerHandshake {
			key = name(key)
		}
		c.Uint64(&key)
	})
}

// writeLinks writes what the host knows of other processes.
func (h *Host) writeLinks(c *wire.Coder, name func(uint64) uint64) {
	c.Uint64(&h.lastNum)
	wire.Slice(c, &h.dials, func(c *wire.Coder, d **dial) { c.Struct(*d) })
	wire.Slice(c, &h.order, func(c *wire.Coder, one **link) {
		l, current := **one, h.current[(*one).peer.ID] == *one
		if l.conn != 0 {
			l.conn = name(l.conn)
		}
		c.Struct(&l)
		c.Bool(&current)
	})
	wire.Slice(c, &h.forgotten, func(c *wire.Coder, p *Peer) { c.Struct(p) })
	named := make(map[uint64]*conn, len(h.conns))
	for _, id := range ordered.Keys(h.conns) {
		named[name(id)] = h.conns[id]
	}
	wire.Map(c, &named, (*wire.Coder).Uint64, func(c *wire.Coder, one **conn) {
		c.Struct(openConn{*one})
	})
}

// openConn writes a connection: once it is ready, what its handshake needed
// decides nothing more.
type openConn struct{ *conn }

// Code writes the connection.
func (o openConn) Code(c *wire.Coder) {
	state := uint8(o.state)
	c.Uint8(&state)
	dialled := o.dial != nil
	c.Bool(&dialled)
	if dialled {
		c.Struct(o.dial)
	}
	c.Struct(&o.peer)
	if o.state != connReady {
		c.Bytes16(&o.nonce)
		c.Bytes(&o.hello)
		c.Bytes16(&o.proof)
	}
}

// Write writes the inputs that wait, oldest first, into a state that is not read back.
func (m *Mail) Write(c *wire.Coder) {
	waiting := m.items[m.head:]
	wire.Slice(c, &waiting, func(c *wire.Coder, in *Input) { c.Struct(in) })
}
