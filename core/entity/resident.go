package entity

import (
	"cmp"
	"slices"

	"messiah/core/addr"
	"messiah/core/must"
	"messiah/core/node"
	"messiah/core/proto"
)

// Resident is one entity that lives on a game, as the engine sees it.
type Resident struct {
	id          addr.EntityID
	incarnation uint64
	born        uint64 // incarnation that it began with: mailboxes with one from there on mean this life
	number      uint64 // in the order of arrival
	class       *bound
	stub        string // of a stub, the name under which it is found
	entity      Entity
	place       *Place  // nil without one
	player      *Player // nil without one
	tree        *Tree
	timers      []*entityTimer
	held        []heldCall
	lastHeld    Held
	buckets     map[uint16]node.Time // by the place of a rated method among all: when its bucket is full again
	firstCall   *pending             // calls under way, in the order in which they were sent
	lastCall    *pending
	asking      int         // those of them whose outcome a handler waits for
	lost        []askState  // calls that were under way when the record was written
	lastMove    uint64      // number of the latest migration that was tried
	via         []node.Peer // gates by which it has sent since it came
	late        []lateOutcome
	outbox      []unsaid // while it is quiet
	frozen      bool     // it does not run, as it is on its way
	frozenAt    node.Time
	left        bool // it was sent on its way for good
	quiet       bool // it has come, and what it makes for elsewhere waits
	doomed      bool // it is to end once it runs again
	dying       bool
	deleted     bool
	gone        bool
	halfMade    bool // game code that sets it up has not come to its end
	unsaved     bool // it has no record and the Port does not know yet
	touched     bool
	awake       bool // the game knows whose record it is
	saveNow     bool // game code wants the record written as it is behind the callback
	dirty       bool // the game knows that the record is behind
	copies      uint64
	stored      uint64 // the latest copy that is in the store
	savers      []saver
}

// Held names a call whose answer is given later. No life of an entity names one as an
// earlier life did: a timer of the record may go off that was to answer a call of that.
type Held uint64

// heldBits are those that count the held calls of one life; the others are its incarnation.
const heldBits = 32

type heldCall struct {
	held    Held
	handler *handler
	from    Origin
}

// ID returns the entity's id.
func (r *Resident) ID() addr.EntityID { return r.id }

// Incarnation returns the number of this load.
func (r *Resident) Incarnation() uint64 { return r.incarnation }

// Means tells whether a mailbox with an incarnation means this life of the entity.
func (r *Resident) Means(incarnation uint64) bool {
	return r.born <= incarnation && incarnation <= r.incarnation
}

// Registered gives an entity that was made here the owner number of its new record: who
// asks the db for its mailbox is told that one.
func (w *World) Registered(r *Resident, owner uint64) {
	r.incarnation = max(r.incarnation, owner)
}

// Class returns the entity's class.
func (r *Resident) Class() *Class { return r.class.class }

// Entity returns the author's value.
func (r *Resident) Entity() Entity { return r.entity }

// Stub returns the name under which a stub is found, "" of another entity.
func (r *Resident) Stub() string { return r.stub }

// Number returns the entity's number in the order of arrival on its game.
func (r *Resident) Number() uint64 { return r.number }

// Gone tells whether the entity has ended.
func (r *Resident) Gone() bool { return r.gone }

// Seat returns the place of an avatar's client, the zero Seat without one.
func (r *Resident) Seat() Seat {
	if r.player == nil {
		return Seat{}
	}
	return r.player.seat
}

func (r *Resident) className() string {
	if r == nil || r.class == nil {
		return ""
	}
	return r.class.class.name
}

func (r *Resident) name() string {
	if r == nil {
		return ""
	}
	return r.id.String()
}

// Label is what people know the entity by: an avatar's account, a stub's name, or the id.
func (r *Resident) Label() string {
	switch {
	case r.stub != "":
		return r.stub
	case r.player != nil:
		return r.player.account
	}
	return r.id.String()
}

// Birth is what an entity begins with.
type Birth struct {
	ID          addr.EntityID // the zero id: a new one
	Incarnation uint64
	Account     string // of an avatar
	Stub        string // of a stub
	Data        []byte // the record, nil for a new entity
}

