package netsim

import (
	"slices"

	"messiah/core/node"
)

// Match says which items a hold stops. Zero fields match all.
type Match struct {
	From, To node.ID
	Class    Class
	Kind     uint16                   // as Config.KindOf tells it; 0 also stops dials and ends
	Limit    int                      // how many items to stop in all
	When     func(*Item, []byte) bool // decides last; sees the item's bytes
}

// Item describes something that is held.
type Item struct {
	From, To node.ID
	Class    Class
	Kind     uint16
	Size     int       // bytes
	At       node.Time // when it would have arrived
}

// Held is a hold: what matches stops at its receiver's door until it is
// released. On a connection everything behind a held item waits with it, so
// that order is kept; datagrams pass each other.
type Held struct {
	net   *Net
	match Match
	over  bool
	count int
	dirs  []dirRef // parked directions, in the order in which they stopped
	loose []int32  // datagrams
}

// Hold stops what matches, from now on and including what is under way.
func (n *Net) Hold(m Match) *Held {
	h := &Held{net: n, match: m}
	n.holds = append(n.holds, h)
	return h
}

// Release lets everything go and stops nothing more.
func (h *Held) Release() {
	if h.over {
		return
	}
	h.over = true
	n := h.net
	n.holds = slices.DeleteFunc(n.holds, func(one *Held) bool { return one == h })
	h.settle()
	for _, r := range h.dirs {
		c, side, _ := n.conn(r)
		c.dirs[side].held = nil
	}
	n.wake(h.dirs)
	for _, i := range h.loose {
		n.goOn(i)
	}
	h.dirs, h.loose = nil, nil
}

// Len returns how many items stand stopped; of a connection only its first counts.
func (h *Held) Len() int {
	h.settle()
	return len(h.dirs) + len(h.loose)
}

// Items describes what stands stopped: connections first, then datagrams.
func (h *Held) Items() []Item {
	h.settle()
	items := make([]Item, 0, h.Len())
	for _, r := range h.dirs {
		c, side, _ := h.net.conn(r)
		items = append(items, h.net.describe(c.dirs[side].head, c.dirs[side].link, c.ends[0].Class))
	}
	for _, i := range h.loose {
		items = append(items, h.net.describe(i, h.net.pool.items[i].link, Datagrams))
	}
	return items
}

// ReleaseItem lets the i-th of Items go; the hold goes on stopping others.
func (h *Held) ReleaseItem(i int) {
	h.settle()
	n := h.net
	if i < len(h.dirs) {
		r := h.dirs[i]
		h.dirs = slices.Delete(h.dirs, i, i+1)
		c, side, _ := n.conn(r)
		c.dirs[side].held = nil
		n.pool.items[c.dirs[side].head].pass = true
		n.wake([]dirRef{r})
		return
	}
	i -= len(h.dirs)
	item := h.loose[i]
	h.loose = slices.Delete(h.loose, i, i+1)
	n.goOn(item)
}

// DropItem loses the i-th of Items. A connection cannot lose an item and live:
// it is reset.
func (h *Held) DropItem(i int) {
	h.settle()
	n := h.net
	if i < len(h.dirs) {
		c, _, _ := n.conn(h.dirs[i])
		h.dirs = slices.Delete(h.dirs, i, i+1)
		n.reset(c)
		return
	}
	i -= len(h.dirs)
	n.counts.Lost++
	n.pool.give(h.loose[i])
	h.loose = slices.Delete(h.loose, i, i+1)
}

// settle forgets directions that were reset or closed while they were held.
func (h *Held) settle() {
	h.dirs = slices.DeleteFunc(h.dirs, func(r dirRef) bool {
		c, side, ok := h.net.conn(r)
		return !ok || c.dirs[side].held != h
	})
}

func (n *Net) goOn(i int32) {
	n.pool.items[i].pass = true
	n.cfg.Sink.Schedule(n.now, Event{Op: opDatagram, Index: uint32(i)})
}

func (n *Net) describe(i int32, l *Link, class Class) Item {
	it := &n.pool.items[i]
	out := Item{From: l.From, To: l.To, Class: class, Size: len(it.buf), At: it.at}
	if n.cfg.KindOf != nil && (it.kind == itemData || it.kind == itemDatagram) {
		out.Kind = n.cfg.KindOf(class, it.buf)
	}
	return out
}

// holder returns the first hold that stops an item.
func (n *Net) holder(i int32, l *Link, class Class) *Held {
	if n.pool.items[i].pass {
		return nil
	}
	var it Item
	for _, h := range n.holds {
		m := &h.match
		if m.From != 0 && m.From != l.From || m.To != 0 && m.To != l.To ||
			m.Class != AnyClass && m.Class != class || m.Limit > 0 && h.count >= m.Limit {
			continue
		}
		if it.From == 0 {
			it = n.describe(i, l, class)
		}
		if m.Kind != 0 && m.Kind != it.Kind || m.When != nil && !m.When(&it, n.pool.items[i].buf) {
			continue
		}
		h.count++
		n.counts.Held++
		return h
	}
	return nil
}

// holdHead parks a direction whose head is to be held.
func (n *Net) holdHead(c *conn, side int) bool {
	if len(n.holds) == 0 {
		return false
	}
	d := &c.dirs[side]
	h := n.holder(d.head, d.link, c.ends[0].Class)
	if h == nil {
		return false
	}
	d.parked, d.held = true, h
	if r := c.ref(side); !slices.Contains(h.dirs, r) {
		h.dirs = append(h.dirs, r)
	}
	return true
}

func (n *Net) holdDatagram(i int32) bool {
	if len(n.holds) == 0 {
		return false
	}
	h := n.holder(i, n.pool.items[i].link, Datagrams)
	if h == nil {
		return false
	}
	h.loose = append(h.loose, i)
	return true
}
