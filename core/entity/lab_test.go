package entity

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"messiah/core/addr"
	"messiah/core/geom"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/rpc"
	"messiah/core/schema"
	"messiah/core/wire"
)

// What the puppets of these tests are and can do.
const (
	puppets Kind[*puppet] = "puppet"
	rocks   Kind[*rock]   = "rock"
	bells   Kind[*bell]   = "bell"
	anvils  Kind[*anvil]  = "anvil"

	poke  Method[int64, int64]  = "poke" // servers only
	mine  Method[int64, int64]  = "mine" // the own client too
	look  Method[None, string]  = "look" // any client that sees it
	rated Method[None, None]    = "rated"
	spare Method[string, spot]  = "spare" // a method that takes a string
	ding  Method[[]byte, int64] = "ding"
	hit   Method[blow, int64]   = "hit"
	shout Push[int64]           = "shout"
	tick  Timer                 = "tick"
	tock  Timer                 = "tock"
	said  Reply[int64]          = "said"
	way   Reply[Path]           = "way"
	kept  Reply[None]           = "kept"
)

// puppet is an entity that does what a test has written for it, and tells what happens to it.
type puppet struct {
	AvatarAreaEntity
	Name Value[string]             `entity:"all,saved,index"`
	Gold Value[int64]              `entity:"own,saved"`
	Bag  CustomMap[string, []byte] `entity:"saved"`
	Mood Value[int64]              // not saved
	lab  *lab                      `entity:"transient"`
}

// rock is an entity without anything.
type rock struct {
	ServerEntity
	lab *lab `entity:"transient"`
}

// bell is a stub.
type bell struct {
	ServerStubEntity
	lab *lab `entity:"transient"`
}

func (p *puppet) Created(c *Call)            { p.lab.on(c, "created", p) }
func (p *puppet) Loaded(c *Call)             { p.lab.on(c, "loaded", p) }
func (p *puppet) ClientAttached(c *Call)     { p.lab.on(c, "attached", p) }
func (p *puppet) ClientLost(c *Call)         { p.lab.on(c, "lost", p) }
func (p *puppet) AboutToBeDestroyed(c *Call) { p.lab.on(c, "destroyed", p) }
func (p *puppet) Moved(c *Call, _ geom.Vec3) { p.lab.on(c, "moved", p) }
func (p *puppet) SpaceEnded(c *Call, ended addr.EntityID) {
	p.lab.spaceEnded = ended
	p.lab.on(c, "space ended", p)
}

func (p *puppet) CallFailed(c *Call, method string, err error) {
	p.lab.heard = err
	p.lab.on(c, "failed "+method, p)
}

func (p *puppet) poked(c *Call, n int64) (int64, error) {
	p.lab.argument = n
	p.lab.on(c, "poke", p)
	return n + 1, p.lab.fault
}

func (p *puppet) looked(c *Call, _ None) (string, error) {
	p.lab.on(c, "look", p)
	return "a puppet", p.lab.fault
}

func (p *puppet) ratedMethod(c *Call, _ None) (None, error) {
	p.lab.on(c, "rated", p)
	return None{}, nil
}

func (p *puppet) spared(c *Call, _ string) (spot, error) {
	p.lab.on(c, "spare", p)
	return spot{1, 2}, p.lab.fault
}

func (p *puppet) ticked(c *Call) { p.lab.on(c, fmt.Sprintf("tick %d", c.Key()), p) }
func (p *puppet) tocked(c *Call) { p.lab.on(c, fmt.Sprintf("tock %d", c.Key()), p) }

func (p *puppet) told(c *Call, n int64, err error) {
	p.lab.argument, p.lab.heard = n, err
	p.lab.on(c, fmt.Sprintf("said %d", c.Key()), p)
}

func (p *puppet) keptNow(c *Call, _ None, err error) {
	p.lab.heard = err
	p.lab.on(c, fmt.Sprintf("kept %d", c.Key()), p)
}

func (p *puppet) wayFound(c *Call, _ Path, err error) {
	p.lab.heard = err
	p.lab.on(c, "way", p)
}

func (r *rock) Created(c *Call)            { r.lab.on(c, "rock created", nil) }
func (r *rock) AboutToBeDestroyed(c *Call) { r.lab.on(c, "rock destroyed", nil) }

