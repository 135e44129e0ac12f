package command

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"messiah/sim"
	"messiah/sim/sweep"
)

type runCmd struct {
	Name  string   `arg:"" help:"The scenario; messiah-sim list names them."`
	Seed  *uint64  `placeholder:"N" help:"The seed; a plan has its own."`
	Set   []string `placeholder:"KEY=VALUE" help:"Override an option that the seed chose; repeat it for several."`
	Plan  string   `placeholder:"FILE" help:"Let happen what a plan says, in place of what the seed chooses."`
	Trace string   `placeholder:"FILE" help:"Write each event as text."`
	JSON  bool     `help:"Print one JSON document."`

	Minimise time.Duration `default:"5s" placeholder:"D" help:"How long to look for the smallest plan of a failure; 0 does not."`
}

// Help is the example of the command.
func (runCmd) Help() string {
	return "Example: messiah-sim run reconnect-resume --seed 7 --set transport=kcp --trace trace.txt"
}

// ran is one run as `run --json` prints it.
type ran struct {
	Scenario    string            `json:"scenario"`
	Seed        uint64            `json:"seed"`
	Verdict     sim.Verdict       `json:"verdict"`
	Oracle      *string           `json:"oracle"`
	Message     *string           `json:"message"`
	TraceHash   string            `json:"trace_hash"`
	Events      uint64            `json:"events"`
	SimSeconds  float64           `json:"sim_seconds"`
	WallSeconds float64           `json:"wall_seconds"`
	Options     map[string]string `json:"options"`
	Marks       map[string]uint64 `json:"marks"`
	FaultByStep map[string]uint64 `json:"fault_by_step"`
	Faults      []string          `json:"faults"` // in the order in which they struck
	Minimal     *minimised        `json:"minimal"`
	PlanFile    *string           `json:"plan_file"` // where the minimal plan was saved
	Repro       string            `json:"repro"`
	Why         string            `json:"explain"` // the command that shows what led to the failure
}

func (c runCmd) Run(out *output) error {
	sc, cfg, err := c.resolve()
	if err != nil {
		return err
	}
	if c.Trace != "" {
		f, err := os.Create(c.Trace)
		if err != nil {
			return usage("cannot write the trace: %v", err)
		}
		defer f.Close()
		w := bufio.NewWriter(f)
		defer w.Flush()
		cfg.Trace = w
	}
	began := time.Now()
	res, err := execute(sc, cfg)
	if err != nil {
		return usage("%v", err)
	}
	r := asRan(&res, time.Since(began))
	r.Repro, r.Why = c.again(&res)
	if err := r.minimise(sc, cfg, c.Minimise, out); err != nil {
		return err
	}
	if c.JSON {
		err = printJSON(out, r)
	} else {
		printRun(out.results, &r)
	}
	if err != nil {
		return err
	}
	if status := statusOf(res.Verdict); status != exitPass {
		return exitStatus{status: status}
	}
	return nil
}

// resolve finds the scenario and how it is to be run.
func (c runCmd) resolve() (*sim.Scenario, sim.RunConfig, error) {
	sc, err := scenarioNamed(c.Name)
	if err != nil {
		return nil, sim.RunConfig{}, err
	}
	switch {
	case c.Plan != "":
		of, plan, err := readPlan(c.Plan)
		if err != nil {
			return nil, sim.RunConfig{}, err
		}
		if of != sc {
			return nil, sim.RunConfig{}, usage("%s is a plan of %s, not of %s", c.Plan, of.Name, sc.Name)
		}
		if c.Seed != nil {
			plan.Seed = *c.Seed
		}
		return sc, sim.RunConfig{Plan: plan, Set: c.Set}, nil
	case c.Seed == nil:
		return nil, sim.RunConfig{}, usage("which seed of %s? Write --seed N, or --plan FILE", c.Name)
	}
	return sc, sim.RunConfig{Seed: *c.Seed, Set: c.Set}, nil
}

// again returns the commands that run it again and that explain it.
func (c runCmd) again(res *sim.Result) (repro, why string) {
	if c.Plan != "" {
		return program.Name + " replay " + c.Plan, program.Name + " explain " + c.Plan
	}
	return named(sweep.Repro(res.Scenario, res.Seed, c.Set)), named(sweep.Explain(res.Scenario, res.Seed, c.Set))
}

func asRan(res *sim.Result, wall time.Duration) ran {
	r := ran{
		Scenario: res.Scenario, Seed: res.Seed, Verdict: res.Verdict, TraceHash: hex(res.Hash), Events: res.Events,
		SimSeconds: res.Simulated.Seconds(), WallSeconds: wall.Seconds(), Options: res.Options, Marks: res.Marks,
		FaultByStep: res.FaultByStep, Faults: []string{},
	}
	for i := range res.Faults {
		f := &res.Faults[i]
		r.Faults = append(r.Faults, fmt.Sprintf("%v %v", time.Duration(f.At), f))
	}
	if res.Verdict != sim.Pass {
		r.Oracle, r.Message = &res.Oracle, &res.Message
	}
	return r
}

