package scenarios

import (
	"time"

	"messiah/core/client"
	"messiah/sim"
	"messiah/sim/choice"
)

// loginStorm lets many clients of a few accounts come and go faster than
// records load and unload, while processes are hurt.
func loginStorm() *sim.Scenario {
	return &sim.Scenario{
		Name:  "login-storm",
		About: "However fast clients of one account come and go, and whatever fails meanwhile, it has one avatar and nobody waits for ever.",
		Game:  Town(),
		Options: func(o *sim.Options, s choice.Stream) {
			anyCluster(o, s)
			o.Clients = 0
			o.Grace = choice.Pick(s, "grace", []time.Duration{5 * time.Second, 500 * time.Millisecond, 2 * time.Second})
			o.StoreLatency = choice.Pick(s, "slow-store", slowStores())
			o.StoreFail = choice.Pick(s, "store-fail", []int{0, 0, 100_000, 300_000})
			o.StoreDouble = o.StoreFail / 2
		},
		Play: func(s *sim.Story) {
			s.SessionsMayEnd()
			s.Open()
			accounts := 1 + s.Pick("accounts", 3)
			faults := stormFaults(s)
			pauses := [...]time.Duration{5 * time.Millisecond, 100 * time.Millisecond, 500 * time.Millisecond}
			pause := choice.Pick(s.Draw(), "pause", pauses[:])
			for range 10 + s.Pick("turns", 40) {
				comeOrGo(s, accounts, faults)
				s.Wait("between", pause)
				if s.Pick("breath", 6) == 1 {
					s.Wait("breath", 4*time.Second)
				}
			}
		},
	}
}

// stormFaults draws which faults a storm has: none, or a few kinds.
func stormFaults(s *sim.Story) []sim.FaultKind {
	all := [...]sim.FaultKind{
		sim.CrashGame, sim.CrashGate, sim.CrashDB, sim.Pause, sim.Slow, sim.BreakLinks, sim.Partition, sim.StoreFault, sim.CrashManager,
	}
	var some []sim.FaultKind
	for range s.Pick("kinds", 4) {
		some = append(some, choice.Pick(s.Draw(), "kind", all[:]))
	}
	return some
}

// comeOrGo lets one client come, or one go in one of the ways there are, or something fail.
func comeOrGo(s *sim.Story, accounts int, faults []sim.FaultKind) {
	what := s.Pick("what", 10)
	if what < 4 || len(s.Players) == 0 {
		c := s.NewPlayer(sim.Account(1+s.Pick("account", accounts)), func(cfg *client.Config) { cfg.StayKicked = s.Pick("stays-away", 4) != 1 })
		s.Players = append(s.Players, c)
		c.Start()
		return
	}
	// Mostly one of the latest: the others rest by now.
	c := s.Players[len(s.Players)-1-s.Pick("which", min(4, len(s.Players)))]
	switch what {
	case 4, 5:
		c.Leave()
	case 6:
		c.Drop()
	case 7:
		c.Crash()
	case 8:
		c.Cut(time.Duration(1+s.Pick("cut", 30)) * 100 * time.Millisecond)
	default:
		if len(faults) > 0 {
			s.Inject(choice.Pick(s.Draw(), "fault", faults), c, s.Draw())
		}
	}
}

// rivals lets clients log in with the accounts of those who play.
func rivals(s *sim.Story, n int) {
	for range n {
		account := choice.Pick(s.Draw(), "rival", s.Players).Account()
		s.NewPlayer(account, func(cfg *client.Config) { cfg.StayKicked = true }).Start()
		s.Wait("rivals", 300*time.Millisecond)
	}
}