// Make makes an entity, whose hook Created or Loaded waits for Wake. A record
// that cannot be read is an error, and no entity is made.
func (w *World) Make(env *node.Env, class string, b Birth) (*Resident, error) {
	r, err := w.make(env, class, b)
	if err != nil {
		return nil, err
	}
	if b.Data == nil {
		w.later(chore{kind: choreCreated, r: r})
		r.unsaved = true
	} else {
		w.later(chore{kind: choreLoaded, r: r})
	}
	for _, a := range r.lost {
		ask := question{from: r, reply: a.reply, key: a.key}
		w.later(chore{kind: choreOutcome, r: r, ask: ask, outcome: proto.OutcomeUnknown})
	}
	r.lost = nil
	return r, nil
}

// Wake runs the hooks of an entity that was made, and has its record written if it has none.
func (w *World) Wake(env *node.Env, r *Resident) {
	must.True(!r.gone, "entity %v is gone before it wakes", r.id)
	r.awake = true
	if r.unsaved {
		r.unsaved = false
		w.stale(env, r) // now that the Port knows the entity
	}
	w.settle(env)
}

func (w *World) create(env *node.Env, class string) (*Resident, error) {
	if k := w.classes[class]; k != nil && k.class.stub {
		panic("entity: class " + class + " is a stub, which the cluster makes once")
	}
	r, err := w.make(env, class, Birth{Incarnation: 1})
	if err != nil {
		return nil, err
	}
	if r.class.class.saves && !w.port.Born(env, r) {
		w.remove(env, r, proto.OutcomeStaleMailbox)
		return nil, ErrFull
	}
	r.awake = true
	w.touch(r)
	w.later(chore{kind: choreCreated, r: r})
	w.stale(env, r)
	return r, nil
}

func (w *World) make(env *node.Env, class string, b Birth) (*Resident, error) {
	k := w.classes[class]
	if k == nil {
		panic("entity: no class " + class + " in this game")
	}
	if w.residents.Len() >= MaxEntities {
		return nil, ErrFull
	}
	r := &Resident{id: b.ID, incarnation: b.Incarnation, born: b.Incarnation, class: k, stub: b.Stub, entity: k.class.fresh()}
	r.lastHeld = Held(b.Incarnation) << heldBits
	if r.id.IsZero() {
		w.lastID++
		r.id = addr.EntityID{Maker: env.Self().Inc, N: w.lastID}
	}
	w.bindResident(r)
	if r.player != nil {
		r.player.account = b.Account
	}
	if b.Data != nil {
		if err := w.load(env, r, b.Data); err != nil {
			r.gone, r.dying = true, true
			w.dropTimers(env, r)
			return nil, err
		}
	}
	if k.class.speed > 0 {
		r.place.budget.SetSpeed(env.Now(), k.class.speed)
	}
	w.admit(r)
	return r, nil
}

// bindResident ties the author's value to the engine.
func (w *World) bindResident(r *Resident) {
	r.entity.base().resident = r
	if a, is := r.entity.(Area); is {
		r.place = a.area()
		r.place.owner = r
	}
	if a, is := r.entity.(Avatar); is {
		r.player = a.client()
	}
	r.tree = r.class.class.plan.Attach(r.entity)
	r.tree.OnChange(func() {
		if w.running {
			w.touch(r)
		}
	})
}

// admit files an entity under all its names.
func (w *World) admit(r *Resident) {
	if r.number == 0 {
		w.lastRes++
		r.number = w.lastRes
	}
	w.residents.Set(r.id, r)
	w.byNumber[r.number] = r
	if w.cfg.Watch.Live != nil {
		w.cfg.Watch.Live(r.id, r.incarnation, true)
	}
}

// Attach gives an avatar its client; the hook ClientAttached runs.
func (w *World) Attach(env *node.Env, r *Resident, s Seat, proxy addr.Proxy) {
	r.player.seat, r.player.proxy, r.player.attached = s, proxy, true
	w.later(chore{kind: choreAttached, r: r})
	w.settle(env)
}

// Detach says that an avatar's client is gone, perhaps to come back; the hook ClientLost runs.
func (w *World) Detach(env *node.Env, r *Resident) {
	if !r.player.attached {
		return
	}
	r.player.attached = false
	w.later(chore{kind: choreLost, r: r})
	w.settle(env)
}

// Unseat takes an avatar's client away for good.
func (w *World) Unseat(r *Resident) {
	r.player.seat, r.player.proxy, r.player.attached = Seat{}, addr.Proxy{}, false
}

