package scenarios

import (
	"time"

	"messiah/sim"
	"messiah/sim/choice"
)

// migrateUnderFire has avatars move from game to game while they call and are called, and
// while processes, links and clients are hurt.
func migrateUnderFire() *sim.Scenario {
	return &sim.Scenario{
		Name:  "migrate-under-fire",
		About: "Avatars that move from game to game lose no call, run none twice and none out of order, whatever dies.",
		Game:  Wanderers(),
		Options: func(o *sim.Options, s choice.Stream) {
			anyCluster(o, s)
			o.Games = 2 + s.Choose("more-games", 2)
		},
		Play: func(s *sim.Story) {
			s.SessionsMayEnd()
			s.Open()
			s.JoinWithin(0, time.Minute)
			s.Go(500 * time.Millisecond)
			for range s.Pick("hurts", 4) {
				s.Inject(choice.Pick(s.Draw(), "kind", sim.FaultKinds("login")), s.Players[s.Pick("who", len(s.Players))], s.Draw())
				s.Wait("between", 2*time.Second)
			}
			s.Go(s.Options().Duration)
		},
	}
}
