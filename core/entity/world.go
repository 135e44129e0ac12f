package entity

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"messiah/core/addr"
	"messiah/core/geom"
	"messiah/core/must"
	"messiah/core/node"
	"messiah/core/ordered"
	"messiah/core/planted"
	"messiah/core/proto"
	"messiah/core/rpc"
	"messiah/core/wire"
)

// Bounds of the entities of one game.
const (
	MaxEntities = 1 << 17 // one more is refused with ErrFull
	MaxPending  = 1 << 16 // calls under way that this game waits for; one more is answered ErrFull
	MaxHeld     = 1 << 8  // calls that one entity holds; one more is answered ErrFull
	MaxTimers   = 1 << 8  // timers of one entity; one more is the author's bug
	MaxSpaces   = 1 << 12

	// settleDeepest bounds how many callbacks one may bring about one behind the other in
	// one turn; more is an entity that asks again at once whatever is refused, or a class
	// whose hook Created creates without end. That entity ends as if it had panicked.
	settleDeepest = 1 << 12
)

// ViewRadius is how near, in metres, a client's avatar must be to an entity to call its methods for AnyClient.
const ViewRadius = 50

// Port is how a World reaches what is around it. A game is one; tests have another.
type Port interface {
	// Send carries a call towards its address. An outcome other than OutcomeOK says at once why it cannot.
	Send(env *node.Env, m *Mail) proto.Outcome
	// Answer carries the outcome of a call back to where it came from.
	Answer(env *node.Env, to *Origin, o proto.Outcome, body []byte)
	// Push carries a call to the client in a seat.
	Push(env *node.Env, to Seat, method uint16, args []byte)
	// Retired hears that an entity is gone, and what is left of it.
	Retired(env *node.Env, r *Resident, left Left)
	// Stale hears that an entity's record is behind the entity and to be written within a time.
	Stale(env *node.Env, r *Resident, within time.Duration)
	// Placed hears that game code has put an area entity somewhere.
	Placed(env *node.Env, r *Resident)
	// Question asks the db; Answered with its number ends it. False: too many are asked.
	Question(env *node.Env, q *Question) bool
	// Born hears of a new entity whose class saves; false: there is no room for its record.
	Born(env *node.Env, r *Resident) bool
	// FindPath asks for a way; Answered with the number ends it. False: too many are asked for.
	FindPath(env *node.Env, num uint64, from, to geom.Vec3) bool
	// Migrate begins an entity's move to another game; an error says why it cannot even be tried.
	Migrate(env *node.Env, r *Resident, to *Destination) error
	// Games returns the games that are ready and take newcomers.
	Games(env *node.Env) []node.Peer
	// Doomed hears that an entity on its way is to end as soon as that is possible.
	Doomed(env *node.Env, r *Resident)
	// PassOn carries the outcome of a call, as its first game numbers it, to the game where its caller is.
	PassOn(env *node.Env, gate, to, game node.Peer, num uint64, o proto.Outcome, body []byte)
	// MovedOn carries there who answers a call from now on, or may.
	MovedOn(env *node.Env, gate, to, game node.Peer, num uint64, at node.Peer, maybe bool)
	// Home returns the gate by which mail to an entity goes that has no client.
	Home(env *node.Env, id addr.EntityID) node.Peer
}

// Mail is a call on its way out. Args is good until the Port returns.
type Mail struct {
	To     addr.Address // the Port puts a mailbox in the place of a stub's name
	From   *Resident    // nil for a call of the game's own
	Num    uint64
	Method uint16
	Args   []byte
}

// Origin is where a call came from and its answer goes.
type Origin struct {
	Via         node.Peer // the gate that the call came by and the answer goes back by
	Route       uint64    // of a client's call, the client's route; else 0
	Game        node.Peer // of a server's call
	Entity      addr.EntityID
	Incarnation uint64
	Num         uint64 // the caller's number of the call
}

// Code reads or writes the origin.
func (o *Origin) Code(c *wire.Coder) {
	o.Via.Code(c)
	c.Uint64(&o.Route)
	o.Game.Code(c)
	o.Entity.Code(c)
	c.Uint64(&o.Incarnation)
	c.Uint64(&o.Num)
}

