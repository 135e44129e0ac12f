package main

import (
	"fmt"
	"log/slog"
	"os"

	"messiah/core/game"
	"messiah/core/nav"
	"messiah/core/nav/recast"
	"messiah/prod/cluster"
	"messiah/prod/config"
	"messiah/scenarios/siege"
)

// configFlags are the flags of every command that reads the configuration.
type configFlags struct {
	Config string   `placeholder:"FILE" help:"Configuration file in YAML; MESSIAH_CONFIG names it as well."`
	Set    []string `sep:"none" placeholder:"KEY=VALUE" help:"Override one key, for example manager.listen=127.0.0.1:7000."`
}

// load reads the configuration; sizes of 0 are as the file says.
func (f *configFlags) load(to streams, gates, games int) (config.Config, error) {
	c, warnings, err := config.Load(config.Source{
		File: f.Config, Environ: os.Environ(), Gates: gates, Games: games, Set: f.Set,
	})
	for _, w := range warnings {
		fmt.Fprintln(to.err, "config: warning:", w)
	}
	return c, usage(err)
}

// open reads what the roles of a site need.
func open(c config.Config, log *slog.Logger) (*cluster.Site, error) {
	return cluster.Open(c, title(), log)
}

// title is the sample game.
func title() cluster.Title {
	return cluster.Title{
		Script: func() game.Script { return siege.Script(nil) },
		RPC:    siege.RPC(),
		Paths:  courtyard,
	}
}

// rpcFile is where the sample game commits the table of its RPC names, from the root of the project.
const rpcFile = "scenarios/siege/rpc.txt"

func courtyard() (nav.Pathfinder, error) { return recast.Courtyard(), nil }

// logger writes to the stream of words for people; a level that is not set is the command's own.
func logger(c config.Log, otherwise slog.Level, to streams) *slog.Logger {
	level := otherwise
	if c.Level != "" {
		// Check has let nothing else through.
		_ = level.UnmarshalText([]byte(c.Level))
	}
	options := &slog.HandlerOptions{Level: level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(to.err, options))
	}
	return slog.New(slog.NewTextHandler(to.err, options))
}
