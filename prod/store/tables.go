package store

import (
	"bytes"
	"encoding/binary"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"messiah/core/addr"
	"messiah/core/node"
	"messiah/core/proto"
)

// A file's buckets: key to sealed row; entry and key to entity; what is so of the whole file.
var (
	records = []byte("records")
	indexes = []byte("index")
	about   = []byte("about")

	keyFormat = []byte("format")
	keyFloor  = []byte("floor") // the highest revision that a deleted record had
)

// format is how this build writes files. Format 1 had no checksums and no index, and
// an account's record went by the account's name alone.
const format = 2

// tables are the buckets in a transaction.
type tables struct{ records, indexes, about *bolt.Bucket }

func openTables(tx *bolt.Tx) *tables {
	return &tables{tx.Bucket(records), tx.Bucket(indexes), tx.Bucket(about)}
}

// prepare makes the buckets of a new file, and brings one of an older format up to date.
func prepare(tx *bolt.Tx) error {
	older := tx.Bucket(records) != nil && tx.Bucket(about) == nil
	if older {
		return upgrade(tx)
	}
	if err := makeBuckets(tx); err != nil {
		return err
	}
	b := tx.Bucket(about)
	if b.Get(keyFormat) == nil {
		return b.Put(keyFormat, binary.LittleEndian.AppendUint64(nil, format))
	}
	if is := number(b.Get(keyFormat)); is != format {
		return fmt.Errorf("the file has format %d, this build knows formats to %d", is, format)
	}
	return nil
}

func makeBuckets(tx *bolt.Tx) error {
	for _, name := range [][]byte{records, indexes, about} {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	return nil
}

// upgrade writes a file of format 1 anew: 8 bytes of revision and a value by account.
func upgrade(tx *bolt.Tx) error {
	older := map[string]row{}
	err := tx.Bucket(records).ForEach(func(key, b []byte) error {
		if len(b) < 8 {
			return fmt.Errorf("record %q: %w", key, ErrDamaged)
		}
		older[proto.AccountKey(string(key))] = row{Revision: number(b[:8]), Value: bytes.Clone(b[8:])}
		return nil
	})
	if err == nil {
		err = tx.DeleteBucket(records)
	}
	if err == nil {
		err = makeBuckets(tx)
	}
	if err != nil {
		return err
	}
	t := openTables(tx)
	for key, r := range older {
		if err := t.records.Put([]byte(key), r.sealed(key)); err != nil {
			return err
		}
	}
	return t.about.Put(keyFormat, binary.LittleEndian.AppendUint64(nil, format))
}

// number reads 8 bytes; anything else is 0.
func number(b []byte) uint64 {
	if len(b) != 8 {
		return 0
	}
	return binary.LittleEndian.Uint64(b)
}

// read returns a copy of a record; of none it has revision 0.
func (t *tables) read(key string) (row, error) {
	b := t.records.Get([]byte(key))
	if b == nil {
		return row{}, nil
	}
	return unseal(key, b) // which copies: the record is the database's own memory, and only until the transaction ends
}

// floor returns the highest revision that a deleted record had.
func (t *tables) floor() (uint64, error) {
	b := t.about.Get(keyFloor)
	if b == nil {
		return 0, nil
	}
	if len(b) != 12 || binary.LittleEndian.Uint32(b) != seal(string(keyFloor), b[4:]) {
		return 0, ErrDamaged
	}
	return number(b[4:]), nil
}

func (t *tables) setFloor(floor uint64) error {
	b := binary.LittleEndian.AppendUint64(make([]byte, 4), floor)
	binary.LittleEndian.PutUint32(b, seal(string(keyFloor), b[4:]))
	return t.about.Put(keyFloor, b)
}

// write replaces a record and its index entries.
func (t *tables) write(key string, old, r *row) error {
	if err := t.unlist(key, old, r); err != nil {
		return err
	}
	for _, e := range r.lookups() {
		if err := t.indexes.Put(entryKey(r.Class, e, key), entityBytes(r.Entity)); err != nil {
			return err
		}
	}
	return t.records.Put([]byte(key), r.sealed(key))
}

// remove deletes a record and its index entries.
func (t *tables) remove(key string, old *row) error {
	if old.Revision == 0 {
		return nil
	}
	if err := t.unlist(key, old, &row{}); err != nil {
		return err
	}
	floor, err := t.floor()
	if err != nil {
		return err
	}
	if err := t.setFloor(max(floor, old.Revision)); err != nil {
		return err
	}
	return t.records.Delete([]byte(key))
}

// unlist deletes the index entries that a record had and will not have.
func (t *tables) unlist(key string, old, r *row) error {
	stays := map[proto.IndexEntry]bool{}
	if old.Class == r.Class {
		for _, e := range r.lookups() {
			stays[e] = true
		}
	}
	for _, e := range old.lookups() {
		if !stays[e] {
			if err := t.indexes.Delete(entryKey(old.Class, e, key)); err != nil {
				return err
			}
		}
	}
	return nil
}

// list finds records by their index entries.
func (t *tables) list(r *request) {
	e := entryAsked(&r.find)
	if len(r.find.Class) > proto.MaxName || len(e.Field) > proto.MaxName || len(e.Value) > proto.MaxIndexValue {
		return // no record has it
	}
	prefix, limit := entryKey(r.find.Class, e, ""), proto.FindLimit(r.find.Limit)
	c := t.indexes.Cursor()
	for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
		if len(r.found) == limit {
			r.more = true
			return
		}
		r.found = append(r.found, proto.FoundRecord{Key: string(k[len(prefix):]), Entity: entityOf(v)})
	}
}

// entryKey is where an index entry stands: each part behind its length, in 2
// bytes, so that none begins like another; the record's key is the rest.
func entryKey(class string, e proto.IndexEntry, key string) []byte {
	var b []byte
	for _, part := range []string{class, e.Field, e.Value} {
		b = binary.BigEndian.AppendUint16(b, uint16(len(part)))
		b = append(b, part...)
	}
	return append(b, key...)
}

// splitEntry takes apart what entryKey has put together.
func splitEntry(b []byte) (class string, e proto.IndexEntry, key string, ok bool) {
	for _, part := range []*string{&class, &e.Field, &e.Value} {
		if len(b) < 2 || len(b)-2 < int(binary.BigEndian.Uint16(b)) {
			return class, e, "", false
		}
		n := 2 + int(binary.BigEndian.Uint16(b))
		*part, b = string(b[2:n]), b[n:]
	}
	return class, e, string(b), true
}

func entityBytes(id addr.EntityID) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(id.Maker))
	return binary.BigEndian.AppendUint64(b, id.N)
}

func entityOf(b []byte) addr.EntityID {
	if len(b) != 16 {
		return addr.EntityID{}
	}
	return addr.EntityID{Maker: node.Incarnation(binary.BigEndian.Uint64(b)), N: binary.BigEndian.Uint64(b[8:])}
}