// Left is what is left of an entity: its record, and why it is gone.
type Left struct {
	Data     []byte       // nil where the class saves nothing, or the record is over MaxRecord
	Index    []IndexEntry // of the record
	Panicked bool         // game code failed: the data is not to be trusted and empty
	Deleted  bool         // game code wants the record gone for good
	Savers   []uint64     // who waits for the data to be in the store: World.EndSaver
}

// IndexEntry is a property by which the store finds a record.
type IndexEntry = proto.IndexEntry

// Watch is told what happens to entities, by oracles. Each function may be nil.
type Watch struct {
	Hook func(hook Hook, class *Class, name string) // name: an avatar's account, a stub's name or an id
	Live func(id addr.EntityID, incarnation uint64, live bool)
	// Came hears, before Live does, that an entity has come from another game, or is back.
	Came func(r *Resident)
	// Left hears that an entity has left for another game; it lives there, or here again, once Live says so.
	Left func(r *Resident)
	// Freed hears that the server moved an entity, or let its client move it farther or faster.
	Freed func(r *Resident)
	// Waited hears that an area entity runs that was on its way: what its client did meanwhile comes at once.
	Waited func(r *Resident)
}

// Hook says what has happened to an entity.
type Hook uint8

// The hooks that a Watch hears of, each behind the author's own.
const (
	HookCreated Hook = iota
	HookLoaded
	HookAttached
	HookLost
	HookCopied // a copy of its record was taken, to be saved
	HookDestroyed
)

// Config says what a World consists of.
type Config struct {
	Classes []*Class
	Table   *rpc.Table // numbers of all methods and pushes
	// Contain makes a panic of game code the end of its entity alone; without it
	// the panic goes on, as it does in the simulator.
	Contain bool
	// Where returns the place of the panic that is being recovered, for the log; nil: the log does without.
	Where func() string
	Watch Watch
}

// World is the entities of one game. It belongs to one node and is no safer for concurrent use than that.
type World struct {
	cfg       Config
	port      Port
	table     *rpc.Table
	classes   map[string]*bound
	residents ordered.Map[addr.EntityID, *Resident]
	byNumber  map[uint64]*Resident
	spaces    ordered.Map[addr.EntityID, *space]
	calls     map[string]any // *outgoing by name
	pending   ordered.Map[uint64, *pending]
	adopted   map[callKey]*pending // those of pending that another game made
	onward    ordered.Map[callKey, *onward]
	arriving  int                                   // entities that are unpacked and do not live yet
	aside     ordered.Map[addr.EntityID, *Resident] // these, and those that have departed and may return
	timers    map[uint64]*entityTimer               // by number
	lastID    uint64
	lastNum   uint64 // of calls under way
	lastTimer uint64
	lastRes   uint64
	lastPlace uint16 // how many methods all classes have
	panics    uint64

	call    Call
	running bool
	after   []chore // behind the callback under way, the next one at head
	head    int
	deep    int         // how many chores led to the one that runs
	touched []*Resident // whose properties the callback may have changed
	freeAsk []*pending  // at most MaxPending
	mail    Mail        // on its way to the Port
	from    Origin      // of the call that runs

	answered Origin       // of a held call that is answered
	sentTo   addr.Address // of the call whose outcome is heard

	args, result []byte
	notifies     []Notify
	encoder      wire.Encoder
	decoder      wire.Decoder
}

// bound is a class as one game uses it.
type bound struct {
	class   *Class
	methods map[uint16]*handler
	replies map[string]replier
}

type handler struct {
	name   string
	who    Access
	rate   rate
	number uint16
	place  uint16 // among the methods of all classes
	bound  invoker
}

// NewWorld makes a world without entities. Classes that do not fit the table of names are the author's bug.
func NewWorld(cfg Config, port Port) *World {
	w := &World{
		cfg: cfg, port: port, table: cfg.Table, classes: map[string]*bound{}, calls: map[string]any{},
		byNumber: map[uint64]*Resident{}, timers: map[uint64]*entityTimer{}, adopted: map[callKey]*pending{},
	}
	argument := map[string]*Class{}
	for _, k := range cfg.Classes {
		must.True(w.classes[k.name] == nil, "class %s is defined twice", k.name)
		w.classes[k.name] = w.bind(k)
		for i := range k.methods {
			checkArgument(argument, k, &k.methods[i])
		}
	}
	return w
}

