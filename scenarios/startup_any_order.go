package scenarios

import (
	"time"

	"messiah/sim"
	"messiah/sim/choice"
)

// startupAnyOrder starts the processes in any order, some late, hurts one of
// them at some step, and lets players knock long before the ninth.
func startupAnyOrder() *sim.Scenario {
	return &sim.Scenario{
		Name:  "startup-any-order",
		About: "In whatever order processes start, restart or double, nobody is let in before the ninth step, and then everybody is.",
		Marks: []string{"step-admit", "server-open"},
		Game:  Town(),
		Options: func(o *sim.Options, s choice.Stream) {
			anyCluster(o, s)
			o.CallEvery = 500 * time.Millisecond
		},
		Play: func(s *sim.Story) {
			early := s.NewPlayer("early", nil)
			early.Start()

			kind := choice.Pick(s.Draw(), "kind", sim.FaultKinds("start"))
			step := choice.Pick(s.Draw(), "step", sim.StepNames("start"))
			s.Strike("start", step, kind, nil)
			s.StartCluster(choice.Pick(s.Draw(), "spread", spreads()))
			if s.Pick("late", 3) == 1 {
				late := sim.GameID(s.Options().Games)
				s.StartLate(late, 4*time.Second)
			}

			s.Must("the cluster admits logins", s.Admits, 60*time.Second)
			s.Must("the early player is in", early.In, 60*time.Second)
			s.Join()
			s.Go(time.Second)
		},
	}
}
