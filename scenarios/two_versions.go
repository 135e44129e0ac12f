package scenarios

import (
	"time"

	"messiah/core/client"
	"messiah/core/proto"
	"messiah/core/rpc"
	"messiah/core/session"
	"messiah/core/wire"
	"messiah/scenarios/siege"
	"messiah/sim"
)

// twoVersions is a cluster in the middle of a rolling upgrade: each process and each
// client knows today's names or tomorrow's. Two more clients speak protocols of another age.
func twoVersions() *sim.Scenario {
	return &sim.Scenario{
		Name:    "two-versions",
		About:   "Versions with other RPC names work together, one without a common protocol is refused, and each hears which side is older.",
		Game:    Town(),
		Options: anyCluster,
		Play: func(s *sim.Story) {
			today, tomorrow := gameVersions()
			either := func(label string) wire.Version {
				if s.Pick(label, 2) == 1 {
					return tomorrow
				}
				return today
			}
			gates := either("gates")
			for i := range s.Options().Gates {
				s.Speaks(sim.GateID(i+1), gates)
			}
			for i := range s.Options().Games {
				s.Speaks(sim.GameID(i+1), either("game"))
			}
			s.Speaks(sim.ManagerID, either("manager"))
			s.Speaks(sim.DBID, either("db"))
			s.Open()
			for i := range s.Options().Clients {
				joinAs(s, sim.Account(i+1), either("client"), gates)
			}
			s.Go(2 * time.Second)
			refuse(s, "past", wire.Version{}, session.OlderClient)
			refuse(s, "future", wire.Version{ProtoMin: 1000, ProtoMax: 2000}, session.OlderServer)
			s.Go(2 * time.Second)
		},
	}
}

// gameVersions returns the sample game's version, and that of a game that knows more names.
func gameVersions() (today, tomorrow wire.Version) {
	old := siege.RPC()
	next, err := rpc.Extend(old, append(old.Names(), "later"))
	if err != nil {
		panic(err.Error())
	}
	return proto.Version(old.Schema(), old.Digest()), proto.Version(next.Schema(), next.Digest())
}

// joinAs lets a player of a version in, and checks that it heard which side is older.
func joinAs(s *sim.Story, account string, v, gates wire.Version) {
	c := s.NewPlayer(account, nil)
	s.Players = append(s.Players, c)
	s.Speaks(c.ID(), v)
	c.Start()
	s.Must("the player is in, whatever its version", c.In, 30*time.Second)
	want := map[wire.Side]string{wire.First: session.OlderServer, wire.Second: session.OlderClient}
	if _, older := wire.Compare(gates, v); c.Status().Older != want[older] {
		s.Violate("admission", "%v has schema %d, the gates have %d, and it heard that older is %q",
			c.ID(), v.Schema, gates.Schema, c.Status().Older)
	}
}

// refuse lets a client come whose protocol nobody here speaks.
func refuse(s *sim.Story, account string, v wire.Version, older string) {
	c := s.NewPlayer(account, nil)
	s.Speaks(c.ID(), v)
	c.Start()
	s.Must("it is told which side is older", func() bool { return c.Status().Older == older }, 20*time.Second)
	c.Leave()
	s.Must("it rests", func() bool { return !c.Runs() || c.Status().State == client.Resting }, 20*time.Second)
	if c.Status().Logins > 0 {
		s.Violate("admission", "%v is in, and speaks another protocol", c.ID())
	}
}
