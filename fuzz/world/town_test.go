package world

import (
	"messiah/core/game"
	"messiah/core/nav"
	"messiah/scenarios/siege"
	"messiah/sim"
	"messiah/sim/choice"
)

// town is a cluster of the sample game whose story the tests tell; the change,
// which may be nil, is made to its options.
func town(change func(*sim.Options)) *sim.Scenario {
	return &sim.Scenario{
		Name: "told-from-outside",
		Game: sim.Game{
			Script: func(o sim.Observer) game.Script {
				seen := siege.Observer(o)
				return siege.Script(&seen)
			},
			Finder: func() nav.Pathfinder { return nav.Courtyard() },
			Names:  siege.Methods(),
		},
		Options: func(o *sim.Options, _ choice.Stream) {
			if change != nil {
				change(o)
			}
		},
	}
}
