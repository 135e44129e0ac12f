package world

import (
	"math/rand/v2"
	"testing"

	"messiah/sim"
	"messiah/sim/tier"
)

// drawnRuns is how many drawn runs an ordinary test plays.
const drawnRuns = 300

// Whatever a generator's bytes decide, no oracle has anything to say.
func TestDrawnPlansPass(t *testing.T) {
	for seed := range uint64(drawnRuns) {
		r := readRun(drawn(rand.NewPCG(seed, 0)))
		res, err := r.play()
		if err != nil {
			t.Fatal(err)
		}
		if fails(&res) {
			t.Errorf("generator %d: %s: %s\n%s", seed, res.Verdict, res.Message, r.plan())
		}
	}
}

// The plan that a failure tells is the same run.
func TestRunsOfBytesArePlans(t *testing.T) {
	for seed := range uint64(20) {
		r := readRun(drawn(rand.NewPCG(seed, 0)))
		res, err := r.play()
		if err != nil {
			t.Fatal(err)
		}
		plan, err := sim.ReadPlan(r.plan())
		if err != nil {
			t.Fatal(err)
		}
		again, err := tier.Exec(r.scenario, sim.RunConfig{Plan: plan, Limit: runAtLongest})
		if err != nil || again.Hash != res.Hash || again.Verdict != res.Verdict {
			t.Errorf("generator %d, %s: %016x, %s, and its plan %016x, %s, %v", seed, res.Scenario, res.Hash, res.Verdict, again.Hash, again.Verdict, err)
		}
	}
}

// drawn returns the bytes of a run as a generator would have them: short parts, of
// which half is plain, and now and then the highest value, which is the rare thing.
func drawn(pcg *rand.PCG) []byte {
	r := rand.New(pcg)
	b := []byte{byte(r.Uint32())}
	for _, most := range [...]int{12, 40} {
		n := r.IntN(most + 1)
		b = fill(r, append(b, byte(n)), n)
	}
	return fill(r, b, r.IntN(1024))
}

func fill(r *rand.Rand, b []byte, n int) []byte {
	for range n {
		switch r.IntN(8) {
		case 0, 1, 2, 3:
			b = append(b, 0)
		case 4:
			b = append(b, 0xff)
		default:
			b = append(b, byte(r.Uint32()))
		}
	}
	return b
}
