package node

import (
	"cmp"
	"encoding/binary"

	"messiah/core/must"
	"messiah/core/wire"
)

// Config says what a Host is.
type Config struct {
	Self     ID
	Version  wire.Version
	Secret   []byte // shared by all processes of a cluster; proves membership on each link
	Delivery Delivery
	Scribble bool // overwrite each received buffer after its handler: the simulator and tests do
	Lanes    int
	// LinkBytes bounds what is kept for one peer that it has not acknowledged; 0 is MaxLinkBytes.
	LinkBytes int
	Room      *Room // nil, or what the host's queues share with those of other hosts

	// Fence ends a process that finds it was stopped for so long that its peers
	// may hold it for dead: others do its work by then.
	Fence bool

	// Cause is the driver's number for what began this life. Where it is not 0 the
	// host remembers of each frame that it keeps what caused it.
	Cause uint64

	Log  func(level Level, text string, pairs ...any) // may be nil
	Mark func(name string)                            // may be nil
	Tape Tape                                         // may be nil
}

// Host runs one node: it owns the queue in front of it, its timers, its links
// to other processes and the truth about client sessions. It is sans-I/O: a
// driver delivers what happens and carries out the operations it asks for. The
// simulator and production are two such drivers; there is no other code path.
//
// A driver's turn is: Begin, any number of Deliver, Step until it says false or
// the turn's budget ends, then Ops and Tasks carried out, then Finish.
type Host struct {
	// What every turn reads comes first: few cache lines of ten thousand hosts.
	self Peer
	node Node
	env  Env
	rand *Rand
	now  Time
	wall int64

	cause  uint64 // of what is being done
	hand   *Input // being handled, nil between two
	number uint64 // of the next handler

	urgent Mail // immediate session events, ahead of everything queued
	inbox  Mail
	timers timers
	tasks  []Mail // for each lane

	sessions  map[Session]sessionState
	ops       []Op
	acks      []byte // acknowledgements of this turn, which ops point into
	turn      uint64
	withdrawn uint64
	halted    bool

	cfg Config
	linkTable
	out     scratch
	encoder wire.Encoder
	decoder wire.Decoder
	taped   Input
}

type scratch struct{ body, task, frame []byte }

// Bounds of a host's queue of inputs. At either of them the driver stops
// delivering, so that senders are slowed by their own links.
const (
	MaxInbox      = 1 << 16
	MaxInboxBytes = 64 << 20
)

// EntropySize is the length of the entropy that starts a node, in bytes.
const EntropySize = 32

// NewHost makes a host for a node. The entropy must be fresh for each life of a process: the
// incarnation, all keys and all tokens come from it.
func NewHost(cfg Config, n Node, entropy []byte) *Host {
	must.Equal(len(entropy), EntropySize, "length of start entropy")
	cfg.LinkBytes = cmp.Or(cfg.LinkBytes, MaxLinkBytes)
	id := derive(entropy, "incarnation", 0)
	h := &Host{
		cfg:      cfg,
		self:     Peer{cfg.Self, Incarnation(binary.LittleEndian.Uint64(id[:]) | 1)},
		node:     n,
		rand:     newRand(entropy, "node", 0),
		tasks:    make([]Mail, cfg.Lanes),
		sessions: map[Session]sessionState{},
	}
	h.env.h = h
	h.urgent.Share(cfg.Room)
	h.inbox.Share(cfg.Room)
	for i := range h.tasks {
		h.tasks[i].Share(cfg.Room)
	}
	h.linkTable.init()
	h.inbox.Push(&Input{Kind: InStart, Body: entropy, Cause: cfg.Cause})
	if cfg.Tape != nil {
		cfg.Tape.Born(h)
	}
	return h
}

// Self returns which process this is.
func (h *Host) Self() Peer { return h.self }

// Node returns the node, for read-only inspection.
func (h *Host) Node() Node { return h.node }

// Number says by which number what the next handler does is known as a cause.
func (h *Host) Number(n uint64) { h.number = n }

// Begin starts a turn at the given times.
func (h *Host) Begin(now Time, wall int64) {
	if h.cfg.Tape != nil {
		h.cfg.Tape.Begin(now, wall)
	}
	must.True(now >= h.now, "time went back from %d to %d", h.now, now)
	h.now, h.wall, h.cause = now, wall, 0
	if late := h.timers.next(); late < now && h.cfg.Fence && now.Sub(late) >= StoppedTooLong {
		h.env.Mark("stopped-too-long")
		h.halt("it was stopped for longer than its peers wait", false)
	}
}

// Full tells whether the queue is at its bound; the driver then delivers no
// more until steps have made room.
func (h *Host) Full() bool {
	return h.inbox.Len() >= MaxInbox || h.inbox.Bytes() >= MaxInboxBytes
}

