// Command messiah runs a cluster, whole or one role a process, sends bots into
// it, and operates it.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/alecthomas/kong"
)

// Exit statuses.
const (
	exitFailed = 1 // it did not work, or a check found something
	exitUsage  = 5 // the command line, a file or a value is wrong
)

// version is stamped by the build.
var version = "dev"

type cli struct {
	Run     runCommand     `cmd:"" help:"Run a whole cluster in one process, with the sample game."`
	Gate    gateCommand    `cmd:"" help:"Run a gate: clients connect here."`
	Game    gameCommand    `cmd:"" help:"Run a game: avatars live here."`
	Manager managerCommand `cmd:"" help:"Run the manager: it leads the start and says who lives."`
	DB      dbCommand      `cmd:"" name:"db" help:"Run the db: it owns the records."`
	Bots    botsCommand    `cmd:"" help:"Send clients in that make load and check order and loss."`
	Admin   adminCommand   `cmd:"" help:"Look at a running cluster and operate it."`
	RPC     rpcCommand     `cmd:"" name:"rpcindex" help:"Write or check the offline table of the game's RPC names."`
	Store   storeCommand   `cmd:"" help:"Back up, restore and check the records."`
	Config  configCommand  `cmd:"" help:"Check the configuration."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

// usageError is an error of whoever typed the command.
type usageError struct{ error }

func usage(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err}
}

// streams are where a command writes: results to out, words for people to err.
type streams struct{ out, err io.Writer }

// gcPercent lets the heap grow fivefold between two collections where GOGC says
// nothing: what lives is small beside what players' messages allocate, and the
// collector takes a fifth of a gate's processor at the default.
const gcPercent = 400

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	os.Exit(run(os.Args[1:], streams{os.Stdout, os.Stderr}))
}

func run(args []string, to streams) int {
	parser, err := kong.New(&cli{},
		kong.Name("messiah"),
		kong.Description("An MMO server: gates, games, a manager and a db. `messiah run --bots 50` shows it all."),
		kong.Writers(to.out, to.err),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Bind(to),
		kong.Vars{"rpcfile": rpcFile},
	)
	if err != nil {
		panic("messiah: the commands are declared wrongly: " + err.Error())
	}
	command, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(to.err, "messiah: %v\n", err)
		return exitUsage
	}
	err = command.Run()
	var wrong usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &wrong):
		fmt.Fprintln(to.err, err)
		return exitUsage
	}
	fmt.Fprintln(to.err, err)
	return exitFailed
}

type versionCommand struct{}

// Help is the example.
func (versionCommand) Help() string { return "Example:\n\n  messiah version" }

// Run prints the version.
func (versionCommand) Run(to streams) error {
	fmt.Fprintf(to.out, "messiah %s %s %s/%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}
