package session

import (
	"testing"
	"time"

	"messiah/core/node"
)

// What was sent before an end arrives before the end does, with its reason, whatever gets lost on the way.
func TestKickComesAfterEarlierMessages(t *testing.T) {
	over(t, func(t *testing.T, tr transport) {
		for _, reason := range []Reason{ReasonKicked, ReasonShutdown} {
			for seed := range uint64(20) {
				w := newWorld(t, options{seed: seed})
				p := w.players[0]
				l := w.login(p, tr)
				w.noise = noiseLevel{loss: 5, duplicate: 10, reorder: 5}
				w.loop.padding = 500
				w.tellGate(orderSend, l.key, 60, 0)
				w.tellGate(orderKick, l.key, uint64(reason), 0)
				w.run(DefaultLinger + DefaultDeadAfter)
				if p.loop.got.last != 61 || p.loop.up || p.loop.resume || p.loop.ends[0] != reason {
					t.Fatalf("seed %d: %d of 61 messages, up %v, may resume %v, ended with %v",
						seed, p.loop.got.last, p.loop.up, p.loop.resume, p.loop.ends)
				}
				w.empty()
			}
		}
	})
}

func TestLogoutComesAfterEarlierMessages(t *testing.T) {
	over(t, func(t *testing.T, tr transport) {
		for seed := range uint64(20) {
			w := newWorld(t, options{seed: seed})
			p := w.players[0]
			l := w.login(p, tr)
			w.noise = noiseLevel{loss: 5, duplicate: 10, reorder: 5}
			p.loop.padding = 500
			p.send(w, 60)
			p.task(w, TaskClose, 0)
			p.send(w, 1) // too late
			w.run(DefaultLinger + DefaultDeadAfter)
			if l.got.last != 60 || !l.over || l.reason != ReasonLogout || p.loop.up || p.loop.resume || p.loop.ends[0] != ReasonLogout {
				t.Fatalf("seed %d: %d of 60 messages, over %v with %v; up %v, may resume %v, ended with %v",
					seed, l.got.last, l.over, l.reason, p.loop.up, p.loop.resume, p.loop.ends)
			}
			w.empty()
		}
	})
}

// The loop is told at once that a session it closes is over, and once only.
func TestClosingIsOverForTheLoop(t *testing.T) {
	w := newWorld(t, options{})
	p := w.players[0]
	l := w.login(p, transports[1])
	p.send(w, 5)
	w.run(15 * time.Millisecond) // on their way
	p.send(w, 5)
	lostUntil := w.now.Add(30 * time.Millisecond)
	w.tap = func(f *flight) bool { return f.up || w.now >= lostUntil }
	w.tellGate(orderSend, l.key, 3, 0)
	w.tellGate(TaskClose, l.key, uint64(ReasonKicked), 0)
	if !l.over || w.gate.host.Sessions() != 0 {
		t.Fatalf("over %v, %d sessions at the host", l.over, w.gate.host.Sessions())
	}
	if s := w.shard().slots[0]; s.state != stateClosing {
		t.Fatalf("the session is %v", s.state)
	}
	for _, typ := range []uint16{TaskSend, TaskHandled, TaskLoggedIn, TaskClose, TaskResume, TaskRefuseResume, TaskDrop} {
		w.step(&w.gate, nil, &node.Input{Kind: node.InTask, Type: typ, Session: l.session, Num: 1})
	}
	w.run(time.Second)
	if l.got.last != 5 || p.loop.got.last != 3 || p.loop.up {
		t.Fatalf("%d messages were handled after the end; %d of 3 came down; up %v", l.got.last-5, p.loop.got.last, p.loop.up)
	}
	w.empty()
}

