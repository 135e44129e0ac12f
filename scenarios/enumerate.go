package scenarios

import (
	"time"

	"messiah/core/client"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/sim"
)

// Cases returns the small cases that `messiah-sim enumerate` goes through whole,
// each named after the scenario that tells the same story at length, maybe with a word more.
func Cases() []*sim.Case {
	return []*sim.Case{
		connectThenDisconnectWhole(),
		secondLoginWhole(),
		gameLostWhole(),
		migrateWhole("migrate", "that nobody disturbs", 2, crossingDBSlow),
		migrateWhole("migrate-source-lost", "of which the source crashes at any point", 1, crossingSlow, crossingSource),
		migrateWhole("migrate-target-lost", "of which the target crashes at any point", 1, crossingSlow, crossingTarget),
		migrateWhole("migrate-gate-lost", "of which the arbiter crashes at any point", 1, crossingSlow, crossingGate),
		migrateWhole("migrate-gate-lost-elsewhere", "in which a gate that is not the arbiter crashes at any point", 1, crossingSlow, crossingElse),
		migrateWhole("migrate-manager-down", "in which the manager crashes at any point", 1, crossingSlow, sim.ManagerID),
		migrateWhole("migrate-db-lost", "in which the db crashes at any point", 1, crossingSlow, sim.DBID),
	}
}

// connectThenDisconnectWhole has the race of the source notes in it: the loop of
// the gate may be behind with its queue for as long as it likes.
func connectThenDisconnectWhole() *sim.Case {
	return &sim.Case{
		Name:    "connect-then-disconnect",
		About:   "A login and a call, of which the connection breaks or a process of the cluster crashes at any point.",
		Game:    Town(),
		Open:    opened,
		Begin:   func(s *sim.Story) { enter(s) },
		Lag:     []node.Kind{node.Gate},
		Crash:   everyServer(),
		Crashes: 1,
		Drops:   1,
		Faults:  1,
		Timers:  2,
	}
}

// secondLoginWhole lets a second client log in with the account of one that is
// in and whose call is under way.
func secondLoginWhole() *sim.Case {
	return &sim.Case{
		Name:  "second-login",
		About: "A second login of an account while a call of the first is under way, and a connection breaks or the gate or the game crashes at any point.",
		Game:  Town(),
		Open: func(s *sim.Story) {
			s.SessionsMayEnd()
			opened(s)
			first := enter(s)
			s.Must("the first client is in", first.In, time.Second)
			s.Go(quiet)
		},
		Begin: func(s *sim.Story) {
			s.Players[0].Work(proto.Workload{Calls: 2, Outstanding: 1})
			enter(s)
		},
		Crash:   []node.ID{sim.GateID(1), sim.GameID(1)},
		Crashes: 1,
		Drops:   1,
		Faults:  1,
		Timers:  1,
	}
}

// gameLostWhole has two games, of which the one with the avatar may crash.
func gameLostWhole() *sim.Case {
	return &sim.Case{
		Name:    "game-lost",
		About:   "A client logs in and calls where either of two games crashes at any point, and comes back at any point.",
		Game:    Town(),
		Options: func(o *sim.Options) { o.Games = 2 },
		Open:    opened,
		Begin:   func(s *sim.Story) { enter(s) },
		Crash:   []node.ID{sim.GameID(1), sim.GameID(2)},
		Crashes: 1,
		Timers:  2,

		EarlyRestart: true,
	}
}

// quiet is how long it takes until all is said that a step leaves behind it, and
// less than until the next thing that comes by itself.
const quiet = 200 * time.Millisecond

// opened opens the cluster and lets it fall silent.
func opened(s *sim.Story) {
	s.Open()
	s.Go(quiet)
}

// everyServer lists the processes of a cluster with one gate and one game.
func everyServer() []node.ID {
	return []node.ID{sim.ManagerID, sim.DBID, sim.GateID(1), sim.GameID(1)}
}

// enter starts a player of the first account that calls once.
func enter(s *sim.Story) *sim.Player {
	c := s.NewPlayer(sim.Account(1), func(c *client.Config) { c.Calls, c.CallEvery, c.StayKicked = 1, 0, true })
	s.Players = append(s.Players, c)
	c.Start()
	return c
}