func (b *bell) ding(_ *Call, _ []byte) (int64, error) { return 1, nil }

// atMost is how often a client may call the rated method.
var atMost = AtMost(3, time.Second)

func puppetClasses(l *lab) []*Class {
	return []*Class{
		Define(puppets,
			Make(func() *puppet { return &puppet{lab: l} }),
			Handle(poke, (*puppet).poked),
			Handle(mine, (*puppet).poked, OwnClient),
			Handle(look, (*puppet).looked, AnyClient),
			Handle(rated, (*puppet).ratedMethod, OwnClient, atMost),
			Handle(spare, (*puppet).spared, OwnClient),
			OnTimer(tick, (*puppet).ticked),
			OnTimer(tock, (*puppet).tocked),
			OnReply(said, (*puppet).told),
			OnReply(way, (*puppet).wayFound),
			OnReply(kept, (*puppet).keptNow),
		),
		Define(rocks, Make(func() *rock { return &rock{lab: l} })),
		Define(anvils, Handle(hit, (*anvil).hit), OnReply(said, (*anvil).heard)),
		Define(bells, Make(func() *bell { return &bell{lab: l} }), Handle(ding, (*bell).ding)),
	}
}

func puppetTable() *rpc.Table {
	return rpc.Build([]string{"poke", "mine", "look", "rated", "spare", "ding", "hit", "shout"})
}

// letter is a Mail that a Port was given.
type letter struct {
	to     addr.Address
	from   *Resident
	num    uint64
	method uint16
	args   []byte
}

// ended is an outcome that a Port was given.
type ended struct {
	to      Origin
	outcome proto.Outcome
	body    string
}

// lab is a node whose Step is a World's, and the Port of that world.
type lab struct {
	t     testing.TB
	host  *node.Host
	world *World
	now   node.Time
	turn  func(env *node.Env)

	events   []string
	script   map[string]func(p *puppet, c *Call)
	argument int64
	fault    error // what methods return
	heard    error // the latest outcome

	spaceEnded addr.EntityID // the latest

	refuse  proto.Outcome // of each Send
	noWay   bool          // paths are refused
	sent    []letter
	answers []ended
	pushed  []Seat
	left    map[*Resident]Left
	stale   []time.Duration
	marks   map[string]int
	logs    []string
	live    map[addr.EntityID]bool
	hooks   []Hook
	quiet   bool // what happens is not noted down: benchmarks
}

func newLab(t testing.TB, contain bool) *lab {
	l := &lab{
		t: t, script: map[string]func(*puppet, *Call){}, left: map[*Resident]Left{}, marks: map[string]int{},
		live: map[addr.EntityID]bool{},
	}
	l.world = l.newWorld(contain)
	l.host = node.NewHost(node.Config{
		Self: node.NewID(node.Game, 1), Secret: []byte("secret"), Scribble: true,
		Mark: func(name string) { l.marks[name]++ },
		Log: func(level node.Level, text string, pairs ...any) {
			l.logs = append(l.logs, fmt.Sprint(level, " ", text, " ", fmt.Sprint(pairs...)))
		},
	}, l, make([]byte, node.EntropySize))
	l.wait(0)
	return l
}

func (l *lab) newWorld(contain bool) *World {
	return NewWorld(Config{
		Classes: puppetClasses(l), Table: puppetTable(), Contain: contain,
		Watch: Watch{
			Hook: func(h Hook, _ *Class, _ string) { l.hooks = append(l.hooks, h) },
			Live: func(id addr.EntityID, _ uint64, live bool) { l.live[id] = live },
		},
	}, l)
}

// on notes what happens and does what the test has written for it.
func (l *lab) on(c *Call, event string, p *puppet) {
	if !l.quiet {
		l.events = append(l.events, event)
	}
	if do := l.script[event]; do != nil {
		do(p, c)
	}
}

// Step hands timers to the world, and runs the turn of the test.
func (l *lab) Step(env *node.Env, in *node.Input) {
	switch in.Kind {
	case node.InTimer:
		l.world.Timer(env, in.Num)
	case node.InAnswer:
		l.turn(env)
	}
}

func (l *lab) State(c *wire.Coder) { l.world.State(c) }

