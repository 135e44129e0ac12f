package flight

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"messiah/core/game"
	"messiah/core/manager"
	"messiah/core/node"
	"messiah/core/record"
	"messiah/core/wire"
)

var version = wire.Version{ProtoMin: 1, ProtoMax: 2, Schema: 3, Digest: 4}

func options() Options {
	return Options{Version: version, Script: func() game.Script { return game.Script{} }}
}

// lonely is the recording of a manager that somebody dials who has no secret.
func lonely(t testing.TB) *record.Recording {
	t.Helper()
	cfg := node.Config{Self: node.NewID(node.Manager, 1), Version: version, Secret: []byte("a secret")}
	r := record.NewRecorder(1<<20, &cfg)
	cfg.Tape = r
	h := node.NewHost(cfg, manager.New(manager.Config{Gates: 2, Games: 3}), bytes.Repeat([]byte{7}, node.EntropySize))
	turn := func(at node.Time, inputs ...node.Input) {
		h.Begin(at, int64(at)+1e18)
		for i := range inputs {
			h.Deliver(&inputs[i])
		}
		for in, ok := h.Step(); ok; in, ok = h.Step() {
			h.Settle(in)
		}
		h.Finish()
	}
	hello := wire.Append(nil, greeting{cfg.Self})
	turn(1)
	turn(2, node.Input{Kind: node.InConnUp, Conn: 5}, node.Input{Kind: node.InConnData, Conn: 5, Body: wire.AppendFrame(nil, 1, 0, nil, hello)})
	turn(4e9)
	rec, ok := r.Take(1)
	if !ok {
		t.Fatal("it is not recorded")
	}
	return rec
}

// greeting is the first frame of a gate that links up.
type greeting struct{ to node.ID }

func (g greeting) Code(c *wire.Coder) {
	from, to, nonce := node.Peer{ID: node.NewID(node.Gate, 1), Inc: 9}, node.Peer{ID: g.to}, [16]byte{1}
	v := version
	v.Code(c)
	from.Code(c)
	to.Code(c)
	c.Bytes16(&nonce)
}

// Proofs with the cluster's secret replay without it, and what the manager was made with is in the recording.
func TestReplayNeedsNeitherSecretNorSettings(t *testing.T) {
	r, err := Play(lonely(t), options())
	if err != nil || r.First != nil || r.Events != 2 || r.Compare.Others != 2 || r.Compare.States != 1 {
		t.Errorf("%v %+v %+v", err, r, r.First)
	}
}

func TestWhatCannotBeReplayedSaysWhy(t *testing.T) {
	for _, one := range []struct {
		what, want string
		change     func(*record.Recording)
	}{
		{"another schema", "schema 77", func(r *record.Recording) { r.Head.Version.Schema = 77 }},
		{"a client", "a client, which is no process of a cluster", func(r *record.Recording) { r.Head.Self.ID = node.NewID(node.Client, 1) }},
		{"another role's state", "cannot read the recorded state", func(r *record.Recording) { r.Head.Self.ID = node.NewID(node.DB, 1) }},
		{"no state", "no state to begin with", func(r *record.Recording) { r.Segments = nil }},
		{"a cut state", "cannot read the recorded state", func(r *record.Recording) {
			r.Segments[0].Snapshot = r.Segments[0].Snapshot[:len(r.Segments[0].Snapshot)-1]
		}},
	} {
		rec := lonely(t)
		one.change(rec)
		if _, err := Play(rec, options()); err == nil || !strings.Contains(err.Error(), one.want) {
			t.Errorf("%s: %v, want %q", one.what, err, one.want)
		}
	}
}

// place returns where the first event of the first segment is of which it is so.
func place(rec *record.Recording, is func(*record.Event) bool) (from, to int) {
	c := rec.Segments[0].Read()
	var e record.Event
	for from = 0; ; from = c.At() {
		if ok, err := c.Next(&e); !ok || err != nil {
			panic("there is no such event")
		}
		if is(&e) {
			return from, c.At()
		}
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// A difference is told from both sides, whichever is silent.
func TestDifferences(t *testing.T) {
	events := func(rec *record.Recording) *[]byte { return &rec.Segments[0].Events }
	for _, one := range []struct {
		what, recorded, replayed string
		change                   func(*record.Recording)
	}{
		{"a message more is recorded", "link frame 2 to gate1 (connection 5)", "nothing", func(rec *record.Recording) {
			b := events(rec)
			from, to := place(rec, func(e *record.Event) bool { return e.Kind == record.Asked && e.Out.What == node.OpWrite })
			*b = slices.Concat((*b)[:to], (*b)[from:])
		}},
		{"a message less is recorded", "nothing", "link frame 2 to gate1 (connection 5)", func(rec *record.Recording) {
			b := events(rec)
			from, to := place(rec, func(e *record.Event) bool { return e.Kind == record.Asked && e.Out.What == node.OpWrite })
			*b = slices.Concat((*b)[:from], (*b)[to:])
		}},
		{"a message is another one", "link frame 2", "link frame 2", func(rec *record.Recording) {
			from, _ := place(rec, func(e *record.Event) bool { return e.Kind == record.Asked && e.Out.What == node.OpWrite })
			(*events(rec))[from+4] ^= 1
		}},
		{"a step was not asked for", "close of connection 5", "nothing", func(rec *record.Recording) {
			b, steps := events(rec), 0
			from, to := place(rec, func(e *record.Event) bool {
				steps += btoi(e.Kind == record.Step)
				return steps == 4 // of the third turn the first
			})
			*b = slices.Concat((*b)[:from], (*b)[to:])
		}},
		{"the state at the end is another", "a state of", "a state of", func(rec *record.Recording) { rec.Closing[len(rec.Closing)-3] ^= 1 }},
		{"time goes back", "it went on", "panic: ", func(rec *record.Recording) {
			*events(rec) = append(*events(rec), byte(record.Begin), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0)
		}},
	} {
		rec := lonely(t)
		one.change(rec)
		r, err := Play(rec, options())
		if err != nil || r.First == nil || !strings.Contains(r.First.Recorded, one.recorded) || !strings.Contains(r.First.Replayed, one.replayed) {
			t.Errorf("%s: %v, %+v", one.what, err, r.First)
		}
	}
}

// FuzzPlay replays arbitrary events from an arbitrary state: there is a report or an error.
func FuzzPlay(f *testing.F) {
	rec := lonely(f)
	f.Add(rec.Segments[0].Snapshot, rec.Segments[0].Events, rec.Closing)
	f.Add(rec.Closing, rec.Segments[0].Events, rec.Closing)
	f.Fuzz(func(t *testing.T, snapshot, events, closing []byte) {
		hostile := *rec
		hostile.Segments = []record.Segment{{Snapshot: snapshot, Events: events}}
		hostile.Closing = closing
		if r, err := Play(&hostile, options()); err == nil && r.First == nil && r.Compare.States != 1 {
			t.Fatalf("%+v", r)
		}
	})
}
