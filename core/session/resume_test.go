package session

import (
	"testing"
	"time"

	"messiah/core/node"
)

// resume makes a player that has lost its session come back.
func (w *world) resume(p *player, tr transport) {
	w.t.Helper()
	before := p.loop.resumed
	p.dial(w, tr, FlagResume)
	w.run(time.Second)
	if !p.loop.up || p.loop.resumed != before+1 {
		w.t.Fatalf("player %d has resumed %d times, failed %v, ended %v", p.index, p.loop.resumed, p.loop.failed, p.loop.ends)
	}
}

// whole checks that all that was sent in a login has come, both ways.
func (w *world) whole(p *player, l *login) {
	w.t.Helper()
	if l.got.last != p.loop.sent || p.loop.got.last != l.sent {
		w.t.Fatalf("%d of %d messages went up, %d of %d down", l.got.last, p.loop.sent, p.loop.got.last, l.sent)
	}
}

func TestResumeWithinGrace(t *testing.T) {
	over(t, func(t *testing.T, tr transport) {
		w := newWorld(t, options{})
		p := w.players[0]
		l := w.login(p, tr)
		p.send(w, 5)
		w.tellGate(orderSend, l.key, 5, 0)
		p.task(w, TaskAbort, 0) // with all of that under way
		w.cut(p, 0, 0)
		w.run(20 * time.Second)
		if !l.lost || l.over {
			t.Fatalf("20 s later: lost %v, over %v", l.lost, l.over)
		}
		p.send(w, 5)
		w.tellGate(orderSend, l.key, 5, 0)
		w.resume(p, tr)
		w.whole(p, l)
		p.send(w, 5)
		w.tellGate(orderSend, l.key, 5, 0)
		w.run(time.Second)
		w.whole(p, l)
		if w.shard().Len() != 1 || len(w.shard().aliases) != 0 {
			t.Fatalf("%d sessions and %d spent names are kept", w.shard().Len(), len(w.shard().aliases))
		}
	})
}

// What is sent while the login waits to be resumed must not leave before the
// server has granted that: a batch would be out of place.
func TestMessagesSentOffline(t *testing.T) {
	over(t, func(t *testing.T, tr transport) {
		w := newWorld(t, options{})
		p := w.players[0]
		l := w.login(p, tr)
		p.task(w, TaskAbort, 0)
		p.send(w, 3)
		w.busy = true // so that the grant takes its time
		p.dial(w, tr, FlagResume)
		w.run(500 * time.Millisecond)
		w.busy = false
		w.handle(&w.gate, nil, -1)
		w.run(500 * time.Millisecond)
		if p.loop.resumed != 1 {
			t.Fatalf("not resumed: failed %v, ended %v", p.loop.failed, p.loop.ends)
		}
		w.whole(p, l)
	})
}

// dropNext drops the packets of a kind that the gate sends from now on.
func (w *world) dropKind(kind string) {
	w.tap = func(f *flight) bool { return f.up || f.packet[0] != packetSealed || w.kindOf(f) != kind }
}

func TestResumeByThePreviousToken(t *testing.T) {
	w := newWorld(t, options{})
	p := w.players[0]
	l := w.login(p, transports[0])
	p.send(w, 2)
	w.tellGate(orderSend, l.key, 2, 0)
	w.run(time.Second)
	for range 3 {
		p.task(w, TaskAbort, 0)
		w.run(time.Second)
		w.dropKind("resumed")
		p.dial(w, transports[0], FlagResume)
		w.run(100 * time.Millisecond)
		if l.lost || p.loop.up {
			t.Fatalf("the grant is not on its way: lost %v, up %v", l.lost, p.loop.up)
		}
		w.tap = nil
		p.task(w, TaskAbort, 0)
		p.send(w, 1)
		w.tellGate(orderSend, l.key, 1, 0)
		w.run(time.Second)
		w.resume(p, transports[0])
		w.whole(p, l)
	}
	if w.marks["resume-by-previous-token"] != 3 {
		t.Fatalf("marks: %v", w.marks)
	}
}

