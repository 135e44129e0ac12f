package prod

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
	"messiah/prod/store"
)

func TestListenLinksNeedsASecretBeyondLoopback(t *testing.T) {
	for _, c := range []struct {
		addr          string
		defaultSecret bool
		refused       bool
	}{
		{"127.0.0.1:0", true, false},
		{"[::1]:0", true, false},
		{"localhost:0", true, false},
		{"0.0.0.0:0", true, true},
		{":0", true, true},
		{"[::]:0", true, true},
		{"0.0.0.0:0", false, false},
	} {
		l, err := ListenLinks(c.addr, c.defaultSecret)
		if err == nil {
			_ = l.Close()
		}
		if err != nil && strings.HasPrefix(c.addr, "[::1]") && !strings.Contains(err.Error(), "secret") {
			continue // a machine without IPv6
		}
		if refused := err != nil; refused != c.refused {
			t.Errorf("%s, default secret %v: error %v, refused want %v", c.addr, c.defaultSecret, err, c.refused)
		}
		if c.refused && !strings.Contains(err.Error(), "prod: links: "+c.addr+" is reachable from other machines") {
			t.Errorf("%s: the error says %q", c.addr, err)
		}
	}
}

func TestListenClientsNamesWhatIsWrong(t *testing.T) {
	for addr, want := range map[string]string{
		"udp://127.0.0.1:0": `prod: client address "udp://127.0.0.1:0" is neither kcp://host:port nor tcp://host:port`,
		"kcp://127.0.0.1":   "prod: clients: ",
		"tcp://nowhere:x":   "prod: clients: ",
	} {
		s, err := ListenClients(addr)
		if err == nil {
			_ = s.Close()
			t.Fatalf("%s is taken", addr)
		}
		if !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: error is %q, want %q", addr, err, want)
		}
	}
}

func TestStartRefusesARoleThatCannotRun(t *testing.T) {
	udp := []ClientSocket{listenClients(t, "kcp://127.0.0.1:0"), listenClients(t, "kcp://127.0.0.1:0")}
	defer udp[0].Close()
	defer udp[1].Close()
	for name, r := range map[string]Role{
		"no node":          {},
		"clients, no lane": {Node: toyNode(idle), Clients: udp[:1]},
		"two datagram":     {Node: toyNode(idle), Lanes: []node.Lane{toyLane(echoLane)}, Clients: udp},
		"short entropy":    {Node: toyNode(idle), Entropy: []byte{1}},
		"too many lanes":   {Node: toyNode(idle), Lanes: make([]node.Lane, MaxLanes+1)},
	} {
		if p, err := Start(r); err == nil {
			p.Kill()
			t.Errorf("%s: started", name)
		}
	}
}

func TestStopDrainsAndEndsWithoutAnError(t *testing.T) {
	p := start(t, toyRole(toyGate, toyNode(idle), toyLane(echoLane)))
	if err := p.Err(); err != nil {
		t.Errorf("error %v while running", err)
	}
	p.Stop()
	await(t, p.Done(), "the end")
	if err := p.Err(); err != nil {
		t.Errorf("error %v after a clean end", err)
	}
	p.Kill()
	if err := p.Err(); err != nil {
		t.Errorf("error %v after a kill that came too late", err)
	}
}

func TestAHaltSaysWhy(t *testing.T) {
	p := start(t, toyRole(toyGate, toyNode(func(env *node.Env, in *node.Input) { env.Halt("declared dead") })))
	await(t, p.Done(), "the end")
	if err := p.Err(); err == nil || err.Error() != "prod: gate1 halted: declared dead" {
		t.Errorf("error is %v", err)
	}
}

func TestKillEndsWithoutAWord(t *testing.T) {
	l := listenLinks(t)
	r := toyRole(toyGate, toyNode(func(env *node.Env, in *node.Input) {}))
	r.Links = l
	p := start(t, r)
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	p.Kill()
	await(t, p.Done(), "the end")
	if err := p.Err(); !errors.Is(err, ErrKilled) {
		t.Errorf("error is %v, want %v", err, ErrKilled)
	}
	if n, _ := c.Read(make([]byte, 1)); n != 0 {
		t.Error("a killed process said something")
	}
	again, err := net.Listen("tcp", l.Addr().String())
	if err != nil {
		t.Fatalf("the address of a killed process is not free: %v", err)
	}
	_ = again.Close()
}

func TestWhatIsWrittenBeforeTheEndArrives(t *testing.T) {
	const frames, size = 200, 50 << 10
	l := listenLinks(t)
	got := make(chan uint64, frames)
	r := toyRole(toyGate, toyNode(func(env *node.Env, in *node.Input) {
		if in.Kind == node.InMessage {
			got <- number(in.Body)
		}
	}))
	r.Links = l
	start(t, r)
	p := start(t, toyRole(toyGame, toyNode(func(env *node.Env, in *node.Input) {
		switch in.Kind {
		case node.InStart:
			env.Connect(node.Peer{ID: toyGate}, l.Addr().String())
		case node.InLinkUp:
			for i := range uint64(frames) {
				if err := env.Forward(toyGate, typeToy, 0, nil, numbered(i, size)); err != nil {
					env.Halt(err.Error())
				}
			}
			env.Done()
		}
	})))
	await(t, p.Done(), "the end")
	if err := p.Err(); err != nil {
		t.Fatal(err)
	}
	for i := range uint64(frames) {
		if n := await(t, got, "a frame that was written before the end"); n != i {
			t.Fatalf("frame %d arrives, want %d", n, i)
		}
	}
}

