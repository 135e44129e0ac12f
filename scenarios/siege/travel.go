package siege

import (
	"math"
	"slices"
	"time"

	"messiah/core/addr"
	"messiah/core/entity"
	"messiah/core/node"
)

// What runners and crows do on a word, for stories that say when who goes where.
const (
	Travel entity.Method[Trip, string]               = "travel" // to another game; answers with the game where the traveller goes on living
	Order  entity.Method[Dispatch, string]           = "order"  // has somebody else travel; answers with how that ended
	Live   entity.Method[uint64, Home]               = "live"   // answers with where it lives, and remembers the number, unless that is 0
	Hatch  entity.Method[entity.None, Card]          = "hatch"  // a crow, on the game of whoever is asked
	Write  entity.Method[Bundle, entity.None]        = "write"  // many letters by one address
	Nap    entity.Method[time.Duration, entity.None] = "nap"    // answers after so long
	Quit   entity.Method[entity.None, entity.None]   = "quit"   // is destroyed
	Store  entity.Method[entity.None, entity.None]   = "store"  // saves its record
)

const (
	wake    entity.Timer         = "wake"
	ordered entity.Reply[string] = "ordered"
)

// Trip is where somebody is to go.
type Trip struct {
	Game node.ID
	Room bool // into a space there that has ended by then, else into none
}

// Home is where somebody lives, and what it remembers without a record: that goes with
// it from game to game, and is lost with the last game that has it.
type Home struct {
	Card Card
	Word uint64
}

// Dispatch is a trip of somebody.
type Dispatch struct {
	Who  Card
	Trip Trip
}

// Bundle is so many letters by one address.
type Bundle struct {
	To    Card
	Via   Via
	Count uint32
	Tells bool // without asking for an answer
}

// to returns the destination of a trip; false where no such game is ready.
func (t *Trip) to(c *entity.Call) (entity.Destination, bool) {
	games := c.Games()
	i := slices.IndexFunc(games, func(p node.Peer) bool { return p.ID == t.Game })
	if i < 0 {
		return entity.Destination{}, false
	}
	to := entity.Destination{Game: games[i], Stay: true}
	if t.Room {
		to.Space = addr.EntityID{Maker: games[i].Inc, N: math.MaxUint32}
	}
	return to, true
}

// leave sets out on a trip whose call is answered where it ends.
func leave(c *entity.Call, e entity.Entity, t Trip, p *pouch) (string, error) {
	to, known := t.to(c)
	if !known {
		return "", entity.Refusal("no such game")
	}
	if err := c.Migrate(e, to); err != nil {
		return "", entity.Refusal(err.Error())
	}
	held, err := c.Hold()
	p.trip = held
	return "", err
}

// end answers whoever had the traveller set out.
func (p *pouch) end(c *entity.Call) {
	if p.trip != 0 {
		entity.Answer(c, p.trip, c.Here().ID.String(), nil)
		p.trip = 0
	}
}

func (r *Runner) travel(c *entity.Call, t Trip) (string, error) { return leave(c, r, t, &r.pouch) }

// MigrationFailed tells whoever had the runner set out that it is where it was.
func (r *Runner) MigrationFailed(c *entity.Call, _ error) { r.pouch.end(c) }

func (w *Crow) travel(c *entity.Call, t Trip) (string, error) { return leave(c, w, t, &w.pouch) }

// Arrived has the post know where the crow lives now.
func (w *Crow) Arrived(c *entity.Call) {
	w.pouch.end(c)
	w.enter(c)
}

// MigrationFailed tells whoever had the crow set out that it is where it was.
func (w *Crow) MigrationFailed(c *entity.Call, _ error) { w.pouch.end(c) }

// order has somebody travel and answers the client with how that ended.
func (r *Runner) order(c *entity.Call, d Dispatch) (string, error) {
	held, err := c.Hold()
	if err == nil {
		Travel.Ask(c, d.Who.Mailbox, d.Trip, ordered, entity.With{Key: uint64(held)})
	}
	return "", err
}

func (r *Runner) ordered(c *entity.Call, at string, err error) {
	if err != nil {
		at = err.Error()
	}
	entity.Answer(c, entity.Held(c.Key()), at, nil)
}

func (r *Runner) live(c *entity.Call, word uint64) (Home, error) {
	if word != 0 {
		r.pouch.word = word
	}
	return Home{Card{r.Mailbox(c), r.Proxy()}, r.pouch.word}, nil
}

func (r *Runner) hatch(c *entity.Call, _ entity.None) (Card, error) {
	w, err := Crows.Create(c, nil)
	if err != nil {
		return Card{}, err
	}
	return Card{Mailbox: w.Mailbox(c)}, nil
}

// writeAll writes many letters at once.
func (r *Runner) writeAll(c *entity.Call, b Bundle) (entity.None, error) {
	to := b.To.target(b.Via)
	if b.Via == ByStub {
		to = addr.Stub(Posts)
	}
	if to == nil {
		return entity.None{}, entity.Refusal("no such address")
	}
	for range b.Count {
		r.write(c, to, b.Tells, noted)
	}
	return entity.None{}, nil
}

// nap answers when its timer goes off, wherever that is.
func (r *Runner) nap(c *entity.Call, d time.Duration) (entity.None, error) {
	held, err := c.Hold()
	if err == nil {
		wake.After(c, r, d, uint64(held))
	}
	return entity.None{}, err
}

func (r *Runner) wake(c *entity.Call) { entity.Answer(c, entity.Held(c.Key()), entity.None{}, nil) }

func (r *Runner) quit(c *entity.Call, _ entity.None) (entity.None, error) {
	c.Destroy(r)
	return entity.None{}, nil
}

func (r *Runner) store(c *entity.Call, _ entity.None) (entity.None, error) {
	c.Save(r)
	return entity.None{}, nil
}

// upgrade hears that the runner was one of an older version.
func (r *Runner) upgrade(from uint32) error {
	if r.mail.Upgraded != nil {
		r.mail.Upgraded(r.Account(), from)
	}
	return nil
}
