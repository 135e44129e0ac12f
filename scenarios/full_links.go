package scenarios

import (
	"time"

	"messiah/core/node"
	"messiah/core/proto"
	"messiah/netsim"
	"messiah/sim"
	"messiah/sim/choice"
)

// fullLinks lets what is sent to a process pile up, with buffers that are as
// large as ever or so small that they are full at once.
func fullLinks() *sim.Scenario {
	return &sim.Scenario{
		Name:  "full-links",
		About: "What is kept for a process that takes nothing stays within its bound, whoever cannot be served is told, and the room is given back.",
		Game:  Town(),
		Options: func(o *sim.Options, s choice.Stream) {
			anyCluster(o, s)
			usualTimes(o)
			o.ClientLink, o.Stall, o.Duration = netsim.LAN(), 0, 2*time.Second
			o.Clients, o.Outstanding, o.CallEvery = 8, 8, 100*time.Millisecond
			o.Payload = 30_000
			if s.Choose("small", 2) == 1 {
				o.LinkBytes, o.Payload = 64<<10, 1000
			}
		},
		Play: func(s *sim.Story) {
			s.SessionsMayEnd()
			s.Open()
			s.Join()
			if s.Options().LinkBytes < node.MaxLinkBytes && s.Pick("act", 2) == 1 {
				neverAcknowledges(s)
			} else {
				pilesUp(s)
			}
			s.Go(s.Options().Duration)
		},
	}
}

// pilesUp: a gate and a game do not reach each other for a while, and players call all the time.
func pilesUp(s *sim.Story) {
	c := s.Players[s.Pick("who", len(s.Players))]
	s.PartitionFor(c.Game(), c.Gate(), s.Pick("one-way", 2) == 1, 2*time.Second)
	s.Go(4 * time.Second)
}

// neverAcknowledges: a process takes every list of the manager and says each time that it has none. The manager
// has promised more than it can keep then, and ends; its next life knows nothing of that process.
func neverAcknowledges(s *sim.Story) {
	b := &breaker{Story: s, lives: 1}
	r := s.RawPeer(b.life(node.Game))
	c := b.linking(r, sim.ManagerID, 0, false)
	c.Say(&proto.Register{})
	before := s.Life(sim.ManagerID)
	ended := func() bool { return s.Life(sim.ManagerID) != before }
	for range 1000 {
		if ended() {
			break
		}
		c.Frame(sim.FramePing, make([]byte, 8))
		for range 10 {
			c.Say(&proto.StubsMade{})
		}
		s.Go(200 * time.Millisecond)
	}
	if !ended() {
		s.Violate("bounded", "the manager has kept more lists than there is room for")
	}
	r.Vanish()
	s.Must("the cluster admits logins again", s.Admits, 20*time.Second)
}
