package node

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"messiah/core/wire"

	"pgregory.net/rapid"
)

// toy is a node that is one function.
type toy struct {
	step  func(*Env, *Input)
	count uint64 // its state
}

func (n *toy) Step(env *Env, in *Input) { n.step(env, in) }
func (n *toy) State(c *wire.Coder)      { c.Uint64(&n.count) }

func newTestHost(cfg Config, step func(*Env, *Input)) *Host {
	return NewHost(cfg, &toy{step: step}, entropyOf(7))
}

// run is one turn of a driver that does all there is to do.
func run(h *Host, now Time) []Op {
	h.Begin(now, int64(now))
	for {
		in, ok := h.Step()
		if !ok {
			break
		}
		h.Settle(in)
	}
	ops := slices.Clone(h.Ops())
	h.Finish()
	return ops
}

// trace returns a step function that writes each input down as text.
func trace(lines *[]string) func(*Env, *Input) {
	return func(_ *Env, in *Input) {
		line := in.Kind.String()
		switch in.Kind {
		case InConnected, InDisconnected:
			line = fmt.Sprintf("%s %v alive=%v", line, in.Session, in.Alive())
		case InClient, InAnswer:
			line = fmt.Sprintf("%s %v %d", line, in.Session, in.Num)
		case InTimer:
			line = fmt.Sprintf("%s %d/%d", line, in.Type, in.Num)
		}
		*lines = append(*lines, line)
	}
}

func TestHostHandlesStartFirst(t *testing.T) {
	var entropy []byte
	h := newTestHost(Config{Self: NewID(Game, 1)}, func(_ *Env, in *Input) {
		if in.Kind == InStart {
			entropy = bytes.Clone(in.Body)
		}
	})
	if !h.Pending() {
		t.Error("a new host has nothing to do")
	}
	run(h, 0)
	if !bytes.Equal(entropy, entropyOf(7)) {
		t.Errorf("the start input carried %x", entropy)
	}
	if h.Pending() || h.NextTimer() != Never {
		t.Errorf("an idle host: pending %v, next timer %v", h.Pending(), h.NextTimer())
	}
}

func TestEachLifeHasItsOwnIncarnation(t *testing.T) {
	cfg, step := Config{Self: NewID(Game, 1)}, func(*Env, *Input) {}
	a := NewHost(cfg, &toy{step: step}, entropyOf(1))
	b := NewHost(cfg, &toy{step: step}, entropyOf(2))
	if a.Self().Inc == b.Self().Inc || a.Self().Inc == 0 || a.Self().ID != cfg.Self {
		t.Errorf("two lives are %v and %v", a.Self(), b.Self())
	}
}

