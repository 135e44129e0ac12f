package queue

import (
	"container/heap"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"messiah/core/node"
)

// item is what the oracle orders: number counts the pushes.
type item struct {
	at     node.Time
	number int
}

// oracle is the standard library's heap, ordered by time and number of push.
type oracle []item

func (o oracle) Len() int { return len(o) }
func (o oracle) Less(i, j int) bool {
	return o[i].at < o[j].at || o[i].at == o[j].at && o[i].number < o[j].number
}
func (o oracle) Swap(i, j int) { o[i], o[j] = o[j], o[i] }
func (o *oracle) Push(x any)   { *o = append(*o, x.(item)) }
func (o *oracle) Pop() any {
	last := (*o)[len(*o)-1]
	*o = (*o)[:len(*o)-1]
	return last
}

// pair is a queue beside its oracle.
type pair struct {
	queue  Queue[int]
	oracle oracle
	pushes int
	now    node.Time
}

func (p *pair) push(at node.Time) {
	p.queue.Push(at, p.pushes)
	heap.Push(&p.oracle, item{at, p.pushes})
	p.pushes++
}

func (p *pair) pop(t interface{ Fatalf(string, ...any) }) {
	at, number, ok := p.queue.Pop()
	if ok != (len(p.oracle) > 0) {
		t.Fatalf("pop of %d pending events says %v", len(p.oracle), ok)
	}
	if !ok {
		return
	}
	if want := heap.Pop(&p.oracle).(item); want != (item{at, number}) {
		t.Fatalf("popped event %d of %d ns, want event %d of %d ns", number, at, want.number, want.at)
	}
	p.now = at
}

func (p *pair) check(t interface{ Fatalf(string, ...any) }) {
	if p.queue.Len() != len(p.oracle) {
		t.Fatalf("length is %d, want %d", p.queue.Len(), len(p.oracle))
	}
	at, ok := p.queue.Next()
	if ok != (len(p.oracle) > 0) || ok && at != p.oracle[0].at {
		t.Fatalf("next is %d ns, %v, of %d pending", at, ok, len(p.oracle))
	}
	if held := p.queue.freeCount; held > p.queue.usedCount+spareChunks {
		t.Fatalf("%d chunks are kept beside %d in use", held, p.queue.usedCount)
	}
}

// delay draws how far ahead an event is: equal times, neighbours, latencies,
// timers, and the ends of the range, each often.
func delay(now node.Time) *rapid.Generator[node.Time] {
	left := int64(node.Never - now)
	return rapid.Custom(func(t *rapid.T) node.Time {
		reach := rapid.SampledFrom([]int64{0, 1, 63, 64, 4096, 120_000, 1_000_000_000, left}).Draw(t, "reach")
		return node.Time(rapid.Int64Range(0, min(reach, left)).Draw(t, "delay"))
	})
}

func TestQueueOrdersAsContainerHeapDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p pair
		t.Repeat(map[string]func(*rapid.T){
			"push": func(t *rapid.T) { p.push(p.now + delay(p.now).Draw(t, "ahead")) },
			"push equal": func(t *rapid.T) {
				at := p.now + delay(p.now).Draw(t, "ahead")
				for range rapid.IntRange(2, 3*chunkLen).Draw(t, "count") {
					p.push(at)
				}
			},
			"push before next": func(t *rapid.T) {
				if next, ok := p.queue.Next(); ok {
					p.push(node.Time(rapid.Int64Range(int64(p.now), int64(next)).Draw(t, "at")))
				}
			},
			"pop": func(t *rapid.T) {
				for range rapid.IntRange(1, 2*chunkLen).Draw(t, "count") {
					p.pop(t)
				}
			},
			"clear": func(t *rapid.T) {
				if rapid.IntRange(0, 9).Draw(t, "rarely") == 9 {
					p.queue.Clear()
					p.oracle, p.now = nil, 0
				}
			},
			"": func(t *rapid.T) { p.check(t) },
		})
		for len(p.oracle) > 0 {
			p.pop(t)
		}
		p.check(t)
	})
}

// The rapid runs are short; here many events cross many redistributions.
func TestQueueOrdersLongRunsAsContainerHeapDoes(t *testing.T) {
	for _, spread := range spreads {
		t.Run(spread.name, func(t *testing.T) {
			var p pair
			random := rand.New(rand.NewPCG(1, 2))
			for i := range 20_000 {
				p.push(spread.delay(random, i))
			}
			for i := range 100_000 {
				p.pop(t)
				p.push(p.now + spread.delay(random, i))
			}
			for p.queue.Len() > 0 {
				p.pop(t)
			}
			p.check(t)
		})
	}
}

