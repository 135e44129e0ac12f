package arq

import (
	"time"

	kcp "github.com/xtaci/kcp-go/v5"
)

// Stats is how a conversation fares. The times are 0, and Timeout the library's
// 200 ms, before the first acknowledgement; their grain is a millisecond.
type Stats struct {
	RTT          time.Duration // round trip, smoothed as RFC 6298 has it
	RTTVariation time.Duration // its mean deviation
	Timeout      time.Duration // of the next retransmission
	Sent         uint64        // segments with data, each repetition counted
	Resent       uint64        // of those, the repetitions
	Received     uint64        // segments with data, each repetition counted
	Malformed    uint64        // datagrams that Input refused
	LossPermille int           // repetitions among about the last 64 segments sent: an upper estimate of loss
	Waiting      int           // segments queued or unacknowledged
	Dead         bool          // the other side does not answer
}

// counters are what Stats takes from the datagrams, since the library counts
// only for the whole process.
type counters struct {
	sent, resent, received, malformed uint64
	loss                              int32  // in 1/65536
	next                              uint32 // number of the first segment that was never sent
}

// lossShift makes the loss estimate a mean over about the last 1<<lossShift segments.
const lossShift = 6

// count notes what the library puts out.
func (c *counters) count(segments []byte) {
	for len(segments) > 0 {
		s, rest, ok := next(segments)
		if !ok {
			panic("arq: kcp-go put out a malformed segment")
		}
		segments = rest
		if s.command != kcp.IKCP_CMD_PUSH {
			continue
		}
		c.sent++
		share := int32(0)
		if before(s.number, c.next) {
			c.resent++
			share = 1 << 16
		} else {
			c.next = s.number + 1
		}
		c.loss += (share - c.loss) >> lossShift
	}
}

// Stats returns how the conversation fares; after Close, all but the times and Waiting.
func (a *KCP[T]) Stats() Stats {
	s := Stats{
		Sent: a.counters.sent, Resent: a.counters.resent, Received: a.counters.received,
		Malformed:    a.counters.malformed,
		LossPermille: int(a.counters.loss) * 1000 >> 16,
		Waiting:      a.Waiting(),
		Dead:         a.dead(),
	}
	if a.kcp != nil {
		s.RTT, s.RTTVariation, s.Timeout = timing(a.kcp)
	}
	return s
}
