package session

import (
	"encoding/binary"
	"time"

	"messiah/core/node"
)

// goBackN is the plainest ARQ there is: fragments of messages, numbered,
// acknowledged in a lump, all sent again after a fixed time. It has no clock and
// no randomness, so that tests over it are exact.
type goBackN struct {
	mtu      int
	sending  [][]byte // fragments that are not acknowledged
	base     uint32   // number of the first of them
	sent     int      // how many of them have left
	since    node.Time
	tries    int
	expected uint32 // number of the fragment that is waited for
	owes     bool   // an acknowledgement
	partial  []byte
	ready    [][]byte
}

const (
	goBackWindow = 64
	goBackWait   = 60 * time.Millisecond
	goBackTries  = 200
	goBackHead   = 4 + 4 + 1
)

func newGoBackN(_ uint32, mtu int) ARQ { return &goBackN{mtu: mtu} }

func (g *goBackN) Send(message []byte) {
	for {
		n := min(len(message), g.mtu-goBackHead)
		fragment := make([]byte, goBackHead, goBackHead+n)
		if n == len(message) {
			fragment[8] = 1
		}
		g.sending = append(g.sending, append(fragment, message[:n]...))
		if message = message[n:]; len(message) == 0 {
			return
		}
	}
}

func (g *goBackN) Input(now node.Time, b []byte) bool {
	if len(b) < goBackHead || b[8] > 2 {
		return false
	}
	ack, number := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
	if n := ack - g.base; n > 0 && n <= uint32(g.sent) {
		g.sending, g.base, g.sent = g.sending[n:], ack, g.sent-int(n)
		g.since, g.tries = now, 0
	}
	if b[8] == 2 {
		return true // an acknowledgement alone
	}
	g.owes = true
	if number != g.expected {
		return true
	}
	g.expected++
	g.partial = append(g.partial, b[goBackHead:]...)
	if b[8] == 1 {
		g.ready, g.partial = append(g.ready, g.partial), nil
	}
	return true
}

func (g *goBackN) Receive(dst []byte) ([]byte, bool) {
	if len(g.ready) == 0 {
		return dst, false
	}
	dst = append(dst, g.ready[0]...)
	g.ready = g.ready[1:]
	return dst, true
}

func (g *goBackN) Flush(now node.Time, output func([]byte)) (again node.Time, dead bool) {
	if g.sent > 0 && now.Sub(g.since) >= goBackWait {
		g.sent = 0
		g.tries++
	}
	for g.sent < min(len(g.sending), goBackWindow) {
		fragment := g.sending[g.sent]
		binary.LittleEndian.PutUint32(fragment, g.expected)
		binary.LittleEndian.PutUint32(fragment[4:], g.base+uint32(g.sent))
		if g.sent == 0 {
			g.since = now
		}
		g.sent++
		g.owes = false
		output(fragment)
	}
	if g.owes {
		var ack [goBackHead]byte
		binary.LittleEndian.PutUint32(ack[:], g.expected)
		ack[8] = 2
		output(ack[:])
		g.owes = false
	}
	if g.sent == 0 {
		return node.Never, false
	}
	return g.since.Add(goBackWait), g.tries > goBackTries
}

func (g *goBackN) Waiting() int { return len(g.sending) }
