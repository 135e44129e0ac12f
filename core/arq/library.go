package arq

import (
	"time"
	_ "unsafe" // for go:linkname

	kcp "github.com/xtaci/kcp-go/v5"
)

// Epoch is where the library's clock counts from: the instant at which every
// synctest bubble begins.
var Epoch = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)

// refTime is what the library's currentMs measures from.
//
//go:linkname refTime github.com/xtaci/kcp-go/v5.refTime
var refTime time.Time

// flush sends all that is due and returns the milliseconds until the next
// retransmission, at most the interval of NoDelay.
//
//go:linkname flush github.com/xtaci/kcp-go/v5.(*KCP).flush
func flush(k *kcp.KCP, how kcp.FlushType) (nextUpdate uint32)

// init sets the library's epoch, once: a variable that moved would be a data
// race between worlds.
//
// The new epoch keeps a monotonic reading, which is why it is reached by Add.
// In a bubble, where no time has one, time.Since compares wall clocks, and the
// library's clock is the bubble's age. Outside it uses the monotonic clock, so
// that a step of the system's clock neither stalls nor triggers retransmission,
// which it would with a plain time.Date.
func init() {
	if refTime.IsZero() {
		panic("arq: kcp-go does not set refTime any more: the linkname has lost its target")
	}
	now := time.Now()
	refTime = now.Add(Epoch.Sub(now))
}

// Clock returns the library's clock, before it is cut to milliseconds: the age
// of the bubble inside one; outside, the time since Epoch, monotonic since the
// start of the process. The milliseconds wrap every 49.7 days; the library compares
// them by signed difference.
func Clock() time.Duration { return time.Since(refTime) }

// Goroutines names the functions in which the goroutines stand that importing
// kcp-go starts: one and a further one a processor, two at the least. They serve
// its UDPSession and idle for ever here; a leak test has to ignore them, and nothing else.
func Goroutines() []string {
	const scheduler = "github.com/xtaci/kcp-go/v5.(*TimedSched)"
	return []string{scheduler + ".sched", scheduler + ".prepend"}
}
