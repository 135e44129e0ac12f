package arq

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// instant stands for node.Time, and contract for the interface that package
// session has for its ARQ.
type instant int64

const never = instant(1<<63 - 1)

type contract interface {
	Send(message []byte)
	Input(now instant, segments []byte) bool
	Receive(dst []byte) (message []byte, ok bool)
	Flush(now instant, output func(segments []byte)) (again instant, dead bool)
	Waiting() int
}

var _ contract = (*KCP[instant])(nil)

// The conversation of most tests. The MTU is the session's: 1,200 bytes less what sealing adds.
const (
	testConversation = 0x01020304
	testMTU          = 1166
)

// path is what the network does to datagrams.
type path struct {
	latency, jitter time.Duration
	loss, repeat    float64
}

type datagram struct {
	at   instant
	to   int
	body []byte
}

// lab is two sides and the network between, in one bubble and one goroutine.
type lab struct {
	t      *testing.T
	path   path
	rng    *rand.Rand
	sides  [2]*KCP[instant]
	wake   [2]instant
	dead   [2]bool
	flying []datagram
	got    [2][][]byte
	calls  [2]int
	sent   int         // datagrams
	trace  hash.Hash64 // of all that left and arrived, and when
}

func newLab(t *testing.T, seed uint64, p path) *lab {
	l := &lab{t: t, path: p, rng: rand.New(rand.NewPCG(seed, 0)), wake: [2]instant{never, never}, trace: fnv.New64a()}
	for i := range l.sides {
		l.sides[i] = NewSimulated(testConversation, testMTU, func(now instant, clock time.Duration) {
			t.Errorf("now is %d, the library's clock %d", now, clock)
		})
	}
	return l
}

func now() instant { return instant(time.Since(Epoch)) }

// turn ends a loop turn of one side: it handles what has arrived and flushes.
func (l *lab) turn(i int) {
	for {
		m, ok := l.sides[i].Receive(nil)
		if !ok {
			break
		}
		l.got[i] = append(l.got[i], m)
	}
	l.flush(i)
}

// flush lets one side send, without handling what has arrived.
func (l *lab) flush(i int) {
	l.calls[i]++
	l.wake[i], l.dead[i] = l.sides[i].Flush(now(), func(b []byte) { l.transmit(1-i, b) })
}

func (l *lab) transmit(to int, b []byte) {
	if len(b) > testMTU {
		l.t.Errorf("datagram of %d bytes", len(b))
	}
	l.sent++
	l.note("leaves", to, b)
	if l.rng.Float64() < l.path.loss {
		return
	}
	for copies := 1; copies > 0; copies-- {
		if l.rng.Float64() < l.path.repeat {
			copies++
		}
		at := now() + instant(l.path.latency)
		if l.path.jitter > 0 {
			at += instant(l.rng.Int64N(int64(l.path.jitter)))
		}
		l.flying = append(l.flying, datagram{at, to, bytes.Clone(b)})
	}
}

// nextEvent returns when something happens next.
func (l *lab) nextEvent() instant {
	at := min(l.wake[0], l.wake[1])
	for _, d := range l.flying {
		at = min(at, d.at)
	}
	return at
}

// run lets the world go on for a while.
func (l *lab) run(d time.Duration) {
	end := now() + instant(d)
	for {
		at := min(l.nextEvent(), end)
		time.Sleep(time.Duration(at - now()))
		if at == end {
			return
		}
		l.deliver()
		for i := range l.sides {
			if l.wake[i] <= now() {
				l.turn(i)
			}
		}
	}
}

// deliver gives the datagrams that are due to their sides, in the order of their times and departures.
func (l *lab) deliver() {
	slices.SortStableFunc(l.flying, func(a, b datagram) int { return int(a.at - b.at) })
	for len(l.flying) > 0 && l.flying[0].at <= now() {
		d := l.flying[0]
		l.flying = l.flying[1:]
		l.note("arrives", d.to, d.body)
		if !l.sides[d.to].Input(now(), d.body) {
			l.t.Errorf("datagram %x is refused", d.body)
		}
		l.turn(d.to)
	}
}

// message is the n-th of a stream, of a size that follows from n: mostly small, at times the largest.
func message(n int) []byte {
	size := 8 + n*37%200
	switch {
	case n%50 == 49:
		size = 64 << 10
	case n%10 == 9:
		size = 3000
	}
	m := make([]byte, size)
	for i := range m {
		m[i] = byte(n + i)
	}
	binary.LittleEndian.PutUint64(m, uint64(n))
	return m
}

// exchange has both sides send each other n messages, 10 ms apart, and checks what arrives.
func (l *lab) exchange(n int) {
	sent := [2]int{}
	for tick := 0; tick < n || sent[0] < n || sent[1] < n; tick++ {
		for i, side := range l.sides {
			if sent[i] < n && side.Waiting() < Window {
				side.Send(message(sent[i]))
				sent[i]++
				l.turn(i)
			}
		}
		l.run(10 * time.Millisecond)
		if tick > 100*n {
			l.t.Fatalf("after %v, sides have sent %v", time.Duration(now()), sent)
		}
	}
	l.run(10 * time.Second)
	for i := range l.got {
		l.checkReceived(i, n)
	}
}

func (l *lab) checkReceived(i, n int) {
	l.t.Helper()
	if len(l.got[i]) != n {
		l.t.Fatalf("side %d got %d messages of %d", i, len(l.got[i]), n)
	}
	for j, m := range l.got[i] {
		if !bytes.Equal(m, message(j)) {
			l.t.Fatalf("side %d: message %d is another", i, j)
		}
	}
	if w := l.sides[i].Waiting(); w != 0 {
		l.t.Errorf("side %d still waits for %d acknowledgements", i, w)
	}
}

func (l *lab) note(what string, to int, b []byte) {
	fmt.Fprintln(l.trace, now(), what, to, len(b))
	l.trace.Write(b)
}

// inBubble runs a lab in a bubble of its own, and returns it.
func inBubble(t *testing.T, seed uint64, p path, play func(*lab)) (l *lab) {
	synctest.Test(t, func(t *testing.T) {
		l = newLab(t, seed, p)
		play(l)
	})
	return l
}
