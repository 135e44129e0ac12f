//go:build planted

package world

import (
	"flag"
	"fmt"
	"strings"
	"testing"

	"messiah/core/planted"
	"messiah/sim"

	"pgregory.net/rapid"
)

// witness takes a failing check down instead of failing the test that wants it to fail.
type witness struct {
	*testing.T
	failed bool
	text   strings.Builder
}

// gaveUp unwinds a check whose property failed.
type gaveUp struct{}

func (w *witness) Errorf(format string, args ...any) {
	w.failed = true
	fmt.Fprintf(&w.text, format, args...)
}
func (w *witness) Fatalf(format string, args ...any) { w.Errorf(format, args...); w.FailNow() }
func (w *witness) Logf(string, ...any)               {}
func (w *witness) Log(...any)                        {}
func (w *witness) Fail()                             { w.failed = true }
func (w *witness) Failed() bool                      { return w.failed }
func (w *witness) FailNow()                          { w.failed = true; panic(gaveUp{}) }

// setFlag sets one of rapid's flags for as long as the test runs.
func setFlag(t *testing.T, name, value string) {
	t.Helper()
	before := flag.Lookup(name).Value.String()
	if err := flag.Set(name, value); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = flag.Set(name, before) })
}

// hunt plants a bug, lets rapid tell stories until an oracle notices, and
// returns the shortest one that rapid shrinks it to, with the oracle.
func hunt(t *testing.T, bug string) (steps []string, oracle string) {
	t.Helper()
	setFlag(t, "rapid.nofailfile", "true")
	setFlag(t, "rapid.seed", "1")
	setFlag(t, "rapid.checks", "2000")
	setFlag(t, "rapid.shrinktime", "5m") // never cut short, or a slow machine would see another story
	if err := planted.Choose(bug); err != nil {
		t.Fatal(err)
	}
	defer planted.Choose("")
	defer func() {
		if r := recover(); r != nil && r != any(gaveUp{}) {
			panic(r)
		}
	}()
	// The last story that rapid tells is the one that it has shrunk.
	rapid.Check(&witness{T: t}, func(t *rapid.T) {
		m := begin(t)
		defer func() {
			steps, oracle = m.steps, ""
			if v := m.Verdict(); v != nil {
				oracle = v.Oracle
			}
		}()
		t.Repeat(m.actions())
		m.finish(t)
	})
	return nil, "nobody" // it passed every check
}

// Each of these bugs is noticed by its own oracle, and what is left of the story
// that found it fits in a few lines: the cluster, and at most so many acts.
func TestRapidFindsPlantedBugsAndShrinksThem(t *testing.T) {
	for _, test := range []struct {
		bug  string
		acts int
	}{
		{"stub-made-twice", 2},
		{"seat-kept-after-unload", 2},
		{"takeover-keeps-old-route", 5},
		{"held-record-granted", 5},
		{"client-forgets-its-calls", 5},
	} {
		t.Run(test.bug, func(t *testing.T) {
			bug, known := sim.BugNamed(test.bug)
			if !known {
				t.Fatal("the catalogue does not know it")
			}
			steps, oracle := hunt(t, test.bug)
			t.Logf("%s noticed:\n  %s", oracle, strings.Join(steps, "\n  "))
			if oracle != bug.Oracle {
				t.Errorf("noticed by %q, not by %s", oracle, bug.Oracle)
			}
			if acts := len(steps) - 1; acts < 0 || acts > test.acts {
				t.Errorf("%d acts are left, at most %d were expected", acts, test.acts)
			}
		})
	}
}
