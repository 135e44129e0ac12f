package proto

import (
	"messiah/core/node"
	"messiah/core/wire"
)

// The messages by which a game is closed, drained and relieved of load. An operator's
// order goes to the manager; what the manager wants of a game goes to that.

// GameOrder is what an operator wants of a game.
type GameOrder uint8

// The orders.
const (
	OrderOpen  GameOrder = iota // it takes newcomers again, and keeps whom it has
	OrderClose                  // it takes no newcomers
	OrderDrain                  // nor that; it moves everybody away, and its process leaves
	orderEnd
)

var orderNames = [orderEnd]string{"open", "close", "drain"}

// String returns the order's name.
func (o GameOrder) String() string {
	if o < orderEnd {
		return orderNames[o]
	}
	return "order?"
}

// Operate hands an operator's order to the manager. It is about the present life of the game.
type Operate struct {
	Game  node.ID
	Order GameOrder
}

// Type returns the message's number.
func (*Operate) Type() uint16 { return TypeOperate }

// Code reads or writes the message.
func (m *Operate) Code(c *wire.Coder) {
	m.Game.Code(c)
	c.Uint8((*uint8)(&m.Order))
}

// Drain tells a game how it stands: whether it is to take newcomers, and whether it is to
// move everybody away and leave.
type Drain struct {
	Closed bool
	Drain  bool
}

// Type returns the message's number.
func (*Drain) Type() uint16 { return TypeDrain }

// Code reads or writes the message.
func (m *Drain) Code(c *wire.Coder) {
	c.Bool(&m.Closed)
	c.Bool(&m.Drain)
}

// Draining is a game's word on how far its drain has come. Who is left is in it once: Left
// counts entities, stubs not among them.
type Draining struct {
	Left    uint64 // entities that are to move away still
	Moving  uint64 // those of them that are on their way
	Moved   uint64 // that live elsewhere now, since the drain began
	Failed  uint64 // tries that came to nothing, since the drain began
	Stubs   uint64 // that are to be made on another game
	Owed    uint64 // outcomes of calls that it has to pass on to entities which have moved
	Refusal MigrateRefusal
}

// Type returns the message's number.
func (*Draining) Type() uint16 { return TypeDraining }

// Code reads or writes the message.
func (m *Draining) Code(c *wire.Coder) {
	c.Uint64(&m.Left)
	c.Uint64(&m.Moving)
	c.Uint64(&m.Moved)
	c.Uint64(&m.Failed)
	c.Uint64(&m.Stubs)
	c.Uint64(&m.Owed)
	c.Uint8((*uint8)(&m.Refusal))
}

// Shed asks a game to move so many of its avatars to another one.
type Shed struct {
	Num   uint64 // the manager's number of the order
	To    node.Peer
	Count uint64
}

// Type returns the message's number.
func (*Shed) Type() uint16 { return TypeShed }

// Code reads or writes the message.
func (m *Shed) Code(c *wire.Coder) {
	c.Uint64(&m.Num)
	m.To.Code(c)
	c.Uint64(&m.Count)
}

// HasShed answers Shed once none of its avatars is on its way any more.
type HasShed struct {
	Num   uint64
	Moved uint64 // of those that were asked for
}

// Type returns the message's number.
func (*HasShed) Type() uint16 { return TypeHasShed }

// Code reads or writes the message.
func (m *HasShed) Code(c *wire.Coder) {
	c.Uint64(&m.Num)
	c.Uint64(&m.Moved)
}

// Farewell tells a gate that a drained game is about to leave: what is for it from now on does not reach it.
type Farewell struct{}

// Type returns the message's number.
func (*Farewell) Type() uint16 { return TypeFarewell }

// Code reads or writes the message.
func (*Farewell) Code(*wire.Coder) {}

// Farewelled answers Farewell, behind all that the gate has forwarded to the game.
type Farewelled struct{}

// Type returns the message's number.
func (*Farewelled) Type() uint16 { return TypeFarewelled }

// Code reads or writes the message.
func (*Farewelled) Code(*wire.Coder) {}
