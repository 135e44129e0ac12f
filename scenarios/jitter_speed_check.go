package scenarios

import (
	"time"

	"messiah/core/client"
	"messiah/netsim"
	"messiah/scenarios/siege"
	"messiah/sim"
	"messiah/sim/choice"
)

// correctedWithin is how soon a client at one and a half times the speed is told:
// what it may be ahead is gone after 1.1 s, and the word takes its way.
const correctedWithin = 3 * time.Second

// jitterSpeedCheck lets honest clients and one that walks too fast move over links
// whose jitter is 200 ms. An honest one walks at the speed
// itself, or at a part of it.
func jitterSpeedCheck() *sim.Scenario {
	return &sim.Scenario{
		Name:  "jitter-speed-check",
		About: "An honest client with 200 ms jitter is left alone, and one at 1.5 times the speed is corrected.",
		Marks: []string{"move-refused", "client-corrected"},
		Game:  town(siege.Speed),
		Options: func(o *sim.Options, s choice.Stream) {
			anyCluster(o, s)
			usualTimes(o)
			o.ClientLink = netsim.Jittery()
			o.MoveEvery = choice.Pick(s, "moves", []time.Duration{100 * time.Millisecond, 50 * time.Millisecond, 20 * time.Millisecond})
		},
		Play: func(s *sim.Story) {
			s.Open()
			for i := 1; i <= s.Options().Clients; i++ {
				s.Players = append(s.Players, walker(s, i, float64(siege.Speed/4*float64(1+s.Pick("speed", 4)))))
			}
			cheat := walker(s, s.Options().Clients+1, 1.5*siege.Speed)
			s.Must("all players are in", s.AllIn, 30*time.Second)
			s.Must("the fast client is corrected", func() bool { return cheat.Status().Corrections > 0 }, correctedWithin)
			before := cheat.Status().Corrections
			s.Go(s.Options().Duration)
			leftAlone(s)
			if again := cheat.Status().Corrections - before; again < uint64(s.Options().Duration/correctedWithin) {
				s.Violate("cheat-caught", "%v goes on at 1.5 times the speed for %v and was corrected %d times", cheat.ID(), s.Options().Duration, again)
			}
		},
	}
}

// walker starts a player who walks at a speed in metres a second.
func walker(s *sim.Story, i int, speed float64) *sim.Player {
	c := s.NewPlayer(sim.Account(i), func(c *client.Config) { c.Speed = speed })
	c.Start()
	return c
}

// leftAlone wants no honest player to have been corrected or kicked, and its moves to count.
func leftAlone(s *sim.Story) {
	for _, c := range s.Players {
		st := c.Status()
		if st.Corrections > 0 || st.Kicks > 0 || st.Logins != 1 {
			s.Violate("honest-move", "%v keeps to its speed and was corrected %d times, kicked %d times", c.ID(), st.Corrections, st.Kicks)
		}
		if at, known := c.Place(); !known || at.X < 1 {
			s.Violate("honest-move", "%v has walked for %v, and its avatar is at %v", c.ID(), s.Options().Duration, at)
		}
	}
}
