// Package scenarios holds the stories that clusters are told, one file each,
// named after what must not happen or what must survive. Each reads from top to
// bottom; the end that all share (faults heal, the cluster comes to rest, the
// clients leave, nothing is left) is told by package sim.
package scenarios

import (
	"messiah/core/game"
	"messiah/core/nav"
	"messiah/netsim"
	"messiah/scenarios/siege"
	"messiah/sim"
	"messiah/sim/choice"
)

// All returns every scenario, in the order in which they are listed.
func All() []*sim.Scenario {
	return []*sim.Scenario{
		connectThenDisconnect(),
		startupAnyOrder(),
		loginInterrupted(),
		secondLogin(),
		reconnectResume(),
		gateLost(),
		managerRestart(),
		linkBreaks(),
		gameLost(),
		dbLost(),
		orderlyStop(),
		laterLoginWins(),
		lateAnswers(),
		loginStorm(),
		unwelcomeGuests(),
		townUnderFire(),
	}
}

// town is the sample game as simulated clusters run it.
func town() sim.Game {
	return sim.Game{
		Script: func(o sim.Observer) game.Script {
			seen := siege.Observer(o)
			return siege.Script(&seen)
		},
		Finder: func() nav.Pathfinder { return nav.Courtyard() },
		Names:  siege.Methods(),
	}
}

// anyCluster lets the seed choose a small cluster: its size, its links, how its
// loops and lanes are scheduled. Choice 0 is always the plain one.
func anyCluster(o *sim.Options, s choice.Stream) {
	o.Gates = 1 + s.Choose("gates", 3)
	o.Games = 1 + s.Choose("games", 3)
	o.Clients = 1 + s.Choose("clients", 4)
	o.ClientLink = anyLink(s)
	o.Delivery = choice.Pick(s, "delivery", deliveries())
	o.Pick = choice.Pick(s, "pick", picks())
	o.Service = choice.Pick(s, "service", services())
	o.LaneDelay = choice.Pick(s, "lane-delay", laneDelays())
	o.StoreLatency = choice.Pick(s, "store-latency", storeLatencies())
	o.Stall = choice.Pick(s, "stall", stalls())
	o.Skew = choice.Pick(s, "skew", skews())
	o.Drift = choice.Pick(s, "drift", drifts())
	o.Outstanding = choice.Pick(s, "outstanding", outstandings())
	o.CallEvery = choice.Pick(s, "call-every", callEveries())
	o.MoveEvery = choice.Pick(s, "move-every", moveEveries())
}

func anyLink(s choice.Stream) netsim.Profile {
	return choice.Pick(s, "client-link", netsim.Profiles())
}
