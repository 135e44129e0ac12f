package game

import (
	"errors"
	"time"

	"messiah/core/addr"
	"messiah/core/entity"
	"messiah/core/node"
	"messiah/core/planted"
	"messiah/core/proto"
	"messiah/core/wire"
)

var dbID = node.NewID(node.DB, 1)

// claim makes a tenant of a record and asks the db for it.
func (g *Game) claim(env *node.Env, t *tenant) {
	g.lastKey++
	t.key = g.lastKey
	g.tenants.Set(t.key, t)
	g.records[t.record] = t
	g.ask(env, t)
}

// ask sends the db what the tenant's state calls for. Requests for one record go
// one after the other: the next is based on what the one before has written.
// Without a db it waits for the next one to link up.
func (g *Game) ask(env *node.Env, t *tenant) {
	g.lastNum++
	t.request = g.lastNum
	switch {
	case t.taking:
		t.unproven = true
		l, _ := g.leaving.Get(t.id)
		m, _ := g.coming.Get(t.id)
		alone := l != nil && l.phase == claiming || m != nil && m.stage == adopting && m.alone
		g.send(env, dbID, &proto.Take{Key: t.record, Num: t.request, N: t.owner, Version: t.version, Alone: alone})
	case t.state == arriving || t.quiet || t.away():
		t.request = 0 // later
	case t.claims():
		g.send(env, dbID, &proto.Claim{Key: t.record, Num: t.request, Entity: t.id})
	case t.save.taken:
		s := g.saveOf(t, &t.save)
		g.write(env, t, &s)
	case t.state == unloading:
		g.write(env, t, &proto.Release{Save: g.saveOf(t, &t.last), Drop: t.drop, Delete: t.remove})
	default:
		t.request = 0
	}
}

// write sends what may be long. It keeps to the room that the link has for data: what a
// game saves at once, as when it stops, may be more than the link keeps, and waits its turn.
func (g *Game) write(env *node.Env, t *tenant, m node.Message) {
	err := env.Forward(dbID, m.Type(), 0, nil, env.Encode(m))
	switch {
	case errors.Is(err, node.ErrLinkFull):
		env.Mark("save-at-link-bound")
		t.request = 0
		env.After(g.cfg.RetryEvery, timerRetry, t.key)
	case err != nil:
		env.Mark("game-send-without-link") // the next db is asked again
	}
}

func (g *Game) saveOf(t *tenant, s *copied) proto.Save {
	return proto.Save{
		Key: t.record, Num: t.request, Owner: t.owner, Version: t.version, Entity: t.id, Class: t.class,
		Data: s.data, Index: s.index,
	}
}

// askAgain repeats to a new db what the old one left unanswered.
func (g *Game) askAgain(env *node.Env) {
	for _, t := range g.tenants.All() {
		if t.unproven && (t.state == live || t.state == unloading) && !t.away() {
			t.taking = true
		}
		if m, _ := g.coming.Get(t.id); t.state == arriving && m != nil && !t.taking {
			g.expect(env, m)
			continue
		}
		if t.state != live || t.save.taken || t.claims() {
			env.Mark("asked-the-next-db")
			g.ask(env, t)
		}
	}
	g.send(env, dbID, &proto.Announced{})
}

// askLate asks what had to wait until the entity was confirmed, or thawed.
func (g *Game) askLate(env *node.Env, t *tenant) {
	if t.request == 0 && (t.save.taken || t.state == unloading) {
		g.ask(env, t)
	}
}

// away tells whether the tenant's entity was sent to another game for good.
func (t *tenant) away() bool { return t.resident != nil && t.resident.Away() }

// answered finds the tenant that an answer of the db is about. One that belongs
// to an earlier request, or to one of another kind, is stale.
func (g *Game) answered(env *node.Env, record string, num uint64, load bool) *tenant {
	t := g.records[record]
	if t == nil || num == 0 || t.request != num || t.claims() != load {
		env.Mark("stale-db-answer")
		return nil
	}
	t.request = 0
	return t
}

func (g *Game) claimed(env *node.Env, _ node.Peer, m *proto.Claimed) {
	t := g.answered(env, m.Key, m.Num, true)
	if t == nil {
		return
	}
	if t.taking {
		g.taken(env, t, m)
		return
	}
	t.owner, t.version = m.Owner, m.Version
	if t.state != loading {
		g.registered(env, t)
		if l, _ := g.leaving.Get(t.id); l != nil {
			g.beginLeaving(env, l)
		}
		return
	}
	t.id = m.Entity
	data := m.Data
	if len(data) == 0 || planted.On("record-not-read") { // game code begins with an empty entity
		data = nil
	}
	if len(t.asked) > 0 && data == nil {
		// There is no such record: the claim has made one.
		t.remove = true
		g.tellAsked(env, t, proto.OutcomeNoRecord, addr.Mailbox{})
		g.giveBack(env, t)
		return
	}
	if t.account != "" && t.client == (seat{}) || g.stopping || t.stub != "" && g.draining.on {
		env.Mark("loaded-for-nobody")
		g.fail(env, t.client, proto.RefusedShutdown)
		g.stand(t)
		g.giveBack(env, t)
		return
	}
	g.wake(env, t, data)
}

