package record

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"messiah/core/node"
)

// EventKind says what a recorded event is.
type EventKind uint8

// The kinds of event. What the host was told comes before what it asked for in turn.
const (
	Begin   EventKind = 1 + iota // a turn began: Now, Wall
	Deliver                      // the driver handed Input over
	Step                         // the driver asked for a step
	Finish                       // the turn is over
	Asked                        // the host asked for Out
	Proved                       // the host made Proof with the cluster's secret
	kindEnd
)

var kindNames = [kindEnd]string{"?", "begin", "deliver", "step", "finish", "asked", "proved"}

// String returns the kind's name.
func (k EventKind) String() string {
	if k < kindEnd {
		return kindNames[k]
	}
	return kindNames[0]
}

// What an output is beside the operations of package node.
const (
	// OutTask is a task for the lane To.
	OutTask node.OpKind = 0x40 + iota
)

// Output is one thing that a host asked for, as far as a replay compares it.
type Output struct {
	What node.OpKind
	To   uint64 // the connection, the lane of a task, or the number of a dial
	Type uint16 // of the message; of a halt 1 if it was asked for
	Size int    // bytes of the message or text
	Sum  uint32 // of all of it
}

// Event is one thing that happened to a host or that it did. The views of Input
// are good for as long as the recording is.
type Event struct {
	Kind  EventKind
	Now   node.Time
	Wall  int64
	Input node.Input
	Out   Output
	Proof [16]byte
}

// An input is written whole: a head of fixed size, which is faster to write than
// to leave zeros out of, then the endpoint where there is one, routes and body.
const (
	inputBytes    = 52
	endpointBytes = 22
	hasEndpoint   = 1
)

// clock is what times are written against.
type clock struct {
	now  node.Time
	skew int64 // of the wall clock against now
}

func (k *clock) append(b []byte, now node.Time, wall int64) []byte {
	skew := wall - int64(now)
	b = append(b, byte(Begin))
	b = binary.AppendUvarint(b, uint64(now-k.now))
	b = binary.AppendVarint(b, skew-k.skew)
	k.now, k.skew = now, skew
	return b
}

// room makes the slice n bytes longer and returns them.
func room(dst *[]byte, n int) []byte {
	b := *dst
	if cap(b)-len(b) < n {
		b = slices.Grow(b, n)
	}
	*dst = b[:len(b)+n]
	return b[len(b) : len(b)+n : len(b)+n]
}

// appendInput is on the way of every message.
func appendInput(dst *[]byte, in *node.Input) {
	size, has := inputBytes+len(in.Routes)+len(in.Body), byte(0)
	if in.Endpoint != (node.Endpoint{}) {
		size, has = size+endpointBytes, hasEndpoint
	}
	b := room(dst, size)
	_ = b[inputBytes-1]
	b[0], b[1], b[2], b[3], b[4], b[5] = byte(Deliver), byte(in.Kind), in.Flags, in.Lane, has, 0
	binary.LittleEndian.PutUint16(b[6:], in.Type)
	binary.LittleEndian.PutUint32(b[8:], uint32(in.From))
	binary.LittleEndian.PutUint64(b[12:], uint64(in.Inc))
	binary.LittleEndian.PutUint64(b[20:], uint64(in.Session))
	binary.LittleEndian.PutUint64(b[28:], in.Num)
	binary.LittleEndian.PutUint64(b[36:], in.Conn)
	binary.LittleEndian.PutUint32(b[44:], uint32(len(in.Routes)))
	binary.LittleEndian.PutUint32(b[48:], uint32(len(in.Body)))
	b = b[inputBytes:]
	if has != 0 {
		copy(b, in.Endpoint.IP[:])
		binary.LittleEndian.PutUint16(b[16:], in.Endpoint.Port)
		binary.LittleEndian.PutUint32(b[18:], in.Endpoint.Stream)
		b = b[endpointBytes:]
	}
	copy(b[copy(b, in.Routes):], in.Body)
}

