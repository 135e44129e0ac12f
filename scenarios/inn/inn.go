// Package inn is the game of TUTORIAL.md: guests with a bag and a score, rats that
// bite them, and a taproom in which everybody hears everybody.
package inn

import (
	"slices"
	"time"

	"messiah/core/addr"
	"messiah/core/entity"
	"messiah/core/game"
)

const (
	Guests   entity.Kind[*Guest]   = "guest"
	Rats     entity.Kind[*Rat]     = "rat"
	Taprooms entity.Kind[*Taproom] = "taproom"

	Look   entity.Method[entity.None, Sheet]       = "look"   // guest
	Take   entity.Method[string, int]              = "take"   // guest: answers with how much the bag holds
	Hunt   entity.Method[entity.None, entity.None] = "hunt"   // guest: finds a rat
	Strike entity.Method[entity.None, entity.None] = "strike" // guest: hits its rat; rat: is hit
	Slain  entity.Method[int64, entity.None]       = "slain"  // guest: gets so many points
	Say    entity.Method[Line, entity.None]        = "say"    // guest: says it; taproom: all are told
	Join   entity.Method[addr.Proxy, entity.None]  = "join"   // taproom

	Bitten entity.Push[int]  = "bitten" // client: so often now
	Heard  entity.Push[Line] = "heard"  // client

	gnaw entity.Timer = "gnaw"

	taproom = addr.Stub(Taprooms) // the address of the one that there is
)

// Line is something that somebody says.
type Line struct{ Who, Text string }

// Sheet is what a client sees of its guest.
type Sheet struct {
	Score int64
	Bag   []string
}

// Guest is a player.
type Guest struct {
	entity.AvatarEntity
	Score entity.Value[int64]       `entity:"own,saved,index"`
	Bag   entity.CustomList[string] `entity:"own,saved"`
	rat   addr.Mailbox              `entity:"transient"`
}

func (g *Guest) look(*entity.Call, entity.None) (Sheet, error) {
	return Sheet{g.Score.Get(), slices.Collect(g.Bag.Values())}, nil
}

func (g *Guest) take(_ *entity.Call, what string) (int, error) {
	if g.Bag.Len() == 8 {
		return 0, entity.Refusal("the bag is full")
	}
	g.Bag.Append(what)
	return g.Bag.Len(), nil
}

func (g *Guest) hunt(c *entity.Call, _ entity.None) (entity.None, error) {
	_, err := Rats.Create(c, func(r *Rat) { r.prey, g.rat = g.Proxy(), r.Mailbox(c) })
	return entity.None{}, err
}

func (g *Guest) strike(c *entity.Call, _ entity.None) { Strike.Tell(c, g.rat, entity.None{}) }

func (g *Guest) slain(_ *entity.Call, points int64) { g.Score.Set(g.Score.Get() + points) }

// Rat is a monster.
type Rat struct {
	entity.ServerEntity
	prey  addr.Proxy `entity:"transient"`
	bites int        `entity:"transient"`
}

// Created has the rat bite every second.
func (r *Rat) Created(c *entity.Call) { gnaw.Every(c, r, time.Second) }

func (r *Rat) gnaw(c *entity.Call) {
	_ = Bitten.Tell(c, r.prey, r.bites+1) // a proxy leads to a client
	if r.bites++; r.bites == 3 {
		c.Destroy(r)
	}
}

func (r *Rat) strike(c *entity.Call, _ entity.None) {
	Slain.Tell(c, r.prey, 5)
	c.Destroy(r)
}

// Taproom is where everybody hears everybody. There is one in the cluster.
type Taproom struct {
	entity.ServerStubEntity
	Guests entity.CustomMap[uint64, addr.Proxy] `entity:"saved"` // by the labels of their clients
}

// ClientAttached tells the taproom where the guest is to be found from now on.
func (g *Guest) ClientAttached(c *entity.Call) { Join.Tell(c, taproom, g.Proxy()) }

func (g *Guest) say(c *entity.Call, l Line) { Say.Tell(c, taproom, Line{g.Account(), l.Text}) }

func (t *Taproom) join(_ *entity.Call, p addr.Proxy) {
	_, label := p.Client.Halves()
	t.Guests.Set(label, p)
}

func (t *Taproom) say(c *entity.Call, l Line) {
	for label, p := range t.Guests.All() {
		_ = Heard.Tell(c, p, l, entity.With{Key: label})
	}
}

// CallFailed forgets a guest whose client has left.
func (t *Taproom) CallFailed(c *entity.Call, _ string, err error) {
	if err == entity.ErrStaleProxy {
		t.Guests.Delete(c.Key())
	}
}

// Script is the whole game.
func Script() game.Script {
	return game.Script{Avatar: string(Guests), Pushes: []string{string(Bitten), string(Heard)}, Classes: []*entity.Class{
		entity.Define(Guests,
			entity.Handle(Look, (*Guest).look, entity.OwnClient),
			entity.Handle(Take, (*Guest).take, entity.OwnClient),
			entity.Handle(Hunt, (*Guest).hunt, entity.OwnClient, entity.AtMost(2, time.Second)),
			entity.On(Strike, (*Guest).strike, entity.OwnClient), entity.On(Slain, (*Guest).slain),
			entity.On(Say, (*Guest).say, entity.OwnClient)),
		entity.Define(Rats, entity.On(Strike, (*Rat).strike), entity.OnTimer(gnaw, (*Rat).gnaw)),
		entity.Define(Taprooms, entity.On(Join, (*Taproom).join), entity.On(Say, (*Taproom).say)),
	}}
}