// do runs f in a turn of the node.
func (l *lab) do(f func(env *node.Env)) {
	l.turn = f
	l.host.Begin(l.now, 0)
	l.host.Deliver(&node.Input{Kind: node.InAnswer})
	l.drain()
}

// wait lets time pass, from timer to timer.
func (l *lab) wait(d time.Duration) {
	end := l.now.Add(d)
	for {
		l.now = max(l.now, min(l.host.NextTimer(), end))
		l.host.Begin(l.now, 0)
		l.drain()
		if l.now >= end {
			return
		}
	}
}

func (l *lab) drain() {
	for {
		in, ok := l.host.Step()
		if !ok {
			break
		}
		l.host.Settle(in)
	}
	l.host.Finish()
}

// code runs game code of no entity.
func (l *lab) code(f func(c *Call)) {
	l.do(func(env *node.Env) { l.world.Open(env, f) })
}

// puppet makes a puppet with a client, without a record.
func (l *lab) puppet(account string) *puppet {
	p := l.load(account, nil)
	l.do(func(env *node.Env) {
		s := Seat{Gate: gateOne, Route: uint64(l.world.Find(p.ID()).Number())}
		l.world.Attach(env, l.resident(p), s, addr.Proxy{Client: addr.ClientID{1}, Gate: gateOne})
	})
	return p
}

// load makes a puppet of a record.
func (l *lab) load(account string, data []byte) (p *puppet) {
	l.do(func(env *node.Env) {
		r, err := l.world.Make(env, string(puppets), Birth{Incarnation: 7, Account: account, Data: data})
		if err != nil {
			l.t.Fatal(err)
		}
		l.world.Wake(env, r)
		p = r.Entity().(*puppet)
	})
	return p
}

func (l *lab) resident(e Entity) *Resident { return e.base().resident }

var (
	gateOne   = node.Peer{ID: node.NewID(node.Gate, 1), Inc: 11}
	gateTwo   = node.Peer{ID: node.NewID(node.Gate, 2), Inc: 12}
	elsewhere = node.Peer{ID: node.NewID(node.Game, 2), Inc: 21}
)

// fromServer is the origin of a call of an entity elsewhere.
func fromServer(num uint64) Origin {
	return Origin{Via: gateOne, Game: elsewhere, Entity: addr.EntityID{Maker: 21, N: 1}, Incarnation: 1, Num: num}
}

// call has a server's call come to an entity, by the name of the method.
func (l *lab) call(p Entity, method string, num uint64, args []byte) {
	l.callFrom(fromServer(num), nil, p, method, args)
}

// clientCall has a call of an avatar's client come to an entity.
func (l *lab) clientCall(by *puppet, to Entity, method string, num uint64, args []byte) {
	l.callFrom(Origin{Via: gateOne, Route: by.seat.Route, Num: num}, l.resident(by), to, method, args)
}

func (l *lab) callFrom(from Origin, sender *Resident, to Entity, method string, args []byte) {
	number, _ := l.world.table.Number(method)
	l.do(func(env *node.Env) {
		l.world.Call(env, &Incoming{From: from, To: l.resident(to), Sender: sender, Method: number, Args: args})
	})
}

// deliver hands the mail that was sent to its entities, until none is left.
func (l *lab) deliver() {
	for len(l.sent) > 0 {
		m := l.sent[0]
		l.sent = l.sent[1:]
		self := l.host.Self()
		from := Origin{Via: m.to.Mailbox.Gate, Game: self, Num: m.num}
		if m.from != nil {
			from.Entity, from.Incarnation = m.from.id, m.from.incarnation
		}
		l.do(func(env *node.Env) {
			r := l.world.Find(m.to.Mailbox.Entity)
			if r == nil || r.incarnation != m.to.Mailbox.Incarnation {
				l.world.Answered(env, m.num, proto.OutcomeStaleMailbox, nil)
				return
			}
			l.world.Call(env, &Incoming{From: from, To: r, Method: m.method, Args: m.args})
		})
		l.carryBack()
	}
}

// carryBack hands answers to calls of this game to their callers.
func (l *lab) carryBack() {
	self := l.host.Self()
	var rest, back []ended
	for _, a := range l.answers {
		if a.to.Route == 0 && a.to.Game == self {
			back = append(back, a)
		} else {
			rest = append(rest, a)
		}
	}
	l.answers = rest
	for _, a := range back {
		l.answered(a.to.Num, a.outcome, []byte(a.body))
	}
}

