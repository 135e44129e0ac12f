package command

import (
	"fmt"
	"os"
	"slices"

	"messiah/core/planted"
	"messiah/sim"
	"messiah/sim/explain"
	"messiah/sim/sweep"
)

type explainCmd struct {
	what
	Until  uint64 `placeholder:"EVENT" help:"Explain this event instead of the failure."`
	Format string `enum:"text,mermaid,html" default:"text" help:"text, mermaid or html."`
	Out    string `placeholder:"FILE" help:"Write to a file instead of standard output."`
	Near   uint64 `default:"20" placeholder:"N" help:"Look for a run that passes among so many like it; 0 looks for none."`
}

// Help is the example of the command.
func (explainCmd) Help() string {
	return "Example: messiah-sim explain gate-lost --seed 7 --format html --out why.html\n\n" +
		"Shows what led to the end of a run: of all its events only those that the failure comes from."
}

func (c explainCmd) Run(out *output) error {
	sc, rc, err := c.resolve()
	if err != nil {
		return err
	}
	failed, err := chronicled(sc, rc)
	if err == nil && rc.Plan != nil {
		failed.Repro = program.Name + " replay " + c.What
	}
	if err != nil {
		return usage("%v", err)
	}
	var near *explain.Nearest
	if failed.Result.Verdict != sim.Pass {
		if near, err = nearest(sc, failed, rc, c.Near); err != nil {
			return usage("%v", err)
		}
	}
	text, err := c.render(explain.Until(failed, c.Until, near))
	if err != nil {
		return usage("cannot write the page: %v", err)
	}
	if c.Out == "" {
		fmt.Fprint(out.results, text)
	} else if err := os.WriteFile(c.Out, []byte(text), 0o644); err != nil {
		return usage("cannot write %s: %v", c.Out, err)
	}
	if status := statusOf(failed.Result.Verdict); status != exitPass {
		return exitStatus{status: status}
	}
	return nil
}

func (c explainCmd) render(p *explain.Path) (string, error) {
	switch c.Format {
	case "mermaid":
		return p.Mermaid(), nil
	case "html":
		return explain.Page(p)
	}
	return p.Text(), nil
}

// chronicled runs a scenario once and keeps its chronicle.
func chronicled(sc *sim.Scenario, cfg sim.RunConfig) (*explain.Case, error) {
	cfg.Chronicle = sim.NewChronicle(0)
	res, err := execute(sc, cfg)
	if err != nil {
		return nil, err
	}
	return &explain.Case{Result: res, Chronicle: cfg.Chronicle, Repro: named(sweep.Repro(sc.Name, res.Seed, cfg.Set))}, nil
}

// nearest looks for the run that passes and is most like the failed one: the same
// run without its planted bug, else without one of its faults, else with one of
// the next seeds; of several, that in which the nodes do the same for the longest.
// Nil says that none of them passes.
func nearest(sc *sim.Scenario, failed *explain.Case, rc sim.RunConfig, tries uint64) (*explain.Nearest, error) {
	if tries == 0 {
		return nil, nil
	}
	if bug := planted.Chosen(); bug != "" {
		n, err := without(bug, func() (*explain.Case, error) { return chronicled(sc, rc) })
		if err != nil {
			return nil, err
		}
		if n.Result.Verdict == sim.Pass {
			n.Note = "without " + bug
			return explain.Compare(failed, n, true), nil
		}
	}
	best, err := withoutOneFault(sc, failed, rc, tries)
	if best != nil || err != nil || rc.Plan != nil {
		return best, err
	}
	for next := rc.Seed + 1; next-rc.Seed <= tries; next++ {
		one, err := chronicled(sc, sim.RunConfig{Seed: next, Set: rc.Set})
		if err != nil {
			return nil, err
		}
		best = closer(best, failed, one)
	}
	return best, nil
}

// withoutOneFault runs the failed run's plan again and again, each time without one of its faults.
func withoutOneFault(sc *sim.Scenario, failed *explain.Case, rc sim.RunConfig, tries uint64) (*explain.Nearest, error) {
	_, plan, err := sc.Record(execute, rc)
	if err != nil || plan == nil {
		return nil, err
	}
	var best *explain.Nearest
	faults := plan.Faults
	for i := len(faults) - 1; i >= 0 && len(faults)-i <= int(tries); i-- {
		fewer := *plan
		fewer.Faults = slices.Delete(slices.Clone(faults), i, i+1)
		one, err := chronicled(sc, sim.RunConfig{Plan: &fewer})
		if err != nil {
			return nil, err
		}
		one.Note = "without " + faults[i].String()
		best = closer(best, failed, one)
	}
	return best, nil
}

// closer returns which of two passing runs is more like the failed one.
func closer(best *explain.Nearest, failed, one *explain.Case) *explain.Nearest {
	if one.Result.Verdict != sim.Pass {
		return best
	}
	if n := explain.Compare(failed, one, false); best == nil || n.Common > best.Common {
		return n
	}
	return best
}

// without runs something while no bug is planted.
func without(bug string, run func() (*explain.Case, error)) (*explain.Case, error) {
	if err := planted.Choose(""); err != nil {
		return nil, err
	}
	c, err := run()
	if again := planted.Choose(bug); err == nil {
		err = again
	}
	return c, err
}
