package scenarios

import (
	"testing"
	"time"

	"messiah/core/entity"
	"messiah/core/game"
	"messiah/core/nav"
	"messiah/core/proto"
	"messiah/netsim"
	"messiah/scenarios/siege"
	"messiah/sim"
	"messiah/sim/choice"
)

// All hoarders' records together are more than a link keeps.
const (
	hoarders  = 50
	hoardOf   = 30_000  // bytes of one
	hoardLink = 1 << 20 // bytes that a link keeps
)

// hoarder is an avatar with a large record, which it gets with its first client.
type hoarder struct {
	entity.AvatarEntity
	Pile entity.Value[[]byte] `entity:"saved"`
	seen func(bytes int)      `entity:"transient"`
}

func (h *hoarder) Created(*entity.Call) { h.Pile.Set(make([]byte, hoardOf)) }
func (h *hoarder) Loaded(*entity.Call)  { h.seen(len(h.Pile.Get())) }

// hoard is a story of hoarders who are all in; loaded is told what each has that is loaded.
func hoard(name string, loaded func(bytes int), play func(s *sim.Story)) *sim.Scenario {
	const avatars entity.Kind[*hoarder] = "avatar"
	class := entity.Define(avatars, entity.Make(func() *hoarder { return &hoarder{seen: loaded} }))
	return &sim.Scenario{
		Name: name,
		Game: sim.Game{
			Script: func(sim.Observer) game.Script {
				return game.Script{Classes: []*entity.Class{class}, Table: siege.RPC(), Avatar: string(avatars)}
			},
			Finder: func() nav.Pathfinder { return nav.Courtyard() },
			RPC:    siege.RPC(),
		},
		Options: func(o *sim.Options, _ choice.Stream) { o.Games, o.Clients, o.LinkBytes = 1, hoarders, hoardLink },
		Play: func(s *sim.Story) {
			s.SessionsMayEnd()
			s.Open()
			for i := range s.Options().Clients {
				s.Enter(sim.Account(i + 1))
			}
			play(s)
		},
	}
}

// TestTheDBOutlivesABurstOfLoads: a game has asked for more than its link keeps, and
// takes nothing for a while. It gets what it asked for later, and nobody else notices.
func TestTheDBOutlivesABurstOfLoads(t *testing.T) {
	sc := hoard("hoard-loads", func(int) {}, func(s *sim.Story) {
		s.Go(15 * time.Second) // all are saved
		db := s.Life(sim.DBID)
		s.Crash(sim.GameID(1), 2*time.Second)
		answers := s.Net().Hold(netsim.Match{From: sim.DBID, To: sim.GameID(1), Class: netsim.Process, Kind: proto.TypeClaimed})
		s.Go(6 * time.Second)
		s.Release(answers)
		s.Must("everybody is in again", s.AllIn, 60*time.Second)
		if s.Life(sim.DBID) != db {
			s.Violate("bounded", "the db ended of its answers")
		}
	})
	sc.Marks = []string{"answer-at-link-bound"}
	if res := play(t, sc, sim.RunConfig{Seed: 1}); res.Marks["answer-at-link-bound"] == 0 {
		t.Error("the link was never full")
	}
}

// TestAGameThatStopsSavesAll: an orderly stop writes every record, however many bytes they are together.
func TestAGameThatStopsSavesAll(t *testing.T) {
	kept := 0
	sc := hoard("hoard-stops", func(n int) {
		if n == hoardOf {
			kept++
		}
	}, func(s *sim.Story) {
		s.Stop(sim.GameID(1), 2*time.Second)
		s.Go(2 * time.Second)
		s.Must("everybody is in again", s.AllIn, 60*time.Second)
	})
	play(t, sc, sim.RunConfig{Seed: 1})
	if kept < hoarders {
		t.Errorf("%d of %d avatars have what they had before the stop", kept, hoarders)
	}
}
