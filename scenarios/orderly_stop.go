package scenarios

import (
	"time"

	"messiah/core/game"
	"messiah/core/node"
	"messiah/sim"
	"messiah/sim/choice"
)

// orderlyStop stops processes as an operator does, one after the other, under
// players who come and go.
func orderlyStop() *sim.Scenario {
	return &sim.Scenario{
		Name:  "orderly-stop",
		About: "A process that is asked to stop leaves soon, nothing that its players did is lost, and they play on with the others or its next life.",
		Game:  Town(),
		Options: func(o *sim.Options, s choice.Stream) {
			anyCluster(o, s)
			usualTimes(o)
			o.Games = 2 + s.Choose("more-games", 2)
			o.Stall = 0
		},
		Play: func(s *sim.Story) {
			s.SessionsMayEnd()
			s.Open()
			s.Join()
			if s.Pick("guest", 3) == 1 {
				guestComesAndGoes(s)
			}
			for i := range 1 + s.Pick("stops", 4) {
				s.Wait("before", time.Second)
				newcomer := s.NewPlayer(sim.Account(100+i), nil)
				newcomer.Start()
				s.Wait("at-the-door", 300*time.Millisecond)
				stopOne(s)
				s.Must("the cluster is whole again", s.Admits, 20*time.Second)
				s.Must("everybody plays again", s.AllIn, 20*time.Second)
			}
		},
	}
}

// guestComesAndGoes: one more game joins, has players, and is taken away for good.
func guestComesAndGoes(s *sim.Story) {
	guest := s.Stranger(nil)
	s.Must("one more game is ready", func() bool { _, ready := s.Listed(s.Life(guest)); return ready }, 10*time.Second)
	for i := range 4 {
		s.NewPlayer(sim.Account(200+i), nil).Start()
		s.Wait("one-more", 300*time.Millisecond)
	}
	life := s.Life(guest)
	s.Stop(guest, 0)
	s.Must("it has left", func() bool { return s.Life(guest) != life }, 4*time.Second)
	s.Dismiss(guest)
}

// stopOne stops a gate, a game or the db and wants it to be gone well before it
// would give up draining, where there is a db.
func stopOne(s *sim.Story) {
	id := sim.DBID
	switch s.Pick("role", 5) {
	case 0, 1:
		id = sim.GameID(1 + s.Pick("game", s.Options().Games))
	case 2, 3:
		id = sim.GateID(1 + s.Pick("gate", s.Options().Gates))
	}
	if id.Kind() == node.Game && s.Pick("cut-off", 3) == 1 {
		cutOff(s, id)
	}
	life := s.Life(id)
	restart := time.Duration(1+s.Pick("restart", 20)) * 200 * time.Millisecond
	s.Stop(id, restart)
	if s.Pick("twice", 3) == 1 {
		s.Stop(id, restart)
	}
	within := 4 * time.Second
	if !s.Runs(sim.DBID) {
		// The db was stopped before: what has to be saved waits for its next life, or until draining is given up.
		within = game.DefaultDrainWithin + time.Second
	}
	s.Must("it has left", func() bool { return s.Life(id) != life }, within)
}

// cutOff makes a game one that was declared dead and does not know it, whose
// players have logged in elsewhere: what it saves now must not land.
func cutOff(s *sim.Story, id node.ID) {
	life := s.Life(id)
	s.PartitionFor(sim.ManagerID, id, false, 8*time.Second)
	s.Must("the game is declared dead", func() bool { listed, _ := s.Listed(life); return !listed }, 8*time.Second)
	rivals(s, 2)
}