// wake makes the entity of a record that has come.
func (g *Game) wake(env *node.Env, t *tenant, data []byte) {
	r, err := g.world.Make(env, t.class, entity.Birth{
		ID: t.id, Incarnation: t.owner, Account: t.account, Stub: t.stub, Data: data,
	})
	if err != nil {
		why := proto.RefusedStore
		if errors.Is(err, entity.ErrNewer) { // as between the games of a rolling upgrade
			why = proto.RefusedOlder
			env.Mark("record-of-a-newer-build")
			env.Log(node.Warn, "a record is for a newer game than this one", "record", t.record, "error", err)
		} else {
			env.Log(node.Error, "a record cannot be read", "record", t.record, "error", err)
		}
		g.fail(env, t.client, why)
		g.stand(t)
		g.tellAsked(env, t, proto.OutcomeFailed, addr.Mailbox{})
		g.giveBack(env, t) // nothing of it may be overwritten with an empty entity
		return
	}
	t.state, t.resident = live, r
	g.of[r] = t
	if t.client != (seat{}) {
		g.entered(env, t)
		g.show(env, t)
	}
	g.world.Wake(env, r)
	switch {
	case t.state != live: // a hook has ended it
	case t.stub != "":
		g.fileStub(env, r)
		g.tellStubs(env)
	case t.client != (seat{}) && t.attached:
		g.attach(env, t)
	default:
		g.tellAsked(env, t, proto.OutcomeOK, g.world.MailboxOf(env, r))
	}
}

// giveBack gives a record up as it is.
func (g *Game) giveBack(env *node.Env, t *tenant) {
	t.state, t.drop = unloading, !t.remove
	g.ask(env, t)
}

func (g *Game) held(env *node.Env, _ node.Peer, m *proto.Held) {
	t := g.answered(env, m.Key, m.Num, true)
	if t == nil {
		return
	}
	if t.stub != "" && g.draining.on {
		env.Mark("stub-left-to-others")
		g.remove(env, t)
		return
	}
	if t.stub != "" {
		// The manager believes that nobody has it; whoever held it is about to be known for dead.
		env.Mark("stub-held-elsewhere")
		env.After(g.cfg.RetryEvery, timerRetry, t.key)
		return
	}
	if len(t.asked) > 0 && m.Game != (node.Peer{}) {
		g.tellAsked(env, t, proto.OutcomeOK, addr.Mailbox{
			Entity: m.Entity, Incarnation: m.Owner, Game: m.Game, Gate: g.home(env, m.Entity),
		})
		g.remove(env, t)
		return
	}
	if len(t.asked) > 0 || t.state != loading {
		env.Mark("record-not-reached-yet")
		env.After(g.cfg.RetryEvery, timerRetry, t.key)
		return
	}
	if t.client != (seat{}) {
		g.toGate(env, t.client, &proto.EnterFailed{
			Route: t.client.Route, Reason: proto.RefusedStore, Elsewhere: m.Game,
		})
	}
	g.remove(env, t)
}

// unload ends the entity of a tenant; what is left of it goes to the db.
func (g *Game) unload(env *node.Env, t *tenant) { g.world.Unload(env, t.resident) }

// retired hears from the world that an entity is gone.
func (g *Game) retired(env *node.Env, r *entity.Resident, left entity.Left) {
	g.stayed(env, r)
	t := g.of[r]
	if t == nil {
		if r.Stub() != "" {
			g.stubGone(env, r.Stub())
		}
		return
	}
	delete(g.of, r)
	t.resident = nil
	env.Cancel(timerGrace, t.key)
	env.Cancel(timerSave, t.key)
	if t.client != (seat{}) {
		why := proto.RefusedKicked
		if left.Panicked {
			why = proto.RefusedFault
		}
		g.toGate(env, t.client, &proto.KickClient{Route: t.client.Route, Reason: why})
		g.stand(t)
	}
	if t.stub != "" {
		g.stubGone(env, t.stub)
	}
	t.state, t.drop, t.remove = unloading, left.Panicked || left.Data == nil && !left.Deleted, left.Deleted
	t.last = copied{true, left.Data, left.Index}
	t.savers = left.Savers
	if left.Panicked {
		// What was copied before the panic may be the work of the same code.
		env.Mark("dropped-after-panic")
	}
	if t.request == 0 {
		g.ask(env, t)
	}
}

// stale has the record of an entity written within a time.
func (g *Game) stale(env *node.Env, r *entity.Resident, within time.Duration) {
	t := g.of[r]
	if t == nil {
		return
	}
	if within == 0 {
		env.Cancel(timerSave, t.key)
		g.saveNow(env, t)
		return
	}
	env.After(within, timerSave, t.key)
}

// saveNow writes a copy of a live entity's record; while one is under way the
// next waits for its end.
func (g *Game) saveNow(env *node.Env, t *tenant) {
	if t.save.taken || t.claims() || t.quiet {
		t.again = true
		return
	}
	if t.resident.Frozen() {
		if l, _ := g.leaving.Get(t.id); l != nil {
			l.saving = true
		}
		return
	}
	data, index := g.world.Record(env, t.resident)
	if data == nil {
		return // over its bound, which was logged
	}
	t.save = copied{true, data, index}
	g.ask(env, t)
}