// checkArgument refuses a method whose name means another argument in a class before:
// one name is one number on the wire, which callers use for either.
func checkArgument(first map[string]*Class, k *Class, p *methodPart) {
	before := first[p.name]
	if before == nil {
		first[p.name] = k
		return
	}
	i := slices.IndexFunc(before.methods, func(other methodPart) bool { return other.name == p.name })
	if is, was := p.args, before.methods[i].args; is != was {
		panic(fmt.Sprintf("entity: method %s takes a %v in class %s and a %v in class %s: give one of them another name",
			p.name, was, before.name, is, k.name))
	}
}

func (w *World) bind(k *Class) *bound {
	b := &bound{class: k, methods: make(map[uint16]*handler, len(k.methods)), replies: make(map[string]replier, len(k.replies))}
	for i := range k.methods {
		p := &k.methods[i]
		number, known := w.table.Number(p.name)
		if !known {
			panic(fmt.Sprintf("entity: method %s of class %s is not in the table of RPC names: extend that with rpc.Extend, as messiah rpcindex does", p.name, k.name))
		}
		b.methods[number] = &handler{name: p.name, number: number, who: p.who, rate: p.rate, place: w.lastPlace, bound: p.bind()}
		must.True(w.lastPlace < math.MaxUint16, "more than %d methods", math.MaxUint16)
		w.lastPlace++
	}
	for _, name := range ordered.Keys(k.replies) {
		b.replies[name] = k.replies[name].bind()
	}
	return b
}

// SetContain says whether the world contains panics, as Config.Contain does.
func (w *World) SetContain(contain bool) { w.cfg.Contain = contain }

// Class returns a class of the world by name, nil if there is none.
func (w *World) Class(name string) *Class {
	if b := w.classes[name]; b != nil {
		return b.class
	}
	return nil
}

// chore is something that runs behind the callback under way.
type chore struct {
	kind    choreKind
	r       *Resident
	deep    int      // how many others led to it
	ask     question // of an outcome
	outcome proto.Outcome
	text    string // what a method said that failed
	body    []byte

	space, fallback addr.EntityID // of a space that ends
}

type choreKind uint8

const (
	choreCreated choreKind = iota
	choreLoaded
	choreAttached
	choreLost
	choreRetire
	choreFailed
	choreOutcome
	choreEndSpace
	choreSpaceEnded
)

// enter begins a callback of game code.
func (w *World) enter(env *node.Env, r *Resident) *Call {
	must.True(!w.running, "game code runs within game code")
	w.running = true
	w.call = Call{env: env, world: w, self: r}
	if r != nil {
		w.touch(r)
	}
	return &w.call
}

// leave ends a callback: what it changed is flushed, but of the entity that failed in it, if one did.
func (w *World) leave(env *node.Env, failed *Resident) {
	w.running = false
	w.call = Call{}
	var broken []*Resident
	for _, r := range w.touched {
		r.touched = false
		if r == failed || r.gone {
			continue
		}
		if !w.flush(env, r) {
			broken = append(broken, r)
			continue
		}
		if r.saveNow && !r.frozen { // one on its way is saved when it goes on
			r.saveNow = false
			w.port.Stale(env, r, 0)
		}
	}
	clear(w.touched)
	w.touched = w.touched[:0]
	for _, r := range broken {
		w.panicked(env, r)
	}
}

// touch has an entity's changes flushed at the end of the callback.
func (w *World) touch(r *Resident) {
	if !r.touched {
		r.touched = true
		w.touched = append(w.touched, r)
	}
}

// flush takes what a callback changed. The records go to nobody yet: this is the
// place from which they will go down the lane of each client that sees the entity.
//
// A value's own Code method is game code: false says that it panicked.
func (w *World) flush(env *node.Env, r *Resident) (ok bool) {
	if !r.tree.Changed() {
		return true
	}
	if w.cfg.Contain {
		defer w.caught(env, r)
	}
	w.notifies = r.tree.TakeNotifies(w.notifies[:0])
	clear(w.notifies)
	if !r.dirty && r.class.class.saves && r.tree.SavedChanged() {
		w.stale(env, r)
	}
	return true
}

