// Package session is the conversation between a client and a gate, sans-I/O:
// cookie, key exchange, sealing, numbered messages, heartbeat, close and
// resume. Shard is the server's lane, with many sessions; Dialer is the
// client's lane, with one. Time, entropy and packets come in as arguments, so
// that the simulator and production run the same code.
//
// A login is numbered across its epochs: each direction counts its reliable
// messages from 1, keeps what the other side has not acknowledged in a bounded
// buffer, and sends that again when a later epoch resumes the login.
package session

import (
	"strconv"
	"time"

	"messiah/core/node"
	"messiah/core/wire"
)

// Tasks that the loop gives to a Shard or a Dialer, in Input.Type.
const (
	TaskSend         uint16 = 1 + iota // Session, Flags, Num: cookie, Conn: messages of the other side's handled, or 0; Body
	TaskHandled                        // Session, Num: messages of the other side's handled
	TaskLoggedIn                       // Session: compress, and let the client resume from now on
	TaskClose                          // Session, Num: reason; what was sent before goes out first
	TaskResume                         // Session: the new epoch, Num: the old one, Conn: client messages handled
	TaskRefuseResume                   // Session: the new epoch, Num: reason
	TaskDrop                           // Session: a detached epoch that is not waited for any longer
	TaskDial                           // Dialer: Endpoint, Flags: FlagResume, Conn: server messages handled, for AckOnHandled
	TaskAbort                          // Dialer: drop the transport without a word
)

// Answers that a Shard or a Dialer gives to the loop, in the Type of an
// InAnswer. The answers of a Dialer name no session. Beside them the loop gets
// InConnected (of a Dialer, Type: the wire.Verdict on the versions; Body: see OlderClient), InClient and
// InDisconnected (Type: reason, Num: cookie of the last acknowledged message).
const (
	AnswerDropped       uint16 = 1 + iota // Session: a login that waited for a resume ended for good; Num: cookie of the last acknowledged message
	AnswerResumeRefused                   // Dialer: Num: cookie of the last acknowledged message; what came later is lost
	AnswerDialFailed                      // Dialer: Num: reason, Conn: milliseconds until a retry makes sense, FlagResumable; Body: see OlderClient
)

// The body of an AnswerDialFailed for ReasonVersion, and of a Dialer's InConnected whose
// versions are compatible: the side that has to be upgraded. It is empty where the versions do not tell.
const (
	OlderClient = "client"
	OlderServer = "server"
)

// Flags of tasks and inputs, beside those of package node.
const (
	FlagResumable = 1 << 7 // of a disconnected: the login is kept for a resume
	FlagResume    = 1 << 6 // of TaskDial: resume the login, if a token is held
)

// Reason says why a session ended or was refused.
type Reason uint16

// The reasons.
const (
	ReasonNone     Reason = iota
	ReasonLost            // the connection is gone
	ReasonTimeout         // nothing was heard for too long
	ReasonReplaced        // the login goes on in a newer epoch
	ReasonLogout          // the client's own word
	ReasonKicked          // the server's word: another login took the place
	ReasonShutdown        // the server is stopping
	ReasonLate            // the client did not log in in time
	ReasonBusy            // over a budget of the server; try again later
	ReasonVersion         // the versions do not match
	ReasonGone            // nothing is left to resume
	ReasonBad             // the other side broke the protocol
	ReasonForged          // a packet on an ordered connection was forged or repeated
	ReasonFlood           // more than the budget for one client
	ReasonSlow            // more is unacknowledged than the bound allows
	ReasonTooLarge        // a message over MaxMessage
	ReasonKey             // the server's key is not the pinned one
	reasonEnd
)

var reasonNames = [reasonEnd]string{
	"none", "lost", "timeout", "replaced", "logout", "kicked", "shutdown", "late", "busy", "version", "gone",
	"bad", "forged", "flood", "slow", "too-large", "key",
}

