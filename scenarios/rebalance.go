package scenarios

import (
	"time"

	"messiah/core/node"
	"messiah/core/proto"
	"messiah/netsim"
	"messiah/sim"
	"messiah/sim/choice"
)

// rebalance fills one game, opens the others, and looks who is moved where.
func rebalance() *sim.Scenario {
	return &sim.Scenario{
		Name:  "rebalance",
		About: "A full game is relieved by emptier ones until it is full no more: nobody is moved twice or back, and nobody is disconnected.",
		Game:  Letters(),
		Options: func(o *sim.Options, s choice.Stream) {
			anyCluster(o, s)
			usualTimes(o)
			o.Gates, o.Games = 1+s.Choose("more-gates", 2), 2+s.Choose("more-games", 2)
			o.Clients = 6 + s.Choose("clients", 7)
			o.Rebalance = 3 + s.Choose("high", 6)
			o.Stall, o.StoreDouble = 0, 0
			o.CallEvery = 200 * time.Millisecond
			o.ClientLink = netsim.LAN()
		},
		Play: func(s *sim.Story) {
			s.Open()
			for i := 1; i < s.Options().Games; i++ {
				if err := s.Operate(proto.OrderClose, sim.GameID(i+1)); err != nil {
					s.Violate("progress", "%v is not closed: %v", sim.GameID(i+1), err)
				}
			}
			s.Must("the other games are closed", func() bool { return s.Closed(sim.GameID(s.Options().Games)) }, 5*time.Second)
			s.Join()
			for i := 1; i < s.Options().Games; i++ {
				_ = s.Operate(proto.OrderOpen, sim.GameID(i+1))
			}
			relieved(s)
			undisturbed(s)
		},
	}
}

// relieved follows where everybody is until the games have long been in balance.
func relieved(s *sim.Story) {
	at := map[string]node.ID{}
	for _, c := range s.Players {
		at[c.Account()] = c.Game()
	}
	moves := map[[2]node.ID]int{}
	for range 300 {
		s.Go(50 * time.Millisecond)
		for _, c := range s.Players {
			was, is := at[c.Account()], c.Game()
			if is == was || is == 0 {
				continue
			}
			at[c.Account()] = is
			moves[[2]node.ID{was, is}]++
			if back := moves[[2]node.ID{is, was}]; back > 0 {
				s.Violate("balance", "%s is moved from %v to %v, and %d were moved the other way before", c.Account(), was, is, back)
			}
		}
	}
	balanced(s, at, moves)
}

// balanced wants no game to be as full as to be relieved, with an emptier one beside it.
func balanced(s *sim.Story, at map[string]node.ID, moves map[[2]node.ID]int) {
	loads := make([]int, s.Options().Games)
	for _, c := range s.Players {
		game := at[c.Account()]
		loads[game.Index()-1]++
	}
	least, most := loads[0], loads[0]
	for _, n := range loads {
		least, most = min(least, n), max(most, n)
	}
	high := s.Options().Rebalance
	if most > high && most-least > max(high/4, 1) {
		s.Violate("balance", "the games have %v avatars, and over %d one is relieved; %d pairs of games moved some", loads, high, len(moves))
	}
	if s.Options().Clients <= high && len(moves) > 0 {
		s.Violate("balance", "no game was full, and avatars were moved")
	}
}
