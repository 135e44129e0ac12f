package entity

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"messiah/core/addr"
	"messiah/core/move"
	"messiah/core/schema"
)

// Class is what a game knows of one kind of entity. It never changes after
// Define, so that games may share it; two versions of a class are two values.
type Class struct {
	name    string
	fresh   func() Entity
	plan    *Plan
	methods []methodPart
	timers  map[string]func(Entity, *Call)
	replies map[string]replyPart
	carried []part // sections that move beside those of every entity
	stub    bool
	avatar  bool
	area    bool
	saves   bool
	shards  int           // of a stub; 0 is one
	within  time.Duration // saved so long after a change at the latest
	speed   float64       // of its entities at first, in metres a second; 0 is unchecked
	stays   bool          // its entities end with their game when that is drained
	version uint32        // of its properties; 0 is 1
	upgrade func(e Entity, from uint32) error
}

// Name returns the class's name.
func (k *Class) Name() string { return k.name }

// IsStub tells whether entities of the class are services that exist once.
func (k *Class) IsStub() bool { return k.stub }

// IsAvatar tells whether entities of the class are players'.
func (k *Class) IsAvatar() bool { return k.avatar }

// Saves tells whether entities of the class have a record: some property is saved.
func (k *Class) Saves() bool { return k.saves }

// StubNames returns the names under which stubs of the class are found: the
// class's own, or one a shard, `chat/0`, `chat/1` and so on.
func (k *Class) StubNames() []string {
	switch {
	case !k.stub:
		return nil
	case k.shards == 0:
		return []string{k.name}
	}
	names := make([]string, k.shards)
	for i := range names {
		names[i] = addr.ShardName(k.name, i)
	}
	return names
}

// Methods returns the names of the class's methods, in the order of their definition.
func (k *Class) Methods() []string {
	names := make([]string, len(k.methods))
	for i := range k.methods {
		names[i] = k.methods[i].name
	}
	return names
}

// Properties returns the plan of the class's properties.
func (k *Class) Properties() *Plan { return k.plan }

// methodPart is one method as defined; each game binds it for itself.
type methodPart struct {
	name string
	who  Access
	rate rate
	args reflect.Type
	bind func() invoker
}

type replyPart struct{ bind func() replier }

// Part is one thing that a class has: a method, a timer, a reply handler, a policy.
type Part[P Entity] struct {
	add func(k *Class) error
}

// Access says who may call a method. Servers always may.
type Access uint8

// Who may call a method beside servers.
const (
	Servers   Access = 0         // servers only, the default
	OwnClient Access = 1 << iota // the client of the avatar itself
	AnyClient                    // any client whose avatar is within ViewRadius in the same space
)

// Rule is a condition of a method: an Access or a rate.
type Rule interface{ rule(m *methodPart) }

func (a Access) rule(m *methodPart) { m.who |= a }

// rate is a budget of calls of a client: a bucket of n that fills in per.
type rate struct {
	n   int
	per time.Duration
}

func (r rate) rule(m *methodPart) { m.rate = r }

// each is how long one call takes to be refilled, rounded up.
func (r rate) each() time.Duration { return (r.per + time.Duration(r.n) - 1) / time.Duration(r.n) }

// AtMost bounds how often one client may call the method: n calls at once, of which one
// is refilled in each n-th part of per. A call over it is refused with ErrTooOften.
func AtMost(n int, per time.Duration) Rule { return rate{n, per} }

// pointer is the constraint that P is a pointer to E with one of the bases in it.
type pointer[E any] interface {
	*E
	Entity
}

// Define makes a class. A mistake in it is the author's bug and panics with a
// text that names class, field or method, and what to write instead.
func Define[E any, P pointer[E]](kind Kind[P], parts ...Part[P]) *Class {
	k := &Class{
		name: string(kind), fresh: func() Entity { return P(new(E)) },
		timers: map[string]func(Entity, *Call){}, replies: map[string]replyPart{},
	}
	if err := define(k, reflect.TypeFor[E](), parts); err != nil {
		panic(fmt.Sprintf("entity: class %s: %v", k.name, err))
	}
	return k
}

