package command

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestSweepOfAPattern(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if status := run([]string{"sweep", "second-log*", "gate-los?", "--seeds", "1-3", "--json"}, &stdout, &stderr); status != exitPass {
		t.Fatalf("exit %d: %s", status, stderr.String())
	}
	var s swept
	if err := json.Unmarshal(stdout.Bytes(), &s); err != nil || s.Runs != 6 {
		t.Errorf("%d runs, %v; want 3 of each of two scenarios", s.Runs, err)
	}
}

func TestSweepRefusesPatterns(t *testing.T) {
	for _, tt := range [][2]string{
		{"no-such*", "no scenario is like no-such*; "},
		{"gate-[", "gate-[ is no pattern: "},
	} {
		var stdout, stderr bytes.Buffer
		if status := run([]string{"sweep", tt[0], "--seeds", "1"}, &stdout, &stderr); status != exitUsage || !strings.Contains(stderr.String(), tt[1]) {
			t.Errorf("sweep %s: exit %d, it says %q", tt[0], status, stderr.String())
		}
	}
}
