package session

import (
	"encoding/binary"
	"time"

	"messiah/core/node"
)

// station is what the sessions of one lane share: the way out, the bounds, and
// buffers that each use overwrites.
type station struct {
	env    *node.LaneEnv // valid during one step
	limits Limits
	newARQ NewARQ

	packet   []byte // what is being sealed
	plain    []byte // what was opened
	message  []byte // what the ARQ put together
	packed   []byte // a batch as compressed
	unpacked []byte // a batch as decompressed
	counters Counters
}

// trim gives back the room that a busy time left behind.
func (st *station) trim() {
	for _, b := range []*[]byte{&st.packet, &st.plain, &st.message, &st.packed, &st.unpacked} {
		*b = trim((*b)[:0])
	}
}

// peer is one side's half of an epoch: the sealed transport, and the login's numbering.
type peer struct {
	flow
	st       *station
	id       node.Session
	endpoint node.Endpoint

	out     sealer
	in      sealer
	sealed  uint64 // sequence number of the last packet sealed
	seen    window
	arq     ARQ
	output  func([]byte) // seals what the ARQ puts out; kept, since a closure made at each flush would be garbage
	conv    uint32
	resend  node.Time // when the ARQ wants to be called
	heard   node.Time
	said    node.Time
	ackAt   node.Time // when a lone acknowledgement leaves
	open    bool      // batches may be written
	owing   bool      // the next flush writes a batch, if only an empty one
	packing bool      // the login is through: batches may be compressed
	closing Reason    // of an epoch that ends behind what was sent before, or none
	closed  bool      // the ARQ has been given the reason
	latest  latest
	path    path
	pinged  node.Time // when the ping left that waits for its pong, or 0
	rtt     node.Time // of the last ping that was answered, 0 before
}

// stream tells whether the transport is ordered and reliable by itself.
func (p *peer) stream() bool { return p.endpoint.Stream != 0 }

// attach begins an epoch over an endpoint.
func (p *peer) attach(id node.Session, at node.Endpoint, out, in key) {
	now := p.st.env.Now()
	p.id, p.endpoint = id, at
	p.out.init(out)
	p.in.init(in)
	p.sealed, p.seen = 0, window{}
	p.heard, p.said, p.ackAt, p.resend = now, now, node.Never, node.Never
}

// useARQ makes the ARQ, where the transport needs one.
func (p *peer) useARQ() {
	if p.stream() || p.arq != nil {
		return
	}
	p.arq = p.st.newARQ(p.conv, arqMTU)
	p.output = p.shipSegments
}

// detach ends the epoch; the login's numbering stays.
func (p *peer) detach() {
	flow := p.flow
	*p = peer{st: p.st, id: p.id, flow: flow}
	p.endpoint, p.ackAt, p.resend = node.Endpoint{}, node.Never, node.Never
}

// begin starts a packet with room for its header.
func (p *peer) begin() []byte {
	var header [headerLen]byte
	return append(p.st.packet[:0], header[:]...)
}

// ship seals and sends a packet that begin has started.
func (p *peer) ship(b []byte) { p.shipTo(p.endpoint, b) }

func (p *peer) shipTo(at node.Endpoint, b []byte) {
	p.sealed++
	putHeader(b, p.id, p.sealed)
	b = p.out.seal(b, p.sealed)
	p.st.packet = b
	p.st.env.Transmit(at, b)
	p.said = p.st.env.Now()
}

func (p *peer) shipSegments(segments []byte) {
	p.ship(append(append(p.begin(), kindARQ), segments...))
}

// say sends a control message that must arrive, in order with the batches.
func (p *peer) say(payload []byte) {
	if p.stream() {
		p.ship(append(p.begin(), payload...))
		return
	}
	p.arq.Send(payload)
}

// send takes one message for the other side; false says that the bound is reached.
func (p *peer) send(flags uint8, cookie uint64, body []byte) bool {
	if flags&node.FlagLatest != 0 {
		p.sendLatest(body)
		return true
	}
	if !p.fits(&p.st.limits, len(body)) {
		return false
	}
	p.push(cookie, body)
	return true
}

// flush writes what waits: latest-wins messages, batches, what the ARQ has due.
// False says that the ARQ has given the other side up.
func (p *peer) flush() bool {
	if p.open {
		p.flushLatest()
	}
	switch {
	case p.stream():
		p.writeBatches()
	case p.arq != nil:
		p.queueBatches()
		p.queueClose()
		return p.driveARQ()
	}
	return true
}

