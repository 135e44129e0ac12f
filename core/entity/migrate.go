package entity

import (
	"fmt"
	"slices"
	"time"

	"messiah/core/addr"
	"messiah/core/node"
	"messiah/core/planted"
	"messiah/core/proto"
	"messiah/core/schema"
)

// MaxState bounds the state of an entity that moves, in bytes; a larger one stays where it is.
const MaxState = 4 << 20

// MaxFrozenMail bounds the calls and outcomes that wait for one entity on its way; a
// further call is answered ErrFull.
const MaxFrozenMail = 1 << 10

// Carry has a part of an entity that is no property move with it to another game: of
// gives the place of that part, which may be any plain Go value, as arguments are.
// A target that has no section of the name, or an older version of it, refuses the entity.
func Carry[P Entity, S any](name string, version uint32, of func(P) *S) Part[P] {
	return Part[P]{add: func(k *Class) error {
		if err := checkName(name); err != nil {
			return err
		}
		if of == nil {
			return fmt.Errorf("section %s is carried by nil: give Carry a function", name)
		}
		for _, p := range builtinParts(k) {
			if p.name == name {
				return fmt.Errorf("section %s has the name of one that every entity has", name)
			}
		}
		for i := range k.carried {
			if k.carried[i].name == name {
				return fmt.Errorf("section %s is carried twice", name)
			}
		}
		if _, err := schema.NewFor[S](); err != nil {
			return fmt.Errorf("section %s: %w", name, err)
		}
		k.carried = append(k.carried, carriedPart(name, version, of))
		return nil
	}}
}

func carriedPart[P Entity, S any](name string, version uint32, of func(P) *S) part {
	return part{
		name: name, version: version, has: func(*Resident) bool { return true },
		write: func(w *World, _ *node.Env, r *Resident) []byte {
			codec := schema.MustFor[S]()
			return codec.Append(&w.encoder, nil, of(r.entity.(P)))
		},
		read: func(w *World, _ *node.Env, r *Resident, _ uint32, body []byte) error {
			codec := schema.MustFor[S]()
			return codec.Decode(&w.decoder, body, of(r.entity.(P)))
		},
	}
}

// Destination is where an entity goes: a game and, for an area entity, a place there.
type Destination = proto.Destination

// Migrate has an entity go on living on another game. It returns why that cannot
// even be tried; what comes of it later is told by hooks: AboutToMigrate here, then
// Arrived there, or MigrationFailed here. Until then the entity goes on, but for a
// moment in which what is meant for it waits. A space that has ended by the time it
// comes leaves it in none.
func (c *Call) Migrate(e Entity, to Destination) error {
	r := e.base().resident
	switch {
	case r.gone || r.dying:
		return ErrGone
	case r.class.class.stub:
		panic("entity: a stub is created by the cluster, and does not migrate")
	case !to.Stay && !isPlace(to.At, to.Yaw):
		return ErrNoPlace
	case to.Game == c.env.Self():
		return ErrSameGame
	case r.frozen:
		return ErrMoving
	}
	return c.world.port.Migrate(c.env, r, &to)
}

// Here returns the game on which the call runs, for a Destination.
func (c *Call) Here() node.Peer { return c.env.Self() }

// Games returns the games that are ready and take newcomers, this one among them if it does, in
// the order of their names.
func (c *Call) Games() []node.Peer { return c.world.port.Games(c.env) }

// Number returns the number of the entity's latest migration, or of its load.
func (r *Resident) migrations() uint64 { return max(r.lastMove, r.incarnation) }

// LastMove tells whether the entity has made all migrations that one load of its record has
// numbers for, with some left for those that are aborted.
func (r *Resident) LastMove() bool {
	return r.migrations()%proto.MovesPerLoad >= proto.MovesPerLoad-movesLeft
}

// movesLeft is how many numbers an entity keeps that may not begin another migration: for its returns.
const movesLeft = 16

// NextMove gives the entity the number of its next migration.
func (r *Resident) NextMove() uint64 {
	r.lastMove = r.migrations() + 1
	return r.lastMove
}