func TestDoRunsOnTheLoopAndDoLaneOnTheLane(t *testing.T) {
	handled := 0
	p := start(t, toyRole(toyGate, toyNode(func(env *node.Env, in *node.Input) {
		handled++
		idle(env, in)
	}), toyLane(echoLane), toyLane(echoLane)))
	for range 100 {
		p.Do(func(h *node.Host) {
			if h.Self() != p.Self() {
				t.Errorf("host of %v, want %v", h.Self(), p.Self())
			}
			h.Deliver(&node.Input{Kind: node.InAnswer})
		})
		p.DoLane(1, func(l *node.LaneHost) { l.Step(0, 0, &node.Input{Kind: node.InFlush}) })
	}
	p.Do(func(*node.Host) {})
	ran := false
	p.Do(func(*node.Host) {
		if ran = true; handled != 101 {
			t.Errorf("%d inputs handled, want the start and 100 that were delivered", handled)
		}
	})
	if !ran {
		t.Error("Do returned before it ran")
	}
	p.Stop()
	await(t, p.Done(), "the end")
	p.Do(func(*node.Host) { t.Error("ran on a process that has ended") })
	p.DoLane(0, func(*node.LaneHost) { t.Error("ran on a lane that has ended") })
}

func TestTimersFireAtTheirTime(t *testing.T) {
	fired := make(chan time.Duration, 3)
	start(t, toyRole(toyGate, toyNode(func(env *node.Env, in *node.Input) {
		switch in.Kind {
		case node.InStart:
			env.After(40*time.Millisecond, 1, 0)
			env.After(10*time.Millisecond, 2, 0)
		case node.InTimer:
			fired <- time.Duration(env.Now())
		}
	})))
	for _, least := range []time.Duration{10 * time.Millisecond, 40 * time.Millisecond} {
		if at := await(t, fired, "a timer"); at < least {
			t.Errorf("a timer of %v fires after %v", least, at)
		}
	}
}

func TestATurnEndsAtItsBudget(t *testing.T) {
	const messages = 10 * turnHandlers
	left := messages
	done := make(chan struct{})
	p := start(t, toyRole(toyGate, toyNode(func(env *node.Env, in *node.Input) {
		switch in.Kind {
		case node.InStart:
			env.After(time.Hour, 1, 0)
		case node.InAnswer:
			if left--; left == 0 {
				close(done)
			}
		}
	})))
	p.Do(func(h *node.Host) {
		for range messages {
			h.Deliver(&node.Input{Kind: node.InAnswer})
		}
	})
	await(t, done, "all messages")
	p.Do(func(*node.Host) {}) // the last turn has counted
	if n := p.Counters(); n.OverBudget < messages/turnHandlers-1 || n.Handlers < messages {
		t.Errorf("%d turns over the budget, %d handlers, want at least %d and %d", n.OverBudget, n.Handlers, messages/turnHandlers-1, messages)
	}
}

func TestAStoreAnswersByMessage(t *testing.T) {
	records, err := store.OpenBolt(filepath.Join(t.TempDir(), "records"))
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan proto.StoreGot, 1)
	r := toyRole(node.NewID(node.DB, 1), toyNode(func(env *node.Env, in *node.Input) {
		theStore := node.NewID(node.Store, 1)
		switch {
		case in.Kind == node.InStart:
			_ = env.Send(theStore, &proto.StorePut{Num: 1, Key: "k", Value: []byte("v")})
		case in.Kind == node.InMessage && in.From == theStore && in.Type == proto.TypeStoreDid:
			_ = env.Send(theStore, &proto.StoreGet{Num: 2, Key: "k"})
		case in.Kind == node.InMessage && in.From == theStore && in.Type == proto.TypeStoreGot:
			var m proto.StoreGot
			if err := wire.Decode(in.Body, &m); err != nil {
				env.Halt(err.Error())
			}
			got <- m
		default:
			idle(env, in)
		}
	}))
	r.Store = records
	p := start(t, r)
	if m := await(t, got, "the record"); m.Num != 2 || m.Revision != 1 || string(m.Value) != "v" || m.Failed {
		t.Errorf("the store answers %+v", m)
	}
	p.Stop()
	await(t, p.Done(), "the end")
	if err := p.Err(); err != nil {
		t.Errorf("error %v", err)
	}
}

// openFiles returns how many files this process has open, or false where the system does not tell.
func openFiles() (int, bool) {
	files, err := os.ReadDir("/proc/self/fd")
	return len(files), err == nil
}

func TestAnEndedProcessLeavesNoFileOpen(t *testing.T) {
	before, ok := openFiles()
	if !ok {
		t.Log("this system does not list open files; goroutines are checked all the same")
	}
	for i := range 6 {
		l := listenLinks(t)
		r := toyRole(toyGate, newAnswerer(), toyLane(echoLane))
		r.Links = l
		r.Clients = []ClientSocket{listenClients(t, "kcp://127.0.0.1:0"), listenClients(t, "tcp://127.0.0.1:0")}
		addr := r.Clients[1].Addr()[len(schemeTCP):]
		p := start(t, r)
		client := dialTCP(t, addr)
		client.send([]byte("hello"))
		client.receive()
		caller := newCaller(toyGate, l.Addr().String(), 10, 10, 8)
		q := start(t, toyRole(toyGame, caller))
		await(t, caller.done, "the answers")
		for _, one := range []*Process{p, q} {
			if i%2 == 0 {
				one.Kill()
			} else {
				one.Stop()
			}
		}
		await(t, p.Done(), "the gate's end")
		await(t, q.Done(), "the game's end")
		client.ended()
		_ = client.Close()
	}
	if after, _ := openFiles(); after > before {
		t.Errorf("%d files are open, %d were before", after, before)
	}
}
