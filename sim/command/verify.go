package command

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"messiah/core/planted"
	"messiah/sim"
)

type verifyCmd struct {
	Names []string `arg:"" optional:"" help:"Scenarios; all of them where none is named."`
	Seeds string   `required:"" placeholder:"A-B" help:"The seeds to run, for example 1-20."`
	Set   []string `placeholder:"KEY=VALUE" help:"Override an option in every run. Unless it is the transport, both are run."`
	Cells []string `placeholder:"TEXT" help:"Only cells whose name contains this, for example arm64 or gogc=1/; repeat it for several."`
	JSON  bool     `help:"Print one JSON document."`
}

// Help is the example of the command.
func (verifyCmd) Help() string {
	return "Example: messiah-sim verify second-login --seeds 1-10\n\n" +
		"Runs the same seeds with one and with several processors, with GOGC 1, 100 and off (up to 1 GiB), under the race detector, in fresh " +
		"and in warm processes, on amd64 v1 and v3 and on arm64 (under qemu), and compares the trace hashes. It builds its " +
		"binaries into run/verify, so it needs the Go toolchain and the source tree. Exit status 2 says that cells differ and " +
		"where, 5 that one could not be run."
}

// verified is the outcome as `verify --json` prints it.
type verified struct {
	Cells           []verifiedCell `json:"cells"`
	OK              bool           `json:"ok"`
	FirstDifference *parting       `json:"first_difference"`
	Runs            int            `json:"runs"` // in each cell
	Transports      []string       `json:"transports"`
	Seconds         float64        `json:"wall_seconds"`

	unstable bool // a run found out by itself that it is not the same each time
}

type verifiedCell struct {
	Name    string  `json:"name"`
	OK      bool    `json:"ok"`
	Hash    *string `json:"hash"`
	Reason  *string `json:"reason"` // why it is not ok
	Seconds float64 `json:"seconds"`
}

// parting is where two cells part.
type parting struct {
	Scenario string      `json:"scenario"`
	Seed     uint64      `json:"seed"`
	Set      []string    `json:"set"`
	Event    *uint64     `json:"event"` // null where the cells were not seen to differ again
	A        partingSide `json:"a"`
	B        partingSide `json:"b"`
	Repro    string      `json:"repro"`
}

type partingSide struct {
	Cell string  `json:"cell"`
	Hash string  `json:"trace_hash"`
	Line *string `json:"line"`
}

