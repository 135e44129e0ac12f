package node

import (
	"slices"
	"time"

	"messiah/core/wire"
)

// timerKey names a timer: its name within the node, and whom it is about.
type timerKey struct {
	name uint16
	key  uint64
}

type timer struct {
	at    Time
	seq   uint64
	cause uint64 // of its latest setting
	timerKey
}

// timers is a binary heap ordered by (at, seq) in which each key is once, so
// that setting a timer again moves it and no stale firing is left behind.
type timers struct {
	heap  []timer
	place map[timerKey]int // of each key; nil until there are more than fewTimers
	seq   uint64
}

// fewTimers is how many are sooner searched than looked up: a client has two or three.
const fewTimers = 8

// MaxTimers bounds the timers of one node; setting one more is our bug.
const MaxTimers = 1 << 20

func (t *timers) set(at Time, key timerKey) { t.setFor(0, at, key) }

// setFor sets a timer on account of a cause.
func (t *timers) setFor(cause uint64, at Time, key timerKey) {
	t.seq++
	if i, ok := t.find(key); ok {
		t.heap[i].at, t.heap[i].seq, t.heap[i].cause = at, t.seq, cause
		t.fix(i)
		return
	}
	t.heap = append(t.heap, timer{at, t.seq, cause, key})
	switch {
	case t.place != nil:
		t.place[key] = len(t.heap) - 1
	case len(t.heap) > fewTimers:
		t.place = make(map[timerKey]int, len(t.heap))
		for i := range t.heap {
			t.place[t.heap[i].timerKey] = i
		}
	}
	t.up(len(t.heap) - 1)
}

// find returns where in the heap a timer is.
func (t *timers) find(key timerKey) (int, bool) {
	if t.place != nil {
		i, ok := t.place[key]
		return i, ok
	}
	for i := range t.heap {
		if t.heap[i].timerKey == key {
			return i, true
		}
	}
	return 0, false
}

func (t *timers) cancel(key timerKey) {
	if i, ok := t.find(key); ok {
		t.remove(i)
	}
}

// due takes the earliest timer if it is not after now.
func (t *timers) due(now Time) (timer, bool) {
	if len(t.heap) == 0 || t.heap[0].at > now {
		return timer{}, false
	}
	first := t.heap[0]
	t.remove(0)
	return first, true
}

func (t *timers) next() Time {
	if len(t.heap) == 0 {
		return Never
	}
	return t.heap[0].at
}

func (t *timers) less(i, j int) bool {
	a, b := &t.heap[i], &t.heap[j]
	return a.at < b.at || a.at == b.at && a.seq < b.seq
}

func (t *timers) swap(i, j int) {
	t.heap[i], t.heap[j] = t.heap[j], t.heap[i]
	if t.place != nil {
		t.place[t.heap[i].timerKey], t.place[t.heap[j].timerKey] = i, j
	}
}

func (t *timers) remove(i int) {
	last := len(t.heap) - 1
	if i != last {
		t.swap(i, last)
	}
	if t.place != nil {
		delete(t.place, t.heap[last].timerKey)
	}
	t.heap = t.heap[:last]
	if i != last {
		t.fix(i)
	}
}

func (t *timers) fix(i int) {
	if !t.down(i) {
		t.up(i)
	}
}

func (t *timers) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !t.less(i, parent) {
			return
		}
		t.swap(i, parent)
		i = parent
	}
}

func (t *timers) down(i int) bool {
	start := i
	for {
		child := 2*i + 1
		if child >= len(t.heap) {
			break
		}
		if child+1 < len(t.heap) && t.less(child+1, child) {
			child++
		}
		if !t.less(child, i) {
			break
		}
		t.swap(i, child)
		i = child
	}
	return i > start
}

// code reads or writes the timers in the order in which they will fire.
func (t *timers) code(c *wire.Coder) {
	sorted := slices.Clone(t.heap)
	slices.SortFunc(sorted, func(a, b timer) int {
		if a.at != b.at {
			return int(min(max(a.at-b.at, -1), 1))
		}
		return int(min(max(int64(a.seq-b.seq), -1), 1))
	})
	wire.Slice(c, &sorted, func(c *wire.Coder, one *timer) {
		c.Int64((*int64)(&one.at))
		c.Uint16(&one.name)
		c.Uint64(&one.key)
	})
	if c.Decoding() {
		*t = timers{}
		for _, one := range sorted {
			t.set(one.at, one.timerKey)
		}
	}
}

// TimerInfo is one pending timer, for inspection.
type TimerInfo struct {
	Name uint16
	Key  uint64
	In   time.Duration
}
