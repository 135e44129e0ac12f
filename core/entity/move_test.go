package entity

import (
	"strings"
	"testing"
	"time"

	"messiah/core/move"
	"messiah/core/node"
	"messiah/core/wire"
)

type walker struct{ AvatarAreaEntity }

type boulder struct{ ServerAreaEntity }

func TestSpeedLimitOfAClass(t *testing.T) {
	k := Define[walker]("walker", SpeedLimit[*walker](4.4))
	if k.speed != 4.4 {
		t.Errorf("the class's speed is %v", k.speed)
	}
	for _, limit := range []float64{0, -1, move.MaxSpeed + 1} {
		refused(t, "speed limit", func() { Define[walker]("walker", SpeedLimit[*walker](limit)) })
	}
	refused(t, "only an avatar with a place", func() { Define[boulder]("boulder", SpeedLimit[*boulder](1)) })
}

func refused(t *testing.T, with string, define func()) {
	t.Helper()
	defer func() {
		if text, _ := recover().(string); !strings.Contains(text, with) {
			t.Errorf("refused with %q, and %q should be in it", text, with)
		}
	}()
	define()
}

// TestBudgetIsPartOfTheState reads a place from a copy of a game's state and wants
// the same verdict of it.
func TestBudgetIsPartOfTheState(t *testing.T) {
	w := &World{}
	a := &Resident{place: &Place{}}
	a.place.budget.SetSpeed(0, 4.4)
	a.place.budget.Correct()
	w.Move(nil, a, a.place.at, 0.5)
	b := &Resident{place: &Place{}}
	state := wire.Append(nil, placeOnly{&residentState{w, a}})
	if err := wire.Decode(state, placeOnly{&residentState{w, b}}); err != nil || *b.place != *a.place {
		t.Fatalf("%+v was read as %+v: %v", *a.place, *b.place, err)
	}
	late := node.Time(time.Second)
	to := a.place.at
	to.X += 2
	if v := b.place.budget.Judge(late, b.place.at, to, 1); v != move.Good {
		t.Errorf("2 m in a second: %v", v)
	}
}

// placeOnly codes nothing of a resident but its place.
type placeOnly struct{ s *residentState }

func (p placeOnly) Code(c *wire.Coder) { p.s.codePlace(c) }