func define[P Entity](k *Class, t reflect.Type, parts []Part[P]) (err error) {
	if err := checkName(k.name); err != nil {
		return err
	}
	sample := k.fresh()
	_, k.stub = sample.(interface{ stub() })
	_, k.avatar = sample.(Avatar)
	_, k.area = sample.(Area)
	if k.plan, err = PlanOf(t); err != nil {
		return err
	}
	if sample.base() == nil {
		return fmt.Errorf("its base is a pointer: embed entity.ServerEntity or another base itself")
	}
	k.saves = k.plan.Saves()
	for _, part := range parts {
		if err := part.add(k); err != nil {
			return err
		}
	}
	if k.shards > 0 && !k.stub {
		return fmt.Errorf("only a stub has shards: embed entity.ServerStubEntity")
	}
	if k.within > 0 && !k.saves {
		return fmt.Errorf("SaveWithin is for a class that saves: tag a property with saved")
	}
	return checkHooks(reflect.PointerTo(t))
}

// MaxName bounds the names of classes, methods, timers, replies and stubs, in bytes.
const MaxName = 128

func checkName(name string) error {
	ok := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r)
	}
	if name == "" || len(name) > MaxName || strings.IndexFunc(name, func(r rune) bool { return !ok(r) }) >= 0 {
		return fmt.Errorf("%q is no name: 1 to %d letters, digits, '-', '_' and '.'", name, MaxName)
	}
	return nil
}

// checkHooks refuses a method that looks like a hook and is none: it would silently never run.
func checkHooks(t reflect.Type) error {
	for i := range t.NumMethod() {
		m := t.Method(i)
		for _, hook := range hooks {
			want := hook.Method(0)
			switch {
			case m.Name == want.Name && !t.Implements(hook):
				return fmt.Errorf("method %s is the hook's by name alone: write %s%s", m.Name, want.Name, strings.TrimPrefix(want.Type.String(), "func"))
			case m.Name != want.Name && sameButReceiver(m.Type, want.Type) && alike(m.Name, want.Name):
				return fmt.Errorf("method %s%s looks like the hook %s and is none: rename it",
					m.Name, strings.TrimPrefix(want.Type.String(), "func"), want.Name)
			}
		}
	}
	return nil
}

// sameButReceiver tells whether a method's type, whose first argument is its receiver, is that of a function.
func sameButReceiver(m, f reflect.Type) bool {
	if m.NumIn() != f.NumIn()+1 || m.NumOut() != f.NumOut() {
		return false
	}
	for i := range f.NumIn() {
		if m.In(i+1) != f.In(i) {
			return false
		}
	}
	return true
}

// alike tells whether a name is a hook's but for a prefix, its case or two letters.
func alike(name, hook string) bool {
	a, b := strings.ToLower(name), strings.ToLower(hook)
	return strings.TrimPrefix(a, "on") == b || distance(a, b) <= 2
}

// distance is the edit distance of Levenshtein.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := before
			if a[i] != b[j] {
				change++
			}
			before = row[j+1]
			row[j+1] = min(change, row[j]+1, before+1)
		}
	}
	return row[len(b)]
}

