package command

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/term"

	"messiah/core/planted"
	"messiah/sim"
	"messiah/sim/minimise"
)

type minimiseCmd struct {
	what
	Out    string        `placeholder:"FILE" help:"Write the smallest plan here."`
	Within time.Duration `default:"60s" help:"Stop looking for a smaller one after this time."`
	JSON   bool          `help:"Print one JSON document."`
}

// Help is the example of the command.
func (minimiseCmd) Help() string {
	return "Example: messiah-sim minimise link-breaks --seed 12 --out smaller.plan"
}

// minimised is what became of a plan, as `minimise --json` prints it.
type minimised struct {
	Before  int         `json:"before"` // options, faults and choices
	After   int         `json:"after"`
	Tries   int         `json:"tries"`
	Plan    string      `json:"plan"`
	Through bool        `json:"through"` // no smaller one within reach
	Verdict sim.Verdict `json:"verdict"`
	Oracle  string      `json:"oracle"`
	Message string      `json:"message"`
	Events  uint64      `json:"events"`
	Seconds float64     `json:"wall_seconds"`
}

func (c minimiseCmd) Run(out *output) error {
	sc, rc, err := c.resolve()
	if err != nil {
		return err
	}
	m, plan, err := shrink(sc, rc, c.Within, out.people)
	if err != nil {
		return err
	}
	if plan == nil {
		return exitStatus{exitUsage, fmt.Sprintf("there is nothing to minimise: %s passes", c.What)}
	}
	if c.Out != "" {
		if err := writePlan(c.Out, plan); err != nil {
			return err
		}
	}
	if c.JSON {
		return printJSON(out, m)
	}
	fmt.Fprintf(out.results, "%d decisions before, %d after %d tries in %.1f s\n\n%s", m.Before, m.After, m.Tries, m.Seconds, m.Plan)
	return nil
}

// shrink minimises a run within a time. The plan is nil where the run passes.
func shrink(sc *sim.Scenario, rc sim.RunConfig, within time.Duration, people io.Writer) (*minimised, *sim.Plan, error) {
	began := time.Now()
	tell, done := shrinking(people)
	o, err := minimise.Run(minimise.Config{
		Scenario: sc, Run: rc, Exec: execute, Tried: tell,
		More: func() bool { return time.Since(began) < within },
	})
	done()
	if err != nil {
		return nil, nil, usage("%v", err)
	}
	if o.After == nil {
		return nil, nil, nil
	}
	return &minimised{
		Before: o.Before.Size(), After: o.After.Size(), Tries: o.Tries, Plan: o.After.Text(), Through: o.Through,
		Verdict: o.Result.Verdict, Oracle: o.Result.Oracle, Message: o.Result.Message, Events: o.Result.Events,
		Seconds: time.Since(began).Seconds(),
	}, o.After, nil
}

// shrinking tells on a terminal how far minimising is.
func shrinking(w io.Writer) (tell func(tries, size int), done func()) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil, func() {}
	}
	var last time.Time
	return func(tries, size int) {
		if now := time.Now(); now.Sub(last) > 100*time.Millisecond {
			last = now
			fmt.Fprintf(w, "\rminimising: %d tries, %d decisions left \x1b[K", tries, size)
		}
	}, func() { fmt.Fprint(w, "\r\x1b[K") }
}

// plansDir is where minimal plans are kept: the tests of package scenarios replay them from then on.
const plansDir = "scenarios/testdata/plans"

// keepPlan saves a minimal plan where `go test` replays it, or beside the caller
// outside the source tree, and returns the file. Plans of planted bugs are not kept.
func keepPlan(plan *sim.Plan) (string, error) {
	if planted.Chosen() != "" {
		return "", nil
	}
	dir := plansDir
	if _, err := os.Stat(filepath.Dir(plansDir)); err != nil {
		dir = "messiah-plans"
	}
	file := filepath.Join(dir, planName(plan))
	return file, writePlan(file, plan)
}

// planName names a plan's file after what it is about.
func planName(plan *sim.Plan) string {
	return fmt.Sprintf("%s-%s-%d.plan", plan.Scenario, strings.ReplaceAll(plan.Oracle, "/", "-"), plan.Seed)
}
