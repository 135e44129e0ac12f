package store

import (
	"encoding/binary"
	"errors"
	"hash/crc32"

	"messiah/core/addr"
	"messiah/core/proto"
	"messiah/core/wire"
)

// row is one record as a store keeps it.
type row struct {
	Revision uint64
	Class    string
	Entity   addr.EntityID
	Index    []proto.IndexEntry
	Value    []byte
}

// Code reads or writes the row.
func (r *row) Code(c *wire.Coder) {
	c.Uint64(&r.Revision)
	c.String(&r.Class)
	r.Entity.Code(c)
	wire.Slice(c, &r.Index, func(c *wire.Coder, e *proto.IndexEntry) { c.Struct(e) })
	c.Bytes(&r.Value)
}

// ErrDamaged says that what was read is not what was written.
var ErrDamaged = errors.New("damaged")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sealed is the row's bytes in a file: a checksum of 4 bytes, of key and row, and the row.
func (r *row) sealed(key string) []byte {
	b := wire.Append(make([]byte, 4, 128+len(r.Value)), r)
	binary.LittleEndian.PutUint32(b, seal(key, b[4:]))
	return b
}

func seal(key string, b []byte) uint32 {
	return crc32.Update(crc32.Checksum([]byte(key), castagnoli), castagnoli, b)
}

// unseal reads the row that sealed wrote.
func unseal(key string, b []byte) (r row, err error) {
	if len(b) < 4 || binary.LittleEndian.Uint32(b) != seal(key, b[4:]) {
		return row{}, ErrDamaged
	}
	if err := wire.Decode(b[4:], &r); err != nil || r.Revision == 0 {
		return row{}, ErrDamaged
	}
	return r, nil
}

// lookups are the index entries that a row has: one for each field with a value,
// and one without field for its class. A row without class has none.
func (r *row) lookups() []proto.IndexEntry {
	if r.Class == "" {
		return nil
	}
	return append([]proto.IndexEntry{{}}, r.Index...)
}

// entryAsked is the entry that the records which a query asks for have: without
// field that of the class. No record has one without a class.
func entryAsked(m *proto.StoreFind) proto.IndexEntry {
	if m.Field == "" {
		return proto.IndexEntry{}
	}
	return proto.IndexEntry{Field: m.Field, Value: m.Value}
}

// fits tells whether a store can keep a record; every store refuses the same.
func (r *row) fits(key string) bool {
	if key == "" || len(key) > proto.MaxKey || len(r.Class) > proto.MaxName || len(r.Index) > proto.MaxIndex {
		return false
	}
	for _, e := range r.Index {
		if len(e.Field) > proto.MaxName || len(e.Value) > proto.MaxIndexValue {
			return false
		}
	}
	return true
}
