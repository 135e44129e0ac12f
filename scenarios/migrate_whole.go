package scenarios

import (
	"time"

	"messiah/core/addr"
	"messiah/core/game"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/scenarios/siege"
	"messiah/sim"
)

// sailsAt is when the traveller of a crossing sets out: long after its login, and
// when nothing else that comes by itself is under way.
const sailsAt = node.Time(2350_000_000)

// crossing is a game of one traveller, and of so many letters to each of its addresses.
func crossing(letters int) sim.Game {
	return sim.Game{
		Script: func(o sim.Observer) game.Script {
			return siege.Crossings(&siege.Observer{Executed: o.Executed}, &siege.Crossing{
				Sail: sailsAt, Letters: letters,
				Mail: siege.Mail{
					Sent: func(by addr.EntityID, l siege.Letter, asks bool) { o.Sent(by, l.Stream, l.N, asks) },
					Ran:  func(l siege.Letter) { o.Ran(l.Stream, l.N) },
					Told: func(l siege.Letter, err error) { o.Told(l.Stream, l.N, err) },
				},
			})
		},
		RPC: siege.RPC(), Observed: true,
	}
}

// Where the traveller of a crossing is at first, and goes; the harbour is on the third game.
var (
	crossingSource, crossingTarget = sim.GameID(3), sim.GameID(2)
	crossingGate, crossingElse     = sim.GateID(2), sim.GateID(1)
)

// migrateWhole is one crossing of a traveller who is told of by who. At the moment at which it
// begins its client calls so many times, one after the other, and the harbour writes so many
// letters to its proxy and as many to its mailbox. One process may crash.
func migrateWhole(name, who string, messages int, slow func(from, to node.ID) bool, crash ...node.ID) *sim.Case {
	return &sim.Case{
		Name:    name,
		About:   "A migration " + who + ", with calls of the client, letters to the proxy and letters to the mailbox under way.",
		Game:    crossing(messages),
		Options: func(o *sim.Options) { o.Gates, o.Games, o.Knobs = 2, 3, sim.Hasty },
		Open:    openCrossing,
		Begin: func(s *sim.Story) {
			if messages > 0 {
				s.Players[0].Work(proto.Workload{Calls: uint64(messages) + 1, Outstanding: 1})
			}
		},
		Slow:     slow,
		Crash:    crash,
		Crashes:  min(len(crash), 1),
		StayDown: true,
	}
}

// openCrossing lets the traveller in, and goes on to the moment at which it sets out.
func openCrossing(s *sim.Story) {
	s.SessionsMayEnd()
	s.Open()
	c := enter(s)
	s.Must("the traveller is in", c.In, time.Second)
	s.Go(sailsAt.Sub(s.Now()))
	if c.Game() != crossingSource || c.Gate() != crossingGate {
		s.Violate("progress", "the traveller is on %v by %v", c.Game(), c.Gate())
	}
}

// crossingSlow has what goes between the gates and the two games of the crossing take time.
func crossingSlow(from, to node.ID) bool {
	takes := func(gate, game node.ID) bool {
		return gate.Kind() == node.Gate && (game == crossingSource || game == crossingTarget)
	}
	return takes(from, to) || takes(to, from)
}

// crossingDBSlow has what goes between those games and the db take time as well.
func crossingDBSlow(from, to node.ID) bool {
	takes := func(db, game node.ID) bool {
		return db == sim.DBID && (game == crossingSource || game == crossingTarget)
	}
	return crossingSlow(from, to) || takes(from, to) || takes(to, from)
}
