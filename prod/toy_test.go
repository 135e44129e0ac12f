package prod

import (
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"

	"messiah/core/node"
	"messiah/core/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds each wait of a test for what must happen; nothing waits for as long where all is well.
const patience = 30 * time.Second

// await returns what comes from the channel.
func await[T any](t testing.TB, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("after %v still waiting for %s", patience, what)
		panic("not reached")
	}
}

// toyNode is a node made of a function.
type toyNode func(env *node.Env, in *node.Input)

func (f toyNode) Step(env *node.Env, in *node.Input) { f(env, in) }
func (toyNode) State(*wire.Coder)                    {}

// toyLane is a lane made of a function.
type toyLane func(env *node.LaneEnv, in *node.Input)

func (f toyLane) Step(env *node.LaneEnv, in *node.Input) { f(env, in) }
func (toyLane) State(*wire.Coder)                        {}

var (
	toyVersion = wire.Version{ProtoMin: 1, ProtoMax: 1, Schema: 1}
	toySecret  = []byte("the secret of a test's cluster")
	toyGate    = node.NewID(node.Gate, 1)
	toyGame    = node.NewID(node.Game, 1)
	silent     = slog.New(slog.NewTextHandler(io.Discard, nil))
)

// toyRole is the role of a test's node.
func toyRole(self node.ID, n node.Node, lanes ...node.Lane) Role {
	return Role{
		Host: node.Config{Self: self, Version: toyVersion, Secret: toySecret, Scribble: true},
		Node: n, Lanes: lanes, Log: silent,
	}
}

// start runs a role and kills it at the test's end, unless it has ended.
func start(t testing.TB, r Role) *Process {
	t.Helper()
	p, err := Start(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		await(t, p.Done(), "a killed process")
	})
	return p
}

func listenLinks(t testing.TB) net.Listener {
	t.Helper()
	l, err := ListenLinks("127.0.0.1:0", true)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func listenClients(t testing.TB, addr string) ClientSocket {
	t.Helper()
	s, err := ListenClients(addr)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// numbered is a payload of the given size that begins with a number.
func numbered(n uint64, size int) []byte {
	b := make([]byte, max(size, 8))
	binary.LittleEndian.PutUint64(b, n)
	return b
}

func number(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }

const typeToy = 1000

// caller sends numbered messages to a peer, so many of them outstanding, and
// checks that the answers come back in order, once each.
type caller struct {
	to          node.ID
	addr        string
	calls       uint64
	outstanding uint64
	size        int

	sent, got uint64
	payload   []byte
	done      chan uint64 // how many answers came, at the end
	wrong     chan uint64 // a number that came where another was due
	broken    uint64
}

func newCaller(to node.ID, addr string, calls, outstanding uint64, size int) *caller {
	return &caller{
		to: to, addr: addr, calls: calls, outstanding: outstanding, size: size, payload: make([]byte, max(size, 8)),
		done: make(chan uint64, 1), wrong: make(chan uint64, 1),
	}
}

func (c *caller) State(*wire.Coder) {}

func (c *caller) Step(env *node.Env, in *node.Input) {
	switch in.Kind {
	case node.InStart:
		env.Connect(node.Peer{ID: c.to}, c.addr)
	case node.InLinkUp:
		c.more(env)
	case node.InLinkBroken:
		c.broken++
	case node.InStop:
		env.Done()
	case node.InMessage:
		if c.got++; number(in.Body) != c.got {
			select {
			case c.wrong <- number(in.Body):
			default:
			}
		}
		if c.got == c.calls {
			c.done <- c.got
			return
		}
		c.more(env)
	}
}

func (c *caller) more(env *node.Env) {
	for ; c.sent < c.calls && c.sent < c.got+c.outstanding; c.sent++ {
		binary.LittleEndian.PutUint64(c.payload, c.sent+1)
		if err := env.Forward(c.to, typeToy, 0, nil, c.payload); err != nil {
			return
		}
	}
}

// answerer sends each message back, and checks the order as well.
type answerer struct {
	got   uint64
	wrong chan uint64
}

func newAnswerer() *answerer { return &answerer{wrong: make(chan uint64, 1)} }

func (a *answerer) State(*wire.Coder) {}

func (a *answerer) Step(env *node.Env, in *node.Input) {
	switch in.Kind {
	case node.InMessage:
		if a.got++; number(in.Body) != a.got {
			select {
			case a.wrong <- number(in.Body):
			default:
			}
		}
		if err := env.Forward(in.From, typeToy, 0, nil, in.Body); err != nil {
			env.Halt("cannot answer: " + err.Error())
		}
	case node.InStop:
		env.Done()
	}
}

// echoLane sends each packet back where it came from.
func echoLane(env *node.LaneEnv, in *node.Input) {
	if in.Kind == node.InPacket {
		env.Transmit(in.Endpoint, in.Body)
	}
}
