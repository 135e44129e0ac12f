package node

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"messiah/core/wire"

	"pgregory.net/rapid"
)

// linkedHost is a host with one link that stands on connection 1, as far as it can tell.
func linkedHost(step func(*Env, *Input)) (*Host, *link) {
	h := newTestHost(Config{Self: NewID(Gate, 1)}, step)
	c := &conn{id: 1}
	h.conns[1] = c
	h.attach(c, &link{peer: Peer{NewID(Game, 1), 5}})
	run(h, 0)
	return h, h.order[0]
}

// What is written in a turn can be read to its end, whatever is sent, acknowledged
// and sent again in between; what is kept is exactly what was not acknowledged.
func TestKeptFramesAgainstAList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, l := linkedHost(func(*Env, *Input) {})
		to := l.peer.ID
		var kept [][]byte // not acknowledged
		var want [][]byte // the bytes of the turn's operations
		checkOps := func() {
			for i, op := range h.Ops() {
				if !bytes.Equal(op.Bytes, want[i]) {
					t.Fatalf("operation %d of the turn is %x, want %x", i, op.Bytes, want[i])
				}
			}
		}
		sizes := rapid.OneOf(rapid.IntRange(0, 20), rapid.IntRange(0, 3000), rapid.IntRange(0, linkRoom))
		fill := byte(0)
		t.Repeat(map[string]func(*rapid.T){
			"send": func(t *rapid.T) {
				size := sizes.Draw(t, "size")
				for range rapid.IntRange(1, 40).Draw(t, "count") {
					fill++
					payload := bytes.Repeat([]byte{fill}, size)
					routes := []uint64{uint64(fill)}
					if err := h.env.Forward(to, typeNumber, 1, routes, payload); err != nil {
						t.Fatal(err)
					}
					frame := wire.AppendFrame(nil, typeNumber, 1, routes, payload)
					kept, want = append(kept, frame), append(want, frame)
				}
			},
			"by lane": func(t *rapid.T) {
				fill++
				frame := wire.AppendFrame(nil, typeNumber, 0, nil, bytes.Repeat([]byte{fill}, sizes.Draw(t, "size")))
				h.Deliver(&Input{Kind: InToLink, From: to, Inc: h.current[to].peer.Inc, Body: frame})
				kept, want = append(kept, frame), append(want, frame)
			},
			"acknowledge": func(t *rapid.T) {
				n := rapid.IntRange(0, len(kept)).Draw(t, "count")
				if !l.acknowledge(l.base + uint64(n)) {
					t.Fatalf("a count of %d of %d was refused", n, len(kept))
				}
				kept = kept[n:]
			},
			"resend": func(*rapid.T) {
				h.resend(l)
				want = append(want, kept...)
			},
			"finish": func(*rapid.T) {
				checkOps()
				h.Finish()
				want = nil
			},
			"": func(t *rapid.T) {
				checkOps()
				if got := l.kept[l.head:]; !bytes.Equal(got, slices.Concat(kept...)) {
					t.Fatalf("kept are %d bytes, want %d", len(got), len(slices.Concat(kept...)))
				}
				if l.next != l.base+uint64(len(kept)) {
					t.Fatalf("base %d and next %d with %d kept", l.base, l.next, len(kept))
				}
				if l.acknowledge(l.base-1) && l.base > 0 || l.acknowledge(l.next+1) {
					t.Fatal("an impossible count was accepted")
				}
			},
		})
	})
}

// A link whose frames are acknowledged as they come needs no more room, however
// much it carries and however short its payloads are.
func TestAcknowledgedLinkStaysSmall(t *testing.T) {
	for _, size := range []int{0, 1, 8, 100, 5000} {
		h, l := linkedHost(func(*Env, *Input) {})
		payload := make([]byte, size)
		for i := range 200_000 {
			if err := h.env.Forward(l.peer.ID, typeNumber, 0, nil, payload); err != nil {
				t.Fatal(err)
			}
			if i%10 == 9 {
				h.Finish()
				l.acknowledge(l.next)
			}
		}
		if room := cap(l.kept) + cap(l.spare); room > max(4*linkRoom, 100*size) {
			t.Errorf("payloads of %d bytes, ten at a time, took %d bytes of room", size, room)
		}
	}
}

