package sweep

import (
	"context"
	"math"
	"testing"

	"messiah/sim"
)

// However few runs there were, what is told of a sweep is a number.
func TestRatesOfFewRuns(t *testing.T) {
	quick := func(*sim.Scenario, sim.RunConfig) (sim.Result, error) {
		return sim.Result{Verdict: sim.Pass, States: map[uint64]struct{}{1: {}, 2: {}}}, nil
	}
	for _, runs := range []uint64{1, 2, growthEvery, growthEvery + 1} {
		r, err := Run(context.Background(), Config{Scenarios: []*sim.Scenario{{Name: "none"}}, From: 1, To: runs, Jobs: 1, Exec: quick})
		if err != nil || r.Runs != int(runs) {
			t.Fatalf("%d runs: %+v, %v", runs, r, err)
		}
		if n := r.NewStatesPerThousand(); math.IsNaN(n) || math.IsInf(n, 0) {
			t.Errorf("%d runs: %v new states in a thousand", runs, n)
		}
	}
}
