package goroutine

import (
	"context"
	"elsewhere"
	"iter"
	"reflect"
	"sync"        // want `import of sync: locks, pools and atomics are for many goroutines`
	"sync/atomic" // want `import of sync/atomic`
)

type link struct {
	in chan int // want `channel type: the scheduler decides the order.*use env.Offload`
	mu sync.Mutex
	n  atomic.Int64
}

func (l *link) use() {
	go l.use()      // want `go statement: the scheduler`
	go func() {}()  // want `go statement`
	l.in <- 1       // want `channel send`
	<-l.in          // want `channel receive`
	v, ok := <-l.in // want `channel receive`
	_, _ = v, ok
	close(l.in)      // want `channel close`
	for range l.in { // want `range over a channel`
	}
	select {}                     // want `select statement`
	f := func(c <-chan string) {} // want `channel type`
	_ = f
	_ = make(chan bool) // want `channel type`
}

type signal chan struct{} // want `channel type`

func named(s signal) {
	for range s { // want `range over a channel`
	}
}

func generic[C ~chan T, T any](c C) { // want `channel type`
	for range c { // want `range over a channel`
	}
}

func coroutine(seq iter.Seq[int]) {
	next, stop := iter.Pull(seq) // want `iter.Pull runs a coroutine`
	defer stop()
	next()
	pull := iter.Pull2[int, int] // want `iter.Pull2 runs a coroutine`
	_ = pull
}

func reflected(v reflect.Value) {
	v.Recv()       // want `reflect.Value.Recv works on a channel`
	send := v.Send // want `reflect.Value.Send works on a channel`
	_ = send
	reflect.Select(nil) // want `reflect.Select works on a channel`
}

func ended(ctx context.Context) {
	_, cancel := context.WithCancel(ctx) // want `context.WithCancel lets another goroutine`
	cancel()
}

// What is fine: iterators, closures, deferred calls, a function of one's own called close.
func fine(seq iter.Seq[int], close func()) (n int) {
	defer func() { n++ }()
	for range seq {
		n++
	}
	close()
	return n
}

var _ elsewhere.Stamp
