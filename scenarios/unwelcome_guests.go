package scenarios

import (
	"strings"
	"time"

	"messiah/core/client"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/sim"
)

// unwelcomeGuests come to the door: clients without a name or with one that is
// too long, and a process of another protocol. Somebody inside is kicked.
func unwelcomeGuests() *sim.Scenario {
	return &sim.Scenario{
		Name:    "unwelcome-guests",
		About:   "Nobody gets in without a proper name, no process joins that speaks another protocol, and whom an operator kicks is out.",
		Game:    Town(),
		Options: anyCluster,
		Play: func(s *sim.Story) {
			s.SessionsMayEnd()
			s.Open()
			s.Join()
			stranger := s.Stranger(func(cfg *node.Config) { cfg.Version.ProtoMin, cfg.Version.ProtoMax = 999, 999 })
			nameless, endless := s.NewPlayer("", nil), s.NewPlayer(strings.Repeat("x", proto.MaxName+1), nil)
			s.BreaksProtocol(endless)
			nameless.Start()
			endless.Start()

			kicked := s.Players[s.Pick("who", len(s.Players))]
			before := kicked.Status().Kicks
			s.Kick(kicked.Account())
			s.Must("the operator's word is heard", func() bool { return kicked.Status().Kicks > before }, 10*time.Second)

			s.Go(6 * time.Second)
			for _, c := range []*sim.Player{nameless, endless} {
				if c.Status().Logins > 0 {
					s.Violate("admission", "%v is in, and its account is %.10q", c.ID(), c.Account())
				}
				c.Leave()
				s.Must("it rests", func() bool { return !c.Runs() || c.Status().State == client.Resting }, 20*time.Second)
			}
			if listed, _ := s.Listed(s.Life(stranger)); listed {
				s.Violate("admission", "%v has joined, and it speaks another protocol", stranger)
			}
			s.Dismiss(stranger)
		},
	}
}
