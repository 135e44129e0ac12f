package scenarios

import (
	"time"

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
		Game:  Town(),
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
			// Long before the avatars' grace time is over: gates are sent on to the games that have them.
			s.Must("everybody is back", s.AllIn, 15*time.Second)
			s.Wait("after", time.Second)
			if s.Pick("again", 3) == 1 {
				s.Crash(sim.GateID(1+s.Pick("which", s.Options().Gates)), time.Second)
			}
			s.Go(s.Options().Duration)
		},
	}
}
