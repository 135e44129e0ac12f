package siege

import (
	"slices"
	"time"

	"messiah/core/addr"
	"messiah/core/check"
	"messiah/core/entity"
	"messiah/core/game"
	"messiah/core/node"
)

// The classes of the crossing: a traveller is a player who goes to the other game at
// an agreed time, and at that very time the harbour writes letters to it.
const (
	Travellers entity.Kind[*Traveller] = "traveller"
	Harbours   entity.Kind[*Harbour]   = "harbour"
)

const (
	sail    entity.Timer         = "sail"
	landed  entity.Reply[uint64] = "landed"
	maxCall                      = 10 * time.Second // so long a letter of the harbour's may take
)

// Crossing says what happens at the agreed time.
type Crossing struct {
	Sail    node.Time // when it is
	Letters int       // to the traveller's proxy, and as many to its mailbox
	Mail    Mail      // hears of the letters
}

// Traveller is a player.
type Traveller struct {
	entity.AvatarEntity
	Ledger entity.Value[check.Ledger] `entity:"saved"`
	noted  uint64                     `entity:"transient"` // letters; carried, not saved
	to     *Crossing                  `entity:"transient"`
}

// Harbour writes the letters.
type Harbour struct {
	entity.ServerStubEntity
	card Card      `entity:"transient"`
	to   *Crossing `entity:"transient"`
}

// Crossings returns the code of the game of a crossing.
func Crossings(o *Observer, to *Crossing) game.Script {
	count := func(t *Traveller, _ *entity.Call, args []byte) (check.Ledger, error) {
		return o.tally(&t.Ledger, t.Account(), args)
	}
	return game.Script{
		Classes: []*entity.Class{
			entity.Define(Travellers,
				entity.Make(func() *Traveller { return &Traveller{to: to} }),
				entity.Carry("noted", 1, func(t *Traveller) *uint64 { return &t.noted }),
				entity.Handle(Count, count, entity.OwnClient),
				entity.Handle(Note, (*Traveller).note),
				entity.OnTimer(sail, (*Traveller).sail),
			),
			entity.Define(Harbours,
				entity.Make(func() *Harbour { return &Harbour{to: to} }),
				entity.Handle(Enter, (*Harbour).enter),
				entity.OnTimer(sail, (*Harbour).sail),
				entity.OnReply(landed, (*Harbour).landed),
			),
		},
		Table:      RPC(),
		Avatar:     string(Travellers),
		ServerOpen: func(*entity.Call) {},
	}
}

// Created has the harbour know where the traveller is, and waits for the agreed time.
func (t *Traveller) Created(c *entity.Call) { sail.After(c, t, t.to.Sail.Sub(c.Now())) }

// ClientAttached has the harbour know of the client's proxy as well.
func (t *Traveller) ClientAttached(c *entity.Call) {
	Enter.Tell(c, addr.Stub(Harbours), Entry{t.Account(), Card{t.Mailbox(c), t.Proxy()}})
}

// sail goes to the last of the other games, if there is one.
func (t *Traveller) sail(c *entity.Call) {
	games := slices.DeleteFunc(c.Games(), func(p node.Peer) bool { return p == c.Here() })
	if len(games) == 0 {
		return
	}
	if err := c.Migrate(t, entity.Destination{Game: games[len(games)-1], Stay: true}); err != nil {
		panic(err)
	}
}

func (t *Traveller) note(_ *entity.Call, l Letter) (uint64, error) {
	t.noted++
	return t.to.Mail.ran(l)
}

// enter learns where the first traveller is.
func (h *Harbour) enter(c *entity.Call, e Entry) (entity.None, error) {
	if late := c.Now() >= h.to.Sail; h.card == (Card{}) && !late { // a later harbour does not write again
		h.card = e.Card
		sail.After(c, h, h.to.Sail.Sub(c.Now()))
	}
	return entity.None{}, nil
}

// sail writes the letters.
func (h *Harbour) sail(c *entity.Call) {
	h.write(c, h.card.Proxy, 1, h.to.Letters)
	h.write(c, h.card.Mailbox, 2, h.to.Letters)
}

func (h *Harbour) write(c *entity.Call, to addr.Target, stream uint64, letters int) {
	for n := range letters {
		l := Letter{stream, uint64(n + 1)}
		if h.to.Mail.Sent != nil {
			h.to.Mail.Sent(h.ID(), l, true)
		}
		Note.Ask(c, to, l, landed, entity.With{Key: stream<<32 | l.N, Within: maxCall})
	}
}

func (h *Harbour) landed(c *entity.Call, _ uint64, err error) {
	if h.to.Mail.Told != nil {
		h.to.Mail.Told(Letter{c.Key() >> 32, c.Key() & (1<<32 - 1)}, err)
	}
}
