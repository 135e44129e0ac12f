package bots

import (
	"testing"

	"pgregory.net/rapid"

	"messiah/core/node"
)

func TestScheduleIsAMapOfEarliestTimes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s schedule
		want := map[int]node.Time{}
		t.Repeat(map[string]func(*rapid.T){
			"want": func(t *rapid.T) {
				bot := rapid.IntRange(0, 20).Draw(t, "bot")
				at := node.Time(rapid.IntRange(0, 50).Draw(t, "at"))
				s.want(bot, at)
				if old, ok := want[bot]; !ok || at < old {
					want[bot] = at
				}
			},
			"due": func(t *rapid.T) {
				now := node.Time(rapid.IntRange(0, 50).Draw(t, "now"))
				bot, ok := s.due(now)
				if ok != (earliest(want) <= now) {
					t.Fatalf("due at %d: %v, the earliest is %d", now, ok, earliest(want))
				}
				if ok && want[bot] != earliest(want) {
					t.Fatalf("bot %d of time %d comes before time %d", bot, want[bot], earliest(want))
				}
				if ok {
					delete(want, bot)
				}
			},
			"": func(t *rapid.T) {
				if got := s.next(); got != earliest(want) {
					t.Fatalf("next is %d, want %d", got, earliest(want))
				}
			},
		})
	})
}

// earliest is the earliest time.
func earliest(all map[int]node.Time) node.Time {
	first := node.Never
	for _, at := range all {
		first = min(first, at)
	}
	return first
}
