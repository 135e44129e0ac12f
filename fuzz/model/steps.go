// Package model compares what migrations do in simulated runs with the formal model of
// them, which spin goes through whole: README.md says what that model has in it.
package model

import (
	"bufio"
	_ "embed" // the table of steps
	"fmt"
	"slices"
	"strings"
)

// stepsText is the model's table of steps, as `make model` writes it.
//
//go:embed steps.txt
var stepsText string

// Step is one step of one role: where it stands with a migration, what it is given, and
// where it stands then.
type Step struct {
	Role  string // "game" or "gate"
	From  string // the phase; "-" without a record
	Event string // WHO:WHAT, with "/late" behind it where it is about another migration
	To    string
}

// String returns the step as it stands in the table.
func (s Step) String() string { return s.Role + ": " + s.From + " " + s.Event + " " + s.To }

// Steps returns the model's steps of games and gates, without what each of them sends.
func Steps() (map[Step]bool, error) { return parse(stepsText) }

func parse(text string) (map[Step]bool, error) {
	all := map[Step]bool{}
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		f := strings.Split(lines.Text(), "\t")
		if len(f) != 5 {
			return nil, fmt.Errorf("model: %q is no step", lines.Text())
		}
		if f[0] != "db" {
			all[Step{f[0], f[1], f[2], f[3]}] = true
		}
	}
	return all, lines.Err()
}

// sorted returns steps in the order of the table.
func sorted(all map[Step]bool) []Step {
	var list []Step
	for s := range all {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b Step) int { return strings.Compare(a.String(), b.String()) })
	return list
}
