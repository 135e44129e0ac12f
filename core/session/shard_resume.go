package session

import (
	"messiah/core/node"
)

// beginIn handles the first word of a client inside its session: it is new, or
// asks to resume a login.
func (sh *Shard) beginIn(s *session, b []byte) Reason {
	how, c, ok := parseBegin(b)
	if !ok || s.state != stateAccepted {
		return ReasonBad
	}
	if how == beginFresh {
		sh.leaveHalf(s)
		s.state, s.open = stateOpen, true
		if !s.announced {
			sh.announce(s, 0)
		}
		return ReasonNone
	}
	if s.announced {
		return ReasonBad // the loop has refused to resume it; it can only begin afresh
	}
	s.claim = c
	sh.ask(s)
	return ReasonNone
}

// ask looks for the login that the session's claim proves, and puts the
// question to the loop.
func (sh *Shard) ask(s *session) {
	old := sh.claimedBy(&s.claim)
	if old == nil || !old.acknowledge(s.claim.received) {
		sh.env.Mark("resume-refused")
		sh.counters.ResumeRefused++
		sh.refuseClient(s, ReasonGone)
		return
	}
	if before := old.claimant; before != nil {
		// The client dropped while the loop decided about its last try. That must be settled
		// first: only then is it known under which name the loop has the login.
		sh.env.Mark("resume-behind-a-resume")
		if w := old.waiter; w != nil {
			sh.end(w, ReasonReplaced)
		}
		old.waiter, s.claimed, s.state = s, old, stateWaiting
		sh.lose(before, ReasonReplaced)
		return
	}
	if old.state == stateOpen {
		// The client noticed before us that its connection is gone.
		sh.env.Mark("resume-of-attached")
		sh.lose(old, ReasonReplaced)
	}
	sh.leaveHalf(s)
	s.state, s.claimed, old.claimant = stateResuming, old, s
	s.until = sh.env.Now().Add(sh.cfg.Grace + graceMargin)
	sh.announce(s, old.id)
	sh.look(s)
}

// claimedBy returns the login that a claim is good for.
func (sh *Shard) claimedBy(c *claim) *session {
	s := sh.lookup(c.session)
	if s == nil {
		s = sh.aliases[c.session]
	}
	if s == nil || !s.loggedIn {
		return nil
	}
	switch {
	case c.session == s.id && c.token.same(&s.token):
		return s
	case c.session == s.oldID && c.token.same(&s.oldToken):
		// The grant of the new token was lost with its epoch.
		sh.env.Mark("resume-by-previous-token")
		return s
	}
	return nil
}

// takeWaiter takes the epoch, if there is one, that waits for the loop's word on an earlier one.
func (old *session) takeWaiter() *session {
	if old == nil || old.waiter == nil {
		return nil
	}
	w := old.waiter
	old.waiter, w.claimed = nil, nil
	return w
}

// refuseClient tells a client that its login is not to be had; it may begin afresh.
func (sh *Shard) refuseClient(s *session, r Reason) {
	s.state, s.claim, s.claimed, s.cookie = stateAccepted, claim{}, nil, 0
	s.say(appendReason(nil, kindRefused, r))
	sh.touch(s)
	sh.enterHalf(s)
}

// announce tells the loop of a new epoch.
func (sh *Shard) announce(s *session, old node.Session) {
	s.announced = true
	sh.env.Answer(&node.Input{Kind: node.InConnected, Session: s.id, Num: uint64(old), Body: s.version})
	s.version = nil
}

// resume is the loop's consent: the login goes on in the epoch that asked.
func (sh *Shard) resume(s *session, in *node.Input) {
	if s == nil || s.state != stateResuming {
		sh.env.Mark("resume-after-session-end")
		return
	}
	old := s.claimed
	if old == nil || old.id != node.Session(in.Num) {
		// The login went over its bound, or was dropped, while the loop granted it.
		sh.env.Mark("resume-granted-of-nothing")
		sh.closeResuming(s, ReasonGone)
		return
	}
	waiter := old.takeWaiter()
	sh.inherit(s, old)
	if s.handle(in.Conn); s.handled < in.Conn {
		sh.env.Mark("handled-more-than-received")
	}
	// What was delivered and not handled was withdrawn with its epoch; the client sends it again.
	s.received = s.handled
	s.state, s.until = stateOpen, node.Never
	if s.gone == ReasonNone {
		s.open = true
		s.rewind()
		s.say(appendResumed(nil, s.handled, s.token))
		sh.touch(s)
		sh.look(s)
		return
	}
	sh.settleGone(s)
	if waiter != nil {
		sh.ask(waiter)
	}
}

// inherit moves a login from an epoch that ended to the one that resumes it.
func (sh *Shard) inherit(s, old *session) {
	s.flow, s.loggedIn, s.packing = old.flow, true, true
	s.oldToken, s.oldID = s.claim.token, s.claim.session
	s.token.draw(sh.env.Rand())
	s.claim, s.claimed, old.claimant = claim{}, nil, nil
	sh.release(old)
	sh.aliases[s.oldID] = s
}

// confirmed notes that the client speaks in a resumed epoch: it has the new token, so that the old one is spent.
func (sh *Shard) confirmed(s *session) { sh.forgetOld(s) }

// forgetOld spends the token that was good for the epoch before.
func (sh *Shard) forgetOld(s *session) {
	if s.oldID != 0 {
		delete(sh.aliases, s.oldID)
		s.oldID, s.oldToken = 0, token{}
	}
}

// settleGone tells the loop the end of an epoch that was lost while the loop decided about it.
func (sh *Shard) settleGone(s *session) {
	reason, final := s.gone, s.final
	s.gone, s.final = ReasonNone, false
	s.state = stateOpen
	if final {
		sh.end(s, reason)
		return
	}
	sh.lose(s, reason)
}

// closeResuming ends an epoch instead of an answer to its question. The login
// that it asked for stays, for a later try or for the loop to drop.
func (sh *Shard) closeResuming(s *session, r Reason) {
	waiter := s.claimed.takeWaiter()
	if s.attached() {
		s.sayClose(r)
	}
	s.state, s.gone = stateOpen, ReasonNone
	sh.finish(s, r)
	if waiter != nil {
		sh.ask(waiter)
	}
}

// refuseResume is the loop's refusal: the client may begin afresh in the same epoch.
func (sh *Shard) refuseResume(s *session, r Reason) {
	if s.state != stateResuming {
		sh.env.Mark("refuse-without-question")
		return
	}
	waiter := s.claimed.takeWaiter()
	if old := s.claimed; old != nil {
		old.claimant = nil
	}
	if s.gone != ReasonNone {
		s.claimed = nil
		sh.settleGone(s)
	} else {
		sh.refuseClient(s, r)
	}
	if waiter != nil {
		sh.ask(waiter)
	}
}
