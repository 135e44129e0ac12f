package compare

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"messiah/sim"
)

// run is a made-up run: the hash behind each of its events.
type run []uint64

// runOf returns n events; those from the event parting on are others than those of salt 0.
func runOf(n, parting int, salt uint64) run {
	r := make(run, n)
	h := uint64(1)
	for i := range r {
		v := uint64(i + 1)
		if i+1 >= parting {
			v ^= salt << 32
		}
		h = (h ^ v) * 0x9e3779b97f4a7c15
		r[i] = h
	}
	return r
}

// recording is what a side that runs it answers.
func (r run) recording(w Window) Recording {
	rec := Recording{}
	for i, h := range r {
		event := uint64(i + 1)
		if event%sim.CheckpointEvery == 0 {
			rec.Checkpoints = append(rec.Checkpoints, h)
		}
		if w.From <= event && event <= w.Until {
			rec.Moments = append(rec.Moments, sim.Moment{Event: event, Hash: h, Line: fmt.Sprint(event)})
		}
		rec.Hash = h
	}
	return rec
}

// counted is a side that runs r and counts how often.
func (r run) counted(times *int) Side {
	return func(w Window) (Recording, error) {
		*times++
		return r.recording(w), nil
	}
}

func TestFirstEventIsFoundInTwoRuns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		length := rapid.IntRange(1, 4*sim.CheckpointEvery).Draw(t, "events")
		other := rapid.IntRange(1, 4*sim.CheckpointEvery).Draw(t, "events of the other")
		parting := rapid.IntRange(1, min(length, other)+1).Draw(t, "parting")
		var runsA, runsB int
		d, err := Find(runOf(length, parting, 0).counted(&runsA), runOf(other, parting, 1).counted(&runsB))
		if parting > min(length, other) && length == other {
			if !errors.Is(err, ErrAgree) {
				t.Fatalf("equal runs: %+v, %v", d, err)
			}
			return
		}
		if err != nil || d.Event != uint64(parting) {
			t.Fatalf("they part at event %d, and it found %d (%v)", parting, d.Event, err)
		}
		if (d.A == nil) != (length < parting) || (d.B == nil) != (other < parting) {
			t.Errorf("runs of %d and %d events that part at %d: sides %v and %v", length, other, parting, d.A, d.B)
		}
		if runsA != 2 || runsB != 2 {
			t.Errorf("it took %d and %d runs, not one for the checkpoints and one for the window", runsA, runsB)
		}
	})
}

// TestPartingByChance gives Find sides that part elsewhere in each run, as a
// run does that no seed decides.
func TestPartingByChance(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var a, b run
	side := func(last *run, salt uint64) Side {
		return func(w Window) (Recording, error) {
			*last = runOf(20*sim.CheckpointEvery, 1+rnd.IntN(20*sim.CheckpointEvery), salt)
			return last.recording(w), nil
		}
	}
	for range 20 {
		d, err := Find(side(&a, 1), side(&b, 2))
		if err != nil {
			t.Fatal(err)
		}
		at := int(d.Event) - 1
		if a[at] == b[at] || at > 0 && a[at-1] != b[at-1] {
			t.Errorf("event %d is not the first in which the last two runs differ", d.Event)
		}
	}
}

func TestSidesThatAgreeNowAndThen(t *testing.T) {
	times := 0
	now := func(w Window) (Recording, error) {
		times++
		if times%3 > 0 {
			return runOf(100, 100, 0).recording(w), nil
		}
		return runOf(100, 60, 1).recording(w), nil
	}
	var other int
	d, err := Find(now, runOf(100, 100, 0).counted(&other))
	if err != nil || d.Event != 60 {
		t.Errorf("found event %d, %v", d.Event, err)
	}
}

func TestErrorOfASideIsTold(t *testing.T) {
	broken := errors.New("no processor")
	var times int
	for _, sides := range [][2]Side{
		{func(Window) (Recording, error) { return Recording{}, broken }, runOf(1, 1, 0).counted(&times)},
		{runOf(1, 1, 0).counted(&times), func(Window) (Recording, error) { return Recording{}, broken }},
	} {
		if _, err := Find(sides[0], sides[1]); !errors.Is(err, broken) {
			t.Errorf("error %v", err)
		}
	}
	lying := func(Window) (Recording, error) { times++; return Recording{Hash: uint64(times)}, nil }
	if _, err := Find(lying, lying); !errors.Is(err, errUnseen) {
		t.Errorf("hashes that nothing explains: error %v", err)
	}
}

func TestLines(t *testing.T) {
	move := append([]byte{0xdc, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 0x92, 7, 0xcb, 0x40, 0x12, 0x22, 0x22, 0x22, 0x22, 0x22, 0x23)
	moved := append([]byte(nil), move...)
	moved[len(moved)-1]--
	for _, tt := range []struct {
		name         string
		a, b         *sim.Moment
		wantA, wantB string
	}{
		{"lines differ", &sim.Moment{Line: "  1s  #7 gate1"}, &sim.Moment{Line: "1s #7 gate2"}, "1s #7 gate1", "1s #7 gate2"},
		{"one has ended", &sim.Moment{Line: "1s"}, nil, "1s", "(the run has ended)"},
		{"fields differ", &sim.Moment{Line: "x", Fields: "num=1"}, &sim.Moment{Line: "x", Fields: "num=2"}, "x num=1", "x num=2"},
		{"payloads differ", &sim.Moment{Line: "x", Body: []byte("hello\x00")}, &sim.Moment{Line: "x", Body: []byte("hallo")},
			"x byte 1 differs; bytes 0-6: 68656c6c6f00 |hello.|", "x byte 1 differs; bytes 0-5: 68616c6c6f |hallo|"},
		{"a payload is longer", &sim.Moment{Line: "x", Body: []byte("ab")}, &sim.Moment{Line: "x", Body: []byte("a")},
			"x byte 1 differs; bytes 0-2: 6162 |ab|", "x byte 1 differs; bytes 0-1: 61 |a|"},
		{"messages differ", &sim.Moment{Line: "x", Body: move}, &sim.Moment{Line: "x", Body: moved},
			"[7 4.533333333333334]", "[7 4.533333333333333]"},
	} {
		a, b := Difference{A: tt.a, B: tt.b}.Lines()
		if !strings.HasSuffix(a, tt.wantA) || !strings.HasSuffix(b, tt.wantB) {
			t.Errorf("%s:\n%s\n%s", tt.name, a, b)
		}
	}
}

func TestPayloadIsCutAroundTheDifference(t *testing.T) {
	a := &sim.Moment{Line: "x", Body: []byte(strings.Repeat("a", 60_000))}
	b := &sim.Moment{Line: "x", Body: []byte(strings.Repeat("a", 30_000) + strings.Repeat("b", 30_000))}
	one, other := Difference{A: a, B: b}.Lines()
	if want := "byte 30000 differs; bytes 29976-30040: "; len(one) > 400 || !strings.Contains(one, want) || !strings.Contains(other, want) {
		t.Errorf("%d bytes of text:\n%.400s\n%.400s", len(one), one, other)
	}
}