func TestEqualTimesStayInOrderOfPushThroughRedistribution(t *testing.T) {
	const at, count = node.Time(1<<40 + 12345), 1000
	var q Queue[int]
	for i := range count {
		q.Push(at, i)
		q.Push(node.Time(1+i)<<30, -1) // its pop moves the base nearer to at
	}
	want := 0
	for q.Len() > 0 {
		popped, e, _ := q.Pop()
		if popped != at {
			continue
		}
		if e != want {
			t.Fatalf("popped push %d of an instant, want push %d", e, want)
		}
		want++
	}
	if want != count {
		t.Fatalf("popped %d events of the instant, want %d", want, count)
	}
}

func TestPushBetweenPoppedAndPeekedTime(t *testing.T) {
	var q Queue[string]
	q.Push(10, "first")
	q.Push(1_000_000, "last")
	q.Pop()
	if next, _ := q.Next(); next != 1_000_000 {
		t.Fatalf("next is %d ns, want 1000000", next)
	}
	q.Push(10, "second")
	q.Push(999_999, "third")
	for _, want := range []string{"second", "third", "last"} {
		if _, e, _ := q.Pop(); e != want {
			t.Fatalf("popped %q, want %q", e, want)
		}
	}
}

func TestPushIntoThePastPanics(t *testing.T) {
	// Alone in its slot, beside a few in it, and among so many that they spread.
	for _, count := range []int{1, 3, 4 * chunkLen} {
		var q Queue[int]
		for i := range count {
			q.Push(500+node.Time(i), i)
		}
		q.Pop()
		q.Push(500, 0)
		const want = "queue: event pushed at 499 ns, after time 500 ns was popped"
		if text := panicOf(func() { q.Push(499, 0) }); text != want {
			t.Errorf("with %d pending, panic is %q, want %q", count, text, want)
		}
	}
	const want = "queue: event pushed at -1 ns, after time 0 ns was popped"
	if text := panicOf(func() { new(Queue[int]).Push(-1, 0) }); text != want {
		t.Errorf("before time zero, panic is %q, want %q", text, want)
	}
}

// panicOf returns the text that run panics with, "" if it does not.
func panicOf(run func()) (text string) {
	defer func() { text, _ = recover().(string) }()
	run()
	return ""
}

func TestClearGoesBackToTimeZero(t *testing.T) {
	var q Queue[int]
	for i := range 1000 {
		q.Push(node.Time(i*i), i)
	}
	for range 500 {
		q.Pop()
	}
	q.Clear()
	if _, _, ok := q.Pop(); ok || q.Len() != 0 {
		t.Fatalf("%d events after Clear", q.Len())
	}
	q.Push(0, 7)
	if at, e, ok := q.Pop(); at != 0 || e != 7 || !ok {
		t.Fatalf("popped %d at %d ns, %v", e, at, ok)
	}
}

func TestQueueDropsReferencesOfPoppedEvents(t *testing.T) {
	var q Queue[*int]
	for i := range 4 * chunkLen {
		q.Push(node.Time(1000*i), new(int))
	}
	for range 3 * chunkLen {
		q.Pop()
	}
	q.Clear()
	for c := q.free; c != nil; c = c.next {
		for i, kept := range c.entries {
			if kept.event != nil {
				t.Fatalf("a free chunk keeps event %d", i)
			}
		}
	}
}

func TestMemoryIsBoundedAfterABurst(t *testing.T) {
	var q Queue[[2]uint64]
	random := rand.New(rand.NewPCG(3, 4))
	for i := range 200_000 {
		q.Push(lan(random, i), [2]uint64{})
	}
	peak := q.usedCount
	for q.Len() > 100 {
		q.Pop()
	}
	if kept := q.usedCount + q.freeCount; kept > 2*100+spareChunks {
		t.Fatalf("%d chunks are held for 100 events after a peak of %d", kept, peak)
	}
}

func TestSteadyLoadDoesNotAllocate(t *testing.T) {
	for _, spread := range spreads {
		t.Run(spread.name, func(t *testing.T) {
			var q Queue[[2]uint64]
			random := rand.New(rand.NewPCG(5, 6))
			for i := range 10_000 {
				q.Push(spread.delay(random, i), [2]uint64{})
			}
			turn := func() {
				for i := range 50_000 {
					at, e, _ := q.Pop()
					q.Push(at+spread.delay(random, i), e)
				}
			}
			if allocations := testing.AllocsPerRun(5, turn); allocations != 0 {
				t.Fatalf("%v allocations in 50,000 turns", allocations)
			}
		})
	}
}