func (g *Game) saved(env *node.Env, _ node.Peer, m *proto.Saved) {
	t := g.answered(env, m.Key, m.Num, false)
	if t == nil {
		return
	}
	t.version, t.unproven = m.Version, false
	if !t.save.taken {
		g.tellSavers(env, t, proto.OutcomeOK)
		g.remove(env, t)
		return
	}
	t.save = copied{}
	if t.state == live {
		g.world.Stored(env, t.resident)
	}
	switch {
	case t.request != 0: // who waited for the save has had the entity saved again, or ended
	case t.state == unloading:
		g.ask(env, t)
	case t.again:
		t.again = false
		g.saveNow(env, t)
		g.world.Settle(env)
	}
}

func (g *Game) noSave(env *node.Env, _ node.Peer, m *proto.NoSave) {
	t := g.answered(env, m.Key, m.Num, m.Take)
	if t == nil {
		return
	}
	if m.Take && m.Stale {
		g.notTaken(env, t)
		return
	}
	if !m.Stale {
		env.After(g.cfg.RetryEvery, timerRetry, t.key)
		return
	}
	if t.state == live {
		// The record belongs to somebody else: this copy of the entity must not go on.
		env.Mark("lost-its-record")
		g.lostRecord(env, t)
		return
	}
	// An earlier try came through and its answer was lost, or another game was given the record.
	env.Mark("release-was-stale")
	g.remove(env, t)
}

// tellSavers tells who waits for the last copy of an entity's record how its writing ended.
func (g *Game) tellSavers(env *node.Env, t *tenant, o proto.Outcome) {
	savers := t.savers
	t.savers = nil
	for _, num := range savers {
		g.world.EndSaver(env, num, o, "")
	}
}

// lostRecord ends an entity whose record belongs to somebody else, or does so once it is
// no longer on its way.
func (g *Game) lostRecord(env *node.Env, t *tenant) {
	l, _ := g.leaving.Get(t.id)
	switch {
	case l == nil || !t.resident.Frozen() && !t.away():
		g.disown(env, t)
	case !t.away():
		l.discard = true
		g.abortLeaving(env, l, proto.MigrateInterrupted)
	}
}

// notTaken hears that a record that came with its entity is another's by now.
func (g *Game) notTaken(env *node.Env, t *tenant) {
	env.Mark("record-not-taken")
	t.taking = false
	m, _ := g.coming.Get(t.id)
	l, _ := g.leaving.Get(t.id)
	switch {
	case m != nil && m.stage == adopting:
		if !m.alone {
			g.tellMove(env, m.gate, proto.TypeNotBuilt, m.of(), wire.Append(nil, &proto.Refused{Reason: proto.MigrateNoRecord}))
		}
		g.dropComing(env, m)
	case l != nil && l.phase == claiming:
		g.yieldBack(env, l)
	case t.state == live:
		g.lostRecord(env, t)
	default:
		g.remove(env, t)
	}
}

// disown ends an entity whose record belongs to somebody else by now.
func (g *Game) disown(env *node.Env, t *tenant) {
	g.stayed(env, t.resident)
	delete(g.of, t.resident)
	g.world.Discard(env, t.resident)
	t.resident = nil
	if t.client != (seat{}) {
		g.toGate(env, t.client, &proto.KickClient{Route: t.client.Route, Reason: proto.RefusedSecondLogin})
	}
	if t.stub != "" {
		g.stubGone(env, t.stub)
	}
	g.remove(env, t)
}

// askAnew loads a record once more for who asked for it while it was on its way out.
func (g *Game) askAnew(env *node.Env, t *tenant) {
	if len(t.asked) > 0 && !t.remove && !g.stopping {
		g.claim(env, &tenant{record: t.record, class: t.class, id: t.id, asked: t.asked})
		return
	}
	g.tellAsked(env, t, proto.OutcomeNoRecord, addr.Mailbox{})
}

// remove forgets a tenant, and begins anew for whoever waits for it.
func (g *Game) remove(env *node.Env, t *tenant) {
	if t.leaving != (seat{}) {
		g.toGate(env, t.leaving, &proto.Exited{Route: t.leaving.Route})
	}
	for _, s := range []seat{t.client, t.leaving, t.next} {
		if !planted.On("seat-kept-after-unload") { // the table keeps the avatar for ever
			delete(g.seats, s)
		}
	}
	for _, name := range []uint16{timerGrace, timerRetry, timerSave, timerAsked} {
		env.Cancel(name, t.key)
	}
	g.tellSavers(env, t, proto.OutcomeUnknown) // whoever has not heard better
	delete(g.records, t.record)
	g.tenants.Delete(t.key)
	g.askAnew(env, t)
	if t.next != (seat{}) {
		g.enter(env, t.next.Gate, &proto.Enter{Route: t.next.Route, Client: t.nextID, Account: t.account})
	}
	g.drained(env)
}
