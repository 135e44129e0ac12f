package record

import (
	"bytes"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"messiah/core/node"
	"messiah/core/wire"
)

// whole is an input with every field.
func whole() node.Input {
	return node.Input{
		Kind: node.InClient, Flags: 3, Lane: 200, Type: 0xfffe, From: node.NewID(node.Game, 7), Inc: 1 << 63, Session: 1<<63 | 5,
		Num: 1<<64 - 1, Conn: 1<<64 - 2, Endpoint: node.Endpoint{IP: [16]byte{15: 1}, Port: 65535, Stream: 1 << 31},
		Routes: []byte("12345678"), Body: bytes.Repeat([]byte("x"), 300),
	}
}

func drawInput(t *rapid.T) node.Input {
	in := node.Input{Kind: node.InputKind(rapid.Uint8().Draw(t, "kind"))}
	all := whole()
	v, from := reflect.ValueOf(&in).Elem(), reflect.ValueOf(&all).Elem()
	for i := 1; i < v.NumField(); i++ {
		if rapid.Bool().Draw(t, v.Type().Field(i).Name) {
			v.Field(i).Set(from.Field(i))
		}
	}
	return in
}

// What is written is read again, whichever fields an input has.
func TestEventsAreReadAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s Segment
		var want []Event
		var k clock
		now := node.Time(rapid.Int64Range(0, 1<<60).Draw(t, "now"))
		for range rapid.IntRange(1, 20).Draw(t, "events") {
			switch rapid.IntRange(0, 3).Draw(t, "event") {
			case 0:
				now += node.Time(rapid.Int64Range(0, 1<<40).Draw(t, "later"))
				wall := rapid.Int64().Draw(t, "wall")
				s.Events = k.append(s.Events, now, wall)
				want = append(want, Event{Kind: Begin, Now: now, Wall: wall})
			case 1:
				in := drawInput(t)
				appendInput(&s.Events, &in)
				want = append(want, Event{Kind: Deliver, Input: in})
			case 2:
				o := Output{node.OpKind(rapid.Uint8().Draw(t, "what")), rapid.Uint64().Draw(t, "to"), rapid.Uint16().Draw(t, "type"),
					rapid.IntRange(0, wire.MaxFrame).Draw(t, "size"), rapid.Uint32().Draw(t, "sum")}
				appendOutput(&s.Events, &o)
				want = append(want, Event{Kind: Asked, Out: o})
			case 3:
				s.Events = append(s.Events, byte(Step), byte(Finish))
				want = append(want, Event{Kind: Step}, Event{Kind: Finish})
			}
		}
		c := s.Read()
		for i := range want {
			var got Event
			if ok, err := c.Next(&got); !ok || err != nil || !reflect.DeepEqual(got, want[i]) {
				t.Fatalf("event %d: %v %v %+v, want %+v", i, ok, err, got, want[i])
			}
		}
		if ok, err := c.Next(new(Event)); ok || err != nil {
			t.Fatalf("behind the last one: %v %v", ok, err)
		}
	})
}

// Two outputs with another byte anywhere have another sum.
func TestEveryByteCounts(t *testing.T) {
	for size := range 200 {
		body := bytes.Repeat([]byte{0xa5}, size)
		op := node.Op{Kind: node.OpWrite, Conn: 1, Bytes: wire.AppendFrame(nil, 16, 0, nil, body)}
		task := node.Input{Type: 1, Session: 7, Num: 8, Body: body}
		first, firstTask := OutputOf(&op), OutputOfTask(0, &task)
		for i := range body {
			op.Bytes[len(op.Bytes)-1-i] ^= 1
			body[i] ^= 1
			if OutputOf(&op) == first || OutputOfTask(0, &task) == firstTask {
				t.Fatalf("byte %d of %d does not count", i, size)
			}
			op.Bytes[len(op.Bytes)-1-i] ^= 1
			body[i] ^= 1
		}
	}
}

// idleHost is a host with a recorder whose node does nothing.
func idleHost(limit int) (*node.Host, *Recorder) {
	cfg := node.Config{Self: node.NewID(node.Gate, 1), Lanes: 1}
	r := NewRecorder(limit, &cfg)
	cfg.Tape = r
	return node.NewHost(cfg, idle{}, make([]byte, node.EntropySize)), r
}

// turns runs so many turns of one input of 100 bytes.
func turns(h *node.Host, n int) {
	in := node.Input{Kind: node.InMessage, Body: make([]byte, 100)}
	for range n {
		h.Begin(0, 0)
		h.Deliver(&in)
		for one, ok := h.Step(); ok; one, ok = h.Step() {
			h.Settle(one)
		}
		h.Finish()
	}
}

// The recorder keeps between half its limit and all of it, forgets the rest, and allocates nothing for a turn.
func TestRecorderStaysWithinItsLimit(t *testing.T) {
	const limit = 64 << 10
	h, r := idleHost(limit)
	for i := range 5000 {
		turns(h, 1)
		kept := len(r.before.Events) + len(r.present.Events)
		if kept > limit+256 || i > limit/100 && kept < limit/2 {
			t.Fatalf("%d bytes are kept after %d turns", kept, i)
		}
	}
	if r.lost == 0 {
		t.Fatal("nothing was forgotten")
	}
	// The input of the test is one, and each segment's snapshot takes some.
	if allocs := testing.AllocsPerRun(50, func() { turns(h, 100) }); allocs > 10 {
		t.Errorf("100 turns allocate %v times", allocs)
	}
}

