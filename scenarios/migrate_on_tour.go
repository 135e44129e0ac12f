package scenarios

import (
	"fmt"
	"time"

	"messiah/core/check"
	"messiah/core/client"
	"messiah/core/entity"
	"messiah/scenarios/siege"
	"messiah/sim"
	"messiah/sim/choice"
)

// migrateOnTour is what the bots of `messiah bots --tour` do to a cluster of processes, with
// games that are killed: by the avatars' own word, of the letters that they write each other
// none is lost, doubled or out of order.
func migrateOnTour() *sim.Scenario {
	return &sim.Scenario{
		Name:  "migrate-on-tour",
		About: "Avatars that travel all the time write to each other, and games die under them: no letter comes twice or out of order, and of each its writer hears.",
		Game:  Town(),
		Options: func(o *sim.Options, s choice.Stream) {
			anyCluster(o, s)
			o.Gates, o.Games, o.Clients = 2, 3, 0
		},
		Play: func(s *sim.Story) {
			s.SessionsMayEnd()
			s.Open()
			every := choice.Pick(s.Draw(), "every", []time.Duration{200 * time.Millisecond, 50 * time.Millisecond, time.Second})
			tour := client.AskOf(siege.RPC(), 0, siege.Tour, every)
			for i := range 2 + s.Pick("travellers", 4) {
				p := s.NewPlayer(fmt.Sprint("traveller", i+1), func(c *client.Config) { c.StayKicked, c.Greeting = true, &tour })
				s.Players = append(s.Players, p)
				p.Start()
			}
			s.Must("all travellers are in", s.AllPlay, time.Minute)
			for range s.Pick("deaths", 4) {
				s.Wait("between", 2*time.Second)
				s.Inject(choice.Pick(s.Draw(), "how", []sim.FaultKind{sim.CrashGame, sim.Stop, sim.BreakLinks}), s.Players[0], s.Draw())
			}
			s.Go(s.Options().Duration)
			s.HealAll()
			s.Must("all travellers play on", s.AllPlay, time.Minute)
			restTravellers(s)
		},
	}
}

// restTravellers ends all tours, and wants every letter to have come once and in order, or its writer to know.
func restTravellers(s *sim.Story) {
	for _, p := range s.Players {
		stopped := func() bool {
			_, err := sim.Do(s, p, siege.Tour, 0)
			return err == nil
		}
		s.Must(p.Account()+" ends the tour", stopped, 20*time.Second)
	}
	var sum check.Travels
	for range 200 {
		var known bool
		if sum, known = tales(s); known && sum.Open() == 0 {
			break
		}
		s.Go(100 * time.Millisecond)
	}
	sum.Lost += sum.Open()
	switch {
	case sum.Lost > 0:
		s.Violate("delivered-or-told", "of %d letters the writers were told nothing", sum.Lost)
	case sum.Doubled > 0:
		s.Violate("delivered-or-told", "%d letters came twice", sum.Doubled)
	case sum.Reordered > 0:
		s.Violate("order", "%d letters came behind later ones", sum.Reordered)
	}
}

// tales returns what became of all travels; false where somebody could not tell.
func tales(s *sim.Story) (sum check.Travels, known bool) {
	for _, p := range s.Players {
		one, err := sim.Do(s, p, siege.Tales, entity.None{})
		if err != nil {
			return sum, false
		}
		sum.Add(&one)
	}
	return sum, true
}
