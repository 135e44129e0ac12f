package choice

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// draws takes decisions with bounds of many sizes from a stream.
func draws(s Stream, count int) []int {
	out := make([]int, count)
	for i := range out {
		out[i] = s.Choose("draw", 1+i*i*i)
	}
	return out
}

// The bits of a seed are fixed for good and on every architecture: committed
// decision lists and golden traces hang on them.
func TestSeededDecisionsAreTheCommittedOnes(t *testing.T) {
	for _, golden := range []struct {
		seed    uint64
		purpose string
		id      uint64
		want    []int
	}{
		{0, "", 0, []int{221582177, 11480043, 245938613, 351457, 105, 0, 0, 1032854996}},
		{7, "link", 3, []int{956427221, 1058295567, 318265268, 379481, 676, 0, 0, 409114770}},
		{7, "link", 4, []int{1000898216, 592831072, 187747869, 665746, 297, 0, 0, 374359474}},
		{1<<64 - 1, "fault", 1 << 63, []int{957646541, 520406808, 514895507, 321090, 599, 1, 0, 48369935}},
	} {
		s := Seeded(golden.seed).Stream(golden.purpose, golden.id)
		var got []int
		for _, n := range []int{1 << 30, 1 << 30, 1 << 30, 1_000_000, 1000, 2, 1, 1 << 30} {
			got = append(got, s.Choose("golden", n))
		}
		if !slices.Equal(got, golden.want) {
			t.Errorf("seed %d, stream %q %d chooses\n%d, want\n%d", golden.seed, golden.purpose, golden.id, got, golden.want)
		}
	}
}

func TestDrawsOfOneStreamDoNotMoveAnother(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		want := draws(Seeded(seed).Stream("link", 7), 50)

		source := Seeded(seed)
		others := []Stream{source.Stream("link", 8), source.Stream("fault", 7), source.Stream("", 7)}
		s := source.Stream("link", 7)
		for i, v := range want {
			for range rapid.IntRange(0, 3).Draw(t, "draws elsewhere") {
				rapid.SampledFrom(others).Draw(t, "stream").Choose("other", 10)
			}
			if got := s.Choose("draw", 1+i*i*i); got != v {
				t.Fatalf("decision %d is %d beside other streams, %d alone", i, got, v)
			}
		}
	})
}

func TestOneSeedGivesUnlikeStreams(t *testing.T) {
	const ids, n = 10_000, 1 << 30
	firsts := map[[2]int]string{}
	for _, seed := range []uint64{0, 1, 1 << 63} {
		for _, purpose := range []string{"", "link", "links", "knil"} {
			for id := range uint64(ids) {
				s := Seeded(seed).Stream(purpose, id)
				first := [2]int{s.Choose("", n), s.Choose("", n)}
				name := fmt.Sprintf("seed %d, %q %d", seed, purpose, id)
				if other, ok := firsts[first]; ok {
					t.Fatalf("%s begins as %s does", name, other)
				}
				firsts[first] = name
			}
		}
	}
}

// Chi-square of the first decisions of neighbouring streams, 255 degrees of
// freedom: beyond 350 with a probability below 0.0001. The seed is fixed, so the
// test has one outcome.
func TestFirstDecisionsAreEven(t *testing.T) {
	const n, ids = 256, 256 * 200
	var counts [n]int
	source := Seeded(1)
	for id := range uint64(ids) {
		counts[source.Stream("link", id).Choose("first", n)]++
	}
	sum := 0.0
	for _, count := range counts {
		d := float64(count) - ids/n
		sum += d * d / (ids / n)
	}
	if sum > 350 {
		t.Fatalf("chi-square of the first decisions is %.0f", sum)
	}
}

// unweighted hides that a stream is Weighted.
type unweighted struct{ inner Stream }

func (u unweighted) Choose(label string, n int) int { return u.inner.Choose(label, n) }

func TestChanceComesAtItsWeight(t *testing.T) {
	const tries = 1_000_000
	for _, perMillion := range []int{0, 1000, 250_000, 999_000, 1_000_000} {
		source := Seeded(3)
		for _, s := range []Stream{source.Stream("fault", 1), unweighted{source.Stream("fault", 2)}} {
			happened := 0
			for range tries {
				if Chance(s, "loss", perMillion) {
					happened++
				}
			}
			if off := happened - perMillion; off < -perMillion/10 || off > perMillion/10 {
				t.Errorf("%T: %d per million came %d times in a million", s, perMillion, happened)
			}
		}
	}
}

func TestZeroIsTheBoringChoice(t *testing.T) {
	for name, source := range map[string]Source{"replay": Replay(nil), "bytes": Bytes(nil)} {
		s := source.Stream("link", 1)
		if !Chance(s, "loss", million) || !Chance(unweighted{s}, "loss", million) {
			t.Errorf("%s: what is certain does not happen", name)
		}
		for _, perMillion := range []int{0, 1, 999_999} {
			if Chance(s, "loss", perMillion) || Chance(unweighted{s}, "loss", perMillion) {
				t.Errorf("%s: a chance of %d per million happens at 0", name, perMillion)
			}
		}
		if d := Between(s, "latency", time.Millisecond, time.Second); d != time.Millisecond {
			t.Errorf("%s: between 1 ms and 1 s is %v at 0", name, d)
		}
		if v := Pick(s, "order", []string{"fifo", "lifo"}); v != "fifo" {
			t.Errorf("%s: picked %s at 0", name, v)
		}
	}
}

