package node

import (
	"messiah/core/wire"
)

// Node is a role: a single-threaded state machine. Step handles one input to
// its end; State reads or writes everything that the next Step depends on.
type Node interface {
	Step(env *Env, in *Input)
	State(c *wire.Coder)
}

// Lane is a state machine beside the loop (the source notes' worker thread): it
// owns its state, takes tasks by value and in order, and either answers the
// loop or sends straight to the outbox.
type Lane interface {
	Step(env *LaneEnv, in *Input)
	State(c *wire.Coder)
}

// Message is what nodes send each other: a codec and a number.
type Message interface {
	wire.Message
	// Type returns the message's number, at least FirstType; a number is never used again.
	Type() uint16
}

// FirstType is the lowest message number of roles; the ones below belong to links.
const FirstType = 16

// Delivery says when a node hears that a client session began or ended.
type Delivery uint8

const (
	// Immediate runs the handler ahead of everything queued and withdraws what
	// is queued of an epoch that has ended, so that no handler ever sees a
	// session that is not as it says.
	Immediate Delivery = iota
	// Queued runs the handler in arrival order; the input says whether the
	// epoch is still alive at the handler's entry.
	Queued
)

// Level grades a log line.
type Level uint8

// Log levels. A run that logs at Error has a bug.
const (
	Debug Level = iota
	Info
	Warn
	Error
)

var levelNames = [...]string{"DEBUG", "INFO", "WARN", "ERROR"}

// String returns the level in capitals.
func (l Level) String() string {
	if int(l) < len(levelNames) {
		return levelNames[l]
	}
	return "LEVEL?"
}