// Deliver takes one input from the driver: link traffic is sorted out here, the
// rest is queued for the node.
func (h *Host) Deliver(in *Input) {
	h.cause = in.Cause
	if h.cfg.Tape != nil {
		h.taped = *in // a copy, so that the caller's value stays where it is
		h.cfg.Tape.Deliver(&h.taped)
	}
	switch in.Kind {
	case InConnUp:
		h.connUp(in)
	case InConnDown:
		h.connDown(in.Conn, in.Num)
	case InConnData:
		h.connData(in)
	case InToLink:
		h.laneFrame(in)
	case InConnected:
		h.sessions[in.Session] = sessionState{alive: true}
		h.queueSession(in)
	case InDisconnected:
		if s, known := h.sessions[in.Session]; known {
			h.sessions[in.Session] = sessionState{announced: s.announced}
			h.queueSession(in)
		}
	default:
		h.inbox.Push(in)
	}
}

// Step runs at most one handler. It returns the input handled, good until the
// next call, or false when there is nothing to do now.
func (h *Host) Step() (*Input, bool) {
	if h.cfg.Tape != nil {
		h.cfg.Tape.Step()
	}
	if h.halted {
		return nil, false
	}
	for {
		in, found := h.next()
		if !found {
			return nil, false
		}
		if !h.admit(in) {
			continue
		}
		h.cause = h.number
		h.hand = in
		h.node.Step(&h.env, in)
		h.hand = nil
		return in, true
	}
}

// InHand returns the input that is being handled, for a driver that recovers from a handler's panic.
func (h *Host) InHand() *Input { return h.hand }

// Settle ends the handling of the input that Step returned: its buffer is
// overwritten where the configuration says so, and its room is given back.
func (h *Host) Settle(in *Input) {
	if h.cfg.Scribble {
		scribble(in.Body)
		scribble(in.Routes)
	}
	h.urgent.Recycle()
	h.inbox.Recycle()
}

func scribble(b []byte) {
	for i := range b {
		b[i] = 0xa5
	}
}

// next takes what is to be handled first: session events, due timers, the queue.
func (h *Host) next() (*Input, bool) {
	if in, ok := h.urgent.Pop(); ok {
		return in, true
	}
	for {
		due, ok := h.timers.due(h.now)
		if !ok {
			break
		}
		h.cause = due.cause
		if due.name >= hostTimers {
			h.hostTimer(due.timerKey)
			continue
		}
		h.timerIn = Input{Kind: InTimer, Type: due.name, Num: due.key, Cause: due.cause}
		return &h.timerIn, true
	}
	return h.inbox.Pop()
}

// Pending tells whether Step would find something to do at the current time.
func (h *Host) Pending() bool {
	return !h.halted && (h.urgent.Len() > 0 || h.inbox.Len() > 0 || h.timers.next() <= h.now)
}

// NextTimer returns when the earliest timer is due, or Never.
func (h *Host) NextTimer() Time {
	if h.halted {
		return Never
	}
	return h.timers.next()
}

// Ops returns the operations of the turn, in order.
func (h *Host) Ops() []Op { return h.ops }

// Tasks returns what the turn handed to a lane; the driver drains it.
func (h *Host) Tasks(lane int) *Mail { return &h.tasks[lane] }

// Finish ends a turn: the operations were carried out and their bytes are free.
func (h *Host) Finish() {
	clear(h.ops)
	h.ops, h.acks = h.ops[:0], h.acks[:0]
	h.turn++
	if h.cfg.Tape != nil {
		h.cfg.Tape.Finish(h)
	}
}

func (h *Host) op(op Op) {
	op.Cause = h.cause
	h.ops = append(h.ops, op)
	if h.cfg.Tape != nil {
		h.cfg.Tape.Op(&h.ops[len(h.ops)-1])
	}
}

// setTimer sets a timer on account of what is being done.
func (h *Host) setTimer(at Time, key timerKey) { h.timers.setFor(h.cause, at, key) }

func (h *Host) encode(dst []byte, m Message) []byte { return h.encoder.Append(dst, m) }

func (h *Host) log(level Level, text string, pairs ...any) {
	if h.cfg.Log != nil {
		h.cfg.Log(level, text, pairs...)
	}
}

func (h *Host) halt(reason string, clean bool) {
	if h.halted {
		return
	}
	h.halted = true
	h.op(Op{Kind: OpHalt, Addr: reason, Clean: clean})
}

// State reads or writes the node's state with its timers and random stream:
// what decides its next steps, links and queues aside.
func (h *Host) State(c *wire.Coder) {
	h.timers.code(c)
	h.rand.code(c)
	h.node.State(c)
}
