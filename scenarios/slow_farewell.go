package scenarios

import (
	"time"

	"messiah/sim"
	"messiah/sim/choice"
)

// slowFarewell stops gates and games while their players are half gone and the store is slow or fails.
func slowFarewell() *sim.Scenario {
	return &sim.Scenario{
		Name:  "slow-farewell",
		About: "A process that is asked to stop waits for the saves that are under way, though not for ever, however often it is asked.",
		Game:  Town(),
		Options: func(o *sim.Options, s choice.Stream) {
			anyCluster(o, s)
			usualTimes(o)
			o.Gates, o.Games, o.Stall = 2, 2, 0
			o.Clients = 2 + s.Choose("more-clients", 3)
			o.Duration = time.Second
		},
		Play: func(s *sim.Story) {
			s.SessionsMayEnd()
			s.Open()
			s.Join()
			s.Wait("play", time.Second)
			acts := [...]func(*sim.Story){askedAgain, stoppedWhileLeaving, stoppedWithNobody}
			acts[s.Pick("act", len(acts))](s)
			s.HealAll()
			s.Must("the cluster is whole again", s.Admits, 30*time.Second)
		},
	}
}

// drainWithin is how long a stopping process waits for saves.
const drainWithin = 5 * time.Second

// askedAgain: no save is possible, and the process is asked to stop a second time.
func askedAgain(s *sim.Story) {
	c := s.Players[0]
	id := c.Gate()
	if s.Pick("game", 2) == 1 {
		id = c.Game()
	}
	life := s.Life(id)
	s.FailStore(20 * time.Second)
	s.Stop(id, time.Second)
	s.Go(drainWithin - time.Second)
	if s.Life(id) != life {
		s.Violate("durable", "%v has not waited for its saves", id)
	}
	s.Stop(id, time.Second)
	s.Must("it has left", func() bool { return s.Life(id) != life }, 1500*time.Millisecond)
}

// stoppedWhileLeaving: the gate of a player whose avatar is being saved is stopped.
func stoppedWhileLeaving(s *sim.Story) {
	c := s.Players[0]
	gate := c.Gate()
	life := s.Life(gate)
	s.SlowStore(time.Second, 20*time.Second)
	var leaving []*sim.Player
	for _, one := range s.Players {
		if one.Gate() == gate {
			leaving = append(leaving, one)
			one.Leave()
		}
	}
	s.Go(500 * time.Millisecond)
	s.Stop(gate, time.Second)
	s.Must("it has left", func() bool { return s.Life(gate) != life }, drainWithin-100*time.Millisecond)
	for _, one := range leaving {
		if s.Avatars(one.Account()) > 0 {
			s.Violate("durable", "%v has left, and the avatar of its client %s is not saved", gate, one.Account())
		}
	}
}

// stoppedWithNobody: a game is stopped whose avatars wait for clients that were lost with their gate.
func stoppedWithNobody(s *sim.Story) {
	c := s.Players[0]
	gate, game := c.Gate(), c.Game()
	for _, one := range s.Players {
		if one.Gate() == gate {
			one.Crash()
		}
	}
	life := s.Life(game)
	s.Crash(gate, 10*time.Second)
	s.Must("the gate is known dead", func() bool { return !s.Linked(game, gate) }, 10*time.Second)
	s.Stop(game, time.Second)
	s.Must("it has left", func() bool { return s.Life(game) != life }, drainWithin-500*time.Millisecond)
}
