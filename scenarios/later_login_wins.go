package scenarios

import (
	"time"

	"messiah/core/client"
	"messiah/netsim"
	"messiah/sim"
	"messiah/sim/choice"
)

// laterLoginWins lets two or three clients log in with one account while its
// record is being loaded or saved, through gates that the seed chooses.
func laterLoginWins() *sim.Scenario {
	return &sim.Scenario{
		Name:  "later-login-wins",
		About: "Of clients that log in with one account one after the other the last one gets in soon and stays, whatever the avatar was doing.",
		Game:  Town(),
		Options: func(o *sim.Options, s choice.Stream) {
			anyCluster(o, s)
			usualTimes(o)
			o.Gates = 1 + s.Choose("two-gates", 2)
			o.ClientLink = netsim.LAN()
			o.Clients, o.Stall = 0, 0
			o.StoreLatency = choice.Pick(s, "load", []time.Duration{200 * time.Millisecond, 20 * time.Millisecond, 400 * time.Millisecond})
		},
		Play: func(s *sim.Story) {
			s.SessionsMayEnd()
			s.Open()
			gates := []int{0}
			if s.Pick("other-gates", 2) == 1 && s.Options().Gates > 1 {
				gates = append(gates, 1)
			}
			all := []*sim.Player{rich(s, gates)}
			// Loading, loaded, or on the way out.
			s.Wait("ahead", 800*time.Millisecond)
			leaves := s.Pick("leaves", 2) == 1
			if leaves {
				s.Must("the first is in", all[0].In, 5*time.Second)
				all[0].Leave()
				s.Wait("leaving", 400*time.Millisecond)
			}
			for range 1 + s.Pick("more", 2) {
				s.Go(40 * time.Millisecond) // a login overtakes none that began so long before
				all = append(all, rich(s, gates))
			}
			s.Must("one is in, the others rest", func() bool { return oneIn(all) != nil }, 4*time.Second)
			s.Go(2 * time.Second)
			in, last := oneIn(all), all[len(all)-1]
			// While an avatar is leaving, logins of two gates may change places: the db decides.
			ordered := len(gates) == 1 || s.Options().Games == 1 && !leaves
			if in == nil || ordered && in != last {
				s.Violate("routes", "%v logged in last and did not stay", last.ID())
			}
		},
	}
}

// rich starts a client that knows one of the gates, and stays away when another
// login takes its place.
func rich(s *sim.Story, gates []int) *sim.Player {
	i := choice.Pick(s.Draw(), "gate", gates)
	c := s.NewPlayer("rich", func(cfg *client.Config) {
		cfg.Gates = cfg.Gates[i : i+1]
		cfg.StayKicked = true
	})
	c.Start()
	return c
}

// oneIn returns the client that is in where all others rest, or nil.
func oneIn(all []*sim.Player) (in *sim.Player) {
	for _, c := range all {
		switch {
		case !c.Runs() || c.Status().State == client.Resting:
		case !c.In() || in != nil:
			return nil
		default:
			in = c
		}
	}
	return in
}
