package store

import "sync"

// Bounds of what waits for a store. A request that comes at the bound is answered Failed.
const (
	maxQueue      = 1 << 13
	maxQueueBytes = 64 << 20
)

// queue hands requests to the one goroutine that carries them out, all that wait at once.
type queue struct {
	answer func(frame []byte)
	done   chan struct{} // closed when the worker has ended; nil before start

	mu      sync.Mutex
	wake    sync.Cond
	waiting []request
	bytes   int
	closing bool
}

// start begins to carry out what waits, in batches of at most most requests.
func (q *queue) start(answer func(frame []byte), most int, carryOut func(batch []request)) {
	q.answer, q.done = answer, make(chan struct{})
	go q.work(most, carryOut)
}

// take queues one request. A frame that is none is not answered.
func (q *queue) take(frame []byte) {
	r, ok := parse(frame)
	if !ok {
		return
	}
	q.mu.Lock()
	full := len(q.waiting) >= maxQueue || q.bytes >= maxQueueBytes
	if !full && !q.closing {
		q.waiting = append(q.waiting, r)
		q.bytes += r.size()
		q.wake.Signal()
	}
	refuse := full && !q.closing
	q.mu.Unlock()
	if refuse {
		r.fail()
		q.answer(r.frame())
	}
}

// close waits until what is queued has been carried out.
func (q *queue) close() {
	q.mu.Lock()
	q.closing = true
	q.wake.Signal()
	q.mu.Unlock()
	if q.done != nil {
		<-q.done
	}
}

// work carries requests out, all that wait at once, until the queue closes.
func (q *queue) work(most int, carryOut func(batch []request)) {
	defer close(q.done)
	var all []request
	for {
		clear(all)
		q.mu.Lock()
		for len(q.waiting) == 0 && !q.closing {
			q.wake.Wait()
		}
		all, q.waiting, q.bytes = q.waiting, all[:0], 0
		q.mu.Unlock()
		if len(all) == 0 {
			return
		}
		for rest := all; len(rest) > 0; {
			batch := rest[:min(most, len(rest))]
			rest = rest[len(batch):]
			carryOut(batch)
			for i := range batch {
				q.answer(batch[i].frame())
			}
		}
	}
}
