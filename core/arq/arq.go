// Package arq is the reliability of the datagram transport: KCP, with the clock
// as an argument. It makes whole messages, in order and once, of datagrams that
// are lost, repeated and reordered. Production's KCP and the simulator's KCP
// tier are this, the raw state machine of kcp-go without its sockets.
//
// # The clock
//
// The library reads a clock of its own in Input and Flush, and no argument can
// replace it. In a synctest bubble that clock is the bubble's age (see Clock),
// so a simulated world that begins with its bubble and sleeps to each event's
// time before it handles the event sees its own now there; NewSimulated compares
// the two after each step. In production the clock is the system's monotonic one.
// The now that comes in is then what the time of the next call is counted from,
// and nothing else: only differences matter to KCP, so the two clocks need no
// common zero. A now that is older than the library's, because a step takes time,
// makes a call a little early at worst, which then asks for another.
//
// # Goroutines and memory
//
// A conversation has no goroutine, timer or lock; it belongs to one loop. Importing
// kcp-go starts a few goroutines that idle for ever (see Goroutines). A new
// conversation holds 19 KiB, nearly all of it in the library, and its rings keep
// the size that a busy time gave them (16 KiB more at Window in flight). One whose
// other side keeps back a segment can be made to hold 2×Window datagrams of up to
// 1,500 bytes more, until it ends.
package arq

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"time"

	kcp "github.com/xtaci/kcp-go/v5"
)

// Limits.
const (
	// Window is how many segments may be on their way in each direction, and
	// how many one message may have.
	Window = 128
	// MaxWaiting bounds the segments queued or unacknowledged. TrySend refuses
	// a message that would pass it, and Send gives the conversation up.
	MaxWaiting = 512
	// MinMTU and MaxMTU bound a datagram. What is above KCP, such as sealing,
	// has to fit in beside it: 1350 bytes pass every usual path.
	MinMTU = 128
	MaxMTU = 1350
)

// The game settings of KCP: no delay, a fast retransmission after two later
// acknowledgements, no congestion window. The interval is a floor under the
// variation in the retransmission timeout: at KCP's usual 10 ms a busy machine
// that answers a little late gets everything twice, and is then busier still.
const (
	noDelay      = 1
	intervalMS   = 40
	fastResend   = 2
	noCongestion = 1
	leave        = -1 // a setting as it is
)

// longestWaitMS is the longest time between calls while anything waits. It
// bounds how late the probe of a closed window is, the one timer that the
// library does not tell of.
const longestWaitMS = 100

// The errors of TrySend.
var (
	ErrEmpty    = errors.New("arq: message is empty")
	ErrTooLarge = errors.New("arq: message has more segments than the window")
	ErrFull     = errors.New("arq: too many segments wait")
	ErrClosed   = errors.New("arq: conversation is closed or broken")
)

// A lone acknowledgement waits so long for a message that it can travel with, unless
// so many segments are unacknowledged: an answer usually comes sooner, and each
// datagram that is spared costs nobody's processor. The other side's library takes
// the round-trip time from the latest segment alone, which did not wait, and its
// timeout is at least the interval of 40 ms above that: a longer hold would have
// it repeat what has arrived. Out of order nothing waits: the other side is to
// hear of a gap at once.
const (
	ackHold     = 30 * time.Millisecond
	ackHoldMost = 16
)

// Instant is the user's type of a monotonic instant: nanoseconds since its driver's epoch.
type Instant interface{ ~int64 }

// KCP is one side of a conversation. Its methods must not be called by the
// functions that are given to it.
type KCP[T Instant] struct {
	kcp          *kcp.KCP
	conversation uint32
	outbox       outbox
	counters     counters
	drift        func(now T, clock time.Duration)
	failed       bool // a message was lost: the order is broken for good

	// Acknowledgements that wait for company.
	owed      int  // data segments taken since the last flush
	owedSince T    // when the first of them came
	fresh     bool // a message was queued since the last flush
	inOrder   bool // what came since the last flush was complete messages in order
}

// New makes one side of a conversation. The number is the same on both sides,
// and no datagram is longer than mtu bytes, which are the same too. It panics
// if mtu is not from MinMTU to MaxMTU.
func New[T Instant](conversation uint32, mtu int) *KCP[T] {
	if mtu < MinMTU || mtu > MaxMTU {
		panic("arq: MTU " + strconv.Itoa(mtu) + " is out of range")
	}
	a := &KCP[T]{conversation: conversation, outbox: outbox{mtu: mtu}}
	a.kcp = kcp.NewKCP(conversation, a.put)
	a.kcp.SetMtu(mtu)
	a.kcp.WndSize(Window, Window)
	a.kcp.NoDelay(noDelay, intervalMS, fastResend, noCongestion)
	return a
}

// NewSimulated is New for a world in a synctest bubble, with now as the bubble's
// age. After each Input and Flush that left the library's clock at another
// instant, drift is called with both: the run is not deterministic.
func NewSimulated[T Instant](conversation uint32, mtu int, drift func(now T, clock time.Duration)) *KCP[T] {
	a := New[T](conversation, mtu)
	a.drift = drift
	return a
}

// put takes what the library puts out.
func (a *KCP[T]) put(b []byte, size int) {
	a.counters.count(b[:size])
	a.outbox.put(b[:size])
}

