package siege

import (
	"errors"
	"slices"
	"time"

	"messiah/core/addr"
	"messiah/core/check"
	"messiah/core/entity"
	"messiah/core/game"
	"messiah/core/node"
	"messiah/core/wire"
)

// The classes of the errands: runners are players who write letters to each other,
// to the crows that live on every game, and to the post, which knows all addresses.
const (
	Runners entity.Kind[*Runner] = "runner"
	Posts   entity.Kind[*Post]   = "post"
	Crows   entity.Kind[*Crow]   = "crow"
)

// What runners, crows and the post take.
const (
	Note   entity.Method[Letter, uint64]      = "note"   // a letter; answers with its number
	Enter  entity.Method[Entry, entity.None]  = "enter"  // into the post's book
	LookUp entity.Method[string, Card]        = "lookup" // in the post's book; of "" any
	Learn  entity.Method[string, entity.None] = "learn"  // a client's word: remember an address
	Send   entity.Method[Errand, string]      = "send"   // a client's word: send one letter; answers with how it ended
	Hear   entity.Push[Letter]                = "hear"
)

const (
	round   entity.Timer           = "round"
	wander  entity.Timer           = "wander"
	noted   entity.Reply[uint64]   = "noted"
	sent    entity.Reply[uint64]   = "sent"
	learnt  entity.Reply[Card]     = "learnt"
	asked   entity.Reply[Card]     = "asked"
	entered entity.Reply[struct{}] = "entered"
)

// Letter is one of a stream: all letters of one writer by one address.
type Letter struct{ Stream, N uint64 }

// Card is where somebody lives.
type Card struct {
	Mailbox addr.Mailbox
	Proxy   addr.Proxy
}

// Code reads or writes the card.
func (k *Card) Code(c *wire.Coder) {
	c.Struct(&k.Mailbox)
	c.Struct(&k.Proxy)
}

// Entry is one line of the post's book.
type Entry struct {
	Name string
	Card Card
}

// Via says by which address a letter goes.
type Via uint8

// The addresses.
const (
	ByMailbox Via = iota
	ByProxy
	ByClient // by the proxy, to the client behind it
	ByStub
	vias
	ClientByMailbox = vias // which no mailbox can
)

// Errand is a letter that a client has its runner send, to an address that it has learnt.
type Errand struct {
	Name string
	Via  Via
}

// Mail hears of each letter, for oracles. Each function may be nil.
type Mail struct {
	Sent  func(by addr.EntityID, l Letter, asks bool)
	Ran   func(l Letter)
	Told  func(l Letter, err error)
	Quiet func() bool // nobody is to write any more

	Wander time.Duration // so often a runner moves to another game; 0 never

	Version  uint32                            // of what runners have; 0 is 1
	Upgraded func(account string, from uint32) // a runner of an older version has become one of this; nil: nobody hears
}

// Runner is a player.
type Runner struct {
	entity.AvatarAreaEntity
	Ledger entity.Value[check.Ledger]     `entity:"saved"`
	Book   entity.CustomMap[string, Card] `entity:"saved"`
	pouch  pouch                          `entity:"transient"` // carried, not saved
	mail   *Mail                          `entity:"transient"`
}

// Post knows where everybody lives.
type Post struct {
	entity.ServerStubEntity
	Book  entity.CustomMap[string, Card] `entity:"saved"`
	Taken entity.Value[uint64]           `entity:"saved"` // letters in all
	mail  *Mail                          `entity:"transient"`
}

// Crow lives on a game for as long as that does.
type Crow struct {
	entity.ServerAreaEntity
	pouch pouch `entity:"transient"`
	mail  *Mail `entity:"transient"`
}

