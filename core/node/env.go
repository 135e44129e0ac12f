package node

import (
	"errors"
	"time"

	"messiah/core/must"
	"messiah/core/wire"
)

// Errors of sending. They are the sender's to handle: nothing was queued.
var (
	ErrNoLink   = errors.New("node: no link to that process")
	ErrLinkFull = errors.New("node: link buffer is full")
)

// Env is a node's only way to the world, valid during one Step.
type Env struct{ h *Host }

// Now returns the monotonic time, frozen for the step.
func (e *Env) Now() Time { return e.h.now }

// Wall returns the wall clock in nanoseconds since 1970, with whatever skew the
// machine has: for schedules and expiry only.
func (e *Env) Wall() int64 { return e.h.wall }

// Self returns which process this is and which life of it.
func (e *Env) Self() Peer { return e.h.self }

// Rand returns the node's own random stream.
func (e *Env) Rand() *Rand { return e.h.rand }

// Lanes returns how many lanes the host has.
func (e *Env) Lanes() int { return len(e.h.tasks) }

// Send queues a message of the engine's own conversations. Room for these is
// reserved in each link; a link that overflows even so halts the process.
func (e *Env) Send(to ID, m Message) error {
	e.h.out.body = e.h.encode(e.h.out.body[:0], m)
	return e.h.send(to, m.Type(), 0, nil, e.h.out.body, reserveControl)
}

// Forward queues an encoded payload behind a routing header, without looking
// into it. It fails with ErrLinkFull at the link's bound and ErrNoLink where no
// link stands; then its sender is to be told.
func (e *Env) Forward(to ID, typ uint16, flags uint8, routes []uint64, payload []byte) error {
	return e.h.send(to, typ, flags, routes, payload, reserveData)
}

// Urge is Forward for what must not be lost where Forward finds the bound: it uses
// the room that is reserved for the engine, and is for a few bytes at a time.
func (e *Env) Urge(to ID, typ uint16, routes []uint64, payload []byte) error {
	return e.h.send(to, typ, 0, routes, payload, reserveControl)
}

// Linked tells whether a link to that process stands, if only as a promise to
// deliver once its connection is back.
func (e *Env) Linked(to ID) bool { return e.h.current[to] != nil }

// PeerOf returns the incarnation behind the link to that process.
func (e *Env) PeerOf(to ID) (Peer, bool) {
	if l := e.h.current[to]; l != nil {
		return l.peer, true
	}
	return Peer{}, false
}

// Links returns the lives of processes that a link stands to, or did until its
// connection broke, in the order in which the links were made.
func (e *Env) Links() []Peer {
	peers := make([]Peer, 0, len(e.h.order))
	for _, l := range e.h.order {
		peers = append(peers, l.peer)
	}
	return peers
}

// Dead returns the lives that are remembered as dead, oldest first: no link to one of
// them is ever made again.
func (e *Env) Dead() []Peer { return e.h.Dead() }

// Connect makes and keeps a link to a process that listens at addr. An
// incarnation of zero takes whoever answers under that ID: a new life of it
// then supersedes the old one.
func (e *Env) Connect(to Peer, addr string) { e.h.connect(to, addr) }

// Forget ends the link to a dead incarnation: what it had sent is handled
// first, then the node hears InLinkDown, then a newer life of it may link up.
func (e *Env) Forget(peer Peer) { e.h.forget(peer) }

// After sets the timer (name, key) to fire once, d from now and never in the
// same turn; setting it again moves it.
func (e *Env) After(d time.Duration, name uint16, key uint64) {
	must.True(name < hostTimers, "timer name %d is reserved for the host", name)
	must.True(len(e.h.timers.heap) < MaxTimers, "more than %d timers", MaxTimers)
	// Due timers go first: one set for now by its own handler would starve the queue.
	e.h.setTimer(e.h.now.Add(max(d, 1)), timerKey{name, key})
}

// Cancel takes the timer (name, key) back, if it is set.
func (e *Env) Cancel(name uint16, key uint64) { e.h.timers.cancel(timerKey{name, key}) }

// Offload hands a task to a lane; its bytes are copied.
func (e *Env) Offload(lane int, task *Input) {
	task.Kind = InTask
	task.Lane = uint8(lane)
	task.Cause = e.h.cause
	if e.h.cfg.Tape != nil {
		e.h.taped = *task
		e.h.cfg.Tape.Task(lane, &e.h.taped)
	}
	e.h.tasks[lane].Push(task)
}

// Encode writes a message's payload into a buffer that is good until the next
// Encode, for tasks and answers that carry messages.
func (e *Env) Encode(m wire.Message) []byte {
	e.h.out.task = e.h.encoder.Append(e.h.out.task[:0], m)
	return e.h.out.task
}

// Decode reads a process's message. A bad one is logged, and false; every
// process of a cluster speaks the same protocol, so that it is a bug.
func (e *Env) Decode(in *Input, m wire.Message) bool {
	if err := e.h.decoder.Decode(in.Body, m); err != nil {
		e.Log(Error, "a process sent a bad message", "from", in.From, "type", in.Type, "error", err)
		return false
	}
	return true
}

// Mark records that a branch born of a race was taken.
func (e *Env) Mark(name string) {
	if e.h.cfg.Mark != nil {
		e.h.cfg.Mark(name)
	}
}

// Log writes one line with key-value pairs, as log/slog takes them.
func (e *Env) Log(level Level, text string, pairs ...any) { e.h.log(level, text, pairs...) }

// Halt ends the process after this step: it cannot go on, and says why.
func (e *Env) Halt(reason string) { e.h.halt(reason, false) }

// Done ends the process after this step: it was asked to stop and has drained.
func (e *Env) Done() { e.h.halt("stopped", true) }
