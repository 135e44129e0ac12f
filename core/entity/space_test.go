package entity

import (
	"errors"
	"fmt"
	"testing"

	"messiah/core/addr"
	"messiah/core/geom"
)

// spaces makes so many.
func (l *lab) spaces(n int) (all []addr.EntityID) {
	l.code(func(c *Call) {
		for i := range n {
			id, err := c.NewSpace(fmt.Sprint("space ", i))
			if err != nil {
				l.t.Fatal(err)
			}
			all = append(all, id)
		}
	})
	return all
}

// inside makes puppets and puts them into a space.
func (l *lab) inside(space addr.EntityID, names ...string) (all []*puppet) {
	for i, name := range names {
		p := l.puppet(name)
		l.code(func(c *Call) {
			if err := c.Teleport(p, space, geom.Vec3{X: float64(i + 1)}, 1); err != nil {
				l.t.Fatal(err)
			}
		})
		all = append(all, p)
	}
	l.events = nil
	return all
}

func (l *lab) in(space addr.EntityID) (names []string) {
	l.code(func(c *Call) {
		for e := range c.In(space) {
			names = append(names, e.(*puppet).Account())
		}
	})
	return names
}

func TestAnEndedSpaceLeavesItsEntitiesInTheFallback(t *testing.T) {
	l := newLab(t, false)
	s := l.spaces(2)
	all := l.inside(s[0], "ann", "bob")
	l.inside(s[1], "eve")
	before := all[1].budget.Correction()
	l.code(func(c *Call) {
		if err := c.EndSpace(s[0], s[1]); err != nil {
			t.Fatal(err)
		}
		if err := c.Teleport(all[0], s[0], geom.Vec3{}, 0); !errors.Is(err, ErrNoSpace) {
			t.Errorf("put into a space that ends: %v", err)
		}
		if err := c.EndSpace(s[0], s[1]); !errors.Is(err, ErrNoSpace) {
			t.Errorf("ended twice: %v", err)
		}
		if all[0].Space() != s[0] {
			t.Error("the space ended within the callback")
		}
		n := 0
		for range c.In(s[0]) {
			n++
		}
		if n != 2 {
			t.Errorf("%d are in it within the callback", n)
		}
	})
	l.happened("space ended", "space ended")
	if got := fmt.Sprint(l.in(s[0]), l.in(s[1])); got != "[] [eve ann bob]" {
		t.Errorf("in the spaces are %s", got)
	}
	if at := all[1].Position(); at != (geom.Vec3{X: 2}) || all[1].Yaw() != 1 || l.spaceEnded != s[0] {
		t.Errorf("bob is at %v, and %v has ended", at, l.spaceEnded)
	}
	if all[1].budget.Correction() == before {
		t.Error("the client is not told")
	}
	if n := l.world.Inspect().Spaces; n != 1 {
		t.Errorf("%d spaces are left", n)
	}
}

// The hook may send its entity anywhere, end it, or end the next space.
func TestWhoIsToldMayLeaveOrEnd(t *testing.T) {
	l := newLab(t, false)
	s := l.spaces(3)
	all := l.inside(s[0], "ann", "bob", "eve")
	l.script["space ended"] = func(p *puppet, c *Call) {
		switch p {
		case all[0]:
			if err := c.Teleport(p, s[2], geom.Vec3{}, 0); err != nil {
				t.Error(err)
			}
		case all[1]:
			c.Destroy(p)
		case all[2]:
			if p.Space() == s[1] { // the first time
				if err := c.EndSpace(s[1], s[2]); err != nil {
					t.Error(err)
				}
			}
		}
	}
	l.code(func(c *Call) { _ = c.EndSpace(s[0], s[1]) })
	if got := fmt.Sprint(l.in(s[0]), l.in(s[1]), l.in(s[2])); got != "[] [] [ann eve]" {
		t.Errorf("in the spaces are %s", got)
	}
	if n := l.world.Inspect().Spaces; n != 1 || !l.resident(all[1]).Gone() {
		t.Errorf("%d spaces are left", n)
	}
}

// Two spaces that end at once, each the other's fallback as it were, leave nobody anywhere.
func TestSpacesThatEndTogether(t *testing.T) {
	l := newLab(t, false)
	s := l.spaces(2)
	ann, bob := l.inside(s[0], "ann")[0], l.inside(s[1], "bob")[0]
	l.code(func(c *Call) {
		if err := c.EndSpace(s[0], s[1]); err != nil {
			t.Error(err)
		}
		if err := c.EndSpace(s[1], s[0]); !errors.Is(err, ErrNoSpace) {
			t.Errorf("a fallback that ends: %v", err)
		}
		if err := c.EndSpace(s[1], addr.EntityID{}); err != nil {
			t.Error(err)
		}
	})
	if !ann.Space().IsZero() || !bob.Space().IsZero() || l.world.Inspect().Spaces != 0 {
		t.Errorf("ann is in %v, bob in %v", ann.Space(), bob.Space())
	}
	l.happened("space ended", "space ended", "space ended")
}

func TestSpacesThatCannotEnd(t *testing.T) {
	l := newLab(t, false)
	s := l.spaces(1)
	l.code(func(c *Call) {
		for _, ends := range [][2]addr.EntityID{{{}, {}}, {s[0], s[0]}, {s[0], {Maker: 9, N: 9}}, {{Maker: 9, N: 9}, s[0]}} {
			if err := c.EndSpace(ends[0], ends[1]); !errors.Is(err, ErrNoSpace) {
				t.Errorf("%v with the fallback %v: %v", ends[0], ends[1], err)
			}
		}
	})
	if n := l.world.Inspect().Spaces; n != 1 {
		t.Errorf("%d spaces are left", n)
	}
}

// An entity that ends in the same callback is gone without hearing of the space, and the bound has room again.
func TestTheBoundOfSpacesHasRoomAgain(t *testing.T) {
	l := newLab(t, false)
	s := l.spaces(MaxSpaces)
	ann := l.inside(s[0], "ann")[0]
	l.code(func(c *Call) {
		if _, err := c.NewSpace("one more"); !errors.Is(err, ErrFull) {
			t.Errorf("one more: %v", err)
		}
		c.Destroy(ann)
		_ = c.EndSpace(s[0], s[1])
	})
	l.happened("lost", "destroyed")
	l.spaces(1)
}
