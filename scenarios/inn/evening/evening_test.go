package evening

import (
	"testing"

	"messiah/sim"
	"messiah/sim/tier"
)

func TestEvening(t *testing.T) {
	seeds := uint64(300)
	if testing.Short() {
		seeds = 20
	}
	for seed := range seeds {
		res, err := tier.Exec(Evening(), sim.RunConfig{Seed: seed})
		if err != nil || res.Verdict != sim.Pass {
			t.Errorf("seed %d: %s: %s %v", seed, res.Verdict, res.Message, err)
		}
	}
}
