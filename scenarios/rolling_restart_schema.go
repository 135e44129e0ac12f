package scenarios

import (
	"time"

	"messiah/core/node"
	"messiah/sim"
	"messiah/sim/choice"
)

// rollingRestartSchema replaces every game by one whose runners are of the next version, under
// runners that go from game to game by themselves, and players who leave and come back.
func rollingRestartSchema() *sim.Scenario {
	return &sim.Scenario{
		Name:  "rolling-restart-schema",
		About: "Games of two schema versions work together: who has become new goes to no old game, old ones drain to new ones, and no player notices.",
		Marks: []string{"drained", "properties-upgraded"},
		Game:  Wanderers(),
		Options: func(o *sim.Options, s choice.Stream) {
			drainCluster(o, s)
			o.Games = 3
		},
		Play: func(s *sim.Story) {
			s.Open()
			s.Join()
			renewed := map[node.ID]bool{}
			for i := range s.Options().Games {
				s.Wait("before", time.Second)
				game := sim.GameID(i + 1)
				drains(s, game)
				s.Installs(game, errands(300*time.Millisecond, 0, 2))
				renewed[game] = true
				s.Start(game)
				s.Must("its next life is ready", func() bool { return ready(s, game) }, 20*time.Second)
				if s.Pick("comes-back", 2) == 1 {
					comesBack(s)
				}
				onlyForth(s, renewed)
			}
			s.Must("everybody plays on", s.AllPlay, drainedWithin)
			undisturbed(s)
		},
	}
}

// comesBack has a player leave, and come back as another client: its record was perhaps written by a new game.
func comesBack(s *sim.Story) {
	i := s.Pick("who", len(s.Players))
	c := s.Players[i]
	c.Leave()
	s.Must("its avatar is saved", func() bool { return s.HasRecord(c.Account()) && s.Avatars(c.Account()) == 0 }, 20*time.Second)
	s.Players[i] = s.NewPlayer(c.Account(), nil)
	s.Players[i].Start()
	s.Must("it is in again", s.Players[i].In, 30*time.Second)
}

// onlyForth wants whoever has been on a new game to live on no old one from then on.
func onlyForth(s *sim.Story, renewed map[node.ID]bool) {
	was := map[string]bool{}
	for range 20 {
		for _, c := range s.Players {
			at := c.Game()
			if was[c.Account()] && at != 0 && !renewed[at] {
				s.Violate("durable", "%s has been on a new game, and is on %v, which is old", c.Account(), at)
			}
			was[c.Account()] = was[c.Account()] || renewed[at]
		}
		s.Go(100 * time.Millisecond)
	}
}
