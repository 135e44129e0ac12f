package scenarios

import (
	"os"
	"path/filepath"
	"testing"

	"messiah/core/planted"
	"messiah/sim"
	"messiah/sim/tier"
)

// TestPlansReplay runs every minimal plan that was kept. One that once failed has
// to pass, since what it shows was mended; one of a planted bug has to fail with
// its oracle in the planted build, and to pass without the bug.
func TestPlansReplay(t *testing.T) {
	files, err := filepath.Glob("testdata/plans/*.plan")
	if err != nil {
		t.Fatal(err)
	}
	bugs, err := filepath.Glob("testdata/plans/planted/*.plan")
	if err != nil || len(bugs) < 20 {
		t.Fatalf("testdata/plans/planted has %d plans: %v", len(bugs), err)
	}
	for _, file := range append(files, bugs...) {
		t.Run(filepath.Base(file), func(t *testing.T) { replayPlan(t, file) })
	}
}

func replayPlan(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := sim.ReadPlan(string(text))
	if err != nil {
		t.Fatal(err)
	}
	want := ""
	if planted.Built && plan.Bug != "" {
		want = plan.Oracle
		if err := planted.Choose(plan.Bug); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = planted.Choose("") }()
	}
	for _, sc := range All() {
		if sc.Name != plan.Scenario {
			continue
		}
		res, err := tier.Exec(sc, sim.RunConfig{Plan: plan})
		if err != nil {
			t.Fatal(err)
		}
		if res.Oracle != want {
			t.Errorf("%s: %s, and the oracle %q should fail: messiah-sim replay scenarios/%s", res.Verdict, res.Message, want, file)
		}
		return
	}
	t.Errorf("no scenario %q", plan.Scenario)
}
