// Package scenarios holds the stories that clusters are told, one file each,
// named after what must not happen or what must survive. Each reads from top to
// bottom; the end that all share (faults heal, the cluster comes to rest, the
// clients leave, nothing is left) is told by package sim.
package scenarios

import (
	"time"

	"messiah/core/addr"
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
		passwords(),
		reconnectResume(),
		gateLost(),
		managerRestart(),
		deadStayDead(),
		linkBreaks(),
		gameLost(),
		dbLost(),
		promiseKept(),
		orderlyStop(),
		laterLoginWins(),
		lateAnswers(),
		loginStorm(),
		unwelcomeGuests(),
		brokenPeer(),
		slowFarewell(),
		spoiledRecord(),
		fullLinks(),
		lettersUnderFire(),
		migrateUnderFire(),
		migrateInterrupted(),
		migrateSourceLost(),
		migrateTargetLost(),
		migrateGateLost(),
		migrateGateLostUnevenly(),
		migrateUndone(),
		migrateClientGone(),
		migrateSecondLogin(),
		migrateKicked(),
		migrateDestroyed(),
		migrateSaved(),
		migrateStopped(),
		migrateSenderOvertakes(),
		migrateAdoptedInOrder(),
		migrateAbortUnheard(),
		migrateOrphanClaimed(),
		migrateTwoLost(),
		migrateLateAnswer(),
		migrateAskedTwice(),
		migrateChain(),
		migrateChainLost(),
		migrateSwap(),
		migrateHoldLate(),
		migrateHoldFull(),
		migrateMailFull(),
		migrateSpaceGone(),
		migrateLinks(),
		migrateManagerDown(),
		migrateDBLost(),
		migrateTimers(),
		heldBeforeTheCrash(),
		migrateMoves(),
		migrateMovesHeld(),
		migrateAlone(),
		migrateOnTour(),
		drainAGame(),
		rollingRestart(),
		drainInterrupted(),
		rollingRestartSchema(),
		rebalance(),
		addressValidity(),
		stubMailOvertaken(),
		gameCodePanics(),
		recordsOfTheirOwn(),
		stubLost(),
		townUnderFire(),
		twoVersions(),
		jitterSpeedCheck(),
	}
}

// Town is the sample game as simulated clusters run it.
func Town() sim.Game { return town(0) }

// town is the sample game whose players' walk is held to a speed in metres a second; 0 is unchecked.
func town(speed float64) sim.Game {
	return sim.Game{
		Script: func(o sim.Observer) game.Script {
			return siege.Script(&siege.Observer{Executed: o.Executed, Speed: speed})
		},
		Finder: func() nav.Pathfinder { return nav.Courtyard() },
		RPC:    siege.RPC(),
	}
}

// Letters is the game of letters: avatars that call each other by every kind of address.
func Letters() sim.Game { return letters(0, 0) }

// Wanderers is Letters, with runners that move to another game now and then.
func Wanderers() sim.Game { return letters(300*time.Millisecond, 0) }

// letters is that game whose runners move by themselves so often, 0 never, and whose walk is held to a
// speed in metres a second, 0 is unchecked.
func letters(wander time.Duration, speed float64) sim.Game {
	return sim.Game{
		Script: errands(wander, speed, 0),
		Finder: func() nav.Pathfinder { return nav.Courtyard() },
		RPC:    siege.RPC(), Observed: true,
	}
}

// errands is the code of the game of letters, whose runners have a version; 0 does not say.
func errands(wander time.Duration, speed float64, version uint32) func(sim.Observer) game.Script {
	return func(o sim.Observer) game.Script {
		return siege.Errands(&siege.Observer{Executed: o.Executed, Speed: speed}, &siege.Mail{
			Sent:  func(by addr.EntityID, l siege.Letter, asks bool) { o.Sent(by, l.Stream, l.N, asks) },
			Ran:   func(l siege.Letter) { o.Ran(l.Stream, l.N) },
			Told:  func(l siege.Letter, err error) { o.Told(l.Stream, l.N, err) },
			Quiet: o.Quiet, Wander: wander, Version: version,
		})
	}
}

// The features that a run may have or leave out.
const (
	withLinks = 1 << iota
	withQueued
	withFewest
	withBusyLoops
	withSlowLanes
	withStore
	withClocks
	withLoad
	withMoves
	withKnobs
	allFeatures = 1<<iota - 1
)

// anyCluster lets the seed choose a small cluster: its size, its links, how its
// loops and lanes are scheduled. Choice 0 is always the plain one. Swarm style:
// each run leaves half of the features out, so that the others meet undisturbed
// (Groce and others, "Swarm testing", 2012).
func anyCluster(o *sim.Options, s choice.Stream) {
	o.Gates = 1 + s.Choose("gates", 3)
	o.Games = 1 + s.Choose("games", 3)
	o.Clients = 1 + s.Choose("clients", 4)
	features := s.Choose("features", allFeatures+1)
	if features&withLinks != 0 {
		o.ClientLink = anyLink(s)
	}
	if features&withQueued != 0 {
		o.Delivery = choice.Pick(s, "delivery", deliveries())
	}
	if features&withFewest != 0 {
		o.Pick = choice.Pick(s, "pick", picks())
	}
	if features&withBusyLoops != 0 {
		o.Service = choice.Pick(s, "service", services())
		o.Stall = choice.Pick(s, "stall", stalls())
	}
	if features&withSlowLanes != 0 {
		o.LaneDelay = choice.Pick(s, "lane-delay", laneDelays())
	}
	if features&withStore != 0 {
		o.StoreLatency = choice.Pick(s, "store-latency", storeLatencies())
		o.StoreLose = choice.Pick(s, "store-lose", storeTroubles())
		o.StoreDouble = choice.Pick(s, "store-double", storeTroubles())
	}
	if features&withClocks != 0 {
		o.Skew = choice.Pick(s, "skew", skews())
		o.Drift = choice.Pick(s, "drift", drifts())
	}
	if o.CallEvery = 100 * time.Millisecond; features&withLoad != 0 {
		o.Outstanding = choice.Pick(s, "outstanding", outstandings())
		o.CallEvery = choice.Pick(s, "call-every", callEveries())
	}
	if features&withMoves != 0 {
		o.MoveEvery = choice.Pick(s, "move-every", moveEveries())
	}
	if features&withKnobs != 0 {
		o.Knobs = choice.Pick(s, "knobs", knobSets())
	}
}

func anyLink(s choice.Stream) netsim.Profile {
	return choice.Pick(s, "client-link", netsim.Profiles())
}