// As long as the client may not know of the grant, each of the two tokens goes with its own name.
func TestTokensDoNotMix(t *testing.T) {
	w := newWorld(t, options{})
	p := w.players[0]
	w.login(p, transports[0])
	p.task(w, TaskAbort, 0)
	w.run(time.Second)
	w.dropKind("resumed")
	p.dial(w, transports[0], FlagResume)
	w.run(100 * time.Millisecond)
	sh, s := w.shard(), w.shard().slots[w.loop.logins[0].session.Slot()]
	for _, c := range []struct {
		c    claim
		good bool
	}{
		{claim{token: s.token, session: s.id}, true}, {claim{token: s.oldToken, session: s.oldID}, true},
		{claim{token: s.token, session: s.oldID}, false}, {claim{token: s.oldToken, session: s.id}, false},
	} {
		sh.env = &node.LaneEnv{}
		if got := sh.claimedBy(&c.c); got == s != c.good {
			t.Errorf("session %v with its token %v: good %v", c.c.session, c.c.token == s.token, got == s)
		}
	}
}

// claimWith dials with a token of the test's choice.
func (w *world) claimWith(p *player, tok token, id node.Session, received uint64) {
	d := p.dialer()
	d.token, d.tokenID, d.received, d.handled = tok, id, received, received
	p.loop.resume = true
	p.dial(w, transports[0], FlagResume)
	w.run(500 * time.Millisecond)
}

// A token is good for one resume, and only together with its session's name.
func TestTokenIsUsedOnce(t *testing.T) {
	w := newWorld(t, options{players: 2})
	p, thief := w.players[0], w.players[1]
	l := w.login(p, transports[0])
	first, firstID := p.dialer().token, p.dialer().tokenID
	p.task(w, TaskAbort, 0)
	w.run(time.Second)
	w.resume(p, transports[0])
	second, secondID := p.dialer().token, p.dialer().tokenID
	if first == second || firstID == secondID {
		t.Fatal("the resume has not changed the token")
	}
	wrong := second
	wrong[15] ^= 1
	for i, c := range []struct {
		tok      token
		id       node.Session
		received uint64
	}{
		{first, firstID, 0}, {first, secondID, 0}, {second, firstID, 0}, {wrong, secondID, 0},
		{second, node.NewSession(0, secondID.Slot(), 9), 0}, {second, node.NewSession(0, 77, 1), 0},
		{second, secondID, l.sent + 1}, {token{1}, firstID, 0}, {token{1}, 0, 0},
	} {
		before := w.shard().Counters().ResumeRefused
		w.claimWith(thief, c.tok, c.id, c.received)
		if thief.loop.resumed != 0 || w.shard().Counters().ResumeRefused != before+1 {
			t.Fatalf("claim %d was not refused", i)
		}
		thief.task(w, TaskClose, 0)
		w.run(500 * time.Millisecond)
		if l.lost || !p.loop.up || len(p.loop.ends) != 1 {
			t.Fatalf("claim %d has disturbed the login: lost %v, ends %v", i, l.lost, p.loop.ends)
		}
	}
	p.send(w, 3)
	w.tellGate(orderSend, l.key, 3, 0)
	w.run(time.Second)
	w.whole(p, l)
}

func TestRefusedResumeBeginsAfresh(t *testing.T) {
	over(t, func(t *testing.T, tr transport) {
		w := newWorld(t, options{})
		p := w.players[0]
		l := w.login(p, tr)
		p.send(w, 4)
		w.run(time.Second)
		p.task(w, TaskAbort, 0)
		p.send(w, 2)
		w.run(time.Second)
		w.loop.refuse = true
		p.dial(w, tr, FlagResume)
		w.run(time.Second)
		if !p.loop.up || p.loop.resumed != 0 || p.loop.refused != 1 || p.loop.acked != 4 {
			t.Fatalf("up %v, resumed %d, refused %d, acknowledged %d", p.loop.up, p.loop.resumed, p.loop.refused, p.loop.acked)
		}
		if fresh := w.loop.logins[1]; !l.over || fresh.over || fresh.session != p.dialer().Session() {
			t.Fatalf("the old login is over: %v, the new one: %v", l.over, fresh.over)
		}
		p.send(w, 3)
		w.tellGate(orderSend, 2, 3, 0)
		w.run(time.Second)
		w.whole(p, w.loop.logins[1])
		if w.shard().Len() != 1 {
			t.Fatalf("%d sessions are kept", w.shard().Len())
		}
	})
}

