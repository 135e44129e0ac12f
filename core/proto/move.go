package proto

import (
	"errors"

	"messiah/core/geom"
	"messiah/core/wire"
)

// MaxCoord bounds each coordinate of a position, in metres from the origin.
const MaxCoord = 1e6

// ErrPosition is a position with a coordinate that is not a number, infinite or beyond MaxCoord.
var ErrPosition = errors.New("proto: a position with a coordinate that is no number, or too far out")

// Move is where a client says that its avatar is. It is a latest-wins message:
// one that is overtaken is dropped, and none is answered.
type Move struct {
	Seq uint64 // grows with each move of the client
	At  geom.Vec3
	Yaw float32 // radians
	Ack uint32  // number of the latest correction that the client has followed
}

// Type returns the message's number.
func (*Move) Type() uint16 { return TypeMove }

// Code reads or writes the message; reading refuses what is no place.
func (m *Move) Code(c *wire.Coder) {
	c.Uint64(&m.Seq)
	c.Float64(&m.At.X)
	c.Float64(&m.At.Y)
	c.Float64(&m.At.Z)
	c.Float32(&m.Yaw)
	c.Uint32(&m.Ack)
	if c.Decoding() && c.Err() == nil && (!m.At.Within(MaxCoord) || m.Yaw-m.Yaw != 0) {
		c.Fail(ErrPosition)
	}
}

// Correct puts a client's avatar somewhere else than the client said: moves count
// again once the client has followed it and says so in Move.Ack.
type Correct struct {
	Num    uint32 // another one with each correction of the avatar
	At     geom.Vec3
	Yaw    float32 // radians
	Placed bool    // the server put it there; else it is back because a move was refused
}

// Type returns the message's number.
func (*Correct) Type() uint16 { return TypeCorrect }

// Code reads or writes the message; reading refuses what is no place.
func (m *Correct) Code(c *wire.Coder) {
	c.Uint32(&m.Num)
	c.Float64(&m.At.X)
	c.Float64(&m.At.Y)
	c.Float64(&m.At.Z)
	c.Float32(&m.Yaw)
	c.Bool(&m.Placed)
	if c.Decoding() && c.Err() == nil && (!m.At.Within(MaxCoord) || m.Yaw-m.Yaw != 0) {
		c.Fail(ErrPosition)
	}
}
