package prod

import (
	"sync"
	"sync/atomic"
)

// calls are functions that others want run on a goroutine between two of its batches.
type calls struct {
	mu     sync.Mutex
	queue  []call
	closed bool
	n      atomic.Int32
}

// call is one of them. Whoever wants it waits for its end, so that there are
// never more than callers.
type call struct {
	f    func()
	done chan struct{}
}

// do has f run and returns when it has, or when there is nobody left to run it.
func (c *calls) do(f func(), owner *waker) {
	one := call{f, make(chan struct{})}
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	c.queue = append(c.queue, one)
	c.n.Add(1)
	c.mu.Unlock()
	owner.poke()
	<-one.done
}

func (c *calls) waiting() bool { return c.n.Load() > 0 }

// run runs what waits.
func (c *calls) run() {
	if !c.waiting() {
		return
	}
	for _, one := range c.take(false) {
		one.f()
		close(one.done)
	}
}

// close lets go of those who wait, now and later.
func (c *calls) close() {
	for _, one := range c.take(true) {
		close(one.done)
	}
}

func (c *calls) take(last bool) []call {
	c.mu.Lock()
	defer c.mu.Unlock()
	queue := c.queue
	c.queue, c.closed = nil, c.closed || last
	c.n.Store(0)
	return queue
}
