// Package node is what every role is made of: a single-threaded state machine
// that sees the world only as a stream of inputs and touches it only through
// an Env, so that the same code runs under the simulator and in production.
package node

import "time"

// Time is a monotonic instant in nanoseconds since the driver's epoch: the
// start of the world in the simulator, the start of the process in production.
type Time int64

// Never is later than every instant a driver can reach.
const Never = Time(1<<63 - 1)

// Add returns the instant d later than t.
func (t Time) Add(d time.Duration) Time { return t + Time(d) }

// Sub returns the duration from u to t.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t - u) }

// Spend takes one from a bucket of n that gets one back each so often, and that is kept as
// the time t at which it is full again (the generic cell rate algorithm, ITU-T I.371). It
// returns that time behind it; of an empty bucket t itself, and how long it is empty still.
func (t Time) Spend(now Time, n int, each time.Duration) (full Time, wait time.Duration) {
	full = max(t, now)
	if over := full.Sub(now) - each*time.Duration(n-1); over > 0 {
		return t, over
	}
	return full.Add(each), 0
}

// String writes t as a duration since the epoch, for people.
func (t Time) String() string { return time.Duration(t).String() }
