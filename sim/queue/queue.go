// Package queue orders the events of a simulated world exactly: by time, and
// among equal times by the order in which they were pushed.
package queue

import (
	"fmt"
	"math/bits"

	"messiah/core/node"
)

// The queue is a radix heap (Ahuja, Mehlhorn, Orlin and Tarjan, 1990) with 64
// slots a level. An event is filed by the highest 6-bit digit in which its time
// differs from the base, a time not after any pending one; so the lowest slot of
// the lowest level in use holds the earliest events, and all events of one time
// are in one slot, in the order of their pushes. On level 0 they are the next to
// be popped. Above it a few are sorted where they are; of many, the earliest
// time becomes the base and they move, in order, to the levels below, which are
// empty at that moment.
const (
	digitBits = 6
	slots     = 1 << digitBits
	levels    = (64 + digitBits - 1) / digitBits
)

// Queue is a monotone queue of events; its zero value is empty and stands at
// time zero. Its length is bounded by whoever pushes, its memory by its length
// (spareChunks).
type Queue[E any] struct {
	now       node.Time // the time that was last popped
	base      node.Time // what the slots are relative to, not after now
	size      int
	inUse     uint16         // a bit for each level that holds events
	occupied  [levels]uint64 // a bit for each slot that holds events
	buckets   [levels * slots]bucket[E]
	free      *chunk[E]
	freeCount int
	usedCount int
}

// Len returns how many events are pending.
func (q *Queue[E]) Len() int { return q.size }

// Push files an event for a time in nanoseconds. A time before the one that was
// last popped is a bug of the caller and panics: the past cannot be changed.
func (q *Queue[E]) Push(at node.Time, e E) {
	if at < q.now {
		panic(fmt.Sprintf("queue: event pushed at %d ns, after time %d ns was popped", int64(at), int64(q.now)))
	}
	q.size++
	q.file(at, e)
}

// Next returns the earliest pending time, false if nothing is pending. It moves
// nothing: events may still be pushed before the time that it returned.
func (q *Queue[E]) Next() (node.Time, bool) {
	if q.size == 0 {
		return 0, false
	}
	return q.buckets[q.lowest()].least, true
}

// Pop takes out the earliest event, of equal times the one pushed first, and
// its time; false if nothing is pending.
func (q *Queue[E]) Pop() (node.Time, E, bool) {
	if q.size == 0 {
		var none E
		return 0, none, false
	}
	q.size--
	index := q.lowest()
	b := &q.buckets[index]
	q.now = b.least
	if !b.sorted && index >= slots {
		index = q.settle(index)
		b = &q.buckets[index]
	}
	c := b.head
	e := c.entries[b.first].event
	c.entries[b.first] = entry[E]{}
	b.first++
	switch {
	case c == b.tail && b.first == b.end:
		// Nothing is filed below this bucket, and the base may move within it.
		q.base = q.now
		q.vacate(index)
		q.release(c)
	case b.first == chunkLen:
		b.head, b.first = c.next, 0
		q.release(c)
	case index >= slots:
		b.least = c.entries[b.first].at
	}
	return q.now, e, true
}

// Clear drops all events and sets the queue back to time zero.
func (q *Queue[E]) Clear() {
	for q.size > 0 {
		index := q.lowest()
		b := q.buckets[index]
		q.vacate(index)
		for c := b.head; c != nil; {
			next, entries := c.next, b.in(c)
			q.size -= len(entries)
			clear(entries)
			b.first = 0
			q.release(c)
			c = next
		}
	}
	q.base, q.now = 0, 0
}

// lowest returns the index of the bucket that holds the earliest event of a
// queue that is not empty.
func (q *Queue[E]) lowest() int {
	level := bits.TrailingZeros16(q.inUse) % levels
	return level*slots + bits.TrailingZeros64(q.occupied[level])%slots
}

// file appends an event to the bucket that its time has under the present base.
func (q *Queue[E]) file(at node.Time, e E) {
	level := uint(bits.Len64(uint64(at^q.base)|1)-1) / digitBits
	slot := uint(at>>(level*digitBits)) % slots
	b := &q.buckets[level*slots+slot]
	switch {
	case b.tail == nil:
		q.inUse |= 1 << level
		q.occupied[level] |= 1 << slot
		c := q.take()
		*b = bucket[E]{head: c, tail: c, least: at}
	case b.end == chunkLen:
		c := q.take()
		b.tail.next = c
		b.tail, b.end = c, 0
	}
	b.least = min(b.least, at)
	b.sorted = false
	b.tail.entries[b.end] = entry[E]{at, e}
	b.end++
}

// settle puts the earliest event of the lowest bucket, which is above level 0,
// to the front of a bucket, and returns the index of that.
func (q *Queue[E]) settle(index int) int {
	for index >= slots {
		b := &q.buckets[index]
		if b.head == b.tail {
			b.sort()
			return index
		}
		q.spread(index)
		index = q.lowest()
	}
	return index
}

// spread moves the events of the lowest bucket, which is above level 0, to the
// levels below it.
func (q *Queue[E]) spread(index int) {
	b := q.buckets[index]
	q.vacate(index)
	q.base = b.least
	for c := b.head; c != nil; {
		next, entries := c.next, b.in(c)
		for i := range entries {
			q.file(entries[i].at, entries[i].event)
		}
		clear(entries)
		b.first = 0
		q.release(c)
		c = next
	}
}

// vacate empties a bucket whose chunks the caller holds.
func (q *Queue[E]) vacate(index int) {
	level, slot := uint(index)/slots, uint(index)%slots
	q.buckets[index] = bucket[E]{}
	q.occupied[level] &^= 1 << slot
	if q.occupied[level] == 0 {
		q.inUse &^= 1 << level
	}
}
