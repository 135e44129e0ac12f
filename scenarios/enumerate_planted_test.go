//go:build planted

package scenarios

import (
	"runtime"
	"slices"
	"testing"

	"messiah/core/planted"
	"messiah/sim/enumerate"
)

// TestPlantedBugsAreFoundInCases plants bugs, one at a time, and wants their
// oracles to notice them in some order of a small case.
func TestPlantedBugsAreFoundInCases(t *testing.T) {
	defer planted.Choose("")
	for _, tt := range []struct {
		bug, name, oracle string
		atRest            bool
	}{
		{"connected-not-withdrawn", "connect-then-disconnect", "connection-truth", false},
		{"end-without-beginning", "connect-then-disconnect", "connection-truth", false},
		{"message-after-end", "connect-then-disconnect", "connection-truth", false},
		{"stub-made-twice", "connect-then-disconnect", "one-stub", true},
		{"resume-skips-resend", "connect-then-disconnect", "routes", true}, // the shortest order that shows it
		{"route-kept-after-exit", "second-login", "no-leak", true},
		{"seat-kept-after-unload", "second-login", "no-leak", true},
	} {
		if err := planted.Choose(tt.bug); err != nil {
			t.Fatal(err)
		}
		r, err := enumerate.Run(enumerate.Config{Case: caseNamed(t, tt.name), Jobs: runtime.GOMAXPROCS(0)})
		if err != nil {
			t.Fatal(err)
		}
		found := func(v enumerate.Violation) bool { return v.Oracle == tt.oracle && v.AtRest == tt.atRest }
		if !slices.ContainsFunc(r.Violations, found) {
			t.Errorf("%s: %s noticed nothing in %d states", tt.bug, tt.oracle, r.States)
		}
	}
}
