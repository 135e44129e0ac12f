package game

import (
	"encoding/binary"
	"slices"
	"time"

	"messiah/core/addr"
	"messiah/core/entity"
	"messiah/core/node"
	"messiah/core/planted"
	"messiah/core/proto"
	"messiah/core/wire"
)

// The target's side of a migration.

// stage is where a migration stands at its target.
type stage uint8

const (
	expecting stage = iota // the db was asked to expect it
	prepared               // there is room
	built                  // its state is here; it does not run
	adopting               // source, or source and arbiter, are dead: it goes on once nothing of the source is under way
	arrived                // it lives, and its arbiter has not said yet that it knows
)

var stageNames = [...]string{"expecting", "prepared", "built", "adopting", "arrived"}

// askEvery is how often a target asks whose arbiter is dead.
const askEvery = 300 * time.Millisecond

// coming is an entity that moves here.
type coming struct {
	key    uint64
	id     addr.EntityID
	n      uint64
	stage  stage
	gate   node.Peer // the arbiter
	source node.Peer
	ask    proto.PreReq
	state  proto.EntityState // but its sections
	r      *entity.Resident  // from built on
	t      *tenant           // nil of an entity without a record
	mail   []proto.HeldMail
	owed   []node.Peer // gates by which something of a dead source may still be under way
	alone  bool        // the arbiter is dead
}

// Code reads or writes the migration, but for entity and tenant.
func (m *coming) Code(c *wire.Coder) {
	c.Uint64(&m.key)
	m.id.Code(c)
	c.Uint64(&m.n)
	c.Uint8((*uint8)(&m.stage))
	m.gate.Code(c)
	m.source.Code(c)
	c.Struct(&m.ask)
	c.Struct(&m.state)
	wire.Slice(c, &m.mail, func(c *wire.Coder, h *proto.HeldMail) { c.Struct(h) })
	wire.Slice(c, &m.owed, func(c *wire.Coder, p *node.Peer) { c.Struct(p) })
	c.Bool(&m.alone)
}

func (m *coming) of() proto.Migration {
	return proto.Migration{Entity: m.id, N: m.n, Other: m.source}
}

// moveMessage hands a message of a migration to whom it is for.
func (g *Game) moveMessage(env *node.Env, in *node.Input) {
	gate := node.Peer{ID: in.From, Inc: in.Inc}
	of, ok := proto.MigrationOf(in)
	if !ok {
		env.Log(node.Warn, "a migration with a bad header", "type", in.Type, "from", in.From)
		return
	}
	if in.Type == proto.TypePreReq {
		g.preReq(env, in, gate, of)
		return
	}
	if l, _ := g.leaving.Get(of.Entity); l != nil && l.n == of.N {
		switch {
		case in.Type == proto.TypeFlushed:
			g.flushed(env, l, gate)
			return
		case gate == l.gate:
			g.arbiterSays(env, l, in)
			return
		}
	}
	if m, _ := g.coming.Get(of.Entity); m != nil && m.n == of.N && gate == m.gate {
		g.arbiterTells(env, m, in)
		return
	}
	env.Mark("migrate-word-of-nothing")
}

// preReq reserves room for an entity, or says why it cannot come.
func (g *Game) preReq(env *node.Env, in *node.Input, gate node.Peer, of proto.Migration) {
	m := &coming{id: of.Entity, n: of.N, gate: gate, source: of.Other}
	if !env.Decode(in, &m.ask) {
		return
	}
	if why := g.mayCome(m); why != proto.MigrateOK {
		env.Mark("migrate-refused-" + why.String())
		g.tellMove(env, gate, proto.TypePreNo, of, wire.Append(nil, &proto.Refused{Reason: why}))
		return
	}
	g.lastKey++
	m.key = g.lastKey
	g.coming.Set(m.id, m)
	g.comeKeys[m.key] = m
	if m.ask.Key == "" {
		m.stage = prepared
		g.tellMove(env, gate, proto.TypePreOK, of, nil)
		return
	}
	t := &tenant{record: m.ask.Key, class: m.ask.Class, account: m.ask.Account, id: m.id, state: arriving}
	g.lastKey++
	t.key = g.lastKey
	g.tenants.Set(t.key, t)
	g.records[t.record] = t
	m.t = t
	g.expect(env, m)
}

// mayCome says why an entity cannot come here, if it cannot.
func (g *Game) mayCome(m *coming) proto.MigrateRefusal {
	switch {
	case g.stopping:
		return proto.MigrateStopping
	case !g.newcomers():
		return proto.MigrateClosed
	case g.coming.Has(m.id) || g.leaving.Has(m.id) || g.world.Find(m.id) != nil || g.records[m.ask.Key] != nil:
		return proto.MigrateKnown
	case g.coming.Len() >= MaxMoves || g.tenants.Len() >= MaxTenants:
		return proto.MigrateFull
	}
	return g.world.Knows(m.ask.Class, m.ask.Sections)
}

