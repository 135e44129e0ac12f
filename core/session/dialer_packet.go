package session

import (
	"bytes"

	"messiah/core/node"
)

// packetIn sorts a packet out by its type.
func (d *Dialer) packetIn(in *node.Input) {
	b := in.Body
	if d.state == dialIdle || len(b) < acceptHead || in.Endpoint.Stream != d.endpoint.Stream {
		d.counters.Nonsense++
		return
	}
	if b[0] == packetSealed {
		d.sealedIn(in)
		return
	}
	if !bytes.Equal(b[prefixLen:acceptHead], d.random[:]) {
		d.counters.Nonsense++ // an answer to an earlier try, or of somebody who guesses
		return
	}
	switch {
	case b[0] == packetCookie && d.state == dialHello && len(b) == acceptHead+cookieLen:
		d.init(b[acceptHead:])
	case b[0] == packetAccept && d.state == dialInit && len(b) <= acceptHead+maxInit:
		d.accepted(b[acceptHead:])
	case b[0] == packetRefuse && (d.state == dialHello || d.state == dialInit):
		if r, ok := parseRefuse(b); ok {
			d.older = r.older
			d.lose(r.reason, r.retryMillis)
		}
	default:
		d.counters.Nonsense++
	}
}

// init answers a cookie with the client's half of the key exchange.
func (d *Dialer) init(cookie []byte) {
	r := d.env.Rand()
	r.Read(d.ephemeral[:])
	d.conv = uint32(r.Uint64())
	hs, message := d.initiate()
	if hs == nil {
		d.lose(ReasonKey, 0)
		return
	}
	d.noise, d.state = hs, dialInit
	b := append(appendPrefix(nil, packetInit, d.hint), d.random[:]...)
	d.ask(append(append(b, cookie...), message...))
}

func (d *Dialer) initiate() (*noiseState, []byte) {
	return initiate(d.cfg.ServerKey, d.random, d.ephemeral, &initPayload{d.cfg.Version, d.conv})
}

// accepted ends the handshake and says what the client wants.
func (d *Dialer) accepted(message []byte) {
	if d.noise == nil {
		d.noise, _ = d.initiate()
	}
	payload, toServer, toClient, ok := complete(d.noise, message)
	if !ok {
		// Forged. The half-done handshake may be spoilt by it and is made again for the true accept.
		d.counters.Forged++
		d.noise = nil
		return
	}
	d.noise, d.question, d.ephemeral = nil, nil, [32]byte{}
	d.counters.Handshakes++
	d.verdict, d.older = payload.verdict, olderNone
	if payload.older < olderEnd {
		d.older = payload.older
	}
	d.attach(node.Session(payload.session), d.endpoint, toServer, toClient)
	d.useARQ()
	d.dirty = true
	if !d.resuming {
		d.beginFresh()
		return
	}
	d.state = dialResuming
	d.say(appendBegin(nil, beginResume, claim{d.token, d.tokenID, d.received}))
}

func (d *Dialer) beginFresh() {
	d.say(appendBegin(nil, beginFresh, claim{}))
	d.opened(0)
}

// opened tells the loop that messages flow, and how the versions compare (a wire.Verdict).
func (d *Dialer) opened(resumed uint64) {
	d.state, d.open, d.dirty = dialOpen, true, true
	d.rewind()
	d.env.Answer(&node.Input{
		Kind: node.InConnected, Type: uint16(d.verdict), Session: d.id, Num: resumed, Body: []byte(olderNames[d.older]),
	})
}

// sealedIn handles a packet of the session.
func (d *Dialer) sealedIn(in *node.Input) {
	id, seq, ok := sealedName(in.Body)
	if !ok || !d.sealing() || id != d.id {
		d.counters.Strays++
		return
	}
	plain := d.openPacket(in, seq)
	if plain == nil {
		if d.stream() {
			d.lose(ReasonForged, 0)
		}
		return
	}
	d.dirty = true
	if !d.plainIn(plain, in.Endpoint, seq) {
		d.broken()
	}
}

// broken ends the session with a server that does not keep to the protocol.
func (d *Dialer) broken() {
	if d.sealing() {
		d.sayClose(ReasonBad)
		d.end(ReasonBad)
	}
}

// plainIn handles one packet's plaintext; false says that it breaks the protocol.
func (d *Dialer) plainIn(plain []byte, from node.Endpoint, seq uint64) bool {
	kind, b := plain[0], plain[1:]
	switch kind {
	case kindPing, kindPong:
		return d.pong(kind, b, from)
	case kindClose:
		return d.closed(b)
	case kindLatest:
		return d.latestIn(b, seq)
	case kindARQ:
		return d.arq != nil && d.arq.Input(d.env.Now(), b) && d.arqOut()
	}
	return d.stream() && d.orderedIn(plain)
}

// arqOut handles the messages that the ARQ has put together.
func (d *Dialer) arqOut() bool {
	for d.sealing() {
		message, ok := d.arq.Receive(d.message[:0])
		if !ok {
			break
		}
		d.message = message
		if len(message) == 0 || !d.orderedIn(message) {
			return false
		}
	}
	return true
}

// orderedIn handles what comes in order: batches and control messages.
func (d *Dialer) orderedIn(b []byte) bool {
	kind, b := b[0], b[1:]
	switch kind {
	case kindBatch:
		return d.state >= dialOpen && d.batchIn(b)
	case kindToken:
		return d.state >= dialOpen && d.tokenIn(b)
	case kindResumed:
		return d.state == dialResuming && d.resumedIn(b)
	case kindRefused:
		return d.state == dialResuming && d.resumeRefused(b)
	case kindClose:
		d.confirmClose()
		return d.closed(b)
	}
	return false
}