// outputBytes is how many bytes an output takes.
const outputBytes = 20

func appendOutput(dst *[]byte, o *Output) {
	b := room(dst, outputBytes)
	b[0], b[1] = byte(Asked), byte(o.What)
	binary.LittleEndian.PutUint16(b[2:], o.Type)
	binary.LittleEndian.PutUint32(b[4:], o.Sum)
	binary.LittleEndian.PutUint64(b[8:], o.To)
	binary.LittleEndian.PutUint32(b[16:], uint32(o.Size))
}

// frameType is where a frame has its type, in bytes.
const frameType = 4

// setOp makes o the output that an operation is.
func (o *Output) setOp(op *node.Op) {
	o.What, o.To, o.Type, o.Size = op.Kind, op.Conn|op.Num, 0, len(op.Bytes)+len(op.Addr)
	switch {
	case len(op.Bytes) > frameType+1:
		o.Type = binary.LittleEndian.Uint16(op.Bytes[frameType:])
	case op.Clean:
		o.Type = 1
	}
	sum := sumOf(0, op.Bytes)
	if op.Addr != "" {
		sum = sumOf(sum, []byte(op.Addr))
	}
	o.Sum = uint32(sum ^ sum>>32)
}

// OutputOf returns an operation as an output.
func OutputOf(op *node.Op) (o Output) {
	o.setOp(op)
	return o
}

// setTask makes o the output that a task for a lane is.
func (o *Output) setTask(lane int, task *node.Input) {
	o.What, o.To, o.Type, o.Size = OutTask, uint64(lane), task.Type, len(task.Routes)+len(task.Body)
	sum := mix(task.Num^mixA, uint64(task.Session)^mixB) + mix(uint64(task.Inc)^mixB, uint64(task.From)<<8^uint64(task.Flags)^mixA)
	sum = sumOf(sum+task.Conn, task.Body)
	if len(task.Routes) > 0 {
		sum = sumOf(sum, task.Routes)
	}
	o.Sum = uint32(sum ^ sum>>32)
}

// OutputOfTask returns a task for a lane as an output.
func OutputOfTask(lane int, task *node.Input) (o Output) {
	o.setTask(lane, task)
	return o
}

// Odd constants of the sum: the golden ratio and one from MurmurHash3's
// finaliser (Austin Appleby, public domain).
const (
	mixA = 0x9e3779b97f4a7c15
	mixB = 0xff51afd7ed558ccd
)

// mix folds a full multiplication, whose halves depend on all bits of both.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// sumOf folds bytes into a sum, 16 at a multiplication and two of these at once:
// it is on the way of every message, and a CRC of them takes twice as long. The
// last 32 bytes are folded as one block, whatever of them was folded before.
func sumOf(sum uint64, b []byte) uint64 {
	x, y := sum^mixA, uint64(len(b))^mixB
	if len(b) < 32 {
		var all [32]byte
		copy(all[:], b)
		x, y = block(x, y, &all)
		return mix(x^mixB, y^mixA)
	}
	last := (*[32]byte)(b[len(b)-32:])
	for ; len(b) > 32; b = b[32:] {
		x, y = block(x, y, (*[32]byte)(b))
	}
	x, y = block(x, y, last)
	return mix(x^mixB, y^mixA)
}

func block(x, y uint64, b *[32]byte) (uint64, uint64) {
	x = mix(binary.LittleEndian.Uint64(b[:])^x, binary.LittleEndian.Uint64(b[8:])^mixB)
	y = mix(binary.LittleEndian.Uint64(b[16:])^y, binary.LittleEndian.Uint64(b[24:])^mixA)
	return x, y
}

// Cursor reads the events of one segment.
type Cursor struct {
	b     []byte
	at    int
	clock clock
	short bool
}

// Read returns a cursor at the first event.
func (s *Segment) Read() *Cursor { return &Cursor{b: s.Events} }

