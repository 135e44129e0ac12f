package scenarios

import (
	"time"

	"messiah/core/node"
	"messiah/sim"
	"messiah/sim/choice"
)

// deadStayDead cuts a process off until a manager has called it dead, and lets it come
// back to the manager behind that, which was not there when it was said.
func deadStayDead() *sim.Scenario {
	return &sim.Scenario{
		Name:  "dead-stay-dead",
		About: "A process that was called dead and lives is dead for a further manager too: nobody has to do with a life that others have given up.",
		Game:  Town(),
		Options: func(o *sim.Options, s choice.Stream) {
			anyCluster(o, s)
			usualTimes(o)
			o.Gates, o.Games = 2, 2
		},
		Play: func(s *sim.Story) {
			s.SessionsMayEnd()
			s.Open()
			s.Join()
			who := choice.Pick(s.Draw(), "who", []node.ID{sim.DBID, sim.GameID(1), sim.GateID(1)})
			life := s.Life(who)
			s.PartitionFor(who, sim.ManagerID, false, time.Minute)
			s.Crash(sim.ManagerID, time.Duration(1+s.Pick("restart", 20))*50*time.Millisecond)
			s.Must("a manager leads without it", func() bool { listed, _ := s.Listed(life); return !listed && s.Settled() }, 20*time.Second)
			s.Go(3 * time.Second) // what it had sent is waited for before its link ends
			s.Wait("given up", 2*time.Second)
			s.Crash(sim.ManagerID, time.Duration(1+s.Pick("again", 20))*50*time.Millisecond)
			s.HealAll()
			s.Must("the manager leads again", s.Admits, 30*time.Second)
			s.Must("who was called dead has begun anew", func() bool { return s.Life(who).Inc != 0 && s.Life(who) != life }, 20*time.Second)
			late := s.NewPlayer("late", nil)
			late.Start()
			s.Must("a new player gets in", late.In, 30*time.Second)
		},
	}
}
