package attack

import (
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"messiah/core/node"
)

const (
	garbageBatch = 50 // between two questions that prove that the gate still answers
)

// garbage is how many packets of it there are.
func garbage() int { return many(10_000) }

// bytesFrom fills n bytes.
func bytesFrom(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// nonsense is the n-th packet of garbage: noise of any length, with a first
// byte that is one of the protocol's or is not, and true packets cut short.
func (i *intruder) nonsense(r *rand.Rand, n int) []byte {
	b := bytesFrom(r, r.IntN(1501))
	switch n % 5 {
	case 1:
		if len(b) > 0 {
			b[0] = byte(1 + r.IntN(6))
		}
	case 2:
		b = i.hello()
		b = b[:r.IntN(len(b))]
	case 3:
		b, _ = i.init(bytesFrom(r, cookieLen))
		b = b[:r.IntN(len(b)+1)]
	case 4:
		// A session's name that may well be there, and everything else false.
		id := node.NewSession(r.IntN(shards), r.IntN(2*perSwarm), uint32(1+r.IntN(3)))
		b = append(header(id, uint64(r.IntN(1<<16))), b[:min(len(b), 200)]...)
	}
	return b
}

func TestGarbage(t *testing.T) {
	f := startField(t, nil)
	f.honest(nil)
	f.under("datagrams", garbageDatagrams)
	f.under("streams", func(f *field, t *testing.T) {
		i := &intruder{key: f.key, version: f.site.Version()}
		garbageStreams(t, []string{f.at("tcp")}, func(r *rand.Rand, n int) []byte {
			b := i.nonsense(r, n)
			if n/garbageEach%2 == 0 {
				b = frame(b)
			}
			return b
		})
	})
	f.under("links", func(f *field, t *testing.T) {
		garbageStreams(t, f.links(), linkNonsense)
		f.linked()
	})
}

func garbageDatagrams(f *field, t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	before := f.look()
	var sources []*intruder
	for n := range 10 {
		sources = append(sources, f.intrude(t, "kcp", 2+n))
	}
	for n := range garbage() {
		i := sources[n/garbageBatch%len(sources)]
		if err := i.write(i.nonsense(r, n)); err != nil {
			t.Fatal(err)
		}
		if n%garbageBatch == garbageBatch-1 {
			if _, err := i.cookie(); err != nil {
				t.Fatalf("after %d datagrams: %v", n, err)
			}
			if s := f.look(); s.sessions != before.sessions || s.halfOpen+s.greeted != 0 {
				t.Fatalf("after %d datagrams: %d sessions, %d half open", n, s.sessions, s.halfOpen+s.greeted)
			}
		}
	}
	after := f.look()
	seen := after.counters.Nonsense - before.counters.Nonsense + after.counters.Strays - before.counters.Strays +
		after.counters.Forged - before.counters.Forged + after.counters.Replayed - before.counters.Replayed +
		after.process.PacketsDropped - before.process.PacketsDropped
	t.Logf("%+v", after.counters)
	// The rest were hellos, which got a cookie or a refusal, or the system had no room for them.
	if seen < uint64(garbage()*9/10) {
		t.Errorf("%d of %d datagrams were counted as what they are", seen, garbage())
	}
	for _, i := range sources {
		if i.got > i.sent {
			t.Errorf("%d bytes came back for %d", i.got, i.sent)
		}
	}
}

// garbageEach is how many packets one connection gets, if it lasts.
const garbageEach = 50

// garbageStreams writes garbage to connections until each is cut.
func garbageStreams(t *testing.T, to []string, make func(r *rand.Rand, n int) []byte) {
	r := rand.New(rand.NewPCG(2, 2))
	for n := 0; n < garbage(); n += garbageEach {
		c, err := net.Dial("tcp", to[n/garbageEach%len(to)])
		if err != nil {
			t.Fatal(err)
		}
		for k := range garbageEach {
			if _, err := c.Write(make(r, n+k)); err != nil {
				break // cut already
			}
		}
		if err := drained(c); err != nil {
			t.Fatalf("connection %d: %v", n/garbageEach, err)
		}
	}
}

// drained reads a connection to the end that its other side makes.
func drained(c net.Conn) error {
	defer c.Close()
	_ = c.(*net.TCPConn).CloseWrite()
	_ = c.SetReadDeadline(time.Now().Add(within))
	b := make([]byte, 4096)
	for {
		if _, err := c.Read(b); err != nil {
			if isTimeout(err) {
				return err
			}
			return nil
		}
	}
}
