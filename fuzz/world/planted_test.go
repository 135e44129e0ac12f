//go:build planted

package world

import (
	"cmp"
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
// returns the shortest one that rapid shrinks it to within rapid.shrinktime, with the oracle.
func hunt(t *testing.T, bug string, begin func(*rapid.T) world) (steps []string, oracle string) {
	t.Helper()
	setFlag(t, "rapid.nofailfile", "true")
	setFlag(t, "rapid.seed", "1")
	setFlag(t, "rapid.checks", "2000")
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
		w := begin(t)
		m := w.told()
		defer func() {
			steps, oracle = m.steps, ""
			if v := m.Verdict(); v != nil {
				oracle = v.Oracle
			}
		}()
		tell(t, w)
	})
	return nil, "nobody" // it passed every check
}

// found is a planted bug that rapid has to find, and how many acts are left of the story at most.
type found struct {
	bug    string
	acts   int
	oracle string // that notices it, where a story that rapid tells shows another the bug than its scenario does
}

// Each of these bugs is noticed by its own oracle, and what is left of the story
// that found it fits in a few lines: the cluster, and at most so many acts.
func TestRapidFindsPlantedBugsAndShrinksThem(t *testing.T) {
	shrinks(t, func(t *rapid.T) world { return begin(t) }, []found{
		{"stub-made-twice", 2, ""},
		{"seat-kept-after-unload", 2, ""},
		{"takeover-keeps-old-route", 5, ""},
		{"held-record-granted", 5, ""},
		{"client-forgets-its-calls", 5, ""},
	})
}

// The same of bugs of migration. The first acts are that the players log in. Short
// stories are enough, and are made small much sooner.
func TestRapidFindsPlantedBugsOfMigrationAndShrinksThem(t *testing.T) {
	setFlag(t, "rapid.steps", "10")
	shrinks(t, func(t *rapid.T) world { return depart(t) }, []found{
		{"timers-lost", 2, "delivered-or-told"},
	})
}

// These are found as well, each within a few hundred stories. That they are made small
// takes long where the story that found them is.
func TestRapidFindsPlantedBugsOfMigration(t *testing.T) {
	setFlag(t, "rapid.shrinktime", "0s")
	for _, test := range []found{
		{"second-move-forgets-first", 0, "delivered-or-told"},
		{"disconnect-clears-hold", 0, ""},
		{"speaks-before-confirmed", 0, ""},
	} {
		t.Run(test.bug, func(t *testing.T) {
			steps, oracle := hunt(t, test.bug, func(t *rapid.T) world { return depart(t) })
			t.Logf("%s noticed, after %d acts", oracle, len(steps))
			test.noticed(t, oracle)
		})
	}
}

// noticed wants the oracle to be the one that has to notice the bug.
func (f *found) noticed(t *testing.T, oracle string) {
	t.Helper()
	bug, known := sim.BugNamed(f.bug)
	if !known {
		t.Fatal("the catalogue does not know it")
	}
	if want := cmp.Or(f.oracle, bug.Oracle); oracle != want {
		t.Errorf("noticed by %q, not by %s", oracle, want)
	}
}

func shrinks(t *testing.T, begin func(*rapid.T) world, bugs []found) {
	t.Helper()
	setFlag(t, "rapid.shrinktime", "5m") // never cut short, or a slow machine would see another story
	for _, test := range bugs {
		t.Run(test.bug, func(t *testing.T) {
			steps, oracle := hunt(t, test.bug, begin)
			t.Logf("%s noticed:\n  %s", oracle, strings.Join(steps, "\n  "))
			test.noticed(t, oracle)
			if acts := len(steps) - 1; acts < 0 || acts > test.acts {
				t.Errorf("%d acts are left, at most %d were expected", acts, test.acts)
			}
		})
	}
}
