// Package addr holds the names by which clients and entities are found:
// ids that stay unique across restarts, and the two kinds of address that game
// code passes around, Proxy and Mailbox.
package addr

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"messiah/core/node"
	"messiah/core/wire"
)

// ClientID is the label that a client makes for itself before it connects. It
// is never a secret: what proves a session is the token from the server.
type ClientID [16]byte

// String returns the id as 32 hexadecimal digits.
func (id ClientID) String() string { return hex.EncodeToString(id[:]) }

// Halves returns the id as two numbers, for a routing header.
func (id ClientID) Halves() (high, low uint64) {
	return binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:])
}

// FromHalves returns the id that Halves took apart.
func FromHalves(high, low uint64) (id ClientID) {
	binary.BigEndian.PutUint64(id[:8], high)
	binary.BigEndian.PutUint64(id[8:], low)
	return id
}

// Code reads or writes the id as one field.
func (id *ClientID) Code(c *wire.Coder) { c.Bytes16((*[16]byte)(id)) }

// EntityID names an entity for ever: who made it (one life of a game process)
// and which one it was.
type EntityID struct {
	Maker node.Incarnation
	N     uint64
}

// IsZero tells whether the id names nothing.
func (id EntityID) IsZero() bool { return id == EntityID{} }

// String returns the id for people: maker and number.
func (id EntityID) String() string { return fmt.Sprintf("%v.%d", id.Maker, id.N) }

// Code reads or writes the id as two fields.
func (id *EntityID) Code(c *wire.Coder) {
	id.Maker.Code(c)
	c.Uint64(&id.N)
}

// Proxy addresses an avatar through the gate that its client is connected to:
// it reaches the client and the entity, and stays valid when the entity migrates.
type Proxy struct {
	Client ClientID
	Gate   node.Peer
}

// Code reads or writes the proxy.
func (p *Proxy) Code(c *wire.Coder) {
	p.Client.Code(c)
	p.Gate.Code(c)
}

// Mailbox addresses an entity on the game where it lives. The gate is chosen
// once, when the mailbox is built, and every call through it goes that way:
// this keeps its calls in order. The incarnation grows with each load and each
// arrival, so that an old mailbox does not match again after A, B, A.
type Mailbox struct {
	Entity      EntityID
	Incarnation uint64
	Game        node.Peer
	Gate        node.Peer
}

// Code reads or writes the mailbox.
func (m *Mailbox) Code(c *wire.Coder) {
	m.Entity.Code(c)
	c.Uint64(&m.Incarnation)
	m.Game.Code(c)
	m.Gate.Code(c)
}
