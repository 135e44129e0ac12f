package game

import (
	"cmp"
	"slices"
	"time"

	"messiah/core/addr"
	"messiah/core/entity"
	"messiah/core/node"
	"messiah/core/planted"
	"messiah/core/proto"
	"messiah/core/wire"
)

// The source's side of a migration. While the arbiter lives, the source acts only on
// its word; without Commit sent it thaws when the arbiter dies, with it sent it finishes.

// Bounds of migrations.
const (
	MaxMoves    = 1 << 12          // away from here, and again as many towards here
	askedWithin = 10 * time.Second // so long a target may take to be ready
)

// phase is where a migration stands at its source.
type phase uint8

const (
	queued    phase = iota // the entity has just come, or has no record yet
	asked                  // the target was asked whether it may come
	holdAsked              // the arbiter was asked to hold what is for it
	frozen                 // it does not run; its state is on its way
	abortWait              // nor here: it is to go on once the arbiter says so
	ledger                 // it was sent for good, and is kept until it lives there
	claiming               // arbiter and target are dead: it goes on once the store has said from which state
)

var phaseNames = [...]string{"queued", "asked", "hold-asked", "frozen", "abort-wait", "ledger", "claiming"}

// leaving is an entity that moves away.
type leaving struct {
	key     uint64
	id      addr.EntityID
	n       uint64
	phase   phase
	r       *entity.Resident // nil once it has ended
	t       *tenant          // nil of an entity without a record
	gate    node.Peer        // the arbiter
	to      entity.Destination
	flushes []node.Peer // gates that have not said yet that they handled all that the entity sent
	built   bool        // the target has the state
	mail    []proto.HeldMail
	why     proto.MigrateRefusal
	saving  bool // its record was to be written meanwhile
	discard bool // its record is another's
	by      mover
	gone    bool // it lives where it went
	next    seat // who wants the avatar
	nextID  addr.ClientID
}

// Code reads or writes the migration, but for entity and tenant.
func (l *leaving) Code(c *wire.Coder) {
	c.Uint64(&l.key)
	l.id.Code(c)
	c.Uint64(&l.n)
	c.Uint8((*uint8)(&l.phase))
	l.gate.Code(c)
	c.Struct(&l.to)
	wire.Slice(c, &l.flushes, func(c *wire.Coder, p *node.Peer) { c.Struct(p) })
	c.Bool(&l.built)
	wire.Slice(c, &l.mail, func(c *wire.Coder, m *proto.HeldMail) { c.Struct(m) })
	c.Uint8((*uint8)(&l.why))
	c.Bool(&l.saving)
	c.Bool(&l.discard)
	c.Uint8((*uint8)(&l.by))
	c.Bool(&l.gone)
	l.next.Code(c)
	l.nextID.Code(c)
}

// of names the migration as the arbiter knows it.
func (l *leaving) of() proto.Migration {
	return proto.Migration{Entity: l.id, N: l.n, Other: l.to.Game}
}

// migrate begins to move an entity away on game code's word.
func (g *Game) migrate(env *node.Env, r *entity.Resident, to *entity.Destination) error {
	return g.begin(env, r, to, byCode)
}

// begin begins to move an entity away.
func (g *Game) begin(env *node.Env, r *entity.Resident, to *entity.Destination, by mover) error {
	switch {
	case g.leaving.Has(r.ID()) && !planted.On("second-move-forgets-first"): // the latest wish counts
		return entity.ErrMoving
	case g.leaving.Len() >= MaxMoves || g.of[r] != nil && r.LastMove():
		return entity.ErrFull
	case !g.isGame(to.Game):
		return &entity.Refused{Reason: proto.MigrateNoGame}
	case g.stopping:
		return &entity.Refused{Reason: proto.MigrateStopping}
	}
	g.lastKey++
	l := &leaving{key: g.lastKey, id: r.ID(), r: r, t: g.of[r], to: *to, by: by}
	g.leaving.Set(l.id, l)
	g.leaveKeys[l.key] = l
	env.After(0, timerLeave, l.key) // behind the callback that asks
	return nil
}

// isGame tells whether a life of a game is ready to take entities.
func (g *Game) isGame(p node.Peer) bool {
	return p.ID.Kind() == node.Game && slices.ContainsFunc(g.list.Live, func(one proto.Process) bool { return one.Peer == p && one.Ready })
}

