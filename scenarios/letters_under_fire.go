package scenarios

import (
	"time"

	"messiah/sim"
	"messiah/sim/choice"
)

// lettersUnderFire lets avatars, a stub and entities without a record call each
// other by every kind of address, while processes, links and clients are hurt.
func lettersUnderFire() *sim.Scenario {
	return &sim.Scenario{
		Name:    "letters-under-fire",
		About:   "Calls between entities run once and in the order of their address, or their sender is told, whatever dies.",
		Game:    Letters(),
		Options: anyCluster,
		Play: func(s *sim.Story) {
			s.SessionsMayEnd()
			s.Open()
			s.JoinWithin(0, time.Minute) // a store that loses answers costs two seconds each time
			s.Go(500 * time.Millisecond)
			for range 1 + s.Pick("hurts", 4) {
				s.Inject(choice.Pick(s.Draw(), "kind", sim.FaultKinds("login")), s.Players[s.Pick("who", len(s.Players))], s.Draw())
				s.Wait("between", 2*time.Second)
			}
			s.Go(s.Options().Duration)
		},
	}
}
