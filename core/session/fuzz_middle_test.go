package session

import (
	"testing"
	"time"
)

// What the one in the middle does to a packet.
const (
	middleFlip    = iota // exclusive or with its bytes, from the start on
	middleTail           // exclusive or with its bytes, at the end
	middleCut            // keeps as many bytes as it has
	middleAppend         // appends its bytes
	middleInstead        // sends its bytes instead
	middleBefore         // sends its bytes first
	middleTwice          // sends the packet twice
	middleDrop
	middleEnd
)

// middleReach is over how many packets of a conversation the middle can choose.
const middleReach = 32

// middle changes one packet of a conversation.
type middle struct {
	at, how byte
	bytes   []byte
	seen    int
	busy    bool
}

// meddle is a tap: false keeps the packet back.
func (m *middle) meddle(w *world, f *flight) bool {
	if m.busy || f.end != 0 {
		return true
	}
	m.seen++
	if m.seen-1 != int(m.at)%middleReach {
		return true
	}
	m.busy = true
	defer func() { m.busy = false }()
	again := *f
	again.packet = clone(m.bytes)
	switch m.how % middleEnd {
	case middleFlip:
		xor(f.packet, m.bytes)
	case middleTail:
		xor(f.packet[max(0, len(f.packet)-len(m.bytes)):], m.bytes)
	case middleCut:
		f.packet = f.packet[:min(len(f.packet), len(m.bytes))]
	case middleAppend:
		f.packet = append(f.packet, m.bytes...)
	case middleInstead:
		f.packet = clone(m.bytes)
	case middleBefore:
		w.send(&again)
	case middleTwice:
		again.packet = clone(f.packet)
		w.send(&again)
	case middleDrop:
		return false
	}
	return len(f.packet) > 0 && len(f.packet) <= MaxPacket
}

func xor(b, with []byte) {
	for i := range min(len(b), len(with)) {
		b[i] ^= with[i]
	}
}

// FuzzMiddle lets somebody who has no key change any one packet of a handshake, of
// the talk behind it, or of a resume: hello, cookie, init, accept, begin, token,
// batch. Neither side's loop hears what the other did not say, nothing is kept of
// the attempt, another client's session stands throughout, and the victim can log
// in when the middle is gone.
func FuzzMiddle(f *testing.F) {
	for tr := range byte(2) {
		for resume := range byte(2) {
			for at := range byte(middleReach) {
				f.Add(tr, resume, at, byte(middleFlip), []byte{0xff})
				f.Add(tr, resume, at, byte(at%middleEnd), []byte{3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4, 6, 2})
			}
		}
	}
	f.Fuzz(func(t *testing.T, tr, resume, at, how byte, bytes []byte) {
		w := newWorld(t, options{players: 2})
		over := transports[tr%2]
		victim, other := w.players[0], w.players[1]
		w.login(other, over)
		if resume%2 == 1 {
			w.login(victim, over)
			w.cut(victim, 0, 0)
			victim.task(w, TaskAbort, 0)
			w.run(100 * time.Millisecond)
		}
		m := &middle{at: at, how: how, bytes: bytes[:min(len(bytes), MaxPacket)]}
		w.tap = func(f *flight) bool { return f.p != victim || m.meddle(w, f) }
		victim.dial(w, over, FlagResume*(resume%2))
		w.run(500 * time.Millisecond)
		victim.send(w, 3)
		w.run(time.Second)
		w.tap = nil
		said := other.loop.sent
		other.send(w, 2)
		w.run(time.Second)
		if !other.loop.up || other.loop.sent != said+2 {
			t.Fatal("the other client's session does not stand any more")
		}
		if w.failure != "" {
			t.Fatal(w.failure)
		}
		for _, p := range w.players {
			p.blocked = true
		}
		w.run(2 * (DefaultDeadAfter + DefaultGrace + graceMargin))
		w.empty()
		victim.blocked = false
		w.login(victim, over)
	})
}