// leaveTimer begins a migration, or gives one up whose target takes too long.
func (g *Game) leaveTimer(env *node.Env, l *leaving) {
	switch {
	case l == nil:
	case l.phase == queued:
		g.beginLeaving(env, l)
	case l.phase == asked:
		env.Mark("migrate-asked-too-long")
		g.cancelLeaving(env, l, proto.MigrateInterrupted)
	case l.phase == ledger && !g.linked(env, l.gate):
		g.askTarget(env, l)
	}
}

// beginLeaving asks the target, unless the entity's record is not settled yet.
func (g *Game) beginLeaving(env *node.Env, l *leaving) {
	if l.phase != queued || g.coming.Has(l.id) || l.t != nil && l.t.claims() {
		env.Mark("migrate-queued")
		return
	}
	l.gate = g.home(env, l.id)
	ask := proto.PreReq{Class: l.r.Class().Name(), Sections: g.world.Sections(l.r)}
	if t := l.t; t != nil {
		ask.Key, ask.Account = t.record, t.account
		if t.client != (seat{}) {
			l.gate, ask.Route = t.client.Gate, t.client.Route
		}
	}
	if !g.linked(env, l.gate) {
		g.endLeaving(env, l)
		g.world.MigrationFailed(env, l.r, proto.MigrateNoGate)
		return
	}
	l.phase, l.n = asked, l.r.NextMove()
	env.After(askedWithin, timerLeave, l.key)
	g.tellArbiter(env, l, proto.TypePreReq, wire.Append(nil, &ask))
}

// tellArbiter says one word about a migration, in the room that is kept for such.
func (g *Game) tellArbiter(env *node.Env, l *leaving, typ uint16, body []byte) {
	g.tellMove(env, l.gate, typ, l.of(), body)
}

func (g *Game) tellMove(env *node.Env, gate node.Peer, typ uint16, of proto.Migration, body []byte) {
	if !g.linked(env, gate) {
		return // its end decides
	}
	routes := of.Routes()
	if err := env.Urge(gate.ID, typ, routes[:], body); err != nil {
		env.Mark("migrate-word-without-link")
	}
}

// cancelLeaving gives up what the arbiter does not hold anything for yet.
func (g *Game) cancelLeaving(env *node.Env, l *leaving, why proto.MigrateRefusal) {
	if l.phase == asked {
		g.tellArbiter(env, l, proto.TypeCancel, nil)
	}
	g.endLeaving(env, l)
	if l.r != nil {
		g.world.MigrationFailed(env, l.r, why)
	}
}

// endLeaving forgets a migration.
func (g *Game) endLeaving(env *node.Env, l *leaving) {
	env.Cancel(timerLeave, l.key)
	g.leaving.Delete(l.id)
	delete(g.leaveKeys, l.key)
	g.moveEnded(env, l)
	g.drained(env)
}

// abortLeaving asks the arbiter to have the entity go on here. From now on it is never
// committed.
func (g *Game) abortLeaving(env *node.Env, l *leaving, why proto.MigrateRefusal) {
	if l.phase != holdAsked && l.phase != frozen {
		return
	}
	if l.why == proto.MigrateOK {
		l.why = why
	}
	l.phase = abortWait
	g.tellArbiter(env, l, proto.TypeAbort, nil)
}

// arbiterSays handles what the arbiter says to the source.
func (g *Game) arbiterSays(env *node.Env, l *leaving, in *node.Input) {
	switch {
	case in.Type == proto.TypePreNo && l.phase == asked:
		var m proto.Refused
		if env.Decode(in, &m) {
			l.why = m.Reason
			g.endLeaving(env, l)
			g.world.MigrationFailed(env, l.r, m.Reason)
		}
	case in.Type == proto.TypePreOK && l.phase == asked:
		l.phase = holdAsked
		g.tellArbiter(env, l, proto.TypeHold, nil)
	case in.Type == proto.TypeHoldMark && l.phase == holdAsked:
		g.freeze(env, l)
	case in.Type == proto.TypeBuilt && l.phase == frozen:
		l.built = true
		g.tryCommit(env, l)
	case in.Type == proto.TypeNotBuilt && l.phase == frozen:
		var m proto.Refused
		if env.Decode(in, &m) {
			g.abortLeaving(env, l, m.Reason)
		}
	case in.Type == proto.TypeAborted && l.phase >= holdAsked && l.phase <= ledger:
		g.thaw(env, l, true)
	case in.Type == proto.TypeLiveAck && l.phase == ledger:
		g.departed(env, l)
	case in.Type == proto.TypeUndo && l.phase == ledger:
		g.undone(env, l)
	default:
		env.Mark("migrate-arbiter-too-late-in-" + phaseNames[l.phase])
	}
}

