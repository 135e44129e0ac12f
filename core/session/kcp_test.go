package session

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"messiah/core/arq"
	"messiah/core/node"
)

// inBubble runs a test over the real ARQ: its clock is the bubble's, which sleeps to each event.
func inBubble(t *testing.T, o options, play func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		drift := func(now node.Time, clock time.Duration) {
			t.Errorf("at %v the library's clock is %v", now, clock)
		}
		real := func(conversation uint32, mtu int) ARQ { return arq.NewSimulated(conversation, mtu, drift) }
		o.shard = also(o.shard, func(cfg *ShardConfig) { cfg.NewARQ = real })
		o.dialer = also(o.dialer, func(cfg *DialerConfig) { cfg.NewARQ = real })
		w := newWorld(t, o)
		w.honest = true
		w.turn = func(at node.Time) { time.Sleep(time.Duration(at) - arq.Clock()) }
		w.turn(w.now)
		play(w)
	})
}

// also does two things to a configuration.
func also[T any](first, second func(*T)) func(*T) {
	return func(cfg *T) {
		if first != nil {
			first(cfg)
		}
		second(cfg)
	}
}

// Messages both ways through loss, with resumes, a move and a logout.
func TestSessionsOverKCP(t *testing.T) {
	for seed := range uint64(10) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			inBubble(t, options{seed: seed, players: 2}, func(w *world) {
				p := w.players[0]
				l := w.login(p, transports[1])
				w.login(w.players[1], transports[1])
				w.noise = noiseLevel{loss: 15, duplicate: 10, reorder: 30}
				w.loop.padding, p.loop.padding = 300, 300
				for round := range 6 {
					p.send(w, 40)
					w.tellGate(orderSend, l.key, 40, 0)
					w.run(time.Duration(round*37) * time.Millisecond)
					switch round {
					case 1, 3:
						p.task(w, TaskAbort, 0)
						w.resumeSomehow(p)
					case 2:
						p.at.Port++
					}
				}
				w.run(3 * time.Second)
				w.whole(p, l)
				w.tellGate(orderSend, l.key, 100, 0)
				p.send(w, 100)
				p.task(w, TaskClose, 0)
				w.run(DefaultLinger)
				// What came in one turn with the logout was withdrawn by the host, as immediate delivery has it.
				if l.got.last+withdrawn(w) != p.loop.sent || !l.over || l.reason != ReasonLogout || p.loop.ends[len(p.loop.ends)-1] != ReasonLogout {
					t.Fatalf("%d and %d of %d messages, over %v with %v, the client %v", l.got.last, withdrawn(w), p.loop.sent, l.over, l.reason, p.loop.ends)
				}
				if w.shard().Len() != 1 {
					t.Fatalf("%d sessions are kept", w.shard().Len())
				}
			})
		})
	}
}

func withdrawn(w *world) uint64 { return w.gate.host.Withdrawn() }

// resumeSomehow dials until the resume is through.
func (w *world) resumeSomehow(p *player) {
	for range 5 {
		p.dial(w, transports[1], FlagResume)
		w.run(2 * time.Second)
		if p.loop.up {
			return
		}
	}
	w.t.Fatalf("not resumed: failed %v, ended %v", p.loop.failed, p.loop.ends)
}

// A batch is one segment, and a lone message leaves and is acknowledged without a timer.
func TestLoneMessageOverKCP(t *testing.T) {
	inBubble(t, options{}, func(w *world) {
		p := w.players[0]
		l := w.login(p, transports[1])
		w.run(time.Second)
		packets := 0
		w.tap = func(f *flight) bool { packets++; return true }
		p.loop.padding = 1000
		p.send(w, 1)
		w.run(w.latency)
		if l.got.last != 1 || packets > 2 {
			t.Fatalf("%d messages came after one way's time, in %d packets", l.got.last, packets)
		}
	})
}

// The largest message fits the window of the real ARQ.
func TestLargestMessageOverKCP(t *testing.T) {
	inBubble(t, options{shard: func(cfg *ShardConfig) { cfg.Limits.CompressFrom = -1 }}, func(w *world) {
		p := w.players[0]
		l := w.login(p, transports[1])
		w.loop.padding = MaxMessage - 16
		w.noise = noiseLevel{loss: 10}
		w.tellGate(orderSend, l.key, 3, 0)
		w.run(10 * time.Second)
		w.whole(p, l)
	})
}