// expect asks the db to give the record to nobody else from now on.
func (g *Game) expect(env *node.Env, m *coming) {
	g.lastNum++
	m.t.request = g.lastNum
	g.send(env, dbID, &proto.Expect{Key: m.ask.Key, Num: m.t.request, N: m.n})
}

func (g *Game) expected(env *node.Env, _ node.Peer, e *proto.Expected) {
	t := g.records[e.Key]
	if t == nil || t.state != arriving || t.request != e.Num {
		env.Mark("stale-db-answer")
		return
	}
	t.request = 0
	m, _ := g.coming.Get(t.id)
	if m.stage != expecting {
		return
	}
	if !e.OK {
		g.tellMove(env, m.gate, proto.TypePreNo, m.of(), wire.Append(nil, &proto.Refused{Reason: proto.MigrateNoRecord}))
		g.dropComing(env, m)
		return
	}
	m.stage = prepared
	g.tellMove(env, m.gate, proto.TypePreOK, m.of(), nil)
}

// arbiterTells handles what the arbiter says to the target.
func (g *Game) arbiterTells(env *node.Env, m *coming, in *node.Input) {
	switch {
	case in.Type == proto.TypeCancel && m.stage < arrived:
		env.Mark("migrate-cancelled-" + stageNames[m.stage])
		g.dropComing(env, m)
	case in.Type == proto.TypeState && m.stage == prepared:
		g.build(env, m, in)
	case in.Type == proto.TypeHeldMail && m.stage == built:
		var h proto.HeldMail
		if env.Decode(in, &h) {
			m.mail = append(m.mail, h) // as many as the source keeps
		}
	case in.Type == proto.TypeLive && (m.stage == built || m.stage == adopting):
		var live proto.Live
		if env.Decode(in, &live) {
			g.arrive(env, m, live.Held)
		}
	case in.Type == proto.TypeOrphan && m.stage == built:
		g.adopt(env, m)
	case in.Type == proto.TypeOrphan:
		g.tellMove(env, m.gate, proto.TypeNotBuilt, m.of(), wire.Append(nil, &proto.Refused{Reason: proto.MigrateBadState}))
		g.dropComing(env, m)
	case in.Type == proto.TypeLiveHeard && m.stage == arrived:
		g.confirm(env, m)
	default:
		env.Mark("migrate-word-too-late-" + stageNames[m.stage])
	}
}

// build makes the entity of its state.
func (g *Game) build(env *node.Env, m *coming, in *node.Input) {
	if !env.Decode(in, &m.state) {
		return
	}
	r, err := g.world.Unpack(env, m.ask.Class, entity.Birth{ID: m.id, Incarnation: m.n, Account: m.ask.Account}, m.state.Sections)
	m.state.Sections = nil
	if err != nil {
		env.Log(node.Warn, "the state of an entity cannot be read", "class", m.ask.Class, "entity", m.id.String(), "error", err)
		g.tellMove(env, m.gate, proto.TypeNotBuilt, m.of(), wire.Append(nil, &proto.Refused{Reason: proto.MigrateBadState}))
		return
	}
	r.WentBy(m.gate)
	m.r, m.stage = r, built
	g.tellMove(env, m.gate, proto.TypeBuilt, m.of(), nil)
}

// dropComing forgets an entity that does not come.
func (g *Game) dropComing(env *node.Env, m *coming) {
	if m.r != nil {
		g.world.Drop(env, m.r)
	}
	g.endComing(env, m)
	if t := m.t; t != nil {
		g.send(env, dbID, &proto.Unexpect{Key: t.record, N: m.n})
		t.request = 0
		g.fail(env, t.next, proto.RefusedBusy)
		delete(g.seats, t.next)
		t.next = seat{}
		g.remove(env, t)
	}
	g.drained(env)
}

func (g *Game) endComing(env *node.Env, m *coming) {
	env.Cancel(timerCome, m.key)
	g.coming.Delete(m.id)
	delete(g.comeKeys, m.key)
}

