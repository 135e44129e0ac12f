package proto

import (
	"time"

	"messiah/core/node"
	"messiah/core/wire"
)

// Verify asks whether a login's password is good: a gate asks a game, which passes
// it on to the db. Nothing else is done for the login before the answer.
type Verify struct {
	Gate    node.Peer // that asks; the game fills it in, whatever is there
	Client  uint64    // the gate's own, echoed, and so is the number of the try
	Num     uint64
	Account string
	Digest  []byte // of the password: account.Digest
}

// Type returns the message's number.
func (*Verify) Type() uint16 { return TypeVerify }

// Code reads or writes the message.
func (m *Verify) Code(c *wire.Coder) {
	m.Gate.Code(c)
	c.Uint64(&m.Client)
	c.Uint64(&m.Num)
	c.String(&m.Account)
	c.Bytes(&m.Digest)
}

// Verified answers a Verify, by the same way back.
type Verified struct {
	Gate       node.Peer
	Client     uint64
	Num        uint64
	Reason     Refusal       // RefusedNone: the password is good
	RetryAfter time.Duration // of RefusedTooOften: when the next try is looked at
	Until      int64         // of RefusedBlocked: when that ends, in seconds since 1970; 0: not by itself
	Text       string        // of RefusedBlocked: why
}

// Type returns the message's number.
func (*Verified) Type() uint16 { return TypeVerified }

// Code reads or writes the message.
func (m *Verified) Code(c *wire.Coder) {
	m.Gate.Code(c)
	c.Uint64(&m.Client)
	c.Uint64(&m.Num)
	c.Uint16((*uint16)(&m.Reason))
	c.Int64((*int64)(&m.RetryAfter))
	c.Int64(&m.Until)
	c.String(&m.Text)
}

// LoginKey names the record of an account that logs in with a password. Games never
// claim it; AccountKey is that of its avatar.
func LoginKey(account string) string { return loginPrefix + account }

const loginPrefix = "login:"
