// Package rules checks the source of the whole tree against the two tables of
// ARCHITECTURE.md: who may import whom, and what keeps a run deterministic.
//
// The checkers are ordinary functions over parsed (and, where the rule needs
// it, type-checked) files; the tests of this package run them over the tree
// and over planted violations of each rule.
package rules

import (
	"cmp"
	"fmt"
	"go/token"
	"slices"
	"strings"
)

// Finding is one broken rule at one place.
type Finding struct {
	Pos  token.Position // File relative to the module's root where known.
	Rule string         // Short name of the rule, for example "clock".
	Text string         // What is wrong and what to do instead.
}

// String gives the finding as `file:line: rule: text`.
func (f Finding) String() string {
	return fmt.Sprintf("%s:%d: %s: %s", f.Pos.Filename, f.Pos.Line, f.Rule, f.Text)
}

// sortFindings orders findings by file, line and text, so that two runs of a
// check print the same list.
func sortFindings(fs []Finding) {
	slices.SortFunc(fs, func(a, b Finding) int {
		return cmp.Or(
			strings.Compare(a.Pos.Filename, b.Pos.Filename),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column),
			strings.Compare(a.Text, b.Text),
		)
	})
}

// under reports whether the package path p is dir or lies below it.
func under(p, dir string) bool {
	return p == dir || strings.HasPrefix(p, dir+"/")
}