func TestBetweenReachesBothEnds(t *testing.T) {
	s := Seeded(4).Stream("link", 1)
	seen := map[int32]bool{}
	for range 1000 {
		seen[Between(s, "latency", int32(-2), 2)] = true
	}
	if len(seen) != 5 || !seen[-2] || !seen[2] {
		t.Fatalf("between -2 and 2 gave %v", seen)
	}
	if v := Between(s, "latency", 9, 9); v != 9 {
		t.Fatalf("between 9 and 9 is %d", v)
	}
}

func TestDecisionsWithoutAChoicePanic(t *testing.T) {
	for name, s := range map[string]Stream{
		"seeded": Seeded(1).Stream("a", 1), "replay": Replay(nil).Stream("a", 1), "bytes": Bytes(nil).Stream("a", 1),
		"recorder": NewRecorder(Seeded(1)).Stream("a", 1),
	} {
		for what, run := range map[string]func(){
			`choice: "x" offers 0 choices`:       func() { s.Choose("x", 0) },
			`choice: "x" offers -1 choices`:      func() { s.Choose("x", -1) },
			`choice: "x" is between 2 and 1`:     func() { Between(s, "x", 2, 1) },
			`choice: "y" offers 0 choices`:       func() { Pick(s, "y", []int{}) },
			`choice: "x" is between -9223372036`: func() { Between(s, "x", -1<<63, int64(1<<63-1)) },
		} {
			if text := panicOf(run); !strings.HasPrefix(text, what) {
				t.Errorf("%s: panic is %q, want %q", name, text, what)
			}
		}
	}
}

// panicOf returns the text that run panics with, "" if it does not.
func panicOf(run func()) (text string) {
	defer func() { text, _ = recover().(string) }()
	run()
	return ""
}

func TestBytesAreDrawnInOrder(t *testing.T) {
	s := Bytes([]byte{7, 1, 2, 0xff, 5, 4, 3, 2, 1, 255, 254, 9}).Stream("any", 0)
	for i, step := range []struct{ n, want int }{
		{256, 7},            // one byte
		{1, 0},              // none
		{257, 0x0201 % 257}, // two
		{10, 255 % 10},
		{1 << 30, 0x02030405}, // four
	} {
		if got := s.Choose("draw", step.n); got != step.want {
			t.Errorf("decision %d of %d choices is %d, want %d", i, step.n, got, step.want)
		}
	}
	if Chance(s, "never", 0) || Chance(s, "rare", 1) || !Chance(s, "rare", 1) || Chance(s, "rare", 1) {
		t.Errorf("a rare chance is not that of the bytes 1, 255, 254")
	}
	if got := s.Choose("cut short", 1000); got != 9 {
		t.Errorf("two bytes of which one is left make %d, want 9", got)
	}
	if got := s.Choose("past the end", 1000); got != 0 {
		t.Errorf("a decision past the end is %d", got)
	}
}

func TestDecisionsDoNotAllocate(t *testing.T) {
	recorder := NewRecorder(Seeded(1))
	recorder.decisions = make([]Decision, 0, 4096)
	for name, s := range map[string]Stream{
		"seeded": Seeded(1).Stream("a", 1), "replay": Replay(nil).Stream("a", 1),
		"bytes": Bytes(make([]byte, 4096)).Stream("a", 1), "recorder": recorder.Stream("a", 1),
	} {
		allocations := testing.AllocsPerRun(100, func() {
			s.Choose("latency", 1000)
			Chance(s, "loss", 1000)
			Between(s, "delay", time.Millisecond, time.Second)
		})
		if allocations != 0 {
			t.Errorf("%s: %v allocations for three decisions", name, allocations)
		}
	}
}

func BenchmarkChoose(b *testing.B) {
	for _, c := range []struct {
		name   string
		source Source
	}{
		{"seeded", Seeded(1)}, {"replay-calm", Replay(nil)}, {"bytes-ended", Bytes(nil)},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := c.source.Stream("link", 1)
			b.ReportAllocs()
			for b.Loop() {
				s.Choose("latency", 1000)
			}
		})
	}
	b.Run("seeded-chance", func(b *testing.B) {
		s := Seeded(1).Stream("link", 1)
		b.ReportAllocs()
		for b.Loop() {
			Chance(s, "loss", 1000)
		}
	})
	b.Run("seeded-stream", func(b *testing.B) {
		source := Seeded(1)
		b.ReportAllocs()
		id := uint64(0)
		for b.Loop() {
			id++
			source.Stream("link", id)
		}
	})
}