// Frozen tells whether the entity does not run, as it is on its way.
func (r *Resident) Frozen() bool { return r.frozen }

// Via returns the gates by which the entity has sent since it came.
func (r *Resident) Via() []node.Peer { return r.via }

// Dying tells whether the entity ends behind the callback under way.
func (r *Resident) Dying() bool { return r.dying || r.gone }

// sentBy notes a gate by which the entity sends.
func (r *Resident) sentBy(gate node.Peer) {
	for _, g := range r.via {
		if g == gate {
			return
		}
	}
	r.via = append(r.via, gate)
}

// Leaving runs the hook of an entity that is about to be frozen.
func (w *World) Leaving(env *node.Env, r *Resident) {
	if h, has := r.entity.(AboutToMigrate); has {
		w.run(env, r, h.AboutToMigrate)
	}
	w.settle(env)
}

// HoldsForOthers tells whether the entity holds a call of a client that is not its own;
// such a client would not hear of the end of another game.
func (w *World) HoldsForOthers(r *Resident) bool {
	for i := range r.held {
		from := &r.held[i].from
		if from.Route != 0 && (r.player == nil || r.player.seat != Seat{Gate: from.Via, Route: from.Route}) {
			return true
		}
	}
	return false
}

// Freeze stops an entity: neither its timers nor its calls run until it is thawed.
func (w *World) Freeze(env *node.Env, r *Resident) {
	r.frozen, r.frozenAt = true, env.Now()
	for _, t := range r.timers {
		w.haltTimer(env, t)
	}
	for p := r.firstCall; p != nil; p = p.after {
		if p.deadline.num != 0 {
			w.haltTimer(env, &p.deadline)
		}
	}
}

// haltTimer stops a timer and notes how much of it is left.
func (w *World) haltTimer(env *node.Env, t *entityTimer) {
	env.Cancel(NodeTimer, t.num)
	t.left = max(t.due.Sub(env.Now()), 0)
}

// Thaw lets an entity run again, which then hears the outcomes that have come meanwhile.
func (w *World) Thaw(env *node.Env, r *Resident) {
	r.frozen = false
	if p := r.place; p != nil {
		p.budget = p.budget.Departed(r.frozenAt)
		w.waited(env, p, env.Now().Sub(r.frozenAt))
	}
	w.goOn(env, r)
	if r.doomed {
		r.doomed = false
		w.doom(env, r)
	}
	w.settle(env)
}

// goOn starts what an entity waits for.
func (w *World) goOn(env *node.Env, r *Resident) {
	if r.saveNow || len(r.savers) > 0 {
		r.saveNow = false
		w.port.Stale(env, r, 0)
	}
	for _, t := range r.timers {
		w.arm(env, t, t.left)
	}
	for p := r.firstCall; p != nil; p = p.after {
		if p.within > 0 {
			p.deadline.ask = p.num
			w.arm(env, &p.deadline, p.deadline.left)
		}
	}
	late := r.late
	r.late = nil
	for i := range late {
		l := &late[i]
		if p, waits := w.pending.Get(l.num); waits && p.from == r {
			w.end(env, p, l.outcome, l.body)
		}
	}
}

// end tells the caller of a call under way its outcome, behind whatever runs.
func (w *World) end(env *node.Env, p *pending, o proto.Outcome, body []byte) {
	q := w.forget(env, p)
	if q.from == nil {
		return
	}
	w.later(chore{kind: choreOutcome, r: q.from, ask: q, outcome: o, body: body})
}

// MigrationFailed tells an entity that it goes on where it was, and why.
func (w *World) MigrationFailed(env *node.Env, r *Resident, why proto.MigrateRefusal) {
	if h, has := r.entity.(MigrationFailed); has && !r.Dying() {
		w.run(env, r, func(c *Call) { h.MigrationFailed(c, &Refused{why}) })
	}
	w.settle(env)
}

// Refused is why an entity did not migrate.
type Refused struct{ Reason proto.MigrateRefusal }

