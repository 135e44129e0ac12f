package command

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"messiah/sim"
	"messiah/sim/report"
	"messiah/sim/sweep"
)

type sweepCmd struct {
	Names        []string      `arg:"" optional:"" help:"Scenarios, or patterns such as 'migrate*'; all of them where none is named."`
	Seeds        string        `placeholder:"A-B" help:"The seeds to run, for example 1-2000."`
	For          time.Duration `placeholder:"D" help:"Run new seeds for so long instead, for example 60s."`
	Jobs         int           `help:"Worlds at once; 0 is one a processor."`
	Keep         int           `default:"20" help:"Failures that are listed whole."`
	Set          []string      `placeholder:"KEY=VALUE" help:"Override an option in every run."`
	Until        string        `placeholder:"ORACLE" help:"Stop at the first failure that this oracle reports; any stops at every one."`
	JUnit        string        `name:"junit" placeholder:"FILE" help:"Write the outcome as JUnit XML."`
	Report       string        `placeholder:"DIR" help:"Write the outcome as an HTML page: index.html in this folder."`
	RequireMarks bool          `help:"Fail, with status 4, where a mark was never hit by any run."`
	JSON         bool          `help:"Print one JSON document."`

	Minimise time.Duration `default:"5s" placeholder:"D" help:"How long to look for the smallest plan of each of the first three failures; 0 does not."`
}

// Help is the example of the command.
func (sweepCmd) Help() string {
	return "Example: messiah-sim sweep connect-then-disconnect second-login --seeds 1-500"
}

// swept is a sweep as `sweep --json` prints it.
type swept struct {
	Runs            int               `json:"runs"`
	Failures        []sweptFailure    `json:"failures"`
	Failed          int               `json:"failed"`
	SeedsPerSecond  float64           `json:"seeds_per_second"`
	EventsPerSecond float64           `json:"events_per_second"`
	SimToReal       float64           `json:"sim_to_real"`
	Marks           map[string]uint64 `json:"marks"`
	MarksMissed     []string          `json:"marks_missed"`
	FaultByStep     map[string]uint64 `json:"fault_by_step"`
	FaultByStepGaps []string          `json:"fault_by_step_empty"`
	ReplayChecked   int               `json:"replay_checked"`
	States          int               `json:"states"`              // that the runs went through, each counted once
	NewStates       float64           `json:"new_states_per_1000"` // in the last quarter of the sweep
	Seconds         float64           `json:"wall_seconds"`
}

type sweptFailure struct {
	Scenario string      `json:"scenario"`
	Seed     uint64      `json:"seed"`
	Verdict  sim.Verdict `json:"verdict"`
	Oracle   string      `json:"oracle"`
	Message  string      `json:"message"`
	Plan     *string     `json:"plan"`
	PlanFile *string     `json:"plan_file"` // where it was saved
	Before   *int        `json:"before"`    // decisions of the run
	After    *int        `json:"after"`     // decisions of the plan
	Repro    string      `json:"repro"`
	Why      string      `json:"explain"` // the command that shows what led to it
}

func (c sweepCmd) Run(out *output) error {
	cfg := sweep.Config{For: c.For, Jobs: c.Jobs, Keep: c.Keep, Set: c.Set, Until: c.Until, Exec: execute}
	if err := c.seeds(&cfg); err != nil {
		return err
	}
	if c.Until != "" && c.Until != sweep.AnyOracle && !knownOracle(c.Until) {
		return usage("--until %s: there is no such oracle; `%s list` names them, and %s is every one", c.Until, program.Name, sweep.AnyOracle)
	}
	for _, name := range c.Names {
		some, err := scenariosLike(name)
		if err != nil {
			return err
		}
		cfg.Scenarios = append(cfg.Scenarios, some...)
	}
	if len(c.Names) == 0 {
		cfg.Scenarios = program.Scenarios
	}
	collectLess()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var done func()
	cfg.Progress, done = progress(out.people, c.For)
	r, err := sweep.Run(ctx, cfg)
	done()
	if err != nil {
		return usage("%v", err)
	}
	for i := range r.Failures {
		r.Failures[i].Repro = named(r.Failures[i].Repro)
	}
	if c.JUnit != "" {
		if err := writeJUnit(c.JUnit, r); err != nil {
			return usage("cannot write the JUnit file: %v", err)
		}
	}
	s := c.sum(r)
	if err := c.minimise(s.Failures, out); err != nil {
		return err
	}
	if c.Report != "" {
		if err := c.writeReport(r, &s); err != nil {
			return err
		}
	}
	if c.JSON {
		if err := printJSON(out, s); err != nil {
			return err
		}
	} else {
		printSweep(out.results, &s, r)
	}
	if status := sweepStatus(r); status != exitPass {
		return exitStatus{status: status}
	}
	if c.RequireMarks && len(s.MarksMissed) > 0 {
		return exitStatus{exitMissedMark, fmt.Sprintf("%d marks were never hit: run more seeds, or write the scenario that comes by them", len(s.MarksMissed))}
	}
	return nil
}

