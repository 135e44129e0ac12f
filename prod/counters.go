package prod

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// Counters is a snapshot of what a process has done since its start, and of what waits in it now.
type Counters struct {
	Turns      uint64 // of the loop
	Handlers   uint64 // handler calls of the node
	OverBudget uint64 // turns that ended with work left over
	LaneInputs uint64 // handler calls of the lanes, flushes and wake-ups aside
	TurnTime   Histogram

	LinkBytesIn, LinkBytesOut uint64 // of process links
	LinkWrites                uint64 // system calls that wrote them
	LinksOpen                 int64
	LinksCut                  uint64 // connections closed at their output bound or for a frame over the limit

	PacketsIn, PacketsOut         uint64 // datagrams and stream packets of clients
	PacketBytesIn, PacketBytesOut uint64
	PacketsDropped                uint64 // datagrams in at a lane's bound or of no size that one has, datagrams out that the socket did not take, packets to streams that are gone

	StreamWrites   uint64 // system calls that wrote to streams
	StreamsOpen    int64
	StreamsUp      uint64 // accepted and dialled
	StreamsRefused uint64 // at the bound of connections, in all or of one address
	StreamsCut     uint64 // for a slow reader or a packet over the limit

	Mailbox     int   // inputs that wait for the loop
	LaneTasks   []int // inputs that wait for each lane, from the loop
	LanePackets []int // and from the network
}

// Buckets is how many buckets a Histogram has.
const Buckets = 24

// Histogram counts durations by powers of two.
type Histogram struct {
	Counts [Buckets]uint64 // the i-th counts what is below Bound(i) and not below the one before; the last has no bound
	Sum    time.Duration
}

// Bound returns the upper bound of the i-th bucket: 1 µs, 2 µs, 4 µs and so on.
func (h *Histogram) Bound(i int) time.Duration { return time.Microsecond << i }

// counters are the live numbers. Each is written by few goroutines.
type counters struct {
	turns, handlers, overBudget, laneInputs atomic.Uint64

	linkBytesIn, linkBytesOut, linkWrites, linksCut atomic.Uint64

	packetsIn, packetsOut, packetBytesIn, packetBytesOut, packetsDropped atomic.Uint64

	streamsUp, streamsRefused, streamsCut, streamWrites atomic.Uint64
	linksOpen, streamsOpen                              atomic.Int64

	turnTime [Buckets]atomic.Uint64
	turnSum  atomic.Int64
}

func (c *counters) turn(d time.Duration) {
	i := bits.Len64(uint64(d / time.Microsecond))
	c.turnTime[min(i, Buckets-1)].Add(1)
	c.turnSum.Add(int64(d))
}

func (c *counters) snapshot() Counters {
	s := Counters{
		Turns: c.turns.Load(), Handlers: c.handlers.Load(), OverBudget: c.overBudget.Load(), LaneInputs: c.laneInputs.Load(),
		LinkBytesIn: c.linkBytesIn.Load(), LinkBytesOut: c.linkBytesOut.Load(), LinkWrites: c.linkWrites.Load(),
		LinksOpen: c.linksOpen.Load(), LinksCut: c.linksCut.Load(),
		PacketsIn: c.packetsIn.Load(), PacketsOut: c.packetsOut.Load(), PacketsDropped: c.packetsDropped.Load(),
		PacketBytesIn: c.packetBytesIn.Load(), PacketBytesOut: c.packetBytesOut.Load(),
		StreamWrites: c.streamWrites.Load(), StreamsOpen: c.streamsOpen.Load(), StreamsUp: c.streamsUp.Load(),
		StreamsRefused: c.streamsRefused.Load(), StreamsCut: c.streamsCut.Load(),
	}
	for i := range c.turnTime {
		s.TurnTime.Counts[i] = c.turnTime[i].Load()
	}
	s.TurnTime.Sum = time.Duration(c.turnSum.Load())
	return s
}
