package proto

import "messiah/core/wire"

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
// revision 0 is a record that does not exist. An acknowledged put is durable.
type StorePut struct {
	Num      uint64
	Key      string
	Revision uint64
	Value    []byte
}

// Type returns the message's number.
func (*StorePut) Type() uint16 { return TypeStorePut }

// Code reads or writes the message.
func (m *StorePut) Code(c *wire.Coder) {
	c.Uint64(&m.Num)
	c.String(&m.Key)
	c.Uint64(&m.Revision)
	c.Bytes(&m.Value)
}

// StoreGot answers a StoreGet. Revision 0 is a record that does not exist.
type StoreGot struct {
	Num      uint64
	Revision uint64
	Value    []byte
	Failed   bool // the store could not tell
}

// Type returns the message's number.
func (*StoreGot) Type() uint16 { return TypeStoreGot }

// Code reads or writes the message.
func (m *StoreGot) Code(c *wire.Coder) {
	c.Uint64(&m.Num)
	c.Uint64(&m.Revision)
	c.Bytes(&m.Value)
	c.Bool(&m.Failed)
}

// StoreDid answers a StorePut: the new revision, or a conflict with the one
// that stands, or a failure, after which the record may be either way.
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
