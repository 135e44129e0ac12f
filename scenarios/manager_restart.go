package scenarios

import (
	"time"

	"messiah/core/node"
	"messiah/sim"
)

// managerRestart kills the manager while people play. Nobody notices; what
// happened meanwhile is put right when it is back.
func managerRestart() *sim.Scenario {
	return &sim.Scenario{
		Name:    "manager-restart",
		About:   "While the manager is away players play on, and when it is back it knows the cluster again.",
		Marks:   []string{"link-superseded"},
		Game:    Town(),
		Options: anyCluster,
		Play: func(s *sim.Story) {
			s.Open()
			s.Join()
			s.Wait("before", time.Second)
			s.Crash(sim.ManagerID, time.Duration(1+s.Pick("restart", 50))*100*time.Millisecond)
			meanwhile := s.Pick("meanwhile", 8)
			whileTheManagerIsAway(s, meanwhile)
			s.Go(s.Options().Duration)
			if meanwhile == 0 || meanwhile == 6 && noGateGivenUp(s) {
				nobodyLost(s)
			}
			s.Must("the manager leads again", s.Admits, 30*time.Second)
			late := s.NewPlayer("late", nil)
			late.Start()
			s.Must("a new player gets in", late.In, 30*time.Second)
			if s.Options().Games > 1 {
				s.Must("whoever lost a game plays on another", s.AllPlay, 20*time.Second)
			}
		},
	}
}

// noGateGivenUp tells whether every gate that came late was waited for. The one
// gate of a cluster always is; of several, one that is back and says that the cluster
// was open ends the wait, and who is cut off still is dead, with its sessions.
func noGateGivenUp(s *sim.Story) bool {
	return s.Options().Gates == 1 || s.Marks()["died-while-manager-was-away"] == 0
}

// whileTheManagerIsAway lets something happen of which the next manager has to
// hear from others, or keeps those others from it.
func whileTheManagerIsAway(s *sim.Story, what int) {
	games, gates := s.Options().Games, s.Options().Gates
	switch what {
	case 1:
		s.Wait("until", 2*time.Second)
		s.Crash(sim.GameID(1+s.Pick("game", games)), time.Duration(1+s.Pick("game-restart", 20))*200*time.Millisecond)
	case 2:
		s.Wait("until", 2*time.Second)
		s.Crash(sim.GateID(1+s.Pick("gate", gates)), time.Duration(1+s.Pick("gate-restart", 20))*200*time.Millisecond)
	case 3:
		s.Wait("until", 2*time.Second)
		s.Crash(sim.DBID, time.Second)
	case 4, 5:
		// A game dies for long. With 5 the gates, who could say that the cluster was open, come late.
		if games > 1 {
			s.Wait("until", 2*time.Second)
			s.Crash(sim.GameID(1+s.Pick("game", games)), 60*time.Second)
		}
		if what == 5 {
			comeLate(s, sim.GateID, gates)
		}
	case 6:
		comeLate(s, sim.GateID, gates)
	case 7:
		// Those who know that a gate has died find the next manager when it has settled already.
		if gates > 1 {
			s.Crash(sim.GateID(1+s.Pick("gate", gates)), time.Second)
			comeLate(s, sim.GameID, games)
		}
	}
}

// comeLate cuts processes off from the manager for a while, its next life included.
func comeLate(s *sim.Story, id func(int) node.ID, n int) {
	for i := 1; i <= n; i++ {
		s.PartitionFor(sim.ManagerID, id(i), false, time.Duration(1+s.Pick("cut", 12))*time.Second)
	}
}
