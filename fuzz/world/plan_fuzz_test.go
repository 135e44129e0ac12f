package world

import (
	"testing"
	"time"

	"messiah/scenarios"
	"messiah/sim"
	"messiah/sim/choice"
	"messiah/sim/tier"
)

// FuzzPlan lets raw bytes decide a whole run of a scenario: which one, on which
// cluster, what happens to it, and all noise. No oracle has anything to say, the
// cluster comes to rest and is empty in the end, and the same bytes are the same run.
func FuzzPlan(f *testing.F) {
	for _, b := range seedRuns() {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := readRun(b)
		res, err := r.play()
		if err != nil {
			t.Fatal(err)
		}
		if fails(&res) {
			t.Fatalf("%s: %s\n%s", res.Verdict, res.Message, r.plan())
		}
		if res.Hash%playedTwice != 0 {
			return
		}
		if again, err := r.play(); err != nil || again.Hash != res.Hash || again.Events != res.Events {
			t.Fatalf("the same bytes, two runs: %016x after %d events and %016x after %d, %v", res.Hash, res.Events, again.Hash, again.Events, err)
		}
	})
}

// seedRuns are of each scenario the plainest run, that over KCP, and one on a
// cluster of its own, in which the story takes other turns and the first steps are noisy.
func seedRuns() [][]byte {
	var all [][]byte
	for i := range scenarios.All() {
		first := byte(i)
		all = append(all, []byte{first}, []byte{first | overKCP}, []byte{
			first, 3, 1, 2, 3, 6, 1, 2, 3, 4, 5, 6, 0x10, 0x20, 0x30, 0xff, 0x40, 0x50, 0xff, 0xff, 0x60, 0x70,
		})
	}
	return all
}

// playedTwice is of how many runs one is played again.
const playedTwice = 4

// overKCP is from which first byte on the clients are on the KCP tier, whose runs
// take several times as long; the bits that it leaves are the scenario.
const overKCP = 0xc0

// Bounds of a run, so that a fuzzer gets on: the time of its workload and faults,
// and the whole run, which is longer than it takes to see that nothing moves on.
const (
	workload     = "duration=1s"
	runAtLongest = 4 * time.Minute
)

// run is what bytes say: the scenario, then the options' choices and the story's,
// each behind its length in a byte, and the choices of all noise.
type run struct {
	scenario              *sim.Scenario
	set                   []string
	options, story, noise []byte
}

func readRun(b []byte) run {
	first := byte(0)
	if len(b) > 0 {
		first, b = b[0], b[1:]
	}
	all := scenarios.All()
	r := run{scenario: all[int(first&^overKCP)%len(all)], set: []string{workload}}
	if first >= overKCP {
		r.set = append(r.set, "transport=kcp")
	}
	r.options, b = cutOff(b)
	r.story, r.noise = cutOff(b)
	return r
}

// cutOff takes so many bytes off b as its first byte says, or as there are.
func cutOff(b []byte) (part, rest []byte) {
	if len(b) == 0 {
		return nil, nil
	}
	n := min(int(b[0]), len(b)-1)
	return b[1 : 1+n], b[1+n:]
}

// bytes is a source in which neither noise nor options move the story.
type bytes struct {
	run          *run
	story, noise choice.Source
}

func (s *bytes) Stream(purpose string, id uint64) choice.Stream {
	switch purpose {
	case "options":
		// They are drawn twice: by who looks for the tier, and by the run itself.
		return choice.Bytes(s.run.options).Stream(purpose, id)
	case "story":
		return s.story.Stream(purpose, id)
	}
	return s.noise.Stream(purpose, id)
}

func (r *run) config() sim.RunConfig {
	return sim.RunConfig{
		Seed: 1, Set: r.set, Limit: runAtLongest,
		Source: &bytes{r, choice.Bytes(r.story), choice.Bytes(r.noise)},
	}
}

func (r *run) play() (sim.Result, error) { return tier.Exec(r.scenario, r.config()) }

// plan returns the run as a plan that stands alone, for people.
func (r *run) plan() string {
	_, plan, err := r.scenario.Record(tier.Exec, r.config())
	if err != nil || plan == nil {
		return "which is more than a plan holds"
	}
	return plan.Text()
}

// fails tells whether a run shows a bug. That a mark is missed is none: where the
// bytes leave out what a story is about, nobody comes by.
func fails(res *sim.Result) bool { return res.Verdict != sim.Pass && res.Verdict != sim.MissedMark }
