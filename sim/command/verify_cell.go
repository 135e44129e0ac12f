package command

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"messiah/core/planted"
	"messiah/sim"
	"messiah/sim/compare"
)

// warmRuns is how many runs at least a warm process has behind it before the last of a run.
const warmRuns = 16

// memoryLimit is how much a process may hold before the collector runs even
// where GOGC is off: a run leaves about 3 MB.
const memoryLimit = "1GiB"

// raceOptions let a process of the race detector end at once: otherwise it sleeps for a second.
const raceOptions = "GORACE=atexit_sleep_ms=10"

// shown is what a cell showed of the range.
type shown struct {
	runs     []toldRun
	failed   error // why there is none
	unstable bool  // a run found out by itself that it is not the same each time
	elapsed  time.Duration
}

// hash folds scenario, seed, overrides and trace hash of every run into one.
func (s *shown) hash(runs []oneRun) string {
	sum := sha256.New()
	for i, r := range runs {
		fmt.Fprintf(sum, "%s %d %q %016x\n", r.Scenario, r.Seed, r.Set, s.runs[i].Hash)
	}
	return fmt.Sprintf("%x", sum.Sum(nil)[:8])
}

// show runs the range as the cell says.
func (c *cell) show(ctx context.Context, runs []oneRun) shown {
	began := time.Now()
	s := shown{failed: c.build.failed}
	switch {
	case s.failed != nil:
	case c.fresh:
		s.runs, s.failed = c.each(ctx, runs)
	default:
		var answer told
		answer, s.failed = c.send(ctx, errand{Runs: runs, Passes: passes(len(runs))})
		s.runs = answer.Runs
	}
	for i, r := range s.runs {
		// A run that ended in a panic has no hash, and one whose clock went wrong none that counts.
		if s.failed == nil && (r.Hash == 0 || r.Verdict == sim.Nondeterminism) {
			s.unstable = r.Verdict == sim.Nondeterminism
			s.failed = fmt.Errorf("%v, seed %d: %s", runs[i], runs[i].Seed, firstLine(r.Message, errors.New(string(r.Verdict))))
		}
	}
	s.elapsed = time.Since(began)
	return s
}

// passes returns how often a warm process does so many runs.
func passes(runs int) int { return 1 + (warmRuns+runs-1)/runs }

// each does every run in a process of its own, as many at once as the cell has processors.
func (c *cell) each(ctx context.Context, runs []oneRun) ([]toldRun, error) {
	var workers sync.WaitGroup
	next := make(chan int)
	all, failed := make([]toldRun, len(runs)), make([]error, len(runs))
	for range c.procs {
		workers.Go(func() {
			for i := range next {
				var answer told
				answer, failed[i] = c.send(ctx, errand{Runs: runs[i : i+1], Passes: 1})
				if failed[i] == nil {
					all[i] = answer.Runs[0]
				}
			}
		})
	}
	for i := range runs {
		next <- i
	}
	close(next)
	workers.Wait()
	if i := slices.IndexFunc(failed, func(err error) bool { return err != nil }); i >= 0 {
		return nil, failed[i]
	}
	return all, nil
}

// send lets a process of the cell carry an errand out.
func (c *cell) send(ctx context.Context, e errand) (answer told, err error) {
	document, err := json.Marshal(e)
	if err != nil {
		return answer, err
	}
	words := append(slices.Clone(c.build.runs), c.build.binary, "verify-errand")
	if bug := planted.Chosen(); bug != "" {
		words = append(words, "--plant", bug)
	}
	child := exec.CommandContext(ctx, words[0], words[1:]...)
	child.Stdin = bytes.NewReader(document)
	child.Env = append(os.Environ(), fmt.Sprintf("GOMAXPROCS=%d", c.procs), "GOGC="+c.gogc, "GOMEMLIMIT="+memoryLimit, raceOptions)
	var results, people bytes.Buffer
	child.Stdout, child.Stderr = &results, &people
	if err := child.Run(); err != nil {
		return answer, errors.New("it does not run: " + firstLine(people.String(), err))
	}
	if err := json.Unmarshal(results.Bytes(), &answer); err != nil {
		return answer, fmt.Errorf("its answer is cut off: %w", err)
	}
	want := len(e.Runs)
	if e.Record != nil {
		want--
	}
	if len(answer.Runs) != want || (answer.Recorded == nil) != (e.Record == nil) {
		return answer, fmt.Errorf("it answered %d of %d runs", len(answer.Runs), want)
	}
	return answer, nil
}

// side runs the run of an index in the cell and records it: in a process that
// does nothing else, or behind all that a warm process had done before.
func (c *cell) side(ctx context.Context, runs []oneRun, index int, history bool) compare.Side {
	return func(w compare.Window) (compare.Recording, error) {
		e := errand{Runs: runs[index : index+1], Passes: 1, Record: &w}
		if history && !c.fresh {
			e = errand{Runs: append(slices.Clone(runs), runs[index]), Passes: passes(len(runs)), Record: &w}
		}
		answer, err := c.send(ctx, e)
		if err != nil {
			return compare.Recording{}, fmt.Errorf("%s: %w", c.name(), err)
		}
		return *answer.Recorded, nil
	}
}

// locate finds the first event of a run in which two cells differ. What a run
// does not do alone it may do behind the others.
func locate(ctx context.Context, a, b *cell, runs []oneRun, index int) (compare.Difference, error) {
	d, err := compare.Find(a.side(ctx, runs, index, false), b.side(ctx, runs, index, false))
	if errors.Is(err, compare.ErrAgree) && !(a.fresh && b.fresh) {
		d, err = compare.Find(a.side(ctx, runs, index, true), b.side(ctx, runs, index, true))
	}
	return d, err
}

// matching keeps the cells of which one of the texts is a part of the name.
func matching(cells []*cell, texts []string) []*cell {
	if len(texts) == 0 {
		return cells
	}
	return slices.DeleteFunc(cells, func(c *cell) bool {
		return !slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(c.name(), text) })
	})
}
