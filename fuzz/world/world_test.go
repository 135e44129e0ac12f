package world

import (
	"testing"

	"pgregory.net/rapid"
)

// Whatever players, operators and misfortune do, in whatever order, no oracle is
// violated, and the cluster comes to rest and is empty in the end.
func TestTheWorldWithstandsAnyStory(t *testing.T) {
	rapid.Check(t, tell)
}

// tell draws one story and judges it.
func tell(t *rapid.T) {
	m := begin(t)
	t.Repeat(m.actions())
	m.finish(t)
}
