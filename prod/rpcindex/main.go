package rpcindex

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
)

// Exit statuses of Main.
const (
	exitStale = 1 // --check: the file is out of date, or a table cannot be proved
	exitUsage = 5 // a flag, a name or the file is wrong
)

// Main is the whole command: it writes the file, or checks it with --check, takes another one with
// --file, prints one JSON document (a Report) to out with --json, and returns the exit status: 0, 1
// where --check finds the file out of date, 5 where a flag or the file is wrong.
func Main(x Index, args []string, out, words io.Writer) int {
	flags := flag.NewFlagSet(x.command(), flag.ContinueOnError)
	flags.SetOutput(words)
	check := flags.Bool("check", false, "write nothing: exit with 1 if the table is out of date")
	asJSON := flags.Bool("json", false, "print one JSON document")
	flags.StringVar(&x.File, "file", x.File, "the `table`")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return exitUsage
	case flags.NArg() > 0:
		fmt.Fprintf(words, "rpcindex: %q is no flag\n", flags.Arg(0))
		return exitUsage
	}
	err := x.Run(*check, *asJSON, out, words)
	var wrong *BadFile
	switch {
	case err == nil:
		return 0
	case errors.As(err, &wrong):
		fmt.Fprintln(words, err)
		return exitUsage
	}
	fmt.Fprintln(words, err)
	return exitStale
}

// Run writes or checks the file and tells of it: people on out, or on words where a JSON document goes
// there or the file is out of date, which is an error.
func (x *Index) Run(check, asJSON bool, out, words io.Writer) error {
	do := x.Write
	if check {
		do = x.Check
	}
	r, err := do()
	if err != nil {
		return err
	}
	people := out
	if asJSON {
		people = words
		if err := json.NewEncoder(out).Encode(r); err != nil {
			return err
		}
	}
	if !r.OK {
		people = words
	}
	for _, d := range r.Differences {
		fmt.Fprintf(people, "rpcindex: %s: %s\n", r.File, d)
	}
	if !r.OK {
		return fmt.Errorf("rpcindex: %s is out of date: run %s --file %s, and commit it", r.File, x.command(), r.File)
	}
	fmt.Fprintf(people, "rpcindex: %s: schema %d, digest %s, %d names in use, %d retired, room for %d more; proved: no two share a number\n",
		r.File, r.Schema, r.Digest, r.Used, r.Retired, r.Room)
	return nil
}
