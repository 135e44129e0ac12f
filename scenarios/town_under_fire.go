package scenarios

import (
	"time"

	"messiah/sim"
	"messiah/sim/choice"
)

// townUnderFire lets the seed choose any faults at any times, several at once.
// Swarm style: each run leaves some kinds out, so that the others meet.
func townUnderFire() *sim.Scenario {
	return &sim.Scenario{
		Name:    "town-under-fire",
		About:   "Under any faults at any times calls are executed once, in order, or their senders told; afterwards everybody plays again.",
		Game:    Town(),
		Options: anyCluster,
		Play: func(s *sim.Story) {
			s.SessionsMayEnd()
			s.Open()
			s.Join()
			var kinds []sim.FaultKind
			for _, kind := range sim.FaultKinds("login") {
				if s.Pick("with-"+string(kind), 2) == 1 {
					kinds = append(kinds, kind)
				}
			}
			for range s.Pick("faults", 12) {
				if len(kinds) > 0 {
					s.Inject(choice.Pick(s.Draw(), "kind", kinds), choice.Pick(s.Draw(), "who", s.Players), s.Draw())
				}
				s.Wait("between", 2*time.Second)
			}
		},
	}
}
