package command

import (
	"messiah/sim"
	"messiah/sim/tier"
)

// execute runs a scenario once, on the transport that its options ask for.
func execute(sc *sim.Scenario, cfg sim.RunConfig) (sim.Result, error) { return tier.Exec(sc, cfg) }
