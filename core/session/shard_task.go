package session

import (
	"messiah/core/node"
)

// task handles work from the loop. What names a session that has ended raced
// with the end and is ignored.
func (sh *Shard) task(in *node.Input) {
	s := sh.lookup(in.Session)
	if in.Type == TaskResume {
		sh.resume(s, in)
		return
	}
	if s == nil || s.state == stateClosing {
		sh.env.Mark("task-after-session-end")
		return
	}
	switch in.Type {
	case TaskSend:
		sh.send(s, in)
	case TaskHandled:
		sh.handled(s, in.Num)
	case TaskLoggedIn:
		sh.logIn(s)
	case TaskClose:
		sh.close(s, Reason(in.Num))
	case TaskRefuseResume:
		sh.refuseResume(s, Reason(in.Num))
	case TaskDrop:
		if s.state == stateDetached {
			sh.end(s, ReasonTimeout)
		} else {
			sh.env.Mark("drop-of-attached-session")
		}
	}
}

// send takes a message for the client. A client that is too far behind is cut
// off, alone; a detached login is given up.
func (sh *Shard) send(s *session, in *node.Input) {
	if in.Conn != 0 {
		sh.handled(s, in.Conn)
	}
	latest := in.Flags&node.FlagLatest != 0
	switch {
	case !s.announced || s.state == stateResuming:
		sh.env.Mark("send-before-connected")
	case latest && s.state != stateOpen:
		sh.counters.LatestDropped++
	case len(in.Body) > MaxMessage:
		sh.cutOff(s, ReasonTooLarge)
	case !s.peer.send(in.Flags, in.Num, in.Body):
		sh.env.Mark("client-over-unacked-bound")
		sh.cutOff(s, ReasonSlow)
	case s.state == stateOpen:
		sh.touch(s)
	}
}

// handled notes how many of the client's messages the loop has handled.
func (sh *Shard) handled(s *session, upTo uint64) {
	if !s.handle(upTo) {
		sh.env.Mark("handled-more-than-received")
		return
	}
	if s.state == stateOpen {
		s.owe()
		sh.touch(s)
	}
}

// logIn makes a session resumable.
func (sh *Shard) logIn(s *session) {
	if s.state != stateOpen || s.loggedIn {
		sh.env.Mark("logged-in-twice")
		return
	}
	s.loggedIn, s.packing = true, true
	s.token.draw(sh.env.Rand())
	s.say(append([]byte{kindToken}, s.token[:]...))
	sh.touch(s)
}

// close ends a session at the loop's word; what the loop had sent before goes out first.
func (sh *Shard) close(s *session, r Reason) {
	switch {
	case s.state == stateResuming:
		sh.closeResuming(s, r)
	case s.state == stateOpen && s.arq != nil:
		sh.closeInOrder(s, r)
	case s.state == stateOpen:
		s.peer.flush()
		sh.cutOff(s, r)
	default:
		sh.cutOff(s, r)
	}
}

// cutOff ends a session for good and tells the client why.
func (sh *Shard) cutOff(s *session, r Reason) {
	if s.attached() {
		s.sayClose(r)
	}
	sh.end(s, r)
}
