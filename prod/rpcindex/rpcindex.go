// Package rpcindex writes and checks the file in which a game commits the numbers of its
// RPC names. `messiah rpcindex` is this for the sample game; a team's own module has a
// command of a few lines:
//
//	package main
//
//	import (
//		"os"
//
//		"example.com/ours/game"
//		"messiah/prod/rpcindex"
//	)
//
//	func main() {
//		script := game.Script()
//		index := rpcindex.Index{File: "game/rpc.txt", Names: script.Names(), Command: "go run ./rpcindex"}
//		os.Exit(rpcindex.Main(index, os.Args[1:], os.Stdout, os.Stderr))
//	}
//
// The game embeds the file and has rpc.Parse make its Script's Table of it, so that all
// versions that run at once have the same numbers; `--check` belongs into its tests.
package rpcindex

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"messiah/core/rpc"
)

// Index is a table in a file, and what it is to say.
type Index struct {
	File    string     // where the table is committed
	Names   []string   // of all methods and pushes of the game, in any order: game.Script.Names
	Built   *rpc.Table // continued where there is no file, so that no number is given anew; nil: a first table
	Command string     // that calls this, for texts; empty: messiah rpcindex
}

// BadFile is an error of whoever named the file or the methods: the file cannot be read
// or written, or is no table, or a name cannot be one.
type BadFile struct{ Cause error }

// Error returns the cause's text.
func (e *BadFile) Error() string { return e.Cause.Error() }

// Unwrap returns the cause.
func (e *BadFile) Unwrap() error { return e.Cause }

func badFile(format string, args ...any) error { return &BadFile{fmt.Errorf(format, args...)} }

// Report is what the file says in the end.
type Report struct {
	File        string   `json:"file"`
	OK          bool     `json:"ok"`          // the file is as the game's names ask for
	Written     bool     `json:"written"`     // it was made so now
	Differences []string `json:"differences"` // between the file, as it was found, and the game
	Schema      uint32   `json:"schema"`
	Digest      string   `json:"digest"`
	Used        int      `json:"used"` // names in use
	Retired     int      `json:"retired"`
	Room        int      `json:"room"`   // numbers left
	Proved      bool     `json:"proved"` // no two names share a number, and each is found at its own
}

// Check compares the file with the names and writes nothing; a file that is not there is a *BadFile.
func (x *Index) Check() (*Report, error) { return x.update(false) }

// Write brings the file up to date: numbers stay, new names are given free ones, those that are
// gone stay as retired. A file that is not there is made.
func (x *Index) Write() (*Report, error) { return x.update(true) }

func (x *Index) update(write bool) (*Report, error) {
	text, table, err := x.read(write)
	if err != nil {
		return nil, err
	}
	next, err := rpc.Extend(table, x.Names)
	if err != nil {
		return nil, badFile("rpcindex: %s: %w", x.File, err)
	}
	differences := differences(table, next)
	if len(differences) == 0 && !bytes.Equal(text, next.Text()) {
		differences = append(differences, "the file is not there or not written as "+x.command()+" writes it")
	}
	written := len(differences) > 0 && write
	if written {
		if err := os.WriteFile(x.File, next.Text(), 0o644); err != nil {
			return nil, badFile("rpcindex: cannot write the table: %w", err)
		}
		table = next
	}
	if err := table.Prove(); err != nil {
		return nil, fmt.Errorf("rpcindex: %s: %w", x.File, err)
	}
	return &Report{
		File: x.File, OK: written || len(differences) == 0, Written: written, Differences: differences,
		Schema: table.Schema(), Digest: fmt.Sprintf("%016x", table.Digest()),
		Used: table.Len(), Retired: len(table.Retired()), Room: table.Room(), Proved: true,
	}, nil
}

func (x *Index) command() string {
	if x.Command == "" {
		return "messiah rpcindex"
	}
	return x.Command
}

// read returns the file and the table in it.
func (x *Index) read(write bool) ([]byte, *rpc.Table, error) {
	text, err := os.ReadFile(x.File)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !write:
		return nil, nil, badFile("rpcindex: there is no file %s: run %s --file %s", x.File, x.command(), x.File)
	case errors.Is(err, fs.ErrNotExist):
		if x.Built != nil {
			return nil, x.Built, nil
		}
		none, err := rpc.Extend(nil, nil)
		return nil, none, err
	case err != nil:
		return nil, nil, badFile("rpcindex: %w", err)
	}
	table, err := rpc.Parse(text)
	if err != nil {
		return nil, nil, badFile("rpcindex: %s: %w", x.File, err)
	}
	return text, table, nil
}

// differences says what the next table changes, a name a line.
func differences(old, next *rpc.Table) []string {
	all := []string{}
	for _, name := range next.Names() {
		if _, ok := old.Number(name); ok {
			continue
		}
		if _, retired := slices.BinarySearch(old.Retired(), name); retired {
			all = append(all, fmt.Sprintf("name %s is in the game again, and retired in the table", name))
		} else {
			all = append(all, fmt.Sprintf("name %s is new in the game, and not in the table", name))
		}
	}
	for _, name := range old.Names() {
		if _, ok := next.Number(name); !ok {
			all = append(all, fmt.Sprintf("name %s is gone from the game, and in use in the table", name))
		}
	}
	return all
}
