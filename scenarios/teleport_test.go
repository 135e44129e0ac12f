package scenarios

import (
	"testing"
	"time"

	"messiah/core/client"
	"messiah/core/entity"
	"messiah/core/game"
	"messiah/core/geom"
	"messiah/core/nav"
	"messiah/netsim"
	"messiah/scenarios/siege"
	"messiah/sim"
	"messiah/sim/choice"
)

// leaper is an avatar that game code puts elsewhere while its client walks.
type leaper struct {
	entity.AvatarAreaEntity
	Leaps entity.Value[int] `entity:"saved"`
}

const leap entity.Timer = "leap"

// far is where a leaper is put, in metres.
func far() geom.Vec3 { return geom.Vec3{X: 500, Y: 3, Z: -20} }

func (l *leaper) ClientAttached(c *entity.Call) {
	l.SetSpeed(c, siege.Speed)
	leap.After(c, l, time.Second)
}

func (l *leaper) leap(c *entity.Call) {
	if err := c.Teleport(l, l.Space(), far(), 1); err != nil {
		panic(err)
	}
	l.Leaps.Set(l.Leaps.Get() + 1)
}

// leapers is a game of avatars that are put elsewhere a second after their client has come.
func leapers() sim.Game {
	const avatars entity.Kind[*leaper] = "avatar"
	return sim.Game{
		Script: func(sim.Observer) game.Script {
			return game.Script{
				Classes: []*entity.Class{entity.Define(avatars, entity.OnTimer(leap, (*leaper).leap))},
				Table:   siege.RPC(), Avatar: string(avatars),
			}
		},
		Finder: func() nav.Pathfinder { return nav.Courtyard() },
		RPC:    siege.RPC(),
	}
}

// TestTeleportedClientFollows wants a client that the game puts elsewhere to walk on
// from there, without a correction: what it said meanwhile of the old place is dropped.
func TestTeleportedClientFollows(t *testing.T) {
	for _, set := range [][]string{nil, {"transport=kcp"}} {
		for seed := range uint64(5) {
			sc := &sim.Scenario{
				Name: "leap", Game: leapers(), Marks: []string{"move-before-acknowledgement"},
				Options: func(o *sim.Options, _ choice.Stream) {
					o.Clients, o.CallEvery, o.ClientLink, o.MoveEvery = 2, time.Hour, netsim.Jittery(), 50*time.Millisecond
				},
				Play: func(s *sim.Story) { followed(t, s) },
			}
			play(t, sc, sim.RunConfig{Seed: seed, Set: set})
		}
	}
}

func followed(t *testing.T, s *sim.Story) {
	s.Open()
	for i := 1; i <= s.Options().Clients; i++ {
		c := s.NewPlayer(sim.Account(i), func(c *client.Config) { c.Speed = siege.Speed })
		c.Start()
		s.Players = append(s.Players, c)
	}
	s.Must("all players are in", s.AllIn, 30*time.Second)
	s.Go(4 * time.Second)
	for _, c := range s.Players {
		at, _ := c.Place()
		walked := at.Distance(far())
		if st := c.Status(); st.Corrections > 0 || walked < 2 || walked > 4*siege.Speed || at.Y != 3 || at.Z != -20 {
			t.Errorf("%v was put at %v, is at %v and was corrected %d times", c.ID(), far(), at, st.Corrections)
		}
	}
}
