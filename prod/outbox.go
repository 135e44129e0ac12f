package prod

import (
	"errors"
	"net"
	"sync"
	"time"
)

// errSlow says that a connection's output is at its bound.
var errSlow = errors.New("prod: the output of a connection is at its bound")

// lingerWithin is how long a connection that is closed may take to deliver what was written, and its peer to close.
const lingerWithin = time.Second

// outbox writes to one connection and never blocks its owner: what the socket
// does not take at once is queued, up to a bound, and a goroutine that lives as
// long as the queue writes it.
type outbox struct {
	conn  *net.TCPConn
	try   tryWriter
	bound int
	spawn func(func()) // starts a goroutine that the process waits for

	mu     sync.Mutex
	queue  []byte
	flying int  // bytes that the goroutine is writing
	busy   bool // the goroutine runs
	ending bool // no more is written; the connection closes behind the queue
	failed error
}

func newOutbox(c *net.TCPConn, bound int, spawn func(func())) *outbox {
	o := &outbox{conn: c, bound: bound, spawn: spawn}
	o.try.init(c)
	return o
}

// write sends b, or queues a copy. An error says that the connection is of no more use.
func (o *outbox) write(b []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.failed != nil:
		return o.failed
	case o.ending:
		return net.ErrClosed
	}
	if !o.busy {
		n, err := o.try.write(b)
		if err != nil {
			o.failed = err
			return err
		}
		b = b[n:]
		if len(b) == 0 {
			return nil
		}
	}
	if len(o.queue)+o.flying+len(b) > o.bound {
		o.failed = net.ErrClosed
		return errSlow // once
	}
	o.queue = append(o.queue, b...)
	if !o.busy {
		o.busy = true
		o.spawn(o.drain)
	}
	return nil
}

// drain writes the queue until it is empty.
func (o *outbox) drain() {
	var b []byte
	for {
		o.mu.Lock()
		o.flying = len(o.queue)
		if o.flying == 0 {
			o.busy, o.queue = false, nil
			ending := o.ending
			o.mu.Unlock()
			if ending {
				o.closeWrite()
			}
			return
		}
		b, o.queue = o.queue, b[:0]
		o.mu.Unlock()
		if _, err := o.conn.Write(b); err != nil {
			o.fail(err)
			return
		}
	}
}

// fail ends the connection under the goroutine; whoever reads from it reports the end.
func (o *outbox) fail(err error) {
	o.mu.Lock()
	o.failed, o.busy, o.queue, o.flying = err, false, nil, 0
	o.mu.Unlock()
	_ = o.conn.Close()
}

// end closes the connection behind what was written. The peer gets a moment to
// read it: a socket closed over unread input would take it back.
func (o *outbox) end() {
	o.mu.Lock()
	if o.ending {
		o.mu.Unlock()
		return
	}
	o.ending = true
	busy, failed := o.busy, o.failed
	o.mu.Unlock()
	_ = o.conn.SetDeadline(time.Now().Add(lingerWithin))
	switch {
	case failed != nil:
		_ = o.conn.Close()
	case !busy:
		o.closeWrite()
	}
}

func (o *outbox) closeWrite() {
	if err := o.conn.CloseWrite(); err != nil {
		_ = o.conn.Close()
	}
}