// What the loop sends to a client whose resume it has refused, before that
// client has begun afresh, is not lost.
func TestSendBeforeTheFreshBegin(t *testing.T) {
	over(t, func(t *testing.T, tr transport) {
		w := newWorld(t, options{})
		p := w.players[0]
		w.login(p, tr)
		p.task(w, TaskAbort, 0)
		w.run(time.Second)
		w.loop.refuse = true
		p.dial(w, tr, FlagResume)
		for len(w.loop.logins) < 2 {
			w.run(time.Millisecond)
		}
		w.tellGate(orderSend, 2, 3, 0)
		w.run(time.Second)
		w.whole(p, w.loop.logins[1])
	})
}

// The client drops and asks again while the loop decides, twice.
func TestResumeBehindAResume(t *testing.T) {
	for _, refuse := range []bool{false, true} {
		w := newWorld(t, options{})
		p := w.players[0]
		l := w.login(p, transports[0])
		p.task(w, TaskAbort, 0)
		w.run(time.Second)
		p.send(w, 2)
		w.busy = true
		for range 3 {
			p.task(w, TaskAbort, 0)
			p.dial(w, transports[0], FlagResume)
			w.run(100 * time.Millisecond)
		}
		if w.marks["resume-behind-a-resume"] != 2 {
			t.Fatalf("marks: %v", w.marks)
		}
		w.busy, w.loop.refuse = false, refuse
		w.handle(&w.gate, nil, -1)
		w.run(time.Second)
		if !p.loop.up || p.loop.resumed == 1 == refuse {
			t.Fatalf("refuse %v: up %v, resumed %d, failed %v", refuse, p.loop.up, p.loop.resumed, p.loop.failed)
		}
		if !refuse {
			w.whole(p, l)
		}
		if w.shard().Len() != 1 {
			t.Fatalf("%d sessions are kept", w.shard().Len())
		}
	}
}

// The loop closes the epoch that it was asked about; the one behind it is asked
// about next, drops as well, and must not be found waiting for itself.
func TestWaiterOfAClosedEpoch(t *testing.T) {
	w := newWorld(t, options{})
	p := w.players[0]
	w.login(p, transports[0])
	p.task(w, TaskAbort, 0)
	w.run(time.Second)
	w.busy = true
	for range 2 {
		p.task(w, TaskAbort, 0)
		p.dial(w, transports[0], FlagResume)
		w.run(100 * time.Millisecond)
	}
	var asking, old *session
	for _, s := range w.shard().slots {
		if s != nil && s.state == stateResuming {
			asking, old = s, s.claimed
		}
	}
	w.step(&w.gate, nil, &node.Input{Kind: node.InTask, Type: TaskClose, Session: asking.id, Num: uint64(ReasonKicked)})
	waiter := old.claimant
	if waiter == nil || old.waiter != nil || waiter.state != stateResuming {
		t.Fatalf("the epoch behind is not asked about: claimant %v, waiter %v", old.claimant, old.waiter)
	}
	p.task(w, TaskAbort, 0)
	w.run(100 * time.Millisecond)
	w.step(&w.gate, nil, &node.Input{Kind: node.InTask, Type: TaskResume, Session: waiter.id, Num: uint64(old.id)})
	if waiter.state != stateDetached {
		t.Fatalf("the login is %v", waiter.state)
	}
}