// Handle gives a class a method.
func Handle[P Entity, A, R any](m Method[A, R], f func(P, *Call, A) (R, error), rules ...Rule) Part[P] {
	return Part[P]{add: func(k *Class) error {
		if err := checkName(string(m)); err != nil {
			return err
		}
		if slices.ContainsFunc(k.methods, func(p methodPart) bool { return p.name == string(m) }) {
			return fmt.Errorf("method %s is handled twice", m)
		}
		if f == nil {
			return fmt.Errorf("method %s is handled by nil: give Handle a function", m)
		}
		args, err := schema.NewFor[A]()
		if err != nil {
			return fmt.Errorf("argument of method %s: %w", m, err)
		}
		results, err := schema.NewFor[R]()
		if err != nil {
			return fmt.Errorf("result of method %s: %w", m, err)
		}
		part := methodPart{
			name: string(m), args: reflect.TypeFor[A](),
			bind: func() invoker { return &binding[P, A, R]{f: f, args: args, results: results} },
		}
		for _, r := range rules {
			r.rule(&part)
		}
		if part.rate.n < 0 || part.rate.per < 0 || (part.rate.n > 0) != (part.rate.per > 0) {
			return fmt.Errorf("method %s may be called %d times in %v: both must be positive", m, part.rate.n, part.rate.per)
		}
		if part.who&OwnClient != 0 && !k.avatar {
			return fmt.Errorf("method %s is for the entity's own client, which only avatars have", m)
		}
		if part.who&AnyClient != 0 && !k.area {
			return fmt.Errorf("method %s is for clients that see the entity, which only area entities are", m)
		}
		k.methods = append(k.methods, part)
		return nil
	}}
}

// On gives a class a method that cannot fail and has nothing to answer.
func On[P Entity, A any](m Method[A, None], f func(P, *Call, A), rules ...Rule) Part[P] {
	return Handle(m, func(e P, c *Call, args A) (None, error) {
		f(e, c, args)
		return None{}, nil
	}, rules...)
}

// OnTimer gives a class the handler of a timer.
func OnTimer[P Entity](t Timer, f func(P, *Call)) Part[P] {
	return Part[P]{add: func(k *Class) error {
		if err := checkName(string(t)); err != nil {
			return err
		}
		if k.timers[string(t)] != nil {
			return fmt.Errorf("timer %s is handled twice", t)
		}
		if f == nil {
			return fmt.Errorf("timer %s is handled by nil: give OnTimer a function", t)
		}
		k.timers[string(t)] = func(e Entity, c *Call) { f(e.(P), c) }
		return nil
	}}
}

// OnReply gives a class the handler of a reply: the result, or why there is none.
func OnReply[P Entity, R any](r Reply[R], f func(P, *Call, R, error)) Part[P] {
	return Part[P]{add: func(k *Class) error {
		if err := checkName(string(r)); err != nil {
			return err
		}
		if _, twice := k.replies[string(r)]; twice {
			return fmt.Errorf("reply %s is handled twice", r)
		}
		if f == nil {
			return fmt.Errorf("reply %s is handled by nil: give OnReply a function", r)
		}
		results, err := schema.NewFor[R]()
		if err != nil {
			return fmt.Errorf("result for reply %s: %w", r, err)
		}
		k.replies[string(r)] = replyPart{bind: func() replier { return &replyBinding[P, R]{f: f, results: results} }}
		return nil
	}}
}

// SaveWithin has a changed entity saved so long after the change at the latest.
// A class that saves and does not say is saved within DefaultSaveWithin.
func SaveWithin[P Entity](d time.Duration) Part[P] {
	return Part[P]{add: func(k *Class) error {
		if d <= 0 {
			return fmt.Errorf("saved within %v: it must be positive", d)
		}
		k.within = d
		return nil
	}}
}

// Make has entities of the class begin as the function makes them: with defaults
// of properties and with what is transient. Records are read into that.
func Make[P Entity](fresh func() P) Part[P] {
	return Part[P]{add: func(k *Class) error {
		k.fresh = func() Entity { return fresh() }
		return nil
	}}
}

// DefaultSaveWithin is how long a change waits for its save where a class does not say.
const DefaultSaveWithin = 10 * time.Second

// SpeedLimit is how fast clients may move the entities of a class, in metres a
// second, until game code says otherwise with Place.SetSpeed.
func SpeedLimit[P Entity](metresPerSecond float64) Part[P] {
	return Part[P]{add: func(k *Class) error {
		if !(metresPerSecond > 0 && metresPerSecond <= move.MaxSpeed) {
			return fmt.Errorf("a speed limit of %v m/s: more than 0 and up to %v are possible", metresPerSecond, float64(move.MaxSpeed))
		}
		if !k.area || !k.avatar {
			return fmt.Errorf("only an avatar with a place is moved by a client: embed entity.AvatarAreaEntity")
		}
		k.speed = metresPerSecond
		return nil
	}}
}