// arrive has the entity live here. That it does goes to the arbiter before all else.
func (g *Game) arrive(env *node.Env, m *coming, held time.Duration) {
	r, t := m.r, m.t
	m.stage = arrived
	if m.alone {
		g.askComing(env, m)
	} else {
		g.tellMove(env, m.gate, proto.TypeLiveAck, m.of(), nil)
	}
	g.world.Arrive(env, r, &m.state.Place, held)
	if t != nil {
		g.settleIn(env, m, t)
	}
	g.moveMail(env, r, env.Self(), false)
	r.Awaits(func(gate, game node.Peer) bool {
		if game != env.Self() && g.linked(env, gate) {
			g.send(env, gate.ID, &proto.AskGone{Game: game})
		}
		return true
	})
	g.world.LoseGates(env, r, func(gate node.Peer) bool { return !g.linked(env, gate) })
	g.world.Arrived(env, r)
	g.runMail(env, m)
	if g.stopping && !r.Dying() {
		g.world.Unload(env, r)
	}
}

// settleIn makes the tenant of an entity that has come a live one.
func (g *Game) settleIn(env *node.Env, m *coming, t *tenant) {
	r := m.r
	t.state, t.resident, t.quiet = live, r, true
	t.version, t.again, t.moved = m.state.Version, m.state.Behind, m.state.Moved
	g.of[r] = t
	if s := r.Seat(); s != (seat{}) {
		t.client, t.attached, t.proxy = s, r.HasClient(), r.Proxy()
		g.seats[s] = t
	}
	if m.stage == arrived && t.owner == 0 {
		g.take(env, t, m.n)
	}
	g.reseat(env, t)
	if m.state.Alone {
		g.leaveAlone(env, t, min(max(m.state.Grace, 0), g.cfg.Grace))
	}
	if s := t.next; s != (seat{}) {
		t.next = seat{}
		delete(g.seats, s)
		g.enter(env, s.Gate, &proto.Enter{Route: s.Route, Client: t.nextID, Account: t.account})
	}
	if asked := t.asked; len(asked) > 0 {
		env.After(0, timerAsked, t.key)
	}
}

// runMail runs the calls that waited for the entity at its source.
func (g *Game) runMail(env *node.Env, m *coming) {
	mail := m.mail
	m.mail = nil
	for i := range mail {
		h := &mail[i]
		from := entity.Origin{Via: h.Via, Game: h.Game, Num: h.Num, Entity: h.From, Incarnation: h.FromInc}
		if m.r.Dying() {
			g.answer(env, &from, proto.OutcomeStaleMailbox, nil)
			continue
		}
		g.world.Call(env, &entity.Incoming{From: from, To: m.r, Method: h.Method, Args: h.Args})
	}
}

// confirm lets the entity go on: its source has no say in it any more.
func (g *Game) confirm(env *node.Env, m *coming) {
	g.endComing(env, m)
	if t := m.t; t != nil {
		t.quiet = false
		g.askLate(env, t)
	}
	if !m.r.Gone() {
		g.world.Confirm(env, m.r)
	}
	if l, _ := g.leaving.Get(m.id); l != nil {
		g.beginLeaving(env, l)
	}
	g.drained(env)
}

// adopt makes ready to go on with an entity whose source is dead: what it had sent by
// other gates goes first, and the store says whether a later state was saved.
func (g *Game) adopt(env *node.Env, m *coming) {
	env.Mark("migrate-adopting")
	m.stage, m.owed = adopting, nil
	for _, gate := range g.linkedGates(env) {
		if (m.alone || slices.Contains(m.state.Via, gate)) && gate != m.gate && !planted.On("adopts-at-once") { // what it sends overtakes what its source had sent
			m.owed = append(m.owed, gate)
			g.send(env, gate.ID, &proto.AskGone{Game: m.source})
		}
	}
	if m.t != nil && m.state.Owner != 0 {
		g.take(env, m.t, m.n)
	}
	g.tryAdopt(env, m)
}

// tryAdopt goes on with the entity once nothing of its source is under way.
func (g *Game) tryAdopt(env *node.Env, m *coming) {
	if m.stage != adopting || len(m.owed) > 0 || m.t != nil && m.t.taking {
		return
	}
	if !m.alone {
		g.tellMove(env, m.gate, proto.TypeAdopted, m.of(), nil)
		return
	}
	g.arrive(env, m, 0)
	g.confirm(env, m)
}

// sourceGone hears from a gate that nothing more comes from a dead game by it.
func (g *Game) sourceGone(env *node.Env, gate, game node.Peer) {
	for _, m := range g.coming.All() {
		if m.source != game {
			continue
		}
		switch {
		case m.stage == adopting:
			g.notOwed(env, m, gate)
		case m.alone && m.stage == built:
			g.adopt(env, m)
			g.notOwed(env, m, gate)
		case m.alone && m.stage == arrived:
			g.confirm(env, m)
		}
	}
}

func (g *Game) notOwed(env *node.Env, m *coming, gate node.Peer) {
	m.owed = slices.DeleteFunc(m.owed, func(p node.Peer) bool { return p == gate })
	g.tryAdopt(env, m)
}

