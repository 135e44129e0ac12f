package enumerate

import (
	"errors"
	"testing"
)

// graph makes a search that has found these states: for each, where its moves lead.
func graph(next [][]int32, ends ...int32) *search {
	s := &search{states: make([]state, len(next))}
	for i := range next {
		s.states[i] = state{next: next[i], from: -1}
	}
	for _, end := range ends {
		s.states[end].end = true
	}
	return s
}

func TestOrdersAreCountedAlongTheStates(t *testing.T) {
	for _, tt := range []struct {
		about   string
		next    [][]int32
		ends    []int32
		orders  int64
		longest int
	}{
		{"nothing can happen", [][]int32{{}}, []int32{0}, 1, 0},
		{"two moves in either order", [][]int32{{1, 2}, {3}, {3}, {}}, []int32{3}, 2, 2},
		{"an order may end where a fault still can come", [][]int32{{1}, {2}, {}}, []int32{1, 2}, 2, 2},
		{"two moves lead to one state", [][]int32{{1, 1}, {}}, []int32{1}, 2, 1},
		{"what was not done counts for nothing", [][]int32{{1, -1}, {}}, []int32{1}, 1, 1},
		{"three diamonds", [][]int32{{1, 2}, {3}, {3}, {4, 5}, {6}, {6}, {7, 8}, {9}, {9}, {}}, []int32{9}, 8, 6},
	} {
		r, err := graph(tt.next, tt.ends...).result()
		if err != nil || r.Orders.Int64() != tt.orders || r.Longest != tt.longest {
			t.Errorf("%s: %v orders, the longest of %d moves (%v); want %d, %d", tt.about, r.Orders, r.Longest, err, tt.orders, tt.longest)
		}
	}
}

func TestMovesThatLeadBackAreAnError(t *testing.T) {
	if _, err := graph([][]int32{{1}, {2}, {1}}).result(); !errors.Is(err, errCycle) {
		t.Errorf("error %v", err)
	}
}

func TestShortestOrder(t *testing.T) {
	from, via := graph([][]int32{{1, 2}, {2}, {3}, {}}).shortest()
	if from[3] != 2 || from[2] != 0 || via[2] != 1 || from[0] != -1 {
		t.Errorf("from %v via %v", from, via)
	}
}
