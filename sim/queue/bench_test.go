package queue

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"testing"

	"messiah/core/node"
)

// lan is the latency of a local network, 60 to 120 µs.
func lan(random *rand.Rand, _ int) node.Time { return 60_000 + node.Time(random.Int64N(60_000)) }

// spreads are how far ahead of its predecessor the i-th event is.
var spreads = []struct {
	name  string
	delay func(random *rand.Rand, i int) node.Time
}{
	{"lan", lan},
	{"timers", func(random *rand.Rand, i int) node.Time { // one in eight, up to 1 s
		if i%8 == 0 {
			return node.Time(random.Int64N(1_000_000_000))
		}
		return lan(random, i)
	}},
	{"equal", func(*rand.Rand, int) node.Time { return 0 }},
}

// payload has the size of a simulator's event; kind keeps a timer a timer, so
// that a load does not turn into timers alone.
type payload struct {
	_    [2]uint64 // target and message
	kind uint32
}

// peer is what the benchmark asks of a queue.
type peer interface {
	Push(at node.Time, e payload)
	Pop() (node.Time, payload, bool)
}

// binary is container/heap as its documentation shows it, with a sequence
// number for equal times.
type binary struct {
	events   boxes
	sequence uint64
}

type box struct {
	at       node.Time
	sequence uint64
	event    payload
}

func (b *box) before(c *box) bool { return b.at < c.at || b.at == c.at && b.sequence < c.sequence }

type boxes []box

func (b boxes) Len() int           { return len(b) }
func (b boxes) Less(i, j int) bool { return b[i].before(&b[j]) }
func (b boxes) Swap(i, j int)      { b[i], b[j] = b[j], b[i] }
func (b *boxes) Push(x any)        { *b = append(*b, x.(box)) }
func (b *boxes) Pop() any {
	last := (*b)[len(*b)-1]
	*b = (*b)[:len(*b)-1]
	return last
}

func (h *binary) Push(at node.Time, e payload) {
	h.sequence++
	heap.Push(&h.events, box{at, h.sequence, e})
}

func (h *binary) Pop() (node.Time, payload, bool) {
	if len(h.events) == 0 {
		return 0, payload{}, false
	}
	least := heap.Pop(&h.events).(box)
	return least.at, least.event, true
}

// quaternary is a typed heap with four children a node.
type quaternary struct {
	events   []box
	sequence uint64
}

func (h *quaternary) Push(at node.Time, e payload) {
	h.sequence++
	added := box{at, h.sequence, e}
	h.events = append(h.events, added)
	i := len(h.events) - 1
	for i > 0 {
		parent := (i - 1) / 4
		if !added.before(&h.events[parent]) {
			break
		}
		h.events[i] = h.events[parent]
		i = parent
	}
	h.events[i] = added
}

func (h *quaternary) Pop() (node.Time, payload, bool) {
	if len(h.events) == 0 {
		return 0, payload{}, false
	}
	least := h.events[0]
	last := h.events[len(h.events)-1]
	h.events = h.events[:len(h.events)-1]
	if len(h.events) > 0 {
		h.sink(last)
	}
	return least.at, least.event, true
}

// sink places a box from the root downwards.
func (h *quaternary) sink(placed box) {
	i := 0
	for {
		child := 4*i + 1
		if child >= len(h.events) {
			break
		}
		for other := child + 1; other < min(child-(child-1)%4+4, len(h.events)); other++ {
			if h.events[other].before(&h.events[child]) {
				child = other
			}
		}
		if !h.events[child].before(&placed) {
			break
		}
		h.events[i] = h.events[child]
		i = child
	}
	h.events[i] = placed
}

// load is one mix of delays, drawn beforehand so that drawing costs nothing:
// an event of a kind is pushed again with a delay of that kind.
type load struct {
	name   string
	delays [2][1 << 12]node.Time
}

func loads() []*load {
	random := rand.New(rand.NewPCG(7, 8))
	latencies, mixed, equal := &load{name: "lan"}, &load{name: "half-timers"}, &load{name: "equal"}
	for i := range latencies.delays[0] {
		latencies.delays[0][i], latencies.delays[1][i] = lan(random, i), lan(random, i)
		mixed.delays[0][i] = lan(random, i)
		mixed.delays[1][i] = node.Time(random.Int64N(1_000_000_000))
	}
	return []*load{latencies, mixed, equal}
}

// hold pops an event and pushes it again, b.N times, with a number pending.
func hold[P peer](b *testing.B, q P, l *load, pending int) {
	for i := range pending {
		kind := uint32(i % 2)
		q.Push(l.delays[kind][(i/2*40503)%len(l.delays[kind])], payload{kind: kind})
	}
	turn := func(i int) {
		at, e, _ := q.Pop()
		q.Push(at+l.delays[e.kind%2][i%len(l.delays[0])], e)
	}
	for i := range min(2*pending, 1_000_000) {
		turn(i)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		turn(i)
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mops/s")
}

// BenchmarkQueue holds a number of events pending in this queue and in its
// peers, then reports how many times their speed it has.
func BenchmarkQueue(b *testing.B) {
	for _, l := range loads() {
		for _, pending := range []int{100, 10_000, 1_000_000} {
			b.Run(fmt.Sprintf("%s/%d", l.name, pending), func(b *testing.B) { compare(b, l, pending) })
		}
	}
}

func compare(b *testing.B, l *load, pending int) {
	var cost [3]float64
	timed := func(i int, run func(b *testing.B)) func(*testing.B) {
		return func(b *testing.B) {
			run(b)
			cost[i] = b.Elapsed().Seconds() / float64(b.N)
		}
	}
	b.Run("radix", timed(0, func(b *testing.B) { hold(b, new(Queue[payload]), l, pending) }))
	b.Run("container-heap", timed(1, func(b *testing.B) { hold(b, new(binary), l, pending) }))
	b.Run("4-ary", timed(2, func(b *testing.B) { hold(b, new(quaternary), l, pending) }))
	if cost[0] == 0 || cost[1] == 0 || cost[2] == 0 {
		return // a -bench pattern left one of them out
	}
	b.Run("ratio", func(b *testing.B) {
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(cost[1]/cost[0], "×container-heap")
		b.ReportMetric(cost[2]/cost[0], "×4-ary")
	})
}
