package scenarios

import (
	"time"

	"messiah/core/entity"
	"messiah/scenarios/siege"
	"messiah/sim"
)

// heldBeforeTheCrash has a timer go off in a runner's second life that was set in its
// first one to answer a call.
func heldBeforeTheCrash() *sim.Scenario {
	return &sim.Scenario{
		Name:    "held-before-the-crash",
		About:   "A timer that comes out of the record and was to answer a call of an earlier life answers no call of this one.",
		Game:    Letters(),
		Options: moveCluster,
		Play: func(s *sim.Story) {
			p := setOut(s)
			tell(p, p.ann, siege.Nap, 4*time.Second)
			p.Go(100 * time.Millisecond)
			tell(p, p.ann, siege.Store, entity.None{})
			p.Go(300 * time.Millisecond)
			life := p.Life(p.source)
			p.Crash(p.source, 5*time.Second)
			p.dead(life)
			p.Must("ann plays on", func() bool { return p.AllPlay() && p.ann.Game() != 0 }, 20*time.Second)
			p.gate, p.source = p.ann.Gate(), p.ann.Game()
			p.target = p.another(p.source)
			if p.target == life.ID {
				p.target = p.another(p.target)
			}
			held := p.standsAt(pauseAt("pre-ok")) // its call waits, and the runner is not frozen yet
			p.Go(5 * time.Second)
			p.Wait("stands", time.Second)
			p.Release(held)
			p.goesOn()
		},
	}
}