// stale has an entity's record written within the time of its class.
func (w *World) stale(env *node.Env, r *Resident) {
	if r.dirty || r.gone || !r.awake || !r.class.class.saves {
		return
	}
	r.dirty = true
	if planted.On("change-never-saved") { // the game is not told
		return
	}
	w.port.Stale(env, r, cmp.Or(r.class.class.within, DefaultSaveWithin))
}

// run is the one place where game code of an entity is called. It returns false
// if that panicked and the world contains panics; the entity is gone then.
func (w *World) run(env *node.Env, r *Resident, do func(c *Call)) (ok bool) {
	c := w.enter(env, r)
	if w.cfg.Contain {
		ok = w.contained(env, r, c, do)
	} else {
		do(c)
		ok = true
	}
	if ok {
		w.leave(env, nil)
		return true
	}
	w.leave(env, r)
	w.panicked(env, r)
	return false
}

func (w *World) contained(env *node.Env, r *Resident, c *Call, do func(c *Call)) (ok bool) {
	defer w.caught(env, r)
	do(c)
	return true
}

// caught ends a panic of game code; what was running returns false.
func (w *World) caught(env *node.Env, r *Resident) {
	if cause := recover(); cause != nil {
		env.Mark("game-code-panicked")
		env.Log(node.Warn, "game code panicked", "class", r.className(), "entity", r.name(), "cause", fmt.Sprint(cause), "at", w.where())
	}
}

// where returns the place of the panic that is being caught, "" where nobody can tell.
func (w *World) where() string {
	if w.cfg.Where == nil {
		return ""
	}
	return w.cfg.Where()
}

// panicked counts a failure of game code and ends its entity, if it is one's, without saving it.
func (w *World) panicked(env *node.Env, r *Resident) {
	w.panics++
	if r == nil || r.gone {
		return
	}
	if r.player != nil && r.player.attached {
		r.player.attached = false
		w.watch(HookLost, r) // the entity itself is past hearing it
	}
	w.remove(env, r, proto.OutcomePanicked)
	w.port.Retired(env, r, Left{Panicked: true})
}

// Settle runs what callbacks, or the end of an entity, have left to do.
func (w *World) Settle(env *node.Env) { w.settle(env) }

// settle runs what callbacks have left to do, hooks of new and ending entities first to last.
func (w *World) settle(env *node.Env) {
	if w.running {
		return
	}
	before := w.deep
	for w.head < len(w.after) {
		next := w.after[w.head]
		w.after[w.head] = chore{}
		if w.head++; w.head == len(w.after) {
			w.after, w.head = w.after[:0], 0
		}
		w.deep = next.deep
		w.doChore(env, &next)
	}
	w.deep = before
}

func (w *World) doChore(env *node.Env, d *chore) {
	r := d.r
	switch {
	case d.kind == choreEndSpace: // it is nobody's
		w.endSpace(env, d)
	case r.gone:
	case r.halfMade: // what set it up has panicked
		w.remove(env, r, proto.OutcomePanicked)
		w.port.Retired(env, r, Left{Panicked: true})
	case d.deep > settleDeepest:
		w.tooDeep(env, r)
	case d.kind == choreFailed:
		w.callFailed(env, d)
	case d.kind == choreOutcome:
		w.conclude(env, &d.ask, d.outcome, d.body)
	case d.kind == choreSpaceEnded:
		w.run(env, r, func(c *Call) { r.entity.(SpaceEnded).SpaceEnded(c, d.space) })
	case d.kind == choreRetire:
		w.retire(env, r)
	default:
		w.doHook(env, d.kind, r)
	}
}

// tooDeep ends an entity whose callbacks bring about further ones without end.
func (w *World) tooDeep(env *node.Env, r *Resident) {
	const text = "callbacks bring about further callbacks without end"
	if !w.cfg.Contain {
		panic("entity: " + text + ": entity " + r.name() + " of class " + r.className())
	}
	env.Mark("callbacks-without-end")
	env.Log(node.Warn, text, "class", r.className(), "entity", r.name())
	w.panicked(env, r)
}