// Errands returns the code of the game of letters.
func Errands(o *Observer, m *Mail) game.Script {
	count := func(r *Runner, _ *entity.Call, args []byte) (check.Ledger, error) {
		return o.tally(&r.Ledger, r.Account(), args)
	}
	runner := []entity.Part[*Runner]{
		entity.Make(func() *Runner { return &Runner{mail: m} }),
		entity.Carry("pouch", 1, func(r *Runner) *pouch { return &r.pouch }),
		entity.OnTimer(wander, (*Runner).wander),
		entity.OnTimer(wake, (*Runner).wake),
		entity.Handle(Travel, (*Runner).travel, entity.OwnClient),
		entity.Handle(Live, (*Runner).live, entity.OwnClient),
		entity.Handle(Hatch, (*Runner).hatch, entity.OwnClient),
		entity.Handle(Order, (*Runner).order, entity.OwnClient),
		entity.Handle(Write, (*Runner).writeAll, entity.OwnClient),
		entity.Handle(Nap, (*Runner).nap, entity.OwnClient),
		entity.Handle(Quit, (*Runner).quit, entity.OwnClient),
		entity.Handle(Store, (*Runner).store, entity.OwnClient),
		entity.OnReply(ordered, (*Runner).ordered),
		entity.Handle(Count, count, entity.OwnClient),
		entity.Handle(Note, (*Runner).note),
		entity.Handle(Learn, (*Runner).learn, entity.OwnClient),
		entity.Handle(Send, (*Runner).send, entity.OwnClient),
		entity.OnTimer(round, (*Runner).round),
		entity.OnReply(noted, (*Runner).noted),
		entity.OnReply(sent, (*Runner).sent),
		entity.OnReply(learnt, (*Runner).learnt),
		entity.OnReply(asked, (*Runner).asked),
		entity.SaveWithin[*Runner](2 * time.Second),
	}
	if o.Speed > 0 {
		runner = append(runner, entity.SpeedLimit[*Runner](o.Speed))
	}
	if m.Version > 0 {
		runner = append(runner, entity.Version(m.Version, (*Runner).upgrade))
	}
	return game.Script{
		Classes: []*entity.Class{
			entity.Define(Runners, runner...),
			entity.Define(Posts,
				entity.Make(func() *Post { return &Post{mail: m} }),
				entity.Handle(Enter, (*Post).enter),
				entity.Handle(LookUp, (*Post).lookUp),
				entity.Handle(Note, (*Post).note),
				entity.SaveWithin[*Post](time.Second),
			),
			entity.Define(Crows,
				entity.Make(func() *Crow { return &Crow{mail: m} }),
				entity.Carry("pouch", 1, func(w *Crow) *pouch { return &w.pouch }),
				entity.Handle(Note, (*Crow).note),
				entity.Handle(Travel, (*Crow).travel),
				entity.OnReply(entered, (*Crow).entered),
				entity.OnTimer(round, (*Crow).enter),
			),
		},
		Table:  RPC(),
		Avatar: string(Runners),
		ServerOpen: func(c *entity.Call) {
			if _, err := Crows.Create(c, nil); err != nil {
				panic(err)
			}
		},
	}
}

// roundEvery is how often a runner does something.
const roundEvery = 40 * time.Millisecond

// Created and Loaded begin the rounds; a timer that was saved goes on by itself.
func (r *Runner) Created(c *entity.Call) { r.begin(c) }

func (r *Runner) begin(c *entity.Call) {
	round.Every(c, r, roundEvery)
	if r.mail.Wander > 0 {
		wander.Every(c, r, r.mail.Wander)
	}
}

// Loaded begins the rounds again.
func (r *Runner) Loaded(c *entity.Call) { r.begin(c) }

// wander moves the runner to any other game.
func (r *Runner) wander(c *entity.Call) {
	games := slices.DeleteFunc(c.Games(), func(p node.Peer) bool { return p == c.Here() })
	if len(games) == 0 || r.mail.Quiet != nil && r.mail.Quiet() {
		return
	}
	err := c.Migrate(r, entity.Destination{Game: games[c.Rand().IntN(len(games))], Stay: true})
	if err != nil && !errors.Is(err, entity.ErrMoving) {
		c.Log(node.Debug, "a runner stays", "why", err)
	}
}

// Arrived has the post know where the runner lives now.
func (r *Runner) Arrived(c *entity.Call) {
	r.pouch.end(c)
	Enter.Tell(c, addr.Stub(Posts), Entry{r.Account(), Card{r.Mailbox(c), r.Proxy()}})
}

// ClientAttached has the post know where the runner lives now.
func (r *Runner) ClientAttached(c *entity.Call) {
	Enter.Tell(c, addr.Stub(Posts), Entry{r.Account(), Card{r.Mailbox(c), r.Proxy()}})
}

func (r *Runner) note(_ *entity.Call, l Letter) (uint64, error) { return r.mail.ran(l) }

func (m *Mail) ran(l Letter) (uint64, error) {
	if m.Ran != nil {
		m.Ran(l)
	}
	return l.N, nil
}

// round writes a letter to somebody in the runner's book, or asks for an address.
func (r *Runner) round(c *entity.Call) {
	if r.mail.Quiet != nil && r.mail.Quiet() {
		return
	}
	names := slices.Collect(r.Book.Keys())
	if len(names) < 3 && c.Rand().IntN(4) == 0 {
		LookUp.Ask(c, addr.Stub(Posts), "", asked)
		return
	}
	via := Via(c.Rand().IntN(int(vias)))
	if via == ByStub || len(names) == 0 {
		r.write(c, addr.Stub(Posts), c.Rand().IntN(3) == 0, noted)
		return
	}
	card, _ := r.Book.Get(names[c.Rand().IntN(len(names))])
	switch to := card.target(via); {
	case to == nil:
	case via == ByClient:
		r.hail(c, card.Proxy)
	default:
		r.write(c, to, c.Rand().IntN(3) == 0, noted)
	}
}

// target returns the address of the card's that is meant, nil where it has none.
func (k *Card) target(via Via) addr.Target {
	switch {
	case (via == ByMailbox || via == ClientByMailbox) && !k.Mailbox.IsZero():
		return k.Mailbox
	case (via == ByProxy || via == ByClient) && !k.Proxy.IsZero():
		return k.Proxy
	}
	return nil
}

