package scenarios

import (
	"time"

	"messiah/core/node"
	"messiah/core/proto"
	"messiah/sim"
	"messiah/sim/choice"
)

// drainInterrupted hurts manager, games, gates, db, store and links while a game is drained.
func drainInterrupted() *sim.Scenario {
	return &sim.Scenario{
		Name:  "drain-interrupted",
		About: "Whatever dies while a game is drained, the drain goes on when it is back, by the manager's next life too, and nobody is lost.",
		Game:  Letters(),
		Options: func(o *sim.Options, s choice.Stream) {
			anyCluster(o, s)
			usualTimes(o)
			o.Gates, o.Games, o.Clients = 1+s.Choose("more-gates", 3), 2+s.Choose("more-games", 2), 2+s.Choose("clients", 5)
		},
		Play: func(s *sim.Story) {
			s.SessionsMayEnd()
			s.Open()
			s.JoinWithin(0, time.Minute)
			s.Wait("before", time.Second)
			game := sim.GameID(1 + s.Pick("game", s.Options().Games))
			life := s.Life(game)
			drain(s, game)
			for range 1 + s.Pick("strikes", 3) {
				strikeDrain(s, game)
				s.Wait("between", time.Second)
			}
			s.HealAll()
			s.Must("the drained life is over", func() bool { return s.Life(game) != life }, 2*drainedWithin)
			if s.Life(game) == (node.Peer{}) {
				s.Start(game)
			}
			s.Must("everybody plays on", s.AllPlay, time.Minute)
		},
	}
}

// strikeDrain hurts somebody who takes part in a drain: at a step of a migration, or now.
func strikeDrain(s *sim.Story, game node.ID) {
	switch s.Pick("strike", 5) {
	case 0:
		s.Crash(sim.ManagerID, lasting(s))
	case 1:
		s.Crash(sim.DBID, lasting(s))
	case 2:
		s.Crash(sim.GameID(1+s.Pick("target", s.Options().Games)), lasting(s))
	case 3:
		s.Crash(sim.GateID(1+s.Pick("gate", s.Options().Gates)), lasting(s))
	default:
		kind := choice.Pick(s.Draw(), "kind", sim.FaultKinds("migrate"))
		s.StrikeMove(choice.Pick(s.Draw(), "step", sim.StepNames("migrate")), kind, s.Pick("skip", 6))
	}
	if s.Pick("order", 4) == 1 {
		_ = s.Operate(proto.OrderDrain, game) // the operator asks again; where nobody takes it, nothing comes of it
	}
}

func lasting(s *sim.Story) time.Duration {
	return choice.Pick(s.Draw(), "back-after", []time.Duration{300 * time.Millisecond, 1500 * time.Millisecond, 4 * time.Second})
}
