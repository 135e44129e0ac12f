package prod

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
)

// connected returns the two ends of a TCP connection.
func connected(t *testing.T) (a, b *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	d, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Close()
		_ = d.Close()
	})
	return c.(*net.TCPConn), d.(*net.TCPConn)
}

func TestAnOutboxKeepsTheOrderOfWhatTheSocketDoesNotTake(t *testing.T) {
	a, b := connected(t)
	var group sync.WaitGroup
	o := newOutbox(a, 64<<20, func(f func()) { group.Go(f) })
	random := rand.New(rand.NewPCG(1, 2))
	var want []byte
	for n := range 3000 {
		piece := bytes.Repeat([]byte{byte(n)}, 1+random.IntN(4000))
		want = append(want, piece...)
		if err := o.write(piece); err != nil {
			t.Fatal(err)
		}
		clear(piece) // it was copied
	}
	got := make([]byte, len(want)) // read only now, so that most had to be queued
	if _, err := io.ReadFull(b, got); err != nil {
		t.Fatal(err)
	}
	o.end()
	if err := o.write([]byte("late")); err == nil {
		t.Error("an outbox that has ended takes more")
	}
	if n, err := b.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("%d bytes and error %v behind the end, want the end", n, err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%d bytes arrive, %d were written, the first difference is at %d", len(got), len(want), firstDifference(got, want))
	}
	group.Wait()
}

func firstDifference(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

func TestAnOutboxAtItsBoundSaysSoOnce(t *testing.T) {
	const bound = 1 << 20
	a, _ := connected(t)
	var group sync.WaitGroup
	o := newOutbox(a, bound, func(f func()) { group.Go(f) })
	piece := make([]byte, 64<<10)
	var err error
	written := 0
	for ; err == nil; written += len(piece) {
		err = o.write(piece)
		if o.mu.Lock(); len(o.queue)+o.flying > bound {
			t.Fatalf("%d bytes are queued, the bound is %d", len(o.queue)+o.flying, bound)
		}
		o.mu.Unlock()
	}
	if !errors.Is(err, errSlow) || written < bound {
		t.Errorf("error %v after %d bytes", err, written)
	}
	if err := o.write(piece); err == nil || errors.Is(err, errSlow) {
		t.Errorf("a second error is %v", err)
	}
	_ = a.Close()
	group.Wait()
}
