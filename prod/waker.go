package prod

import (
	"runtime"
	"sync/atomic"
	"time"

	"messiah/core/node"
)

// clock is the time of one process: monotonic since its start.
type clock struct{ start time.Time }

// read returns the monotonic time and the wall clock of one instant.
func (c clock) read() (now node.Time, wall int64) {
	t := time.Now()
	return node.Time(t.Sub(c.start)), t.UnixNano()
}

// waker lets one goroutine sleep until it is poked or a time has come.
type waker struct {
	clock  clock
	asleep atomic.Bool
	pokes  chan struct{}
	timer  *time.Timer
	armed  node.Time // when the timer fires; Never: it does not
}

func newWaker(c clock) *waker {
	w := &waker{clock: c, pokes: make(chan struct{}, 1), timer: time.NewTimer(time.Hour), armed: node.Never}
	w.timer.Stop()
	return w
}

// poke wakes the owner if it sleeps; what it is to find must be visible before.
func (w *waker) poke() {
	if w.asleep.Load() && w.asleep.CompareAndSwap(true, false) {
		select {
		case w.pokes <- struct{}{}:
		default:
		}
	}
}

// sleep returns at the time, at a poke, or at once if something is ready; also
// sometimes for nothing.
func (w *waker) sleep(until node.Time, ready func() bool) {
	// Whoever pokes after this line is noticed; what was there before it, ready finds.
	w.asleep.Store(true)
	if ready() {
		w.asleep.Store(false)
		return
	}
	// A timer that fires too early costs one wake-up, moving it for each turn costs more.
	if until < w.armed {
		now, _ := w.clock.read()
		w.timer.Reset(until.Sub(now))
		w.armed = until
	}
	select {
	case <-w.pokes:
		// Whoever else is ready to run, readers above all, runs first, so that
		// one batch takes what they bring: fewer batches and system calls.
		runtime.Gosched()
	case <-w.timer.C:
		w.armed = node.Never
	}
	w.asleep.Store(false)
}

// stop gives the timer back.
func (w *waker) stop() { w.timer.Stop() }
