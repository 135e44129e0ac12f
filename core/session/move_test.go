package session

import (
	"testing"
	"time"

	"messiah/core/node"
)

func TestClientMoves(t *testing.T) {
	w := newWorld(t, options{})
	p := w.players[0]
	l := w.login(p, transports[1])
	for i := range 5 {
		p.at.Port++
		p.at.IP[15] += byte(i)
		p.send(w, 2)
		w.tellGate(orderSend, l.key, 2, 0)
		w.run(500 * time.Millisecond)
		w.whole(p, l)
		if at := w.shard().slots[0].endpoint; at != p.at {
			t.Fatalf("after move %d the gate sends to %v, the client is at %v", i, at, p.at)
		}
	}
	if w.marks["session-moved"] != 5 || len(p.loop.ends) != 0 {
		t.Fatalf("marks %v, ended with %v", w.marks, p.loop.ends)
	}
}

// A silent client that moves is found by its next heartbeat.
func TestIdleClientMoves(t *testing.T) {
	w := newWorld(t, options{})
	p := w.players[0]
	l := w.login(p, transports[1])
	p.at.Port++
	w.run(2 * DefaultDeadAfter)
	w.tellGate(orderSend, l.key, 2, 0)
	w.run(time.Second)
	w.whole(p, l)
}

// A packet that was overtaken does not move the client back, wherever it comes from.
func TestOldPacketsDoNotMove(t *testing.T) {
	w := newWorld(t, options{})
	p := w.players[0]
	w.login(p, transports[1])
	var old []byte
	w.tap = func(f *flight) bool {
		if f.up && old == nil {
			old = clone(f.packet)
			return false
		}
		return true
	}
	p.send(w, 1)
	w.run(time.Second)
	w.tap = nil
	s := w.shard().slots[0]
	heard := w.shard().Counters().Replayed
	w.inject(elsewhere(1), old)
	if s.endpoint != p.at || s.path != (path{}) || w.shard().Counters().Replayed != heard {
		t.Fatalf("the gate sends to %v and looks into %+v", s.endpoint, s.path)
	}
}

// A client that writes another's address into its packets cannot have anything
// sent there but one short question a while, no longer than its own packet.
func TestMoveMustBeProven(t *testing.T) {
	w := newWorld(t, options{})
	p := w.players[0]
	l := w.login(p, transports[1])
	victim := elsewhere(7)
	asked, size := 0, 0
	w.watch = func(packet node.Packet) {
		if packet.Endpoint == victim {
			asked, size = asked+1, size+len(packet.Bytes)
		}
	}
	given := 0
	w.tap = func(f *flight) bool {
		if f.up {
			f.from = victim
			given += len(f.packet)
		}
		return true
	}
	for range 50 {
		p.send(w, 1)
		w.tellGate(orderSend, l.key, 5, 0)
		w.run(20 * time.Millisecond)
	}
	if asked == 0 || asked > 11 || size > given {
		t.Fatalf("%d packets of %d bytes went to the victim, for %d bytes in its name", asked, size, given)
	}
	if at := w.shard().slots[0].endpoint; at != p.at {
		t.Fatalf("the gate sends to %v", at)
	}
	w.whole(p, l)
}

// The answer counts only from where the question went: a client at one address
// cannot move itself to another's with a word that it was asked at its own.
func TestMoveIsProvenWhereItWasAsked(t *testing.T) {
	w := newWorld(t, options{})
	p := w.players[0]
	w.login(p, transports[1])
	p.at.Port++
	victim := elsewhere(7)
	moved := 0
	w.tap = func(f *flight) bool {
		if f.up && w.kindOf(f) == "pong" {
			f.from = victim
			moved++
		}
		return true
	}
	p.send(w, 1)
	w.run(time.Second)
	if at := w.shard().slots[0].endpoint; moved == 0 || at == victim {
		t.Fatalf("%d answers came from the victim's address, the gate sends to %v", moved, at)
	}
}

// A packet that is shorter than the question is not answered with one.
func TestShortPacketsAskNothing(t *testing.T) {
	w := newWorld(t, options{})
	p := w.players[0]
	w.login(p, transports[1])
	w.watch = func(packet node.Packet) {
		if packet.Endpoint != p.at {
			t.Errorf("%d bytes were sent to another address", len(packet.Bytes))
		}
	}
	d := p.dialer()
	for n := range pingLen - overhead - 2 {
		b := append(append(make([]byte, headerLen), kindLatest, 0), make([]byte, n)...)
		d.sealed++
		putHeader(b, d.id, d.sealed)
		w.inject(elsewhere(7), d.out.seal(b, d.sealed))
	}
	w.watch = nil
	if s := w.shard().slots[0]; s.path != (path{}) || s.state != stateOpen {
		t.Fatalf("the session is %v and looks into %+v", s.state, s.path)
	}
}

// Somebody on the way sends the gate's newest packets on to the client from an address of its own.
func TestServerDoesNotMove(t *testing.T) {
	w := newWorld(t, options{})
	p := w.players[0]
	l := w.login(p, transports[1])
	w.tap = func(f *flight) bool {
		if !f.up {
			f.from = elsewhere(3)
		}
		return true
	}
	w.watch = func(packet node.Packet) {
		if packet.Endpoint == elsewhere(3) {
			w.fail("a packet goes to the address in between")
		}
	}
	p.send(w, 3)
	w.tellGate(orderSend, l.key, 3, 0)
	w.run(3 * time.Second)
	w.whole(p, l)
	if p.dialer().endpoint != gateAt {
		t.Fatalf("the client sends to %v", p.dialer().endpoint)
	}
}
