package siege

import (
	"messiah/core/addr"
	"messiah/core/entity"
	"messiah/core/game"
)

// The classes of the chests: keepers are players who put things into chests, which
// have records of their own and outlive the game that they were made on.
const (
	Keepers entity.Kind[*Keeper] = "keeper"
	Chests  entity.Kind[*Chest]  = "chest"
)

// What a client may ask of its keeper, and a keeper of a chest.
const (
	Stash  entity.Method[uint64, addr.EntityID]      = "stash"  // makes a chest with so much in it
	Seek   entity.Method[string, entity.Found]       = "seek"   // the chests of an owner
	Open   entity.Method[addr.EntityID, uint64]      = "open"   // what is in a chest, wherever it is
	Peek   entity.Method[entity.None, uint64]        = "peek"   // asked of the chest
	Rename entity.Method[string, entity.None]        = "rename" // takes a name that nobody else has
	Burn   entity.Method[addr.EntityID, entity.None] = "burn"   // asked of the keeper, then of the chest
)

const (
	sought  entity.Reply[entity.Found] = "sought"
	opened  entity.Reply[addr.Mailbox] = "opened"
	peeked  entity.Reply[uint64]       = "peeked"
	renamed entity.Reply[entity.None]  = "renamed"
	burnt   entity.Reply[entity.None]  = "burnt"
	toBurn  entity.Reply[addr.Mailbox] = "to-burn"
)

// Keeper is a player.
type Keeper struct{ entity.AvatarEntity }

// Chest is a thing of its own.
type Chest struct {
	entity.ServerEntity
	Owner entity.Value[string] `entity:"saved,index"`
	Gold  entity.Value[uint64] `entity:"saved"`
}

// Treasury returns the code of the game of chests.
func Treasury() game.Script {
	return game.Script{
		Classes: []*entity.Class{
			entity.Define(Keepers,
				entity.Handle(Stash, (*Keeper).stash, entity.OwnClient),
				entity.Handle(Seek, (*Keeper).seek, entity.OwnClient),
				entity.Handle(Open, (*Keeper).open, entity.OwnClient),
				entity.Handle(Rename, (*Keeper).rename, entity.OwnClient),
				entity.Handle(Burn, (*Keeper).burn, entity.OwnClient),
				entity.OnReply(sought, answer[*Keeper, entity.Found]),
				entity.OnReply(opened, (*Keeper).opened),
				entity.OnReply(peeked, answer[*Keeper, uint64]),
				entity.OnReply(renamed, answer[*Keeper, entity.None]),
				entity.OnReply(burnt, answer[*Keeper, entity.None]),
				entity.OnReply(toBurn, (*Keeper).toBurn),
			),
			entity.Define(Chests,
				entity.Handle(Peek, (*Chest).peek),
				entity.Handle(Burn, (*Chest).burn),
			),
		},
		Table:  RPC(),
		Avatar: string(Keepers),
	}
}

// answer gives what has come to the client whose call is held under the key.
func answer[P entity.Entity, R any](_ P, c *entity.Call, result R, err error) {
	entity.Answer(c, entity.Held(c.Key()), result, readable(err))
}

// readable is an error whose text the client may read: a keeper has no secrets.
func readable(err error) error {
	if err == nil {
		return nil
	}
	return entity.Refusal(err.Error())
}

func (k *Keeper) stash(c *entity.Call, gold uint64) (addr.EntityID, error) {
	chest, err := Chests.Create(c, func(chest *Chest) {
		chest.Owner.Set(k.Account())
		chest.Gold.Set(gold)
	})
	if err != nil {
		return addr.EntityID{}, err
	}
	c.Save(chest)
	return chest.ID(), nil
}

func (k *Keeper) seek(c *entity.Call, owner string) (entity.Found, error) {
	held, err := c.Hold()
	if err == nil {
		entity.Query(c, Chests, "owner", owner, 0, sought, entity.With{Key: uint64(held)})
	}
	return entity.Found{}, err
}

func (k *Keeper) open(c *entity.Call, id addr.EntityID) (uint64, error) {
	held, err := c.Hold()
	if err == nil {
		Chests.Load(c, id, opened, entity.With{Key: uint64(held)})
	}
	return 0, err
}

func (k *Keeper) opened(c *entity.Call, chest addr.Mailbox, err error) {
	if err != nil {
		entity.Answer(c, entity.Held(c.Key()), uint64(0), readable(err))
		return
	}
	Peek.Ask(c, chest, entity.None{}, peeked, entity.With{Key: c.Key()})
}

func (k *Keeper) rename(c *entity.Call, name string) (entity.None, error) {
	held, err := c.Hold()
	if err == nil {
		Keepers.TakeUniqueName(c, k, name, renamed, entity.With{Key: uint64(held)})
	}
	return entity.None{}, err
}

func (k *Keeper) burn(c *entity.Call, id addr.EntityID) (entity.None, error) {
	held, err := c.Hold()
	if err == nil {
		Chests.Load(c, id, toBurn, entity.With{Key: uint64(held)})
	}
	return entity.None{}, err
}

func (k *Keeper) toBurn(c *entity.Call, chest addr.Mailbox, err error) {
	if err != nil {
		entity.Answer(c, entity.Held(c.Key()), entity.None{}, readable(err))
		return
	}
	Burn.Ask(c, chest, chest.Entity, burnt, entity.With{Key: c.Key()})
}

func (h *Chest) peek(*entity.Call, entity.None) (uint64, error) { return h.Gold.Get(), nil }

func (h *Chest) burn(c *entity.Call, _ addr.EntityID) (entity.None, error) {
	c.Delete(h)
	return entity.None{}, nil
}
