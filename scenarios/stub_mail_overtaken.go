package scenarios

import (
	"time"

	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
	"messiah/netsim"
	"messiah/scenarios/siege"
	"messiah/sim"
	"messiah/sim/choice"
)

// stubMailOvertaken holds what a gate has sent to the stub's game, kills the gate,
// and lets it go when the senders have gone on by another gate.
func stubMailOvertaken() *sim.Scenario {
	return &sim.Scenario{
		Name:  "stub-mail-overtaken",
		About: "What a dead gate had sent to a stub never runs behind what came by the next gate.",
		Game:  Letters(),
		Options: func(o *sim.Options, s choice.Stream) {
			usualTimes(o)
			o.Gates, o.Games, o.Clients = 3, 2, 3+s.Choose("clients", 3)
			o.ClientLink = netsim.LAN()
		},
		Play: func(s *sim.Story) {
			s.SessionsMayEnd()
			s.Open()
			s.Join()
			s.Go(2 * time.Second)
			stub := s.StubGame(string(siege.Posts))
			gate, held := holdMailTo(s, stub)
			life := s.Life(gate)
			s.Crash(gate, 30*time.Second)
			s.Must("the gate is known for dead", func() bool { _, ready := s.Listed(life); return !ready }, 10*time.Second)
			s.Go(time.Second + time.Duration(s.Pick("later", 1000))*time.Millisecond)
			s.Release(held)
			s.Go(time.Second)
		},
	}
}

// byName tells whether a frame is mail to a stub that was found by its name.
func byName(_ *netsim.Item, frame []byte) bool {
	f, _, err := wire.Split(frame)
	var m proto.Mail
	return err == nil && wire.Decode(f.Payload, &m) == nil && m.Named
}

// holdMailTo holds the mail of one gate to a game, of the first that has some.
func holdMailTo(s *sim.Story, game node.ID) (gate node.ID, held *netsim.Held) {
	holds := map[node.ID]*netsim.Held{}
	for i := 1; i <= s.Options().Gates; i++ {
		holds[sim.GateID(i)] = s.Net().Hold(netsim.Match{From: sim.GateID(i), To: game, Class: netsim.Process, Kind: proto.TypeMail, When: byName})
	}
	found := func() bool {
		for i := 1; i <= s.Options().Gates; i++ {
			if holds[sim.GateID(i)].Len() > 0 {
				gate = sim.GateID(i)
				return true
			}
		}
		return false
	}
	s.Must("a gate has mail for the stub", found, 10*time.Second)
	for i := 1; i <= s.Options().Gates; i++ {
		if id := sim.GateID(i); id != gate {
			s.Release(holds[id])
		}
	}
	return gate, holds[gate]
}