// String returns the reason's name in traces.
func (r Reason) String() string {
	if r < reasonEnd {
		return reasonNames[r]
	}
	return "reason" + strconv.Itoa(int(r))
}

// Sizes. A message over MaxMessage ends the session that it is for or from.
const (
	MaxMessage  = 64 << 10
	MaxDatagram = 1200                // of a packet on a datagram transport
	MaxPacket   = maxBatch + overhead // of a packet on a stream transport

	streamBatch   = 16 << 10        // a batch of several messages ends here
	datagramBatch = 1100            // so that a batch is one segment of the ARQ
	maxBatch      = MaxMessage + 64 // a lone message of the largest size, with what stands around it
	arqMTU        = MaxDatagram - overhead - 1
)

// ARQ makes messages of datagrams: whole, in order, once. It is driven by
// calls alone and keeps no clock.
type ARQ interface {
	// Send queues one message; its bytes are copied.
	Send(message []byte)
	// Input takes what the other side's output was given; false says that it is malformed.
	Input(now node.Time, segments []byte) bool
	// Receive appends the next message that is complete, if there is one.
	Receive(dst []byte) (message []byte, ok bool)
	// Flush hands what is due to the output, whose bytes are good until it
	// returns, and says when it wants to be called again. Dead says that the
	// other side does not answer.
	Flush(now node.Time, output func(segments []byte)) (again node.Time, dead bool)
	// Waiting returns how many segments are queued or unacknowledged.
	Waiting() int
}

// NewARQ makes the ARQ of one session. The conversation number is the same on
// both sides, and no output is longer than mtu bytes.
type NewARQ func(conversation uint32, mtu int) ARQ

// arqWindow bounds the segments that one session has in its ARQ; what is over stays in the login's buffer.
const arqWindow = 128

// Limits are the bounds and times of one side. A zero field takes its default.
type Limits struct {
	UnackedBytes    int           // reliable messages kept for the other side, with their overhead
	UnackedMessages int           // the same, counted
	Heartbeat       time.Duration // a ping leaves after so long a silence of ours
	DeadAfter       time.Duration // the session is lost after so long a silence of theirs
	AckDelay        time.Duration // a lone acknowledgement waits so long for company
	CompressFrom    int           // bytes of a batch worth compressing; negative: never
	Linger          time.Duration // over datagrams: a closed session carries what was sent before for so long
}

// Defaults of Limits.
const (
	DefaultUnackedBytes    = 256 << 10
	DefaultUnackedMessages = 4096
	DefaultHeartbeat       = time.Second
	DefaultDeadAfter       = 5 * time.Second
	DefaultAckDelay        = 100 * time.Millisecond
	DefaultCompressFrom    = 256
	DefaultLinger          = 2 * time.Second

	ackEvery = 64 // messages after which an acknowledgement does not wait
)

func (l *Limits) defaults() {
	l.UnackedBytes = orDefault(l.UnackedBytes, DefaultUnackedBytes)
	l.UnackedMessages = orDefault(l.UnackedMessages, DefaultUnackedMessages)
	l.Heartbeat = orDefault(l.Heartbeat, DefaultHeartbeat)
	l.DeadAfter = orDefault(l.DeadAfter, DefaultDeadAfter)
	l.AckDelay = orDefault(l.AckDelay, DefaultAckDelay)
	l.CompressFrom = orDefault(l.CompressFrom, DefaultCompressFrom)
	l.Linger = orDefault(l.Linger, DefaultLinger)
}

func orDefault[T int | uint64 | time.Duration](v, otherwise T) T {
	if v == 0 {
		return otherwise
	}
	return v
}

// token proves that whoever presents it was given it inside a session: 128 bits, never zero.
type token [16]byte

func (t *token) draw(r *node.Rand) {
	for *t == (token{}) {
		r.Read(t[:])
	}
}

// versionBody is a version as it crosses to the loop.
func versionBody(v *wire.Version) []byte { return wire.Append(nil, v) }
