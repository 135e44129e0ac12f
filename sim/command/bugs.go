package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"messiah/core/planted"
	"messiah/sim"
)

// plant is the bug that the runs of a command are made with.
type plant string

// AfterApply plants the bug. An ordinary binary has none, and says so.
func (p plant) AfterApply() error {
	if _, known := sim.BugNamed(string(p)); !known && planted.Built {
		return noBug(string(p))
	}
	return planted.Choose(string(p))
}

type bugsCmd struct {
	Bug   string `placeholder:"NAME" help:"Only this bug."`
	Seeds uint64 `default:"2000" placeholder:"N" help:"Seeds to try at most."`
	Plans string `placeholder:"DIR" help:"Write the smallest plan of each bug here."`
	JSON  bool   `help:"Print one JSON document."`
}

// Help is the example of the command.
func (bugsCmd) Help() string {
	return "Example: messiah-sim bugs --bug connected-not-withdrawn\n\n" +
		"Builds one binary with -tags planted, so it needs the Go toolchain and the source tree."
}

// caught is what became of one bug, as `bugs --json` prints it.
type caught struct {
	Bug         string   `json:"bug"`
	Oracle      string   `json:"oracle"`
	Scenario    string   `json:"scenario"`
	Found       bool     `json:"found"` // by its own oracle
	SeedsToFind *uint64  `json:"seeds_to_find"`
	WallSeconds float64  `json:"wall_seconds"`
	CaughtBy    []string `json:"caught_by"` // every oracle that failed until then
	Seed        *uint64  `json:"seed"`
	Message     *string  `json:"message"`
	Repro       *string  `json:"repro"`
	Breaks      string   `json:"breaks"`

	Before          *int     `json:"before"` // decisions of the run that found it
	After           *int     `json:"after"`  // of its smallest plan
	Plan            *string  `json:"plan"`
	MinimiseSeconds *float64 `json:"minimise_seconds"`
}

func (c bugsCmd) Run(out *output) error {
	bugs := sim.Bugs()
	if c.Bug != "" {
		bug, known := sim.BugNamed(c.Bug)
		if !known {
			return noBug(c.Bug)
		}
		bugs = []sim.Bug{bug}
	}
	if !slices.ContainsFunc(program.Scenarios, func(sc *sim.Scenario) bool {
		return slices.ContainsFunc(bugs, func(b sim.Bug) bool { return b.Scenario == sc.Name })
	}) {
		return usage("%s has none of the scenarios that find the planted bugs: they are the framework's own, and messiah-sim has them", program.Name)
	}
	if c.Seeds == 0 {
		return usage("--seeds 0: a sweep takes some")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	binary, remove, err := plantedBinary(ctx, out.people)
	if err != nil {
		return err
	}
	defer remove()
	all := []caught{}
	for i, bug := range bugs {
		fmt.Fprintf(out.people, "%2d/%d %-26s ", i+1, len(bugs), bug.Name)
		hunt := c.hunt
		if bug.AcrossMachines() {
			hunt = huntAcross
		}
		one, err := hunt(ctx, binary, bug)
		if err != nil {
			fmt.Fprintln(out.people)
			return err
		}
		fmt.Fprintln(out.people, one.line())
		all = append(all, one)
	}
	return c.print(out, all)
}

func noBug(name string) error {
	var names []string
	for _, bug := range sim.Bugs() {
		names = append(names, bug.Name)
	}
	return usage("no planted bug %q; there are: %s", name, strings.Join(names, " "))
}

// plantedBinary returns a binary that carries the bugs: this one if it does,
// else one that is built now and removed in the end.
func plantedBinary(ctx context.Context, people io.Writer) (path string, remove func(), err error) {
	if planted.Built {
		path, err = os.Executable()
		if err != nil {
			return "", nil, usage("cannot find the running binary: %v", err)
		}
		return path, func() {}, nil
	}
	toolchain, err := exec.LookPath("go")
	if err != nil {
		return "", nil, usage("bugs needs the Go toolchain, to build a binary that carries them: there is no `go` on the path")
	}
	dir, err := os.MkdirTemp("", "messiah-planted")
	if err != nil {
		return "", nil, usage("cannot build: %v", err)
	}
	remove = func() { _ = os.RemoveAll(dir) }
	path = filepath.Join(dir, "messiah-sim")
	fmt.Fprintln(people, "building with -tags planted")
	build := exec.CommandContext(ctx, toolchain, "build", "-buildvcs=false", "-tags", "planted", "-o", path, program.Package)
	if text, err := build.CombinedOutput(); err != nil {
		remove()
		first, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
		return "", nil, usage("bugs has to be run inside the source tree, which must build: %s (%v)", first, err)
	}
	return path, remove, nil
}

// hunt sweeps one bug's scenario in a child process until its oracle notices it.
func (c bugsCmd) hunt(ctx context.Context, binary string, bug sim.Bug) (caught, error) {
	one := caught{Bug: bug.Name, Oracle: bug.Oracle, Scenario: bug.Scenario, Breaks: bug.Breaks, CaughtBy: []string{}}
	args := []string{"sweep", bug.Scenario, "--plant", bug.Name, "--until", bug.Oracle, "--json",
		"--seeds", fmt.Sprintf("1-%d", c.Seeds), "--keep", fmt.Sprint(c.Seeds), "--minimise", "0s"}
	for _, set := range bug.Set {
		args = append(args, "--set", set)
	}
	var s swept
	if err := one.ask(ctx, binary, args, &s); err != nil {
		return one, err
	}
	one.judge(s.Failures)
	if !one.Found || bug.Oracle == "replay" {
		return one, nil // a run that is not the same twice has no smallest plan
	}
	return one, c.minimise(ctx, binary, bug, &one)
}

// ask runs a command of the planted binary and reads the document that it prints.
func (one *caught) ask(ctx context.Context, binary string, args []string, document any) error {
	began := time.Now()
	child := exec.CommandContext(ctx, binary, args...)
	var told bytes.Buffer
	child.Stderr = &told
	printed, err := child.Output()
	one.WallSeconds = time.Since(began).Seconds()
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		return usage("cannot run %s: %v", binary, err)
	}
	if err := json.Unmarshal(printed, document); err != nil || ctx.Err() != nil {
		first, _, _ := strings.Cut(strings.TrimSpace(told.String()), "\n")
		return usage("the %s with %s ended without a result: %s", args[0], one.Bug, first)
	}
	return nil
}

