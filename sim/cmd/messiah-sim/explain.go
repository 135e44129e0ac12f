package main

import (
	"fmt"
	"os"

	"messiah/core/planted"
	"messiah/sim"
	"messiah/sim/explain"
	"messiah/sim/sweep"
)

type explainCmd struct {
	Name   string   `arg:"" help:"The scenario."`
	Seed   uint64   `required:"" help:"The seed."`
	Set    []string `placeholder:"KEY=VALUE" help:"Override an option, as in the run that is explained."`
	Until  uint64   `placeholder:"EVENT" help:"Explain this event instead of the failure."`
	Format string   `enum:"text,mermaid,html" default:"text" help:"text, mermaid or html."`
	Out    string   `placeholder:"FILE" help:"Write to a file instead of standard output."`
	Near   uint64   `default:"20" placeholder:"N" help:"Look for a run that passes among so many next seeds; 0 looks for none."`
}

// Help is the example of the command.
func (explainCmd) Help() string {
	return "Example: messiah-sim explain gate-lost --seed 7 --format html --out why.html\n\n" +
		"Shows what led to the end of a run: of all its events only those that the failure comes from."
}

func (c explainCmd) Run(out *output) error {
	sc, err := scenarioNamed(c.Name)
	if err != nil {
		return err
	}
	failed, err := chronicled(sc, sim.RunConfig{Seed: c.Seed, Set: c.Set})
	if err != nil {
		return usage("%v", err)
	}
	var near *explain.Nearest
	if failed.Result.Verdict != sim.Pass {
		if near, err = nearest(sc, failed, c.Set, c.Near); err != nil {
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
	return &explain.Case{Result: res, Chronicle: cfg.Chronicle, Repro: sweep.Repro(sc.Name, cfg.Seed, cfg.Set)}, nil
}

// nearest looks for the run that passes and is most like the failed one: the same
// seed without its planted bug, else that of the next seeds whose nodes do the same
// for the longest. Nil says that none of them passes.
func nearest(sc *sim.Scenario, failed *explain.Case, set []string, seeds uint64) (*explain.Nearest, error) {
	seed := failed.Result.Seed
	if bug := planted.Chosen(); bug != "" && seeds > 0 {
		n, err := without(bug, func() (*explain.Case, error) { return chronicled(sc, sim.RunConfig{Seed: seed, Set: set}) })
		if err != nil {
			return nil, err
		}
		if n.Result.Verdict == sim.Pass {
			n.Note = "without " + bug
			return explain.Compare(failed, n, true), nil
		}
	}
	var best *explain.Nearest
	for next := seed + 1; next-seed <= seeds; next++ {
		one, err := chronicled(sc, sim.RunConfig{Seed: next, Set: set})
		if err != nil {
			return nil, err
		}
		if one.Result.Verdict != sim.Pass {
			continue
		}
		if n := explain.Compare(failed, one, false); best == nil || n.Common > best.Common {
			best = n
		}
	}
	return best, nil
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
