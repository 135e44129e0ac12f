package scenarios

import (
	"time"

	"messiah/sim"
)

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
