// Command mutate deletes the guarding branches of the start and login handlers,
// one at a time, and shows for each whether a sweep of all scenarios notices.
// What survives is either a hole in the oracles and scenarios or is allowed
// here, with its reason.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

// result is what the tool prints.
type result struct {
	Commit     string    `json:"commit"`
	Date       string    `json:"date"`
	Seeds      uint64    `json:"seeds"`
	Guards     int       `json:"guards"`
	Caught     int       `json:"caught"`
	Survived   int       `json:"survived"` // untaken ones included
	Equivalent int       `json:"equivalent"`
	Score      float64   `json:"score"`  // caught among those that are not equivalent, in percent
	Tested     int       `json:"tested"` // not caught by the sweep, but by the package's own tests
	Seconds    float64   `json:"wall_seconds"`
	Mutants    []outcome `json:"mutants"`
}

func run(ctx context.Context, args []string, results, people io.Writer) error {
	flags := flag.NewFlagSet("mutate", flag.ContinueOnError)
	flags.SetOutput(people)
	seeds := flags.Uint64("seeds", 200, "seeds of each scenario")
	asJSON := flags.Bool("json", false, "print one JSON document")
	only := flags.String("only", "", "only guards whose name this regular expression matches")
	list := flags.Bool("list", false, "list the guards and stop")
	flags.Usage = func() {
		fmt.Fprintln(people, "Deletes guarding branches one at a time and sweeps.\n\nExample: go run ./sim/cmd/mutate --seeds 100 --only gate/login")
		flags.PrintDefaults()
	}
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return err
	}
	match, err := regexp.Compile(*only)
	if err != nil {
		return err
	}
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "messiah-mutate")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	built, err := buildMutable(root, dir)
	if err != nil {
		return err
	}
	if *list {
		for i := range built.guards {
			g := &built.guards[i]
			fmt.Fprintf(results, "%3d %s:%d %s\n", g.Number, g.File, g.Line, g.name())
		}
		return nil
	}
	r := &result{Commit: commit(root), Date: time.Now().Format(time.DateOnly), Seeds: *seeds}
	s := &sweeper{mutable: built, root: root, dir: dir, seeds: *seeds}
	if err := r.mutate(ctx, s, match, people); err != nil {
		return err
	}
	if *asJSON {
		e := json.NewEncoder(results)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	r.print(results)
	return nil
}

// commit names what was mutated.
func commit(root string) string {
	c := exec.Command("git", "describe", "--always", "--dirty")
	c.Dir = root
	b, err := c.Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(b))
}

// mutate tries every guard that matches.
func (r *result) mutate(ctx context.Context, s *sweeper, match *regexp.Regexp, people io.Writer) error {
	began := time.Now()
	fmt.Fprintf(people, "%d guards; sweeping %d seeds of all scenarios with all of them in place\n", len(s.guards), s.seeds)
	taken, err := s.baseline(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(people, "%d guards were taken, in %.0f s\n", len(taken), time.Since(began).Seconds())
	for i := range s.guards {
		g := &s.guards[i]
		if !match.MatchString(g.name()) {
			continue
		}
		o, err := s.try(ctx, g, taken[g.Number])
		if err != nil {
			return err
		}
		fmt.Fprintf(people, "%3d/%d %s\n", g.Number, len(s.guards), o.line())
		r.count(o)
	}
	r.Seconds = time.Since(began).Seconds()
	return nil
}

func (r *result) count(o outcome) {
	r.Mutants = append(r.Mutants, o)
	r.Guards++
	switch o.Status {
	case caught:
		r.Caught++
	case equivalent:
		r.Equivalent++
	default:
		r.Survived++
	}
	if o.Tested {
		r.Tested++
	}
	if n := r.Guards - r.Equivalent; n > 0 {
		r.Score = 100 * float64(r.Caught) / float64(n)
	}
}

func (o *outcome) line() string {
	what := fmt.Sprintf("%-10s %s:%d %s: %s", o.Status, o.File, o.Line, o.Func, o.Guard)
	if o.Status == caught {
		what += fmt.Sprintf(" (%s, %s seed %d)", o.Oracle, o.Scenario, o.Seed)
	} else if o.Taken > 0 {
		what += fmt.Sprintf(" (taken in %d runs)", o.Taken)
	}
	if o.Tested {
		what += " (its package's tests notice)"
	}
	return what
}

// print writes the result as text.
func (r *result) print(w io.Writer) {
	fmt.Fprintf(w, "%s, commit %s: %d guarding branches, all scenarios, %d seeds of each until the first failure, %.0f minutes\n\n",
		r.Date, r.Commit, r.Guards, r.Seeds, r.Seconds/60)
	fmt.Fprintf(w, "caught %d, survived %d, equivalent by argument %d: %.1f %% of those that are not equivalent are caught\n",
		r.Caught, r.Survived, r.Equivalent, r.Score)
	fmt.Fprintf(w, "of those that the sweep does not notice, %d are noticed by the tests of their package\n", r.Tested)
	for _, s := range []status{survived, untaken, equivalent, caught} {
		fmt.Fprintf(w, "\n%s\n", s)
		for i := range r.Mutants {
			if o := &r.Mutants[i]; o.Status == s {
				fmt.Fprintf(w, "  %s\n", o.line())
				if o.Reason != "" && o.Status == s {
					fmt.Fprintf(w, "      %s\n", o.Reason)
				}
			}
		}
	}
}
