package session

import (
	"slices"
	"testing"

	"messiah/core/node"
)

func TestSomeSessionsAreTheNextInTurn(t *testing.T) {
	var sh Shard
	for slot := range 5 {
		sh.slots = append(sh.slots, &session{})
		sh.slots[slot].id = node.NewSession(0, slot, 1)
	}
	sh.slots[3] = nil
	for _, c := range []struct {
		from, count int
		want        []int
	}{
		{0, 2, []int{0, 1}},
		{2, 2, []int{2}},
		{4, 3, []int{4, 0, 1}},
		{14, 2, []int{4, 0}},
		{1, 100, []int{1, 2, 4, 0}},
	} {
		var got []int
		for v := range sh.Some(c.from, c.count) {
			got = append(got, v.Session.Slot())
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%d from slot %d are in the slots %v, want %v", c.count, c.from, got, c.want)
		}
	}
	for range new(Shard).Some(3, 2) {
		t.Error("an empty shard has a session")
	}
}
