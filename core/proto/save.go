package proto

import (
	"messiah/core/addr"
	"messiah/core/node"
	"messiah/core/wire"
)

// Claim asks the db to make the sending game the loader of a record, which is made if
// there is none. Keys are those of key.go.
type Claim struct {
	Key    string
	Num    uint64        // the game's own, echoed
	Entity addr.EntityID // the id that a new record gets; zero: the db makes one
}

// Type returns the message's number.
func (*Claim) Type() uint16 { return TypeClaim }

// Code reads or writes the message.
func (m *Claim) Code(c *wire.Coder) {
	c.String(&m.Key)
	c.Uint64(&m.Num)
	m.Entity.Code(c)
}

// Claimed grants a claim: the game is the loader under Owner, and this is the record.
type Claimed struct {
	Key     string
	Num     uint64
	Owner   uint64 // grows with each claim; a write under an older one is refused
	Version uint64 // of the record, grows with each save
	Entity  addr.EntityID
	Data    []byte
}

// Type returns the message's number.
func (*Claimed) Type() uint16 { return TypeClaimed }

// Code reads or writes the message.
func (m *Claimed) Code(c *wire.Coder) {
	c.String(&m.Key)
	c.Uint64(&m.Num)
	c.Uint64(&m.Owner)
	c.Uint64(&m.Version)
	m.Entity.Code(c)
	c.Bytes(&m.Data)
}

// Held refuses a claim: another game is the loader, or, with no Game, the
// record cannot be reached now.
type Held struct {
	Key    string
	Num    uint64
	Game   node.Peer
	Entity addr.EntityID // of the record that is held, and the number of its claim
	Owner  uint64
}

// Type returns the message's number.
func (*Held) Type() uint16 { return TypeHeld }

// Code reads or writes the message.
func (m *Held) Code(c *wire.Coder) {
	c.String(&m.Key)
	c.Uint64(&m.Num)
	m.Game.Code(c)
	m.Entity.Code(c)
	c.Uint64(&m.Owner)
}

// Save writes a record as its owner. Who gets no answer repeats it as it was: a
// later one is based on the version that this one makes, and is refused before it.
type Save struct {
	Key     string
	Num     uint64
	Owner   uint64
	Version uint64 // the version that the data is based on
	Entity  addr.EntityID
	Data    []byte
	Class   string       // of the entity, what queries ask for
	Index   []IndexEntry // at most MaxIndex, replaces the entries of the save before
}

// Type returns the message's number.
func (*Save) Type() uint16 { return TypeSave }

// Code reads or writes the message.
func (m *Save) Code(c *wire.Coder) {
	c.String(&m.Key)
	c.Uint64(&m.Num)
	c.Uint64(&m.Owner)
	c.Uint64(&m.Version)
	m.Entity.Code(c)
	c.Bytes(&m.Data)
	c.String(&m.Class)
	index(c, &m.Index)
}

// Release is a last Save that also gives up the ownership. With Drop nothing is
// written: the record stands as it was saved last. With Delete it is removed for
// good. Both are answered as a Save is, with the version that stood.
type Release struct {
	Save
	Drop   bool
	Delete bool
}

// Type returns the message's number.
func (*Release) Type() uint16 { return TypeRelease }

// Code reads or writes the message.
func (m *Release) Code(c *wire.Coder) {
	m.Save.Code(c)
	c.Bool(&m.Drop)
	c.Bool(&m.Delete)
}

// Saved acknowledges a save or release: it is in the store.
type Saved struct {
	Key     string
	Num     uint64
	Version uint64
}

// Type returns the message's number.
func (*Saved) Type() uint16 { return TypeSaved }

// Code reads or writes the message.
func (m *Saved) Code(c *wire.Coder) {
	c.String(&m.Key)
	c.Uint64(&m.Num)
	c.Uint64(&m.Version)
}

// NoSave refuses a save or release. If Stale, the game is not the owner (any
// more), or has saved a later version, and must drop its copy; otherwise it may try again.
type NoSave struct {
	Key   string
	Num   uint64
	Stale bool
	Take  bool // it was a Take
}

// Type returns the message's number.
func (*NoSave) Type() uint16 { return TypeNoSave }

// Code reads or writes the message.
func (m *NoSave) Code(c *wire.Coder) {
	c.String(&m.Key)
	c.Uint64(&m.Num)
	c.Bool(&m.Stale)
	c.Bool(&m.Take)
}

// Expect tells the db that the sending game may take a record over that another
// holds, under the number N: until it says otherwise or is dead, nobody else is given
// that record from a dead holder.
type Expect struct {
	Key string
	Num uint64 // the game's own, echoed
	N   uint64
}

// Type returns the message's number.
func (*Expect) Type() uint16 { return TypeExpect }

// Code reads or writes the message.
func (m *Expect) Code(c *wire.Coder) {
	c.String(&m.Key)
	c.Uint64(&m.Num)
	c.Uint64(&m.N)
}

// Expected answers an Expect.
type Expected struct {
	Key string
	Num uint64
	OK  bool // false: a later claim stands, or there is no room
}

// Type returns the message's number.
func (*Expected) Type() uint16 { return TypeExpected }

// Code reads or writes the message.
func (m *Expected) Code(c *wire.Coder) {
	c.String(&m.Key)
	c.Uint64(&m.Num)
	c.Bool(&m.OK)
}

// Unexpect takes an Expect back. It has no answer.
type Unexpect struct {
	Key string
	N   uint64
}

// Type returns the message's number.
func (*Unexpect) Type() uint16 { return TypeUnexpect }

// Code reads or writes the message.
func (m *Unexpect) Code(c *wire.Coder) {
	c.String(&m.Key)
	c.Uint64(&m.N)
}

// Take makes the sending game the loader of a record that moved to it, under the
// number N. It is answered with Claimed, whose Data is there only if the record's
// version is above the one named, or with a NoSave that is Stale.
type Take struct {
	Key     string
	Num     uint64 // the game's own, echoed
	N       uint64
	Version uint64 // the highest that the state which moved can be behind
	Alone   bool   // no arbiter says that the entity is the asker's: it is dead, and the other game as well
}

// Type returns the message's number.
func (*Take) Type() uint16 { return TypeTake }

// Code reads or writes the message.
func (m *Take) Code(c *wire.Coder) {
	c.String(&m.Key)
	c.Uint64(&m.Num)
	c.Uint64(&m.N)
	c.Uint64(&m.Version)
	c.Bool(&m.Alone)
}

// Announced tells a db that the sending game has told it of all that it expects or has taken.
type Announced struct{}

// Type returns the message's number.
func (*Announced) Type() uint16 { return TypeAnnounced }

// Code reads or writes the message.
func (*Announced) Code(*wire.Coder) {}

// MovesPerLoad bounds the migrations of an entity between two loads of its record. Both
// count on in the owner number of the record, loads in its upper bits: so a load has a
// higher number than all arrivals before it, of which the db may not have heard.
const MovesPerLoad = 1 << 20

// NextLoad returns the owner number of the load that follows a number.
func NextLoad(n uint64) uint64 { return (n | (MovesPerLoad - 1)) + 1 }
