package sweep

import (
	"cmp"
	"slices"
	"time"

	"messiah/sim"
)

// progressEvery is how often the progress is told.
const progressEvery = 100 * time.Millisecond

// collector sums up runs as they end, in whatever order.
type collector struct {
	cfg    *Config
	report Report
	states map[uint64]struct{}
	began  time.Time
	told   time.Time
}

func newCollector(cfg *Config) *collector {
	c := &collector{cfg: cfg, began: time.Now(), states: map[uint64]struct{}{}}
	c.report = Report{
		ByVerdict: map[sim.Verdict]int{}, ByOracle: map[string]int{},
		Marks: map[string]uint64{}, FaultByStep: map[string]uint64{}, ByScenario: map[string]*OfScenario{},
	}
	if cfg.For == 0 {
		c.report.Planned = int(cfg.To-cfg.From+1) * len(cfg.Scenarios)
	}
	return c
}

func (c *collector) take(o *outcome) {
	if o.err != nil {
		return
	}
	r, res := &c.report, &o.result
	r.Runs++
	r.Events += res.Events
	r.Simulated += res.Simulated
	r.ByVerdict[res.Verdict]++
	for mark, n := range res.Marks {
		r.Marks[mark] += n
	}
	for key, n := range res.FaultByStep {
		r.FaultByStep[key] += n
	}
	if o.replayed {
		r.ReplayChecked++
	}
	c.count(o)
	if res.Verdict != sim.Pass {
		r.Failed++
		r.ByOracle[res.Oracle]++
		repro := Repro
		if res.Verdict == sim.Nondeterminism {
			repro = ReproTwice
		}
		c.keep(Failure{
			Scenario: o.scenario.Name, Seed: o.seed, Verdict: res.Verdict, Oracle: res.Oracle, Message: res.Message,
			Repro: repro(o.scenario.Name, o.seed, c.cfg.Set), Events: res.Events, Hash: res.Hash,
		})
	}
	if now := time.Now(); c.cfg.Progress != nil && now.Sub(c.told) >= progressEvery {
		c.told = now
		r.Real = now.Sub(c.began)
		c.cfg.Progress(r)
	}
}

// maxStates bounds the states that a sweep tells apart; later ones do not count as new.
const maxStates = 1 << 23

// count sums up what a run adds to its scenario and to the states seen.
func (c *collector) count(o *outcome) {
	r := &c.report
	of := r.ByScenario[o.scenario.Name]
	if of == nil {
		of = &OfScenario{}
		r.ByScenario[o.scenario.Name] = of
	}
	of.Runs++
	of.Events += o.result.Events
	of.Simulated += o.result.Simulated
	if o.result.Verdict != sim.Pass {
		of.Failed++
	}
	for state := range o.result.States {
		if _, known := c.states[state]; !known && len(c.states) < maxStates {
			c.states[state] = struct{}{}
			of.States++
		}
	}
	r.States = len(c.states)
	if r.Runs == 1 || r.Runs%growthEvery == 0 {
		r.Growth = append(r.Growth, Growth{r.Runs, r.States})
	}
}

// keep keeps the failures with the lowest seeds, so that two sweeps name the same ones.
func (c *collector) keep(f Failure) {
	r := &c.report
	r.Failures = append(r.Failures, f)
	slices.SortFunc(r.Failures, func(a, b Failure) int {
		return cmp.Or(cmp.Compare(a.Seed, b.Seed), cmp.Compare(a.Scenario, b.Scenario))
	})
	if len(r.Failures) > c.cfg.Keep {
		r.Failures = r.Failures[:c.cfg.Keep]
	}
}

func (c *collector) finish() *Report {
	if r := &c.report; len(r.Growth) > 0 && r.Growth[len(r.Growth)-1].Runs != r.Runs {
		r.Growth = append(r.Growth, Growth{r.Runs, r.States})
	}
	c.report.Real = time.Since(c.began)
	if c.cfg.Progress != nil {
		c.cfg.Progress(&c.report)
	}
	return &c.report
}

// SeedsPerSecond returns runs a second of real time.
func (r *Report) SeedsPerSecond() float64 { return float64(r.Runs) / r.Real.Seconds() }

// EventsPerSecond returns handler calls a second of real time.
func (r *Report) EventsPerSecond() float64 { return float64(r.Events) / r.Real.Seconds() }

// SimToReal returns how much faster than real time the worlds ran, all jobs together.
func (r *Report) SimToReal() float64 { return r.Simulated.Seconds() / r.Real.Seconds() }

// NewStatesPerThousand returns how many states that nobody had seen before the
// last part of the sweep found in a thousand runs: the last quarter of them.
func (r *Report) NewStatesPerThousand() float64 {
	if len(r.Growth) < 2 {
		return float64(r.States) * 1000 / float64(max(r.Runs, 1))
	}
	last := r.Growth[len(r.Growth)-1]
	from := r.Growth[(len(r.Growth)-1)*3/4]
	if from.Runs == last.Runs {
		from = r.Growth[len(r.Growth)-2]
	}
	return float64(last.States-from.States) * 1000 / float64(last.Runs-from.Runs)
}
