package scenarios

import (
	"slices"
	"time"

	"messiah/core/node"
	"messiah/core/proto"
	"messiah/netsim"
	"messiah/scenarios/siege"
	"messiah/sim"
	"messiah/sim/choice"
)

// Deaths by the way. Whoever dies, the runner lives once, and goes on from what is
// left of it.

// migrateSourceLost kills the source behind each step.
func migrateSourceLost() *sim.Scenario {
	return deathByTheWay("migrate-source-lost",
		"Where the source dies on the way, what the target has is not thrown away, and what it has not is loaded again.",
		func(p *passage) node.ID { return p.source }, "state", "live-heard")
}

// migrateTargetLost kills the target behind each step.
func migrateTargetLost() *sim.Scenario {
	return deathByTheWay("migrate-target-lost",
		"Where the target dies on the way the runner goes on at its source, which has kept it until it lived there.",
		func(p *passage) node.ID { return p.target }, "pre-req", "commit")
}

// migrateGateLost kills the arbiter behind each step.
func migrateGateLost() *sim.Scenario {
	return deathByTheWay("migrate-gate-lost",
		"Where the arbiter dies on the way, source and target agree by another gate who goes on.",
		func(p *passage) node.ID { return p.gate }, "pre-req", "live-heard")
}

// migrateGateLostUnevenly kills the arbiter, of which one of the two hears later than the other.
func migrateGateLostUnevenly() *sim.Scenario {
	return &sim.Scenario{
		Name:    "migrate-gate-lost-unevenly",
		About:   "Where the arbiter dies and one of source and target hears so later than the other, who asks too early asks again.",
		Game:    Letters(),
		Options: moveCluster,
		Play: func(s *sim.Story) {
			p := setOut(s)
			step := choice.Pick(p.Draw(), "step", []string{"built", "ready", "commit", "live", "live-ack"})
			life := p.Life(p.gate)
			late := []node.ID{p.source, p.target}[p.Pick("late", 2)]
			var lists *netsim.Held
			p.upTo("migrate", step, p.who(step), func() {
				lists = p.Net().Hold(listsFor(late))
				p.Crash(p.gate, 5*time.Second)
			})
			p.dead(life)
			p.Go(100 * time.Millisecond)
			p.Wait("late", time.Second)
			p.Release(lists)
			p.goesOn()
			p.remembers()
		},
	}
}

// deathByTheWay is the story of such a death. Behind the steps from one to another somebody is
// left who has the runner as it was.
func deathByTheWay(name, about string, who func(*passage) node.ID, from, to string) *sim.Scenario {
	return &sim.Scenario{
		Name: name, About: about,
		Game:    Letters(),
		Options: moveCluster,
		Play: func(s *sim.Story) {
			p := setOut(s)
			step := choice.Pick(p.Draw(), "step", sim.StepNames("migrate"))
			life := p.Life(who(p))
			p.letters()
			p.write(p.ann, p.lives(p.bob, 0).Card, siege.ByMailbox, 2)
			p.upTo("migrate", step, p.who(step), func() { p.letters(); p.dies(life.ID) })
			p.dead(life)
			p.goesOn()
			if slices.Contains(stepsOf("migrate", from, to), step) {
				p.remembers()
			}
		},
	}
}

// migrateUndone kills the target when it has run the runner and nobody has heard of it.
func migrateUndone() *sim.Scenario {
	return &sim.Scenario{
		Name:    "migrate-undone",
		About:   "A runner whose target died before it was heard of goes on at its source; what may have run there is not run again, and nothing that it said there was heard.",
		Marks:   []string{"migrate-undone", "mail-waits-for-frozen"},
		Game:    Letters(),
		Options: moveCluster,
		Play: func(s *sim.Story) {
			p := setOut(s)
			bob := p.lives(p.bob, 0).Card
			p.write(p.ann, bob, siege.ByMailbox, 1)
			built := p.standsAt(pauseAt("built"))
			p.waits()
			acks := p.stopped(p.target, p.gate, proto.TypeLiveAck)
			p.Release(built)
			p.until("the arbiter is to hear that the runner lives", acks)
			p.letters()
			p.write(p.ann, bob, siege.ByMailbox, 2)
			p.Go(5 * time.Millisecond)
			p.Wait("lives", 20*time.Millisecond)
			life := p.Life(p.target)
			p.dies(p.target)
			p.Lose(acks)
			p.dead(life)
			p.write(p.ann, bob, siege.ByMailbox, 2)
			p.goesOn()
			p.remembers()
		},
	}
}