func (c verifyCmd) Run(out *output) error {
	runs, transports, err := c.runs()
	if err != nil {
		return err
	}
	cells := matching(matrix(), c.Cells)
	if len(cells) < 2 {
		return usage("--cells %s: it takes two cells to compare, and this leaves %d", strings.Join(c.Cells, " "), len(cells))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	tools, err := findToolchain(ctx)
	if err != nil {
		return err
	}
	v := verified{Cells: []verifiedCell{}, Runs: len(runs), Transports: transports}
	began := time.Now()
	c.compare(ctx, out, tools, cells, runs, &v)
	v.Seconds = time.Since(began).Seconds()
	if ctx.Err() != nil {
		return usage("verify was interrupted")
	}
	return c.print(out, &v)
}

// runs lists the runs of the range, seed by seed, and over which transports they go.
func (c verifyCmd) runs() (runs []oneRun, transports []string, err error) {
	from, to, err := seedRange(c.Seeds)
	if err != nil {
		return nil, nil, err
	}
	names := c.Names
	if len(names) == 0 {
		for _, sc := range program.Scenarios {
			names = append(names, sc.Name)
		}
	}
	for _, set := range c.Set {
		if transport, ok := strings.CutPrefix(set, "transport="); ok {
			transports = []string{transport}
		}
	}
	given := transports != nil
	if !given {
		transports = []string{string(sim.Stream), string(sim.KCP)}
	}
	for _, name := range names {
		if err := c.check(name); err != nil {
			return nil, nil, err
		}
	}
	for seed := from; seed <= to; seed++ {
		for _, name := range names {
			for _, transport := range transports {
				set := slices.Clone(c.Set)
				if !given {
					set = append(set, "transport="+transport)
				}
				runs = append(runs, oneRun{name, seed, set})
			}
		}
		if len(runs) > maxRuns {
			return nil, nil, usage("--seeds %s: verify keeps every run, and takes at most %d", c.Seeds, maxRuns)
		}
	}
	return runs, transports, nil
}

// maxRuns bounds the runs of one verify.
const maxRuns = 100_000

// check refuses a scenario that does not exist and overrides that it does not take.
func (c verifyCmd) check(name string) error {
	sc, err := scenarioNamed(name)
	if err != nil {
		return err
	}
	o := sim.DefaultOptions()
	for _, set := range c.Set {
		key, value, ok := strings.Cut(set, "=")
		if !ok {
			return usage("%s: --set %q is not KEY=VALUE", sc.Name, set)
		}
		if err := o.Set(key, value); err != nil {
			return usage("%v", err)
		}
	}
	return nil
}

// compare runs the cells one after the other and locates the first difference.
func (c verifyCmd) compare(ctx context.Context, out *output, tools *toolchain, cells []*cell, runs []oneRun, v *verified) {
	fmt.Fprintf(out.people, "%d cells of %d runs each over %s\n", len(cells), len(runs), strings.Join(v.Transports, " and "))
	var reference *cell
	var expected shown
	v.OK = true
	for i, cell := range cells {
		if !cell.build.built {
			began := time.Now()
			tools.compile(ctx, cell.build)
			fmt.Fprintf(out.people, "%5s %s: built in %.1f s\n", "", cell.build.name, time.Since(began).Seconds())
		}
		s := cell.show(ctx, runs)
		if ctx.Err() != nil {
			return
		}
		one := verifiedCell{Name: cell.name(), Seconds: s.elapsed.Seconds()}
		switch {
		case s.failed != nil:
			one.fail(s.failed.Error())
			v.unstable = v.unstable || s.unstable
		case reference == nil:
			reference, expected = cell, s
			one.OK = true
		default:
			one.OK = true
			if at := differs(s.runs, expected.runs); at >= 0 {
				one.fail(fmt.Sprintf("%v, seed %d: it differs from %s", runs[at], runs[at].Seed, reference.name()))
				if v.FirstDifference == nil {
					v.FirstDifference = c.locate(ctx, out, [2]*cellShown{{reference, &expected}, {cell, &s}}, runs, at)
				}
			}
		}
		if s.failed == nil {
			hash := s.hash(runs)
			one.Hash = &hash
		}
		v.OK = v.OK && one.OK
		v.Cells = append(v.Cells, one)
		fmt.Fprintf(out.people, "%2d/%d %s\n", i+1, len(cells), one.line())
	}
}

func (one *verifiedCell) fail(reason string) { one.OK, one.Reason = false, &reason }

func (one *verifiedCell) line() string {
	hash, outcome := strings.Repeat("-", 16), "ok"
	if one.Hash != nil {
		hash = *one.Hash
	}
	if !one.OK {
		outcome = "NOT OK: " + *one.Reason
	}
	return fmt.Sprintf("%-36s %s %6.1f s  %s", one.Name, hash, one.Seconds, outcome)
}

// differs returns the index of the first run that differs, or -1.
func differs(a, b []toldRun) int {
	for i := range a {
		if a[i].Hash != b[i].Hash {
			return i
		}
	}
	return -1
}

// cellShown is a cell and what it showed.
type cellShown struct {
	*cell
	*shown
}

// locate finds the event in which a run parts in two cells.
func (c verifyCmd) locate(ctx context.Context, out *output, of [2]*cellShown, runs []oneRun, at int) *parting {
	r := runs[at]
	p := &parting{Scenario: r.Scenario, Seed: r.Seed, Set: r.Set,
		A: partingSide{Cell: of[0].name(), Hash: hex(of[0].runs[at].Hash)}, B: partingSide{Cell: of[1].name(), Hash: hex(of[1].runs[at].Hash)}}
	p.Repro = c.repro(r, p.A.Cell, p.B.Cell)
	fmt.Fprintf(out.people, "%5s %s: looking for the event in which it parts from %s\n", "", p.B.Cell, p.A.Cell)
	d, err := locate(ctx, of[0].cell, of[1].cell, runs, at)
	if err != nil {
		fmt.Fprintf(out.people, "%5s %v\n", "", err)
		return p
	}
	a, b := d.Lines()
	p.Event, p.A.Line, p.B.Line = &d.Event, &a, &b
	return p
}

// repro is the command that compares the two cells again.
func (c verifyCmd) repro(r oneRun, a, b string) string {
	command := fmt.Sprintf("messiah-sim verify %s --seeds %d --cells %s --cells %s", r.Scenario, r.Seed, a, b)
	for _, set := range r.Set {
		command += " --set " + set
	}
	if bug := planted.Chosen(); bug != "" {
		command += " --plant " + bug
	}
	return named(command)
}

// print writes the document, or what people want to see below the lines of progress.
func (c verifyCmd) print(out *output, v *verified) error {
	failed := 0
	for i := range v.Cells {
		if !v.Cells[i].OK {
			failed++
		}
	}
	if c.JSON {
		if err := printJSON(out, v); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(out.results, "%d of %d cells equal over %d runs, in %.1f s\n", len(v.Cells)-failed, len(v.Cells), v.Runs, v.Seconds)
		if d := v.FirstDifference; d != nil {
			fmt.Fprintf(out.results, "\n%s\n  again: %s\n", d.text(), d.Repro)
		}
	}
	switch {
	case v.FirstDifference != nil || v.unstable:
		return exitStatus{status: exitNondeterminism}
	case failed > 0:
		return exitStatus{exitUsage, fmt.Sprintf("%d of %d cells could not be run", failed, len(v.Cells))}
	}
	return nil
}

// text says in a few lines where two cells part.
func (p *parting) text() string {
	head := fmt.Sprintf("%v, seed %d", oneRun{Scenario: p.Scenario, Set: p.Set}, p.Seed)
	if p.Event == nil {
		return fmt.Sprintf("%s: %s had %s and %s had %s; they were not seen to differ again", head, p.A.Cell, p.A.Hash, p.B.Cell, p.B.Hash)
	}
	return fmt.Sprintf("%s: the cells part at event %d\n  %s\n    %s\n  %s\n    %s", head, *p.Event, p.A.Cell, *p.A.Line, p.B.Cell, *p.B.Line)
}
