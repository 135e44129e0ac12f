package proto

import (
	"time"

	"messiah/core/addr"
	"messiah/core/geom"
	"messiah/core/node"
	"messiah/core/wire"
)

// The messages by which an entity moves from its source game to a target game. The
// gate of its client, or its home gate, is the arbiter: everything between the two
// games goes through it, and its first word about a migration is the one that counts.
// Each message has the same header, so that the gate relays without looking inside:
//
//	entity's maker, its number, number of the migration, the other game, its life
//
// The other game is, from the source, the target; from or to the target, the source.
const MigrationHeader = 5

// Migration names one migration: the entity and the number, which grows with each attempt.
type Migration struct {
	Entity addr.EntityID
	N      uint64
	Other  node.Peer
}

// Routes returns the header that names the migration.
func (m Migration) Routes() [MigrationHeader]uint64 {
	return [MigrationHeader]uint64{uint64(m.Entity.Maker), m.Entity.N, m.N, uint64(m.Other.ID), uint64(m.Other.Inc)}
}

// MigrationOf returns which migration a message is about; false where its header is no such.
func MigrationOf(in *node.Input) (Migration, bool) {
	if in.NumRoutes() != MigrationHeader {
		return Migration{}, false
	}
	return Migration{
		Entity: addr.EntityID{Maker: node.Incarnation(in.Route(0)), N: in.Route(1)},
		N:      in.Route(2),
		Other:  mailPeer(in, 3),
	}, true
}

// MigrateRefusal says why a migration did not come about; the entity goes on where it was.
type MigrateRefusal uint8

// The refusals.
const (
	MigrateOK          MigrateRefusal = iota
	MigrateNoGate                     // no gate lives by which the entity could go
	MigrateNoGame                     // the target is not there
	MigrateFull                       // a table or link on the way is at its bound
	MigrateStopping                   // the target is leaving
	MigrateKnown                      // the target still has something of the entity
	MigrateNoClass                    // the target has no such class
	MigrateNoSection                  // the target does not know a section of the state
	MigrateHolds                      // the entity holds a call of a client that is not its own
	MigrateBadState                   // the target could not read the state
	MigrateTooLarge                   // the state is over its bound
	MigrateNoRecord                   // the target could not reach the record
	MigrateInterrupted                // the client, an operator or a crash came in between
	MigrateClosed                     // the target takes no newcomers
	MigrateOlder                      // the target's build is older than the entity: it would lose part of it
	migrateRefusalEnd
)

var migrateRefusals = [migrateRefusalEnd]string{
	"none", "no-gate", "no-game", "full", "stopping", "known", "no-class", "no-section", "holds", "bad-state", "too-large", "no-record",
	"interrupted", "closed", "older",
}

// String returns the refusal's name.
func (r MigrateRefusal) String() string {
	if r < migrateRefusalEnd {
		return migrateRefusals[r]
	}
	return "refusal?"
}

// SectionName is a section of a state, without its bytes.
type SectionName struct {
	Name    string
	Version uint32
}

// Code reads or writes the section's name and version.
func (s *SectionName) Code(c *wire.Coder) {
	c.String(&s.Name)
	c.Uint32(&s.Version)
}

// PreReq asks the target to be ready for an entity (the source notes' PreTransferEntity).
type PreReq struct {
	Route    uint64 // of the client at the arbiter; 0 without one
	Class    string
	Key      string // of the entity's record; "" without one
	Account  string // of an avatar
	Sections []SectionName
}

// Type returns the message's number.
func (*PreReq) Type() uint16 { return TypePreReq }

// Code reads or writes the message.
func (m *PreReq) Code(c *wire.Coder) {
	c.Uint64(&m.Route)
	c.String(&m.Class)
	c.String(&m.Key)
	c.String(&m.Account)
	wire.Slice(c, &m.Sections, func(c *wire.Coder, s *SectionName) { c.Struct(s) })
}

// Refused is the payload of TypePreNo and TypeNotBuilt.
type Refused struct{ Reason MigrateRefusal }

// Code reads or writes the message.
func (m *Refused) Code(c *wire.Coder) { c.Uint8((*uint8)(&m.Reason)) }

// Section is one subsystem's part of an entity's state.
type Section struct {
	SectionName
	Body []byte
}

// Code reads or writes the section.
func (s *Section) Code(c *wire.Coder) {
	s.SectionName.Code(c)
	c.Bytes(&s.Body)
}

// EntityState is the whole state of a frozen entity (the source notes' PostTransferEntity).
type EntityState struct {
	Owner    uint64 // of its record, 0 without one
	Version  uint64 // the highest that a save of the source may make
	Moved    uint64 // number of the client's latest move
	Behind   bool   // something is not saved
	Alone    bool   // an avatar whose gate is dead: it ends unless its client comes within Grace
	Grace    time.Duration
	Via      []node.Peer // gates by which the entity has sent
	Place    Destination
	Sections []Section
}

