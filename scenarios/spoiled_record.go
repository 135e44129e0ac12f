package scenarios

import (
	"time"

	"messiah/sim"
	"messiah/sim/choice"
)

// spoiledRecord makes the record of a player who is away unreadable.
func spoiledRecord() *sim.Scenario {
	return &sim.Scenario{
		Name:  "spoiled-record",
		About: "Whose record cannot be read is refused, nothing is written over it, and once it is mended the player goes on from it.",
		Game:  Town(),
		Options: func(o *sim.Options, s choice.Stream) {
			anyCluster(o, s)
			usualTimes(o)
		},
		Play: func(s *sim.Story) {
			s.SessionsMayEnd()
			s.Open()
			s.Join()
			one := s.Players[s.Pick("who", len(s.Players))]
			s.Go(2 * time.Second)
			one.Leave()
			s.Must("the record is given back", func() bool { return s.HasRecord(one.Account()) }, 20*time.Second)
			s.Forgive("a record cannot be read")
			s.Forgive("a stored record cannot be read")
			mend := s.SpoilRecord(one.Account(), s.Pick("all", 2) == 1)
			again := s.NewPlayer(one.Account(), nil)
			again.Start()
			s.Go(4 * time.Second)
			st := again.Status()
			if st.Logins > 0 {
				s.Violate("durable", "the player %s is in, and its record cannot be read", one.Account())
			}
			if st.Refusals == 0 {
				s.Violate("progress", "the player %s has not heard that its record cannot be read", one.Account())
			}
			again.Crash()
			s.Must("nobody works on the record", func() bool { return s.Avatars(one.Account()) == 0 }, 20*time.Second)
			mend()
			again.Start()
			s.Must("the player is in", again.In, 20*time.Second)
			s.Go(s.Options().Duration)
		},
	}
}
