// Package command is the command line of a simulator: what messiah-sim does, for
// any game's scenarios. Its verbs, JSON fields and exit statuses are a contract
// that scripts rely on.
package command

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"runtime/debug"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"messiah/sim"
)

// Exit statuses.
const (
	exitPass           = 0
	exitViolation      = 1
	exitNondeterminism = 2
	exitStuck          = 3
	exitMissedMark     = 4
	exitUsage          = 5
)

// Program is what a simulator's main brings along.
type Program struct {
	Name      string // of the command; messiah-sim where it is empty
	Version   string // dev where it is empty
	Package   string // import path of the main package: `bugs` and `verify` build it; where it is empty, that of the running binary
	Scenarios []*sim.Scenario
	Cases     []*sim.Case // for enumerate
	Game      *sim.Game   // that production runs, for import; the first scenario's where it is nil

	// Crowd returns the scenario that `speed` measures: clients for a span, with what
	// is to be done before and after. Without one the verb says so.
	Crowd func(clients int, span time.Duration, before, after func(*sim.Story)) *sim.Scenario
}

// game returns the game that production runs.
func (p *Program) game() (sim.Game, error) {
	switch {
	case p.Game != nil:
		return *p.Game, nil
	case len(p.Scenarios) > 0:
		return p.Scenarios[0].Game, nil
	}
	return sim.Game{}, usage("%s has no game to replay a recording with: set Program.Game", p.Name)
}

// program is the one program of this process, set once by Main or Run before any verb.
var program Program

// Main runs the command line of a program, and ends the process with its status.
func Main(p Program) { os.Exit(Run(p, os.Args[1:], os.Stdout, os.Stderr)) }

// Run carries one command line of a program out and returns its exit status. A
// process has one program: calls one after the other may name others, calls at once may not.
func Run(p Program, args []string, stdout, stderr io.Writer) int {
	if p.Name == "" {
		p.Name = "messiah-sim"
	}
	if p.Version == "" {
		p.Version = "dev"
	}
	if info, ok := debug.ReadBuildInfo(); ok && p.Package == "" {
		p.Package = info.Path
	}
	program = p
	return run(args, stdout, stderr)
}

type commands struct {
	List      listCmd      `cmd:"" help:"List the scenarios."`
	Run       runCmd       `cmd:"" help:"Run one scenario once."`
	Sweep     sweepCmd     `cmd:"" help:"Run scenarios with many seeds, on all processors."`
	Replay    replayCmd    `cmd:"" help:"Run a seed again and print its trace as text."`
	Minimise  minimiseCmd  `cmd:"" help:"Find the smallest plan under which a run still fails."`
	Import    importCmd    `cmd:"" help:"Replay a flight recording of a production process, and compare what it sends."`
	Explain   explainCmd   `cmd:"" help:"Show what led to the end of a run: as text, mermaid or a page."`
	Verify    verifyCmd    `cmd:"" help:"Run the same seeds on other machines and settings, and compare."`
	Bugs      bugsCmd      `cmd:"" help:"Plant each known bug and show that an oracle catches it."`
	Enumerate enumerateCmd `cmd:"" help:"Go through every delivery order and crash point of a small case."`
	Speed     speedCmd     `cmd:"" help:"Measure the simulator on the full stack."`
	Version   versionCmd   `cmd:"" help:"Print the version."`

	Errand errandCmd `cmd:"" hidden:"" name:"verify-errand" help:"What verify asks the binaries of its cells to do."`

	Plant plant `hidden:"" placeholder:"BUG" help:"Plant a bug; only a binary built with -tags planted has any."`
}

// exitStatus ends the command with a status and, if there is one, a line of text.
type exitStatus struct {
	status int
	text   string
}

func (e exitStatus) Error() string { return e.text }

// usage is a mistake of the caller: one line, exit status 5.
func usage(format string, args ...any) error {
	return exitStatus{exitUsage, fmt.Sprintf(format, args...)}
}

// run carries one command line out and returns the exit status.
func run(args []string, stdout, stderr io.Writer) (status int) {
	var cli commands
	exited := -1
	parser, err := kong.New(&cli,
		kong.Name(program.Name),
		kong.Description("Runs whole clusters inside one seeded simulator.\n\n"+
			"Example: messiah-sim run connect-then-disconnect --seed 7 --json"),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exited = code; panic(exitStatus{status: code}) }),
		kong.Bind(&output{stdout, stderr}),
	)
	if err != nil {
		fmt.Fprintln(stderr, program.Name+":", err)
		return exitUsage
	}
	defer func() {
		// Kong leaves by its Exit after --help.
		if r := recover(); r != nil {
			if exited < 0 {
				panic(r)
			}
			status = exited
		}
	}()
	ctx, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(stderr, "%s: %v; `%s --help` shows the commands\n", program.Name, err, program.Name)
		return exitUsage
	}
	return conclude(ctx.Run(), stderr)
}

// conclude prints an error and returns its exit status.
func conclude(err error, stderr io.Writer) int {
	var e exitStatus
	switch {
	case err == nil:
		return exitPass
	case errors.As(err, &e):
		if e.text != "" {
			fmt.Fprintln(stderr, program.Name+":", e.text)
		}
		return e.status
	}
	fmt.Fprintln(stderr, program.Name+":", err)
	return exitUsage
}

// output is where a command writes: results to the one, words for people to the other.
type output struct{ results, people io.Writer }

// scenarioNamed finds a scenario, or says which there are.
func scenarioNamed(name string) (*sim.Scenario, error) {
	names := ""
	for _, sc := range program.Scenarios {
		if sc.Name == name {
			return sc, nil
		}
		names += " " + sc.Name
	}
	return nil, usage("no scenario %q; there are:%s", name, names)
}

// scenariosLike finds the scenarios that a pattern of path.Match stands for, or the one of a name.
func scenariosLike(pattern string) (some []*sim.Scenario, err error) {
	if !strings.ContainsAny(pattern, "*?[") {
		one, err := scenarioNamed(pattern)
		return []*sim.Scenario{one}, err
	}
	for _, sc := range program.Scenarios {
		is, err := path.Match(pattern, sc.Name)
		if err != nil {
			return nil, usage("%s is no pattern: write * for any letters, ? for one, [ab] for one of these", pattern)
		}
		if is {
			some = append(some, sc)
		}
	}
	if len(some) == 0 {
		return nil, usage("no scenario is like %s; `%s list` names them", pattern, program.Name)
	}
	return some, nil
}

// statusOf returns the exit status of a verdict.
func statusOf(v sim.Verdict) int {
	switch v {
	case sim.Failed:
		return exitViolation
	case sim.Nondeterminism:
		return exitNondeterminism
	case sim.Stuck:
		return exitStuck
	case sim.MissedMark:
		return exitMissedMark
	}
	return exitPass
}

type versionCmd struct{}

func (versionCmd) Run(out *output) error {
	fmt.Fprintln(out.results, program.Name, program.Version)
	return nil
}

// named puts the program's name into a command line of messiah-sim.
func named(line string) string {
	if rest, ok := strings.CutPrefix(line, "messiah-sim "); ok {
		return program.Name + " " + rest
	}
	return line
}
