package prod

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"

	"messiah/core/node"
	"messiah/core/wire"
)

// cutter is a proxy that breaks each connection after some bytes of it have
// passed in either direction, wherever in a frame that is.
type cutter struct {
	listener net.Listener
	target   string
	rand     *rand.Rand
	cuts     int
	wg       sync.WaitGroup
}

// newCutter breaks that many connections and lets the next one stand.
func newCutter(t *testing.T, target string, seed uint64, cuts int) *cutter {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{listener: l, target: target, rand: rand.New(rand.NewPCG(seed, 1)), cuts: cuts}
	c.wg.Go(c.run)
	t.Cleanup(func() {
		_ = l.Close()
		c.wg.Wait()
	})
	return c
}

func (c *cutter) run() {
	for n := 0; ; n++ {
		from, err := c.listener.Accept()
		if err != nil {
			return
		}
		to, err := net.Dial("tcp", c.target)
		if err != nil {
			_ = from.Close()
			continue
		}
		limit := int64(1) << 62
		if n < c.cuts {
			limit = 1 + c.rand.Int64N(64<<10)
		}
		c.join(from.(*net.TCPConn), to.(*net.TCPConn), limit)
	}
}

// join passes bytes both ways until so many have gone one way; then both ends
// break, half of them by a reset that throws away what is under way.
func (c *cutter) join(a, b *net.TCPConn, limit int64) {
	if c.rand.IntN(2) == 0 {
		_ = a.SetLinger(0)
		_ = b.SetLinger(0)
	}
	pass := func(from, to *net.TCPConn) {
		_, _ = io.CopyN(to, from, limit)
		_ = from.Close()
		_ = to.Close()
	}
	c.wg.Go(func() { pass(a, b) })
	c.wg.Go(func() { pass(b, a) })
}

// The cuts of one link are few, since a host backs off from connections that
// do not last; there are many links instead.
func TestBrokenConnectionsLoseDoubleAndReorderNothing(t *testing.T) {
	const cuts, least = 8, 3
	for _, c := range []struct {
		name               string
		size               int
		calls, outstanding uint64
	}{
		{"small frames", 16, 20_000, 64},
		{"frames larger than a read", 100 << 10, 60, 6},
	} {
		for seed := range uint64(4) {
			t.Run(fmt.Sprint(c.name, " ", seed), func(t *testing.T) {
				t.Parallel()
				l := listenLinks(t)
				a := newAnswerer()
				r := toyRole(toyGate, a)
				r.Links = l
				start(t, r)
				proxy := newCutter(t, l.Addr().String(), seed, cuts)
				caller := newCaller(toyGate, proxy.listener.Addr().String(), c.calls, c.outstanding, c.size)
				p := start(t, toyRole(toyGame, caller))
				if got := await(t, caller.done, "the answers"); got != c.calls {
					t.Errorf("%d answers, want %d", got, c.calls)
				}
				p.Do(func(*node.Host) {
					if caller.broken < least {
						t.Errorf("the link broke %d times, which shows nothing", caller.broken)
					}
				})
				for who, wrong := range map[string]chan uint64{"caller": caller.wrong, "answerer": a.wrong} {
					select {
					case n := <-wrong:
						t.Errorf("%s: message %d came where another was due", who, n)
					default:
					}
				}
			})
		}
	}
}

func TestAPeerWithAWrongSecretIsRefused(t *testing.T) {
	linked := make(chan node.ID, 2)
	note := func(next node.Node) toyNode {
		return func(env *node.Env, in *node.Input) {
			if in.Kind == node.InLinkUp {
				linked <- env.Self().ID
			}
			next.Step(env, in)
		}
	}
	l := listenLinks(t)
	r := toyRole(toyGate, note(newAnswerer()))
	r.Links = l
	p := start(t, r)
	q := toyRole(toyGame, note(newCaller(toyGate, l.Addr().String(), 1, 1, 8)))
	q.Host.Secret = []byte("guessed")
	lines := make(chan string, 100)
	q.Log = logTo(lines)
	start(t, q)
	for !strings.Contains(await(t, lines, "the refusal in the log"), "a process does not know the cluster's secret") {
	}
	select {
	case who := <-linked:
		t.Errorf("%v is linked", who)
	default:
	}
	p.Do(func(h *node.Host) {
		if links := h.Links(); len(links) != 0 {
			t.Errorf("links %v stand", links)
		}
	})
}

func TestNonsenseOnALinkClosesThatConnectionAlone(t *testing.T) {
	l := listenLinks(t)
	r := toyRole(toyGate, newAnswerer())
	r.Links = l
	start(t, r)
	for _, nonsense := range [][]byte{
		{0xff, 0xff, 0xff, 0xff},
		{0, 0, 0, 0},
		wire.AppendFrame(nil, typeToy, 0, nil, []byte("a message before any handshake")),
		[]byte("GET / HTTP/1.1\r\nHost: gate\r\n\r\n"),
	} {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write(nonsense); err != nil {
			t.Fatal(err)
		}
		if n, _ := c.Read(make([]byte, 1)); n != 0 {
			t.Errorf("%q was answered", nonsense)
		}
		_ = c.Close()
	}
	caller := newCaller(toyGate, l.Addr().String(), 100, 10, 8)
	start(t, toyRole(toyGame, caller))
	await(t, caller.done, "the answers of a peer that behaves")
}

func TestLargeFramesAreForPeersThatHaveProvenThemselves(t *testing.T) {
	l := listenLinks(t)
	r := toyRole(toyGate, newAnswerer())
	r.Links = l
	p := start(t, r)
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	large := wire.AppendFrame(nil, typeToy, 0, nil, make([]byte, 4*linkBuffer))
	_, _ = c.Write(large[:3*linkBuffer]) // an error is the cut that is wanted
	if n, _ := c.Read(make([]byte, 1)); n != 0 {
		t.Error("a stranger is answered")
	}
	if k := p.Counters(); k.LinksCut != 1 || k.LinkBytesIn > linkBuffer {
		t.Errorf("%d connections cut, after %d bytes", k.LinksCut, k.LinkBytesIn)
	}
	caller := newCaller(toyGate, l.Addr().String(), 100, 10, 4*linkBuffer)
	start(t, toyRole(toyGame, caller))
	await(t, caller.done, "the answers to large messages")
}

func TestAPeerThatStopsReadingHoldsUpNeitherTheLoopNorOthers(t *testing.T) {
	l := listenLinks(t)
	stalled := make(chan struct{})
	r := toyRole(toyGate, toyNode(func(env *node.Env, in *node.Input) {
		switch {
		case in.Kind == node.InLinkUp && in.From == toyGame:
			// More than the system's socket buffers hold.
			for range 256 {
				_ = env.Forward(toyGame, typeToy, 0, nil, make([]byte, 64<<10))
			}
			close(stalled)
		case in.Kind == node.InMessage:
			_ = env.Forward(in.From, typeToy, 0, nil, in.Body)
		}
	}))
	r.Links = l
	start(t, r)
	release := make(chan struct{})
	defer close(release)
	start(t, toyRole(toyGame, toyNode(func(env *node.Env, in *node.Input) {
		switch in.Kind {
		case node.InStart:
			env.Connect(node.Peer{ID: toyGate}, l.Addr().String())
		case node.InMessage:
			<-release // a process that hangs
		}
	})))
	await(t, stalled, "the stalled link to be filled")
	caller := newCaller(toyGate, l.Addr().String(), 1000, 10, 8)
	start(t, toyRole(node.NewID(node.Game, 2), caller))
	await(t, caller.done, "the answers to another peer")
}
