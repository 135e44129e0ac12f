package scenarios

import (
	"time"

	"messiah/core/client"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/scenarios/siege"
	"messiah/sim"
)

// More than one migration: of one runner behind or during another, of several at once.

// migrateAskedTwice has game code ask for a second migration while one is under way.
func migrateAskedTwice() *sim.Scenario {
	return &sim.Scenario{
		Name:    "migrate-asked-twice",
		About:   "A second migration that is asked for during one is refused or comes behind it, and whoever asked for either is told.",
		Game:    Letters(),
		Options: moveCluster,
		Play: func(s *sim.Story) {
			p := setOut(s)
			all := pauses()
			held := p.standsAt(all[p.Pick("pause", len(all))])
			first := storyKeys + p.asked
			p.letters()
			second := tell(p, p.ann, siege.Travel, siege.Trip{Game: p.third})
			p.letters()
			p.Wait("stands", 200*time.Millisecond)
			p.Release(held)
			for _, key := range []uint64{first, second} {
				p.Must("ann is told where her runner is", func() bool { _, ended := p.ann.Answered(key); return ended }, 2*time.Second)
			}
			p.goesOn()
			p.remembers()
		},
	}
}

// migrateChain has ann's runner go on before the game behind it knows that it has arrived.
func migrateChain() *sim.Scenario {
	return &sim.Scenario{
		Name:    "migrate-chain",
		About:   "A runner that goes from A to B and on to C or back to A, while A still waits to hear of it, lives once and gets what was sent to A.",
		Game:    Letters(),
		Options: moveCluster,
		Play: func(s *sim.Story) {
			p := setOut(s)
			held := p.standsAt(pauseAt([]string{"departed", "live-ack", "live-heard"}[p.Pick("pause", 3)]))
			for range 1 + p.Pick("trips", 3) {
				p.letters()
				to := []node.ID{p.third, p.source, p.target}[p.Pick("to", 3)]
				tell(p, p.ann, siege.Travel, siege.Trip{Game: to})
				p.Wait("between", 20*time.Millisecond)
			}
			p.Wait("stands", 500*time.Millisecond)
			p.Release(held)
			for range 1 + p.Pick("more-trips", 3) {
				p.letters()
				tell(p, p.ann, siege.Travel, siege.Trip{Game: []node.ID{p.third, p.source, p.target}[p.Pick("to", 3)]})
				p.Wait("between", 5*time.Millisecond)
			}
			p.goesOn()
			p.remembers()
		},
	}
}

// migrateChainLost has A hear of neither arrival, and the game and the arbiter that it might ask die.
func migrateChainLost() *sim.Scenario {
	return &sim.Scenario{
		Name:    "migrate-chain-lost",
		About:   "Where a runner has gone on from B to C and both B and the arbiter die, A, which has not heard that it arrived, does not wake its copy.",
		Marks:   []string{"migrate-arbiter-and-target-lost", "take-refused"},
		Game:    Letters(),
		Options: moveCluster,
		Play: func(s *sim.Story) {
			p := setOut(s)
			unheard := p.standsAt(pauseAt("departed"))
			live := p.stopped(p.gate, p.third, proto.TypeLive)
			tell(p, p.ann, siege.Travel, siege.Trip{Game: p.third})
			p.until("the third game is to run the runner", live)
			p.Crash(p.gate, 5*time.Second)
			p.Crash(p.target, 5*time.Second)
			p.Lose(unheard)
			p.Must("the first game knows of both deaths", func() bool { return p.Marks()["migrate-arbiter-and-target-lost"] > 0 }, 10*time.Second)
			p.Wait("knows", 100*time.Millisecond)
			p.Go(50 * time.Millisecond)
			p.Release(live)
			p.goesOn()
			p.remembers()
		},
	}
}

// migrateSwap has runners change places, two of them or three in a circle.
func migrateSwap() *sim.Scenario {
	return &sim.Scenario{
		Name:    "migrate-swap",
		About:   "Runners that change places with each other, writing to each other all the while, all arrive.",
		Game:    Letters(),
		Options: moveCluster,
		Play: func(s *sim.Story) {
			p := setOut(s)
			all := []*sim.Player{p.ann, p.bob, p.enter("cat")}
			for i, c := range all {
				p.goesTo(c, sim.GameID(1+i))
			}
			n := 2 + p.Pick("circle", 2)
			for range 2 {
				homes := make([]siege.Card, n)
				for i := range n {
					homes[i] = p.lives(all[i], 0).Card
				}
				var keys []uint64
				for i := range n {
					for j := range n {
						p.write(all[i], homes[j], siege.Via(p.Pick("via", 2)), 2)
					}
					keys = append(keys, tell(p, all[i], siege.Travel, siege.Trip{Game: sim.GameID(1 + (i+1)%n)}))
					p.write(all[i], homes[(i+1)%n], siege.ByProxy, 2)
					p.Wait("apart", time.Millisecond)
				}
				for i, key := range keys {
					p.Must(all[i].Account()+" is told where it is", func() bool { _, ended := all[i].Answered(key); return ended }, 10*time.Second)
				}
			}
			p.goesOn()
			p.remembers()
		},
	}
}

// goesTo has a player's runner go to a game, unless it is there.
func (p *passage) goesTo(c *sim.Player, game node.ID) {
	for range 100 {
		if c.Game() == game {
			return
		}
		at, err := sim.Do(p.Story, c, siege.Travel, siege.Trip{Game: game})
		if err == nil && at == game.String() {
			return
		}
		p.Go(10 * time.Millisecond)
	}
	p.Violate("progress", "%s's runner does not come to %v", c.Account(), game)
}

// resting tells whether a player was kicked for good.
func resting(c *sim.Player) bool { return !c.Runs() || c.Status().State == client.Resting }
