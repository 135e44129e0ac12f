package scenarios

import (
	"time"

	"messiah/sim"
	"messiah/sim/choice"
)

// migrateInterrupted hurts who takes part in a migration, at some step of it, and hurts
// somebody again while the first may still last.
func migrateInterrupted() *sim.Scenario {
	return &sim.Scenario{
		Name:  "migrate-interrupted",
		About: "Whatever fails at whatever step of a migration, the entity goes on at one place, and every call was run once or its sender told.",
		Game:  Wanderers(),
		Options: func(o *sim.Options, s choice.Stream) {
			usualTimes(o)
			o.Gates, o.Games, o.Clients = 2+s.Choose("more-gates", 2), 2+s.Choose("more-games", 2), 2+s.Choose("clients", 3)
			o.Duration = 4 * time.Second
			o.ClientLink = anyLink(s)
		},
		Play: func(s *sim.Story) {
			s.SessionsMayEnd()
			s.Open()
			s.JoinWithin(0, time.Minute)
			for range 1 + s.Pick("strikes", 3) {
				kind := choice.Pick(s.Draw(), "kind", sim.FaultKinds("migrate"))
				step := choice.Pick(s.Draw(), "step", sim.StepNames("migrate"))
				s.StrikeMove(step, kind, s.Pick("skip", 12))
				s.Wait("between", 2*time.Second)
			}
			s.Go(s.Options().Duration)
		},
	}
}
