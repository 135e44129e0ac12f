package scenarios

import (
	"errors"
	"testing"
	"time"

	"messiah/core/entity"
	"messiah/core/game"
	"messiah/core/node"
	"messiah/sim"
	"messiah/sim/choice"
)

// saver is an avatar that answers a deposit when it is in the store.
type saver struct {
	entity.AvatarEntity
	Coins entity.Value[int]      `entity:"saved"`
	waits map[int]entity.Held    `entity:"transient"` // deposits that are being saved
	told  func(key int, e error) `entity:"transient"`
}

const (
	savers  entity.Kind[*saver]             = "saver"
	deposit entity.Method[int, int]         = "deposit"
	balance entity.Method[entity.None, int] = "balance"
	written entity.Reply[entity.None]       = "written"
)

func (s *saver) deposit(c *entity.Call, n int) (int, error) {
	held, err := c.Hold()
	if err != nil {
		return 0, err
	}
	if s.waits == nil {
		s.waits = map[int]entity.Held{}
	}
	s.Coins.Set(n)
	s.waits[n] = held
	c.SaveThen(s, written, entity.With{Key: uint64(n)})
	return 0, nil
}

func (s *saver) written(c *entity.Call, _ entity.None, err error) {
	n := int(c.Key())
	s.told(n, err)
	entity.Answer(c, s.waits[n], n, err)
	delete(s.waits, n)
}

func (s *saver) balance(*entity.Call, entity.None) (int, error) { return s.Coins.Get(), nil }

// savings is a game of savers; told hears of each outcome of a save.
func savings(told func(key int, err error)) sim.Game {
	return sim.Game{Script: func(sim.Observer) game.Script {
		return game.Script{Avatar: string(savers), Classes: []*entity.Class{entity.Define(savers,
			entity.Make(func() *saver { return &saver{told: told} }),
			entity.SaveWithin[*saver](time.Hour), // nothing is written but what is asked for
			entity.Handle(deposit, (*saver).deposit, entity.OwnClient), entity.Handle(balance, (*saver).balance, entity.OwnClient),
			entity.OnReply(written, (*saver).written))}}
	}}
}

// A save that game code was told of is there after its game and the db have died, whatever the
// store is like; and each is told of once at most.
func TestASaveThatWasToldOfOutlivesItsGame(t *testing.T) {
	survived, lost := 0, 0
	for seed := range uint64(40) {
		outcomes := map[int]int{}
		told := func(key int, err error) {
			if outcomes[key]++; outcomes[key] > 1 || err != nil && !errors.Is(err, entity.ErrLost) {
				t.Errorf("seed %d: outcome %d of deposit %d is %v", seed, outcomes[key], key, err)
			}
		}
		sc := &sim.Scenario{
			Name: "savings", Game: savings(told),
			Options: func(o *sim.Options, s choice.Stream) {
				anyCluster(o, s)
				usualTimes(o)
				o.Clients, o.Games, o.Stall = 0, 1+s.Choose("games", 2), 0
				o.StoreLatency = choice.Pick(s, "store", storeLatencies())
			},
			Play: func(s *sim.Story) {
				s.SessionsMayEnd()
				s.Open()
				p := s.Enter("ann")
				safe := 0
				for n := 1; n <= 6; n++ {
					if n%2 == 0 {
						s.After(time.Duration(s.Pick("crash", 100))*time.Millisecond, func() { s.Crash(p.Game(), 300*time.Millisecond) })
					}
					if _, err := sim.Do(s, p, deposit, n); err == nil {
						safe = n
						survived++
					} else {
						lost++
					}
					s.Must("ann is in", p.In, 60*time.Second)
					s.Crash(gameOf(s, p), 300*time.Millisecond)
					s.Crash(sim.DBID, 300*time.Millisecond) // with what it was about to write
					if got := holds(s, p); got < safe {
						s.Violate("durable", "deposit %d was told to be in the store, and is %d after the crash", safe, got)
					}
				}
			},
		}
		play(t, sc, sim.RunConfig{Seed: seed})
	}
	if survived == 0 || lost == 0 {
		t.Errorf("%d deposits were saved and %d lost: the test wants both", survived, lost)
	}
}

// gameOf waits for the game that has the player's avatar.
func gameOf(s *sim.Story, p *sim.Player) (id node.ID) {
	s.Must("the avatar lives", func() bool { id = p.Game(); return id != 0 }, 60*time.Second)
	return id
}

// holds asks the avatar that is loaded next for what it has.
func holds(s *sim.Story, p *sim.Player) int {
	for {
		if got, err := sim.Do(s, p, balance, entity.None{}); err == nil {
			return got
		}
		s.Go(200 * time.Millisecond)
	}
}
