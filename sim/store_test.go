package sim

import (
	"testing"

	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
)

// TestWriteThatNobodyHearsOf: the db may die before its write is carried out or
// before the answer is there. Either way the next life was not told of the record
// as it is, until it has written it itself.
func TestWriteThatNobodyHearsOf(t *testing.T) {
	w := NewWorld(Config{Options: DefaultOptions()})
	w.addStore()
	s, db := w.stores[0], &process{w: w, id: DBID}
	put := func(revision uint64) { // by the life that runs
		m := &proto.StorePut{Num: revision + 1, Key: "account:one", Revision: revision, Value: []byte{byte(revision)}}
		s.put(w.now, storeItem{db: db, life: db.life, typ: m.Type(), body: wire.Append(nil, m)})
	}
	fire := func() { s.fire(s.underWay(false)[0]) }
	end := func() { // of the life, and the next begins
		db.life++
		s.orphaned(db)
	}
	wants := func(unsure bool, when string) {
		t.Helper()
		if r := s.rows["account:one"]; r.unsure != unsure {
			t.Errorf("%s the record of revision %d is unsure: %v", when, r.revision, r.unsure)
		}
	}
	put(0)
	fire()
	wants(false, "with its answer under way")
	end()
	wants(true, "without anybody to hear the answer")
	put(1)
	fire()
	wants(false, "written by the next life")
	s.pending, s.free = nil, nil // the answer was heard
	put(2)
	end()
	wants(false, "before the write is carried out")
	fire()
	wants(true, "after a write in the name of the dead")
	put(3)
	fire()
	end()
	put(4)
	fire()
	s.orphaned(&process{id: node.NewID(node.DB, 2)})
	wants(false, "after somebody else's end")
}