// acking tells whether an acknowledgement is to leave without waiting for company.
func (p *peer) acking() bool {
	return p.owing || p.unsaid() > 0 && (p.unsaid() >= ackEvery || p.ackAt <= p.st.env.Now())
}

// writeBatches writes all that waits to a stream.
func (p *peer) writeBatches() {
	if !p.open {
		return // a batch before the server's word on a resume would be out of place
	}
	for ack := p.acking(); ack || p.pending(); ack = false {
		p.ship(p.appendBatchPayload(p.begin(), streamBatch))
	}
}

// queueBatches gives the ARQ as much of what waits as its window takes.
func (p *peer) queueBatches() {
	if !p.open {
		return
	}
	ack := p.acking()
	for (p.pending() || ack) && p.arq.Waiting() < arqWindow {
		b := p.appendBatchPayload(p.st.packet[:0], datagramBatch)
		p.st.packet = b
		p.arq.Send(b)
		ack = false
	}
	if ack {
		// The window is full: the acknowledgement leaves when there is room, not at a time.
		p.owing, p.ackAt = true, node.Never
	}
}

// queueClose gives the ARQ the last word of an epoch, once all else has been given to it.
func (p *peer) queueClose() {
	if p.closing != ReasonNone && !p.closed && !p.pending() {
		p.arq.Send(appendReason(nil, kindClose, p.closing))
		p.closed = true
	}
}

// drained tells whether the other side has all that there was to say, the last word included.
func (p *peer) drained() bool { return p.closed && p.arq.Waiting() == 0 }

// driveARQ sends what the ARQ has due; false says that it has given the other side up.
func (p *peer) driveARQ() bool {
	now := p.st.env.Now()
	again, dead := p.arq.Flush(now, p.output)
	p.resend = max(again, now.Add(minResend))
	return !dead
}

// minResend keeps an ARQ that asks to be called at once from spinning.
const minResend = time.Millisecond

// appendBatchPayload writes one batch, compressed where that is allowed and worth it.
func (p *peer) appendBatchPayload(b []byte, size int) []byte {
	p.ackAt, p.owing = node.Never, false
	b = append(b, kindBatch, 0)
	start := len(b)
	b = p.appendBatch(b, size)
	from := p.st.limits.CompressFrom
	if !p.packing || from < 0 || len(b)-start < from {
		return b
	}
	packed, smaller := pack(p.st.packed[:0], b[start:])
	p.st.packed = packed
	if smaller {
		b[start-1] = batchPacked
		b = append(b[:start], packed...)
	}
	return b
}

// batchPacked is the flag of a batch whose content is compressed.
const batchPacked = 1

// owe sees to it that what may be acknowledged is acknowledged in time.
func (p *peer) owe() {
	if p.unsaid() > 0 && p.ackAt == node.Never {
		p.ackAt = p.st.env.Now().Add(p.st.limits.AckDelay)
	}
}

// nextLook returns when the epoch wants to be looked at.
func (p *peer) nextLook() node.Time {
	return min(p.said.Add(p.st.limits.Heartbeat), p.heard.Add(p.st.limits.DeadAfter), p.ackAt, p.resend)
}

// dead tells whether nothing was heard for too long.
func (p *peer) dead() bool {
	return p.heard.Add(p.st.limits.DeadAfter) <= p.st.env.Now()
}

// beat sends a ping after a time of silence, and gives back room that a quiet
// session does not need. It tells whether it was silent.
func (p *peer) beat() bool {
	now := p.st.env.Now()
	if p.said.Add(p.st.limits.Heartbeat) > now {
		return false
	}
	p.kept, p.latest.list = trim(p.kept), trim(p.latest.list)
	p.pinged = now
	p.ship(binary.LittleEndian.AppendUint64(append(p.begin(), kindPing), uint64(now)))
	return true
}

// sayClose tells the other side why the epoch ends, best effort.
func (p *peer) sayClose(r Reason) {
	p.ship(appendReason(p.begin(), kindClose, r))
}

// confirmClose tells the other side, which has closed in order, that it need not
// wait any longer: twice, since either may get lost.
func (p *peer) confirmClose() {
	p.driveARQ()
	p.sayClose(ReasonLogout)
}

// hangUp closes the connection behind the endpoint, if there is one.
func (p *peer) hangUp() {
	if p.stream() {
		p.st.env.CloseStream(p.endpoint)
	}
}