// stepped compares the clocks at the end of a step.
func (a *KCP[T]) stepped(now T) {
	if a.drift == nil {
		return
	}
	if clock := Clock(); clock != time.Duration(now) {
		a.drift(now, clock)
	}
}

// TrySend queues one message, copying it; it leaves at the next Flush. An error,
// one of this package's, means that nothing was queued.
func (a *KCP[T]) TrySend(message []byte) error {
	segmentSize := a.outbox.mtu - headLen
	n := (len(message) + segmentSize - 1) / segmentSize
	switch {
	case a.kcp == nil || a.failed:
		return ErrClosed
	case n == 0:
		return ErrEmpty
	case n > Window:
		return ErrTooLarge
	case n > MaxWaiting-a.kcp.WaitSnd():
		return ErrFull
	}
	a.kcp.Send(message) // it refuses only what was refused above
	a.fresh = true
	return nil
}

// Send is TrySend for those who keep to Waiting: a message that is refused
// breaks the conversation, and the next Flush says that it is dead.
func (a *KCP[T]) Send(message []byte) {
	if a.TrySend(message) != nil {
		a.failed = true
	}
}

// Input takes one datagram that the other side's Flush put out. False says that
// it is malformed, or that its sender breaks the protocol; nothing of a
// malformed one was used. No input panics.
func (a *KCP[T]) Input(now T, segments []byte) bool {
	if a.kcp == nil {
		return false
	}
	data, ok := a.inspect(segments)
	if !ok {
		a.counters.malformed++
		return false
	}
	a.counters.received += uint64(data)
	if data > 0 && a.owed == 0 {
		a.owedSince = now
	}
	if data > 0 {
		a.inOrder = false // until Receive finds a message
	}
	a.owed += data
	a.kcp.Input(segments, kcp.IKCP_PACKET_REGULAR, false) // it refuses only what was refused above
	a.stepped(now)
	return true
}

// inspect looks a datagram over before the library does, which would panic at a
// segment larger than its buffers, and use the front of a datagram whose rest is bad. It
// returns how many segments carry data.
func (a *KCP[T]) inspect(b []byte) (data int, ok bool) {
	if len(b) == 0 || len(b) > a.outbox.mtu {
		return 0, false
	}
	for len(b) > 0 {
		var s segment
		if s, b, ok = next(b); !ok || !s.sound(a.conversation, a.counters.next) {
			return 0, false
		}
		if s.command == kcp.IKCP_CMD_PUSH {
			data++
		}
	}
	return data, true
}

// Receive appends the next message that is complete to dst; ok is false if there is none.
func (a *KCP[T]) Receive(dst []byte) (message []byte, ok bool) {
	if a.kcp == nil {
		return dst, false
	}
	size := a.kcp.PeekSize()
	if size < 0 {
		return dst, false
	}
	a.inOrder = true
	start := len(dst)
	dst = slices.Grow(dst, size)[:start+size]
	a.kcp.Recv(dst[start:])
	return dst, true
}

// Flush hands the datagrams that are due to output, whose bytes are good until it
// returns: acknowledgements, new messages, repetitions. Where only a few
// acknowledgements are due they wait up to 30 ms for company. It says when it wants to
// be called again if there is no Send or Input before: the next retransmission,
// or the largest T if nothing waits. Dead says that the other side has not
// acknowledged a segment that was sent 20 times, or that the conversation is
// broken or closed.
func (a *KCP[T]) Flush(now T, output func(segments []byte)) (again T, isDead bool) {
	if a.kcp == nil {
		return math.MaxInt64, true
	}
	if until, held := a.hold(now); held {
		return until, a.dead()
	}
	a.owed, a.fresh = 0, false
	a.outbox.open(output)
	// The interval caps what flush returns, and is more than a cap only in
	// Input: raised here, it spares a call every 10 ms.
	a.kcp.NoDelay(leave, longestWaitMS, leave, leave)
	wait := flush(a.kcp, kcp.IKCP_FLUSH_FULL)
	a.kcp.NoDelay(leave, intervalMS, leave, leave)
	a.outbox.close()
	a.stepped(now)
	if a.kcp.WaitSnd() == 0 {
		return math.MaxInt64, a.dead()
	}
	return now + T(time.Duration(wait)*time.Millisecond), a.dead()
}

// hold tells whether there is nothing to say but acknowledgements that can wait, and until when.
func (a *KCP[T]) hold(now T) (until T, held bool) {
	until = a.owedSince + T(ackHold)
	held = a.owed > 0 && a.owed < ackHoldMost && a.inOrder && !a.fresh && now < until && a.kcp.WaitSnd() == 0
	return until, held
}

func (a *KCP[T]) dead() bool { return a.failed || a.kcp == nil || dead(a.kcp) }

// Waiting returns how many segments are queued or unacknowledged.
func (a *KCP[T]) Waiting() int {
	if a.kcp == nil {
		return 0
	}
	return a.kcp.WaitSnd()
}

// Close drops all that waits, without a word to the other side: KCP has no end
// of its own. Later calls do nothing. Whoever drops a conversation need not close it.
func (a *KCP[T]) Close() {
	a.kcp = nil
	a.outbox = outbox{mtu: a.outbox.mtu}
}
