package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Bounds of one sweep: a mutant may spin or eat up memory.
const (
	sweepWithin = 5 * time.Minute
	memoryKB    = 8 << 20
)

// outcome is what became of one mutant.
type outcome struct {
	File     string  `json:"file"`
	Line     int     `json:"line"`
	Func     string  `json:"func"`
	Kind     string  `json:"kind"`
	Guard    string  `json:"guard"`
	Status   status  `json:"status"`
	Oracle   string  `json:"oracle"` // that noticed the deletion; "panic", "hang" and "missed-mark" are others
	Scenario string  `json:"scenario"`
	Seed     uint64  `json:"seed"`
	Taken    int     `json:"taken"` // in so many runs the guard is taken
	Seconds  float64 `json:"wall_seconds"`
	Reason   string  `json:"reason"` // why a survivor is allowed
	Tested   bool    `json:"tested"` // the package's own tests notice what the sweep does not
}

type status string

const (
	caught     status = "caught"
	survived   status = "survived"
	untaken    status = "untaken"    // survived, and the whole sweep never came by the branch
	equivalent status = "equivalent" // survived, and is allowed to
)

// sweeper runs sweeps of one binary.
type sweeper struct {
	*mutable
	root, dir string
	seeds     uint64
}

// failure is what the tool reads of `messiah-sim sweep --json`.
type failure struct {
	Scenario string `json:"scenario"`
	Seed     uint64 `json:"seed"`
	Verdict  string `json:"verdict"`
	Oracle   string `json:"oracle"`
	Message  string `json:"message"`
}

// sweep runs seeds of all scenarios until the first failure. It returns nil where all passed.
func (s *sweeper) sweep(ctx context.Context, from, to uint64, jobs int, env ...string) (*failure, error) {
	ctx, cancel := context.WithTimeout(ctx, sweepWithin)
	defer cancel()
	args := []string{"-c", fmt.Sprintf(`ulimit -v %d; exec "$0" "$@"`, memoryKB), s.sim,
		"sweep", "--seeds", fmt.Sprintf("%d-%d", from, to), "--until", "any", "--json", "--minimise", "0s", "--jobs", strconv.Itoa(jobs)}
	child := exec.CommandContext(ctx, "sh", args...)
	child.Env = append(os.Environ(), env...)
	child.WaitDelay = time.Second
	var told strings.Builder
	child.Stderr = &told
	document, err := child.Output()
	var exited *exec.ExitError
	switch {
	case ctx.Err() == context.DeadlineExceeded:
		return &failure{Oracle: "hang"}, nil
	case err != nil && !errors.As(err, &exited):
		return nil, err
	}
	var swept struct{ Failures []failure }
	if json.Unmarshal(document, &swept) != nil {
		if first, _, _ := strings.Cut(told.String(), "\n"); strings.Contains(told.String(), "fatal error") || strings.Contains(first, "panic") {
			return &failure{Oracle: "panic", Message: first}, nil
		}
		return nil, fmt.Errorf("a sweep ended without a result: %s", told.String())
	}
	if len(swept.Failures) == 0 {
		return nil, nil
	}
	f := &swept.Failures[0]
	if f.Oracle == "" {
		f.Oracle = f.Verdict
	}
	return f, nil
}

// runs are the runs in which a guard is taken, as "scenario seed".
type runs []string

// baseline sweeps with every guard in its place, which must pass, and returns the
// runs in which each guard is taken: where it is not, its deletion changes nothing.
func (s *sweeper) baseline(ctx context.Context) (map[int]runs, error) {
	parts := uint64(runtime.GOMAXPROCS(0))
	size := (s.seeds + parts - 1) / parts
	failures, errs := make([]*failure, parts), make([]error, parts)
	var all sync.WaitGroup
	for i := range parts {
		from, to := 1+i*size, min((i+1)*size, s.seeds)
		if from <= to {
			all.Go(func() { failures[i], errs[i] = s.sweep(ctx, from, to, 1, envTaken+"="+s.file("taken", i)) })
		}
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	taken := map[int]runs{}
	for i, f := range failures {
		if f != nil {
			return nil, fmt.Errorf("the sweep fails with every guard in its place: %s, seed %d: %s", f.Scenario, f.Seed, f.Message)
		}
		if err := readTaken(taken, s.file("taken", uint64(i))); err != nil {
			return nil, err
		}
	}
	return taken, nil
}

func (s *sweeper) file(name string, i uint64) string {
	return filepath.Join(s.dir, name+strconv.FormatUint(i, 10))
}

// readTaken adds what one part of the sweep has written. A run that is checked by a replay is there twice.
func readTaken(taken map[int]runs, file string) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(b)) {
		number, run, _ := strings.Cut(strings.TrimSpace(line), " ")
		n, err := strconv.Atoi(number)
		if err != nil {
			return err
		}
		if last := len(taken[n]) - 1; last < 0 || taken[n][last] != run {
			taken[n] = append(taken[n], run)
		}
	}
	return nil
}

// try makes the runs that a guard matters in with the guard deleted.
func (s *sweeper) try(ctx context.Context, g *guard, in runs) (outcome, error) {
	o := outcome{
		File: g.File, Line: g.Line, Func: g.Func, Kind: g.Kind, Guard: g.Text, Status: untaken, Taken: len(in), Reason: reasonFor(g),
	}
	if len(in) > 0 {
		list := s.file("runs", 0)
		if err := os.WriteFile(list, []byte(strings.Join(in, "\n")), 0o600); err != nil {
			return o, err
		}
		began := time.Now()
		f, err := s.sweep(ctx, 1, s.seeds, 0, envDeleted+"="+strconv.Itoa(g.Number), envRuns+"="+list)
		if err != nil {
			return o, fmt.Errorf("%s:%d: %w", g.File, g.Line, err)
		}
		o.Seconds = time.Since(began).Seconds()
		o.Status = survived
		if f != nil {
			o.Status, o.Oracle, o.Scenario, o.Seed = caught, f.Oracle, f.Scenario, f.Seed
		}
	}
	if o.Status == caught {
		return o, nil
	}
	if o.Reason != "" {
		o.Status = equivalent
	}
	o.Tested = s.testsFail(ctx, g)
	return o, nil
}

// testsFail tells whether the tests of the guard's own package notice its deletion.
func (s *sweeper) testsFail(ctx context.Context, g *guard) bool {
	pkg := path.Dir(g.File)
	if s.tests[pkg] == "" {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, sweepWithin)
	defer cancel()
	child := exec.CommandContext(ctx, "sh", "-c", fmt.Sprintf(`ulimit -v %d; exec "$0" "$@"`, memoryKB), s.tests[pkg], "-test.failfast")
	child.Dir = filepath.Join(s.root, pkg)
	child.Env = append(os.Environ(), envDeleted+"="+strconv.Itoa(g.Number))
	return child.Run() != nil
}
