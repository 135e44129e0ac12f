package sim

import (
	"slices"

	"messiah/core/node"
)

// oneStub checks that each stub was created once on a life of a game and, at
// rest, lives on exactly one game.
type oneStub struct {
	deaf
	w    *World
	made map[stubOf]bool
}

// stubOf is a stub on one life of a game.
type stubOf struct {
	game node.Peer
	name string
}

func newOneStub(w *World) *oneStub { return &oneStub{w: w, made: map[stubOf]bool{}} }

func (o *oneStub) Saw(s Sight) {
	if s.What != SawStubCreated {
		return
	}
	if !slices.Contains(o.w.stubNames(), s.Account) {
		o.w.Violate("one-stub", "%v created the stub %s, and its code knows none of that name", s.By.id, s.Account)
	}
	k := stubOf{s.By.host.Self(), s.Account}
	if o.made[k] {
		o.w.Violate("one-stub", "%v created the stub %s twice", s.By.id, s.Account)
	}
	o.made[k] = true
}

func (o *oneStub) Calm() {
	for _, name := range o.w.stubNames() {
		var on []node.ID
		for _, p := range o.w.servers() {
			if p.host != nil && o.made[stubOf{p.host.Self(), name}] {
				on = append(on, p.id)
			}
		}
		if len(on) != 1 {
			o.w.Violate("one-stub", "the stub %s lives on %v", name, on)
		}
	}
}
