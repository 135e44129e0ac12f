package queue

import "messiah/core/node"

// chunkLen is how many events share one piece of memory: few enough that 64
// slots with one event each stay in the first-level cache.
const chunkLen = 16

// spareChunks bounds the memory of a queue: it keeps at most as many free chunks
// as are in use and these, and leaves the others to the collector. At least one
// chunk for each bucket, so that a steady load never allocates.
const spareChunks = 1024

type entry[E any] struct {
	at    node.Time
	event E
}

type chunk[E any] struct {
	next    *chunk[E]
	entries [chunkLen]entry[E]
}

// bucket is a list of chunks: first is the place of its first event in head,
// end the place behind its last event in tail.
type bucket[E any] struct {
	head, tail *chunk[E]
	first, end uint16
	sorted     bool // by time, and equal times by push
	least      node.Time
}

// sort orders the events of a bucket that is one chunk by time, and leaves
// equal times as they are. Insertion is the fastest for so few.
func (b *bucket[E]) sort() {
	entries := b.in(b.head)
	for i := 1; i < len(entries); i++ {
		if entries[i].at >= entries[i-1].at {
			continue
		}
		moved := entries[i]
		j := i
		for ; j > 0 && entries[j-1].at > moved.at; j-- {
			entries[j] = entries[j-1]
		}
		entries[j] = moved
	}
	b.sorted = true
}

// in returns the events of the bucket's chunk c, if those before b.first are
// gone from it.
func (b *bucket[E]) in(c *chunk[E]) []entry[E] {
	if c == b.tail {
		return c.entries[b.first:b.end]
	}
	return c.entries[b.first:]
}

// take returns an empty chunk.
func (q *Queue[E]) take() *chunk[E] {
	q.usedCount++
	c := q.free
	if c == nil {
		return new(chunk[E])
	}
	q.free, c.next = c.next, nil
	q.freeCount--
	return c
}

// release gives back a chunk whose events are cleared. Each call lowers the
// bound by one and adds one, so that at the bound two chunks have to go.
func (q *Queue[E]) release(c *chunk[E]) {
	q.usedCount--
	c.next = q.free
	q.free = c
	q.freeCount++
	for q.freeCount > q.usedCount+spareChunks {
		q.free = q.free.next
		q.freeCount--
	}
}