// An input that is larger than the limit is kept whole until the next segment ends.
func TestALargeInputIsKept(t *testing.T) {
	h, r := idleHost(MinLimit)
	h.Begin(0, 0)
	h.Deliver(&node.Input{Kind: node.InMessage, Body: make([]byte, 8*MinLimit)})
	h.Finish()
	turns(h, 1)
	if len(r.before.Events) < 8*MinLimit {
		t.Error("it is gone")
	}
	turns(h, MinLimit)
	if size := cap(r.before.Events) + cap(r.present.Events); size > 8*MinLimit {
		t.Errorf("its room of %d bytes is kept", size)
	}
}

// vast is a node whose state is larger than what is recorded.
type vast struct {
	idle
	b []byte
}

func (v vast) State(c *wire.Coder) { c.Bytes(&v.b) }

func TestAVastStateIsNotRecorded(t *testing.T) {
	cfg := node.Config{Self: node.NewID(node.Gate, 1)}
	r := NewRecorder(1<<20, &cfg)
	cfg.Tape = r
	h := node.NewHost(cfg, vast{b: make([]byte, MaxSnapshot+1)}, make([]byte, node.EntropySize))
	turns(h, 10)
	if _, ok := r.Take(0); ok || len(r.present.Events)+len(r.present.Snapshot) > 0 {
		t.Error("it is recorded all the same")
	}
}

// The entropy that the lanes' keys come from is in no recording, nor is the secret of the cluster.
func TestNoSecretIsRecorded(t *testing.T) {
	entropy, secret := bytes.Repeat([]byte{0xe7}, node.EntropySize), bytes.Repeat([]byte{0x5e}, 32)
	cfg := node.Config{Self: node.NewID(node.Gate, 1), Secret: secret}
	r := NewRecorder(1<<20, &cfg)
	cfg.Tape = r
	h := node.NewHost(cfg, idle{}, entropy)
	for range 2 { // before the start is handled, and after
		rec, ok := r.Take(0)
		if file := rec.Append(nil); !ok || bytes.Contains(file, entropy) || bytes.Contains(file, secret) {
			t.Error("a secret is in the file")
		}
		turns(h, 1)
	}
}

// sample is a recording of two segments.
func sample(t testing.TB) *Recording {
	h, r := idleHost(MinLimit)
	turns(h, 100)
	rec, ok := r.Take(99)
	if !ok || len(rec.Segments) != 2 {
		t.Fatalf("%v, %d segments", ok, len(rec.Segments))
	}
	return rec
}

func TestFileIsReadAgain(t *testing.T) {
	rec := sample(t)
	rec.Head.Build = "v1"
	rec.Segments[0].Snapshot = make([]byte, 3*pieceBytes)
	rec.Segments[1].Events = nil
	back, err := Read(rec.Append(nil))
	if err != nil || !reflect.DeepEqual(back, rec) {
		t.Fatalf("%v: %+v", err, back.Head)
	}
}

// Each byte of a file counts, and so does its length.
func TestADamagedFileIsRefused(t *testing.T) {
	h, r := idleHost(MinLimit)
	turns(h, 1)
	rec, _ := r.Take(1)
	file := rec.Append(nil)
	for i := range file {
		file[i] ^= 0x10
		if _, err := Read(file); err == nil {
			t.Fatalf("another byte %d is taken", i)
		}
		file[i] ^= 0x10
		if _, err := Read(file[:i]); err == nil {
			t.Fatalf("the first %d bytes are taken", i)
		}
	}
}

// FuzzRead gives Read arbitrary bytes. What it takes, it writes and reads again alike.
func FuzzRead(f *testing.F) {
	file := sample(f).Append(nil)
	f.Add(file)
	f.Add(file[:len(file)/2])
	f.Add([]byte(magic))
	f.Add(appendPieces([]byte(magic), frameHead, nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		rec, err := Read(b)
		if err != nil {
			return
		}
		again, err := Read(rec.Append(nil))
		if err != nil || !reflect.DeepEqual(again, rec) {
			t.Fatalf("read again: %v", err)
		}
	})
}

// FuzzEvents gives a cursor arbitrary bytes: it reads what is whole and stays within them.
func FuzzEvents(f *testing.F) {
	in := whole()
	f.Add(sample(f).Segments[0].Events)
	var s Segment
	appendInput(&s.Events, &in)
	appendOutput(&s.Events, &Output{To: 1 << 63, Size: wire.MaxFrame})
	f.Add(s.Events)
	f.Add(append([]byte{byte(Begin)}, bytes.Repeat([]byte{0xff}, 20)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := Segment{Events: b}
		c := s.Read()
		var e Event
		for at := 0; ; at = c.At() {
			ok, err := c.Next(&e)
			if !ok || err != nil {
				if err == nil && c.At() != len(b) {
					t.Fatalf("it ends at byte %d of %d", c.At(), len(b))
				}
				return
			}
			if c.At() <= at || len(e.Input.Body)+len(e.Input.Routes) > len(b) {
				t.Fatalf("an event from byte %d to %d with %d bytes", at, c.At(), len(e.Input.Body))
			}
		}
	})
}
