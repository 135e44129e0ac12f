package netsim

import (
	"bytes"
	"testing"

	"messiah/core/node"
)

// dialled makes a network of three sites of which two have dialled the third, in
// the order given, and what they wrote is under way.
func dialled(first, second node.ID) *recorder {
	r := newRecorder(func(_, _ node.ID) Decider { return boring{} }, LAN())
	target := node.NewID(node.Game, 1)
	sites := map[node.ID]Site{}
	for _, id := range []node.ID{node.NewID(node.Gate, 1), node.NewID(node.Gate, 2), target} {
		sites[id] = r.AddSite(id)
		r.SetReach(sites[id], Here)
	}
	r.Listen(sites[target], "game")
	for _, id := range []node.ID{first, second} {
		r.Dial(sites[id], 1, "game")
	}
	return r
}

func TestOrderOfMakingIsNotPartOfTheState(t *testing.T) {
	a, b := node.NewID(node.Gate, 1), node.NewID(node.Gate, 2)
	x, y := dialled(a, b), dialled(b, a)
	if !bytes.Equal(x.AppendState(nil), y.AppendState(nil)) {
		t.Error("two dials in either order give two states")
	}
	before := x.AppendState(nil)
	heads := x.Heads()
	if len(heads) != 2 || heads[0].From != a || heads[1].From != b || heads[0].What != "dial" {
		t.Fatalf("under way are %+v", heads)
	}
	x.Arrive(&heads[1])
	x.Arrive(&x.Heads()[0])
	for range 2 {
		y.Arrive(&y.Heads()[len(y.Heads())-1])
	}
	if bytes.Equal(before, x.AppendState(nil)) {
		t.Error("an arrival is not part of the state")
	}
	// Whichever dial arrives first, the same two connections stand in the end.
	for _, r := range []*recorder{x, y} {
		for len(r.Heads()) > 0 {
			r.Arrive(&r.Heads()[0])
		}
	}
	if !bytes.Equal(x.AppendState(nil), y.AppendState(nil)) {
		t.Error("two arrivals in either order give two states")
	}
	if names := x.Names(); len(names) != 4 {
		t.Errorf("%d ends have names: %v", len(names), names)
	}
}

func TestRearmedNetworkGoesOn(t *testing.T) {
	r := dialled(node.NewID(node.Gate, 1), node.NewID(node.Gate, 2))
	r.queue = nil // whoever runs it has forgotten what was asked for
	r.Rearm()
	if len(r.queue) != 4 {
		t.Fatalf("%d calls were asked for, want two arrivals and two ends of dials", len(r.queue))
	}
	for _, due := range r.queue[:2] {
		r.Fire(r.now, due.event)
	}
	for _, h := range r.Heads() {
		if h.What != "accepted" {
			t.Errorf("under way is %+v", h)
		}
	}
}