// comingLost settles what the death of a gate decides for the entities that come by it.
func (g *Game) comingLost(env *node.Env, gate node.Peer) {
	for _, m := range g.coming.All() {
		if m.gate != gate || m.alone {
			g.notOwed(env, m, gate)
			continue
		}
		env.Mark("migrate-arbiter-lost-" + stageNames[m.stage])
		switch m.stage {
		case expecting, prepared:
			g.dropComing(env, m)
		case built, arrived:
			m.alone = true
			g.askComing(env, m)
		case adopting:
			m.alone = true
			g.adopt(env, m)
		}
	}
}

// askComing asks the source by every gate what of the entity, until it answers or is dead.
func (g *Game) askComing(env *node.Env, m *coming) {
	if m == nil || !m.alone || m.stage == adopting {
		return
	}
	kind := uint16(proto.TypeWhatOf)
	if m.stage == arrived {
		kind = proto.TypeLiveAck
	}
	for _, gate := range g.linkedGates(env) {
		g.send(env, gate.ID, &proto.AskGone{Game: m.source})
		g.relay(env, gate, m.source, &proto.Relayed{Kind: kind, Entity: m.id, N: m.n})
	}
	if !planted.On("target-asks-once") { // the only answer may be lost
		env.After(askEvery, timerCome, m.key)
	}
}

// comingRelayed handles what the source of an entity says, whose arbiter is dead.
func (g *Game) comingRelayed(env *node.Env, by, source node.Peer, r *proto.Relayed) {
	m, _ := g.coming.Get(r.Entity)
	if r.Kind == proto.TypeCommit && (m == nil || m.n > r.N) {
		// It was sent here for good, and is settled: its source has not heard so.
		env.Mark("settled-unknown-to-source")
		g.relay(env, by, source, &proto.Relayed{Kind: proto.TypeLiveAck, Entity: r.Entity, N: r.N})
		return
	}
	if m == nil || m.n != r.N || m.source != source || !m.alone {
		env.Mark("relayed-word-of-nothing")
		return
	}
	switch {
	case r.Kind == proto.TypeCancel && m.stage == built:
		g.dropComing(env, m)
	case r.Kind == proto.TypeLive && m.stage == built:
		m.mail = r.Mail
		g.arrive(env, m, 0)
	case r.Kind == proto.TypeLiveHeard && m.stage == arrived:
		g.confirm(env, m)
	}
}

// take makes this game the owner of a record that came with its entity.
func (g *Game) take(env *node.Env, t *tenant, n uint64) {
	t.owner, t.taking = n, true
	g.ask(env, t)
}

// taken hears that the record is this game's. The store may have a later state than
// the one that came.
func (g *Game) taken(env *node.Env, t *tenant, c *proto.Claimed) {
	t.taking, t.version = false, c.Version
	newer := len(c.Data) > 0
	if m, _ := g.coming.Get(t.id); m != nil && m.stage == adopting {
		if newer {
			g.yield(env, m)
			return
		}
		g.tryAdopt(env, m)
		return
	}
	if l, _ := g.leaving.Get(t.id); l != nil && l.phase == claiming {
		if newer {
			g.yieldBack(env, l)
			return
		}
		g.reclaimed(env, l)
		return
	}
	if newer {
		env.Mark("taken-with-a-later-state")
	}
	g.registered(env, t)
	if l, _ := g.leaving.Get(t.id); l != nil {
		g.beginLeaving(env, l)
	}
}

// yield gives an adopted entity up, of which the store has a later state: whoever wants
// it loads that.
func (g *Game) yield(env *node.Env, m *coming) {
	env.Mark("adopted-later-state-in-store")
	if !m.alone {
		g.tellMove(env, m.gate, proto.TypeNotBuilt, m.of(), wire.Append(nil, &proto.Refused{Reason: proto.MigrateBadState}))
	}
	g.world.Drop(env, m.r)
	g.endComing(env, m)
	g.giveBack(env, m.t)
}

// yieldBack does so with one that was to come back.
func (g *Game) yieldBack(env *node.Env, l *leaving) {
	env.Mark("returned-later-state-in-store")
	g.refuseMail(env, l, proto.OutcomeUnknown)
	delete(g.of, l.r)
	g.world.Departed(env, l.r)
	g.endLeaving(env, l)
	t := l.t
	t.resident, t.next, t.nextID = nil, l.next, l.nextID
	if t.client != (seat{}) {
		delete(g.seats, t.client)
		t.client = seat{}
	}
	g.giveBack(env, t)
}

func appendUint64(dst []byte, x uint64) []byte { return binary.LittleEndian.AppendUint64(dst, x) }
