package command

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWhatACellsProcessMayAnswer lets programs that are not this command stand
// in a cell: each way in which one can fail is a reason of one line.
func TestWhatACellsProcessMayAnswer(t *testing.T) {
	runs := []oneRun{{"second-login", 7, []string{"transport=kcp"}}}
	for _, tt := range []struct {
		name, script, reason string
		unstable             bool
	}{
		{"a hash", `printf %s '{"runs":[{"hash":5,"verdict":"violation"}]}'`, "", false},
		{"a panic in the run", `printf %s '{"runs":[{"hash":0,"verdict":"violation","message":"panic: index 3\nstack"}]}'`,
			"second-login transport=kcp, seed 7: panic: index 3", false},
		{"a clock that went wrong", `printf %s '{"runs":[{"hash":5,"verdict":"nondeterminism","message":"it shows 1s at 2s"}]}'`,
			"second-login transport=kcp, seed 7: it shows 1s at 2s", true},
		{"a processor that is too old", `echo 'This program can only be run on AMD64 processors with v3' >&2; exit 1`,
			"it does not run: This program can only be run on AMD64 processors with v3", false},
		{"a data race", `printf '==================\nWARNING: DATA RACE\n' >&2; exit 66`, "it does not run: WARNING: DATA RACE", false},
		{"nothing to say", `exit 3`, "it does not run: exit status 3", false},
		{"half an answer", `printf %s '{"runs":[{"ha'`, "its answer is cut off", false},
		{"too few runs", `printf %s '{"runs":[]}'`, "it answered 0 of 1 runs", false},
	} {
		binary := filepath.Join(t.TempDir(), "cell")
		if err := os.WriteFile(binary, []byte("#!/bin/sh\ncat >/dev/null\n"+tt.script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, fresh := range []bool{true, false} {
			c := cell{build: &build{name: "other", binary: binary}, procs: 2, gogc: "100", fresh: fresh}
			s := c.show(context.Background(), runs)
			reason := ""
			if s.failed != nil {
				reason = s.failed.Error()
			}
			if (reason == "") != (tt.reason == "") || !strings.HasPrefix(reason, tt.reason) || s.unstable != tt.unstable {
				t.Errorf("%s: failed %q, unstable %v", tt.name, reason, s.unstable)
			}
		}
	}
}

func TestHashOfACellTellsRunsApart(t *testing.T) {
	runs := []oneRun{{"a", 1, nil}, {"b", 2, []string{"x=1"}}}
	base := shown{runs: []toldRun{{Hash: 1}, {Hash: 2}}}
	want := base.hash(runs)
	if len(want) != 16 {
		t.Errorf("hash %q", want)
	}
	other := shown{runs: []toldRun{{Hash: 1}, {Hash: 3}}}
	for what, got := range map[string]string{
		"another trace hash": other.hash(runs),
		"another seed":       base.hash([]oneRun{{"a", 1, nil}, {"b", 3, []string{"x=1"}}}),
		"another scenario":   base.hash([]oneRun{{"c", 1, nil}, {"b", 2, []string{"x=1"}}}),
		"another override":   base.hash([]oneRun{{"a", 1, nil}, {"b", 2, []string{"x=2"}}}),
	} {
		if got == want {
			t.Errorf("%s leaves the hash at %s", what, want)
		}
	}
}
