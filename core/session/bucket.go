package session

import (
	"time"

	"messiah/core/node"
)

// bucket is a token bucket written as the time at which it will be full again
// (the generic cell rate algorithm), so that an idle one costs nothing.
type bucket struct {
	full node.Time
}

// take charges n units at a rate a second with a burst; false says that they
// are not there, and nothing was charged. A bucket takes at most 2^32 units at once.
func (b *bucket) take(now node.Time, n, rate, burst uint64) bool {
	full := max(b.full, now) + node.Time(n*uint64(time.Second)/rate)
	if full.Sub(now) > time.Duration(burst*uint64(time.Second)/rate) {
		return false
	}
	b.full = full
	return true
}

// wait returns how long it takes until n units are there.
func (b *bucket) wait(now node.Time, n, rate, burst uint64) time.Duration {
	full := max(b.full, now) + node.Time(n*uint64(time.Second)/rate)
	return max(0, full.Sub(now)-time.Duration(burst*uint64(time.Second)/rate))
}
