package node

import (
	"testing"

	"messiah/core/wire"
)

// echoes sends each message straight back, and asks for a first one at InLinkUp.
type echoes struct {
	starts  bool
	handled int
}

func (n *echoes) State(*wire.Coder) {}

func (n *echoes) Step(env *Env, in *Input) {
	switch {
	case in.Kind == InLinkUp && n.starts:
		_ = env.Send(in.From, &number{pad: make([]byte, 32)})
	case in.Kind == InMessage:
		n.handled++
		_ = env.Forward(in.From, in.Type, 0, nil, in.Body)
	}
}

// bareWire is a driver of two hosts that hands operations straight over.
type bareWire struct{ hosts [2]*Host }

func newBareWire() *bareWire {
	w := &bareWire{}
	for i, kind := range []Kind{Gate, Game} {
		cfg := Config{Self: NewID(kind, 1), Secret: []byte("secret")}
		w.hosts[i] = NewHost(cfg, &echoes{starts: i == 0}, entropyOf(byte(i)))
		run(w.hosts[i], 0)
	}
	w.hosts[0].env.Connect(Peer{ID: NewID(Game, 1)}, "game1")
	num := w.hosts[0].Ops()[0].Num
	w.hosts[0].Finish()
	w.hosts[0].Deliver(&Input{Kind: InConnUp, Conn: 1, Num: num})
	w.hosts[1].Deliver(&Input{Kind: InConnUp, Conn: 1})
	return w
}

// turn lets one host handle what it has and hands its frames to the other.
func (w *bareWire) turn(i int, now Time) {
	h, other := w.hosts[i], w.hosts[1-i]
	h.Begin(now, 0)
	for {
		in, ok := h.Step()
		if !ok {
			break
		}
		h.Settle(in)
	}
	for _, op := range h.Ops() {
		if op.Kind == OpWrite {
			in := Input{Kind: InConnData, Conn: op.Conn, Body: op.Bytes}
			other.Deliver(&in)
		}
	}
	h.Finish()
}

// One message to and fro between two hosts on a link that stands: turns, frames,
// numbering, keeping and acknowledging, without any driver's cost.
func BenchmarkLinkPing(b *testing.B) {
	w := newBareWire()
	now := Time(0)
	both := func() {
		now += 1000
		w.turn(0, now)
		w.turn(1, now)
	}
	for range 5000 {
		both()
	}
	game := w.hosts[1].Node().(*echoes)
	before := game.handled
	b.ReportAllocs()
	for b.Loop() {
		both()
	}
	if handled := game.handled - before; handled != b.N {
		b.Fatalf("%d messages in %d turns", handled, b.N)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(2*b.N), "ns/message")
}

// A message that crosses a link takes no memory of its own once the link has its room.
func TestLinkInSteadyStateAllocatesNothing(t *testing.T) {
	w := newBareWire()
	now := Time(0)
	turns := func() {
		for range ackFrames {
			now += 1000
			w.turn(0, now)
			w.turn(1, now)
		}
	}
	for range 10 {
		turns()
	}
	// An acknowledgement makes its frame.
	if allocs := testing.AllocsPerRun(20, turns); allocs > 10 {
		t.Errorf("%d messages each way allocate %v times", ackFrames, allocs)
	}
}

func BenchmarkMail(b *testing.B) {
	var m Mail
	in := Input{Kind: InMessage, Body: make([]byte, 64)}
	b.ReportAllocs()
	for b.Loop() {
		m.Push(&in)
		m.Pop()
		m.Recycle()
	}
}

func BenchmarkTimers(b *testing.B) {
	var t timers
	for i := range uint64(1000) {
		t.set(Time(i*7919%1000), timerKey{1, i})
	}
	now := Time(1000)
	b.ReportAllocs()
	for b.Loop() {
		one, _ := t.due(Never)
		now += 7
		t.set(now, one.timerKey)
	}
}
