package cluster

import (
	"strings"
	"testing"
)

func TestPanicPlaceNamesWhatPanickedFirst(t *testing.T) {
	place := ""
	func() {
		defer func() {
			if recover() != nil {
				place = panicPlace()
			}
		}()
		var town map[string]int
		build(town)
	}()
	if first, _, _ := strings.Cut(place, " < "); !strings.Contains(first, "cluster.build (place_test.go:") {
		t.Errorf("the place is %q", place)
	}
}

//go:noinline
func build(town map[string]int) { town["wall"]++ }