// Whichever of the two answers to a goodbye gets lost, nobody waits for long.
func TestGoodbyeIsConfirmed(t *testing.T) {
	for _, lost := range []string{"arq", "close"} {
		for _, byClient := range []bool{true, false} {
			w := newWorld(t, options{})
			p := w.players[0]
			l := w.login(p, transports[1])
			w.run(time.Second)
			w.tap = func(f *flight) bool { return f.up == byClient || w.kindOf(f) != lost }
			if byClient {
				p.task(w, TaskClose, 0)
			} else {
				w.tellGate(orderKick, l.key, uint64(ReasonKicked), 0)
			}
			w.run(DefaultLinger / 4)
			if p.loop.up || !l.over {
				t.Fatalf("without %s, by the client %v: up %v, over %v", lost, byClient, p.loop.up, l.over)
			}
			w.empty()
		}
	}
}

// A client that is gone does not keep its closed session for long.
func TestClosingEndsByItself(t *testing.T) {
	w := newWorld(t, options{})
	p := w.players[0]
	l := w.login(p, transports[1])
	p.blocked = true
	w.tellGate(orderKick, l.key, uint64(ReasonKicked), 0)
	w.run(DefaultLinger - 100*time.Millisecond)
	if w.shard().Len() != 1 {
		t.Fatal("what was sent is not on its way any longer")
	}
	w.run(200 * time.Millisecond)
	w.empty()
}

func TestGoodbyeEndsByItself(t *testing.T) {
	w := newWorld(t, options{})
	p := w.players[0]
	w.login(p, transports[1])
	p.blocked = true
	p.task(w, TaskClose, 0)
	w.run(DefaultLinger - 100*time.Millisecond)
	if !p.loop.up {
		t.Fatal("the client has not waited")
	}
	w.run(200 * time.Millisecond)
	if p.loop.up || p.loop.ends[0] != ReasonLogout || p.dialer().arq != nil {
		t.Fatalf("up %v, ended with %v", p.loop.up, p.loop.ends)
	}
}

// A logout at any moment of a session leaves nothing at either side.
func TestLogoutAtAnyMoment(t *testing.T) {
	over(t, func(t *testing.T, tr transport) {
		for ms := range 130 {
			w := newWorld(t, options{})
			p := w.players[0]
			p.dial(w, tr, 0)
			w.run(time.Duration(ms) * time.Millisecond)
			p.task(w, TaskClose, 0)
			w.run(DefaultHandshakeWithin + DefaultDeadAfter)
			if p.loop.up || p.loop.resume || p.dialer().Resumable() || p.dialer().state != dialIdle {
				t.Fatalf("at %d ms: up %v, may resume %v", ms, p.loop.up, p.loop.resume)
			}
			w.empty()
		}
	})
}

func TestSilentEndsAreTimeouts(t *testing.T) {
	over(t, func(t *testing.T, tr transport) {
		w := newWorld(t, options{})
		p := w.players[0]
		l := w.login(p, tr)
		w.run(time.Minute)
		if !p.loop.up || l.lost {
			t.Fatal("an idle session does not last")
		}
		if rtt := max(p.dialer().RTT(), time.Duration(w.shard().slots[0].rtt)); rtt != 2*w.latency {
			t.Fatalf("round trips take %v", rtt)
		}
		p.blocked = true
		w.run(DefaultDeadAfter + DefaultHeartbeat)
		if p.loop.up || p.loop.ends[0] != ReasonTimeout || !l.lost || l.reason != ReasonTimeout {
			t.Fatalf("client ended with %v; server: lost %v, %v", p.loop.ends, l.lost, l.reason)
		}
	})
}

func TestUnreachableServerFailsTheDial(t *testing.T) {
	over(t, func(t *testing.T, tr transport) {
		w := newWorld(t, options{})
		p := w.players[0]
		p.blocked = true
		p.dial(w, tr, 0)
		w.run(DefaultDialWithin - time.Millisecond)
		if len(p.loop.failed) != 0 {
			t.Fatalf("failed early with %v", p.loop.failed)
		}
		w.run(time.Millisecond)
		if len(p.loop.failed) != 1 || p.loop.failed[0] != ReasonTimeout {
			t.Fatalf("failed with %v", p.loop.failed)
		}
	})
}
