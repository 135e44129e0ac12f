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

// The runner as a sender: what it sends by another gate than the arbiter has an order too.

// byAnotherGate returns the address of somebody whose mail does not go by the arbiter.
func (p *passage) byAnotherGate() siege.Card {
	for i := range 60 {
		c := p.bob
		if i > 0 {
			c = p.enter(sim.Account(i))
		}
		if at := p.lives(c, 0).Card; at.Mailbox.Gate.ID != p.gate && c.Game() != p.target {
			return at
		}
	}
	p.Violate("progress", "the mail of sixty entities all goes by one gate")
	return siege.Card{}
}

// standsElsewhere has ann's runner write to somebody by another gate than the arbiter, before which that stands.
func (p *passage) standsElsewhere() (to siege.Card, held *netsim.Held) {
	to = p.byAnotherGate()
	held = p.stopped(p.source, to.Mailbox.Gate.ID, proto.TypeMail)
	p.write(p.ann, to, siege.ByMailbox, 3)
	p.until("a letter stands before the other gate", held)
	return to, held
}

// migrateSenderOvertakes has what the runner sent at its source stand still before another gate.
func migrateSenderOvertakes() *sim.Scenario {
	return &sim.Scenario{
		Name:    "migrate-sender-overtakes",
		About:   "What a runner sends from its new game does not overtake what it sent from the old one by another gate.",
		Game:    Letters(),
		Options: moveCluster,
		Play: func(s *sim.Story) {
			p := setOut(s)
			to, held := p.standsElsewhere()
			p.travel()
			p.write(p.ann, to, siege.ByMailbox, 3)
			p.Go(100 * time.Millisecond)
			if p.ann.Game() != p.source {
				p.Violate("order", "the runner has gone on before what it sent had come through")
			}
			p.Wait("stands", 500*time.Millisecond)
			p.Release(held)
			p.goesOn()
			p.remembers()
		},
	}
}

// migrateAdoptedInOrder has the source die when what the runner sent still stands before another gate.
func migrateAdoptedInOrder() *sim.Scenario {
	return &sim.Scenario{
		Name:    "migrate-adopted-in-order",
		About:   "Who goes on with the runner of a dead source says nothing before what that had sent by other gates has come through.",
		Marks:   []string{"migrate-adopting"},
		Game:    Letters(),
		Options: moveCluster,
		Play: func(s *sim.Story) {
			p := setOut(s)
			to, held := p.standsElsewhere()
			life := p.Life(p.source)
			p.upTo("migrate", "ready", p.source, func() {
				p.write(p.ann, to, siege.ByMailbox, 3)
				p.Crash(p.source, 5*time.Second)
			})
			p.dead(life)
			p.Wait("stands", 500*time.Millisecond)
			p.Release(held)
			p.goesOn()
			p.remembers()
		},
	}
}

// migrateAbortUnheard is about the abort that the source never hears of.
func migrateAbortUnheard() *sim.Scenario {
	return &sim.Scenario{
		Name:    "migrate-abort-unheard",
		About:   "Where the arbiter grants an abort and the source dies before it hears so, the target still has the runner.",
		Marks:   []string{"migrate-adopting"},
		Game:    Letters(),
		Options: moveCluster,
		Play: func(s *sim.Story) {
			p := setOut(s)
			built := p.standsAt(pauseAt("built"))
			p.letters()
			word := p.stopped(p.gate, p.source, proto.TypeAborted)
			p.Stop(p.source, 5*time.Second)
			p.until("the source is to hear that its abort was granted", word)
			p.letters()
			p.Wait("unheard", 50*time.Millisecond)
			life := p.Life(p.source)
			p.Crash(p.source, 5*time.Second)
			unheard := !p.Runs(p.source)
			p.Lose(word)
			p.Release(built)
			p.dead(life)
			p.goesOn()
			if unheard { // a source that hears it saves the runner and stops
				p.remembers()
			}
		},
	}
}

// migrateOrphanClaimed has somebody log in at the third game while the target alone has the runner.
func migrateOrphanClaimed() *sim.Scenario {
	return &sim.Scenario{
		Name:    "migrate-orphan-claimed",
		About:   "The record of a runner whose source died is given to the target that has the runner, and to nobody who comes first.",
		Marks:   []string{"migrate-adopting"},
		Game:    Letters(),
		Options: moveCluster,
		Play: func(s *sim.Story) {
			p := setOut(s)
			step := choice.Pick(p.Draw(), "step", []string{"build", "built"})
			life := p.Life(p.source)
			orphan := p.stopped(p.gate, p.target, proto.TypeOrphan)
			p.upTo("migrate", step, p.who(step), func() { p.Crash(p.source, 5*time.Second) })
			p.dead(life)
			p.until("the target is to hear that it is alone", orphan)
			other := 1 + (int(p.gate-sim.GateID(1))+1)%p.Options().Gates
			p.ann = p.login("ann", other)
			p.Wait("stands", 100*time.Millisecond)
			p.Go(200 * time.Millisecond)
			p.Release(orphan)
			p.goesOn()
			p.remembers()
		},
	}
}

// migrateTwoLost kills two of the three, at once or one after the other.
func migrateTwoLost() *sim.Scenario {
	return &sim.Scenario{
		Name:    "migrate-two-lost",
		About:   "Where two of source, target and arbiter die on the way, the third goes on if it has the runner.",
		Game:    Letters(),
		Options: moveCluster,
		Play: func(s *sim.Story) {
			p := setOut(s)
			steps := stepsOf("migrate", "build", "live-heard")
			at := p.Pick("step", len(steps))
			pairs := [...][2]node.ID{{p.gate, p.source}, {p.gate, p.target}, {p.source, p.target}}
			pair := p.Pick("pair", 3)
			apart := time.Duration(p.Pick("apart", 4)) * 500 * time.Millisecond
			lives := [...]node.Peer{p.Life(pairs[pair][0]), p.Life(pairs[pair][1])}
			p.letters()
			p.upTo("migrate", steps[at], p.who(steps[at]), func() {
				p.letters()
				p.dies(pairs[pair][0])
				if apart == 0 {
					p.dies(pairs[pair][1])
				}
			})
			if apart > 0 {
				p.Go(apart)
				p.dies(pairs[pair][1])
			}
			p.dead(lives[0])
			p.dead(lives[1])
			p.goesOn()
			if apart == 0 && (pair == 0 || pair == 1 && at <= slices.Index(steps, "commit")) {
				p.remembers()
			}
		},
	}
}

// migrateLateAnswer has a first try's answer come when the second has begun.
func migrateLateAnswer() *sim.Scenario {
	return &sim.Scenario{
		Name:    "migrate-late-answer",
		About:   "What a target says about a try that was given up means nothing for the next one.",
		Marks:   []string{"migrate-asked-too-long", "migrate-answer-of-another-try"},
		Game:    Letters(),
		Options: moveCluster,
		Play: func(s *sim.Story) {
			p := setOut(s)
			late := p.standsAt(pauseAt("pre-ok"))
			p.Must("the source gives up", func() bool { return p.Marks()["migrate-asked-too-long"] > 0 }, 15*time.Second)
			expected := p.Net().Hold(netsim.Match{From: sim.DBID, To: p.target, Class: netsim.Process, Kind: proto.TypeExpected})
			p.travel()
			p.until("the target waits for the db", expected)
			p.letters()
			p.Release(late)
			p.Go(100 * time.Millisecond)
			p.Wait("waits", 100*time.Millisecond)
			p.Release(expected)
			p.goesOn()
			p.remembers()
		},
	}
}