// knownOracle reports whether a failure can bear this name: a panic has no oracle of its own.
func knownOracle(name string) bool {
	return name == "panic" || slices.ContainsFunc(sim.Oracles(), func(o sim.OracleAbout) bool { return o.Name == name })
}

// writeReport writes the HTML page of a sweep.
func (c sweepCmd) writeReport(r *sweep.Report, s *swept) error {
	page := &report.Sweep{
		Command: program.Name + " sweep " + strings.Join(c.Names, " "), Report: r, Missed: s.MarksMissed,
		Tables: report.Tables(r.FaultByStep), Finished: time.Now(),
	}
	for i := range s.Failures {
		plan := ""
		if p := s.Failures[i].Plan; p != nil {
			plan = *p
		}
		page.Plans = append(page.Plans, plan)
	}
	if err := os.MkdirAll(c.Report, 0o755); err != nil {
		return usage("cannot write the report: %v", err)
	}
	f, err := os.Create(filepath.Join(c.Report, "index.html"))
	if err != nil {
		return usage("cannot write the report: %v", err)
	}
	if err := errors.Join(report.Write(f, page), f.Close()); err != nil {
		return usage("cannot write the report: %v", err)
	}
	return nil
}

// minimiseFirst is how many failures of a sweep are minimised unasked.
const minimiseFirst = 3

// minimise adds the smallest plans of the first failures, one of each kind.
func (c sweepCmd) minimise(failures []sweptFailure, out *output) error {
	done := map[string]bool{}
	for i := range failures {
		f := &failures[i]
		kind := f.Scenario + " " + f.Oracle
		if c.Minimise <= 0 || len(done) == minimiseFirst || done[kind] || f.Verdict == sim.Nondeterminism {
			continue
		}
		done[kind] = true
		sc, err := scenarioNamed(f.Scenario)
		if err != nil {
			return err
		}
		m, plan, err := shrink(sc, sim.RunConfig{Seed: f.Seed, Set: c.Set}, c.Minimise, out.people)
		if err != nil || plan == nil {
			return err
		}
		file, err := keepPlan(plan)
		if err != nil {
			return err
		}
		f.Plan, f.Before, f.After = &m.Plan, &m.Before, &m.After
		if file != "" {
			f.PlanFile = &file
		}
	}
	return nil
}

// seeds reads which seeds to run.
func (c sweepCmd) seeds(cfg *sweep.Config) error {
	switch {
	case c.Seeds != "" && c.For != 0:
		return usage("--seeds and --for exclude each other")
	case c.For < 0:
		return usage("--for %v: a sweep takes some time", c.For)
	case c.For > 0:
		// New seeds each time: what a sweep in CI is for.
		cfg.From = uint64(time.Now().UnixNano()) >> 10
		return nil
	case c.Seeds == "":
		return usage("give --seeds A-B or --for D")
	}
	var err error
	cfg.From, cfg.To, err = seedRange(c.Seeds)
	return err
}

// sweepStatus is the first of nondeterminism, violation, stuck and missed mark that occurred.
func sweepStatus(r *sweep.Report) int {
	for _, v := range []sim.Verdict{sim.Nondeterminism, sim.Failed, sim.Stuck, sim.MissedMark} {
		if r.ByVerdict[v] > 0 {
			return statusOf(v)
		}
	}
	return exitPass
}

func (c sweepCmd) sum(r *sweep.Report) swept {
	s := swept{
		Runs: r.Runs, Failures: []sweptFailure{}, Failed: r.Failed, SeedsPerSecond: r.SeedsPerSecond(),
		EventsPerSecond: r.EventsPerSecond(), SimToReal: r.SimToReal(), Marks: r.Marks, MarksMissed: []string{},
		FaultByStep: r.FaultByStep, FaultByStepGaps: []string{}, ReplayChecked: r.ReplayChecked, States: r.States, NewStates: r.NewStatesPerThousand(), Seconds: r.Real.Seconds(),
	}
	for _, f := range r.Failures {
		s.Failures = append(s.Failures, sweptFailure{
			Scenario: f.Scenario, Seed: f.Seed, Verdict: f.Verdict, Oracle: f.Oracle, Message: f.Message, Repro: f.Repro,
			Why: named(sweep.Explain(f.Scenario, f.Seed, c.Set)),
		})
	}
	for _, mark := range sim.KnownMarks() {
		if r.Marks[mark] == 0 {
			s.MarksMissed = append(s.MarksMissed, mark)
		}
	}
	for _, talk := range sim.Talks() {
		for _, step := range sim.StepNames(talk) {
			for _, kind := range sim.FaultKinds(talk) {
				if key := talk + "/" + step + "/" + string(kind); r.FaultByStep[key] == 0 {
					s.FaultByStepGaps = append(s.FaultByStepGaps, key)
				}
			}
		}
	}
	return s
}

