package vet

import (
	"testing"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/analysistest"
)

// TestAnalyzers runs each analyzer over the sources under testdata that bear its
// name. What they must find is written there beside the line; any other finding
// fails as well.
func TestAnalyzers(t *testing.T) {
	for _, a := range Analyzers() {
		t.Run(a.Name, func(t *testing.T) {
			t.Parallel()
			analysistest.Run(t, analysistest.TestData(), a, a.Name+"/...")
		})
	}
}

// TestSuggestedFixes applies the fixes of all analyzers and compares what comes out.
func TestSuggestedFixes(t *testing.T) {
	all := *Analyzers()[0]
	all.Name = "all"
	all.Run = func(pass *analysis.Pass) (any, error) {
		for _, a := range Analyzers() {
			if _, err := a.Run(pass); err != nil {
				return nil, err
			}
		}
		return nil, nil
	}
	analysistest.RunWithSuggestedFixes(t, analysistest.TestData(), &all, "fixes")
}

// TestAnalyzersAreValid checks names, documentation and dependencies as drivers do.
func TestAnalyzersAreValid(t *testing.T) {
	if err := analysis.Validate(Analyzers()); err != nil {
		t.Fatal(err)
	}
}
