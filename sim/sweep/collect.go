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
	began  time.Time
	told   time.Time
}

func newCollector(cfg *Config) *collector {
	c := &collector{cfg: cfg, began: time.Now()}
	c.report = Report{
		ByVerdict: map[sim.Verdict]int{}, ByOracle: map[string]int{},
		Marks: map[string]uint64{}, FaultByStep: map[string]uint64{},
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
