// Package minimise makes a failing run small: the fewest faults, choices and
// options under which the same oracle still fails.
package minimise

import (
	"slices"
	"strings"
	"time"

	"messiah/sim"
	"messiah/sim/choice"
)

// Config says what to minimise.
type Config struct {
	Scenario *sim.Scenario
	Run      sim.RunConfig // of the run that fails
	Exec     func(*sim.Scenario, sim.RunConfig) (sim.Result, error)
	// More tells whether another try may be made; nil is always. It is asked before each.
	More func() bool
	// Tried hears of each try: how many so far, and the size of the smallest plan. It may be nil.
	Tried func(tries, size int)
}

// Outcome is a plan before and after.
type Outcome struct {
	Before, After *sim.Plan
	Result        sim.Result // of the run with the plan After
	Tries         int
	Through       bool // no smaller plan is within reach; false where More ended the search
}

// maxTries ends a search that More would let go on for ever.
const maxTries = 100_000

// search is one minimising under way. The best plan always fails like the first run.
type search struct {
	cfg     Config
	failure signature
	best    *sim.Plan
	result  sim.Result
	limit   time.Duration // after which a try is given up
	tries   int
	over    bool
}

// signature is what has to stay the same: the oracle, and of a run that is stuck
// also in what, since a plan without its faults may be stuck in waiting for them.
type signature struct {
	verdict sim.Verdict
	oracle  string
	stuckIn string
}

func signatureOf(res *sim.Result) signature {
	s := signature{verdict: res.Verdict, oracle: res.Oracle}
	if res.Verdict == sim.Stuck {
		_, text, _ := strings.Cut(res.Message, ": not within ")
		_, text, _ = strings.Cut(text, ": ")
		s.stuckIn, _, _ = strings.Cut(text, " (at ")
	}
	return s
}

// Run minimises a run. An Outcome with a nil Before says that the run passes, or
// made more choices than a plan can hold. It fails for a bad configuration alone.
func Run(cfg Config) (Outcome, error) {
	res, plan, err := cfg.Scenario.Record(cfg.Exec, cfg.Run)
	if err != nil || plan == nil || res.Verdict == sim.Pass {
		return Outcome{Result: res}, err
	}
	s := &search{cfg: cfg, failure: signatureOf(&res), best: plan, result: res, limit: res.Simulated + res.Simulated/2 + time.Second}
	s.run()
	s.cleanUp()
	return Outcome{Before: plan, After: s.best, Result: s.result, Tries: s.tries, Through: !s.over}, nil
}

// run goes from the coarse to the fine until a round makes nothing smaller.
func (s *search) run() {
	s.quietly()
	for size := -1; size != s.best.Size() && !s.over; {
		size = s.best.Size()
		s.faults()
		s.decisions()
		s.options()
	}
}

// try runs a candidate; where it fails like the first run, it is the best so far.
func (s *search) try(candidate *sim.Plan) bool {
	if s.over = s.over || s.tries >= maxTries || s.cfg.More != nil && !s.cfg.More(); s.over {
		return false
	}
	s.tries++
	rc := s.cfg.Run
	rc.Plan, rc.Set, rc.Trace, rc.Limit = candidate, nil, nil, s.limit
	res, err := s.cfg.Exec(s.cfg.Scenario, rc)
	same := err == nil && signatureOf(&res) == s.failure
	if same {
		s.best, s.result = candidate, res
	}
	if s.cfg.Tried != nil {
		s.cfg.Tried(s.tries, s.best.Size())
	}
	return same
}

// changed returns a copy of the best plan that change has altered.
func (s *search) changed(change func(p *sim.Plan)) *sim.Plan {
	p := *s.best
	p.Set, p.Faults, p.Decisions = slices.Clone(p.Set), slices.Clone(p.Faults), slices.Clone(p.Decisions)
	change(&p)
	return &p
}

// quietly tries to do without all the choices of whole purposes: first without
// any, then with the story's alone, then without each in turn.
func (s *search) quietly() {
	without := func(drop func(purpose string) bool) bool {
		return s.try(s.changed(func(p *sim.Plan) {
			p.Decisions = slices.DeleteFunc(p.Decisions, func(d choice.Decision) bool { return drop(d.Purpose) })
		}))
	}
	if without(func(string) bool { return true }) || without(func(purpose string) bool { return purpose != "story" }) {
		return
	}
	for _, purpose := range sim.Purposes() {
		without(func(one string) bool { return one == purpose })
	}
}

// faults leaves faults out.
func (s *search) faults() {
	ddmin(len(s.best.Faults), func(keep func(i int) bool) bool {
		return s.try(s.changed(func(p *sim.Plan) { p.Faults = kept(p.Faults, keep) }))
	})
}

// decisions leaves choices out: they are the plain ones then.
func (s *search) decisions() {
	ddmin(len(s.best.Decisions), func(keep func(i int) bool) bool {
		return s.try(s.changed(func(p *sim.Plan) { p.Decisions = kept(p.Decisions, keep) }))
	})
}

// options takes back what the seed chose. It goes no further than to what the
// scenario sets where every choice is the plain one: a story may stand on that.
func (s *search) options() {
	ddmin(len(s.best.Set), func(keep func(i int) bool) bool {
		return s.try(s.changed(func(p *sim.Plan) { p.Set = kept(p.Set, keep) }))
	})
}

// cleanUp drops from the plan what the run does not come by.
func (s *search) cleanUp() {
	s.over = false
	more := s.cfg.More
	s.cfg.More = nil // one more try always
	struck := map[int]bool{}
	for _, f := range s.result.Faults {
		struck[f.Site] = true
	}
	s.try(s.changed(func(p *sim.Plan) {
		p.Oracle = s.failure.oracle
		p.Faults = slices.DeleteFunc(p.Faults, func(f sim.Fault) bool { return f.Site > 0 && !struck[f.Site] })
	}))
	s.over = more != nil && !more()
}

func kept[T any](all []T, keep func(i int) bool) []T {
	var some []T
	for i := range all {
		if keep(i) {
			some = append(some, all[i])
		}
	}
	return some
}
