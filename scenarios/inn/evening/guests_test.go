package evening

import (
	"testing"
	"time"

	"messiah/core/client"
	"messiah/core/entity"
	"messiah/scenarios/inn"
	"messiah/sim"
	"messiah/sim/tier"
)

// guest is the story of one guest, told to a small cluster.
func guest(play func(s *sim.Story, ann *sim.Player)) *sim.Scenario {
	return &sim.Scenario{Name: "one-guest", Game: Game(), Play: func(s *sim.Story) {
		s.SessionsMayEnd()
		s.Open()
		play(s, s.Enter(sim.Account(1)))
	}}
}

func passes(t *testing.T, sc *sim.Scenario) {
	t.Helper()
	for seed := range uint64(5) {
		if res, err := tier.Exec(sc, sim.RunConfig{Seed: seed}); err != nil || res.Verdict != sim.Pass {
			t.Errorf("seed %d: %s: %s %v", seed, res.Verdict, res.Message, err)
		}
	}
}

// TestSecondLoginOfAGuest: the fault needs no method of a certain name; the inn has no "count".
func TestSecondLoginOfAGuest(t *testing.T) {
	passes(t, guest(func(s *sim.Story, ann *sim.Player) {
		if !s.Inject(sim.SecondLogin, ann, s.Draw()) {
			s.Violate("inn", "nobody logs in a second time")
		}
		s.Must("the first guest is kicked", func() bool { return ann.Status().Kicks > 0 }, 20*time.Second)
		sure(evening{s}, ann, inn.Look, entity.None{})
	}))
}

// TestCallOfACrashedGuest ends at once, and of a guest that is not there any more as well.
func TestCallOfACrashedGuest(t *testing.T) {
	passes(t, guest(func(s *sim.Story, ann *sim.Player) {
		s.After(time.Microsecond, ann.Crash)
		for _, when := range []string{"as it crashes", "after its crash"} {
			began := s.Now()
			if _, err := sim.Do(s, ann, inn.Take, "mug"); err != entity.ErrLost || s.Now().Sub(began) > time.Second {
				s.Violate("inn", "a call of a guest %s: %v after %v", when, err, s.Now().Sub(began))
			}
		}
		again := s.NewPlayer(ann.Account(), func(c *client.Config) { c.Asked = true })
		again.Start()
		s.Must("the guest comes back", again.In, 20*time.Second)
		sure(evening{s}, again, inn.Look, entity.None{})
	}))
}
