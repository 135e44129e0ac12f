package game

import (
	"slices"

	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
)

// What a source does for an entity whose arbiter is dead: it and the target ask each other by
// any other gate.

// arbiterLost settles what the death of a gate decides for the entities that move away by it.
func (g *Game) arbiterLost(env *node.Env, gate node.Peer) {
	for _, l := range g.leaving.All() {
		if l.gate != gate {
			if slices.Contains(l.flushes, gate) {
				g.flushed(env, l, gate)
			}
			continue
		}
		env.Mark("migrate-arbiter-lost-in-" + phaseNames[l.phase])
		switch l.phase {
		case asked:
			g.endLeaving(env, l)
			g.world.MigrationFailed(env, l.r, proto.MigrateInterrupted)
		case holdAsked, frozen, abortWait:
			g.thaw(env, l, false)
		case ledger:
			g.askTarget(env, l)
		}
	}
}

// askTarget asks about an entity whose arbiter is dead, until there is an answer. The target
// has it: it says so. It waits to hear what of the entity: it asks itself. It is dead: the
// entity goes on here.
func (g *Game) askTarget(env *node.Env, l *leaving) {
	for _, gate := range g.linkedGates(env) {
		g.send(env, gate.ID, &proto.AskGone{Game: l.to.Game})
		g.relay(env, gate, l.to.Game, &proto.Relayed{Kind: proto.TypeCommit, Entity: l.id, N: l.n})
	}
	env.After(askEvery, timerLeave, l.key)
}

// targetGone has an entity go on here whose arbiter and target are dead. The target may
// have lived and saved: the store says whether it did.
func (g *Game) targetGone(env *node.Env, game node.Peer) {
	for _, l := range g.leaving.All() {
		if l.phase != ledger || l.to.Game != game || g.linked(env, l.gate) {
			continue
		}
		env.Mark("migrate-arbiter-and-target-lost")
		if l.t == nil || l.t.owner == 0 {
			g.reclaimed(env, l)
			continue
		}
		l.phase = claiming
		g.take(env, l.t, l.r.NextMove())
	}
}

// reclaimed goes on with an entity whose arbiter and target are dead.
func (g *Game) reclaimed(env *node.Env, l *leaving) {
	g.world.Return(env, l.r, l.r.NextMove())
	g.endLeaving(env, l)
	g.goOn(env, l, true)
	if t := l.t; t != nil && t.state == live {
		g.reseat(env, t)
		g.world.MigrationFailed(env, l.r, proto.MigrateInterrupted)
	}
	g.enterLate(env, l)
}

// reseat takes the client of an avatar away whose gate has died meanwhile.
func (g *Game) reseat(env *node.Env, t *tenant) {
	if t.client != (seat{}) && !g.linked(env, t.client.Gate) {
		g.seatLost(env, t)
	}
}

// relayed handles what the other game of a migration says, whose arbiter is dead.
func (g *Game) relayed(env *node.Env, in *node.Input) {
	var m proto.Relayed
	if in.NumRoutes() != proto.MailHeader || !isSelf(env, in) || !env.Decode(in, &m) {
		return
	}
	from := proto.MailFrom(in)
	switch m.Kind {
	case proto.TypeWhatOf:
		g.whatOf(env, node.Peer{ID: in.From, Inc: in.Inc}, from, &m)
	case proto.TypeLiveAck:
		g.liveAcked(env, node.Peer{ID: in.From, Inc: in.Inc}, from, &m)
	default:
		g.comingRelayed(env, node.Peer{ID: in.From, Inc: in.Inc}, from, &m)
	}
}

// whatOf answers a target that has the state of an entity, and whose arbiter is dead.
func (g *Game) whatOf(env *node.Env, by, target node.Peer, m *proto.Relayed) {
	answer := proto.Relayed{Kind: proto.TypeCancel, Entity: m.Entity, N: m.N}
	if l, _ := g.leaving.Get(m.Entity); l != nil && l.n == m.N {
		switch {
		case g.linked(env, l.gate):
			return // not known here yet; it will ask again
		case l.phase == ledger:
			answer.Kind, answer.Mail = proto.TypeLive, l.mail
		default:
			return
		}
	}
	g.relay(env, by, target, &answer)
}

// liveAcked hears from the target itself that the entity lives there.
func (g *Game) liveAcked(env *node.Env, by, target node.Peer, m *proto.Relayed) {
	if l, _ := g.leaving.Get(m.Entity); l != nil && l.n == m.N {
		if g.linked(env, l.gate) {
			return
		}
		if l.phase == ledger {
			g.departed(env, l)
		}
	}
	g.relay(env, by, target, &proto.Relayed{Kind: proto.TypeLiveHeard, Entity: m.Entity, N: m.N})
}

// relay says a word to the other game of a migration, by any gate. It may be lost with that gate.
func (g *Game) relay(env *node.Env, by, to node.Peer, m *proto.Relayed) {
	routes := proto.MailRoutes(to, env.Self(), 0)
	if err := env.Forward(by.ID, proto.TypeRelayed, 0, routes[:], wire.Append(nil, m)); err != nil {
		env.Mark("relay-without-link")
	}
}

// linkedGates returns the gates that this game has a link to.
func (g *Game) linkedGates(env *node.Env) []node.Peer {
	return slices.DeleteFunc(env.Links(), func(p node.Peer) bool { return p.ID.Kind() != node.Gate || !g.linked(env, p) })
}
