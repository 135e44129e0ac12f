package session

import "messiah/core/node"

// deadlines is a heap of the times at which sessions want to be looked at, by
// slot. A session is in it once: an earlier time moves it up, a later one is
// found out when the earlier comes, so that traffic costs no heap work.
type deadlines struct {
	heap []deadline
	at   []int32 // by slot: place in the heap plus one, or 0
}

type deadline struct {
	time node.Time
	slot int32
}

// before orders by time, then by slot, so that the order is the same in every run.
func (a deadline) before(b deadline) bool {
	return a.time < b.time || a.time == b.time && a.slot < b.slot
}

// want sees to it that the slot comes up at the time or earlier.
func (d *deadlines) want(slot int, at node.Time) {
	for len(d.at) <= slot {
		d.at = append(d.at, 0)
	}
	i := int(d.at[slot]) - 1
	if i < 0 {
		d.heap = append(d.heap, deadline{})
		i = len(d.heap) - 1
	} else if d.heap[i].time <= at {
		return
	}
	d.up(i, deadline{at, int32(slot)})
}

// drop takes the slot out.
func (d *deadlines) drop(slot int) {
	if slot >= len(d.at) || d.at[slot] == 0 {
		return
	}
	i := int(d.at[slot]) - 1
	d.at[slot] = 0
	last := len(d.heap) - 1
	moved := d.heap[last]
	d.heap = d.heap[:last]
	if i == last {
		return
	}
	if i > 0 && moved.before(d.heap[(i-1)/2]) {
		d.up(i, moved)
	} else {
		d.down(i, moved)
	}
}

// due takes out one slot whose time has come.
func (d *deadlines) due(now node.Time) (slot int, ok bool) {
	if len(d.heap) == 0 || d.heap[0].time > now {
		return 0, false
	}
	slot = int(d.heap[0].slot)
	d.drop(slot)
	return slot, true
}

// next returns the earliest time, or node.Never.
func (d *deadlines) next() node.Time {
	if len(d.heap) == 0 {
		return node.Never
	}
	return d.heap[0].time
}

// time returns when the slot comes up.
func (d *deadlines) time(slot int) (node.Time, bool) {
	if slot >= len(d.at) || d.at[slot] == 0 {
		return 0, false
	}
	return d.heap[d.at[slot]-1].time, true
}

func (d *deadlines) put(i int, x deadline) {
	d.heap[i] = x
	d.at[x.slot] = int32(i) + 1
}

func (d *deadlines) up(i int, x deadline) {
	for i > 0 {
		parent := (i - 1) / 2
		if !x.before(d.heap[parent]) {
			break
		}
		d.put(i, d.heap[parent])
		i = parent
	}
	d.put(i, x)
}

func (d *deadlines) down(i int, x deadline) {
	for {
		child := 2*i + 1
		if child >= len(d.heap) {
			break
		}
		if child+1 < len(d.heap) && d.heap[child+1].before(d.heap[child]) {
			child++
		}
		if !d.heap[child].before(x) {
			break
		}
		d.put(i, d.heap[child])
		i = child
	}
	d.put(i, x)
}
