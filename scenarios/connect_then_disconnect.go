package scenarios

import (
	"time"

	"messiah/core/node"
	"messiah/sim"
	"messiah/sim/choice"
)

// connectThenDisconnect is the race of the source notes: a client connects and
// drops at once, and the callback "connected" is taken off the queue when the
// connection is long gone. The first act is that race itself, held open; the
// second lets clients drop at every step of the login.
func connectThenDisconnect() *sim.Scenario {
	return &sim.Scenario{
		Name:  "connect-then-disconnect",
		About: "A client that drops at any step of its login leaves nothing behind, and no handler sees a connection that is gone.",
		Game:  Town(),
		Options: func(o *sim.Options, s choice.Stream) {
			anyCluster(o, s)
			o.Gates = 1 + s.Choose("gates", 2)
		},
		Play: func(s *sim.Story) {
			s.Open()
			dropBehindABusyLoop(s)
			s.Join()
			dropAtSomeStep(s)
		},
	}
}

// dropBehindABusyLoop: the gate's loop is busy while a client connects and
// drops, so that "connected" and "disconnected" both wait when it is free again.
func dropBehindABusyLoop(s *sim.Story) {
	c := s.NewPlayer("hasty", nil)
	gone := false
	s.OnStep("login", "accept", c.ID(), 0, func(node.ID) {
		for i := 1; i <= s.Options().Gates; i++ {
			s.Occupy(sim.GateID(i), 2500*time.Millisecond)
		}
		// By then the begin of the session has reached the gate, and the end soon will.
		s.After(time.Second, func() { c.Leave(); gone = true })
	})
	c.Start()
	s.Must("the hasty client connects", func() bool { return gone }, 30*time.Second)
	s.Must("it rests", func() bool { return !c.Runs() }, 20*time.Second)
	s.Go(3 * time.Second)
	if o := s.Options(); o.ClientLink.Loss == 0 && o.ClientLink.Stall == 0 {
		s.Expect("session-withdrawn-unseen", "connected-after-the-drop")
	}
}

// dropAtSomeStep: clients that drop, crash or are cut off right behind a step of
// their login, each at another one.
func dropAtSomeStep(s *sim.Story) {
	kinds := [...]sim.FaultKind{sim.DropClient, sim.CrashClient, sim.CutClient}
	steps := sim.StepNames("login")
	for i := range 3 {
		c := s.NewPlayer(sim.Account(100+i), nil)
		kind := choice.Pick(s.Draw(), "kind", kinds[:])
		step := choice.Pick(s.Draw(), "step", steps)
		s.Strike("login", step, kind, c)
		c.Start()
		s.Wait("between", 50*time.Millisecond)
	}
	s.Go(s.Options().Duration)
}
