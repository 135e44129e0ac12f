package scenarios

import (
	"time"

	"messiah/core/gate"
	"messiah/core/node"
	"messiah/sim"
)

// What the seed chooses from; the first of each is the plain one.

func deliveries() []node.Delivery { return []node.Delivery{node.Immediate, node.Queued} }

func picks() []gate.Pick { return []gate.Pick{gate.PickRandom, gate.PickFewest} }

func services() []time.Duration {
	return []time.Duration{2 * time.Microsecond, 0, 50 * time.Microsecond, 500 * time.Microsecond}
}

func laneDelays() []time.Duration {
	return []time.Duration{20 * time.Microsecond, 0, time.Millisecond, 10 * time.Millisecond}
}

func storeLatencies() []time.Duration {
	return []time.Duration{2 * time.Millisecond, 0, 20 * time.Millisecond, 150 * time.Millisecond}
}

func stalls() []int { return []int{0, 1_000, 20_000} }

func skews() []time.Duration { return []time.Duration{0, time.Second, time.Hour} }

func drifts() []int { return []int{0, 100, 5_000} }

func outstandings() []int { return []int{4, 1, 32} }

func callEveries() []time.Duration {
	return []time.Duration{100 * time.Millisecond, 10 * time.Millisecond, 500 * time.Millisecond}
}

// spreads is over how long a time the processes of a cluster start.
func spreads() []time.Duration {
	return []time.Duration{10 * time.Millisecond, 0, time.Second, 4 * time.Second}
}

func moveEveries() []time.Duration {
	return []time.Duration{100 * time.Millisecond, 10 * time.Millisecond}
}

// slowStores take longer than clients need to come and go, some longer than a game to be declared dead.
func slowStores() []time.Duration {
	return []time.Duration{150 * time.Millisecond, 2 * time.Millisecond, 400 * time.Millisecond, time.Second}
}

// storeTroubles are chances in a million.
func storeTroubles() []int { return []int{0, 10_000, 100_000} }

func knobSets() []sim.Knobs { return []sim.Knobs{sim.Usual, sim.Tight, sim.Loose} }

// usualTimes is for stories that promise times: their roles wait as production's do, and the store loses nothing.
func usualTimes(o *sim.Options) { o.Knobs, o.StoreLose = sim.Usual, 0 }
