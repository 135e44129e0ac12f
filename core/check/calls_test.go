package check

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"messiah/core/wire"

	"pgregory.net/rapid"
)

// Each story is what happens to three calls, numbered from 101, and what a checker must find in it.
func TestCallsNoticesEachFault(t *testing.T) {
	const a, b, c = 101, 102, 103
	for _, story := range []struct {
		name string
		tell func(*Calls)
		want Tally // without the faults' texts
		text string
	}{
		{"all executed", func(k *Calls) { k.Executed(a); k.Executed(b); k.Executed(c) }, Tally{Done: 3}, ""},
		{"one failed", func(k *Calls) { k.Executed(a); k.Failed(b); k.Executed(c) }, Tally{Done: 2, Failed: 1}, ""},
		{"a failure told late", func(k *Calls) { k.Executed(c); k.Failed(a); k.Failed(b) }, Tally{Done: 1, Failed: 2}, ""},
		{"a crash", func(k *Calls) { k.Executed(a); k.Unknown(0, b); k.Executed(c) }, Tally{Done: 2, Unknown: 1}, ""},
		{"a crash after all", func(k *Calls) { k.AllUnknown() }, Tally{Unknown: 3}, ""},
		{"lost", func(k *Calls) { k.Executed(a); k.Executed(c) }, Tally{Done: 2, Lost: 1}, "call 102 has no outcome"},
		{"answered twice", func(k *Calls) { k.Executed(a); k.Executed(a); k.Executed(b); k.Executed(c) },
			Tally{Done: 3, Doubled: 1}, "call 101 was answered twice"},
		{"executed and failed", func(k *Calls) { k.Executed(a); k.Failed(a); k.Executed(b); k.Executed(c) },
			Tally{Done: 3, Doubled: 1}, "call 101 ended twice"},
		{"failed and executed", func(k *Calls) { k.Failed(a); k.Executed(a); k.Executed(b); k.Executed(c) },
			Tally{Done: 2, Failed: 1, Doubled: 1}, "call 101 was answered twice"},
		{"unknown and executed", func(k *Calls) { k.Unknown(0, a); k.Executed(a); k.Executed(b); k.Executed(c) },
			Tally{Done: 2, Unknown: 1, Doubled: 1}, "call 101 was answered twice"},
		{"answered and never sent", func(k *Calls) { k.Executed(a); k.Executed(b); k.Executed(c); k.Executed(104) },
			Tally{Done: 3, Doubled: 1}, "call 104"},
		{"out of order", func(k *Calls) { k.Executed(b); k.Executed(a); k.Executed(c) },
			Tally{Done: 3, Reordered: 1}, "call 101 was executed after call 102"},
	} {
		var k Calls
		k.Begin(100)
		for want := uint64(a); want <= c; want++ {
			if n, ok := k.Next(); n != want || !ok {
				t.Fatalf("the next call is %d, %v, want %d", n, ok, want)
			}
		}
		story.tell(&k)
		k.Rest()
		got := k.Tally()
		text := strings.Join(got.Faults, "; ")
		faults := got.Lost + got.Doubled + got.Reordered
		if uint64(len(got.Faults)) != faults || !strings.Contains(text, story.text) || faults > 0 && !strings.HasPrefix(text, "check: ") {
			t.Errorf("%s: faults %q, want %q", story.name, got.Faults, story.text)
		}
		got.Faults, story.want.Sent = nil, 3
		if got.Sent != story.want.Sent || got.Done != story.want.Done || got.Failed != story.want.Failed ||
			got.Unknown != story.want.Unknown || got.Lost != story.want.Lost || got.Doubled != story.want.Doubled ||
			got.Reordered != story.want.Reordered {
			t.Errorf("%s: %+v, want %+v", story.name, got, story.want)
		}
		if k.Open() != 0 {
			t.Errorf("%s: %d calls are open at rest", story.name, k.Open())
		}
	}
}

func TestCallsAreBounded(t *testing.T) {
	var k Calls
	for range MaxOpen {
		if _, ok := k.Next(); !ok {
			t.Fatalf("no call after %d", k.Sent())
		}
	}
	if n, ok := k.Next(); ok {
		t.Errorf("call %d goes over the bound", n)
	}
	k.Executed(1)
	if n, ok := k.Next(); n != MaxOpen+1 || !ok {
		t.Errorf("after an answer the next call is %d, %v", n, ok)
	}
	k.Rest()
	if got := k.Tally(); got.Lost != MaxOpen || len(got.Faults) != maxFaults {
		t.Errorf("%d lost, %d described", got.Lost, len(got.Faults))
	}
}

