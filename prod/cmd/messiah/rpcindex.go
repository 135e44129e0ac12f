package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"messiah/core/rpc"
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
		"committed: a number never changes, new names are added, and those that are gone stay as retired.\n\n" +
		"Example:\n\n  messiah rpcindex\n  messiah rpcindex --check --json"
}

// indexed is the document of --json: what the file says when the command ends.
type indexed struct {
	File        string   `json:"file"`
	OK          bool     `json:"ok"`          // the file is as the game's names ask for
	Written     bool     `json:"written"`     // this command made it so
	Differences []string `json:"differences"` // between the file, as it was found, and the game
	Schema      uint32   `json:"schema"`
	Digest      string   `json:"digest"`
	Used        int      `json:"used"` // names in use
	Retired     int      `json:"retired"`
	Room        int      `json:"room"`   // numbers left
	Proved      bool     `json:"proved"` // no two names share a number, and each is found at its own
}

// Run writes or checks the table.
func (r *rpcCommand) Run(to streams) error {
	text, old, err := r.read()
	if err != nil {
		return err
	}
	next, err := rpc.Extend(old, siege.Methods())
	if err != nil {
		return usage(fmt.Errorf("rpcindex: %s: %w", r.File, err))
	}
	differences := differences(old, next)
	if len(differences) == 0 && !bytes.Equal(text, next.Text()) {
		differences = append(differences, "the file is not there or not written as messiah rpcindex writes it")
	}
	written := len(differences) > 0 && !r.Check
	if written {
		if err := os.WriteFile(r.File, next.Text(), 0o644); err != nil {
			return usage(fmt.Errorf("rpcindex: cannot write the table: %w", err))
		}
		old = next
	}
	if err := old.Prove(); err != nil {
		return fmt.Errorf("rpcindex: %s: %w", r.File, err)
	}
	return r.report(to, old, differences, written)
}

// read returns the file and the table in it. Where there is none to write over, the
// one that this binary was built with is continued, so that no number is given anew.
func (r *rpcCommand) read() ([]byte, *rpc.Table, error) {
	text, err := os.ReadFile(r.File)
	switch {
	case errors.Is(err, fs.ErrNotExist) && r.Check:
		return nil, nil, usage(fmt.Errorf("rpcindex: there is no file %s: run messiah rpcindex --file %s", r.File, r.File))
	case errors.Is(err, fs.ErrNotExist):
		return nil, title().RPC, nil
	case err != nil:
		return nil, nil, usage(fmt.Errorf("rpcindex: %w", err))
	}
	table, err := rpc.Parse(text)
	if err != nil {
		return nil, nil, usage(fmt.Errorf("rpcindex: %s: %w", r.File, err))
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

func (r *rpcCommand) report(to streams, t *rpc.Table, differences []string, written bool) error {
	people := to.out
	if r.JSON {
		people = to.err
		err := json.NewEncoder(to.out).Encode(&indexed{
			File: r.File, OK: written || len(differences) == 0, Written: written, Differences: differences,
			Schema: t.Schema(), Digest: fmt.Sprintf("%016x", t.Digest()),
			Used: t.Len(), Retired: len(t.Retired()), Room: t.Room(), Proved: true,
		})
		if err != nil {
			return err
		}
	}
	stale := !written && len(differences) > 0
	if stale {
		people = to.err
	}
	for _, d := range differences {
		fmt.Fprintf(people, "rpcindex: %s: %s\n", r.File, d)
	}
	if stale {
		return fmt.Errorf("rpcindex: %s is out of date: run messiah rpcindex --file %s, and commit it", r.File, r.File)
	}
	fmt.Fprintf(people, "rpcindex: %s: schema %d, digest %016x, %d names in use, %d retired, room for %d more; proved: no two share a number\n",
		r.File, t.Schema(), t.Digest(), t.Len(), len(t.Retired()), t.Room())
	return nil
}
