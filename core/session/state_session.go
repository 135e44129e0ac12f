package session

import (
	"messiah/core/node"
	"messiah/core/wire"
)

// Code reads or writes the session, what it has to do with other sessions aside.
func (s *session) Code(c *wire.Coder) {
	s.peer.code(c)
	c.Uint8((*uint8)(&s.state))
	c.Bool(&s.announced)
	c.Bool(&s.loggedIn)
	codeTime(c, &s.until)
	codeTime(c, &s.messages.full)
	codeTime(c, &s.bytes.full)
	c.Uint8(&s.paid)
	fixed(c, s.init.random[:])
	s.init.at.Code(c)
	c.Bytes(&s.accept)
	c.Bytes(&s.version)
	codeToken(c, &s.token)
	codeToken(c, &s.oldToken)
	codeSession(c, &s.oldID)
	codeToken(c, &s.claim.token)
	codeSession(c, &s.claim.session)
	c.Uint64(&s.claim.received)
	codeReason(c, &s.gone)
	c.Bool(&s.final)
}

// code reads or writes a half of an epoch.
func (p *peer) code(c *wire.Coder) {
	p.flow.code(c)
	codeSession(c, &p.id)
	p.endpoint.Code(c)
	p.out.code(c)
	p.in.code(c)
	c.Uint64(&p.sealed)
	p.seen.code(c)
	p.codeARQ(c)
	c.Uint32(&p.conv)
	for _, t := range []*node.Time{&p.resend, &p.heard, &p.said, &p.ackAt, &p.pinged, &p.rtt} {
		codeTime(c, t)
	}
	c.Bool(&p.open)
	c.Bool(&p.owing)
	c.Bool(&p.packing)
	codeReason(c, &p.closing)
	c.Bool(&p.closed)
	p.latest.code(c)
	p.path.at.Code(c)
	c.Uint64(&p.path.word)
	codeTime(c, &p.path.asked)
}

// codeARQ reads or writes whether there is an ARQ. What is in it cannot be written.
func (p *peer) codeARQ(c *wire.Coder) {
	has := p.arq != nil
	c.Bool(&has)
	if c.Decoding() && has {
		c.Fail(errARQState)
	}
}

// code reads or writes the channel; what has made room is not part of it.
func (l *latest) code(c *wire.Coder) {
	list := l.list[l.oldest:]
	c.Bytes(&list)
	c.Uint64(&l.round)
	if !c.Decoding() {
		return
	}
	l.list, l.oldest = list, 0
	for len(list) > 0 {
		var ok bool
		if _, list, ok = nextMessage(list); !ok {
			c.Fail(errState)
			return
		}
	}
}

// sound tells whether a session that was read back is one that can be.
func (s *session) sound() bool {
	keyed := s.in.aead != nil && s.out.aead != nil
	switch s.state {
	case stateGreeted:
		return !keyed && s.stream()
	case stateDetached:
		return !keyed && s.endpoint == (node.Endpoint{}) && s.loggedIn
	case stateAccepted, stateWaiting, stateOpen:
		return keyed && s.readable()
	case stateResuming:
		return keyed == (s.gone == ReasonNone) && (!keyed || s.readable())
	}
	return false // also a closing one, which has an ARQ
}

// readable tells whether the next packet finds what it needs: over datagrams
// the ARQ is made at the first one, which the accept's presence tells.
func (s *session) readable() bool { return s.stream() || s.accept != nil && s.st.newARQ != nil }

// State reads or writes the whole state between two steps, its configuration
// aside. As with a Shard, a session over datagrams that has an ARQ is written
// but refused when it is read, and only one may go on with a state.
func (d *Dialer) State(c *wire.Coder) {
	d.peer.code(c)
	d.counters.code(c)
	c.Uint8((*uint8)(&d.state))
	c.Bool(&d.dirty)
	c.Uint32(&d.dials)
	fixed(c, d.random[:])
	c.Uint32(&d.hint)
	fixed(c, d.ephemeral[:])
	c.Bytes(&d.question)
	for _, t := range []*node.Time{&d.retryAt, (*node.Time)(&d.retryWait), &d.failAt} {
		codeTime(c, t)
	}
	c.Uint8(&d.older)
	c.Uint8(&d.verdict)
	c.Bool(&d.resuming)
	codeToken(c, &d.token)
	codeSession(c, &d.tokenID)
	if !c.Decoding() || c.Err() != nil {
		return
	}
	d.noise = nil // made again when the accept comes
	if !d.sound() {
		c.Fail(errState)
	}
}

// sound tells whether a dialer that was read back is one that can be.
func (d *Dialer) sound() bool {
	keyed := d.in.aead != nil && d.out.aead != nil
	switch d.state {
	case dialIdle:
		return !keyed && d.endpoint == (node.Endpoint{})
	case dialConnecting:
		return !keyed && d.stream()
	case dialHello, dialInit:
		return !keyed && len(d.question) > 0 && (d.stream() || d.cfg.NewARQ != nil)
	case dialResuming, dialOpen:
		return keyed && d.stream()
	}
	return false // also a closing one, which has an ARQ
}
