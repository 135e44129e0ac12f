package session

import "encoding/binary"

// latest is the channel of messages that nobody misses: what is lost stays
// lost, and what is overtaken by a later flush is dropped at the receiver, so
// that an old position never follows a new one.
type latest struct {
	list   []byte // messages of this flush; those before oldest have made room
	oldest int
	round  uint64 // sequence number that began the newest flush of the other side's that came
}

// maxLatest bounds the latest-wins messages of one flush, in bytes; at the
// bound the oldest make room.
const maxLatest = 64 << 10

// The head of a packet of latest-wins messages: its kind, and how many packets
// before it the flush began.
const latestHead = 2

// sendLatest takes a message, unless the other side is behind with more than
// half of what may be unacknowledged.
func (p *peer) sendLatest(body []byte) {
	size := maxLatest
	if !p.stream() {
		size = arqMTU + 1 - latestHead // each is a datagram of its own, or shares one
	}
	l := &p.latest
	need := len(body) + uvarintLen(uint64(len(body)))
	_, behind := p.unacked()
	if need > size || behind > p.st.limits.UnackedBytes/2 {
		p.st.counters.LatestDropped++
		return
	}
	for len(l.list)-l.oldest+need > maxLatest {
		_, rest, _ := nextMessage(l.list[l.oldest:])
		l.oldest = len(l.list) - len(rest)
		p.st.counters.LatestDropped++
	}
	if l.oldest > maxLatest {
		l.list, l.oldest = append(l.list[:0], l.list[l.oldest:]...), 0
	}
	l.list = binary.AppendUvarint(l.list, uint64(len(body)))
	l.list = append(l.list, body...)
}

// uvarintLen returns how many bytes a number takes as a varint.
func uvarintLen(n uint64) int {
	size := 1
	for ; n >= 0x80; n >>= 7 {
		size++
	}
	return size
}

// flushLatest writes the latest-wins messages, as many to a datagram as fit.
func (p *peer) flushLatest() {
	list := p.latest.list[p.latest.oldest:]
	for back := byte(0); len(list) > 0; back++ {
		size := len(list)
		if most := arqMTU + 1 - latestHead; !p.stream() && size > most {
			size = fitting(list, most)
		}
		p.ship(append(append(p.begin(), kindLatest, back), list[:size]...))
		list = list[size:]
	}
	p.latest.list, p.latest.oldest = p.latest.list[:0], 0
}

// fitting returns how long a prefix of whole messages is that keeps to a size.
func fitting(list []byte, size int) int {
	n := 0
	for {
		_, rest, ok := nextMessage(list[n:])
		end := len(list) - len(rest)
		if !ok || end > size {
			return n
		}
		n = end
	}
}

// openLatest returns the messages of a packet, none if a later flush has
// overtaken it; ok is false where the packet is malformed.
func (p *peer) openLatest(b []byte, seq uint64) (list []byte, ok bool) {
	if len(b) < latestHead-1 || uint64(b[0]) >= seq {
		return nil, false
	}
	round := seq - uint64(b[0])
	if round < p.latest.round {
		p.st.counters.LatestDropped++
		return nil, true
	}
	p.latest.round = round
	return b[1:], true
}
