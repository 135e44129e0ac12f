package session

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"messiah/core/node"
	"messiah/core/wire"
)

// reload writes a lane's state, reads it into a fresh one and goes on with that.
func (w *world) reload(s *side, fresh node.Lane) {
	before := wire.AppendState(nil, s.lane.State)
	host := node.NewLaneHost(fresh, 0, make([]byte, node.EntropySize), w.mark)
	if err := wire.LoadState(before, host.State); err != nil {
		w.fail("a state cannot be read: %v", err)
		return
	}
	if after := wire.AppendState(nil, host.State); !bytes.Equal(before, after) {
		w.fail("a state of %d bytes is written back as one of %d", len(before), len(after))
	}
	s.lane = host
}

func (w *world) reloadAll() {
	w.reload(&w.gate, NewShard(w.cfg))
	for _, p := range w.players {
		w.reload(&p.side, NewDialer(p.cfg))
	}
}

// play runs a plan over streams and returns the hash of all packets and their times.
func play(rt *rapid.T, st style, steps []plan, reload bool) uint64 {
	w := newWorld(rt, options{players: 2})
	for _, p := range w.players {
		p.dial(w, transports[0], 0)
	}
	for ms := 0; ms < 70; ms += 5 {
		w.run(5 * time.Millisecond)
		if reload {
			w.reloadAll()
		}
	}
	w.busy = st.busy
	for _, s := range steps {
		w.perform(s, transports[0])
		if reload {
			w.reloadAll()
		}
	}
	w.settle(transports[0])
	if w.failure != "" {
		rt.Fatal(w.failure)
	}
	return w.trace.Sum64()
}

func TestLoadedStateGoesOnAlike(t *testing.T) {
	for _, st := range styles[:2] {
		t.Run(st.name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				steps := drawPlan(rt, st.kinds, 2)
				if a, b := play(rt, st, steps, false), play(rt, st, steps, true); a != b {
					rt.Fatalf("with reloads the packets hash to %x, without to %x", b, a)
				}
			})
		})
	}
}

func TestLoadedStateGoesOnAlikeWithinABatch(t *testing.T) {
	run := func(reload bool) uint64 {
		w := newWorld(t, options{})
		l := w.login(w.players[0], transports[0])
		// Tasks without the flush behind them.
		for n := range uint64(5) {
			w.gate.lane.Step(w.now, 0, &node.Input{
				Kind: node.InTask, Type: TaskSend, Session: l.session, Num: n, Flags: uint8(n & 1), Body: numbered(nil, l.key, n/2+1, 0),
			})
		}
		if reload {
			w.reload(&w.gate, NewShard(w.cfg))
		}
		w.step(&w.gate, nil, &node.Input{Kind: node.InFlush})
		w.run(time.Second)
		if got := w.players[0].loop; got.got.last != 3 || len(got.latest) != 2 {
			t.Fatalf("%d of 3 messages and %d of 2 latest ones came", got.got.last, len(got.latest))
		}
		return w.trace.Sum64()
	}
	if a, b := run(false), run(true); a != b {
		t.Fatalf("with a reload the packets hash to %x, without to %x", b, a)
	}
}

// The handshake over datagrams can be loaded at each step; what has an ARQ cannot.
func TestStateOverDatagrams(t *testing.T) {
	w := newWorld(t, options{})
	p := w.players[0]
	p.dial(w, transports[1], 0)
	for w.shard().HalfOpen() == 0 {
		w.run(time.Millisecond)
		w.reloadAll()
	}
	w.run(time.Second)
	if !p.loop.up {
		t.Fatalf("no session came of it: %v", p.loop.failed)
	}
	lanes := []struct {
		state func(*wire.Coder)
		fresh node.Lane
	}{{w.gate.lane.Lane().State, NewShard(w.cfg)}, {p.lane.Lane().State, NewDialer(p.cfg)}}
	for _, l := range lanes {
		if err := wire.LoadState(wire.AppendState(nil, l.state), l.fresh.State); !errors.Is(err, errARQState) {
			t.Fatalf("a session with an ARQ is loaded with %v", err)
		}
	}
	p.task(w, TaskClose, 0)
	w.run(10 * time.Second)
	w.reloadAll()
	if w.failure != "" {
		t.Fatal(w.failure)
	}
}

// Whatever a state's bytes are, reading them ends with an error or with a lane
// that can be written again; it never panics.
func TestGarbledStates(t *testing.T) {
	w := newWorld(t, options{players: 2})
	l := w.login(w.players[0], transports[0])
	w.login(w.players[1], transports[0])
	w.tellGate(orderSend, l.key, 20, 0)
	w.cut(w.players[1], 0, 0)
	w.run(time.Millisecond)
	shard := wire.AppendState(nil, w.shard().State)
	dialer := wire.AppendState(nil, w.players[0].dialer().State)
	garble := func(rt *rapid.T, state []byte, lane node.Lane) {
		b := bytes.Clone(state)
		for range rapid.IntRange(1, 3).Draw(rt, "changes") {
			b[rapid.IntRange(0, len(b)-1).Draw(rt, "at")] = rapid.Byte().Draw(rt, "to")
		}
		if wire.LoadState(b, lane.State) == nil {
			wire.AppendState(nil, lane.State)
			node.NewLaneHost(lane, 0, make([]byte, node.EntropySize), nil).Step(w.now.Add(time.Hour), 0, &node.Input{Kind: node.InWake})
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		garble(rt, shard, NewShard(w.cfg))
		garble(rt, dialer, NewDialer(w.players[0].cfg))
	})
}
