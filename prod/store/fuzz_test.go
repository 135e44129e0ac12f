package store

import (
	"bytes"
	"path/filepath"
	"testing"

	bolt "go.etcd.io/bbolt"

	"messiah/core/proto"
	"messiah/core/wire"
)

// openForFuzz opens a store that need not outlive the test.
func openForFuzz(f *testing.F) *Bolt {
	b, err := OpenBolt(filepath.Join(f.TempDir(), "store.db"))
	if err != nil {
		f.Fatal(err)
	}
	b.db.NoSync = true
	f.Cleanup(func() {
		if err := b.Close(); err != nil {
			f.Error(err)
		}
	})
	return b
}

// FuzzRequest takes bytes as what the db asks of its store. What is understood
// is carried out and answered with one frame, and a value that was written is
// the value that is read.
func FuzzRequest(f *testing.F) {
	f.Add(encode(&proto.StoreGet{Num: 1, Key: "account/ann"}))
	f.Add(encode(&proto.StorePut{Num: 2, Key: "account/ann", Value: []byte("value")}))
	f.Add(encode(&proto.StorePut{Num: 3, Key: "", Revision: 1 << 63}))
	f.Add(wire.AppendFrame(nil, proto.TypeStorePut, 0, []uint64{1}, []byte{0xdd, 0xff, 0xff, 0xff, 0xff}))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff})
	b := openForFuzz(f)
	f.Fuzz(func(t *testing.T, frame []byte) {
		r, ok := parse(bytes.Clone(frame))
		if !ok {
			return
		}
		wrote, key := r.row, r.key
		batch := []request{r}
		b.carryOut(batch)
		_ = decode(t, batch[0].frame())
		if r.kind != proto.TypeStorePut || batch[0].failed || batch[0].conflict {
			return
		}
		read := []request{{kind: proto.TypeStoreGet, key: key}}
		b.carryOut(read)
		wrote.Revision = batch[0].row.Revision
		if got := read[0].row; read[0].failed || !bytes.Equal(got.sealed(key), wrote.sealed(key)) {
			t.Fatalf("%+v was written, and %+v is read", wrote, got)
		}
		remove(t, b, key)
	})
}

// remove makes the store forget a record, so that no input depends on another.
func remove(t *testing.T, b *Bolt, key string) {
	t.Helper()
	if err := b.db.Update(func(tx *bolt.Tx) error { return tx.Bucket(records).Delete([]byte(key)) }); err != nil {
		t.Fatal(err)
	}
}

// FuzzRecord finds bytes in the place of a record, as a file of another program
// or a broken disk has them. They are read as a record only if they are one, and
// nothing is written over what could not be read.
func FuzzRecord(f *testing.F) {
	for _, record := range []string{"", "short", "12345678", "\xff\xff\xff\xff\xff\xff\xff\xffvalue"} {
		f.Add([]byte(record))
	}
	f.Add((&row{Revision: 1, Class: "c", Value: []byte("value")}).sealed("key"))
	b := openForFuzz(f)
	f.Fuzz(func(t *testing.T, record []byte) {
		if err := b.db.Update(func(tx *bolt.Tx) error { return tx.Bucket(records).Put([]byte("key"), record) }); err != nil {
			t.Fatal(err)
		}
		read := []request{{kind: proto.TypeStoreGet, key: "key"}}
		b.carryOut(read)
		put := []request{{kind: proto.TypeStorePut, key: "key", row: row{Revision: read[0].row.Revision, Value: []byte("whole")}}}
		b.carryOut(put)
		again := []request{{kind: proto.TypeStoreGet, key: "key"}}
		b.carryOut(again)
		switch _, err := unseal("key", record); {
		case err != nil && !(read[0].failed && put[0].failed && again[0].failed):
			t.Fatalf("%x is no record, and is read as %+v; a put over it is answered %+v", record, read[0].row, put[0])
		case err == nil && (put[0].failed || put[0].conflict || string(again[0].row.Value) != "whole"):
			t.Fatalf("%x is read as %+v, and a put under its revision is answered %+v", record, read[0].row, put[0])
		}
	})
}
