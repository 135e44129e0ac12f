// Package evening is the story in which the tutorial's game is simulated.
package evening

import (
	"fmt"
	"slices"
	"time"

	"messiah/core/entity"
	"messiah/core/game"
	"messiah/netsim"
	"messiah/scenarios/inn"
	"messiah/sim"
	"messiah/sim/choice"
)

// Game is the inn as the simulator takes it.
func Game() sim.Game {
	return sim.Game{Script: func(sim.Observer) game.Script { return inn.Script() }}
}

// Evening lets guests take things, slay rats and talk, while the game of one of them crashes.
func Evening() *sim.Scenario {
	return &sim.Scenario{
		Name:  "evening-at-the-inn",
		About: "Score and bag survive the crash of a game, and the taproom is heard by everybody before and after it.",
		Game:  Game(),
		Options: func(o *sim.Options, s choice.Stream) {
			o.Gates, o.Games = 1+s.Choose("gates", 2), 1+s.Choose("games", 3)
			o.Clients = 1 + s.Choose("guests", 3)
			o.ClientLink = choice.Pick(s, "client-link", netsim.Profiles())
		},
		Play: func(s *sim.Story) {
			s.SessionsMayEnd()
			s.Open()
			for i := 1; i <= s.Options().Clients; i++ {
				s.Enter(sim.Account(i))
			}
			e := evening{s}
			ann := s.Players[0]
			e.packs(ann)
			e.isBitten(ann)
			e.slays(ann, 1+s.Pick("rats", 2))
			e.talks("good evening")
			s.Go(2 * entity.DefaultSaveWithin) // by now it is in the store
			before := e.look(ann)
			s.Crash(ann.Game(), time.Second)
			s.Wait("crash", 3*time.Second)
			if after := e.look(ann); !slices.Equal(after.Bag, before.Bag) || after.Score != before.Score || after.Score == 0 {
				s.Violate("inn", "%+v is left of %+v", after, before)
			}
			e.talks("what a fright")
			e.slays(ann, 1)
		},
	}
}

// maxTries bounds how often something is tried again that a crash may have prevented.
const maxTries = 20

type evening struct{ *sim.Story }

// sure has a guest do something until it is known that it ran.
func sure[A, R any](e evening, p *sim.Player, m entity.Method[A, R], args A) (result R) {
	for tries := range maxTries {
		r, err := sim.Do(e.Story, p, m, args)
		if err == nil {
			return r
		}
		e.Go(time.Duration(1+tries) * 200 * time.Millisecond)
	}
	e.Violate("inn", "%s cannot %s", p.Account(), m)
	return result
}

func (e evening) look(p *sim.Player) inn.Sheet { return sure(e, p, inn.Look, entity.None{}) }

// packs fills a bag, which takes no more then.
func (e evening) packs(p *sim.Player) {
	for n := 1; n <= 8; n++ {
		if got := sure(e, p, inn.Take, fmt.Sprint("mug ", n)); got != n {
			e.Violate("inn", "thing %d is number %d in the bag", n, got)
		}
	}
	if _, err := sim.Do(e.Story, p, inn.Take, "straw"); err == nil || err.Error() != "the bag is full" {
		e.Violate("inn", "a full bag takes one more thing: %v", err)
	}
}

// isBitten lets a rat bite until it has enough.
func (e evening) isBitten(p *sim.Player) {
	sure(e, p, inn.Hunt, entity.None{})
	want := []int{1, 2, 3}
	e.Must("the rat bites three times", func() bool { return slices.Equal(sim.Heard(p, inn.Bitten), want) }, 20*time.Second)
	e.Go(3 * time.Second)
	if got := sim.Heard(p, inn.Bitten); !slices.Equal(got, want) {
		e.Violate("inn", "a rat that has gone bites: %v", got)
	}
}

// slays has a guest slay so many rats, one after the other.
func (e evening) slays(p *sim.Player, rats int) {
	for range rats {
		want := e.look(p).Score + 5
		sure(e, p, inn.Hunt, entity.None{})
		sure(e, p, inn.Strike, entity.None{})
		got := e.look(p).Score
		for tries := 0; got != want && tries < maxTries; tries++ {
			e.Go(100 * time.Millisecond)
			got = e.look(p).Score
		}
		if got != want {
			e.Violate("inn", "a rat was slain, and the score is %d instead of %d", got, want)
		}
	}
}

// talks has each guest say something, and all hear it.
func (e evening) talks(text string) {
	for i, p := range e.Players {
		line := inn.Line{Who: p.Account(), Text: fmt.Sprint(text, " ", i)}
		all := func() bool {
			return !slices.ContainsFunc(e.Players, func(q *sim.Player) bool { return !slices.Contains(sim.Heard(q, inn.Heard), line) })
		}
		for tries := 0; !all() && tries < maxTries; tries++ {
			_, _ = sim.Do(e.Story, p, inn.Say, inn.Line{Text: line.Text})
			e.Until(all, 3*time.Second)
		}
		if !all() {
			e.Violate("inn", "not everybody hears %+v", line)
		}
	}
}
