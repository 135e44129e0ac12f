package node

import "messiah/core/wire"

// Packet is what a lane sends to one client endpoint.
type Packet struct {
	Endpoint Endpoint
	Bytes    []byte
	Close    bool   // close the stream connection behind the endpoint, after Bytes
	Cause    uint64 // as Input.Cause
	Dial     bool   // make a stream connection to the endpoint; its Stream is the lane's own number for it
}

// LaneEnv is a lane's only way to the world, valid during one Step.
type LaneEnv struct {
	now     Time
	wall    int64
	index   int
	rand    *Rand
	answers Mail
	packets []Packet
	arena   []byte
	room    *Room // as of a Mail
	wake    Time
	waker   uint64 // what asked for the wake-up
	cause   uint64 // the number of what is being handled
	mark    func(string)
}

// Now returns the monotonic time, frozen for the step.
func (e *LaneEnv) Now() Time { return e.now }

// Wall returns the wall clock in nanoseconds since 1970.
func (e *LaneEnv) Wall() int64 { return e.wall }

// Index returns which lane of its host this is.
func (e *LaneEnv) Index() int { return e.index }

// Rand returns the lane's own random stream, strong enough for keys.
func (e *LaneEnv) Rand() *Rand { return e.rand }

// Answer hands an input to the loop; its bytes are copied.
func (e *LaneEnv) Answer(in *Input) {
	in.Lane, in.Cause = uint8(e.index), e.cause
	e.answers.Push(in)
}

// SendFrame puts one encoded frame straight into the outbox of the link to that
// life of a process, in the order of the lane's answers. Where another life, or
// none, is linked by then, the loop hears InUndelivered.
func (e *LaneEnv) SendFrame(to Peer, frame []byte) {
	e.answers.Push(&Input{Kind: InToLink, Lane: uint8(e.index), From: to.ID, Inc: to.Inc, Body: frame, Cause: e.cause})
}

// Transmit sends a packet; its bytes are copied.
func (e *LaneEnv) Transmit(to Endpoint, b []byte) {
	if e.packets == nil && e.room != nil {
		e.room.lendPackets(e)
	}
	start := len(e.arena)
	e.arena = append(e.arena, b...)
	e.packets = append(e.packets, Packet{Endpoint: to, Bytes: e.arena[start:len(e.arena):len(e.arena)], Cause: e.cause})
}

// CloseStream ends the stream connection behind an endpoint, after what was transmitted.
func (e *LaneEnv) CloseStream(to Endpoint) {
	e.packets = append(e.packets, Packet{Endpoint: to, Close: true, Cause: e.cause})
}

// DialStream asks for a stream connection to an endpoint; InStreamUp or
// InStreamDown with the same endpoint answers.
func (e *LaneEnv) DialStream(to Endpoint) {
	e.packets = append(e.packets, Packet{Endpoint: to, Dial: true, Cause: e.cause})
}

// WakeAt asks for an InWake at the given time; the last call of a step counts,
// and Never asks for none.
func (e *LaneEnv) WakeAt(at Time) {
	if at != e.wake {
		e.wake, e.waker = at, e.cause
	}
}

// Mark records that a branch born of a race was taken.
func (e *LaneEnv) Mark(name string) {
	if e.mark != nil {
		e.mark(name)
	}
}

// LaneHost runs one lane; a driver owns when.
type LaneHost struct {
	lane Lane
	env  LaneEnv
}

// NewLaneHost makes the host of the index-th lane. The entropy is that of the
// process; each lane derives its own.
func NewLaneHost(lane Lane, index int, entropy []byte, mark func(string)) *LaneHost {
	return &LaneHost{lane: lane, env: LaneEnv{
		index: index, wake: Never, mark: mark, rand: newRand(entropy, "lane", uint64(index)),
	}}
}

// Number says by which number what the next steps do is known as a cause.
func (l *LaneHost) Number(n uint64) { l.env.cause = n }

// Waker returns the number of the step that asked for the wake-up.
func (l *LaneHost) Waker() uint64 { return l.env.waker }

// Step handles one input. The wake-up asked for before is spent by InWake.
func (l *LaneHost) Step(now Time, wall int64, in *Input) {
	l.env.now, l.env.wall = now, wall
	if in.Kind == InWake {
		l.env.wake = Never
	}
	l.lane.Step(&l.env, in)
}

// Answers returns the inputs for the loop, to be drained by the driver.
func (l *LaneHost) Answers() *Mail { return &l.env.answers }

// Packets returns what is to be sent, good until Sent.
func (l *LaneHost) Packets() []Packet { return l.env.packets }

// Sent gives back the room of the packets.
func (l *LaneHost) Sent() {
	clear(l.env.packets)
	l.env.packets, l.env.arena = l.env.packets[:0], l.env.arena[:0]
	if cap(l.env.arena) > mailKeepBytes {
		l.env.arena = nil
	}
	if l.env.room != nil {
		l.env.room.takePackets(&l.env)
	}
}

// Share makes the lane leave buffers that it does not use to others.
func (l *LaneHost) Share(r *Room) {
	l.env.room = r
	l.env.answers.Share(r)
}

// Wake returns when the lane wants its InWake, or Never.
func (l *LaneHost) Wake() Time { return l.env.wake }

// Lane returns the lane, for read-only inspection.
func (l *LaneHost) Lane() Lane { return l.lane }

// State reads or writes the lane's state and its random stream.
func (l *LaneHost) State(c *wire.Coder) {
	c.Int64((*int64)(&l.env.wake))
	l.env.rand.code(c)
	l.lane.State(c)
}
