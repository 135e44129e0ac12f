package scenarios

import (
	"slices"
	"time"

	"messiah/core/entity"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/scenarios/siege"
	"messiah/sim"
	"messiah/sim/choice"
)

// What goes with a runner beside its properties.

// migrateTimers has timers that are set before the runner goes go off where it is then.
func migrateTimers() *sim.Scenario {
	return &sim.Scenario{
		Name:    "migrate-timers",
		About:   "A timer goes with its entity, and goes off once, at its time or as soon as the entity runs.",
		Game:    Letters(),
		Options: moveCluster,
		Play: func(s *sim.Story) {
			p := setOut(s)
			var naps []uint64
			for i := range 4 {
				naps = append(naps, tell(p, p.ann, siege.Nap, time.Duration(i)*100*time.Millisecond+time.Duration(p.Pick("nap", 100))*time.Millisecond))
			}
			p.Go(time.Millisecond)
			held := p.standsAt(pauseAt([]string{"built", "live-ack", "live-heard"}[p.Pick("pause", 3)]))
			p.Wait("stands", 300*time.Millisecond)
			p.Release(held)
			p.goesTo(p.ann, p.third)
			for _, key := range naps {
				p.Must("each nap ends", func() bool { _, ended := p.ann.Answered(key); return ended }, time.Second)
				if a, _ := p.ann.Answered(key); a.Outcome != proto.OutcomeOK {
					p.Violate("delivered-or-told", "a nap ended with %v, and nothing crashed", a.Outcome)
				}
			}
			p.goesOn()
			p.remembers()
		},
	}
}

// migrateMoves has runners whose clients walk go from game to game all the while.
func migrateMoves() *sim.Scenario {
	return &sim.Scenario{
		Name:  "migrate-moves",
		About: "What a client may still walk goes with its runner: an honest one is left alone, and one that is too fast is corrected, however often they go to another game.",
		Marks: []string{"move-refused"},
		Game:  letters(0, siege.Speed),
		Options: func(o *sim.Options, s choice.Stream) {
			moveCluster(o, s)
			o.MoveEvery = choice.Pick(s, "moves", []time.Duration{100 * time.Millisecond, 50 * time.Millisecond})
		},
		Play: func(s *sim.Story) {
			s.SessionsMayEnd()
			s.Open()
			p := &passage{Story: s, table: siege.RPC()}
			honest, cheat := p.enter("ann"), p.walks("bob", 1.5*siege.Speed)
			p.KeepQuiet()
			for range 12 {
				p.moves(honest)
				p.moves(cheat)
				p.Wait("between", 300*time.Millisecond)
				p.Go(100 * time.Millisecond)
			}
			if honest.Status().Corrections > 0 {
				p.Violate("honest-move", "a client that keeps to its speed was corrected %d times", honest.Status().Corrections)
			}
			if cheat.Status().Corrections == 0 {
				p.Violate("cheat-caught", "a client at 1.5 times the speed was never corrected")
			}
		},
	}
}

// migrateMovesHeld has a client walk while its runner stands still on its way.
func migrateMovesHeld() *sim.Scenario {
	return &sim.Scenario{
		Name:  "migrate-moves-held",
		About: "Moves wait with the calls of a client whose runner is on its way: none is lost before the runner is there, none overtakes, and none is taken for too fast.",
		Game:  letters(0, siege.Speed),
		Options: func(o *sim.Options, s choice.Stream) {
			moveCluster(o, s)
			o.MoveEvery = 20 * time.Millisecond
		},
		Play: func(s *sim.Story) {
			p := setOut(s)
			p.Go(200 * time.Millisecond)
			held := p.standsAt(pauseAt([]string{"built", "state", "build", "commit"}[p.Pick("pause", 4)]))
			p.Go(100 * time.Millisecond)
			p.Wait("stands", 2*time.Second)
			if p.Pick("aborts", 2) == 1 {
				life := p.Life(p.target)
				p.Crash(p.target, 5*time.Second)
				p.Lose(held)
				p.dead(life)
			}
			p.Release(held)
			p.Go(300 * time.Millisecond)
			if n := p.ann.Status().Corrections; n > 0 {
				p.Violate("honest-move", "ann walked no faster than she may, and was corrected %d times", n)
			}
			p.goesOn()
			p.remembers()
		},
	}
}

// migrateAlone has a crow go, which has no client and no record, and its home gate or a game die.
func migrateAlone() *sim.Scenario {
	return &sim.Scenario{
		Name:    "migrate-alone",
		About:   "An entity without a client goes by its home gate; it lives once whoever dies on the way, and what it was sent is answered.",
		Game:    Letters(),
		Options: moveCluster,
		Play: func(s *sim.Story) {
			p := setOut(s)
			p.goesTo(p.bob, p.third)
			var crow siege.Card
			hatched := func() bool {
				card, err := sim.Do(p.Story, p.ann, siege.Hatch, entity.None{})
				crow = card
				return err == nil
			}
			p.Must("a crow is hatched", hatched, 5*time.Second)
			p.gate = crow.Mailbox.Gate.ID
			step := choice.Pick(p.Draw(), "step", slices.DeleteFunc(sim.StepNames("migrate"), ofRecords))
			dies := []node.ID{0, p.gate, p.source, p.target}[p.Pick("dies", 4)]
			var life node.Peer
			if dies != 0 {
				life = p.Life(dies)
			}
			struck := false
			p.OnStep("migrate", step, p.who(step), 0, func(node.ID) {
				struck = true
				p.write(p.bob, crow, siege.ByMailbox, 3)
				if dies != 0 {
					p.dies(dies)
				}
			})
			p.write(p.bob, crow, siege.ByMailbox, 3)
			key := tell(p, p.bob, siege.Order, siege.Dispatch{Who: crow, Trip: siege.Trip{Game: p.target}})
			p.write(p.bob, crow, siege.ByMailbox, 3)
			p.Must("the crow comes to "+step, func() bool { return struck }, 5*time.Second)
			if dies != 0 {
				p.dead(life)
			} else {
				p.Must("bob is told where the crow is", func() bool { _, ended := p.bob.Answered(key); return ended }, 2*time.Second)
			}
			p.goesOn()
		},
	}
}

// ofRecords tells whether a step is there for records alone.
func ofRecords(step string) bool { return step == "expect" || step == "expected" || step == "take" }