// write sends the next letter by an address. One that tells hears of failure alone.
func (r *Runner) write(c *entity.Call, to addr.Target, tells bool, then entity.Reply[uint64]) {
	l := r.pouch.next(c, to.Address())
	if r.mail.Sent != nil {
		r.mail.Sent(r.ID(), *l, !tells)
	}
	with := entity.With{Key: r.pouch.last, Within: 3 * time.Second}
	if tells {
		Note.Tell(c, to, *l, with)
		return
	}
	Note.Ask(c, to, *l, then, with)
}

// hail calls the client behind a proxy. Nobody counts what clients hear.
func (r *Runner) hail(c *entity.Call, p addr.Proxy) {
	if err := Hear.Tell(c, p, Letter{}); err != nil {
		panic(err)
	}
}

// told notes how a letter ended.
func (r *Runner) told(key uint64, err error) {
	l, known := r.pouch.take(key)
	if !known {
		return
	}
	if r.mail.Told != nil {
		r.mail.Told(l, err)
	}
}

func (r *Runner) noted(c *entity.Call, _ uint64, err error) {
	r.told(c.Key(), err)
	r.forgetStale(err)
}

// CallFailed hears of a letter that asked for no answer.
func (r *Runner) CallFailed(c *entity.Call, method string, err error) {
	if method == string(Note) {
		r.told(c.Key(), err)
	}
	r.forgetStale(err)
}

// forgetStale throws the book away when an address in it is stale.
func (r *Runner) forgetStale(err error) {
	if errors.Is(err, entity.ErrStaleMailbox) || errors.Is(err, entity.ErrStaleProxy) {
		r.Book.Clear()
	}
}

func (r *Runner) asked(_ *entity.Call, card Card, err error) {
	if err == nil && !card.Mailbox.IsZero() {
		r.Book.Set(card.Mailbox.Entity.String(), card)
	}
}

// learn remembers where somebody lives; the client is answered when it is known.
func (r *Runner) learn(c *entity.Call, name string) (entity.None, error) {
	held, err := c.Hold()
	if err == nil {
		r.Book.Set(name, Card{})
		LookUp.Ask(c, addr.Stub(Posts), name, learnt, entity.With{Key: uint64(held)})
	}
	return entity.None{}, err
}

// learnt ends a learn: the empty card in the book is the one that was asked for.
func (r *Runner) learnt(c *entity.Call, card Card, err error) {
	for name, known := range r.Book.All() {
		if err == nil && known == (Card{}) {
			r.Book.Set(name, card)
		}
	}
	entity.Answer(c, entity.Held(c.Key()), entity.None{}, err)
}

// send writes one letter for the client and answers with how that ended.
func (r *Runner) send(c *entity.Call, e Errand) (string, error) {
	card, known := r.Book.Get(e.Name)
	to := card.target(e.Via)
	if e.Via == ByStub {
		to, known = addr.Stub(e.Name), true
	}
	if !known || to == nil {
		return "", entity.Refusal("no such address")
	}
	if e.Via == ByClient || e.Via == ClientByMailbox {
		return outcome(Hear.Tell(c, to, Letter{})), nil
	}
	held, err := c.Hold()
	if err == nil {
		Note.Ask(c, to, Letter{}, sent, entity.With{Key: uint64(held), Within: 3 * time.Second})
	}
	return "", err
}

func (r *Runner) sent(c *entity.Call, _ uint64, err error) {
	entity.Answer(c, entity.Held(c.Key()), outcome(err), nil)
}

// outcome is an error in a word, "ok" for none.
func outcome(err error) string {
	if err == nil {
		return "ok"
	}
	return err.Error()
}

func (p *Post) enter(_ *entity.Call, e Entry) (entity.None, error) {
	p.Book.Set(e.Name, e.Card)
	return entity.None{}, nil
}

func (p *Post) lookUp(c *entity.Call, name string) (Card, error) {
	if card, known := p.Book.Get(name); known || name != "" {
		return card, nil
	}
	names := slices.Collect(p.Book.Keys())
	if len(names) == 0 {
		return Card{}, nil
	}
	card, _ := p.Book.Get(names[c.Rand().IntN(len(names))])
	return card, nil
}

func (p *Post) note(_ *entity.Call, l Letter) (uint64, error) {
	p.Taken.Set(p.Taken.Get() + 1)
	return p.mail.ran(l)
}

// Created has the crow tell the post where it lives, until the post has heard it.
func (w *Crow) Created(c *entity.Call) { round.After(c, w, time.Second) }

func (w *Crow) enter(c *entity.Call) {
	Enter.Ask(c, addr.Stub(Posts), Entry{w.ID().String(), Card{Mailbox: w.Mailbox(c)}}, entered)
}

func (w *Crow) entered(c *entity.Call, _ struct{}, err error) {
	if err != nil {
		round.After(c, w, time.Second)
	}
}

func (w *Crow) note(_ *entity.Call, l Letter) (uint64, error) { return w.mail.ran(l) }