// minimise adds the smallest plan of a run that failed.
func (r *ran) minimise(sc *sim.Scenario, cfg sim.RunConfig, within time.Duration, out *output) error {
	if r.Verdict == sim.Pass || r.Verdict == sim.Nondeterminism || within <= 0 {
		return nil
	}
	m, plan, err := shrink(sc, cfg, within, out.people)
	if err != nil || plan == nil {
		return err
	}
	r.Minimal = m
	file, err := keepPlan(plan)
	if file != "" {
		r.PlanFile = &file
	}
	return err
}

// maxPlanLines is how much of a minimal plan a failure shows; the file has it whole.
const maxPlanLines = 25

func printRun(w io.Writer, r *ran) {
	fmt.Fprintf(w, "%s, seed %d: %s\n", r.Scenario, r.Seed, r.Verdict)
	fmt.Fprintf(w, "  trace hash %s, %d handler calls, %.1f s simulated in %.0f ms\n",
		r.TraceHash, r.Events, r.SimSeconds, r.WallSeconds*1000)
	if r.Message != nil {
		printFailure(w, r)
		return
	}
	fmt.Fprint(w, "  options:")
	for _, key := range slices.Sorted(maps.Keys(r.Options)) {
		fmt.Fprintf(w, " %s=%s", key, r.Options[key])
	}
	for _, f := range r.Faults {
		fmt.Fprintf(w, "\n  fault: %s", f)
	}
	fmt.Fprint(w, "\n  marks:")
	for _, mark := range slices.Sorted(maps.Keys(r.Marks)) {
		fmt.Fprintf(w, " %s×%d", mark, r.Marks[mark])
	}
	fmt.Fprintln(w)
}

// printFailure shows what failed, the smallest plan under which it does, and how to see it again.
func printFailure(w io.Writer, r *ran) {
	fmt.Fprintf(w, "  %s\n", firstLines(*r.Message, 4))
	if m := r.Minimal; m != nil {
		fmt.Fprintf(w, "\n  the smallest plan that fails like this: %d decisions of %d, after %d tries in %.1f s\n", m.After, m.Before, m.Tries, m.Seconds)
		for line := range strings.Lines(firstLines(m.Plan, maxPlanLines)) {
			fmt.Fprint(w, "    ", line)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "\n  again: %s\n  why:   %s\n", r.Repro, r.Why)
	if r.PlanFile != nil {
		fmt.Fprintf(w, "  the smallest plan again: %s replay %s\n", program.Name, *r.PlanFile)
	}
}

// firstLines cuts a text after n lines, and says so.
func firstLines(text string, n int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if len(lines) > n {
		lines = append(lines[:n], fmt.Sprintf("… %d lines more", len(lines)-n))
	}
	return strings.Join(lines, "\n")
}

type replayCmd struct {
	what
	From    uint64 `placeholder:"EVENT" help:"Begin printing with this event."`
	Until   uint64 `placeholder:"EVENT" help:"Stop printing after this event."`
	Payload bool   `help:"Print every field of an event too, its body as hex."`
}

// Help is the example of the command.
func (replayCmd) Help() string {
	return "Example: messiah-sim replay gate-lost --seed 7 --until 500"
}

func (c replayCmd) Run(out *output) error {
	if looksLikeFile(c.What) {
		if recording, err := recordingOf(c.What); err != nil || recording != "" {
			return c.replayRecording(out, recording, err)
		}
	}
	sc, rc, err := c.resolve()
	if err != nil {
		return err
	}
	if c.Until != 0 && c.Until < c.From {
		return usage("--until %d is before --from %d", c.Until, c.From)
	}
	w := bufio.NewWriter(out.results)
	rc.Trace, rc.StartAt, rc.StopAt, rc.Payload = w, c.From, c.Until, c.Payload
	res, err := execute(sc, rc)
	if err != nil {
		return usage("%v", err)
	}
	if err := w.Flush(); err != nil {
		return usage("cannot print the trace: %v", err)
	}
	fmt.Fprintf(out.people, "%s, seed %d: %s, trace hash %s\n", res.Scenario, res.Seed, res.Verdict, hex(res.Hash))
	if res.Message != "" {
		fmt.Fprintln(out.people, " ", res.Message)
	}
	if status := statusOf(res.Verdict); status != exitPass {
		return exitStatus{status: status}
	}
	return nil
}
