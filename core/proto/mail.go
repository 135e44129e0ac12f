package proto

import (
	"messiah/core/addr"
	"messiah/core/node"
	"messiah/core/wire"
)

// Mail crosses a gate by its routing header; what it says is not looked into.
//
//	TypeMail       to game, its life, from game, its life, number [, route]
//	TypeProxyMail  client id in two halves, from game, its life, number
//	TypeProxyPush  the same; the payload is a client's Push
//	TypeMailEnd    to game, its life, from game or gate, its life, number
//
// The number is the sender's own, and comes back with the end. A gate makes a
// TypeMail of a TypeProxyMail, with the route of the client as the sixth number.
const MailHeader = 5

// MailRoutes is the header of what goes from one process to another by a gate.
func MailRoutes(to, from node.Peer, num uint64) [MailHeader]uint64 {
	return [MailHeader]uint64{uint64(to.ID), uint64(to.Inc), uint64(from.ID), uint64(from.Inc), num}
}

// MailTo returns which life of a process such a header is to.
func MailTo(in *node.Input) node.Peer { return mailPeer(in, 0) }

// MailFrom returns which life of a process mail is from, behind a proxy too.
func MailFrom(in *node.Input) node.Peer { return mailPeer(in, 2) }

func mailPeer(in *node.Input, at int) node.Peer {
	return node.Peer{ID: node.ID(in.Route(at)), Inc: node.Incarnation(in.Route(at + 1))}
}

// Mail is a call of an entity to another: the payload of TypeMail.
type Mail struct {
	To          addr.EntityID // zero behind a route: the avatar of the route's client
	Incarnation uint64        // of To
	From        addr.EntityID // zero for a game's own call
	FromInc     uint64
	Method      uint16
	Args        []byte // good for as long as what it was read from
	Named       bool   // To is a stub, and was found by its name
}

// Type returns the message's number.
func (*Mail) Type() uint16 { return TypeMail }

// Code reads or writes the message.
func (m *Mail) Code(c *wire.Coder) {
	m.To.Code(c)
	c.Uint64(&m.Incarnation)
	m.From.Code(c)
	c.Uint64(&m.FromInc)
	c.Uint16(&m.Method)
	c.View(&m.Args)
	c.Bool(&m.Named)
}

// MailEnd is the one outcome of a Mail, a ProxyMail or a ProxyPush: the payload of TypeMailEnd.
type MailEnd struct {
	Outcome Outcome
	Result  []byte // good for as long as what it was read from; of a failed call, the words of the error
}

// Type returns the message's number.
func (*MailEnd) Type() uint16 { return TypeMailEnd }

// Code reads or writes the message.
func (m *MailEnd) Code(c *wire.Coder) {
	c.Uint8((*uint8)(&m.Outcome))
	c.View(&m.Result)
}

// GameGone tells a game that nothing more will come from a dead one by the gate that says so.
type GameGone struct {
	Game node.Peer

	Drained bool // it took leave: of each call that went there by this gate there is an outcome
}

// Type returns the message's number.
func (*GameGone) Type() uint16 { return TypeGameGone }

// Code reads or writes the message.
func (m *GameGone) Code(c *wire.Coder) {
	m.Game.Code(c)
	c.Bool(&m.Drained)
}
