package session

import (
	"messiah/core/node"
)

// lose ends a session's transport. A login that may be resumed is kept.
func (sh *Shard) lose(s *session, r Reason) {
	switch {
	case s.state == stateResuming:
		sh.holdEnd(s, r, false)
	case s.state == stateOpen && s.loggedIn:
		sh.disconnected(s, r, FlagResumable)
		sh.dropTransport(s)
		s.state = stateDetached
		s.until = sh.env.Now().Add(sh.cfg.Grace + graceMargin)
		sh.look(s)
	default:
		sh.end(s, r)
	}
}

// end ends a session for good; nothing of it stays.
func (sh *Shard) end(s *session, r Reason) {
	if s.state == stateResuming {
		sh.holdEnd(s, r, true)
		return
	}
	sh.finish(s, r)
}

// holdEnd keeps the end of an epoch from the loop until the loop has answered
// whether it may resume. Were the end told at once, the loop's consent could
// cross it, and neither side would know under which name the login goes on.
func (sh *Shard) holdEnd(s *session, r Reason, final bool) {
	if s.gone == ReasonNone {
		sh.env.Mark("lost-while-resuming")
		s.gone = r
		sh.dropTransport(s)
	}
	s.final = s.final || final
	s.until = sh.env.Now().Add(sh.cfg.Grace + graceMargin)
	sh.look(s)
}

// closeInOrder ends a session for the loop at once, and for the client behind
// what was sent before: an ARQ still carries that, for a while.
func (sh *Shard) closeInOrder(s *session, r Reason) {
	sh.disconnected(s, r, 0)
	s.state, s.closing, s.announced, s.loggedIn = stateClosing, r, false, false
	s.until = sh.env.Now().Add(sh.cfg.Limits.Linger)
	sh.touch(s)
	sh.look(s)
}

// finish tells the loop and frees the session.
func (sh *Shard) finish(s *session, r Reason) {
	switch {
	case s.state == stateDetached:
		sh.env.Answer(&node.Input{Kind: node.InAnswer, Type: AnswerDropped, Session: s.id, Num: s.cookie})
	case s.announced:
		sh.disconnected(s, r, 0)
	}
	sh.release(s)
}

// expire ends what the loop has forgotten: a detached login, or a question whether one may be resumed.
func (sh *Shard) expire(s *session) {
	if s.state == stateResuming {
		sh.closeResuming(s, ReasonTimeout)
		return
	}
	sh.finish(s, ReasonTimeout)
}

func (sh *Shard) disconnected(s *session, r Reason, flags uint8) {
	sh.env.Answer(&node.Input{
		Kind: node.InDisconnected, Flags: flags, Session: s.id, Type: uint16(r), Num: s.cookie,
	})
}

// dropTransport gives back what belongs to the connection and not to the login.
func (sh *Shard) dropTransport(s *session) {
	sh.leaveHalf(s)
	if s.stream() && sh.streams[s.endpoint.Stream] == s {
		delete(sh.streams, s.endpoint.Stream)
		s.hangUp()
	}
	if sh.inits[s.init] == s {
		delete(sh.inits, s.init)
	}
	s.init, s.accept, s.version = initKey{}, nil, nil
	s.detach()
}

// release frees a session, its slot included.
func (sh *Shard) release(s *session) {
	sh.dropTransport(s)
	sh.forgetOld(s)
	if old := s.claimed; old != nil {
		if old.claimant == s {
			old.claimant = nil
		}
		if old.waiter == s {
			old.waiter = nil
		}
	}
	if c := s.claimant; c != nil {
		c.claimed = nil // the loop's answer to it finds nothing
		c.cookie = s.cookie
	}
	waiter := s.waiter
	s.claimed, s.claimant, s.waiter = nil, nil, nil
	slot := s.id.Slot()
	sh.slots[slot] = nil
	sh.free = append(sh.free, int32(slot))
	sh.live--
	sh.deadlines.drop(slot)
	s.state, s.flow = stateEnd, flow{}
	if waiter != nil {
		waiter.claimed = nil
		sh.refuseClient(waiter, ReasonGone)
	}
}
