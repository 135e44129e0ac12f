package scenarios

import (
	"time"

	"messiah/core/client"
	"messiah/core/node"
	"messiah/netsim"
	"messiah/sim"
	"messiah/sim/choice"
)

// lateAnswers holds answers to a login up until its client is gone, its gate
// has given it up, or the gate itself is lost.
func lateAnswers() *sim.Scenario {
	return &sim.Scenario{
		Name:  "late-answers",
		About: "An answer to a login that comes when the client is gone, or its gate has given up, leaves no avatar behind and hurts nobody else.",
		Game:  Town(),
		Options: func(o *sim.Options, s choice.Stream) {
			anyCluster(o, s)
			usualTimes(o)
			o.Gates, o.Games = 2, 1+s.Choose("two-games", 2)
			o.ClientLink = netsim.LAN()
			o.Stall = 0
			o.StoreLatency = choice.Pick(s, "slow-store", slowStores())
		},
		Play: func(s *sim.Story) {
			s.SessionsMayEnd()
			s.Open()
			acts := [...]func(*sim.Story){
				goneWhileEntering, goneWhileRedirected, givenUp, gateOfTheNextIsLost, lostWhileKicked, answerToAnEarlierLife,
			}
			act := s.Pick("act", len(acts))
			if act < len(acts)-1 {
				s.Join()
			}
			acts[act](s)
			s.Go(s.Options().Duration)
		},
	}
}

// goneWhileEntering: the client is gone and the word that its avatar lives waits
// behind that at the gate. Then the game is lost, which must not bring it back.
func goneWhileEntering(s *sim.Story) {
	c := s.NewPlayer("hasty", throughGate(1))
	s.OnStep("login", "claimed", 0, 0, func(game node.ID) {
		s.Occupy(sim.GateID(1), 300*time.Millisecond)
		c.Crash()
		s.OnStep("login", "entered", sim.GateID(1), 0, func(node.ID) { s.Crash(game, time.Second) })
	})
	c.Start()
	s.Go(4 * time.Second)
}

// goneWhileRedirected: as before, and the word is that the avatar lives
// elsewhere. Who plays there must not lose its place to one that is gone.
func goneWhileRedirected(s *sim.Story) {
	one := s.Players[0]
	other := otherGate(one)
	c := s.NewPlayer(one.Account(), throughGate(other))
	home, asked, kicks := one.Game(), node.ID(0), one.Status().Kicks
	s.OnStep("login", "enter", 0, 0, func(game node.ID) { asked = game })
	s.OnStep("login", "store-read", sim.DBID, 0, func(node.ID) {
		s.Occupy(sim.GateID(other), 300*time.Millisecond)
		c.Crash()
	})
	c.Start()
	s.Go(4 * time.Second)
	if home != asked && s.Options().Delivery == node.Immediate && one.Status().Kicks > kicks {
		s.Violate("routes", "%v lost its place to a client that was gone", one.ID())
	}
}

// otherGate is the one of two gates that a client does not use.
func otherGate(c *sim.Player) int {
	if c.Gate() == sim.GateID(1) {
		return 2
	}
	return 1
}

// givenUp: the game's answer, yes or no, reaches the gate when that waits for it no longer.
func givenUp(s *sim.Story) {
	c := s.NewPlayer("patient", throughGate(1))
	s.OnStep("login", "enter", 0, 0, func(game node.ID) {
		if s.Pick("refused", 2) == 1 {
			s.FailStore(3 * time.Second)
		}
		s.PartitionFor(game, sim.GateID(1), s.Pick("one-way", 2) == 1, 6*time.Second)
	})
	c.Start()
	s.Go(8 * time.Second)
	s.Must("the client gets in after all", c.In, 20*time.Second)
}

// gateOfTheNextIsLost: the avatar is being saved on its way out, another client
// waits for it, and the gate of that one dies.
func gateOfTheNextIsLost(s *sim.Story) {
	one := s.Players[0]
	other := otherGate(one)
	one.Leave()
	s.Wait("leaving", 20*time.Millisecond)
	c := s.NewPlayer(one.Account(), throughGate(other))
	s.OnStep("login", "enter", 0, 0, func(node.ID) { s.Crash(sim.GateID(other), 2*time.Second) })
	c.Start()
	s.Wait("gone", time.Second)
	c.Crash()
	s.Go(4 * time.Second)
}

// lostWhileKicked: the word that another client took the avatar and the word
// that the one before was lost cross between game and gate.
func lostWhileKicked(s *sim.Story) {
	one := s.Players[0]
	gate, home := one.Gate(), one.Game()
	c := s.NewPlayer(one.Account(), throughGate(otherGate(one)))
	s.OnStep("login", "enter", home, 0, func(node.ID) {
		s.Occupy(gate, 300*time.Millisecond)
		one.Drop()
	})
	c.Start()
	s.Go(2 * time.Second)
}

// answerToAnEarlierLife: the only game dies while the db works on its first
// claim, and its next life makes the same claim before the answer is there.
func answerToAnEarlierLife(s *sim.Story) {
	s.SlowStore(1500*time.Millisecond, 6*time.Second)
	c := s.NewPlayer("early", nil)
	s.OnStep("login", "claim", 0, 0, func(node.ID) {
		for i := 1; i <= s.Options().Games; i++ {
			s.Crash(sim.GameID(i), 100*time.Millisecond)
		}
	})
	c.Start()
	s.Go(8 * time.Second)
	s.Must("the client is in", c.In, 10*time.Second)
}

// throughGate lets a client know one gate alone.
func throughGate(i int) func(*client.Config) {
	return func(cfg *client.Config) {
		cfg.Gates = cfg.Gates[i-1 : i]
		cfg.StayKicked = true
	}
}
