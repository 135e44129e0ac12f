package scenarios

import (
	"time"

	"messiah/sim"
	"messiah/sim/choice"
)

// reconnectResume breaks clients' connections again and again while they call
// and are called. Each comes back within the grace time, with its token.
func reconnectResume() *sim.Scenario {
	return &sim.Scenario{
		Name:  "reconnect-resume",
		About: "A client that reconnects within the grace time has lost no call and no answer, and none came twice.",
		Marks: []string{"client-resumed"},
		Game:  Town(),
		Options: func(o *sim.Options, s choice.Stream) {
			anyCluster(o, s)
			o.Grace = 30 * time.Second
		},
		Play: func(s *sim.Story) {
			s.Open()
			s.Join()
			rounds := 2 + s.Pick("rounds", 6)
			for range rounds {
				c := choice.Pick(s.Draw(), "who", s.Players)
				switch s.Pick("how", 3) {
				case 0:
					drop(c)
				case 1:
					c.Cut(time.Duration(1+s.Pick("cut", 40)) * 100 * time.Millisecond)
				default:
					// Twice in a row: the second drop may meet the resume half way.
					drop(c)
					s.Wait("resuming", 30*time.Millisecond)
					c.Drop()
				}
				s.Wait("between", 2*time.Second)
			}
			for _, c := range s.Players {
				drop(c)
			}
			s.Must("everybody is back", s.AllIn, 40*time.Second)
			s.Go(time.Second)
			nobodyLost(s)
		},
	}
}

// drop breaks the connection of a client that has one: a client whose dials fail
// again and again would rightly try another gate.
func drop(c *sim.Player) {
	if c.In() {
		c.Drop()
	}
}

// nobodyLost wants every player to have kept its session and every call its outcome.
func nobodyLost(s *sim.Story) {
	for _, c := range s.Players {
		st := c.Status()
		if st.Losses > 0 || st.Calls.Unknown > 0 || st.Logins > 1 {
			s.Violate("delivered-or-told", "%v lost its session %d times and has %d calls of unknown outcome", c.ID(), st.Losses, st.Calls.Unknown)
		}
	}
}
