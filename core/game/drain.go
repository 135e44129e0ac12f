package game

import (
	"slices"
	"time"

	"messiah/core/addr"
	"messiah/core/entity"
	"messiah/core/node"
	"messiah/core/ordered"
	"messiah/core/planted"
	"messiah/core/proto"
	"messiah/core/wire"
)

// A drain moves everybody away from a game on an operator's word, and then has its process
// leave. Whoever can move does, a bounded number at a time; what cannot is stubs, which another
// game makes anew from their records, and classes that stay with their game, which end with it.
// An entity that is refused is tried again, on another game if there is one: a drain has no
// deadline, it shows what is left until an operator opens the game or stops its process.

// Bounds of a drain.
const (
	drainMoves  = 64                     // entities on their way at a time
	drainEvery  = 50 * time.Millisecond  // between two looks at who is left
	drainAgain  = 100 * time.Millisecond // before an entity is tried again that was refused, doubling
	drainPause  = 5 * time.Second        // up to this
	drainVoices = 200 * time.Millisecond // between two words to the manager, where something is new
)

// mover says who wanted a migration.
type mover uint8

const (
	byCode  mover = iota // game code
	byDrain              // the drain of this game
	byShed               // the manager, as this game has more than others
)

// retry is an entity that was refused.
type retry struct {
	fails uint
	again node.Time // when it is tried next
}

// draining is a drain under way.
type draining struct {
	on       bool
	last     bool        // who could move has moved; stubs and those that stay are ending
	parting  bool        // they have ended: the gates are told that nothing is to come here any more
	owing    []node.Peer // gates that were told and have not answered
	parted   []node.Peer // gates that have
	done     bool        // and so nobody is left
	moving   int
	next     int // of the targets, which the next entity goes to
	refused  ordered.Map[addr.EntityID, retry]
	progress proto.Draining
	told     proto.Draining // to the present manager
	toldAt   node.Time
}

// order hears from the manager how this game stands.
func (g *Game) order(env *node.Env, _ node.Peer, m *proto.Drain) {
	if g.draining.parting {
		env.Mark("order-at-the-door") // it is as good as gone: whoever came now would be sent away
		return
	}
	g.closed = m.Closed
	switch {
	case m.Drain && !g.draining.on:
		env.Mark("drain-begins")
		g.draining = draining{on: true}
		g.drainLook(env)
	case !m.Drain && g.draining.on:
		env.Mark("drain-cancelled")
		g.draining = draining{}
		env.Cancel(timerDrainLook, 0)
		g.tellStubs(env)
	}
}

// newcomers tells whether the game takes avatars and entities that are elsewhere now.
func (g *Game) newcomers() bool { return !g.closed || planted.On("drain-takes-newcomers") } // its being closed is overlooked

// drainLook sends on its way who can go, and ends the drain when nobody is left.
func (g *Game) drainLook(env *node.Env) {
	d := &g.draining
	if !d.on || g.stopping {
		return
	}
	env.After(drainEvery, timerDrainLook, 0)
	if d.parting {
		g.part(env)
		return
	}
	targets := g.drainTargets(env)
	left, stubs := g.drainMove(env, targets)
	owed := g.world.Onward()
	d.progress.Left, d.progress.Stubs, d.progress.Owed = uint64(left), uint64(stubs), uint64(owed)
	d.progress.Moving = uint64(d.moving)
	g.tellDraining(env)
	if left > 0 || g.leaving.Len() > 0 || g.coming.Len() > 0 || g.arrivals() {
		d.last = false
		return
	}
	if _, hears := env.PeerOf(managerID); !hears || len(targets) == 0 {
		return // nobody would make the stubs anew
	}
	if !d.last {
		env.Mark("drain-last")
		d.last = true
	}
	g.endRest(env)
	if owed == 0 && g.world.Inspect().Entities == 0 && g.tenants.Len() == 0 && len(g.questions) == 0 {
		d.parting = true
		g.part(env)
	}
}

// part takes leave of every gate, and ends the process once each has answered: nothing is on its way here then.
func (g *Game) part(env *node.Env) {
	d := &g.draining
	gates := g.linkedGates(env)
	if planted.On("drain-leaves-early") { // calls that are on their way here are not waited for
		gates = nil
	}
	for _, gate := range gates {
		if !slices.Contains(d.owing, gate) && !slices.Contains(d.parted, gate) {
			d.owing = append(d.owing, gate)
			g.send(env, gate.ID, &proto.Farewell{})
		}
	}
	if slices.ContainsFunc(gates, func(gate node.Peer) bool { return slices.Contains(d.owing, gate) }) {
		return
	}
	d.done, d.toldAt = true, 0
	g.tellDraining(env)
	env.Mark("drained")
	env.Log(node.Info, "drained", "moved", d.progress.Moved)
	g.stop(env)
}