// Whatever becomes of calls, each is counted as exactly one thing, and a checker that was saved and loaded goes on alike.
func TestCallsAccountForEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var k Calls
		var open []uint64
		take := func(t *rapid.T) uint64 {
			if len(open) == 0 {
				t.Skip("none is open")
			}
			i := rapid.IntRange(0, len(open)-1).Draw(t, "which")
			n := open[i]
			open = slices.Delete(open, i, i+1)
			return n
		}
		t.Repeat(map[string]func(*rapid.T){
			"next": func(*rapid.T) {
				n, _ := k.Next()
				open = append(open, n)
			},
			"executed": func(t *rapid.T) { k.Executed(take(t)) },
			"failed":   func(t *rapid.T) { k.Failed(take(t)) },
			"unknown": func(t *rapid.T) {
				n := rapid.Uint64Range(0, k.Sent()).Draw(t, "up to")
				k.Unknown(0, n)
				open = slices.DeleteFunc(open, func(one uint64) bool { return one <= n })
			},
			"save and load": func(t *rapid.T) {
				var loaded Calls
				state := wire.AppendState(nil, k.Code)
				if err := wire.LoadState(state, loaded.Code); err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(wire.AppendState(nil, loaded.Code), state) {
					t.Fatal("the loaded state is another")
				}
				k = loaded
			},
			"": func(t *rapid.T) {
				if got := k.Tally(); k.Open() != len(open) || got.Sent != got.Done+got.Failed+got.Unknown+uint64(len(open)) ||
					got.Lost+got.Doubled != 0 {
					t.Fatalf("%d open, %+v, want %d open", k.Open(), got, len(open))
				}
			},
		})
		k.Rest()
		if got := k.Tally(); got.Lost != uint64(len(open)) {
			t.Fatalf("%d lost, want %d", got.Lost, len(open))
		}
	})
}

func TestLedger(t *testing.T) {
	const other = 1 << 32 // numbers of another client
	for _, c := range []struct {
		name  string
		calls []uint64
		runs  []bool
		want  Ledger
	}{
		{"in order", []uint64{1, 2, 3}, []bool{true, true, true}, Ledger{Last: 3, Count: 3}},
		{"a gap", []uint64{1, 5}, []bool{true, true}, Ledger{Last: 5, Count: 2}},
		{"doubled", []uint64{1, 2, 2}, []bool{true, true, false}, Ledger{Last: 2, Count: 3, Doubled: 1}},
		{"reordered", []uint64{1, 3, 2, 4}, []bool{true, true, false, true}, Ledger{Last: 4, Count: 4, Reordered: 1}},
		{"another client", []uint64{7, other + 1, other + 1, other + 2}, []bool{true, true, false, true},
			Ledger{Last: other + 2, Count: 4, Doubled: 1}},
	} {
		var l Ledger
		for i, n := range c.calls {
			if ran := l.Execute(n); ran != c.runs[i] {
				t.Errorf("%s: call %d is in order: %v", c.name, n, ran)
			}
		}
		if l != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, l, c.want)
		}
		var loaded Ledger
		if err := wire.LoadState(wire.AppendState(nil, l.Code), loaded.Code); err != nil || loaded != l {
			t.Errorf("%s: loaded %+v, %v", c.name, loaded, err)
		}
	}
}

func TestStream(t *testing.T) {
	const restart = 0
	for _, c := range []struct {
		name     string
		pushes   []uint64
		gaps     uint64
		disorder uint64
	}{
		{"in order", []uint64{1, 2, 3}, 0, 0},
		{"begins anywhere", []uint64{7, 8}, 0, 0},
		{"lost", []uint64{1, 2, 5}, 2, 0},
		{"doubled", []uint64{1, 2, 2, 3}, 0, 1},
		{"late", []uint64{1, 3, 2, 4}, 1, 1},
		{"another life", []uint64{5, 6, restart, 1, 2}, 0, 0},
		{"lost after a restart", []uint64{5, restart, 1, 3}, 1, 0},
		{"doubled after a restart", []uint64{5, restart, 6, 6}, 0, 1},
	} {
		var s Stream
		count := uint64(0)
		for _, n := range c.pushes {
			if n == restart {
				s.Restart()
				continue
			}
			count++
			s.Got(n)
		}
		if s.Gaps() != c.gaps || s.Disorder() != c.disorder || s.Count() != count {
			t.Errorf("%s: %d gaps, %d in disorder, %d in all", c.name, s.Gaps(), s.Disorder(), s.Count())
		}
		var loaded Stream
		if err := wire.LoadState(wire.AppendState(nil, s.Code), loaded.Code); err != nil || loaded != s {
			t.Errorf("%s: loaded %+v, %v", c.name, loaded, err)
		}
	}
}
