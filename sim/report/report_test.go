package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"messiah/sim"
	"messiah/sim/sweep"
)

func TestPageShowsWhatTheSweepShowed(t *testing.T) {
	r := &sweep.Report{
		Runs: 2400, Failed: 1, Events: 5_000_000, Real: 10 * time.Second, Simulated: time.Hour, ReplayChecked: 120, States: 900,
		Growth:     []sweep.Growth{{Runs: 100, States: 600}, {Runs: 200, States: 890}, {Runs: 2400, States: 900}},
		Marks:      map[string]uint64{"link-broken": 7},
		ByScenario: map[string]*sweep.OfScenario{"gate-lost": {Runs: 2400, Failed: 1, Events: 5_000_000, States: 900}},
		Failures:   []sweep.Failure{{Scenario: "gate-lost", Seed: 9, Verdict: sim.Failed, Oracle: "order", Message: "call 3 <b> before 2", Repro: "messiah-sim run gate-lost --seed 9"}},
	}
	var b bytes.Buffer
	s := &Sweep{
		Command: "messiah-sim sweep", Report: r, Plans: []string{"fault 1 pause target=gate1"}, Missed: []string{"exit-twice"},
		Tables: Tables(map[string]uint64{"login/enter/crash-game": 5}),
	}
	if err := Write(&b, s); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, want := range []string{
		"1 of 2400 runs failed", "2,400", "gate-lost, seed 9", "call 3 &lt;b&gt; before 2", "fault 1 pause target=gate1",
		"link-broken", "Never hit: exit-twice", `<td class="cell h2">5</td>`, `<td class="cell h0">0</td>`, "messiah-sim run gate-lost --seed 9",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not show %q", want)
		}
	}
	if strings.Contains(page, "http://") || strings.Contains(page, "https://") {
		t.Error("the page is not self-contained")
	}
}

func TestTablesHaveEveryCell(t *testing.T) {
	for _, table := range Tables(nil) {
		if table.Empty != len(sim.StepNames(table.Talk))*len(sim.FaultKinds(table.Talk)) {
			t.Errorf("%s: %d cells, want %d steps × %d kinds", table.Talk, table.Empty, len(sim.StepNames(table.Talk)), len(sim.FaultKinds(table.Talk)))
		}
	}
}