// freeze stops the entity and sends its state.
func (g *Game) freeze(env *node.Env, l *leaving) {
	g.world.Leaving(env, l.r)
	if l.r == nil || l.phase != holdAsked {
		return // the hook has ended it
	}
	l.phase = frozen
	g.world.Freeze(env, l.r)
	if g.world.HoldsForOthers(l.r) {
		g.abortLeaving(env, l, proto.MigrateHolds)
		return
	}
	l.r.WentBy(l.gate)
	state := proto.EntityState{Place: l.to, Via: slices.Clone(l.r.Via()), Sections: g.world.Pack(env, l.r)}
	if state.Sections == nil {
		g.abortLeaving(env, l, proto.MigrateTooLarge)
		return
	}
	if t := l.t; t != nil {
		state.Owner, state.Version, state.Moved = t.owner, t.version, t.moved
		state.Behind = l.r.Behind() || t.save.taken || t.again
		if t.alone != 0 {
			state.Alone, state.Grace = true, max(t.alone.Sub(env.Now()), 0)
		}
		if t.save.taken {
			state.Version++ // as it may be by now
		}
	}
	g.moveMail(env, l.r, l.to.Game, true)
	for _, gate := range l.r.Via() {
		if gate != l.gate && g.linked(env, gate) && !planted.On("flush-forgotten") { // its calls overtake each other by two gates
			l.flushes = append(l.flushes, gate)
			g.tellMove(env, gate, proto.TypeFlush, l.of(), nil)
		}
	}
	g.toArbiter(env, l, proto.TypeState, env.Encode(&state))
}

// toArbiter sends behind all that went to the entity's client.
func (g *Game) toArbiter(env *node.Env, l *leaving, typ uint16, body []byte) {
	routes := l.of().Routes()
	g.rawRoutes = g.rawRoutes[:0]
	for _, r := range routes {
		g.rawRoutes = appendUint64(g.rawRoutes, r)
	}
	env.Offload(LaneSerial, &node.Input{Type: typ, From: l.gate.ID, Inc: l.gate.Inc, Routes: g.rawRoutes, Body: body})
}

// flushed hears that a gate has handled all that the entity had sent by it.
func (g *Game) flushed(env *node.Env, l *leaving, gate node.Peer) {
	l.flushes = slices.DeleteFunc(l.flushes, func(p node.Peer) bool { return p == gate })
	g.tryCommit(env, l)
}

// tryCommit sends the entity on its way for good, once the target has its state and
// nothing that it has sent can be overtaken.
func (g *Game) tryCommit(env *node.Env, l *leaving) {
	if l.phase != frozen || !l.built || len(l.flushes) > 0 {
		return
	}
	routes := l.of().Routes()
	for i := range l.mail {
		m := &l.mail[i]
		g.tellMoved(env, m.Via, m.Game, m.Num, l.to.Game, true)
		if err := env.Forward(l.gate.ID, proto.TypeHeldMail, 0, routes[:], wire.Append(nil, m)); err != nil {
			g.abortLeaving(env, l, proto.MigrateFull)
			return
		}
	}
	g.tellArbiter(env, l, proto.TypeCommit, nil)
	l.phase = ledger
	g.world.Depart(env, l.r, l.to.Game)
}

// holdMail keeps a call for a frozen entity; false at the bound.
func (g *Game) holdMail(env *node.Env, l *leaving, from *entity.Origin, method uint16, args []byte) bool {
	if len(l.mail) >= entity.MaxFrozenMail {
		env.Mark("frozen-mail-at-bound")
		return planted.On("frozen-mail-dropped") // and its sender is told nothing
	}
	env.Mark("mail-waits-for-frozen")
	l.mail = append(l.mail, proto.HeldMail{
		Via: from.Via, Game: from.Game, Num: from.Num, From: from.Entity, FromInc: from.Incarnation,
		Method: method, Args: append([]byte(nil), args...),
	})
	return true
}

