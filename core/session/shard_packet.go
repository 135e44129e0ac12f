package session

import (
	"messiah/core/node"
)

// sealedIn handles a packet of a session that stands.
func (sh *Shard) sealedIn(in *node.Input) {
	id, seq, ok := sealedName(in.Body)
	if !ok {
		sh.nonsense(in)
		return
	}
	s := sh.lookup(id)
	if s == nil || !s.attached() || s.endpoint.Stream != in.Endpoint.Stream {
		if in.Endpoint.Stream == 0 {
			sh.counters.Strays++
			return
		}
		sh.nonsense(in)
		return
	}
	newest := seq > s.seen.newest
	plain := s.openPacket(in, seq)
	if plain == nil {
		if s.stream() {
			sh.lose(s, ReasonForged)
		}
		return
	}
	if s.accept != nil {
		s.accept = nil // the client has the keys, so it has the accept
		s.useARQ()
	}
	sh.touch(s)
	if !sh.chargePacket(s, len(in.Body)) {
		sh.cutOff(s, ReasonFlood)
		return
	}
	if newest {
		s.roam(in)
	}
	if r := sh.plainIn(s, plain, in.Endpoint, seq); r != ReasonNone {
		sh.cutOff(s, r)
	}
}

// paidMost bounds how many packets may come before the messages that are in them.
const paidMost = 64

// chargePacket takes one packet's worth from the client's budget.
func (sh *Shard) chargePacket(s *session, size int) bool {
	s.paid = min(s.paid+1, paidMost)
	return s.messages.take(sh.env.Now(), 1, sh.cfg.MessageRate, sh.cfg.MessageBurst) && sh.chargeBytes(s, size)
}

func (sh *Shard) chargeBytes(s *session, size int) bool {
	return s.bytes.take(sh.env.Now(), uint64(size), sh.cfg.ByteRate, sh.cfg.ByteBurst)
}

// chargeMessage takes one message's worth; the first of each packet is paid for.
func (sh *Shard) chargeMessage(s *session) bool {
	if s.paid > 0 {
		s.paid--
		return true
	}
	return s.messages.take(sh.env.Now(), 1, sh.cfg.MessageRate, sh.cfg.MessageBurst)
}

// plainIn handles one packet's plaintext. It returns why the session is to end, if it is.
func (sh *Shard) plainIn(s *session, plain []byte, from node.Endpoint, seq uint64) Reason {
	kind, b := plain[0], plain[1:]
	switch kind {
	case kindPing, kindPong:
		if !s.pong(kind, b, from) {
			return ReasonBad
		}
	case kindClose:
		sh.logout(s)
	case kindLatest:
		return sh.latestIn(s, b, seq)
	case kindARQ:
		if s.arq == nil || !s.arq.Input(sh.env.Now(), b) {
			return ReasonBad
		}
		return sh.arqOut(s)
	default:
		if !s.stream() {
			return ReasonBad
		}
		return sh.orderedIn(s, plain)
	}
	return ReasonNone
}

// arqOut handles the messages that the ARQ has put together.
func (sh *Shard) arqOut(s *session) Reason {
	for s.attached() {
		message, ok := s.arq.Receive(sh.message[:0])
		if !ok {
			break
		}
		sh.message = message
		if len(message) == 0 {
			return ReasonBad
		}
		if r := sh.orderedIn(s, message); r != ReasonNone {
			return r
		}
	}
	return ReasonNone
}

// orderedIn handles what comes in order: batches and control messages.
func (sh *Shard) orderedIn(s *session, b []byte) Reason {
	switch {
	case b[0] == kindClose:
		s.confirmClose()
		sh.logout(s)
	case s.state == stateClosing:
		// Sent before the client knew that its session is over; the loop knows already.
		sh.env.Mark("message-while-closing")
	case b[0] == kindBatch:
		return sh.batchIn(s, b[1:])
	case b[0] == kindBegin:
		return sh.beginIn(s, b[1:])
	default:
		return ReasonBad
	}
	return ReasonNone
}

// logout is the client's own end of its session.
func (sh *Shard) logout(s *session) { sh.end(s, ReasonLogout) }

// batchIn delivers a batch's messages to the loop.
func (sh *Shard) batchIn(s *session, b []byte) Reason {
	if s.state != stateOpen {
		return ReasonBad
	}
	list, ok := s.openBatch(b)
	if !ok {
		return ReasonBad
	}
	sh.confirmed(s)
	if beyond := len(list) - len(b); beyond > 0 && !sh.chargeBytes(s, beyond) {
		return ReasonFlood
	}
	for len(list) > 0 {
		var body []byte
		if body, list, ok = nextMessage(list); !ok {
			return ReasonBad
		}
		if r := sh.admit(s, body); r != ReasonNone {
			return r
		}
		s.received++
		sh.deliver(s, 0, s.received, body)
	}
	if sh.cfg.AckOnReceipt {
		s.handled = s.received
		s.owe()
	}
	return ReasonNone
}

// latestIn delivers latest-wins messages. Those of a client that does not know
// yet that its resume was granted cannot exist.
func (sh *Shard) latestIn(s *session, b []byte, seq uint64) Reason {
	switch s.state {
	case stateOpen:
	case stateAccepted, stateClosing:
		// The begin, sent before, was lost on the way or overtaken; or the end of the session is on its way.
		sh.env.Mark("latest-out-of-time")
		return ReasonNone
	default:
		return ReasonBad
	}
	list, ok := s.openLatest(b, seq)
	if !ok {
		return ReasonBad
	}
	for len(list) > 0 {
		body, rest, ok := nextMessage(list)
		if !ok {
			return ReasonBad
		}
		if r := sh.admit(s, body); r != ReasonNone {
			return r
		}
		sh.deliver(s, node.FlagLatest, 0, body)
		list = rest
	}
	return ReasonNone
}

// admit lets a message through that keeps to the budget and to the format.
func (sh *Shard) admit(s *session, body []byte) Reason {
	if !sh.chargeMessage(s) {
		return ReasonFlood
	}
	if sh.cfg.Validate(body) != nil {
		sh.counters.Invalid++
		return ReasonBad
	}
	return ReasonNone
}

func (sh *Shard) deliver(s *session, flags uint8, num uint64, body []byte) {
	sh.env.Answer(&node.Input{Kind: node.InClient, Flags: flags, Session: s.id, Num: num, Body: body})
}
