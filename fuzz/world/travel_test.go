package world

import (
	"slices"
	"time"

	"messiah/core/client"
	"messiah/core/entity"
	"messiah/core/node"
	"messiah/core/rpc"
	"messiah/netsim"
	"messiah/scenarios"
	"messiah/scenarios/siege"
	"messiah/sim"

	"pgregory.net/rapid"
)

const (
	moveGames = 3
	maxCrows  = 4 // that players have hatched
	maxBlows  = 4 // that wait for a step at a time
	goOn      = time.Minute
	ownKeys   = 1 << 32 // of calls that an action has clients make, beside those of sim.Do
)

// What is drawn from where avatars travel. The first of each is the plain one.
var (
	vias  = []via{{"mailbox", siege.ByMailbox}, {"proxy", siege.ByProxy}, {"the post", siege.ByStub}, {"the client", siege.ByClient}}
	walks = []time.Duration{0, 100 * time.Millisecond}
	naps  = []time.Duration{20 * time.Millisecond, 300 * time.Millisecond, 2 * time.Second}
)

type via struct {
	name string
	by   siege.Via
}

// travellers is a cluster of the game of letters, in which runners and crows go from
// game to game. All runners write letters by themselves all the time, and each says
// between two acts where it lives.
type travellers struct {
	*model
	table *rpc.Table
	asked uint64 // key of the latest call that somebody was told to make
	homes map[string]*home
	crows []*crow
	held  *netsim.Held // nil: nothing is held
	blows int          // that wait for a step
	over  bool         // they strike no more
}

// home is where somebody's runner lives, as it last said itself.
type home struct {
	by  *sim.Player
	key uint64 // of the question that is open
	at  siege.Card
}

// crow is an entity without a record and without a client.
type crow struct {
	name string
	by   *sim.Player
	key  uint64 // of the call that hatched it
}

// depart draws the cluster, starts it and lets the players in.
func depart(t *rapid.T) *travellers {
	seed := rapid.Uint64Range(0, 1<<16).Draw(t, "seed")
	gates := rapid.IntRange(1, maxGates).Draw(t, "gates")
	players := rapid.IntRange(1, len(accounts)).Draw(t, "players")
	walk := rapid.SampledFrom(walks).Draw(t, "walk")
	m := open(t, seed, gates, moveGames, func(change func(*sim.Options)) *sim.Scenario {
		return played(scenarios.Letters(), func(o *sim.Options) { change(o); o.MoveEvery = walk })
	})
	w := &travellers{model: m, table: siege.RPC(), asked: ownKeys, homes: map[string]*home{}}
	for _, account := range accounts[:players] {
		m.note("%s logs in, moves every %v", account, walk)
		m.enter(account)
	}
	m.Tell(func() { m.Must("the players are in", m.AllPlay, time.Minute) })
	return w
}

func (w *travellers) actions() map[string]func(*rapid.T) {
	all := w.model.actions()
	all[""] = w.check
	for name, act := range map[string]func(*rapid.T){
		"crow":          w.hatch,
		"crow-migrates": w.order,
		"hold":          w.hold,
		"hurt":          w.hurt,
		"letters":       w.letters,
		"letters-cross": w.letters, // twice as often as others
		"migrate":       w.migrate,
		"migrate-on":    w.migrate,
		"nap":           w.nap,
		"quit":          w.quit,
		"release":       w.release,
		"stop":          w.stop,
		"store":         w.store,
		"strike":        w.strike,
		"strike-again":  w.strike,
		"swap":          w.swap,
	} {
		all[name] = act
	}
	return all
}

// check is the invariant of every moment; between two acts everybody says where it lives.
func (w *travellers) check(t *rapid.T) {
	w.model.check(t)
	for _, account := range accounts {
		if p := w.players[account]; p != nil && p.Runs() {
			w.lives(account, p)
		}
	}
}

// lives hears what a runner has said of where it lives, and has it say so again.
func (w *travellers) lives(account string, p *sim.Player) {
	h := w.homes[account]
	if h == nil {
		h = &home{}
		w.homes[account] = h
	}
	if h.by == p {
		a, ended := p.Answered(h.key)
		if !ended {
			return
		}
		if at, err := client.ResultOf(siege.Live, a); err == nil {
			h.at = at.Card
		}
	}
	h.by, h.key = p, ask(w, p, siege.Live, 0)
}

// finish lets go what is held, wants everybody to be able to migrate, and then is the end of all stories.
func (w *travellers) finish(t *rapid.T) {
	w.over = true
	w.letGo(false)
	w.Tell(func() {
		w.KeepQuiet() // or a story in which somebody waits for ever is long
		var there []*sim.Player
		for _, account := range accounts {
			if p := w.players[account]; p != nil {
				there = append(there, p)
			}
		}
		scenarios.GoOn(w.Story, there, goOn)
	})
	w.check(t)
	w.model.finish(t)
}

// ask has a player call its runner, and does not wait for the answer.
func ask[A, R any](w *travellers, p *sim.Player, m entity.Method[A, R], args A) (key uint64) {
	w.asked++
	w.Tell(func() {
		one := client.AskOf(w.table, w.asked, m, args)
		p.Ask(one.Key, one.Method, one.Args)
	})
	return w.asked
}

