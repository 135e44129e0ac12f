package node

import (
	"testing"
	"time"
)

// A bucket of three that gets one back a second gives three at once, then one a second,
// and says how long the next one takes.
func TestSpendGivesABurstAndThenARate(t *testing.T) {
	var full Time
	take := func(now time.Duration) (wait time.Duration) {
		full, wait = full.Spend(Time(now), 3, time.Second)
		return wait
	}
	for _, s := range []struct{ now, wait time.Duration }{
		{10 * time.Second, 0}, {10 * time.Second, 0}, {10 * time.Second, 0},
		{10 * time.Second, time.Second}, {10*time.Second + 400*time.Millisecond, 600 * time.Millisecond},
		{11 * time.Second, 0}, {11 * time.Second, time.Second}, {time.Hour, 0},
	} {
		if wait := take(s.now); wait != s.wait {
			t.Errorf("at %v the wait is %v, and should be %v", s.now, wait, s.wait)
		}
	}
}
