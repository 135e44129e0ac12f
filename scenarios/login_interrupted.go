package scenarios

import (
	"messiah/sim"
	"messiah/sim/choice"
)

// loginInterrupted hurts the cluster, or the client, at some step of a login.
func loginInterrupted() *sim.Scenario {
	return &sim.Scenario{
		Name:    "login-interrupted",
		About:   "Whatever fails at whatever step of a login, the client gets in later or rests, and nothing is left of the try.",
		Game:    town(),
		Options: anyCluster,
		Play: func(s *sim.Story) {
			s.Open()
			s.Join()
			c := s.NewPlayer("struck", nil)
			kind := choice.Pick(s.Draw(), "kind", sim.FaultKinds("login"))
			step := choice.Pick(s.Draw(), "step", sim.StepNames("login"))
			s.Strike("login", step, kind, c)
			c.Start()
			s.Go(s.Options().Duration)
		},
	}
}
