package netsim

import (
	"math/bits"

	"messiah/core/node"
)

// itemKind says what travels.
type itemKind uint8

const (
	itemData   itemKind = iota + 1
	itemSyn             // asks the listener to accept
	itemSynAck          // tells the dialler that it was accepted
	itemRefuse          // tells the dialler that nobody listens
	itemEnd             // nothing more comes: closed or crashed
	itemReset           // the connection is gone; no link quality delays it
	itemDatagram
)

// item is one thing under way: a frame or packet, or a step of a connection's
// life. Items live in one pool and name each other by index, so that ten
// thousand idle connections cost no queues and a busy one allocates nothing.
type item struct {
	kind  itemKind
	pass  bool // chosen for release: no hold stops it again
	next  int32
	at    node.Time // when it arrives
	cause uint64
	buf   []byte

	// Of datagrams.
	link *Link
	from node.Endpoint
	to   node.Endpoint
}

// Buffer classes are powers of two from 64 bytes to 1 MiB; what is larger is
// made for its one use and left to the collector.
const (
	firstClass = 6
	classes    = 15
)

// pool keeps items and their buffers for reuse, last in, first out.
type pool struct {
	items []item
	free  int32
	bufs  [classes][][]byte
	live  int // items under way
	bytes int // bytes under way
}

// take makes an item with a copy of b and returns its index, which is never 0.
func (p *pool) take(kind itemKind, b []byte) int32 {
	i := p.free
	if i != 0 {
		p.free = p.items[i].next
	} else {
		if len(p.items) == 0 {
			p.items = append(p.items, item{})
		}
		p.items = append(p.items, item{})
		i = int32(len(p.items) - 1)
	}
	it := &p.items[i]
	it.kind, it.next = kind, 0
	it.buf = append(p.buffer(len(b)), b...)
	p.live++
	p.bytes += len(b)
	return i
}

// give takes an item back, which must be in no queue.
func (p *pool) give(i int32) {
	it := &p.items[i]
	p.live--
	p.bytes -= len(it.buf)
	buf := it.buf
	*it = item{next: p.free}
	p.free = i
	if c := classOf(cap(buf)); c >= 0 && cap(buf) == 1<<(firstClass+c) {
		p.bufs[c] = append(p.bufs[c], buf[:0])
	}
}

func (p *pool) buffer(size int) []byte {
	if size == 0 {
		return nil
	}
	c := classOf(size)
	if c < 0 {
		return make([]byte, 0, size)
	}
	if n := len(p.bufs[c]); n > 0 {
		buf := p.bufs[c][n-1]
		p.bufs[c] = p.bufs[c][:n-1]
		return buf
	}
	return make([]byte, 0, 1<<(firstClass+c))
}

// classOf returns the smallest class that holds size bytes, or -1.
func classOf(size int) int {
	if size == 0 {
		return -1
	}
	c := max(bits.Len(uint(size-1)), firstClass) - firstClass
	if c >= classes {
		return -1
	}
	return c
}