// plantedCommand is a command of this binary as one of a binary that carries the bugs.
func plantedCommand(command string) string {
	rest, _ := strings.CutPrefix(command, program.Name)
	return "go run -tags planted " + program.Package + rest
}

// minimise finds the smallest plan of a bug that was found, in a child process.
func (c bugsCmd) minimise(ctx context.Context, binary string, bug sim.Bug, one *caught) error {
	args := []string{"minimise", bug.Scenario, "--plant", bug.Name, "--seed", fmt.Sprint(*one.Seed), "--within", minimiseBug.String(), "--json"}
	for _, set := range bug.Set {
		args = append(args, "--set", set)
	}
	document, err := exec.CommandContext(ctx, binary, args...).Output()
	var m minimised
	if err == nil {
		err = json.Unmarshal(document, &m)
	}
	if err != nil {
		return usage("minimising the run with %s ended without a result: %v", bug.Name, err)
	}
	one.Before, one.After, one.Plan, one.MinimiseSeconds = &m.Before, &m.After, &m.Plan, &m.Seconds
	if c.Plans == "" {
		return nil
	}
	plan, err := sim.ReadPlan(m.Plan)
	if err != nil {
		return usage("%v", err)
	}
	return writePlan(filepath.Join(c.Plans, bug.Name+".plan"), plan)
}

// minimiseBug is how long the search for a bug's smallest plan may take.
const minimiseBug = 5 * time.Second

// judge reads off the failures, which come by seed, when the bug's oracle noticed it.
func (one *caught) judge(failures []sweptFailure) {
	for i := range failures {
		f := &failures[i]
		if !slices.Contains(one.CaughtBy, f.Oracle) {
			one.CaughtBy = append(one.CaughtBy, f.Oracle)
		}
		if f.Oracle == one.Oracle {
			repro := plantedCommand(f.Repro)
			one.Found, one.Seed, one.SeedsToFind, one.Message, one.Repro = true, &f.Seed, &f.Seed, &f.Message, &repro
			return
		}
	}
}

// line says in one line what became of the bug.
func (one *caught) line() string {
	if one.Found {
		s := fmt.Sprintf("%-17s %-24s found by seed %d, %.1f s", one.Oracle, one.Scenario, *one.Seed, one.WallSeconds)
		if one.After != nil {
			s += fmt.Sprintf("; smallest plan %d of %d decisions, %.1f s", *one.After, *one.Before, *one.MinimiseSeconds)
		}
		return s
	}
	by := "no oracle"
	if len(one.CaughtBy) > 0 {
		by = strings.Join(one.CaughtBy, " and ")
	}
	return fmt.Sprintf("%-17s %-24s NOT FOUND, %s failed, %.1f s", one.Oracle, one.Scenario, by, one.WallSeconds)
}

// print writes the document, or what people want to see below the lines of progress.
func (c bugsCmd) print(out *output, all []caught) error {
	missed := 0
	for i := range all {
		if !all[i].Found {
			missed++
		}
	}
	if c.JSON {
		if err := printJSON(out, all); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(out.results, "%d of %d planted bugs found, each by its own oracle\n", len(all)-missed, len(all))
		for i := range all {
			if one := &all[i]; one.Found {
				fmt.Fprintf(out.results, "\n%s: %s\n  %s\n  again: %s\n", one.Bug, one.Breaks, *one.Message, *one.Repro)
			}
		}
	}
	if missed > 0 {
		return exitStatus{exitViolation, fmt.Sprintf("%d of %d planted bugs were not found by their oracles", missed, len(all))}
	}
	return nil
}
