package world

import (
	"messiah/scenarios"
	"messiah/sim"
	"messiah/sim/choice"
)

// town is a cluster of the sample game whose story the tests tell; the change,
// which may be nil, is made to its options.
func town(change func(*sim.Options)) *sim.Scenario {
	return &sim.Scenario{
		Name: "told-from-outside",
		Game: scenarios.Town(),
		Options: func(o *sim.Options, _ choice.Stream) {
			if change != nil {
				change(o)
			}
		},
	}
}
