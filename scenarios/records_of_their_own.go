package scenarios

import (
	"time"

	"messiah/core/addr"
	"messiah/core/client"
	"messiah/core/entity"
	"messiah/core/game"
	"messiah/core/nav"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/schema"
	"messiah/core/wire"
	"messiah/scenarios/siege"
	"messiah/sim"
	"messiah/sim/choice"
)

// recordsOfTheirOwn follows entities that have records and no player: made, found
// by a field, loaded on another game, deleted; and names that one has and no other.
func recordsOfTheirOwn() *sim.Scenario {
	return &sim.Scenario{
		Name:  "records-of-their-own",
		About: "What is saved without a player is found, loaded once, and outlives its game; a unique name has one owner.",
		Game: sim.Game{
			Script: func(sim.Observer) game.Script { return siege.Treasury() },
			Finder: func() nav.Pathfinder { return nav.Courtyard() },
			RPC:    siege.RPC(),
		},
		Options: func(o *sim.Options, s choice.Stream) {
			anyCluster(o, s)
			usualTimes(o)
			o.Games, o.Clients, o.Stall = 2+s.Choose("more-games", 2), 2, 0
			o.StoreLose = 0
		},
		Play: func(s *sim.Story) {
			s.SessionsMayEnd()
			s.Open()
			k := keeping{Story: s}
			k.enter("ann")
			k.enter("bob")
			k.chestsAreFound()
			k.chestOutlivesItsGame()
			k.oneHasTheName()
			k.burntIsGone()
			k.newIsFoundAfterTheFire()
		},
	}
}

// keeping is the story of two keepers.
type keeping struct {
	*sim.Story
	key   uint64
	chest addr.EntityID
}

func (k *keeping) enter(account string) {
	p := k.NewPlayer(account, func(c *client.Config) { c.Method, c.CallEvery = string(siege.Stash), 10*time.Hour })
	p.Start()
	k.Must(account+" is in", p.In, 20*time.Second)
	p.Work(proto.Workload{})
	k.Players = append(k.Players, p)
}

// asks has a keeper's client call and returns how that ended.
func asks[A, R any](k *keeping, who int, m entity.Method[A, R], args A) (R, error) {
	k.key++
	p := k.Players[who]
	k.Must("the keeper is in", p.In, 60*time.Second)
	p.Ask(k.key, siege.Number(m), schema.MustFor[A]().Append(new(wire.Encoder), nil, &args))
	k.Must("the keeper is answered", func() bool { _, ended := p.Answered(k.key); return ended }, 60*time.Second)
	a, _ := p.Answered(k.key)
	return client.ResultOf(m, a)
}

// says tells whether a call ended with the words of an error.
func says(err, of error) bool { return err != nil && err.Error() == of.Error() }

// want is a fact of the story.
func (k *keeping) want(holds bool, text string, args ...any) {
	if !holds {
		k.Violate("durable", text, args...)
	}
}

func (k *keeping) chestsAreFound() {
	for gold := range uint64(3) {
		id, err := asks(k, 0, siege.Stash, 100+gold)
		k.want(err == nil && !id.IsZero(), "chest %d: %v", gold, err)
		k.chest = id
	}
	k.Go(2 * time.Second) // saved at once, and the store is slow at times
	found, err := asks(k, 1, siege.Seek, "ann")
	k.want(err == nil && len(found.Records) == 3 && !found.More, "ann's chests: %v %+v", err, found)
	found, err = asks(k, 1, siege.Seek, "bob")
	k.want(err == nil && len(found.Records) == 0, "bob's chests: %v %+v", err, found)
	gold, err := asks(k, 1, siege.Open, k.chest)
	k.want(err == nil && gold == 102, "the chest where it was made: %v %d", err, gold)
}

// chestOutlivesItsGame: whoever opens it next has it loaded again, from what was saved.
func (k *keeping) chestOutlivesItsGame() {
	game := k.Tending(proto.EntityKey(k.chest))
	k.want(game != 0, "no game has the chest")
	life := k.Life(game)
	k.Crash(game, 30*time.Second)
	k.Must("the game is known for dead", func() bool { _, ready := k.Listed(life); return !ready }, 20*time.Second)
	k.Must("the keepers play on", k.AllIn, 30*time.Second)
	k.opens(1)
	k.opens(0)
}

// opens has a keeper open the chest. Its first calls may meet the end of its own game.
func (k *keeping) opens(who int) {
	var gold uint64
	var err error
	for range 10 {
		if gold, err = asks(k, who, siege.Open, k.chest); err == nil {
			break
		}
		k.Go(time.Second)
	}
	k.want(err == nil && gold == 102, "the chest after its game: %v %d", err, gold)
}

func (k *keeping) oneHasTheName() {
	_, first := asks(k, 0, siege.Rename, "midas")
	_, again := asks(k, 0, siege.Rename, "midas")
	_, other := asks(k, 1, siege.Rename, "midas")
	k.want(first == nil && again == nil && says(other, entity.ErrNameTaken), "the name: %v, %v, %v", first, again, other)
}

// newIsFoundAfterTheFire: the numbers of a new record go on where those of a removed one
// ended, and the entity is found from every game all the same.
func (k *keeping) newIsFoundAfterTheFire() {
	id, err := asks(k, 0, siege.Stash, uint64(102))
	k.want(err == nil, "a chest after the fire: %v", err)
	k.Go(2 * time.Second)
	k.chest = id
	k.opens(1)
	k.opens(0)
}

func (k *keeping) burntIsGone() {
	_, err := asks(k, 0, siege.Burn, k.chest)
	k.want(err == nil, "the burning: %v", err)
	k.Must("its record is gone", func() bool { return k.Tending(proto.EntityKey(k.chest)) == node.ID(0) }, 30*time.Second)
	_, err = asks(k, 1, siege.Open, k.chest)
	k.want(says(err, entity.ErrNoRecord), "the chest after the fire: %v", err)
	_, err = asks(k, 1, siege.Open, addr.EntityID{Maker: 1, N: 1})
	k.want(says(err, entity.ErrNoRecord), "a chest that never was: %v", err)
}
