package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
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
	Seconds  float64 `json:"wall_seconds"`
	Reason   string  `json:"reason"` // why a survivor is allowed
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
	binary string
	seeds  uint64
	set    []string
}

// failure is what the tool reads of `messiah-sim sweep --json`.
type failure struct {
	Scenario string `json:"scenario"`
	Seed     uint64 `json:"seed"`
	Verdict  string `json:"verdict"`
	Oracle   string `json:"oracle"`
	Message  string `json:"message"`
}

// sweep runs all scenarios until the first failure. It returns nil where all passed.
func (s *sweeper) sweep(ctx context.Context, env ...string) (*failure, error) {
	ctx, cancel := context.WithTimeout(ctx, sweepWithin)
	defer cancel()
	args := []string{"-c", fmt.Sprintf(`ulimit -v %d; exec "$0" "$@"`, memoryKB), s.binary,
		"sweep", "--seeds", fmt.Sprintf("1-%d", s.seeds), "--until", "any", "--json"}
	for _, one := range s.set {
		args = append(args, "--set", one)
	}
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

// baseline sweeps with every guard in its place, which must pass, and returns the numbers of those that were taken.
func (s *sweeper) baseline(ctx context.Context, dir string) (map[int]bool, error) {
	file := dir + "/taken"
	f, err := s.sweep(ctx, envTaken+"="+file)
	if err != nil {
		return nil, err
	}
	if f != nil {
		return nil, fmt.Errorf("the sweep fails with every guard in its place: %s, seed %d: %s", f.Scenario, f.Seed, f.Message)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	taken := map[int]bool{}
	for line := range strings.Lines(string(b)) {
		n, err := strconv.Atoi(strings.TrimSpace(line))
		if err != nil {
			return nil, err
		}
		taken[n] = true
	}
	return taken, nil
}

// try sweeps with one guard deleted.
func (s *sweeper) try(ctx context.Context, g *guard, taken bool) (outcome, error) {
	o := outcome{File: g.File, Line: g.Line, Func: g.Func, Kind: g.Kind, Guard: g.Text, Status: untaken, Reason: reasonFor(g)}
	if taken {
		began := time.Now()
		f, err := s.sweep(ctx, envDeleted+"="+strconv.Itoa(g.Number))
		if err != nil {
			return o, fmt.Errorf("%s:%d: %w", g.File, g.Line, err)
		}
		o.Seconds = time.Since(began).Seconds()
		o.Status = survived
		if f != nil {
			o.Status, o.Oracle, o.Scenario, o.Seed = caught, f.Oracle, f.Scenario, f.Seed
		}
	}
	if o.Status != caught && o.Reason != "" {
		o.Status = equivalent
	}
	return o, nil
}
