package proto

import (
	"messiah/core/addr"
	"messiah/core/wire"
)

// StoreGet reads one record from the record store.
type StoreGet struct {
	Num uint64 // the asker's own, echoed
	Key string
}

// Type returns the message's number.
func (*StoreGet) Type() uint16 { return TypeStoreGet }

// Code reads or writes the message.
func (m *StoreGet) Code(c *wire.Coder) {
	c.Uint64(&m.Num)
	c.String(&m.Key)
}

// StorePut writes one record if the stored revision is still the one named;
// revision 0 is a record that does not exist. An acknowledged put is durable. What
// the record is found by is written with it, in one transaction, and replaces what was.
type StorePut struct {
	Num      uint64
	Key      string
	Revision uint64
	Value    []byte
	Class    string
	Entity   addr.EntityID
	Index    []IndexEntry
}

// Type returns the message's number.
func (*StorePut) Type() uint16 { return TypeStorePut }

// Code reads or writes the message.
func (m *StorePut) Code(c *wire.Coder) {
	c.Uint64(&m.Num)
	c.String(&m.Key)
	c.Uint64(&m.Revision)
	c.Bytes(&m.Value)
	c.String(&m.Class)
	m.Entity.Code(c)
	index(c, &m.Index)
}

// StoreGot answers a StoreGet. Revision 0 is a record that does not exist.
type StoreGot struct {
	Num      uint64
	Revision uint64
	Value    []byte
	Failed   bool // the store could not tell
	Class    string
	Index    []IndexEntry
	Floor    uint64 // of a record that does not exist: no deleted record had a higher revision, and a new one begins above
}

// Type returns the message's number.
func (*StoreGot) Type() uint16 { return TypeStoreGot }

// Code reads or writes the message.
func (m *StoreGot) Code(c *wire.Coder) {
	c.Uint64(&m.Num)
	c.Uint64(&m.Revision)
	c.Bytes(&m.Value)
	c.Bool(&m.Failed)
	c.String(&m.Class)
	index(c, &m.Index)
	c.Uint64(&m.Floor)
}

// StoreDid answers a StorePut or StoreDelete: the new revision, 0 where the
// record is gone, or a conflict with the one that stands, or a failure, after which the record may be either way.
type StoreDid struct {
	Num      uint64
	Revision uint64
	Conflict bool
	Failed   bool
}

// Type returns the message's number.
func (*StoreDid) Type() uint16 { return TypeStoreDid }

// Code reads or writes the message.
func (m *StoreDid) Code(c *wire.Coder) {
	c.Uint64(&m.Num)
	c.Uint64(&m.Revision)
	c.Bool(&m.Conflict)
	c.Bool(&m.Failed)
}

// StoreDelete removes one record and its index entries if the stored revision
// is still the one named. One made later under its key begins above that
// revision, so that no put meant for the old one hits it.
type StoreDelete struct {
	Num      uint64
	Key      string
	Revision uint64
}

// Type returns the message's number.
func (*StoreDelete) Type() uint16 { return TypeStoreDelete }

// Code reads or writes the message.
func (m *StoreDelete) Code(c *wire.Coder) {
	c.Uint64(&m.Num)
	c.String(&m.Key)
	c.Uint64(&m.Revision)
}

// StoreFind lists the records of a class that have a field of a value; with no
// Field, those of the class. It reads what is committed.
type StoreFind struct {
	Num   uint64
	Class string // not empty: a record without a class is not found
	Field string
	Value string
	Limit uint32 // 0 and more than MaxFound are MaxFound
}

// Type returns the message's number.
func (*StoreFind) Type() uint16 { return TypeStoreFind }

// Code reads or writes the message.
func (m *StoreFind) Code(c *wire.Coder) {
	c.Uint64(&m.Num)
	c.String(&m.Class)
	c.String(&m.Field)
	c.String(&m.Value)
	c.Uint32(&m.Limit)
}

// StoreListed answers a StoreFind, in the order of the keys' bytes.
type StoreListed struct {
	Num    uint64
	Keys   []FoundRecord
	More   bool
	Failed bool
}

// Type returns the message's number.
func (*StoreListed) Type() uint16 { return TypeStoreListed }

// Code reads or writes the message.
func (m *StoreListed) Code(c *wire.Coder) {
	c.Uint64(&m.Num)
	found(c, &m.Keys)
	c.Bool(&m.More)
	c.Bool(&m.Failed)
}
