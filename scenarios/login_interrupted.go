package scenarios

import (
	"strconv"
	"time"

	"messiah/sim"
	"messiah/sim/choice"
)

// loginInterrupted hurts the cluster, or the client, at some step of a
// login, and again at some step of another one, while the first may still last.
func loginInterrupted() *sim.Scenario {
	return &sim.Scenario{
		Name:    "login-interrupted",
		About:   "Whatever fails at whatever step of a login, the client gets in later or rests, and nothing is left of the try.",
		Game:    Town(),
		Options: anyCluster,
		Play: func(s *sim.Story) {
			s.Open()
			s.Join()
			for i := range 2 {
				c := s.NewPlayer("struck"+strconv.Itoa(i+1), nil)
				kind := choice.Pick(s.Draw(), "kind", sim.FaultKinds("login"))
				step := choice.Pick(s.Draw(), "step", sim.StepNames("login"))
				s.Strike("login", step, kind, c)
				c.Start()
				s.Wait("between", 3*time.Second)
			}
			s.Go(s.Options().Duration)
		},
	}
}