func (w *World) callFailed(env *node.Env, d *chore) {
	h, has := d.r.entity.(CallFailed)
	if !has {
		return
	}
	name, _ := w.table.Name(d.ask.method)
	w.run(env, d.r, func(c *Call) {
		c.key = d.ask.key
		c.hears(&d.ask.to)
		h.CallFailed(c, name, ErrorOf(d.outcome, d.text))
	})
}

// doHook runs a hook, if the class has it, and lets the Watch know that it ended well.
func (w *World) doHook(env *node.Env, kind choreKind, r *Resident) {
	var do func(*Call)
	var hook Hook
	switch kind {
	case choreCreated:
		hook = HookCreated
		if h, has := r.entity.(Created); has {
			do = h.Created
		}
	case choreLoaded:
		hook = HookLoaded
		if h, has := r.entity.(Loaded); has {
			do = h.Loaded
		}
	case choreAttached:
		hook = HookAttached
		if h, has := r.entity.(ClientAttached); has {
			do = h.ClientAttached
		}
	case choreLost:
		hook = HookLost
		if h, has := r.entity.(ClientLost); has {
			do = h.ClientLost
		}
	}
	if do == nil || w.run(env, r, do) {
		w.watch(hook, r)
	}
}

func (w *World) watch(hook Hook, r *Resident) {
	if w.cfg.Watch.Hook != nil {
		w.cfg.Watch.Hook(hook, r.class.class, r.Label())
	}
}

// later has something run behind the callback under way.
func (w *World) later(d chore) {
	d.deep = w.deep + 1
	w.after = append(w.after, d)
}

// Open runs the game's server-open code, which belongs to no entity.
func (w *World) Open(env *node.Env, open func(c *Call)) {
	if open != nil {
		w.run(env, nil, open)
	}
	w.settle(env)
}

// Status is what a world keeps, for people and oracles.
type Status struct {
	Entities int
	Pending  int // calls under way
	Timers   int
	Spaces   int
	Held     int    // calls that entities hold
	Panics   uint64 // since start
}

// Inspect returns what the world keeps.
func (w *World) Inspect() Status {
	s := Status{
		Entities: w.residents.Len(), Pending: w.pending.Len(), Timers: len(w.timers), Spaces: w.spaces.Len(), Panics: w.panics,
	}
	for _, r := range w.residents.All() {
		s.Held += len(r.held)
	}
	return s
}

// Residents visits the entities in the order of their arrival.
func (w *World) Residents(yield func(*Resident) bool) {
	for _, r := range w.residents.All() {
		if !yield(r) {
			return
		}
	}
}

// Find returns the entity of an id, nil if it does not live here.
func (w *World) Find(id addr.EntityID) *Resident {
	r, _ := w.residents.Get(id)
	return r
}

// MailboxOf returns an address of an entity, as ServerEntity.Mailbox does.
func (w *World) MailboxOf(env *node.Env, r *Resident) addr.Mailbox { return w.mailbox(env, r) }

func (w *World) mailbox(env *node.Env, r *Resident) addr.Mailbox {
	return addr.Mailbox{Entity: r.id, Incarnation: r.incarnation, Game: env.Self(), Gate: w.port.Home(env, r.id)}
}

// space is a part of the world that area entities are in.
type space struct {
	id     addr.EntityID
	kind   string
	ending bool // behind the callback under way
	in     ordered.Set[addr.EntityID]
}

// MaxCoord bounds each coordinate of a position, in metres from its space's origin.
const MaxCoord = proto.MaxCoord

// isPlace tells whether a position is within bounds and a direction is one.
func isPlace(at geom.Vec3, yaw float32) bool { return at.Within(MaxCoord) && yaw-yaw == 0 }

func (w *World) place(r *Resident, to addr.EntityID, at geom.Vec3, yaw float32) {
	if r.place.space != to {
		if s, _ := w.spaces.Get(r.place.space); s != nil {
			s.in.Delete(r.id)
		}
		if s, _ := w.spaces.Get(to); s != nil {
			s.in.Add(r.id)
		}
	}
	r.place.space, r.place.at, r.place.yaw = to, at, yaw
}