// Code reads or writes the state.
func (m *EntityState) Code(c *wire.Coder) {
	c.Uint64(&m.Owner)
	c.Uint64(&m.Version)
	c.Uint64(&m.Moved)
	c.Bool(&m.Behind)
	c.Bool(&m.Alone)
	c.Int64((*int64)(&m.Grace))
	wire.Slice(c, &m.Via, func(c *wire.Coder, p *node.Peer) { c.Struct(p) })
	c.Struct(&m.Place)
	wire.Slice(c, &m.Sections, func(c *wire.Coder, s *Section) { c.Struct(s) })
}

// Destination is where an entity goes: a game and, of an area entity, a place there.
type Destination struct {
	Game  node.Peer
	Space addr.EntityID // zero: none
	At    geom.Vec3     // metres from the space's origin
	Yaw   float32       // radians
	Stay  bool          // the position stays as it is
}

// Code reads or writes the destination.
func (d *Destination) Code(c *wire.Coder) {
	d.Game.Code(c)
	d.Space.Code(c)
	c.Float64(&d.At.X)
	c.Float64(&d.At.Y)
	c.Float64(&d.At.Z)
	c.Float32(&d.Yaw)
	c.Bool(&d.Stay)
}

// HeldMail is a call that came by mailbox to a frozen entity: the payload of TypeHeldMail.
type HeldMail struct {
	Via     node.Peer // the gate by which its answer goes
	Game    node.Peer // of the caller
	Num     uint64    // the caller's number of the call
	From    addr.EntityID
	FromInc uint64
	Method  uint16
	Args    []byte
}

// Code reads or writes the call.
func (m *HeldMail) Code(c *wire.Coder) {
	m.Via.Code(c)
	m.Game.Code(c)
	c.Uint64(&m.Num)
	m.From.Code(c)
	c.Uint64(&m.FromInc)
	c.Uint16(&m.Method)
	c.Bytes(&m.Args)
}

// Live is the arbiter's word that the entity lives on the target from now on: the payload of TypeLive.
type Live struct {
	Held time.Duration // so long the arbiter held what is for the entity
}

// Code reads or writes the message.
func (m *Live) Code(c *wire.Coder) { c.Int64((*int64)(&m.Held)) }

// Relayed is the payload of TypeRelayed: what source and target say to each other by
// any gate once their arbiter is dead. Its header is that of mail.
type Relayed struct {
	Kind   uint16 // TypeCancel, TypeLive, TypeLiveAck, TypeLiveHeard or TypeWhatOf
	Entity addr.EntityID
	N      uint64
	Mail   []HeldMail // of TypeLive
}

// Code reads or writes the message.
func (m *Relayed) Code(c *wire.Coder) {
	c.Uint16(&m.Kind)
	m.Entity.Code(c)
	c.Uint64(&m.N)
	wire.Slice(c, &m.Mail, func(c *wire.Coder, h *HeldMail) { c.Struct(h) })
}

// MailMoved tells a caller where its call is answered from now on: the payload of
// TypeMailMoved, whose header is that of mail.
type MailMoved struct {
	Origin node.Peer // whose number of the call it is; zero: the receiver's
	Game   node.Peer
	Maybe  bool // or still by the game before
}

// Code reads or writes the message.
func (m *MailMoved) Code(c *wire.Coder) {
	m.Origin.Code(c)
	m.Game.Code(c)
	c.Bool(&m.Maybe)
}

// Forwarded is an outcome that came to the game where the caller was: the payload of
// TypeForwarded, whose header is that of mail.
type Forwarded struct {
	Origin  node.Peer // whose number of the call it is
	Num     uint64
	Outcome Outcome
	Result  []byte // good for as long as what it was read from
}

// Code reads or writes the outcome.
func (m *Forwarded) Code(c *wire.Coder) {
	m.Origin.Code(c)
	c.Uint64(&m.Num)
	c.Uint8((*uint8)(&m.Outcome))
	c.View(&m.Result)
}

// AskGone asks a gate for its GameGone of a game, now or when it comes.
type AskGone struct{ Game node.Peer }

// Type returns the message's number.
func (*AskGone) Type() uint16 { return TypeAskGone }

// Code reads or writes the message.
func (m *AskGone) Code(c *wire.Coder) { m.Game.Code(c) }

// GameMoved tells a client that its avatar lives on another game, and for how long
// it was held on the way.
type GameMoved struct {
	Game node.ID
	Held time.Duration // in whole microseconds on the wire
}

// Type returns the message's number.
func (*GameMoved) Type() uint16 { return TypeGameMoved }

// Code reads or writes the message.
func (m *GameMoved) Code(c *wire.Coder) {
	m.Game.Code(c)
	us := uint32(m.Held / time.Microsecond)
	c.Uint32(&us)
	m.Held = time.Duration(us) * time.Microsecond
}
