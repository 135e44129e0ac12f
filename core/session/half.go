package session

import "messiah/core/node"

// halfList holds unfinished handshakes, oldest first. Streams that have only
// said hello are in a list apart from handshakes that have cost a key exchange,
// so that those, which are cheap to make, cannot push these out.
type halfList struct {
	first, last *session
	count       int
}

func (l *halfList) add(s *session) {
	s.half, s.olderHalf = l, l.last
	if l.last != nil {
		l.last.newerHalf = s
	} else {
		l.first = s
	}
	l.last = s
	l.count++
}

func (l *halfList) remove(s *session) {
	if s.olderHalf != nil {
		s.olderHalf.newerHalf = s.newerHalf
	} else {
		l.first = s.newerHalf
	}
	if s.newerHalf != nil {
		s.newerHalf.olderHalf = s.olderHalf
	} else {
		l.last = s.olderHalf
	}
	s.half, s.olderHalf, s.newerHalf = nil, nil, nil
	l.count--
}

// halfOf returns the list that a session in its state belongs to.
func (sh *Shard) halfOf(s *session) *halfList {
	if s.state == stateGreeted {
		return &sh.greeted
	}
	return &sh.accepted
}

// enterHalf counts a session among the unfinished handshakes; at the bound the oldest goes.
func (sh *Shard) enterHalf(s *session) {
	if s.half != nil && s.half != sh.halfOf(s) {
		s.half.remove(s)
	}
	if s.half == nil {
		l := sh.halfOf(s)
		if l.count >= sh.cfg.MaxHalfOpen {
			sh.env.Mark("half-open-bound")
			sh.counters.Unfinished++
			sh.cutOff(l.first, ReasonBusy)
		}
		l.add(s)
	}
	s.until = sh.env.Now().Add(sh.cfg.HandshakeWithin)
	sh.look(s)
}

// leaveHalf ends the wait for the rest of a handshake.
func (sh *Shard) leaveHalf(s *session) {
	if s.half != nil {
		s.half.remove(s)
		s.until = node.Never
	}
}
