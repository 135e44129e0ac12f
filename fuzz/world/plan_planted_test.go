//go:build planted

package world

import (
	"math/rand/v2"
	"testing"

	"messiah/core/planted"
	"messiah/sim"
)

// plant plants a bug for as long as the test runs.
func plant(t *testing.T, name string) sim.Bug {
	t.Helper()
	bug, known := sim.BugNamed(name)
	if err := planted.Choose(name); err != nil || !known {
		t.Fatalf("the catalogue does not know %s: %v", name, err)
	}
	t.Cleanup(func() { _ = planted.Choose("") })
	return bug
}

// noticed tells whether the bug's own oracle notices it in the run of these bytes.
func noticed(t *testing.T, bug sim.Bug, b []byte) bool {
	t.Helper()
	r := readRun(b)
	res, err := r.play()
	if err != nil {
		t.Fatal(err)
	}
	return fails(&res) && res.Oracle == bug.Oracle
}

// The seeds of FuzzPlan alone find these bugs.
func TestSeedsOfPlansFindPlantedBugs(t *testing.T) {
	for _, name := range []string{
		"admit-before-stubs", "stub-made-twice", "connected-not-withdrawn", "message-after-end", "route-kept-after-exit",
		"game-lost-untold", "client-forgets-its-calls", "record-not-read", "takeover-keeps-old-route", "held-record-granted",
		"no-redial", "call-without-route",
	} {
		t.Run(name, func(t *testing.T) {
			bug := plant(t, name)
			for _, b := range seedRuns() {
				if noticed(t, bug, b) {
					return
				}
			}
			t.Errorf("%s has not noticed it", bug.Oracle)
		})
	}
}

// mostDrawn is how many runs a drawn plan may take to meet a bug. All scenarios share the
// draws, so each further one has every bug met later.
const mostDrawn = 2000

// These take bytes that a generator draws, so many runs of them.
func TestDrawnPlansFindPlantedBugs(t *testing.T) {
	for _, name := range []string{
		"alive-flag-lies", "link-skips-resend", "overtaking-frame", "link-never-acknowledged", "resume-skips-resend",
	} {
		t.Run(name, func(t *testing.T) {
			bug := plant(t, name)
			for seed := range uint64(mostDrawn) {
				if b := drawn(rand.NewPCG(seed, 1)); noticed(t, bug, b) {
					t.Logf("%s noticed it in run %d, %s, of %d bytes", bug.Oracle, seed+1, readRun(b).scenario.Name, len(b))
					return
				}
			}
			t.Errorf("%s has not noticed it in %d runs", bug.Oracle, mostDrawn)
		})
	}
}