// The login goes over its bound while the loop grants its resume.
func TestResumeGrantedOfNothing(t *testing.T) {
	w := newWorld(t, options{shard: func(cfg *ShardConfig) { cfg.Limits.UnackedMessages = 10 }})
	p := w.players[0]
	l := w.login(p, transports[0])
	w.tap = func(f *flight) bool { return !f.up } // no acknowledgement comes but with the wish to resume
	w.tellGate(orderSend, l.key, 3, 0)
	w.run(time.Second)
	p.task(w, TaskAbort, 0)
	w.run(time.Second)
	w.tap = nil
	w.tellGate(orderSend, l.key, 7, 0)
	w.busy = true
	p.dial(w, transports[0], FlagResume)
	w.run(100 * time.Millisecond)
	for range 4 { // sent before the loop heard of the wish
		w.step(&w.gate, nil, &node.Input{Kind: node.InTask, Type: TaskSend, Session: l.session})
	}
	w.busy = false
	w.handle(&w.gate, nil, -1)
	w.run(time.Second)
	if w.marks["resume-granted-of-nothing"] != 1 {
		t.Fatalf("marks: %v", w.marks)
	}
	if !l.over || l.reason != ReasonGone || l.acked != 3 {
		t.Fatalf("over %v with reason %v, acknowledged %d", l.over, l.reason, l.acked)
	}
	if p.loop.up || p.loop.resume {
		t.Fatalf("the client is up: %v, hopes to resume: %v", p.loop.up, p.loop.resume)
	}
	w.empty()
}

func TestForgottenLoginEnds(t *testing.T) {
	over(t, func(t *testing.T, tr transport) {
		w := newWorld(t, options{})
		p := w.players[0]
		l := w.login(p, tr)
		w.tellGate(orderSend, l.key, 2, 0)
		w.run(time.Second)
		p.task(w, TaskAbort, 0)
		w.run(DefaultDeadAfter + DefaultGrace + graceMargin + time.Second)
		if !l.over || l.acked != 2 {
			t.Fatalf("over %v, acknowledged %d", l.over, l.acked)
		}
		w.empty()
		p.dial(w, tr, FlagResume)
		w.run(time.Second)
		if !p.loop.up || p.loop.refused != 1 {
			t.Fatalf("up %v, refused %d", p.loop.up, p.loop.refused)
		}
	})
}

// A loop that never answers the question does not keep epochs for ever.
func TestUnansweredResumeEnds(t *testing.T) {
	w := newWorld(t, options{})
	p := w.players[0]
	w.login(p, transports[0])
	p.task(w, TaskAbort, 0)
	w.run(time.Second)
	w.busy = true
	for range 3 {
		p.dial(w, transports[0], FlagResume)
		w.run(time.Second)
		p.task(w, TaskAbort, 0)
	}
	w.run(2 * (DefaultGrace + graceMargin))
	w.empty()
}

// A loop with immediate delivery has handled messages that it had no time to
// tell its lane of. They are told with the dial, and do not come again.
func TestHandledIsToldWithTheDial(t *testing.T) {
	w := newWorld(t, options{immediate: true})
	p := w.players[0]
	l := w.login(p, transports[0])
	p.busy = true
	w.tellGate(orderSend, l.key, 9, 0)
	w.run(time.Second)
	w.handle(&p.side, p, 4)
	w.cut(p, 0, 0)
	w.run(time.Second)
	p.busy = false
	w.handle(&p.side, p, -1)
	if p.loop.got.last != 4 || p.host.Withdrawn() != 5 {
		t.Fatalf("%d handled, %d withdrawn", p.loop.got.last, p.host.Withdrawn())
	}
	w.resume(p, transports[0])
	w.whole(p, l)
}

// A server that cannot keep an epoch waiting does not cost the client its login.
func TestResumePutOff(t *testing.T) {
	w := newWorld(t, options{shard: func(cfg *ShardConfig) { cfg.HandshakeWithin = time.Second }})
	p := w.players[0]
	l := w.login(p, transports[0])
	p.task(w, TaskAbort, 0)
	w.run(time.Second)
	w.tap = func(f *flight) bool { return !f.up || f.packet[0] != packetSealed } // the begin never comes
	p.dial(w, transports[0], FlagResume)
	w.run(2 * time.Second)
	if n := len(p.loop.failed); n != 1 || p.loop.failed[0] != ReasonLate || !p.loop.resume {
		t.Fatalf("failed %v, may resume %v", p.loop.failed, p.loop.resume)
	}
	w.tap = nil
	w.resume(p, transports[0])
	w.whole(p, l)
}