// At returns how many bytes were read.
func (c *Cursor) At() int { return c.at }

// errCut is an event that ends before its last field.
var errCut = errors.New("record: the events end in the midst of one")

// Next reads one event into e; false without an error says that there is none left.
func (c *Cursor) Next(e *Event) (bool, error) {
	if c.at == len(c.b) {
		return false, nil
	}
	start := c.at
	*e = Event{Kind: EventKind(c.byte())}
	switch e.Kind {
	case Begin:
		c.clock.now += node.Time(c.uvarint())
		c.clock.skew += c.varint()
		e.Now, e.Wall = c.clock.now, int64(c.clock.now)+c.clock.skew
	case Deliver:
		c.input(&e.Input)
	case Step, Finish:
	case Asked:
		b := c.take(outputBytes - 1)
		e.Out = Output{
			What: node.OpKind(b[0]), Type: binary.LittleEndian.Uint16(b[1:]), Sum: binary.LittleEndian.Uint32(b[3:]),
			To: binary.LittleEndian.Uint64(b[7:]), Size: int(binary.LittleEndian.Uint32(b[15:])),
		}
	case Proved:
		copy(e.Proof[:], c.take(16))
	default:
		return false, fmt.Errorf("record: event kind %d at byte %d of the events is unknown", e.Kind, start)
	}
	if c.short {
		return false, errCut
	}
	return true, nil
}

func (c *Cursor) input(in *node.Input) {
	b := c.take(inputBytes - 1)
	in.Kind, in.Flags, in.Lane = node.InputKind(b[0]), b[1], b[2]
	has := b[3]
	if has > hasEndpoint || b[4] != 0 {
		c.cut()
		return
	}
	in.Type = binary.LittleEndian.Uint16(b[5:])
	in.From = node.ID(binary.LittleEndian.Uint32(b[7:]))
	in.Inc = node.Incarnation(binary.LittleEndian.Uint64(b[11:]))
	in.Session = node.Session(binary.LittleEndian.Uint64(b[19:]))
	in.Num = binary.LittleEndian.Uint64(b[27:])
	in.Conn = binary.LittleEndian.Uint64(b[35:])
	routes, body := binary.LittleEndian.Uint32(b[43:]), binary.LittleEndian.Uint32(b[47:])
	if has != 0 {
		at := c.take(endpointBytes)
		copy(in.Endpoint.IP[:], at)
		in.Endpoint.Port = binary.LittleEndian.Uint16(at[16:])
		in.Endpoint.Stream = binary.LittleEndian.Uint32(at[18:])
	}
	in.Routes, in.Body = c.view(int(routes)), c.view(int(body))
}

// cut makes everything that is still read zero, and the event one that was cut.
func (c *Cursor) cut() { c.at, c.short = len(c.b), true }

func (c *Cursor) byte() byte { return c.take(1)[0] }

// longestFixed is the most bytes that take is asked for.
const longestFixed = inputBytes

func (c *Cursor) take(n int) []byte {
	if len(c.b)-c.at < n {
		c.cut()
		return make([]byte, longestFixed)
	}
	c.at += n
	return c.b[c.at-n : c.at]
}

func (c *Cursor) uvarint() uint64 {
	v, n := binary.Uvarint(c.b[c.at:])
	if n <= 0 {
		c.cut()
		return 0
	}
	c.at += n
	return v
}

func (c *Cursor) varint() int64 {
	v, n := binary.Varint(c.b[c.at:])
	if n <= 0 {
		c.cut()
		return 0
	}
	c.at += n
	return v
}

// view takes n bytes; none is nil.
func (c *Cursor) view(n int) []byte {
	if n > len(c.b)-c.at {
		c.cut()
		return nil
	}
	if n == 0 {
		return nil
	}
	c.at += n
	return c.b[c.at-n : c.at : c.at]
}
