package scenarios

import (
	"time"

	"messiah/core/node"
	"messiah/core/proto"
	"messiah/netsim"
	"messiah/sim"
	"messiah/sim/choice"
)

// dbLost kills the db under players who log in, and lets its next life hear
// late which games live: until then nothing that it cannot prove may be granted.
func dbLost() *sim.Scenario {
	return &sim.Scenario{
		Name:  "db-lost",
		About: "While the db is away nobody notices but who comes or goes, and its next life grants no record that a game holds.",
		Marks: []string{"db-lost"},
		Game:  Town(),
		Options: func(o *sim.Options, s choice.Stream) {
			anyCluster(o, s)
			usualTimes(o)
			o.Gates = 2 + s.Choose("more-gates", 2)
			o.Games = 2 + s.Choose("more-games", 2)
			o.StoreLatency = choice.Pick(s, "slow-store", slowStores())
		},
		Play: func(s *sim.Story) {
			s.SessionsMayEnd()
			s.Open()
			s.Join()
			s.Crash(sim.DBID, time.Duration(1+s.Pick("restart", 20))*100*time.Millisecond)
			late := s.Net().Hold(listsFor(sim.DBID))
			rivals(s, 3)
			s.Wait("held", 3*time.Second)
			s.Release(late)
			s.Wait("between", time.Second)
			s.Crash(sim.DBID, 300*time.Millisecond)
			rivals(s, 3)
			s.Go(s.Options().Duration)
		},
	}
}

// listsFor matches the manager's lists on their way to a process.
func listsFor(id node.ID) netsim.Match {
	return netsim.Match{From: sim.ManagerID, To: id, Class: netsim.Process, Kind: proto.TypeProcesses}
}
