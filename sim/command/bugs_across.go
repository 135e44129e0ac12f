package command

import (
	"context"
	"fmt"
	"slices"

	"messiah/sim"
)

// seedsAcross are the seeds that each cell runs to find a bug by which machines differ.
const seedsAcross = "1-3"

// huntAcross lets the planted binary run one range of seeds on several machines
// until it finds the event in which they part: a bug that no sweep on one can see.
func huntAcross(ctx context.Context, binary string, bug sim.Bug) (caught, error) {
	one := caught{Bug: bug.Name, Oracle: bug.Oracle, Scenario: bug.Scenario, Breaks: bug.Breaks, CaughtBy: []string{}}
	args := []string{"verify", bug.Scenario, "--seeds", seedsAcross, "--plant", bug.Name, "--json"}
	for _, c := range slices.DeleteFunc(matrix(), func(c *cell) bool { return !c.fresh || c.procs != 1 || c.gogc != "100" || c.build.race }) {
		args = append(args, "--cells", c.name())
	}
	for _, set := range bug.Set {
		args = append(args, "--set", set)
	}
	var v verified
	if err := one.ask(ctx, binary, args, &v); err != nil {
		return one, err
	}
	one.judgeAcross(&v)
	return one, nil
}

// judgeAcross reads off a verify whether it named the event in which two machines part.
func (one *caught) judgeAcross(v *verified) {
	d := v.FirstDifference
	if d == nil || d.Event == nil {
		return
	}
	repro, message := plantedCommand(d.Repro), fmt.Sprintf("replay: %s", d.text())
	one.CaughtBy = []string{one.Oracle}
	one.Found, one.Seed, one.SeedsToFind, one.Message, one.Repro = true, &d.Seed, &d.Seed, &message, &repro
}