func (l *lab) answered(num uint64, o proto.Outcome, body []byte) {
	l.do(func(env *node.Env) { l.world.Answered(env, num, o, body) })
}

// happened checks what has happened since it was asked last, in order.
func (l *lab) happened(want ...string) {
	l.t.Helper()
	if !slices.Equal(l.events, want) {
		l.t.Fatalf("what happened: %q\nwant:          %q", l.events, want)
	}
	l.events = nil
}

// ended checks the outcomes that went to callers elsewhere since it was asked last.
func (l *lab) ended(want ...proto.Outcome) {
	l.t.Helper()
	var got []proto.Outcome
	for _, a := range l.answers {
		got = append(got, a.outcome)
	}
	if !slices.Equal(got, want) {
		l.t.Fatalf("outcomes: %v, want %v", got, want)
	}
	l.answers = nil
}

// nothingLeft checks that the world keeps nothing but entities without anything.
func (l *lab) nothingLeft(entities int) {
	l.t.Helper()
	got := l.world.Inspect()
	want := Status{Entities: entities, Panics: got.Panics, Spaces: got.Spaces}
	if got != want {
		l.t.Fatalf("the world keeps %+v, want %+v", got, want)
	}
	if next := l.host.NextTimer(); next != node.Never {
		l.t.Fatalf("a timer is due at %v", next)
	}
}

func (l *lab) Send(_ *node.Env, m *Mail) proto.Outcome {
	if l.refuse != proto.OutcomeOK {
		return l.refuse
	}
	if !l.quiet {
		l.sent = append(l.sent, letter{m.To, m.From, m.Num, m.Method, slices.Clone(m.Args)})
	}
	return proto.OutcomeOK
}

func (l *lab) Answer(_ *node.Env, to *Origin, o proto.Outcome, body []byte) {
	if !l.quiet {
		l.answers = append(l.answers, ended{*to, o, string(body)})
	}
}

func (l *lab) Push(_ *node.Env, to Seat, _ uint16, _ []byte) { l.pushed = append(l.pushed, to) }

func (l *lab) Retired(_ *node.Env, r *Resident, left Left) {
	if _, twice := l.left[r]; twice {
		l.t.Errorf("entity %v is retired twice", r.id)
	}
	l.left[r] = left
}

func (l *lab) Stale(_ *node.Env, r *Resident, within time.Duration) {
	if l.world.Find(r.id) != r {
		l.t.Errorf("the record of entity %v is stale, which the Port does not know", r.id)
	}
	l.stale = append(l.stale, within)
}

func (l *lab) Placed(*node.Env, *Resident) {}

func (l *lab) FindPath(_ *node.Env, _ uint64, _, _ geom.Vec3) bool { return !l.noWay }

func (l *lab) Home(*node.Env, addr.EntityID) node.Peer { return gateOne }

// encoded returns an argument's or result's bytes.
func encoded[T any](t testing.TB, v T) []byte {
	t.Helper()
	var e wire.Encoder
	return schemaOf[T](t).Append(&e, nil, &v)
}

// record takes a copy of an entity's record, as a save does.
func (l *lab) record(e Entity) (data []byte) {
	l.do(func(env *node.Env) { data, _ = l.world.Record(env, l.resident(e)) })
	return data
}

func schemaOf[T any](t testing.TB) schema.For[T] {
	t.Helper()
	f, err := schema.NewFor[T]()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Question answers nothing: the lab has no db.
func (l *lab) Question(*node.Env, *Question) bool { return false }

// Born takes every entity.
func (l *lab) Born(*node.Env, *Resident) bool { return true }

func (l *lab) Migrate(*node.Env, *Resident, *Destination) error { return nil }

func (l *lab) Games(*node.Env) []node.Peer { return nil }

func (l *lab) Doomed(*node.Env, *Resident) {}

func (l *lab) PassOn(_ *node.Env, _, _, _ node.Peer, _ uint64, _ proto.Outcome, _ []byte) {}

func (l *lab) MovedOn(_ *node.Env, _, _, _ node.Peer, _ uint64, _ node.Peer, _ bool) {}
