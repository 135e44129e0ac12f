package session

import (
	"encoding/binary"
	"time"

	"messiah/core/node"
)

// openPacket checks and opens a sealed packet. It returns the plaintext, which
// is good until the next packet, or nil where the packet is not to be believed.
func (p *peer) openPacket(in *node.Input, seq uint64) []byte {
	if !p.seen.fresh(seq) || p.stream() && seq <= p.seen.newest {
		p.st.counters.Replayed++
		return nil
	}
	// A stream loses nothing by itself: whoever takes a packet out of it, forges it.
	plain, ok := p.in.open(p.st.plain[:0], in.Body, seq)
	if !ok || len(plain) == 0 || p.stream() && seq != p.seen.newest+1 {
		p.st.counters.Forged++
		return nil
	}
	p.st.plain = plain
	p.seen.add(seq)
	p.heard = p.st.env.Now()
	return plain
}

// openBatch takes the acknowledgement of a batch and returns its list of
// messages; false says that the other side broke the protocol.
func (p *peer) openBatch(b []byte) (list []byte, ok bool) {
	if len(b) < 2 || b[0] > batchPacked {
		return nil, false
	}
	content := b[1:]
	if b[0] == batchPacked {
		if !p.packing {
			return nil, false
		}
		if content, ok = unpack(p.st.unpacked, content); !ok {
			return nil, false
		}
		p.st.unpacked = content[:0]
	}
	ack, width := binary.Uvarint(content)
	if width <= 0 || !p.acknowledge(ack) {
		return nil, false
	}
	return content[width:], true
}

// path is an address that the other side seems to speak from now, until it has
// proven that it is there.
type path struct {
	at    node.Endpoint
	word  uint64 // what it is asked to repeat, or 0: no address is in question
	asked node.Time
}

// probeEvery is the time between two questions to the same address.
const probeEvery = 100 * time.Millisecond

// pingLen is the length of a packet with a ping or pong.
const pingLen = overhead + 1 + 8

// roam looks into the address of the newest packet where it is a new one.
// Packets go on to the old one until the client has answered from the new one:
// else a client could point what it is sent at somebody else.
func (p *peer) roam(in *node.Input) {
	if in.Endpoint == p.endpoint || in.Endpoint.Stream != p.endpoint.Stream || len(in.Body) < pingLen {
		return
	}
	now, q := p.st.env.Now(), &p.path
	if q.at != in.Endpoint || q.word == 0 {
		*q = path{at: in.Endpoint}
		for q.word == 0 {
			q.word = p.st.env.Rand().Uint64()
		}
	} else if now.Sub(q.asked) < probeEvery {
		return
	}
	p.st.env.Mark("session-seems-moved")
	q.asked = now
	p.shipTo(q.at, binary.LittleEndian.AppendUint64(append(p.begin(), kindPing), q.word))
}

// pong answers a ping, or takes the answer to one; false says that it is malformed.
func (p *peer) pong(kind byte, b []byte, from node.Endpoint) bool {
	if len(b) != 8 {
		return false
	}
	if kind == kindPing {
		p.ship(append(append(p.begin(), kindPong), b...))
		return true
	}
	word := binary.LittleEndian.Uint64(b)
	switch asked := node.Time(word); {
	case p.path.word != 0 && word == p.path.word && from == p.path.at:
		p.st.env.Mark("session-moved")
		p.endpoint, p.path = from, path{}
	case asked == p.pinged && asked != 0:
		p.rtt, p.pinged = p.st.env.Now()-asked, 0
	}
	return true
}
