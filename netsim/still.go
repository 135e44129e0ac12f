package netsim

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// A network that stands still: for who explores every order in which what is
// under way may arrive, instead of the one that times decide.

// Head is the first item of one direction of a connection: the only one of it
// that can arrive next.
type Head struct {
	Item
	What string // "data", or the step of the connection's life
	ref  dirRef
}

// itemNames are the kinds of item for people.
var itemNames = [...]string{
	itemData: "data", itemSyn: "dial", itemSynAck: "accepted", itemRefuse: "refused", itemEnd: "end", itemReset: "reset",
	itemDatagram: "datagram",
}

// Heads lists what can arrive next, one item of each direction that has any and
// is not stopped, ordered by the names of the connections.
func (n *Net) Heads() []Head {
	var heads []Head
	for _, one := range n.named() {
		c := one.conn
		for side := range c.dirs {
			d := &c.dirs[side]
			if d.head == 0 || d.parked || d.link.blocked {
				continue
			}
			heads = append(heads, Head{
				n.describe(d.head, d.link, c.ends[0].Class), itemNames[n.pool.items[d.head].kind], c.ref(side),
			})
		}
	}
	return heads
}

// Arrive lets the first item of a direction arrive now, whatever its time.
func (n *Net) Arrive(h *Head) {
	c, side, ok := n.conn(h.ref)
	if !ok || c.dirs[side].head == 0 {
		return
	}
	d := &c.dirs[side]
	n.pool.items[d.head].at = n.now
	d.scheduled, d.due = true, n.now
	n.fireHead(h.ref.index, h.ref.gen)
}

// Rearm asks the sink again for everything under way, after it has forgotten
// what it was asked before.
func (n *Net) Rearm() {
	for _, one := range n.named() {
		c := one.conn
		for side := range c.dirs {
			d := &c.dirs[side]
			d.scheduled, d.last = false, n.now
			for i := d.head; i != 0; i = n.pool.items[i].next {
				n.pool.items[i].at = n.now
			}
			if !d.parked {
				n.schedule(c, side)
			}
		}
		if c.ends[0].state == endOpening {
			n.cfg.Sink.Schedule(n.now.Add(n.cfg.DialWithin), Event{opDial, c.index, c.gen})
		}
	}
}

// namedConn is a connection under a name that does not tell when, among all of
// the network, it was made.
type namedConn struct {
	name uint64
	conn *conn
}

// named lists the connections by name: who dialled, and as which of its dials.
// Where a later life of a site dials under the number of an earlier one, the
// order of the two tells them apart.
func (n *Net) named() []namedConn {
	var all []namedConn
	for _, c := range n.conns {
		if !c.live {
			continue
		}
		e := &c.ends[0]
		name := uint64(e.Site)<<48 | uint64(e.Class)<<46 | e.Num<<8
		if e.Class == Stream {
			name |= uint64(e.Tag)<<40 | uint64(e.Endpoint.Stream)<<8
		}
		all = append(all, namedConn{name, c})
	}
	slices.SortFunc(all, func(a, b namedConn) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.conn.born, b.conn.born))
	})
	for i := 1; i < len(all); i++ {
		if before := all[i-1].name; before&^0xff == all[i].name {
			all[i].name = before + 1
		}
	}
	return all
}

// Names returns the name of each connection that lives, by the number that each
// of its ends calls it: the same for all orders that led to the same state.
func (n *Net) Names() map[uint64]uint64 {
	names := map[uint64]uint64{}
	for _, one := range n.named() {
		for side := range one.conn.ends {
			names[one.conn.ends[side].Conn] = one.name<<1 | uint64(side)
		}
	}
	return names
}

// AppendState appends the canonical bytes of what decides which items arrive
// from here on, times aside: the sites, the connections and what is under way on
// them. It is for networks without datagrams, holds and blocked links.
func (n *Net) AppendState(dst []byte) []byte {
	put := func(v uint64) { dst = binary.AppendUvarint(dst, v) }
	for i := range n.sites[1:] {
		s := &n.sites[1+i]
		put(uint64(s.reach))
		put(uint64(s.lastPort))
		put(uint64(s.stream))
	}
	for _, one := range n.named() {
		c := one.conn
		put(one.name)
		for side := range c.ends {
			e, d := &c.ends[side], &c.dirs[side]
			put(uint64(e.Site))
			put(uint64(e.state)<<3 | bit(e.untold)<<2 | bit(e.Standing)<<1 | bit(d.parked))
			put(uint64(e.Tag))
			put(uint64(e.Endpoint.Stream)<<16 | uint64(e.Endpoint.Port))
			for i := d.head; i != 0; i = n.pool.items[i].next {
				put(uint64(n.pool.items[i].kind))
				put(uint64(len(n.pool.items[i].buf)))
				dst = append(dst, n.pool.items[i].buf...)
			}
			put(0)
		}
	}
	return dst
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
