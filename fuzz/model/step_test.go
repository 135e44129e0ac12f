package model

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"messiah/scenarios"
	"messiah/sim"
	"messiah/sim/tier"
)

// seeds is how many runs of each scenario are compared with the model, 0 for the usual number.
func seeds(t *testing.T) uint64 {
	if text := os.Getenv("STEPSEEDS"); text != "" {
		n, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if testing.Short() {
		return 2
	}
	return 0
}

// observed runs a scenario with some seeds, and notes each kind of step that its migrations
// took with the place where it was seen first, and in how many runs.
func observed(t *testing.T, original *sim.Scenario, seeds uint64, all map[Step]string) (steps int) {
	t.Helper()
	name := original.Name
	for seed := range seeds {
		sc := *original
		sc.Play = func(s *sim.Story) {
			Observe(s.World, func(one Seen) {
				steps++
				if all[one.Step] == "" {
					all[one.Step] = fmt.Sprintf("%s --seed %d, entity %v on %v at %v", name, seed, one.Entity, one.At.ID, one.When)
				}
			})
			original.Play(s)
		}
		if r, err := tier.Exec(&sc, sim.RunConfig{Seed: seed}); err != nil || r.Verdict != sim.Pass {
			t.Fatalf("%s --seed %d: %v %s %v", name, seed, r.Verdict, r.Message, err)
		}
	}
	return steps
}

// TestRunsKeepToTheModel: each step that a migration takes in a simulated run is one of the
// model, from the same phase, by the same event, to the same phase.
func TestRunsKeepToTheModel(t *testing.T) {
	known, err := Steps()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[Step]string{}
	for _, sc := range scenarios.All() {
		many := uint64(5)
		switch {
		case sc.Name == "migrate-under-fire" || sc.Name == "migrate-interrupted":
			many = 50
		case !strings.HasPrefix(sc.Name, "migrate"):
			continue
		}
		if n := seeds(t); n != 0 {
			many = n
		}
		n := observed(t, sc, many, seen)
		t.Logf("%s: %d steps in %d runs, %d kinds by now", sc.Name, n, many, len(seen))
	}
	for step, where := range seen {
		if !known[step] {
			t.Errorf("not in the model: %v: run %s", step, where)
		}
	}
	if os.Getenv("STEPSEEDS") == "" {
		return
	}
	for _, step := range sorted(known) {
		if seen[step] == "" && !silent(step) {
			t.Logf("in no run: %v", step)
		}
	}
}

// silent tells whether a step is one that an observer does not report: it changes no phase, and
// what it is about is not in the message's header.
func silent(s Step) bool {
	by, what, _ := strings.Cut(s.Event, ":")
	return s.From == s.To && (by == "db" || by == "peer" || by == "self" || by == "other" || what == "game-gone" || s.Event == "game:end" || s.From == "-")
}