// Error returns the reason in words.
func (e *Refused) Error() string { return "entity: not migrated: " + e.Reason.String() }

// late is an outcome that came while its caller was frozen.
type lateOutcome struct {
	num     uint64
	outcome proto.Outcome
	body    []byte
}

// Sections returns the names and versions of what an entity of the class carries.
func (w *World) Sections(r *Resident) []proto.SectionName {
	var all []proto.SectionName
	for _, p := range movedParts(r.class.class) {
		all = append(all, proto.SectionName{Name: p.name, Version: p.version})
	}
	return all
}

// Knows tells whether entities of a class with such sections can come here.
func (w *World) Knows(class string, sections []proto.SectionName) proto.MigrateRefusal {
	k := w.classes[class]
	if k == nil || k.class.stub {
		return proto.MigrateNoClass
	}
	parts := movedParts(k.class)
	for _, s := range sections {
		i := slices.IndexFunc(parts, func(p part) bool { return p.name == s.Name })
		switch {
		case i < 0:
			return proto.MigrateNoSection
		case parts[i].version < s.Version && !planted.On("older-game-takes-newer"): // what it does not know of is overlooked
			return proto.MigrateOlder
		}
	}
	if w.residents.Len()+w.arriving >= MaxEntities {
		return proto.MigrateFull
	}
	return proto.MigrateOK
}

// Pack returns the whole state of a frozen entity; nil if it is over MaxState.
func (w *World) Pack(env *node.Env, r *Resident) []proto.Section {
	var all []proto.Section
	size := 0
	for _, p := range movedParts(r.class.class) {
		body := p.write(w, env, r)
		size += len(body)
		all = append(all, proto.Section{SectionName: proto.SectionName{Name: p.name, Version: p.version}, Body: body})
	}
	if size > MaxState {
		env.Log(node.Warn, "an entity is too large to migrate", "class", r.className(), "entity", r.name(), "bytes", size)
		return nil
	}
	return all
}

// Unpack makes an entity of a state that has come; it does not run before Arrive.
func (w *World) Unpack(env *node.Env, class string, b Birth, sections []proto.Section) (*Resident, error) {
	k := w.classes[class]
	if k == nil {
		return nil, errNoClass
	}
	r := &Resident{id: b.ID, incarnation: b.Incarnation, born: b.Incarnation, class: k, entity: k.class.fresh(), frozen: true, awake: true}
	w.bindResident(r)
	if r.player != nil {
		r.player.account = b.Account
	}
	w.arriving++
	w.lastRes++
	r.number = w.lastRes
	w.byNumber[r.number] = r
	w.aside.Set(r.id, r)
	parts := movedParts(k.class)
	for i := range sections {
		s := &sections[i]
		for _, p := range parts {
			if p.name != s.Name {
				continue
			}
			if err := p.read(w, env, r, s.Version, s.Body); err != nil {
				w.Drop(env, r)
				return nil, fmt.Errorf("entity: state of %v: section %s: %w", r.id, s.Name, err)
			}
		}
	}
	return r, nil
}

// Drop forgets an entity that was unpacked and is not to arrive.
func (w *World) Drop(env *node.Env, r *Resident) {
	w.arriving--
	w.notAside(r)
	delete(w.byNumber, r.number)
	r.gone, r.dying = true, true
	w.dropTimers(env, r)
	for r.firstCall != nil {
		w.forget(env, r.firstCall)
	}
}

// Arrive has an unpacked entity live here. What it makes for elsewhere waits until it
// is Confirmed, and so do its timers and the outcomes that it waits for.
func (w *World) Arrive(env *node.Env, r *Resident, to *Destination, held time.Duration) {
	w.arriving--
	w.notAside(r)
	r.frozen, r.quiet = false, !planted.On("speaks-before-confirmed") // the target may yet die unheard
	if r.place != nil {
		w.arriveAt(env, r, to)
	}
	w.came(r)
	w.admit(r)
	if r.place != nil {
		w.waited(env, r.place, held)
		if !to.Stay {
			w.freed(r.place)
		}
		if s, _ := w.spaces.Get(r.place.space); s != nil {
			s.in.Add(r.id)
		}
	}
}

