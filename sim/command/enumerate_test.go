package command

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestEnumeratePrintsOneDocument(t *testing.T) {
	var stdout, stderr bytes.Buffer
	args := []string{"enumerate", "second-login", "--crashes", "0", "--drops", "0", "--depth", "10", "--unmerged", "--json"}
	if status := run(args, &stdout, &stderr); status != exitPass {
		t.Fatalf("exit %d: %s", status, stderr.String())
	}
	var e struct {
		States     int
		Orders     int  `json:"orders_represented"`
		Unmerged   *int `json:"orders_unmerged"`
		Complete   bool
		Violations []struct{ Oracle string }
		Bounds     map[string]int
		Repro      string
	}
	if err := json.Unmarshal(stdout.Bytes(), &e); err != nil {
		t.Fatalf("%v in %s", err, stdout.String())
	}
	if e.States == 0 || e.Orders <= e.States || e.Unmerged == nil || *e.Unmerged != e.Orders || !e.Complete || e.Violations == nil || len(e.Violations) > 0 {
		t.Errorf("it says %s", stdout.String())
	}
	if e.Bounds["crashes"] != 0 || e.Bounds["timers"] != 1 || e.Repro != "messiah-sim enumerate second-login --crashes 0 --drops 0 --depth 10" {
		t.Errorf("bounds %v, again: %s", e.Bounds, e.Repro)
	}
}

func TestEnumerateSaysThatItIsNotComplete(t *testing.T) {
	var stdout, stderr bytes.Buffer
	status := run([]string{"enumerate", "connect-then-disconnect", "--max-states", "20"}, &stdout, &stderr)
	if text := stdout.String(); status != exitPass || !strings.Contains(text, "INCOMPLETE: --max-states was reached") {
		t.Errorf("exit %d: %s", status, text)
	}
}

func TestEnumerateTellsAnOrder(t *testing.T) {
	var stdout, stderr bytes.Buffer
	status := run([]string{"enumerate", "connect-then-disconnect", "--path", "0.0.0"}, &stdout, &stderr)
	text := stdout.String()
	if status != exitPass || !strings.HasPrefix(text, "  1. client1 → gate1: dial\n") || !strings.HasSuffix(text, "no oracle is violated\n") {
		t.Errorf("exit %d: %s", status, text)
	}
}

func TestEnumerateRefusesWhatItCannotDo(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"no-such", `no case "no-such"; there are: connect-then-disconnect second-login game-lost`},
		{"second-login --max-states 0", "an enumeration finds at least one"},
		{"second-login --timers=-1", "it cannot be negative"},
		{"second-login --path 0.x", `"x" is not a number`},
		{"second-login --path 0.99", "step 2 of the path is move 99"},
		{"second-login --path 0 --json", "it goes with neither --json nor --unmerged"},
	} {
		var stdout, stderr bytes.Buffer
		status := run(append([]string{"enumerate"}, strings.Fields(tt.args)...), &stdout, &stderr)
		if text := stderr.String(); status != exitUsage || strings.Count(text, "\n") != 1 || !strings.Contains(text, tt.want) || stdout.Len() > 0 {
			t.Errorf("%s: exit %d, %q", tt.args, status, text)
		}
	}
}