func printSweep(w io.Writer, s *swept, r *sweep.Report) {
	fmt.Fprintf(w, "%d runs, %d failed, in %.1f s: %.0f seeds/s, %.2f M events/s, %.0f:1 simulated to real; %d replayed; %d states, of late %.0f new ones in 1,000 runs\n",
		s.Runs, r.Failed, s.Seconds, s.SeedsPerSecond, s.EventsPerSecond/1e6, s.SimToReal, s.ReplayChecked, s.States, s.NewStates)
	for _, f := range s.Failures {
		printSwept(w, &f)
	}
	for _, oracle := range slices.Sorted(maps.Keys(r.ByOracle)) {
		fmt.Fprintf(w, "%6d × %s\n", r.ByOracle[oracle], oracle)
	}
	printTable(w, r.FaultByStep)
	if len(s.MarksMissed) > 0 {
		fmt.Fprintf(w, "\nmarks never hit: %s\n", strings.Join(s.MarksMissed, " "))
	}
}

// printSwept shows one failure.
func printSwept(w io.Writer, f *sweptFailure) {
	fmt.Fprintf(w, "\n%s, seed %d: %s of %s\n  %s\n", f.Scenario, f.Seed, f.Verdict, f.Oracle, firstLines(f.Message, 4))
	if f.Plan != nil {
		fmt.Fprintf(w, "  the smallest plan that fails like this: %d decisions of %d\n", *f.After, *f.Before)
		for line := range strings.Lines(firstLines(*f.Plan, maxPlanLines)) {
			fmt.Fprint(w, "    ", line)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "  again: %s\n  why:   %s\n", f.Repro, f.Why)
	if f.PlanFile != nil {
		fmt.Fprintf(w, "  the smallest plan again: %s replay %s\n", program.Name, *f.PlanFile)
	}
}

// printTable shows how often each kind of fault hit each step.
func printTable(w io.Writer, hits map[string]uint64) {
	for _, talk := range sim.Talks() {
		steps := sim.StepNames(talk)
		fmt.Fprintf(w, "\n%-15s", talk)
		for _, step := range steps {
			fmt.Fprintf(w, " %*s", len(step), step)
		}
		fmt.Fprintln(w)
		for _, kind := range sim.FaultKinds(talk) {
			fmt.Fprintf(w, "%-15s", kind)
			for _, step := range steps {
				fmt.Fprintf(w, " %*d", len(step), hits[talk+"/"+step+"/"+string(kind)])
			}
			fmt.Fprintln(w)
		}
	}
}

// progress shows a bar on a terminal, a line every few seconds elsewhere.
func progress(w io.Writer, span time.Duration) (tell func(*sweep.Report), done func()) {
	line := func(r *sweep.Report) string {
		return fmt.Sprintf("%d runs, %.0f seeds/s, %.2f M events/s, %.0f:1, %d marks, %d failed",
			r.Runs, r.SeedsPerSecond(), r.EventsPerSecond()/1e6, r.SimToReal(), len(r.Marks), r.Failed)
	}
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		var last time.Duration
		return func(r *sweep.Report) {
			if r.Real-last >= 5*time.Second {
				last = r.Real
				fmt.Fprintln(w, line(r))
			}
		}, func() {}
	}
	bar := progressbar.NewOptions64(1000, progressbar.OptionSetWriter(w), progressbar.OptionShowElapsedTimeOnFinish(),
		progressbar.OptionSetPredictTime(true), progressbar.OptionFullWidth(), progressbar.OptionThrottle(100*time.Millisecond))
	return func(r *sweep.Report) {
		share := r.Real.Seconds() / max(span.Seconds(), 1e-9)
		if r.Planned > 0 {
			share = float64(r.Runs) / float64(r.Planned)
		}
		bar.Describe(line(r))
		_ = bar.Set64(int64(min(share, 1) * 1000))
	}, func() { _ = bar.Finish(); fmt.Fprintln(w) }
}

// JUnit's elements, as CI servers read them.
type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Time     float64     `xml:"time,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Failure *junitFailure `xml:"failure,omitempty"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

func writeJUnit(file string, r *sweep.Report) error {
	suite := junitSuite{Name: program.Name + " sweep", Tests: r.Runs, Failures: r.Failed, Time: r.Real.Seconds()}
	for _, f := range r.Failures {
		suite.Cases = append(suite.Cases, junitCase{f.Scenario, "seed " + strconv.FormatUint(f.Seed, 10),
			&junitFailure{f.Message, f.Message + "\n" + f.Repro}})
	}
	b, err := xml.MarshalIndent(suite, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append([]byte(xml.Header), b...), 0o644)
}
