package node

import "messiah/core/wire"

// InputKind says what happened.
type InputKind uint8

// The kinds of input. The first group reaches nodes, the second reaches lanes,
// the third is what drivers tell a Host.
const (
	InNone InputKind = iota

	InStart        // the first input of every node and lane; Body is 32 bytes of entropy
	InMessage      // a message from the process From: Type, Routes, Body
	InTimer        // a timer that was set by After: Type is its name, Num its key
	InAnswer       // a lane's answer: Lane, Type, Num, Session, Body
	InLinkUp       // the link to {From, Inc} stands for the first time
	InLinkDown     // nothing more will ever come from {From, Inc}, and all that did come was handled
	InLinkBroken   // the link's connection is lost; it may come back
	InLinkBack     // the link's connection is back
	InLinkRefused  // the peer at a dialled address refused the link; Body says why
	InConnected    // a client session epoch began: Session; Num is the epoch it resumes, or 0
	InDisconnected // a client session epoch ended: Session; Type is the reason
	InClient       // a message of a client session: Session, Num, Body
	InUndelivered  // a frame that a lane sent found its link gone or full: From, Type, Routes, Body
	InStop         // drain and stop

	InTask       // work from the loop: Type, Num, Session, Body
	InPacket     // a datagram or one stream packet: Endpoint, Body
	InStreamUp   // a stream connection stands: Endpoint
	InStreamDown // a stream connection ended: Endpoint
	InFlush      // the batch of inputs is over: send what it left to send
	InWake       // the lane's own wake-up time has come

	InConnUp   // a process connection stands: Conn; Num is the dial it answers, or 0 for an accepted one
	InConnDown // a process connection ended or could not be made: Conn, Num as above
	InConnData // whole frames arrived: Conn, Body
	InToLink   // a lane sends Body, one encoded frame, straight to the link of From

	inputEnd
)

var inputNames = [inputEnd]string{
	"none", "start", "message", "timer", "answer", "link-up", "link-down", "link-broken", "link-back", "link-refused",
	"connected", "disconnected", "client", "undelivered", "stop", "task", "packet", "stream-up", "stream-down", "flush", "wake",
	"conn-up", "conn-down", "conn-data", "to-link",
}

// String returns the kind's name in traces.
func (k InputKind) String() string {
	if k < inputEnd {
		return inputNames[k]
	}
	return "unknown"
}

// Input flags.
const (
	FlagLatest   = 1 << iota // the latest-wins channel, not the reliable one
	FlagAlive                // of a connected or disconnected: the session is alive at the handler's entry
	FlagDead                 // of a refused link: the peer holds this incarnation for dead
	FlagReliable             // of a task: number it and keep it until the client has acknowledged it
)

// Input is all that a node or lane ever observes: one value, encodable, so that
// a run can be recorded and replayed. Routes and Body are views that end with
// the handler: whoever keeps bytes copies them.
type Input struct {
	Kind     InputKind
	Flags    uint8
	Lane     uint8
	Type     uint16
	From     ID
	Inc      Incarnation
	Session  Session
	Num      uint64
	Conn     uint64
	Endpoint Endpoint
	Routes   []byte
	Body     []byte

	// Cause is a driver's number for what led to this input, 0 where nobody asks.
	// It rides along for chronicles: no node sees a difference, no codec has it.
	Cause uint64
}

// Code reads or writes the input.
func (in *Input) Code(c *wire.Coder) {
	kind := uint8(in.Kind)
	c.Uint8(&kind)
	in.Kind = InputKind(kind)
	c.Uint8(&in.Flags)
	c.Uint8(&in.Lane)
	c.Uint16(&in.Type)
	in.From.Code(c)
	in.Inc.Code(c)
	c.Uint64((*uint64)(&in.Session))
	c.Uint64(&in.Num)
	c.Uint64(&in.Conn)
	in.Endpoint.Code(c)
	c.Bytes(&in.Routes)
	c.Bytes(&in.Body)
}

// Alive tells whether a connected or disconnected input still is as the session
// table says at the handler's entry.
func (in *Input) Alive() bool { return in.Flags&FlagAlive != 0 }

// NumRoutes returns how many destinations the routing header names.
func (in *Input) NumRoutes() int { return len(in.Routes) / 8 }

// Route returns the i-th destination of the routing header.
func (in *Input) Route(i int) uint64 { return le64(in.Routes[8*i:]) }

func le64(b []byte) uint64 {
	_ = b[7]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}
