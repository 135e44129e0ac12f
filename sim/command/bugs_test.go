package command

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"messiah/sim"
)

func TestOrdinaryBinaryRefusesABug(t *testing.T) {
	var stdout, stderr bytes.Buffer
	status := run([]string{"sweep", "gate-lost", "--seeds", "1", "--plant", "no-redial"}, &stdout, &stderr)
	if status != exitUsage || stdout.Len() != 0 {
		t.Errorf("exit %d, standard output %q", status, stdout.String())
	}
	if text := stderr.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "this binary carries no bugs: build it with -tags planted") {
		t.Errorf("it says %q", text)
	}
}

func TestBugsWithoutAToolchainSaySo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	var stdout, stderr bytes.Buffer
	status := run([]string{"bugs"}, &stdout, &stderr)
	if status != exitUsage || stdout.Len() != 0 {
		t.Errorf("exit %d, standard output %q", status, stdout.String())
	}
	if text := stderr.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "bugs needs the Go toolchain") {
		t.Errorf("it says %q", text)
	}
}

func TestUnknownBugIsRefused(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if status := run([]string{"bugs", "--bug", "no-such"}, &stdout, &stderr); status != exitUsage {
		t.Errorf("exit %d", status)
	}
	if text := stderr.String(); !strings.Contains(text, `no planted bug "no-such"; there are: admit-before-stubs`) {
		t.Errorf("it says %q", text)
	}
}

func TestBugsSweepScenariosThatExist(t *testing.T) {
	for _, bug := range sim.Bugs() {
		if _, err := scenarioNamed(bug.Scenario); err != nil {
			t.Errorf("bug %s: %v", bug.Name, err)
		}
		for _, set := range bug.Set {
			key, value, _ := strings.Cut(set, "=")
			o := sim.DefaultOptions()
			if err := o.Set(key, value); err != nil {
				t.Errorf("bug %s: %v", bug.Name, err)
			}
		}
	}
}

// TestRaceOfTheNotesIsFound builds a binary that carries the race and lets its
// oracle find it in the scenario that is told about it.
func TestRaceOfTheNotesIsFound(t *testing.T) {
	var stdout, stderr bytes.Buffer
	status := run([]string{"bugs", "--bug", "connected-not-withdrawn", "--seeds", "200", "--json"}, &stdout, &stderr)
	if status != exitPass {
		t.Fatalf("exit %d: %s", status, stderr.String())
	}
	var all []caught
	if err := json.Unmarshal(stdout.Bytes(), &all); err != nil || len(all) != 1 {
		t.Fatalf("%v in %s", err, stdout.String())
	}
	one := all[0]
	if !one.Found || one.Oracle != "connection-truth" || one.Scenario != "connect-then-disconnect" || one.SeedsToFind == nil {
		t.Errorf("it was not found as it should be: %+v", one)
	}
	if want := "run connect-then-disconnect --seed "; one.Repro == nil || !strings.Contains(*one.Repro, want) {
		t.Errorf("the report names no command with %q: %+v", want, one)
	}
}