// A link that was nearly full once does not keep that room.
func TestLinkGivesUnusualRoomBack(t *testing.T) {
	h, l := linkedHost(func(*Env, *Input) {})
	payload := make([]byte, 64<<10)
	for range 100 {
		if err := h.env.Forward(l.peer.ID, typeNumber, 0, nil, payload); err != nil {
			t.Fatal(err)
		}
	}
	h.Finish()
	l.acknowledge(l.next)
	if room := cap(l.kept) + cap(l.spare); room > LinkKeepBytes {
		t.Errorf("an idle link keeps %d bytes", room)
	}
	if err := h.env.Forward(l.peer.ID, typeNumber, 0, nil, payload); err != nil || l.size() < len(payload) {
		t.Errorf("the next frame: %v, %d bytes kept", err, l.size())
	}
}

// At its bound a link refuses data; the engine's own messages still fit, and where even they do not, the process halts.
func TestFullLink(t *testing.T) {
	h, l := linkedHost(func(*Env, *Input) {})
	to, payload := l.peer.ID, make([]byte, 100<<10)
	var err error
	for err == nil {
		err = h.env.Forward(to, typeNumber, 0, nil, payload)
	}
	if !errors.Is(err, ErrLinkFull) || l.size() > MaxLinkBytes-(MaxLinkBytes/controlShare) || l.size() < MaxLinkBytes-(MaxLinkBytes/controlShare)-2*len(payload) {
		t.Fatalf("%v at %d bytes", err, l.size())
	}
	sent := l.next
	if err := h.env.Forward(to, typeNumber, 0, make([]uint64, wire.MaxRoutes), nil); !errors.Is(err, ErrLinkFull) || l.next != sent {
		t.Errorf("a long routing header: %v", err)
	}
	back := 0
	h.node.(*toy).step = func(_ *Env, in *Input) {
		if in.Kind == InUndelivered && len(in.Body) == len(payload) {
			back++
		}
	}
	h.Deliver(&Input{Kind: InToLink, From: to, Inc: l.peer.Inc, Body: wire.AppendFrame(nil, typeNumber, 0, nil, payload)})
	run(h, 0)
	if back != 1 || l.next != sent {
		t.Errorf("a lane's frame to a full link came back %d times", back)
	}
	control := &number{pad: payload}
	for range (MaxLinkBytes/controlShare)/len(payload) - 2 {
		if err := h.env.Send(to, control); err != nil {
			t.Fatalf("the engine's own message: %v", err)
		}
	}
	if h.halted {
		t.Fatal("halted below the bound")
	}
	for err = nil; err == nil; {
		err = h.env.Send(to, control)
	}
	ops := h.Ops()
	if last := ops[len(ops)-1]; !errors.Is(err, ErrLinkFull) || last.Kind != OpHalt || last.Clean || l.size() > MaxLinkBytes {
		t.Errorf("over the bound: %v, %d bytes, last operation %d", err, l.size(), last.Kind)
	}
}

// Acknowledgements come in time by count, by bytes and by the clock.
func TestAcknowledgementBoundsWhatIsKept(t *testing.T) {
	for _, c := range []struct{ size, count int }{{0, 10 * ackFrames}, {ackBytes / 4, 50}} {
		w, gate, game := pair(t)
		w.settle()
		most := 0
		for range c.count {
			w.send(gate, game, c.size)
			w.settle()
			most = max(most, gate.host.order[0].size())
		}
		if bound := min(ackFrames*(c.size+60), ackBytes+c.size+60); most > bound {
			t.Errorf("%d messages of %d bytes: up to %d were kept, want at most %d", c.count, c.size, most, bound)
		}
		w.pass(2 * pingEvery.Seconds())
		if left := gate.host.Links()[0]; left.Unacked != 0 || left.Sent != uint64(c.count) {
			t.Errorf("a second later %+v", left)
		}
	}
}

// A lane's frame for an earlier life comes back: the routes that it names mean others to the present one.
func TestLaneFrameForAnEarlierLifeComesBack(t *testing.T) {
	h, l := linkedHost(func(*Env, *Input) {})
	var back []Input
	h.node.(*toy).step = func(_ *Env, in *Input) {
		if in.Kind == InUndelivered {
			back = append(back, Input{From: in.From, Inc: in.Inc, Type: in.Type})
		}
	}
	earlier, sent := l.peer.Inc+2, l.next
	h.Deliver(&Input{Kind: InToLink, From: l.peer.ID, Inc: earlier, Body: wire.AppendFrame(nil, typeNumber, 0, nil, nil)})
	run(h, 0)
	if len(back) != 1 || back[0].Inc != earlier || back[0].From != l.peer.ID || back[0].Type != typeNumber || l.next != sent {
		t.Errorf("came back: %+v; %d frames sent", back, l.next-sent)
	}
}
