package minimise

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"messiah/core/entity"
	"messiah/core/game"
	"messiah/core/nav"
	"messiah/sim"
)

func TestDdminFindsTheFewThatMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 300).Draw(t, "n")
		left := make([]int, n)
		for i := range left {
			left[i] = i
		}
		matter := rapid.SliceOfNDistinct(rapid.IntRange(0, max(n-1, 0)), 0, min(n, 4), rapid.ID[int]).Draw(t, "matter")
		if n == 0 {
			matter = nil
		}
		ddmin(n, func(keep func(int) bool) bool {
			some := kept(left, keep)
			for _, one := range matter {
				if !slices.Contains(some, one) {
					return false
				}
			}
			left = some
			return true
		})
		slices.Sort(matter)
		if !slices.Equal(left, matter) {
			t.Fatalf("of %d things %v are left, and %v matter", n, left, matter)
		}
	})
}

// somebody is an avatar that does nothing.
type somebody struct{ entity.AvatarEntity }

const somebodies entity.Kind[*somebody] = "somebody"

// fragile is a story that fails where its second pause strikes and it drew the loud voice.
func fragile() *sim.Scenario {
	return &sim.Scenario{
		Name: "fragile",
		Game: sim.Game{
			Script: func(sim.Observer) game.Script {
				return game.Script{Classes: []*entity.Class{entity.Define(somebodies)}, Avatar: string(somebodies)}
			},
			Finder: func() nav.Pathfinder { return nav.Courtyard() },
		},
		Play: func(s *sim.Story) {
			voice := s.Pick("voice", 100)
			for i := range 20 {
				s.Wait("between", time.Millisecond)
				before := len(s.Faults())
				s.PauseProcess(sim.GateID(1), time.Millisecond)
				if i == 13 && len(s.Faults()) > before && voice > 0 {
					s.Violate("order", "it broke")
				}
				s.Go(2 * time.Millisecond)
			}
		},
	}
}

func exec(sc *sim.Scenario, rc sim.RunConfig) (sim.Result, error) { return sc.Run(rc) }

func TestMinimalPlanHoldsWhatMatters(t *testing.T) {
	o, err := Run(Config{Scenario: fragile(), Run: sim.RunConfig{Seed: 3}, Exec: exec})
	if err != nil || o.After == nil {
		t.Fatalf("%v; %+v", err, o)
	}
	if len(o.After.Faults) != 1 || o.After.Faults[0].Site != 14 || len(o.After.Decisions) != 1 || o.After.Decisions[0].Label != "voice" {
		t.Errorf("of the plan is left:\n%s", o.After.Text())
	}
	if o.Before.Size() < 20 || !o.Through || o.After.Oracle != "order" {
		t.Errorf("before %d, through %v, oracle %q", o.Before.Size(), o.Through, o.After.Oracle)
	}
	plan, err := sim.ReadPlan(o.After.Text())
	if err != nil {
		t.Fatal(err)
	}
	if res, err := fragile().Run(sim.RunConfig{Plan: plan}); err != nil || res.Oracle != "order" || res.Hash != o.Result.Hash {
		t.Errorf("the plan replays as %s of %q, %016x, %v; want %016x", res.Verdict, res.Oracle, res.Hash, err, o.Result.Hash)
	}
}

func TestPassingRunHasNothingToMinimise(t *testing.T) {
	sc := fragile()
	o, err := Run(Config{Scenario: sc, Run: sim.RunConfig{Seed: 3, Set: []string{"faults=none"}}, Exec: exec})
	if err != nil || o.Before != nil || o.After != nil || o.Result.Verdict != sim.Pass {
		t.Errorf("%v; %s of %s", err, o.Result.Verdict, o.Result.Message)
	}
}

func TestSearchEndsWhenItIsTold(t *testing.T) {
	left := 3
	o, err := Run(Config{Scenario: fragile(), Run: sim.RunConfig{Seed: 3}, Exec: exec, More: func() bool { left--; return left >= 0 }})
	if err != nil || o.Through || o.After == nil || o.Tries > 4 {
		t.Errorf("%v; through %v after %d tries", err, o.Through, o.Tries)
	}
}
