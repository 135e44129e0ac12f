package command

import (
	"context"
	"strings"
	"testing"

	"messiah/sim"
	"messiah/sim/sweep"
)

// TestSweepNamesTheEventInWhichARunParts sweeps with runs of which every other
// one has slower handlers, as if no seed decided that.
func TestSweepNamesTheEventInWhichARunParts(t *testing.T) {
	sc, err := scenarioNamed("gate-lost")
	if err != nil {
		t.Fatal(err)
	}
	times := 0
	r, err := sweep.Run(context.Background(), sweep.Config{
		Scenarios: []*sim.Scenario{sc}, From: 1, To: 1, Jobs: 1,
		Exec: func(sc *sim.Scenario, cfg sim.RunConfig) (sim.Result, error) {
			if times++; times%2 == 0 {
				cfg.Set = append(cfg.Set, "service=3ms")
			}
			return execute(sc, cfg)
		},
	})
	if err != nil || len(r.Failures) != 1 || r.Failures[0].Verdict != sim.Nondeterminism || r.Failures[0].Oracle != "replay" {
		t.Fatalf("%v, %+v", err, r.Failures)
	}
	// A run, its repetition, and both sides once for the checkpoints and once for the window.
	if times != 6 {
		t.Errorf("it took %d runs", times)
	}
	lines := strings.Split(r.Failures[0].Message, "\n")
	if len(lines) != 3 || !strings.Contains(lines[0], "they part at event ") || lines[1] == lines[2] {
		t.Errorf("it says:\n%s", r.Failures[0].Message)
	}
	event := lines[0][strings.LastIndex(lines[0], " ")+1 : len(lines[0])-1]
	for _, line := range lines[1:] {
		if !strings.Contains(line, "#"+event+" ") {
			t.Errorf("the line is not that of event %s: %s", event, line)
		}
	}
}