func (w *World) came(r *Resident) {
	if w.cfg.Watch.Came != nil {
		w.cfg.Watch.Came(r)
	}
}

// Arrived runs the hook of an entity that has come.
func (w *World) Arrived(env *node.Env, r *Resident) {
	if h, has := r.entity.(Arrived); has && !r.Dying() {
		w.run(env, r, h.Arrived)
	}
	w.settle(env)
}

func (w *World) arriveAt(env *node.Env, r *Resident, to *Destination) {
	p := r.place
	p.space = to.Space
	if s, _ := w.spaces.Get(to.Space); s == nil {
		if !to.Space.IsZero() {
			env.Mark("space-gone-on-arrival")
		}
		p.space = addr.EntityID{}
	}
	if !to.Stay {
		p.at, p.yaw = to.At, to.Yaw
	}
}

// waited lets the client of an entity that was on its way so long move as far as it did meanwhile.
func (w *World) waited(env *node.Env, p *Place, away time.Duration) {
	p.budget.Arrived(env.Now(), away)
	if w.cfg.Watch.Waited != nil {
		w.cfg.Watch.Waited(p.owner)
	}
}

// Confirm lets an entity go on that has arrived, once nothing can undo that.
func (w *World) Confirm(env *node.Env, r *Resident) {
	if !r.quiet {
		return
	}
	w.speak(env, r)
	if r.gone {
		return
	}
	w.goOn(env, r)
	w.settle(env)
}

// speak sends what an entity has made for elsewhere since it came.
func (w *World) speak(env *node.Env, r *Resident) {
	r.quiet = false
	out := r.outbox
	r.outbox = nil
	for i := range out {
		u := &out[i]
		if u.answer {
			w.port.Answer(env, &u.origin, u.outcome, u.body)
			continue
		}
		p, waits := w.pending.Get(u.num)
		if !waits {
			continue
		}
		w.renumber(p) // behind what others here have sent meanwhile
		w.mail = Mail{To: u.to, From: r, Num: p.num, Method: u.method, Args: u.body}
		if o := w.port.Send(env, &w.mail); o != proto.OutcomeOK {
			w.end(env, p, o, nil)
			continue
		}
		p.gate, p.game = gateOf(&w.mail.To), w.mail.To.Mailbox.Game
		r.sentBy(p.gate)
	}
}

// renumber gives a call that has not gone yet the next number: the numbers of a game's calls
// grow in the order in which they go.
func (w *World) renumber(p *pending) {
	w.pending.Delete(p.num)
	w.lastNum++
	p.num = w.lastNum
	w.pending.Set(p.num, p)
}

// unsaid is a call, or the answer to one, that an entity has made and that has not gone yet.
type unsaid struct {
	answer  bool
	to      addr.Address
	num     uint64
	method  uint16
	origin  Origin
	outcome proto.Outcome
	body    []byte
}

// answer carries the outcome of a call back, or keeps it as long as the entity is not to be heard.
func (w *World) answer(env *node.Env, r *Resident, to *Origin, o proto.Outcome, body []byte) {
	if r == nil || !r.quiet || to.Route != 0 {
		w.port.Answer(env, to, o, body)
		return
	}
	r.outbox = append(r.outbox, unsaid{answer: true, origin: *to, outcome: o, body: append([]byte(nil), body...)})
}

// Depart takes a frozen entity out that lives elsewhere from now on: outcomes of its
// calls are carried on to there.
func (w *World) Depart(env *node.Env, r *Resident, to node.Peer) {
	r.left = true
	w.loseSavers(env, r)
	for p := r.firstCall; p != nil; p = p.after {
		w.pending.Delete(p.num)
		delete(w.adopted, p.origin)
		if p.deadline.num != 0 {
			delete(w.timers, p.deadline.num)
			p.deadline.num = 0
		}
		w.onward.Set(p.callKey(env), &onward{to: to, gate: p.gate, at: p.game, p: p})
	}
	late := r.late
	r.late = nil
	for i := range late {
		l := &late[i]
		for p := r.firstCall; p != nil; p = p.after {
			if p.num == l.num {
				w.passOn(env, p.callKey(env), l.outcome, l.body)
				break
			}
		}
	}
	w.evict(r)
}

