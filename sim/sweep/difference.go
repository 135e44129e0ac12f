package sweep

import (
	"fmt"

	"messiah/sim"
	"messiah/sim/compare"
)

// difference says where two runs of one seed part: it runs the seed again, twice
// or more often, and names the event and what either run has there.
func difference(exec Exec, sc *sim.Scenario, cfg sim.RunConfig, a, b *sim.Result) string {
	text := fmt.Sprintf("two runs of seed %d differ: hash %016x and %016x after %d and %d handlers",
		cfg.Seed, a.Hash, b.Hash, a.Events, b.Events)
	side := inProcess(exec, sc, cfg)
	d, err := compare.Find(side, side)
	if err != nil {
		return fmt.Sprintf("%s; run again to find the event: %v", text, err)
	}
	one, other := d.Lines()
	return fmt.Sprintf("%s; they part at event %d:\n    %s\n    %s", text, d.Event, one, other)
}

// inProcess is the side that runs a scenario in this process.
func inProcess(exec Exec, sc *sim.Scenario, cfg sim.RunConfig) compare.Side {
	return func(w compare.Window) (compare.Recording, error) {
		cfg := cfg
		cfg.Record = &sim.Recorder{From: w.From, Until: w.Until}
		res, err := exec(sc, cfg)
		return compare.Recording{Hash: res.Hash, Checkpoints: res.Checkpoints, Moments: cfg.Record.Moments}, err
	}
}
