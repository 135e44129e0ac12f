package scenarios

import (
	"time"

	"messiah/core/node"
	"messiah/scenarios/siege"
	"messiah/sim"
	"messiah/sim/choice"
)

// What waits for a runner on its way has bounds, in number and in time. Whoever is
// over one is told.

// migrateHoldLate has the migration stand still for longer than calls wait.
func migrateHoldLate() *sim.Scenario {
	return &sim.Scenario{
		Name:    "migrate-hold-late",
		About:   "Calls that have waited too long for a runner on its way are answered, and what came behind them is not lost; the migration goes on.",
		Marks:   []string{"hold-late"},
		Game:    Letters(),
		Options: moveCluster,
		Play: func(s *sim.Story) {
			p := setOut(s)
			held := p.standsAt(pauseAt([]string{"build", "built", "ready", "commit"}[p.Pick("pause", 4)]))
			p.letters()
			p.Go(2900 * time.Millisecond)
			p.letters()
			p.Wait("late", 200*time.Millisecond)
			if p.Pick("drops", 2) == 1 {
				p.ann.Drop()
			}
			p.Go(300 * time.Millisecond)
			p.letters()
			p.Wait("later", 500*time.Millisecond)
			p.Release(held)
			p.goesOn()
			p.remembers()
		},
	}
}

// migrateHoldFull has more calls by proxy come than wait.
func migrateHoldFull() *sim.Scenario {
	return full("migrate-hold-full", "hold-at-bound", siege.ByProxy,
		"The call by proxy that finds no room where calls wait for a runner on its way is refused, and no call is lost without a word.")
}

// migrateMailFull has more calls by mailbox come than wait.
func migrateMailFull() *sim.Scenario {
	return full("migrate-mail-full", "frozen-mail-at-bound", siege.ByMailbox,
		"The call by mailbox that finds no room where calls wait for a frozen runner is refused, and no call is lost without a word.")
}

func full(name, mark string, via siege.Via, about string) *sim.Scenario {
	return &sim.Scenario{
		Name: name, About: about,
		Marks: []string{mark},
		Game:  Letters(),
		Options: func(o *sim.Options, s choice.Stream) {
			moveCluster(o, s)
			o.StoreLatency = 2 * time.Millisecond
		},
		Play: func(s *sim.Story) {
			p := setOut(s)
			held := p.standsAt(pauseAt("built"))
			p.write(p.bob, p.home, via, 1000)
			p.Wait("between", 10*time.Millisecond)
			p.write(p.bob, p.home, via, 30+uint32(p.Pick("more", 30)))
			p.Must("the bound is come to", func() bool { return p.Marks()[mark] > 0 }, 2*time.Second)
			p.Wait("stands", 100*time.Millisecond)
			p.Release(held)
			p.goesOn()
			p.remembers()
			p.Go(3 * time.Second) // so long a letter waits for its answer
			if p.Marks()["call-timed-out"] > 0 {
				p.Violate("delivered-or-told", "a call was lost without a word: its sender has waited in vain")
			}
		},
	}
}

// migrateSpaceGone has the runner go into a space that is not there when it comes.
func migrateSpaceGone() *sim.Scenario {
	return &sim.Scenario{
		Name:    "migrate-space-gone",
		About:   "A runner whose space has ended by the time it comes lives in none; it is not lost, also where its source is dead by then.",
		Marks:   []string{"space-gone-on-arrival"},
		Game:    Letters(),
		Options: moveCluster,
		Play: func(s *sim.Story) {
			p := setOut(s)
			life := p.Life(p.source)
			dies := p.Pick("source-dies", 2) == 1
			built := p.stopped(p.target, p.gate, pauseAt("built").kind)
			tell(p, p.ann, siege.Travel, siege.Trip{Game: p.target, Room: true})
			p.until("the target has the runner", built)
			p.letters()
			if dies {
				p.Crash(p.source, 5*time.Second)
				p.Release(built)
				p.dead(life)
			}
			p.Release(built)
			p.goesOn()
			p.remembers()
		},
	}
}

// migrateLinks has a link of the migration break, stop in a direction or stop for long.
func migrateLinks() *sim.Scenario {
	return behindAnyStep("migrate-links",
		"No word of a migration is lost where a link breaks, and none is taken twice; nobody waits for ever where one stops.",
		func(p *passage) {
			ends := [...][2]node.ID{{p.gate, p.source}, {p.gate, p.target}, {p.source, sim.DBID}, {p.target, sim.DBID}, {p.target, sim.ManagerID}, {p.gate, sim.ManagerID}}
			link := ends[p.Pick("link", len(ends))]
			switch p.Pick("how", 3) {
			case 0:
				p.BreakLinks(link[p.Pick("end", 2)%2])
			case 1:
				p.PartitionFor(link[0], link[1], false, time.Duration(1+p.Pick("long", 4))*400*time.Millisecond)
			case 2:
				way := p.Pick("way", 2)
				p.PartitionFor(link[way], link[1-way], true, time.Duration(1+p.Pick("long", 4))*400*time.Millisecond)
			}
		})
}

// migrateManagerDown has the manager away while a runner goes.
func migrateManagerDown() *sim.Scenario {
	return behindAnyStep("migrate-manager-down",
		"A migration needs no manager: runners arrive while it is away, and nobody is called dead who is not.",
		func(p *passage) { p.Crash(sim.ManagerID, time.Duration(1+p.Pick("restart", 20))*100*time.Millisecond) })
}

// migrateDBLost has the db die while it is asked for the record of a runner on its way.
func migrateDBLost() *sim.Scenario {
	return behindAnyStep("migrate-db-lost",
		"A db that dies while the record of a runner changes hands learns from the games who has it.",
		func(p *passage) { p.Crash(sim.DBID, time.Duration(1+p.Pick("restart", 20))*100*time.Millisecond) })
}

// behindAnyStep is a story in which something happens behind any step of the migration.
func behindAnyStep(name, about string, act func(*passage)) *sim.Scenario {
	return &sim.Scenario{
		Name: name, About: about,
		Game:    Letters(),
		Options: moveCluster,
		Play: func(s *sim.Story) {
			p := setOut(s)
			step := choice.Pick(p.Draw(), "step", sim.StepNames("migrate"))
			p.letters()
			p.upTo("migrate", step, p.who(step), func() { act(p); p.letters() })
			p.Wait("goes-on", 500*time.Millisecond)
			p.letters()
			p.goesOn()
			p.remembers()
		},
	}
}