// The same story of two sessions, one of which ends before the loop comes to it, in both deliveries.
func TestSessionDeliveries(t *testing.T) {
	one, two := NewSession(0, 1, 1), NewSession(0, 2, 1)
	story := []Input{
		{Kind: InAnswer},
		{Kind: InConnected, Session: one},
		{Kind: InClient, Session: one, Num: 1},
		{Kind: InConnected, Session: two},
		{Kind: InClient, Session: two, Num: 1},
		{Kind: InDisconnected, Session: one},
	}
	for _, c := range []struct {
		delivery  Delivery
		want      []string
		withdrawn uint64
	}{
		{Immediate, []string{
			"start", "connected s0.2#1 alive=true", "answer s0.0#0 0", "client s0.2#1 1",
		}, 3},
		{Queued, []string{
			"start", "answer s0.0#0 0", "connected s0.1#1 alive=false", "client s0.1#1 1",
			"connected s0.2#1 alive=true", "client s0.2#1 1", "disconnected s0.1#1 alive=false",
		}, 0},
	} {
		var got []string
		h := newTestHost(Config{Self: NewID(Gate, 1), Delivery: c.delivery}, trace(&got))
		run(h, 0)
		for i := range story {
			h.Deliver(&story[i])
		}
		run(h, 0)
		if !slices.Equal(got, c.want) {
			t.Errorf("delivery %d:\n%s\nwant:\n%s", c.delivery, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
		if h.Withdrawn() != c.withdrawn || h.Sessions() != 1 || !h.SessionAlive(two) || h.SessionAlive(one) {
			t.Errorf("delivery %d: %d withdrawn, %d sessions, one alive %v, two alive %v",
				c.delivery, h.Withdrawn(), h.Sessions(), h.SessionAlive(one), h.SessionAlive(two))
		}
	}
}

// Whatever the interleaving of events and steps: no handler of an immediate host
// sees a session that is not as it says, a queued one is told the truth, and each
// connected that was seen has one disconnected.
func TestSessionTruth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		delivery := Delivery(rapid.IntRange(0, 1).Draw(t, "delivery"))
		alive := map[Session]bool{} // the truth, as the driver knows it
		const unseen, connected, disconnected = 0, 1, 2
		seen := map[Session]int{}
		step := func(_ *Env, in *Input) {
			switch in.Kind {
			case InConnected:
				if seen[in.Session] != unseen || in.Alive() != alive[in.Session] {
					t.Fatalf("connected %v, alive=%v: seen %d, truly alive %v",
						in.Session, in.Alive(), seen[in.Session], alive[in.Session])
				}
				seen[in.Session] = connected
			case InDisconnected:
				if seen[in.Session] != connected || in.Alive() {
					t.Fatalf("disconnected %v, alive=%v: seen %d", in.Session, in.Alive(), seen[in.Session])
				}
				seen[in.Session] = disconnected
			case InClient:
				if seen[in.Session] != connected {
					t.Fatalf("a message of %v, seen %d", in.Session, seen[in.Session])
				}
			}
			if delivery == Immediate && (in.Kind == InConnected || in.Kind == InClient) && !alive[in.Session] {
				t.Fatalf("an immediate host handles %v of %v, which has ended", in.Kind, in.Session)
			}
		}
		h := newTestHost(Config{Self: NewID(Gate, 1), Delivery: delivery, Scribble: true}, step)
		h.Begin(0, 0)
		var open []Session
		epoch, sent, handled := uint32(0), uint64(1), uint64(0)
		steps := func(most int) {
			for range most {
				in, ok := h.Step()
				if !ok {
					return
				}
				handled++
				h.Settle(in)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"connect": func(*rapid.T) {
				epoch++
				s := NewSession(0, 1, epoch)
				open, alive[s] = append(open, s), true
				h.Deliver(&Input{Kind: InConnected, Session: s})
				sent++
			},
			"message": func(t *rapid.T) {
				if len(open) == 0 {
					t.Skip("no session")
				}
				h.Deliver(&Input{Kind: InClient, Session: rapid.SampledFrom(open).Draw(t, "session"), Body: []byte{1}})
				sent++
			},
			"disconnect": func(t *rapid.T) {
				if len(open) == 0 {
					t.Skip("no session")
				}
				i := rapid.IntRange(0, len(open)-1).Draw(t, "which")
				s := open[i]
				open, alive[s] = slices.Delete(open, i, i+1), false
				h.Deliver(&Input{Kind: InDisconnected, Session: s})
				sent++
			},
			"step": func(t *rapid.T) { steps(rapid.IntRange(1, 3).Draw(t, "steps")) },
		})
		steps(1 << 20)
		if h.Sessions() != len(open) {
			t.Fatalf("at rest the host knows %d sessions, %d are open", h.Sessions(), len(open))
		}
		if handled+h.Withdrawn() != sent {
			t.Fatalf("%d inputs: %d handled and %d withdrawn", sent, handled, h.Withdrawn())
		}
		for s, state := range seen {
			if (state == connected) != alive[s] {
				t.Fatalf("at rest %v is seen as %d, truly alive %v", s, state, alive[s])
			}
		}
	})
}

// The end of a session that the host never heard of is nobody's.
func TestDisconnectedOfAnUnknownSessionIsDropped(t *testing.T) {
	var got []string
	h := newTestHost(Config{Self: NewID(Gate, 1)}, trace(&got))
	h.Deliver(&Input{Kind: InDisconnected, Session: 5})
	run(h, 0)
	if want := []string{"start"}; !slices.Equal(got, want) || h.Sessions() != 0 {
		t.Errorf("the node saw %v; %d sessions", got, h.Sessions())
	}
}

