package choice

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// question is one decision that a run asks for.
type question struct {
	stream     int
	label      string
	n          int
	perMillion int // of a chance, if n is 0
}

func questions(t *rapid.T) []question {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) question {
		return question{
			stream:     rapid.IntRange(0, 5).Draw(t, "stream"),
			label:      rapid.SampledFrom([]string{"latency", "loss", "order"}).Draw(t, "label"),
			n:          rapid.SampledFrom([]int{0, 1, 2, 10, 1000}).Draw(t, "n"),
			perMillion: rapid.SampledFrom([]int{0, 100_000, 500_000, 999_999}).Draw(t, "weight"),
		}
	}), 0, 200).Draw(t, "questions")
}

// answers asks a source and returns what it decides.
func answers(source Source, asked []question) []int {
	var streams [6]Stream
	for i := range streams {
		streams[i] = source.Stream([]string{"link", "fault"}[i%2], uint64(i/2))
	}
	out := make([]int, len(asked))
	for i, q := range asked {
		if q.n > 0 {
			out[i] = streams[q.stream].Choose(q.label, q.n)
		} else if Chance(streams[q.stream], q.label, q.perMillion) {
			out[i] = 1
		}
	}
	return out
}

func TestReplayDecidesAsRecorded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		asked := questions(t)
		source := Seeded(rapid.Uint64().Draw(t, "seed"))
		if rapid.Bool().Draw(t, "from bytes") {
			source = Bytes(rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "bytes"))
		}
		recorder := NewRecorder(source)
		want := answers(recorder, asked)
		recorded := recorder.Decisions()

		listed := slices.Clone(recorded)
		shuffled := rapid.Permutation(listed).Draw(t, "order of the list")
		replay := Replay(shuffled)
		again := NewRecorder(replay)
		if got := answers(again, asked); !slices.Equal(got, want) {
			t.Fatalf("replay decides\n%v, recorded was\n%v", got, want)
		}
		if replay.Drift() != 0 || replay.Unreached() != 0 {
			t.Fatalf("an equal run drifts: %d drifted, %d unreached", replay.Drift(), replay.Unreached())
		}
		if !slices.Equal(again.Decisions(), recorded) {
			t.Fatalf("a recording of the replay is\n%v, want\n%v", again.Decisions(), recorded)
		}
	})
}

func TestRecorderPassesDecisionsOn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		asked, seed := questions(t), rapid.Uint64().Draw(t, "seed")
		recorder := NewRecorder(Seeded(seed))
		got, want := answers(recorder, asked), answers(Seeded(seed), asked)
		if !slices.Equal(got, want) {
			t.Fatalf("recorded decisions are\n%v, bare ones\n%v", got, want)
		}
		interesting := 0
		for _, v := range want {
			if v != 0 {
				interesting++
			}
		}
		if n := len(recorder.Decisions()); n != interesting {
			t.Fatalf("%d decisions are kept of %d that are not 0", n, interesting)
		}
	})
}

// What a minimiser does: leaving a decision out makes it 0 and moves no other.
func TestDroppedDecisionIsBoringAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		asked := questions(t)
		recorder := NewRecorder(Seeded(rapid.Uint64().Draw(t, "seed")))
		want := answers(recorder, asked)
		list := recorder.Decisions()
		if len(list) == 0 {
			return
		}
		dropped := rapid.IntRange(0, len(list)-1).Draw(t, "dropped")
		replay := Replay(slices.Delete(list, dropped, dropped+1))
		nonzero := 0
		for i, v := range answers(replay, asked) {
			expected := want[i]
			if want[i] != 0 {
				if nonzero == dropped {
					expected = 0
				}
				nonzero++
			}
			if v != expected {
				t.Fatalf("decision %d is %d, want %d", i, v, expected)
			}
		}
	})
}

func TestDriftIsCounted(t *testing.T) {
	list := []Decision{
		{"link", 1, 0, "latency", 10, 7},
		{"link", 1, 1, "latency", 10, 7},
		{"link", 1, 2, "latency", 10, 7},
		{"link", 1, 3, "latency", 10, 7},
		{"link", 1, 3, "latency", 10, 8}, // a second one for the place
		{"link", 1, 5, "latency", 10, 7},
		{"link", 2, 0, "latency", 10, 7},
	}
	replay := Replay(list)
	s := replay.Stream("link", 1)
	for i, step := range []struct {
		label                  string
		n, want, drift, undone int
	}{
		{"latency", 10, 7, 0, 6},
		{"loss", 10, 0, 1, 5},     // another label: ignored
		{"latency", 5, 4, 2, 4},   // fewer choices: clamped
		{"latency", 100, 7, 3, 3}, // more choices: kept
		{"latency", 10, 0, 3, 3},  // not listed
		{"latency", 10, 7, 3, 2},
		{"latency", 10, 0, 3, 2},
	} {
		got := s.Choose(step.label, step.n)
		if got != step.want || replay.Drift() != step.drift || replay.Unreached() != step.undone {
			t.Errorf("decision %d is %d with %d drifted and %d unreached, want %d, %d, %d",
				i, got, replay.Drift(), replay.Unreached(), step.want, step.drift, step.undone)
		}
	}
}

func TestRecorderRefusesAStreamTwice(t *testing.T) {
	r := NewRecorder(Seeded(1))
	r.Stream("link", 1)
	r.Stream("link", 2)
	const want = "choice: stream link 1 is asked for twice"
	if text := panicOf(func() { r.Stream("link", 1) }); text != want {
		t.Fatalf("panic is %q, want %q", text, want)
	}
}

func TestRecorderCountsWhatItCannotKeep(t *testing.T) {
	r := NewRecorder(Bytes(nil))
	s := r.Stream("link", 1).(*recorded)
	r.decisions = make([]Decision, MaxDecisions-1, MaxDecisions)
	for range 3 {
		s.keep("latency", 10, 5)
	}
	if len(r.decisions) != MaxDecisions || r.Lost() != 2 {
		t.Fatalf("%d decisions are kept and %d lost", len(r.decisions), r.Lost())
	}
	if last := fmt.Sprint(r.decisions[MaxDecisions-1]); last != "{link 1 0 latency 10 5}" {
		t.Fatalf("the last one kept is %s", last)
	}
}