func (d *Dialer) batchIn(b []byte) bool {
	list, ok := d.openBatch(b)
	if !ok {
		return false
	}
	for len(list) > 0 {
		var body []byte
		if body, list, ok = nextMessage(list); !ok {
			return false
		}
		d.received++
		d.deliver(0, d.received, body)
	}
	if !d.cfg.AckOnHandled {
		d.handled = d.received
		d.owe()
	}
	return true
}

func (d *Dialer) latestIn(b []byte, seq uint64) bool {
	if d.state < dialOpen {
		d.env.Mark("latest-before-resumed")
		return true
	}
	list, ok := d.openLatest(b, seq)
	if !ok {
		return false
	}
	for len(list) > 0 {
		body, rest, ok := nextMessage(list)
		if !ok {
			return false
		}
		d.deliver(node.FlagLatest, 0, body)
		list = rest
	}
	return true
}

func (d *Dialer) deliver(flags uint8, num uint64, body []byte) {
	d.env.Answer(&node.Input{Kind: node.InClient, Flags: flags, Session: d.id, Num: num, Body: body})
}

// tokenIn keeps what resumes this login, unless the loop has ended it.
func (d *Dialer) tokenIn(b []byte) bool {
	if len(b) != len(d.token) {
		return false
	}
	d.packing = true
	if d.state == dialOpen {
		copy(d.token[:], b)
		d.tokenID = d.id
	}
	return true
}

// resumedIn is the grant: what the server has not received is sent again.
func (d *Dialer) resumedIn(b []byte) bool {
	received, fresh, ok := parseResumed(b)
	if !ok || !d.acknowledge(received) {
		return false
	}
	d.token, d.tokenID, d.packing = fresh, d.id, true
	d.opened(1)
	d.owing = true // any batch tells the server that the new token is here
	return true
}

// resumeRefused ends the old login; the epoch goes on as a new client's.
func (d *Dialer) resumeRefused(b []byte) bool {
	if _, ok := parseReason(b); !ok {
		return false
	}
	d.env.Answer(&node.Input{Kind: node.InAnswer, Type: AnswerResumeRefused, Num: d.cookie})
	d.forget()
	d.resuming = false
	d.beginFresh()
	return true
}

// closed is the server's end of the session.
func (d *Dialer) closed(b []byte) bool {
	r, ok := parseReason(b)
	switch {
	case !ok:
		return false
	case d.state == dialResuming && (r == ReasonBusy || r == ReasonLate || r == ReasonTimeout):
		// The server could not keep this epoch waiting; the login may still be there.
		d.env.Mark("resume-put-off")
		d.lose(r, 0)
	default:
		d.end(r)
	}
	return true
}

// task handles work from the loop.
func (d *Dialer) task(in *node.Input) {
	switch in.Type {
	case TaskDial:
		d.dial(in)
	case TaskSend:
		d.send(in)
	case TaskHandled:
		d.noteHandled(in.Num)
	case TaskClose:
		d.close()
	case TaskAbort:
		if d.state != dialIdle {
			d.lose(ReasonLost, 0)
		}
	}
}

// send takes a message for the server. Before the session stands, and while
// the login may be resumed, it is kept; without either it has nobody to go to.
func (d *Dialer) send(in *node.Input) {
	if in.Conn != 0 {
		d.noteHandled(in.Conn)
	}
	latest := in.Flags&node.FlagLatest != 0
	switch {
	case d.state == dialIdle && !d.Resumable() || d.state == dialClosing:
		d.env.Mark("send-without-session")
	case latest && d.state != dialOpen:
		d.counters.LatestDropped++
	case len(in.Body) > MaxMessage:
		d.cutOff(ReasonTooLarge)
	case !d.peer.send(in.Flags, in.Num, in.Body):
		d.cutOff(ReasonSlow)
	default:
		d.dirty = true
	}
}

// cutOff ends the login for a bound that its sender went over.
func (d *Dialer) cutOff(r Reason) {
	d.env.Mark("dialer-over-bound")
	if d.state == dialIdle {
		d.drop()
		return
	}
	if d.sealing() {
		d.sayClose(r)
	}
	d.end(r)
}

// drop gives up a login that is not connected, and says so to the loop.
func (d *Dialer) drop() {
	if d.Resumable() {
		d.env.Answer(&node.Input{Kind: node.InAnswer, Type: AnswerDropped, Num: d.cookie})
	}
	d.forget()
}

func (d *Dialer) noteHandled(upTo uint64) {
	if !d.handle(upTo) {
		d.env.Mark("handled-more-than-received")
		return
	}
	if d.state == dialOpen {
		d.owe()
		d.dirty = true
	}
}

// close is a logout: what was sent before goes out first. Over datagrams the
// loop hears that the session has ended when the server has all, or when that
// takes too long.
func (d *Dialer) close() {
	switch {
	case d.state == dialIdle:
		d.drop()
		return
	case d.state == dialClosing:
		return
	case d.state == dialOpen && d.arq != nil:
		d.token = token{}
		d.state, d.closing, d.dirty = dialClosing, ReasonLogout, true
		d.failAt = d.env.Now().Add(d.cfg.Limits.Linger)
		return
	case d.state == dialOpen:
		d.peer.flush()
	}
	if d.sealing() {
		d.sayClose(ReasonLogout)
	}
	d.end(ReasonLogout)
}
