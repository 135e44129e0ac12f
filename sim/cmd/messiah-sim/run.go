package main

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"messiah/sim"
	"messiah/sim/sweep"
)

type runCmd struct {
	Name  string   `arg:"" help:"The scenario; messiah-sim list names them."`
	Seed  uint64   `required:"" help:"The seed."`
	Set   []string `placeholder:"KEY=VALUE" help:"Override an option that the seed chose; repeat it for several."`
	Trace string   `placeholder:"FILE" help:"Write each event as text."`
	JSON  bool     `help:"Print one JSON document."`
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
	Repro       string            `json:"repro"`
}

func (c runCmd) Run(out *output) error {
	sc, err := scenarioNamed(c.Name)
	if err != nil {
		return err
	}
	cfg := sim.RunConfig{Seed: c.Seed, Set: c.Set}
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
	wall := time.Since(began)
	if c.JSON {
		err = printJSON(out, asRan(&res, c.Set, wall))
	} else {
		printRun(out, &res, c.Set, wall)
	}
	if err != nil {
		return err
	}
	if status := statusOf(res.Verdict); status != exitPass {
		return exitStatus{status: status}
	}
	return nil
}

func asRan(res *sim.Result, set []string, wall time.Duration) ran {
	r := ran{
		Scenario: res.Scenario, Seed: res.Seed, Verdict: res.Verdict, TraceHash: hex(res.Hash), Events: res.Events,
		SimSeconds: res.Simulated.Seconds(), WallSeconds: wall.Seconds(), Options: res.Options, Marks: res.Marks,
		FaultByStep: res.FaultByStep, Repro: sweep.Repro(res.Scenario, res.Seed, set),
	}
	if res.Verdict != sim.Pass {
		r.Oracle, r.Message = &res.Oracle, &res.Message
	}
	return r
}

func printRun(out *output, res *sim.Result, set []string, wall time.Duration) {
	w := out.results
	fmt.Fprintf(w, "%s, seed %d: %s\n", res.Scenario, res.Seed, res.Verdict)
	if res.Verdict != sim.Pass {
		fmt.Fprintf(w, "  %s\n  again: %s\n", res.Message, sweep.Repro(res.Scenario, res.Seed, set))
	}
	fmt.Fprintf(w, "  trace hash %s, %d handler calls, %.1f s simulated in %.0f ms\n",
		hex(res.Hash), res.Events, res.Simulated.Seconds(), wall.Seconds()*1000)
	fmt.Fprint(w, "  options:")
	for _, key := range slices.Sorted(maps.Keys(res.Options)) {
		fmt.Fprintf(w, " %s=%s", key, res.Options[key])
	}
	fmt.Fprint(w, "\n  marks:")
	for _, mark := range slices.Sorted(maps.Keys(res.Marks)) {
		fmt.Fprintf(w, " %s×%d", mark, res.Marks[mark])
	}
	fmt.Fprintln(w)
}

type replayCmd struct {
	Name  string   `arg:"" help:"The scenario."`
	Seed  uint64   `required:"" help:"The seed."`
	Until uint64   `placeholder:"EVENT" help:"Stop printing after this event."`
	Set   []string `placeholder:"KEY=VALUE" help:"Override an option, as in the run that is replayed."`
}

// Help is the example of the command.
func (replayCmd) Help() string {
	return "Example: messiah-sim replay gate-lost --seed 7 --until 500"
}

func (c replayCmd) Run(out *output) error {
	sc, err := scenarioNamed(c.Name)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(out.results)
	res, err := execute(sc, sim.RunConfig{Seed: c.Seed, Set: c.Set, Trace: w, StopAt: c.Until})
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
