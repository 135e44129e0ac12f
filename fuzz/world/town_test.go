package world

import (
	"messiah/scenarios"
	"messiah/sim"
	"messiah/sim/choice"
)

// town is a cluster of the sample game whose story the tests tell; the change,
// which may be nil, is made to its options.
func town(change func(*sim.Options)) *sim.Scenario { return played(scenarios.Town(), change) }

// played is a cluster of any game whose story the tests tell.
func played(game sim.Game, change func(*sim.Options)) *sim.Scenario {
	return &sim.Scenario{
		Name: "told-from-outside",
		Game: game,
		Options: func(o *sim.Options, _ choice.Stream) {
			if change != nil {
				change(o)
			}
		},
	}
}