// elsewhere draws a game, the plain one being the one behind the game named.
func elsewhere(t *rapid.T, from node.ID) node.ID {
	i := rapid.IntRange(1, moveGames-1).Draw(t, "to")
	at := slices.Index([]node.ID{sim.GameID(1), sim.GameID(2), sim.GameID(3)}, from)
	return sim.GameID(1 + (max(at, 0)+i)%moveGames)
}

func (w *travellers) migrate(t *rapid.T) {
	account, p := w.present(t)
	from := p.Game()
	to := elsewhere(t, from)
	trip, place := siege.Trip{Game: to}, to.String()
	if rapid.IntRange(0, 7).Draw(t, "room") == 7 {
		trip.Room, place = true, "a space of "+place+" that has ended"
	}
	if !rapid.Bool().Draw(t, "writes") {
		w.note("migrate %s %v -> %s", account, from, place)
		ask(w, p, siege.Travel, trip)
		return
	}
	name, at := w.neighbour(t)
	w.note("migrate %s %v -> %s, 3 letters to %s by mailbox before and after", account, from, place, name)
	letters := siege.Bundle{To: at, Via: siege.ByMailbox, Count: 3}
	ask(w, p, siege.Write, letters)
	ask(w, p, siege.Travel, trip)
	ask(w, p, siege.Write, letters)
}

// neighbour draws somebody whose address is known.
func (w *travellers) neighbour(t *rapid.T) (string, siege.Card) {
	name := rapid.SampledFrom(accounts).Draw(t, "to whom")
	h := w.homes[name]
	if h == nil || h.at.Mailbox.IsZero() {
		t.Skip("nobody knows where it lives")
	}
	return name, h.at
}

func (w *travellers) swap(t *rapid.T) {
	one, p := w.present(t)
	other, q := w.present(t)
	a, b := p.Game(), q.Game()
	if a == b || a == 0 || b == 0 {
		t.Skip("at one place")
	}
	w.note("swap %s %v <-> %s %v", one, a, other, b)
	ask(w, p, siege.Travel, siege.Trip{Game: b})
	ask(w, q, siege.Travel, siege.Trip{Game: a})
}

func (w *travellers) hatch(t *rapid.T) {
	account, p := w.present(t)
	if len(w.crows) == maxCrows {
		t.Skip("enough of them")
	}
	c := &crow{name: "crow" + string(rune('1'+len(w.crows))), by: p}
	w.note("%s hatches %s", account, c.name)
	c.key = ask(w, p, siege.Hatch, entity.None{})
	w.crows = append(w.crows, c)
}

// bird draws a crow that lives, and returns where.
func (w *travellers) bird(t *rapid.T) (string, siege.Card) {
	if len(w.crows) == 0 {
		t.Skip("there is none")
	}
	c := rapid.SampledFrom(w.crows).Draw(t, "crow")
	a, ended := c.by.Answered(c.key)
	if !ended {
		t.Skip("it is not hatched yet, or nobody knows where it lives")
	}
	at, err := client.ResultOf(siege.Hatch, a)
	if err != nil {
		t.Skip("it was not hatched")
	}
	return c.name, at
}

func (w *travellers) order(t *rapid.T) {
	account, p := w.present(t)
	name, at := w.bird(t)
	to := elsewhere(t, 0)
	w.note("migrate %s -> %v, on %s's word", name, to, account)
	ask(w, p, siege.Order, siege.Dispatch{Who: at, Trip: siege.Trip{Game: to}})
}

func (w *travellers) letters(t *rapid.T) {
	account, p := w.present(t)
	b := siege.Bundle{Count: uint32(rapid.SampledFrom(bursts).Draw(t, "times"))}
	by := rapid.SampledFrom(vias).Draw(t, "via")
	b.Via = by.by
	b.Tells = rapid.Bool().Draw(t, "tells")
	to := by.name
	if by.by == siege.ByMailbox && len(w.crows) > 0 && rapid.Bool().Draw(t, "to a crow") {
		to, b.To = w.bird(t)
	} else if by.by != siege.ByStub {
		to, b.To = w.neighbour(t)
	}
	w.note("letters %s -> %s by %s, times %d, asking for answers: %v", account, to, by.name, b.Count, !b.Tells)
	ask(w, p, siege.Write, b)
}

func (w *travellers) nap(t *rapid.T) {
	account, p := w.present(t)
	d := rapid.SampledFrom(naps).Draw(t, "how long")
	w.note("%s naps for %v", account, d)
	ask(w, p, siege.Nap, d)
}

func (w *travellers) quit(t *rapid.T) {
	account, p := w.present(t)
	w.note("%s's runner is destroyed", account)
	ask(w, p, siege.Quit, entity.None{})
}

func (w *travellers) store(t *rapid.T) {
	account, p := w.present(t)
	w.note("%s's runner saves", account)
	ask(w, p, siege.Store, entity.None{})
}

func (w *travellers) stop(t *rapid.T) {
	name, id := w.process(t, "which")
	d := rapid.SampledFrom(spells).Draw(t, "how long")
	w.note("%s stops in good order and is back after %v", name, d)
	w.Tell(func() { w.Stop(id, d) })
}