func TestScribbleOverwritesWhatWasKept(t *testing.T) {
	for _, scribbles := range []bool{true, false} {
		var kept []byte
		h := newTestHost(Config{Self: NewID(Game, 1), Scribble: scribbles}, func(_ *Env, in *Input) {
			if in.Kind == InAnswer {
				kept = in.Body
			}
		})
		h.Deliver(&Input{Kind: InAnswer, Body: []byte("secret")})
		run(h, 0)
		if overwritten := string(kept) != "secret"; overwritten != scribbles {
			t.Errorf("with Scribble %v the kept bytes are %q", scribbles, kept)
		}
	}
}

func TestFullAtItsBounds(t *testing.T) {
	h := newTestHost(Config{Self: NewID(Game, 1)}, func(*Env, *Input) {})
	for i := 1; i < MaxInbox; i++ {
		if h.Full() {
			t.Fatalf("full with %d inputs", i)
		}
		h.Deliver(&Input{Kind: InAnswer})
	}
	if !h.Full() {
		t.Errorf("not full with %d inputs", MaxInbox)
	}
	run(h, 0)
	if h.Full() {
		t.Error("full when all was handled")
	}
	body := make([]byte, MaxInboxBytes/8)
	for range 8 {
		if h.Full() {
			t.Fatal("full below the bound of bytes")
		}
		h.Deliver(&Input{Kind: InAnswer, Body: body})
	}
	if !h.Full() {
		t.Errorf("not full with %d bytes", MaxInboxBytes)
	}
	run(h, 0)
	if h.Full() {
		t.Error("full when all was handled")
	}
}

func TestHaltEndsTheProcessOnce(t *testing.T) {
	for _, c := range []struct {
		end    func(*Env)
		reason string
		clean  bool
	}{
		{func(env *Env) { env.Halt("no disk"); env.Done() }, "no disk", false},
		{func(env *Env) { env.Done(); env.Halt("too late") }, "stopped", true},
	} {
		handled := 0
		h := newTestHost(Config{Self: NewID(Game, 1)}, func(env *Env, in *Input) {
			handled++
			env.After(time.Second, 1, 0)
			if in.Kind == InStop {
				c.end(env)
			}
		})
		h.Deliver(&Input{Kind: InStop})
		h.Deliver(&Input{Kind: InAnswer})
		want := []Op{{Kind: OpHalt, Addr: c.reason, Clean: c.clean}}
		if ops := run(h, 0); len(ops) != 1 || ops[0].Kind != OpHalt || ops[0].Addr != c.reason || ops[0].Clean != c.clean {
			t.Errorf("operations %+v, want %+v", ops, want)
		}
		if ops := run(h, Time(2*time.Second)); len(ops) != 0 || handled != 2 {
			t.Errorf("after the end: operations %+v, %d inputs handled", ops, handled)
		}
		if h.Pending() || h.NextTimer() != Never {
			t.Error("a halted host wants to go on")
		}
	}
}

func TestUrgentThenTimersThenQueue(t *testing.T) {
	var got []string
	record := trace(&got)
	h := newTestHost(Config{Self: NewID(Gate, 1)}, func(env *Env, in *Input) {
		record(env, in)
		if in.Kind == InStart {
			env.After(time.Second, 1, 1)
			env.After(time.Second, 1, 2)
			env.After(time.Second, 2, 1)
			env.After(time.Second, 1, 1) // moves behind
			env.Cancel(2, 1)
		}
	})
	run(h, 0)
	h.Deliver(&Input{Kind: InAnswer, Num: 9})
	h.Deliver(&Input{Kind: InConnected, Session: 1})
	if h.NextTimer() != Time(time.Second) {
		t.Errorf("next timer at %v", h.NextTimer())
	}
	run(h, Time(time.Second))
	want := []string{"start", "connected s0.1#0 alive=true", "timer 1/2", "timer 1/1", "answer s0.0#0 9"}
	if !slices.Equal(got, want) {
		t.Errorf("the node saw %q, want %q", got, want)
	}
}

func TestTimeDoesNotGoBack(t *testing.T) {
	h := newTestHost(Config{Self: NewID(Game, 1)}, func(*Env, *Input) {})
	h.Begin(5, 0)
	mustPanic(t, "going back in time", func() { h.Begin(4, 0) })
}

func TestNodesMayNotNameTheHostsTimers(t *testing.T) {
	h := newTestHost(Config{Self: NewID(Game, 1)}, func(env *Env, in *Input) { env.After(1, hostTimers, 0) })
	mustPanic(t, "a timer of the host's", func() { run(h, 0) })
}

