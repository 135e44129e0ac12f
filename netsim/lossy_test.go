package netsim

import (
	"testing"

	"messiah/core/node"
)

func TestLossyIsNamedAfterItsLoss(t *testing.T) {
	for _, percent := range []int{0, 1, 5, 50} {
		want := Lossy(percent)
		if got, err := ProfileNamed(want.Name); err != nil || got != want || got.Loss != percent*10_000 {
			t.Errorf("%q is %+v, %v", want.Name, got, err)
		}
	}
	for _, name := range []string{"lossy", "lossy:", "lossy:05", "lossy:+5", "lossy:-1", "lossy:51", "lossy:5 ", "lossy:5.0"} {
		if p, err := ProfileNamed(name); err == nil {
			t.Errorf("%q is read as %+v", name, p)
		}
	}
}

// As much is lost in the one direction as in the other, and as much as the name says.
func TestBothDirectionsLoseAlike(t *testing.T) {
	choose := newChance(1)
	r := newRecorder(func(_, _ node.ID) Decider { return choose }, Lossy(5))
	client, server := r.site(node.NewID(node.Client, 1)), r.server(node.NewID(node.Gate, 1))
	const count = 20_000
	sites := [2]Site{client, server}
	for i, from := range sites {
		lost := r.Counts().Lost
		for range count {
			r.SendDatagram(from, r.EndpointOf(sites[1-i]), []byte{1})
			r.pass(ms)
		}
		if lost = r.Counts().Lost - lost; !near(lost, count, Lossy(5).Loss) {
			t.Errorf("%d of %d datagrams from %v were lost", lost, count, r.IDOf(from))
		}
	}
	gate, player := node.NewID(node.Gate, 1), node.NewID(node.Client, 1)
	if up, down := r.Link(player, gate).Profile(), r.Link(gate, player).Profile(); up != down || up != Lossy(5) {
		t.Errorf("up %+v, down %+v", up, down)
	}
}