// Unload ends an entity; Port.Retired hears what is left of it.
func (w *World) Unload(env *node.Env, r *Resident) {
	w.doom(env, r)
	w.settle(env)
}

func (w *World) doom(env *node.Env, r *Resident) {
	if r.dying || r.gone {
		return
	}
	if r.frozen {
		r.doomed = true
		w.port.Doomed(env, r)
		return
	}
	r.dying = true
	w.later(chore{kind: choreRetire, r: r})
}

// retire runs the last hook of an entity and takes it out.
func (w *World) retire(env *node.Env, r *Resident) {
	if r.player != nil && r.player.attached {
		r.player.attached = false
		w.doChore(env, &chore{kind: choreLost, r: r})
		if r.gone {
			return
		}
	}
	if h, has := r.entity.(AboutToBeDestroyed); has {
		if !w.run(env, r, h.AboutToBeDestroyed) {
			return
		}
	}
	left := Left{Deleted: r.deleted}
	if r.class.class.saves && !r.deleted {
		if left.Data, left.Index = w.Record(env, r); r.gone {
			return
		}
	}
	if left.Data != nil {
		left.Savers = r.takeSavers()
	}
	w.remove(env, r, proto.OutcomeStaleMailbox)
	w.watch(HookDestroyed, r)
	w.port.Retired(env, r, left)
}

// Discard ends an entity of which another game has the record: nothing is written and no hook runs.
func (w *World) Discard(env *node.Env, r *Resident) {
	w.remove(env, r, proto.OutcomeUnknown)
	w.settle(env)
}

// remove takes an entity out; calls that it holds end with the outcome.
func (w *World) remove(env *node.Env, r *Resident, o proto.Outcome) {
	if r.quiet {
		w.speak(env, r)
	}
	r.gone, r.dying = true, true
	w.dropTimers(env, r)
	for _, num := range r.takeSavers() {
		why := o
		if r.deleted && o == proto.OutcomeStaleMailbox {
			why = proto.OutcomeNoRecord
		}
		w.endSaver(env, num, why, "")
	}
	held := r.held
	r.held = nil
	for i := range held {
		if o == proto.OutcomeStaleMailbox {
			o = proto.OutcomeUnknown // the method ran, and its answer is lost with the entity
		}
		w.port.Answer(env, &held[i].from, o, nil)
	}
	if r.player != nil {
		w.Unseat(r) // game code that keeps the value pushes to nobody
	}
	for r.firstCall != nil {
		w.forget(env, r.firstCall)
	}
	if r.place != nil {
		if s, _ := w.spaces.Get(r.place.space); s != nil {
			s.in.Delete(r.id)
		}
	}
	w.residents.Delete(r.id)
	delete(w.byNumber, r.number)
	if w.cfg.Watch.Live != nil {
		w.cfg.Watch.Live(r.id, r.incarnation, false)
	}
}

// heldCall returns a held call; false if it is answered, or ended otherwise. No entity holds nothing.
func (r *Resident) heldCall(h Held) (heldCall, bool) {
	if r == nil {
		return heldCall{}, false
	}
	i := r.heldAt(h)
	if i < 0 {
		return heldCall{}, false
	}
	return r.held[i], true
}

func (r *Resident) heldAt(h Held) int {
	return slices.IndexFunc(r.held, func(one heldCall) bool { return one.held == h })
}

func (r *Resident) holds(h Held) bool { return r.heldAt(h) >= 0 }

// takeHeld takes a held call out, since it is answered.
func (r *Resident) takeHeld(h Held) {
	if i := r.heldAt(h); i >= 0 {
		r.held = slices.Delete(r.held, i, i+1)
	}
}

// spend takes one call from the bucket of a rated method; false says it is empty.
func (r *Resident) spend(h *handler, now node.Time) bool {
	full, wait := r.buckets[h.place].Spend(now, h.rate.n, h.rate.each())
	if wait > 0 {
		return false
	}
	if r.buckets == nil {
		r.buckets = map[uint16]node.Time{}
	}
	r.buckets[h.place] = full
	return true
}

// sortedTimers returns the timers in an order that does not depend on how they came about.
func (r *Resident) sortedTimers() []*entityTimer {
	all := slices.Clone(r.timers)
	slices.SortFunc(all, func(a, b *entityTimer) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.key, b.key))
	})
	return all
}