func (g *Game) farewelled(env *node.Env, gate node.Peer) {
	d := &g.draining
	if i := slices.Index(d.owing, gate); i >= 0 {
		d.owing = slices.Delete(d.owing, i, i+1)
		d.parted = append(d.parted, gate)
		g.drainLook(env)
	}
}

// arrivals tells whether a record is being loaded that is no stub's: who lives by it moves on.
func (g *Game) arrivals() bool {
	for _, t := range g.tenants.All() {
		if t.stub == "" && (t.state == loading || t.state == arriving) {
			return true
		}
	}
	return false
}

// endRest ends what does not move: another game makes the stubs anew.
func (g *Game) endRest(env *node.Env) {
	rest := slices.Collect(g.world.Residents)
	for _, r := range rest {
		g.world.Unload(env, r)
	}
}

// drainMove begins as many migrations as the bound allows, in the order in which the entities
// came. It returns how many entities are to move still, and how many stubs there are.
func (g *Game) drainMove(env *node.Env, targets []node.Peer) (left, stubs int) {
	d := &g.draining
	for r := range g.world.Residents {
		switch {
		case r.Stub() != "":
			stubs++
			continue
		case r.Class().Stays():
			continue
		}
		left++
		again, _ := d.refused.Get(r.ID())
		if r.Dying() || len(targets) == 0 || d.moving >= drainMoves || g.leaving.Has(r.ID()) || env.Now() < again.again {
			continue
		}
		to := entity.Destination{Game: targets[d.next%len(targets)], Stay: true}
		d.next++
		if err := g.begin(env, r, &to, byDrain); err == nil {
			d.moving++
		}
	}
	return left, stubs
}

// drainTargets lists the games that an entity of this one may go to: where some are of a newer
// edition, only those, so that nobody has to move twice in a rolling upgrade.
func (g *Game) drainTargets(env *node.Env) []node.Peer {
	var targets []node.Peer
	best := g.world.Edition()
	for i := range g.list.Live {
		p := &g.list.Live[i]
		if !p.Open() || p.Peer == env.Self() || p.Edition < best {
			continue
		}
		if p.Edition > best {
			best, targets = p.Edition, targets[:0]
		}
		targets = append(targets, p.Peer)
	}
	return targets
}

// moveEnded hears how a migration has ended that game code did not want.
func (g *Game) moveEnded(env *node.Env, l *leaving) {
	switch l.by {
	case byDrain:
		g.drainMoved(env, l)
	case byShed:
		g.shedMoved(env, l)
	}
}

func (g *Game) drainMoved(env *node.Env, l *leaving) {
	d := &g.draining
	if !d.on {
		return
	}
	d.moving = max(d.moving-1, 0)
	if l.gone {
		d.progress.Moved++
		d.refused.Delete(l.id)
	} else {
		env.Mark("drain-refused")
		d.progress.Failed++
		d.progress.Refusal = l.why
		one, _ := d.refused.Get(l.id)
		one.again = env.Now().Add(min(drainAgain<<min(one.fails, 10), drainPause))
		one.fails++
		if l.r == nil {
			d.refused.Delete(l.id)
		} else {
			d.refused.Set(l.id, one)
		}
	}
	if d.moving <= drainMoves/2 {
		env.After(0, timerDrainLook, 0)
	}
}

// tellDraining tells the manager how far the drain has come, where that is news.
func (g *Game) tellDraining(env *node.Env) {
	d := &g.draining
	_, hears := env.PeerOf(managerID)
	if !hears || d.progress == d.told || env.Now() < d.toldAt {
		return
	}
	d.told, d.toldAt = d.progress, env.Now().Add(drainVoices)
	g.send(env, managerID, &d.progress)
}

// closedList hears from the manager's list how this game stands.
func (g *Game) closedList(env *node.Env) {
	i := slices.IndexFunc(g.list.Live, func(p proto.Process) bool { return p.Peer == env.Self() })
	if i >= 0 && !g.draining.on {
		g.closed = g.list.Live[i].Closed
	}
}

func (d *draining) code(c *wire.Coder) {
	c.Bool(&d.on)
	c.Bool(&d.last)
	c.Bool(&d.parting)
	c.Bool(&d.done)
	wire.Slice(c, &d.owing, func(c *wire.Coder, p *node.Peer) { c.Struct(p) })
	wire.Slice(c, &d.parted, func(c *wire.Coder, p *node.Peer) { c.Struct(p) })
	c.Int(&d.moving)
	c.Int(&d.next)
	wire.Ordered(c, &d.refused, func(c *wire.Coder, id *addr.EntityID, one *retry) {
		id.Code(c)
		c.Uint(&one.fails)
		c.Int64((*int64)(&one.again))
	})
	d.progress.Code(c)
	d.told.Code(c)
	c.Int64((*int64)(&d.toldAt))
}
