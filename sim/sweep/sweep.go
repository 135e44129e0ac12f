// Package sweep runs many worlds at once, one goroutine each, and sums up what
// they showed. It is the one part of the simulator that knows real time.
package sweep

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"

	"messiah/core/planted"
	"messiah/sim"
)

// Config says what to run.
type Config struct {
	Scenarios []*sim.Scenario
	From, To  uint64        // seeds, both included; with For, From is where they begin
	For       time.Duration // 0: the seeds decide; else so long, whole runs only
	Jobs      int           // worlds at once; 0 is one a processor
	Keep      int           // failures that are kept whole; 0 is 20
	Until     string        // the oracle whose first failure ends the sweep, or AnyOracle; "" for none
	Set       []string      // KEY=VALUE of every run
	Exec      Exec
	Progress  func(*Report) // called now and then from one goroutine; may be nil
}

// Exec runs one scenario once; how the KCP tier gets its clock is its affair.
type Exec func(sc *sim.Scenario, cfg sim.RunConfig) (sim.Result, error)

// AnyOracle is the Until of a sweep that ends at its first failure.
const AnyOracle = "any"

// ReplayEvery is how often a run is run again to compare the trace hashes: one run in so many.
const ReplayEvery = 20

// Failure is one run that did not pass.
type Failure struct {
	Scenario string
	Seed     uint64
	Verdict  sim.Verdict
	Oracle   string
	Message  string
	Repro    string
	Events   uint64
	Hash     uint64
}

// Report is what a sweep showed, or has shown so far.
type Report struct {
	Runs, Planned int // Planned is 0 where time decides
	Failed        int
	ByVerdict     map[sim.Verdict]int
	ByOracle      map[string]int
	Failures      []Failure // the first Keep, by scenario and seed
	Events        uint64
	Simulated     time.Duration
	Real          time.Duration
	Marks         map[string]uint64
	FaultByStep   map[string]uint64
	ReplayChecked int
	ByScenario    map[string]*OfScenario
	States        int      // that the runs went through, each counted once
	Growth        []Growth // every growthEvery runs
}

// OfScenario is what the runs of one scenario add up to.
type OfScenario struct {
	Runs, Failed int
	Events       uint64
	Simulated    time.Duration
	States       int // that no run before had seen
}

// Growth says how many states were known after so many runs.
type Growth struct{ Runs, States int }

// growthEvery is after how many runs the states are noted.
const growthEvery = 100

// job is one run to do.
type job struct {
	index    int
	scenario *sim.Scenario
	seed     uint64
}

// Run runs the sweep until it is through, its time is over or the context ends.
// It fails for a bad configuration alone.
func Run(ctx context.Context, cfg Config) (*Report, error) {
	cfg = withDefaults(cfg)
	jobs := make(chan job)
	outcomes := make(chan outcome)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go deal(ctx, &cfg, jobs)
	var workers sync.WaitGroup
	for range cfg.Jobs {
		workers.Go(func() { work(&cfg, jobs, outcomes) })
	}
	go func() {
		workers.Wait()
		close(outcomes)
	}()
	c := newCollector(&cfg)
	var failed error
	for o := range outcomes {
		if o.err != nil && failed == nil {
			failed = o.err
			cancel()
		}
		c.take(&o)
		if cfg.ends(&o.result) {
			// Runs are dealt in order and those under way end, so that the first failure is the same each time.
			cancel()
		}
	}
	return c.finish(), failed
}

func withDefaults(cfg Config) Config {
	if cfg.Jobs <= 0 {
		cfg.Jobs = runtime.GOMAXPROCS(0)
	}
	if cfg.Keep <= 0 {
		cfg.Keep = 20
	}
	if cfg.Exec == nil {
		cfg.Exec = func(sc *sim.Scenario, rc sim.RunConfig) (sim.Result, error) { return sc.Run(rc) }
	}
	return cfg
}

// ends tells whether the sweep is over with a run.
func (cfg *Config) ends(res *sim.Result) bool {
	return cfg.Until != "" && res.Verdict != sim.Pass && res.Verdict != "" && (cfg.Until == AnyOracle || cfg.Until == res.Oracle)
}

// deal hands out runs, seed by seed, until they or the time are used up.
func deal(ctx context.Context, cfg *Config, jobs chan<- job) {
	defer close(jobs)
	var over <-chan time.Time
	if cfg.For > 0 {
		timer := time.NewTimer(cfg.For)
		defer timer.Stop()
		over = timer.C
	}
	index := 0
	for seed := cfg.From; cfg.For > 0 || seed <= cfg.To; seed++ {
		for _, sc := range cfg.Scenarios {
			select {
			case jobs <- job{index, sc, seed}:
				index++
			case <-over:
				return
			case <-ctx.Done():
				return
			}
		}
	}
}

// outcome is what one run showed.
type outcome struct {
	job
	result   sim.Result
	replayed bool
	err      error
}

func work(cfg *Config, jobs <-chan job, outcomes chan<- outcome) {
	for j := range jobs {
		o := outcome{job: j}
		rc := sim.RunConfig{Seed: j.seed, Set: cfg.Set, States: true}
		o.result, o.err = cfg.Exec(j.scenario, rc)
		if o.err == nil && j.index%ReplayEvery == 0 {
			o.replayed = true
			var again sim.Result
			again, o.err = cfg.Exec(j.scenario, rc)
			if again.Hash != o.result.Hash {
				o.result.Verdict, o.result.Oracle = sim.Nondeterminism, "replay"
				o.result.Message = difference(cfg.Exec, j.scenario, rc, &o.result, &again)
			}
		}
		outcomes <- o
	}
}

// Repro is the command that runs a failed run again.
func Repro(name string, seed uint64, set []string) string {
	return repro(fmt.Sprintf("messiah-sim run %s --seed %d", name, seed), set)
}

// Explain is the command that shows what led to a failed run's end.
func Explain(name string, seed uint64, set []string) string {
	return repro(fmt.Sprintf("messiah-sim explain %s --seed %d", name, seed), set)
}

// ReproTwice is the command that runs a seed twice and compares: the first run of a sweep is one that is replayed.
func ReproTwice(name string, seed uint64, set []string) string {
	return repro(fmt.Sprintf("messiah-sim sweep %s --seeds %d", name, seed), set)
}

func repro(s string, set []string) string {
	if bug := planted.Chosen(); bug != "" {
		s += " --plant " + bug
	}
	for _, one := range set {
		s += " --set " + one
	}
	return s
}
