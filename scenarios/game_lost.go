package scenarios

import (
	"time"

	"messiah/core/gate"
	"messiah/core/node"
	"messiah/netsim"
	"messiah/sim"
	"messiah/sim/choice"
)

// gameLost kills games under their avatars, or cuts one off from the manager.
func gameLost() *sim.Scenario {
	return &sim.Scenario{
		Name:  "game-lost",
		About: "When a game is lost its players go on elsewhere in the same session, newcomers get in, and a game that comes back is used again.",
		Marks: []string{"declared-dead-game"},
		Game:  Town(),
		Options: func(o *sim.Options, s choice.Stream) {
			anyCluster(o, s)
			usualTimes(o)
			o.Games = 2 + s.Choose("more-games", 2)
			o.Stall = 0
		},
		Play: func(s *sim.Story) {
			s.Open()
			s.Join()
			s.Wait("before", time.Second)
			acts := [...]func(*sim.Story, node.ID){oneGameIsGone, oneGameComesBack, oneGameIsCutOff, noGameForAWhile, noGameIsLeft}
			game := s.Players[s.Pick("whose", len(s.Players))].Game()
			if game == 0 {
				game = sim.GameID(1)
			}
			acts[s.Pick("act", len(acts))](s, game)
		},
	}
}

// loadedWithin is how soon avatars play on whose game is known for dead, on links and a store that are not hurt as well.
const loadedWithin = 2 * time.Second

// oneGameIsGone: it does not come back for long.
func oneGameIsGone(s *sim.Story, game node.ID) {
	life := s.Life(game)
	s.Crash(game, 60*time.Second)
	if o := s.Options(); o.StoreLatency <= 2*time.Millisecond && o.StoreLose == 0 && o.ClientLink == netsim.LAN() {
		s.Must("the game is known for dead", func() bool { _, ready := s.Listed(life); return !ready }, 4*time.Second)
		elsewhere(s, life, loadedWithin)
	}
	elsewhere(s, life, 6*time.Second)
	late := s.NewPlayer("late", nil)
	late.Start()
	s.Must("a newcomer gets in", late.In, 10*time.Second)
}

// elsewhere wants everybody to play on in the same session on another game.
func elsewhere(s *sim.Story, life node.Peer, within time.Duration) {
	s.Must("everybody plays elsewhere", func() bool { return s.RoutesTo(life) == 0 && s.AllPlay() }, within)
	for _, c := range s.Players {
		if st := c.Status(); st.Losses > 0 || st.Kicks > 0 {
			s.Violate("progress", "%v lost its session with its game", c.ID())
		}
	}
}

// oneGameComesBack: it is one more of the games that avatars are created on.
func oneGameComesBack(s *sim.Story, game node.ID) {
	s.Crash(game, time.Duration(1+s.Pick("restart", 10))*200*time.Millisecond)
	s.Must("the game is ready again", func() bool { _, ready := s.Listed(s.Life(game)); return ready }, 20*time.Second)
	s.Go(time.Second)
	// Each gate picks the game with the fewest of its clients, where it was told to; chance finds it too.
	tries := 6
	if s.Options().Pick == gate.PickRandom {
		tries = 24
	}
	for i := range tries * s.Options().Gates {
		c := s.NewPlayer(sim.Account(100+i), nil)
		c.Start()
		s.Must("a newcomer gets in", c.In, 20*time.Second)
		if c.Game() == game {
			return
		}
	}
	s.Violate("progress", "no newcomer's avatar is created on %v, which is ready", game)
}

// oneGameIsCutOff: the manager does not reach it, everybody else does.
func oneGameIsCutOff(s *sim.Story, game node.ID) {
	life := s.Life(game)
	s.PartitionFor(sim.ManagerID, game, s.Pick("one-way", 2) == 1, 15*time.Second)
	elsewhere(s, life, 12*time.Second)
}

// noGameForAWhile: the sessions wait for the next ones.
func noGameForAWhile(s *sim.Story, _ node.ID) {
	for i := 1; i <= s.Options().Games; i++ {
		s.Crash(sim.GameID(i), time.Duration(1+s.Pick("restart", 15))*100*time.Millisecond)
	}
	elsewhere(s, node.Peer{}, 12*time.Second)
}

// noGameIsLeft: the sessions end after some time, and everybody comes again.
func noGameIsLeft(s *sim.Story, _ node.ID) {
	s.SessionsMayEnd()
	for i := 1; i <= s.Options().Games; i++ {
		s.Crash(sim.GameID(i), time.Duration(1+s.Pick("restart", 15))*time.Second)
	}
	s.Go(16 * time.Second)
}
