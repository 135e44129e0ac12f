package proto

import (
	"encoding/binary"
	"errors"
	"time"

	"messiah/core/addr"
	"messiah/core/wire"
)

// A client message is `u16 type, u64 number, payload` in little-endian order.
// The number is the sender's own: of a call, the call's.
const ClientHeader = 10

// ErrShortClient is a client message without its header.
var ErrShortClient = errors.New("proto: client message is shorter than its header")

// AppendClient appends the header of a client message.
func AppendClient(dst []byte, typ uint16, num uint64) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, typ)
	return binary.LittleEndian.AppendUint64(dst, num)
}

// SplitClient takes a client message apart without decoding the payload.
func SplitClient(b []byte) (typ uint16, num uint64, payload []byte, err error) {
	if len(b) < ClientHeader {
		return 0, 0, nil, ErrShortClient
	}
	return binary.LittleEndian.Uint16(b), binary.LittleEndian.Uint64(b[2:]), b[ClientHeader:], nil
}

// ValidateClient checks an untrusted client message: its header is there and its payload is one sound value.
func ValidateClient(b []byte) error {
	_, _, payload, err := SplitClient(b)
	if err != nil {
		return err
	}
	return wire.Validate(payload)
}

// Call is a call of a client to its avatar or an entity that it sees. The number
// in the header tells the reply to whom.
type Call struct {
	Method uint16        // by the table of RPC names
	Args   []byte        // one encoded value, good for as long as what it was read from
	Entity addr.EntityID // zero: the client's own avatar
}

// Type returns the message's number.
func (*Call) Type() uint16 { return TypeCall }

// Code reads or writes the message.
func (m *Call) Code(c *wire.Coder) {
	c.Uint16(&m.Method)
	c.View(&m.Args)
	m.Entity.Code(c)
}

// Outcome is how a call ended.
type Outcome uint8

// The outcomes of a call; exactly one reaches its sender.
const (
	OutcomeOK           Outcome = iota
	OutcomeNoMethod             // the avatar has no such method, or the caller may not call it
	OutcomeBadArgs              // the arguments do not fit the method
	OutcomeFailed               // the method returned an error
	OutcomeNoAvatar             // nothing ran: the avatar is not there now
	OutcomeFull                 // nothing ran: a queue on the way is at its bound
	OutcomeUnknown              // a crash or the end of the session hides whether it ran
	OutcomeStaleMailbox         // nothing ran: the entity is not there any more, or was loaded again
	OutcomeStaleProxy           // nothing ran: the gate of the proxy knows no such client
	OutcomeNoClient             // nothing ran: the address leads to no client, or it did not come back in time
	OutcomeNoStub               // nothing ran: no stub of that name lives now
	OutcomeDenied               // nothing ran: the caller may not call the method
	OutcomeTooOften             // nothing ran: the client is over the method's rate
	OutcomeTimeout              // the caller has waited long enough; it may have run
	OutcomePanicked             // the method panicked; its entity is gone
	OutcomeNameTaken            // the name is another record\'s
	OutcomeNoRecord             // there is no such record
	outcomeEnd
)

var outcomeNames = [outcomeEnd]string{
	"ok", "no-method", "bad-args", "failed", "no-avatar", "full", "unknown", "stale-mailbox", "stale-proxy", "no-client",
	"no-stub", "denied", "too-often", "timeout", "panicked", "name-taken", "no-record",
}

// String returns the outcome's name.
func (o Outcome) String() string {
	if o < outcomeEnd {
		return outcomeNames[o]
	}
	return "outcome?"
}

// Reply answers the call whose number is in the header.
type Reply struct {
	Outcome Outcome
	Result  []byte // of a failed call, the words of the error
}

// Type returns the message's number.
func (*Reply) Type() uint16 { return TypeReply }

// Code reads or writes the message.
func (m *Reply) Code(c *wire.Coder) {
	c.Uint8((*uint8)(&m.Outcome))
	c.Bytes(&m.Result)
}

// Push is a call of an avatar to its own client.
type Push struct {
	Method uint16
	Args   []byte
}

// Type returns the message's number.
func (*Push) Type() uint16 { return TypePush }

// Code reads or writes the message.
func (m *Push) Code(c *wire.Coder) {
	c.Uint16(&m.Method)
	c.Bytes(&m.Args)
}

// Workload tells a client node what to do from now on. It crosses no network:
// whoever runs the client, the simulator or a swarm of bots, delivers it.
type Workload struct {
	Calls       uint64        // calls in all, those already sent included; 0 is no limit
	Outstanding uint32        // calls under way at most; 0 makes no further calls
	Every       time.Duration // between two calls; 0 calls again at once
}

// Ask has a client node make one call, beside those of its workload. It crosses no network either.
type Ask struct {
	Key    uint64 // of whoever asks, for the answer
	Method uint16
	Args   []byte
}

// Type returns the message's number.
func (*Ask) Type() uint16 { return TypeAsk }

// Code reads or writes the message.
func (m *Ask) Code(c *wire.Coder) {
	c.Uint64(&m.Key)
	c.Uint16(&m.Method)
	c.Bytes(&m.Args)
}

// Type returns the message's number.
func (*Workload) Type() uint16 { return TypeWorkload }

// Code reads or writes the message.
func (m *Workload) Code(c *wire.Coder) {
	c.Uint64(&m.Calls)
	c.Uint32(&m.Outstanding)
	c.Int64((*int64)(&m.Every))
}
