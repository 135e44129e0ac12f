package scenarios

import (
	"time"

	"messiah/core/client"
	"messiah/core/entity"
	"messiah/core/node"
	"messiah/scenarios/siege"
	"messiah/sim"
)

// What clients and operators do while a runner is on its way.

// migrateClientGone has ann's client break off, come back, leave or end.
func migrateClientGone() *sim.Scenario {
	return pausedBetween("pre-req", "live-heard", "migrate-client-gone",
		"A client that goes while its runner is on its way clears nothing that waits for the runner: that arrives, and hears of the loss in its turn.",
		func(p *passage, at pause) bool {
			acts := [...]func(*passage) bool{annDrops, annIsCut, annIsCutForLong, annDies, annLeaves}
			act := p.Pick("act", len(acts))
			if act == 0 && (at.name == "build" || at.name == "built") {
				p.Expect("word-held")
			}
			return acts[act](p)
		})
}

func annDrops(p *passage) bool {
	p.write(p.ann, p.home, siege.ByStub, 2)
	p.Go(5 * time.Millisecond) // the gate has it
	p.ann.Drop()
	return true
}

func annIsCut(p *passage) bool {
	p.ann.Cut(time.Second)
	return true
}

func annIsCutForLong(p *passage) bool {
	p.ann.Cut(p.Options().Grace + time.Second)
	return false
}

// annDies: another client of hers comes for the runner.
func annDies(p *passage) bool {
	p.ann.Crash()
	if p.ann.Runs() {
		return false // the plan leaves it out
	}
	p.Wait("away", time.Second)
	p.ann = p.login("ann", 0)
	return true
}

// annLeaves: she comes again when she is gone.
func annLeaves(p *passage) bool {
	p.ann.Leave()
	p.Wait("away", time.Second)
	p.ann = p.login("ann", 0)
	return false
}

// login starts a further client of an account, at one of the gates or, with 0, at any.
func (p *passage) login(account string, gate int) *sim.Player {
	c := p.NewPlayer(account, func(c *client.Config) {
		if c.StayKicked = true; gate > 0 {
			c.Gates = c.Gates[gate-1 : gate]
		}
	})
	p.Players = append(p.Players, c)
	c.Start()
	return c
}

// migrateSecondLogin has another client log in with ann's account.
func migrateSecondLogin() *sim.Scenario {
	return pausedBetween("pre-req", "live-heard", "migrate-second-login",
		"Who logs in while the runner of the account is on its way gets that runner, wherever it goes on.",
		func(p *passage, _ pause) bool {
			p.ann = p.login("ann", p.Pick("gate", 1+p.Options().Gates))
			return true
		})
}

// migrateKicked has an operator end ann's session.
func migrateKicked() *sim.Scenario {
	return pausedBetween("pre-req", "live-heard", "migrate-kicked",
		"An operator's kick reaches a client whose runner is on its way, and leaves nothing behind.",
		func(p *passage, _ pause) bool { p.Kick("ann"); return false })
}

// migrateDestroyed has ann's runner end itself.
func migrateDestroyed() *sim.Scenario {
	return pausedBetween("pre-req", "live-heard", "migrate-destroyed",
		"A runner that is to be destroyed on its way is so once, where it goes on, and nothing is left of it.",
		func(p *passage, _ pause) bool { tell(p, p.ann, siege.Quit, entity.None{}); return false })
}

// migrateSaved has ann's runner save its record, and its next game die behind that.
func migrateSaved() *sim.Scenario {
	return pausedBetween("pre-req", "live-heard", "migrate-saved",
		"A record that is saved while its runner is on its way is written by who owns it, and none that is older comes behind it.",
		func(p *passage, _ pause) bool {
			tell(p, p.ann, siege.Store, entity.None{})
			dies := p.Pick("dies", 2) == 1
			if dies {
				p.After(time.Duration(1+p.Pick("after", 300))*time.Millisecond, func() { p.Crash(p.target, time.Second) })
			}
			return !dies
		})
}

// migrateStopped has an operator stop one of the processes.
func migrateStopped() *sim.Scenario {
	return pausedBetween("pre-req", "live-heard", "migrate-stopped",
		"A process that is stopped in good order while a runner comes, goes or passes by it ends, and the runner plays on elsewhere.",
		func(p *passage, _ pause) bool {
			p.Stop(p.one("stops"), time.Duration(p.Pick("restart", 3))*time.Second+300*time.Millisecond)
			return false
		})
}

// one draws the source, the target or the arbiter.
func (p *passage) one(label string) node.ID {
	return []node.ID{p.source, p.target, p.gate}[p.Pick(label, 3)]
}
