package scenarios

import (
	"time"

	"messiah/core/node"
	"messiah/core/proto"
	"messiah/netsim"
	"messiah/sim"
	"messiah/sim/choice"
)

// What the stories of drains share: clients and entities call each other all the while, and a
// drain ends the session of nobody.

// drainCluster is a small cluster on any links in which nothing fails by itself.
func drainCluster(o *sim.Options, s choice.Stream) {
	anyCluster(o, s)
	usualTimes(o)
	o.Gates, o.Games, o.Clients = 1+s.Choose("more-gates", 2), 2+s.Choose("more-games", 2), 2+s.Choose("clients", 5)
	o.Stall, o.StoreDouble = 0, 0
	o.ClientLink = choice.Pick(s, "client-link", []netsim.Profile{netsim.LAN(), netsim.Profiles()[1]})
	o.Grace = 30 * time.Second
}

// drainedWithin is how long a drain takes at most in which nothing fails.
const drainedWithin = 30 * time.Second

// drain orders a game drained, and may do so twice.
func drain(s *sim.Story, game node.ID) {
	for range 1 + s.Pick("again", 2) {
		if err := s.Operate(proto.OrderDrain, game); err != nil {
			s.Violate("progress", "the manager does not drain %v: %v", game, err)
		}
		s.Go(0)
	}
}

// drains has a game drained, with its process gone in good order at the end.
func drains(s *sim.Story, game node.ID) {
	drain(s, game)
	leaves(s, game)
	s.Must("the manager knows it no more", func() bool { _, known := s.Standing(game); return !known }, 5*time.Second)
}

// undisturbed wants no player to have been sent away, to have lost its session or its game.
func undisturbed(s *sim.Story) {
	for _, c := range s.Players {
		st := c.Status()
		if st.Kicks > 0 || st.Losses > 0 || st.Logins > 1 || st.Calls.Unknown > 0 {
			s.Violate("progress", "%s was kicked %d times, lost its session %d times, logged in %d times, and does not know of %d calls",
				c.Account(), st.Kicks, st.Losses, st.Logins, st.Calls.Unknown)
		}
	}
}

// drainAGame drains a game under players who call and are called, while others come.
func drainAGame() *sim.Scenario {
	return &sim.Scenario{
		Name:    "drain-a-game",
		About:   "A drained game takes no newcomers and leaves once everybody lives elsewhere: nobody is disconnected, no call is lost.",
		Marks:   []string{"drain-begins", "drained"},
		Game:    Letters(),
		Options: drainCluster,
		Play: func(s *sim.Story) {
			s.Open()
			s.Join()
			s.Wait("before", time.Second)
			game := sim.GameID(1 + s.Pick("game", s.Options().Games))
			switch s.Pick("how", 3) {
			case 1:
				changesItsMind(s, game)
			case 2:
				aloneAgain(s, game)
			}
			drain(s, game)
			s.Must("the game knows that it is closed", func() bool { return s.Closed(game) || s.Left(game) }, 5*time.Second)
			latecomers(s, game)
			leaves(s, game)
			s.Must("everybody plays on", s.AllPlay, drainedWithin)
			undisturbed(s)
			s.Start(game)
			s.Must("its next life is open", func() bool { return ready(s, game) && !s.Closed(game) }, 20*time.Second)
			s.Go(time.Second)
			undisturbed(s)
		},
	}
}

// ready tells whether the present life of a game is ready for avatars.
func ready(s *sim.Story, game node.ID) bool {
	_, ready := s.Listed(s.Life(game))
	return ready
}

// latecomers has players come while a game is closed: none may come to live there.
func latecomers(s *sim.Story, game node.ID) {
	for i := range s.Pick("latecomers", 4) {
		c := s.NewPlayer(sim.Account(100+i), nil)
		s.Players = append(s.Players, c)
		c.Start()
		s.Must("a latecomer is in", c.In, 10*time.Second)
		if c.Game() == game {
			s.Violate("admission", "%s came in at %v, which is closed", c.Account(), game)
		}
		s.Wait("next", 100*time.Millisecond)
	}
}

// changesItsMind drains a game and opens it again.
func changesItsMind(s *sim.Story, game node.ID) {
	drain(s, game)
	s.Wait("drained-for", 20*time.Millisecond)
	_ = s.Operate(proto.OrderOpen, game) // it may have left already
	s.Go(time.Second)
	if s.Left(game) {
		s.Start(game)
	}
	s.Must("the game is open again", func() bool { return ready(s, game) && !s.Closed(game) }, 20*time.Second)
}

// aloneAgain closes every other game first: nobody may be drained to them.
func aloneAgain(s *sim.Story, game node.ID) {
	for i := range s.Options().Games {
		if other := sim.GameID(i + 1); other != game {
			if err := s.Operate(proto.OrderClose, other); err != nil {
				s.Violate("progress", "%v is not closed: %v", other, err)
			}
			s.Must("it is closed", func() bool { return s.Closed(other) }, 5*time.Second)
		}
	}
	if s.Operate(proto.OrderDrain, game) == nil {
		s.Violate("progress", "%v is drained, and no other game is open", game)
	}
	for i := range s.Options().Games {
		if other := sim.GameID(i + 1); other != game {
			if err := s.Operate(proto.OrderOpen, other); err != nil {
				s.Violate("progress", "%v is not opened: %v", other, err)
			}
		}
	}
	s.Go(10 * time.Millisecond)
}

// rollingRestart drains every game in its turn and starts it again.
func rollingRestart() *sim.Scenario {
	return &sim.Scenario{
		Name:    "rolling-restart",
		About:   "Every game is drained and started again in its turn, and no player notices.",
		Marks:   []string{"drained"},
		Game:    Letters(),
		Options: drainCluster,
		Play: func(s *sim.Story) {
			s.Open()
			s.Join()
			for i := range s.Options().Games {
				s.Wait("before", 500*time.Millisecond)
				game := sim.GameID(i + 1)
				drains(s, game)
				s.Start(game)
				s.Must("its next life is ready", func() bool { return ready(s, game) }, 20*time.Second)
			}
			s.Must("everybody plays on", s.AllPlay, drainedWithin)
			undisturbed(s)
		},
	}
}

// leaves wants a game that is drained to be gone within the time.
func leaves(s *sim.Story, game node.ID) {
	if !s.Until(func() bool { return s.Left(game) }, drainedWithin) && s.Verdict() == nil {
		st, _ := s.Standing(game)
		s.Violate("progress", "%v has not left within %v: %+v", game, drainedWithin, st.Drain)
	}
	s.Go(0)
}
