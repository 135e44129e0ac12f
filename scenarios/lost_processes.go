package scenarios

import (
	"time"

	"messiah/core/node"
	"messiah/netsim"
	"messiah/sim"
	"messiah/sim/choice"
)

// gateLost kills a gate under its clients. They come back through another one,
// or through its next life.
func gateLost() *sim.Scenario {
	return &sim.Scenario{
		Name:  "gate-lost",
		About: "When a gate dies its clients come back through another gate, and their avatars have waited for them.",
		Marks: []string{"declared-dead-gate"},
		Game:  town(),
		Options: func(o *sim.Options, s choice.Stream) {
			anyCluster(o, s)
			o.Grace = 20 * time.Second
		},
		Play: func(s *sim.Story) {
			s.Open()
			s.Join()
			s.Wait("before", time.Second)
			gate := choice.Pick(s.Draw(), "who", s.Players).Gate()
			if gate == 0 {
				gate = sim.GateID(1)
			}
			s.Crash(gate, time.Duration(1+s.Pick("restart", 20))*200*time.Millisecond)
			s.Wait("after", time.Second)
			if s.Pick("again", 3) == 1 {
				s.Crash(sim.GateID(1+s.Pick("which", s.Options().Gates)), time.Second)
			}
			s.Go(s.Options().Duration)
		},
	}
}

// managerRestart kills the manager while people play. Nobody notices; what
// happened meanwhile is put right when it is back.
func managerRestart() *sim.Scenario {
	return &sim.Scenario{
		Name:    "manager-restart",
		About:   "While the manager is away players play on, and when it is back it knows the cluster again.",
		Marks:   []string{"link-superseded"},
		Game:    town(),
		Options: anyCluster,
		Play: func(s *sim.Story) {
			s.Open()
			s.Join()
			s.Wait("before", time.Second)
			s.Crash(sim.ManagerID, time.Duration(1+s.Pick("restart", 50))*100*time.Millisecond)
			meanwhile := s.Pick("meanwhile", 4)
			switch meanwhile {
			case 1:
				s.Wait("until", 2*time.Second)
				s.Crash(sim.GameID(1+s.Pick("game", s.Options().Games)), time.Duration(1+s.Pick("game-restart", 20))*200*time.Millisecond)
			case 2:
				s.Wait("until", 2*time.Second)
				s.Crash(sim.GateID(1+s.Pick("gate", s.Options().Gates)), time.Duration(1+s.Pick("gate-restart", 20))*200*time.Millisecond)
			case 3:
				s.Wait("until", 2*time.Second)
				s.Crash(sim.DBID, time.Second)
			}
			s.Go(s.Options().Duration)
			if meanwhile == 0 {
				nobodyLost(s)
			}
			s.Must("the manager leads again", s.Admits, 30*time.Second)
			late := s.NewPlayer("late", nil)
			late.Start()
			s.Must("a new player gets in", late.In, 30*time.Second)
		},
	}
}

// linkBreaks breaks the connections between processes under load. The links
// are the same ones afterwards: a delay, and not a loss.
func linkBreaks() *sim.Scenario {
	return &sim.Scenario{
		Name:  "link-breaks",
		About: "Connections between processes that break under load lose, double and reorder nothing.",
		Marks: []string{"link-broken"},
		Game:  town(),
		Options: func(o *sim.Options, s choice.Stream) {
			anyCluster(o, s)
			o.CallEvery = 2 * time.Millisecond
			o.ClientLink = netsim.LAN()
			o.Stall = 0
		},
		Play: func(s *sim.Story) {
			s.Open()
			s.Join()
			held := s.Net().Hold(netsim.Match{Class: netsim.Process, Limit: 1, Kind: 0,
				When: func(it *netsim.Item, _ []byte) bool {
					return it.From.Kind() == node.Gate && it.To.Kind() == node.Game && it.Size > 0
				}})
			s.Go(20 * time.Millisecond)
			held.Release()
			for range 5 + s.Pick("rounds", 20) {
				s.BreakLinks(s.AnyServer())
				s.Wait("between", 100*time.Millisecond)
			}
			if s.Pick("partition", 3) == 1 {
				s.PartitionFor(sim.GateID(1), sim.GameID(1), s.Pick("one-way", 2) == 1, 5*time.Second)
				s.Go(6 * time.Second)
			}
			s.Go(time.Second)
			nobodyLost(s)
		},
	}
}