// maxShards bounds the shards of a stub.
const maxShards = 256

// Shards makes a stub n services, from 1 to 256, which addr.Shard finds by a key where it
// is given the same n. The class's own name leads to none of them: ErrNoStub.
func Shards[P Entity](n int) Part[P] {
	return Part[P]{add: func(k *Class) error {
		if n < 1 || n > maxShards {
			return fmt.Errorf("%d shards: 1 to %d are possible", n, maxShards)
		}
		k.shards = n
		return nil
	}}
}

// invoker is a method bound for one game: it has room for one argument and result.
type invoker interface {
	invoke(e Entity, c *Call, args []byte) (result []byte, err error)
}

type binding[P Entity, A, R any] struct {
	f       func(P, *Call, A) (R, error)
	args    schema.For[A]
	results schema.For[R]
	a       A
	r       R
}

func (b *binding[P, A, R]) invoke(e Entity, c *Call, args []byte) ([]byte, error) {
	w := c.world
	if err := b.args.Decode(&w.decoder, args, &b.a); err != nil {
		return nil, ErrBadArgs
	}
	var err error
	b.r, err = b.f(e.(P), c, b.a)
	if err != nil || c.held != 0 {
		return nil, err
	}
	w.result = b.results.Append(&w.encoder, w.result[:0], &b.r)
	return w.result, nil
}

// room is where the result of a call that was held is put, for encode to write it.
func (b *binding[P, A, R]) room() *R { return &b.r }

func (b *binding[P, A, R]) encode(w *World) []byte {
	w.result = b.results.Append(&w.encoder, w.result[:0], &b.r)
	return w.result
}

// answerer is a method whose result is an R.
type answerer[R any] interface {
	room() *R
	encode(w *World) []byte
}

// replier is a reply handler bound for one game.
type replier interface {
	reply(e Entity, c *Call, result []byte, err error)
}

type replyBinding[P Entity, R any] struct {
	f       func(P, *Call, R, error)
	results schema.For[R]
	r       R
}

func (b *replyBinding[P, R]) reply(e Entity, c *Call, result []byte, err error) {
	var none R
	b.r = none
	if err == nil && b.results.Decode(&c.world.decoder, result, &b.r) != nil {
		err = ErrBadArgs
	}
	b.f(e.(P), c, b.r, err)
}

// outgoing is a method or push as callers of this game know it, with room for one argument.
type outgoing[A any] struct {
	number uint16
	codec  schema.For[A]
	args   A
}

// outgoingOf returns how a call by that name is written; one that the table of
// names does not have, or whose argument cannot be written, is the author's bug.
func outgoingOf[A any](w *World, name string) *outgoing[A] {
	if known, has := w.calls[name]; has {
		o, fits := known.(*outgoing[A])
		if !fits {
			panic(fmt.Sprintf("entity: %s is called with a %v, and with something else before", name, reflect.TypeFor[A]()))
		}
		return o
	}
	number, known := w.table.Number(name)
	if !known {
		panic(fmt.Sprintf("entity: %s is not in the table of RPC names: have a class handle it, list a push in the script's Pushes, or extend the table that it brings", name))
	}
	codec, err := schema.NewFor[A]()
	if err != nil {
		panic(fmt.Sprintf("entity: argument of %s: %v", name, err))
	}
	o := &outgoing[A]{number: number, codec: codec}
	w.calls[name] = o
	return o
}

// write encodes an argument into bytes that are good until the next call is written.
func (o *outgoing[A]) write(w *World, args *A) []byte {
	o.args = *args
	w.args = o.codec.Append(&w.encoder, w.args[:0], &o.args)
	return w.args
}