// thaw has the entity go on here. The arbiter, if it lives, hears so before anything else.
func (g *Game) thaw(env *node.Env, l *leaving, tell bool) {
	env.Mark("migrate-thawed-in-" + phaseNames[l.phase])
	if tell {
		g.tellArbiter(env, l, proto.TypeThawed, nil)
	}
	if l.phase == ledger || l.phase == claiming {
		g.world.Return(env, l.r, l.r.Incarnation())
	}
	g.endLeaving(env, l)
	if r := l.r; r != nil {
		g.goOn(env, l, false)
		g.world.MigrationFailed(env, r, cmp.Or(l.why, proto.MigrateInterrupted))
	}
	g.enterLate(env, l)
}

// goOn lets an entity run again that was frozen, with the calls that have waited;
// those that it may have run elsewhere are lost.
func (g *Game) goOn(env *node.Env, l *leaving, lost bool) {
	r, t := l.r, l.t
	if l.discard {
		g.refuseMail(env, l, proto.OutcomeUnknown)
		g.disown(env, t)
		return
	}
	g.moveMail(env, r, env.Self(), false)
	g.world.Thaw(env, r)
	if t != nil {
		g.askLate(env, t)
		if l.saving && t.state == live {
			g.saveNow(env, t)
		}
	}
	mail := l.mail
	l.mail = nil
	for i := range mail {
		m := &mail[i]
		from := entity.Origin{Via: m.Via, Game: m.Game, Num: m.Num, Entity: m.From, Incarnation: m.FromInc}
		switch {
		case lost && !planted.On("undo-runs-mail-again"): // what may have run elsewhere runs here
			g.answer(env, &from, proto.OutcomeUnknown, nil)
		case r.Dying():
			g.answer(env, &from, proto.OutcomeStaleMailbox, nil)
		default:
			g.world.Call(env, &entity.Incoming{From: from, To: r, Method: m.Method, Args: m.Args})
		}
	}
}

func (g *Game) refuseMail(env *node.Env, l *leaving, o proto.Outcome) {
	for i := range l.mail {
		m := &l.mail[i]
		g.answer(env, &entity.Origin{Via: m.Via, Game: m.Game, Num: m.Num}, o, nil)
	}
	l.mail = nil
}

// enterLate lets in who wanted the avatar while it was on its way.
func (g *Game) enterLate(env *node.Env, l *leaving) {
	if s := l.next; s != (seat{}) {
		l.next = seat{}
		delete(g.seats, s)
		g.enter(env, s.Gate, &proto.Enter{Route: s.Route, Client: l.nextID, Account: l.t.account})
	}
}

// stayed hears that an entity has ended that was to move away.
func (g *Game) stayed(env *node.Env, r *entity.Resident) {
	l, _ := g.leaving.Get(r.ID())
	if l == nil || l.r != r {
		return
	}
	l.r = nil
	switch l.phase {
	case queued, asked:
		g.cancelLeaving(env, l, proto.MigrateInterrupted)
	case holdAsked:
		l.phase = abortWait
		g.tellArbiter(env, l, proto.TypeAbort, nil)
	}
}

// departed forgets an entity that lives where it went.
func (g *Game) departed(env *node.Env, l *leaving) {
	g.world.Departed(env, l.r)
	l.gone = true
	g.endLeaving(env, l)
	t := l.t
	if t == nil {
		return
	}
	delete(g.of, l.r)
	for _, s := range []seat{t.next, l.next} {
		if s != (seat{}) {
			g.toGate(env, s, &proto.EnterFailed{Route: s.Route, Reason: proto.RefusedBusy, Elsewhere: l.to.Game})
			delete(g.seats, s)
		}
	}
	t.next, t.resident = seat{}, nil
	g.remove(env, t)
}

// undone takes an entity back whose target has died before it was heard of.
func (g *Game) undone(env *node.Env, l *leaving) {
	env.Mark("migrate-undone")
	g.world.Return(env, l.r, l.r.NextMove())
	if t := l.t; t != nil && t.owner != 0 {
		g.take(env, t, l.r.Incarnation())
	}
	g.endLeaving(env, l)
	r := l.r
	g.goOn(env, l, true)
	g.world.MigrationFailed(env, r, proto.MigrateInterrupted)
	g.enterLate(env, l)
}