func mustPanic(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s did not panic", what)
		}
	}()
	f()
}

func TestEnvTellsWhatTheDriverSaid(t *testing.T) {
	marks := map[string]int{}
	var logged []string
	cfg := Config{
		Self: NewID(Game, 3), Lanes: 2,
		Mark: func(name string) { marks[name]++ },
		Log: func(level Level, text string, pairs ...any) {
			logged = append(logged, fmt.Sprintln(level, text, pairs))
		},
	}
	h := newTestHost(cfg, func(env *Env, in *Input) {
		if env.Now() != 5 || env.Wall() != 5 || env.Self().ID != cfg.Self || env.Lanes() != 2 {
			t.Errorf("now %v, wall %v, self %v, %d lanes", env.Now(), env.Wall(), env.Self(), env.Lanes())
		}
		env.Mark("here")
		env.Log(Warn, "text", "key", 1)
		task := Input{Type: 3, Num: 4, Body: []byte("work")}
		env.Offload(1, &task)
		clear(task.Body)
		if env.Linked(NewID(Gate, 1)) || env.Send(NewID(Gate, 1), &number{}) != ErrNoLink {
			t.Error("a link that nobody made stands")
		}
	})
	run(h, 5)
	if want := []string{"WARN text [key 1]\n"}; marks["here"] != 1 || !slices.Equal(logged, want) {
		t.Errorf("marks %v, log %q", marks, logged)
	}
	task, ok := h.Tasks(1).Pop()
	if !ok || task.Kind != InTask || task.Lane != 1 || task.Type != 3 || string(task.Body) != "work" || h.Tasks(0).Len() != 0 {
		t.Errorf("the lane's task is %+v, %v", task, ok)
	}
}

func TestHostStateRoundTrip(t *testing.T) {
	step := func(env *Env, in *Input) { env.After(time.Duration(env.Rand().IntN(100)), 1, env.Rand().Uint64()) }
	a := newTestHost(Config{Self: NewID(Game, 1)}, step)
	for range 5 {
		a.Deliver(&Input{Kind: InAnswer})
	}
	run(a, 0)
	a.Node().(*toy).count = 9
	state := wire.AppendState(nil, a.State)
	b := NewHost(Config{Self: NewID(Game, 1)}, &toy{step: step}, entropyOf(8))
	if err := wire.LoadState(state, b.State); err != nil {
		t.Fatal(err)
	}
	if again := wire.AppendState(nil, b.State); !bytes.Equal(again, state) || b.Node().(*toy).count != 9 {
		t.Errorf("the loaded state is %x, want %x", again, state)
	}
}

func TestStoreIsAPeerThatNeedsNoLink(t *testing.T) {
	h := newTestHost(Config{Self: NewID(DB, 1)}, func(env *Env, in *Input) {
		if err := env.Send(NewID(Store, 1), &number{n: 7}); err != nil {
			t.Error(err)
		}
	})
	ops := run(h, 0)
	if len(ops) != 1 || ops[0].Kind != OpStore {
		t.Fatalf("operations %+v", ops)
	}
	f, rest, err := wire.Split(ops[0].Bytes)
	if err != nil || len(rest) != 0 || f.Type != typeNumber {
		t.Errorf("the store gets type %d, %d bytes behind, %v", f.Type, len(rest), err)
	}
}

// A process with a fence that was stopped for as long as its peers wait ends before it handles anything.
func TestFenceEndsAProcessThatWasStopped(t *testing.T) {
	for _, c := range []struct {
		fence bool
		late  time.Duration
		ends  bool
	}{{true, StoppedTooLong, true}, {true, StoppedTooLong - 1, false}, {false, time.Hour, false}} {
		handled := 0
		h := newTestHost(Config{Self: NewID(Game, 1), Fence: c.fence}, func(env *Env, in *Input) {
			if handled++; in.Kind == InStart {
				env.After(time.Second, 1, 0)
			}
		})
		run(h, 0)
		h.Deliver(&Input{Kind: InAnswer})
		ops := run(h, Time(time.Second+c.late))
		if ends := len(ops) == 1 && ops[0].Kind == OpHalt && !ops[0].Clean; ends != c.ends || (handled == 1) != c.ends {
			t.Errorf("fence %v, a timer %v late: ends %v, %d inputs handled", c.fence, c.late, ends, handled)
		}
	}
}
