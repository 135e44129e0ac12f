package session

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"messiah/core/node"
)

// latestOf reads the numbers of latest-wins messages.
func latestOf(list [][]byte) (numbers []uint64) {
	for _, b := range list {
		numbers = append(numbers, binary.LittleEndian.Uint64(b))
	}
	return numbers
}

// sendLatest gives a lane latest-wins messages with numbers from first, and one flush.
func (w *world) sendLatest(s *side, p *player, to node.Session, first, n uint64, size int) {
	for i := range n {
		body := append(binary.LittleEndian.AppendUint64(nil, first+i), make([]byte, size-8)...)
		s.lane.Step(w.now, 0, &node.Input{Kind: node.InTask, Type: TaskSend, Flags: node.FlagLatest, Session: to, Body: body})
	}
	w.step(s, p, &node.Input{Kind: node.InFlush})
}

func TestLatestReachesBothSides(t *testing.T) {
	over(t, func(t *testing.T, tr transport) {
		w := newWorld(t, options{})
		p := w.players[0]
		l := w.login(p, tr)
		longest := 0
		w.tap = func(f *flight) bool { longest = max(longest, len(f.packet)); return true }
		w.sendLatest(&w.gate, nil, l.session, 1, 100, 300)
		w.sendLatest(&p.side, p, 0, 1, 100, 300)
		w.run(time.Second)
		if len(p.loop.latest) != 100 || l.latest != 100 {
			t.Fatalf("%d of 100 came down, %d up", len(p.loop.latest), l.latest)
		}
		for i, n := range latestOf(p.loop.latest) {
			if n != uint64(i+1) {
				t.Fatalf("message %d is number %d", i+1, n)
			}
		}
		if tr.stream == 0 && longest > MaxDatagram {
			t.Fatalf("a datagram of %d bytes", longest)
		}
	})
}

// A flush that a later one has overtaken is dropped; datagrams of one flush that
// overtake each other are not.
func TestLatestWins(t *testing.T) {
	w := newWorld(t, options{})
	p := w.players[0]
	l := w.login(p, transports[1])
	var delay time.Duration
	w.tap = func(f *flight) bool {
		if f.packet[0] == packetSealed && w.kindOf(f) == "latest" {
			f.at = w.now.Add(w.latency + delay)
			delay -= time.Millisecond
		}
		return true
	}
	delay = 20 * time.Millisecond
	w.sendLatest(&w.gate, nil, l.session, 1, 3, 1000) // comes last
	delay = 9 * time.Millisecond
	w.sendLatest(&w.gate, nil, l.session, 4, 3, 1000) // comes first, in the order 6, 5, 4
	w.run(time.Second)
	if got := latestOf(p.loop.latest); len(got) != 3 || got[0] != 6 || got[1] != 5 || got[2] != 4 {
		t.Fatalf("%v came", got)
	}
	if n := p.dialer().Counters().LatestDropped; n != 3 {
		t.Fatalf("%d were counted as dropped", n)
	}
}

// At the bound of a flush the newest are kept.
func TestLatestBound(t *testing.T) {
	over(t, func(t *testing.T, tr transport) {
		w := newWorld(t, options{})
		p := w.players[0]
		l := w.login(p, tr)
		const sent = 500
		w.sendLatest(&w.gate, nil, l.session, 1, sent, 1000)
		if n := cap(w.shard().slots[0].latest.list); n > 4*maxLatest {
			t.Fatalf("the buffer has grown to %d", n)
		}
		w.run(time.Second)
		got := latestOf(p.loop.latest)
		if len(got) != maxLatest/1002 || got[len(got)-1] != sent || got[0] != sent+1-uint64(len(got)) {
			t.Fatalf("%d came, from %d to %d", len(got), got[0], got[len(got)-1])
		}
		if n := w.shard().Counters().LatestDropped; n != sent-uint64(len(got)) {
			t.Fatalf("%d were counted as dropped", n)
		}
	})
}

// Who is behind with what must arrive gets nothing beside it.
func TestLatestYields(t *testing.T) {
	w := newWorld(t, options{shard: func(cfg *ShardConfig) { cfg.Limits.UnackedBytes = 10_000 }})
	p := w.players[0]
	l := w.login(p, transports[0])
	w.loop.padding = 3000
	w.tap = func(f *flight) bool { return !f.up }
	w.tellGate(orderSend, l.key, 2, 0)
	w.sendLatest(&w.gate, nil, l.session, 1, 5, 100)
	w.run(100 * time.Millisecond)
	if len(p.loop.latest) != 0 || w.shard().Counters().LatestDropped != 5 {
		t.Fatalf("%d came, %d dropped", len(p.loop.latest), w.shard().Counters().LatestDropped)
	}
}

func TestLatestOfNoSize(t *testing.T) {
	for _, size := range []int{arqMTU - 8, arqMTU, MaxMessage} {
		over(t, func(t *testing.T, tr transport) {
			w := newWorld(t, options{})
			p := w.players[0]
			l := w.login(p, tr)
			w.sendLatest(&w.gate, nil, l.session, 1, 1, size)
			w.run(time.Second)
			fits := size < arqMTU || tr.stream != 0 && size < MaxMessage
			if came := len(p.loop.latest) == 1; came != fits || came && len(p.loop.latest[0]) != size {
				t.Fatalf("%d bytes over a %s: %d came", size, tr.name, len(p.loop.latest))
			}
		})
	}
}

// A detached client gets none, and none of the old ones when it is back.
func TestLatestIsNotKept(t *testing.T) {
	w := newWorld(t, options{})
	p := w.players[0]
	l := w.login(p, transports[0])
	p.task(w, TaskAbort, 0)
	w.run(time.Second)
	w.sendLatest(&w.gate, nil, l.session, 1, 5, 100)
	w.resume(p, transports[0])
	if len(p.loop.latest) != 0 {
		t.Fatalf("%d came", len(p.loop.latest))
	}
	w.sendLatest(&w.gate, nil, l.session, 6, 1, 100)
	w.run(time.Second)
	if got := latestOf(p.loop.latest); len(got) != 1 || got[0] != 6 {
		t.Fatalf("%v came", got)
	}
}

func TestMalformedLatest(t *testing.T) {
	for _, plain := range [][]byte{
		{kindLatest}, {kindLatest, 200, 1, 7}, {kindLatest, 0, 9, 1}, {kindLatest, 0, 0x80}, append([]byte{kindLatest, 0}, bytes.Repeat([]byte{0xff}, 11)...),
	} {
		w := newWorld(t, options{})
		p := w.players[0]
		l := w.login(p, transports[1])
		w.injectSealed(p, plain)
		if !l.over || l.reason != ReasonBad {
			t.Fatalf("%x: over %v with %v", plain, l.over, l.reason)
		}
	}
}

// injectSealed gives the gate a packet that the player has sealed.
func (w *world) injectSealed(p *player, plain []byte) {
	d := p.dialer()
	b := append(make([]byte, headerLen), plain...)
	d.sealed++
	putHeader(b, d.id, d.sealed)
	w.inject(p.at, d.out.seal(b, d.sealed))
}