// evict takes an entity out of all tables of those that live here.
func (w *World) evict(r *Resident) {
	if r.place != nil {
		if s, _ := w.spaces.Get(r.place.space); s != nil {
			s.in.Delete(r.id)
		}
	}
	w.residents.Delete(r.id)
	w.aside.Set(r.id, r)
	for _, t := range r.timers {
		delete(w.timers, t.num)
		t.num = 0
	}
	if w.cfg.Watch.Left != nil {
		w.cfg.Watch.Left(r)
	}
}

// notAside takes an entity from those that do not live here, but may.
func (w *World) notAside(r *Resident) {
	if kept, _ := w.aside.Get(r.id); kept == r {
		w.aside.Delete(r.id)
	}
}

// Aside returns an entity that has been unpacked and not arrived, or has departed and may return.
func (w *World) Aside(id addr.EntityID) *Resident {
	r, _ := w.aside.Get(id)
	return r
}

// Departed forgets an entity that has arrived where it went.
func (w *World) Departed(env *node.Env, r *Resident) {
	for p := r.firstCall; p != nil; p = p.after {
		if o, _ := w.onward.Get(p.callKey(env)); o != nil && o.p == p {
			o.p = nil
			if o.done {
				w.onward.Delete(p.callKey(env))
			}
		}
	}
	r.firstCall, r.lastCall = nil, nil
	r.gone, r.dying = true, true
	w.notAside(r)
	delete(w.byNumber, r.number)
	if r.player != nil {
		w.Unseat(r)
	}
}

// Return has an entity live here again, as the game it went to has died: frozen still,
// and under a new incarnation if it may have lived there.
func (w *World) Return(env *node.Env, r *Resident, incarnation uint64) {
	if incarnation != r.incarnation {
		r.incarnation, r.born = incarnation, incarnation // those of its life elsewhere mean nobody
	}
	r.left = false
	w.notAside(r)
	w.came(r)
	w.admit(r)
	if r.place != nil {
		if s, _ := w.spaces.Get(r.place.space); s != nil {
			s.in.Add(r.id)
		}
	}
	for p := r.firstCall; p != nil; p = p.after {
		key := p.callKey(env)
		o, _ := w.onward.Get(key)
		w.onward.Delete(key)
		w.pending.Set(p.num, p)
		if p.origin != (callKey{}) {
			w.adopted[p.origin] = p
		}
		if o != nil && o.done {
			// It is not known to whom there: nobody there was heard of again.
			r.late = append(r.late, lateOutcome{p.num, o.outcome, o.body})
		}
	}
}

// Away tells whether the entity was sent to another game for good.
func (r *Resident) Away() bool { return r.left }

// Behind tells whether the entity's record is behind the entity.
func (r *Resident) Behind() bool {
	return r.class.class.saves && (r.dirty || r.tree.SavedChanged())
}

// HasClient tells whether an avatar's client is there.
func (r *Resident) HasClient() bool { return r.player != nil && r.player.attached }

// Proxy returns an avatar's proxy, the zero Proxy without one.
func (r *Resident) Proxy() addr.Proxy {
	if r.player == nil {
		return addr.Proxy{}
	}
	return r.player.proxy
}

// LoseGates ends the calls of an entity that has come, whose gates are dead here.
func (w *World) LoseGates(env *node.Env, r *Resident, dead func(gate node.Peer) bool) {
	for p := r.firstCall; p != nil; p = p.after {
		if p.gate != (node.Peer{}) && dead(p.gate) {
			r.late = append(r.late, lateOutcome{p.num, proto.OutcomeUnknown, nil})
		}
	}
}
