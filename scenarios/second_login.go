package scenarios

import (
	"time"

	"messiah/core/client"
	"messiah/sim"
	"messiah/sim/choice"
)

// secondLogin lets several clients log in with one account, through the same
// gate and through others, while calls are under way.
func secondLogin() *sim.Scenario {
	return &sim.Scenario{
		Name:    "second-login",
		About:   "Two logins of one account never make two avatars: the later one wins, the earlier is told.",
		Game:    Town(),
		Options: anyCluster,
		Play: func(s *sim.Story) {
			s.SessionsMayEnd()
			s.Open()
			s.Join()
			for range 3 {
				rival := s.NewPlayer(s.Players[0].Account(), func(c *client.Config) { c.StayKicked = true })
				if s.Pick("hurt", 3) == 1 {
					step := choice.Pick(s.Draw(), "step", sim.StepNames("login"))
					kind := choice.Pick(s.Draw(), "kind", sim.FaultKinds("login"))
					s.Strike("login", step, kind, rival)
				}
				rival.Start()
				s.Wait("between", 2*time.Second)
			}
			s.Go(time.Second)
		},
	}
}
