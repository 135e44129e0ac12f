// Command messiah-vet checks that code which runs inside the simulator is
// deterministic: that one seed gives one trace on every machine. It runs by itself
// over packages, and as the tool of go vet.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis/multichecker"

	"messiah/sim/vet"
)

// exitUsage is the exit status of a wrong command line.
const exitUsage = 5

func main() {
	if len(os.Args) < 2 || slices.ContainsFunc(os.Args[1:], asksHelp) {
		if len(os.Args) < 2 {
			help(os.Stderr)
			os.Exit(exitUsage)
		}
		help(os.Stdout)
		return
	}
	// The flag package has said what is wrong with the line by the time it calls this.
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "messiah-vet: `messiah-vet --help` shows how it is called")
		os.Exit(exitUsage)
	}
	multichecker.Main(vet.Analyzers()...)
}

// asksHelp reports whether an argument asks for the help text.
func asksHelp(arg string) bool { return arg == "-h" || arg == "-help" || arg == "--help" }

// help prints what the command does, its analyzers, and how it is called.
func help(w io.Writer) {
	fmt.Fprint(w, `messiah-vet refuses what could make two runs of one seed differ.

Usage:
  messiah-vet [-fix] [-ANALYZER] PACKAGE...
  go vet -vettool=$(which messiah-vet) PACKAGE...

Example:
  messiah-vet ./game/...
  go vet -vettool=$(which messiah-vet) ./game/...

Name the packages whose code runs in nodes and scenarios; a main package that reads
files and the clock is not one of them. No comment switches a rule off: the fix is
always code. Test files are not looked at.

Analyzers (messiah-vet help NAME says more; -NAME runs that one alone):
`)
	for _, a := range vet.Analyzers() {
		about, _, _ := strings.Cut(a.Doc, "\n")
		fmt.Fprintf(w, "  %-10s %s\n", a.Name, about)
	}
	fmt.Fprint(w, `
Flags:
  -fix       apply the fixes that go with a diagnostic, such as float64(x*y)
  -diff      with -fix: show them as a diff instead
  -json      print one JSON document; the exit status is then 0
  -c N       show N lines of context
`)
	fmt.Fprint(w, "\nExit status: 0 clean, 1 the packages do not load, 3 something found (1 under go vet), 5 usage\n")
}
