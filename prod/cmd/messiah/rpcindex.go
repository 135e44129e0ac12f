package main

import (
	"errors"

	"messiah/prod/rpcindex"
	"messiah/scenarios/siege"
)

type rpcCommand struct {
	Check bool   `help:"Write nothing: exit with 1 if the table is out of date."`
	File  string `default:"${rpcfile}" placeholder:"FILE" help:"The table. Default: ${rpcfile}."`
	JSON  bool   `name:"json" help:"Print one JSON document."`
}

// Help is the example.
func (rpcCommand) Help() string {
	return "The table gives each RPC name of the game that this binary is built with a number of four digits. It is\n" +
		"committed: a number never changes, new names are added, and those that are gone stay as retired.\n" +
		"A game in a module of its own has a command of a few lines for its own table: go doc messiah/prod/rpcindex.\n\n" +
		"Example:\n\n  messiah rpcindex\n  messiah rpcindex --check --json"
}

// Run writes or checks the table.
func (r *rpcCommand) Run(to streams) error {
	index := rpcindex.Index{File: r.File, Names: siege.Methods(), Built: title().RPC}
	err := index.Run(r.Check, r.JSON, to.out, to.err)
	var wrong *rpcindex.BadFile
	if errors.As(err, &wrong) {
		return usage(err)
	}
	return err
}
