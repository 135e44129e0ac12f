package scenarios

import (
	"time"

	"messiah/core/client"
	"messiah/core/node"
	"messiah/netsim"
	"messiah/scenarios/siege"
	"messiah/sim"
	"messiah/sim/choice"
)

// linkBreaks breaks the connections between processes under load. The links
// are the same ones afterwards: a delay, and not a loss.
func linkBreaks() *sim.Scenario {
	return &sim.Scenario{
		Name:  "link-breaks",
		About: "Connections between processes that break under load lose, double and reorder nothing.",
		Marks: []string{"link-broken"},
		Game:  Town(),
		Options: func(o *sim.Options, s choice.Stream) {
			anyCluster(o, s)
			usualTimes(o)
			o.CallEvery = 2 * time.Millisecond
			o.Payload = choice.Pick(s, "payload", []int{16, 16, 16, 4096})
			o.ClientLink = netsim.LAN()
			o.Stall = 0
		},
		Play: func(s *sim.Story) {
			s.Open()
			s.Join()
			scout := s.NewPlayer("scout", func(c *client.Config) {
				c.Method, c.CallEvery = string(siege.Where), 200*time.Millisecond
			})
			scout.Start()
			held := s.Net().Hold(netsim.Match{Class: netsim.Process, Limit: 1, Kind: 0,
				When: func(it *netsim.Item, _ []byte) bool {
					return it.From.Kind() == node.Gate && it.To.Kind() == node.Game && it.Size > 0
				}})
			s.Go(20 * time.Millisecond)
			s.Release(held)
			for range 5 + s.Pick("rounds", 20) {
				s.BreakLinks(s.AnyServer())
				s.Wait("between", 100*time.Millisecond)
			}
			if s.Pick("partition", 3) == 1 {
				s.PartitionFor(sim.GateID(1), sim.GameID(1), s.Pick("one-way", 2) == 1, 5*time.Second)
				s.Go(6 * time.Second)
			}
			s.Go(3 * time.Second) // connections that last a while end the back-off
			callsGoOn(s)
			nobodyLost(s)
			s.Must("the scout has found its way", func() bool { return scout.Status().Calls.Done > 0 }, 10*time.Second)
		},
	}
}

// callsGoOn breaks the connections of one more process and wants every client's
// calls to be answered again at once.
func callsGoOn(s *sim.Story) {
	s.BreakLinks(s.AnyServer())
	before := make([]uint64, len(s.Players))
	for i, c := range s.Players {
		before[i] = c.Status().Calls.Done
	}
	s.Must("calls go on", func() bool {
		for i, c := range s.Players {
			if c.Status().Calls.Done < before[i]+uint64(s.Options().Outstanding)+1 {
				return false
			}
		}
		return true
	}, 700*time.Millisecond)
}
