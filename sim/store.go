package sim

import (
	"slices"
	"time"

	"messiah/core/addr"
	"messiah/core/node"
	"messiah/core/ordered"
	"messiah/core/proto"
	"messiah/core/wire"
	"messiah/sim/choice"
)

// row is one record as the store has it.
type row struct {
	revision uint64
	value    []byte
	unsure   bool // the db was not told that it is so
	class    string
	entity   addr.EntityID
	index    []proto.IndexEntry
}

// store is the record store behind the db: it answers by message, after a
// while. What it has acknowledged is synced; a crash loses the rest.
type store struct {
	w       *World
	index   uint32
	choose  choice.Stream
	rows    map[string]row // synced
	floor   uint64         // the highest revision that a deleted record had
	pending []storeItem
	puts    uint64
	free    []uint32
	last    node.Time // of the latest operation: they are carried out in order
	slow    time.Duration
	fail    int  // chance in a million that an operation is answered as failed
	lose    int  // that an answer is lost
	double  int  // that an answer comes twice
	away    bool // it has crashed and hears nothing
}

// storeItem is an operation under way, or its answer.
type storeItem struct {
	db    *process
	life  uint32
	typ   uint16
	body  []byte
	reply bool
	key   string // of a reply to a write: what was written
	cause uint64 // of the request: the db's handler; of the answer: the request
	num   uint64 // by when it was put: what is under way either way keeps its order
}

func (w *World) addStore() {
	w.stores = append(w.stores, &store{
		w: w, index: uint32(len(w.stores)), choose: w.source.Stream("store", uint64(len(w.stores))),
		rows: map[string]row{}, fail: w.opts.StoreFail, lose: w.opts.StoreLose, double: w.opts.StoreDouble,
	})
}

// request takes one frame of the db.
func (s *store) request(db *process, frame []byte, cause uint64) {
	f, _, err := wire.Split(frame)
	if err != nil {
		s.w.Violate("no-error-log", "the db sent the store a bad frame: %v", err)
		return
	}
	if s.away {
		s.w.Mark("store-away")
		return
	}
	s.last = max(s.last, s.w.now.Add(s.latency()))
	s.put(s.last, storeItem{db: db, life: db.life, typ: f.Type, body: append([]byte(nil), f.Payload...), cause: cause})
}

func (s *store) latency() time.Duration {
	o := &s.w.opts
	d := o.StoreLatency
	if d > 0 {
		d = d/2 + time.Duration(s.choose.Choose("latency", int(d)))
	}
	return d + s.slow
}

func (s *store) put(at node.Time, it storeItem) {
	var i uint32
	s.puts++
	it.num = s.puts
	if n := len(s.free); n > 0 {
		i, s.free = s.free[n-1], s.free[:n-1]
		s.pending[i] = it
	} else {
		i = uint32(len(s.pending))
		s.pending = append(s.pending, it)
	}
	s.w.queue.Push(at, event{op: opStore, a: s.index, b: i})
}

func (s *store) fire(i uint32) {
	it := s.pending[i]
	s.pending[i] = storeItem{}
	s.free = append(s.free, i)
	if it.typ == 0 {
		return // a crash took it
	}
	if !it.reply {
		s.carryOut(&it)
		return
	}
	if it.db.life != it.life || it.db.host == nil {
		return // who asked is gone
	}
	it.db.deliver(&node.Input{Kind: node.InMessage, From: node.NewID(node.Store, 1), Type: it.typ, Body: it.body, Cause: it.cause})
	it.db.settle()
}

// carryOut does an operation and sends its answer, which may fail, get lost or come twice.
func (s *store) carryOut(it *storeItem) {
	s.w.doing(s.w.chronicle.next())
	s.w.chronicle.stored(s.w, it)
	var answer node.Message
	failed := choice.Chance(s.choose, "fail", s.fail)
	switch it.typ {
	case proto.TypeStoreGet:
		answer = s.get(it, failed)
	case proto.TypeStorePut, proto.TypeStoreDelete:
		answer = s.write(it, failed)
	case proto.TypeStoreFind:
		answer = s.find(it, failed)
	default:
		s.w.Violate("no-error-log", "the store has no operation %d", it.typ)
		return
	}
	if choice.Chance(s.choose, "lose", s.lose) {
		s.w.Mark("store-answer-lost")
		s.doubt(it)
		return
	}
	reply := storeItem{
		db: it.db, life: it.life, typ: answer.Type(), body: wire.Append(nil, answer), reply: true, key: keyOf(it), cause: s.w.netCause,
	}
	at := s.w.now.Add(s.latency() / 4)
	s.put(at, reply)
	if choice.Chance(s.choose, "double", s.double) {
		s.w.Mark("store-answer-doubled")
		again := reply
		again.body = append([]byte(nil), reply.body...)
		s.put(at.Add(s.latency()), again)
	}
}

// doubt notes that the db does not hear whether its write was carried out.
func (s *store) doubt(it *storeItem) {
	key := it.key
	if !it.reply {
		key = keyOf(it)
	}
	if r, known := s.rows[key]; known && key != "" {
		r.unsure = true
		s.rows[key] = r
	}
}

// keyOf returns which record an operation writes, "" where it writes none.
func keyOf(it *storeItem) string {
	if it.typ != proto.TypeStorePut && it.typ != proto.TypeStoreDelete {
		return ""
	}
	m, _, err := writeIn(it)
	if err != nil {
		return ""
	}
	return m.Key
}

// writeIn reads the write that an operation is; a deletion is a put without a row.
func writeIn(it *storeItem) (m proto.StorePut, deletes bool, err error) {
	if it.typ == proto.TypeStorePut {
		return m, false, wire.Decode(it.body, &m)
	}
	var d proto.StoreDelete
	err = wire.Decode(it.body, &d)
	return proto.StorePut{Num: d.Num, Key: d.Key, Revision: d.Revision}, true, err
}

// crash loses what is under way: of the writes that were not synced some have
// reached the disk and some not, and no answer is heard of any.
func (s *store) crash() {
	s.away = true
	s.last = s.w.now
	for i := range s.pending {
		it := &s.pending[i]
		if it.typ == 0 {
			continue
		}
		if !it.reply && keyOf(it) != "" && s.choose.Choose("synced", 2) == 1 {
			s.write(it, false)
		}
		s.doubt(it)
		it.typ = 0
	}
}

func (s *store) get(it *storeItem, failed bool) node.Message {
	var m proto.StoreGet
	if err := wire.Decode(it.body, &m); err != nil {
		s.w.Violate("no-error-log", "the db asked the store badly: %v", err)
	}
	r := s.rows[m.Key]
	if failed {
		s.w.Mark("store-get-failed")
		return &proto.StoreGot{Num: m.Num, Failed: true}
	}
	got := &proto.StoreGot{Num: m.Num, Revision: r.revision, Value: r.value, Class: r.class, Index: r.index}
	if r.revision == 0 {
		got.Floor = s.floor
	}
	return got
}

func (s *store) write(it *storeItem, failed bool) node.Message {
	m, deletes, err := writeIn(it)
	if err != nil {
		s.w.Violate("no-error-log", "the db asked the store badly: %v", err)
	}
	r := s.rows[m.Key]
	if r.revision != m.Revision {
		return &proto.StoreDid{Num: m.Num, Revision: r.revision, Conflict: true}
	}
	did := &proto.StoreDid{Num: m.Num, Revision: s.next(r.revision, deletes)}
	// A failed write may have been carried out all the same.
	if !failed || s.choose.Choose("failed-but-done", 2) == 1 {
		s.apply(&m, deletes, row{revision: did.Revision, unsure: failed})
	}
	if failed {
		s.w.Mark("store-put-failed")
		return &proto.StoreDid{Num: m.Num, Revision: r.revision, Failed: true}
	}
	return did
}

// next returns the revision that a write makes of the one that stands.
func (s *store) next(revision uint64, deletes bool) uint64 {
	switch {
	case deletes:
		return 0
	case revision == 0:
		return s.floor + 1
	}
	return revision + 1
}

func (s *store) apply(m *proto.StorePut, deletes bool, r row) {
	if deletes {
		s.floor = max(s.floor, m.Revision)
		delete(s.rows, m.Key)
		return
	}
	r.value, r.class, r.entity, r.index = append([]byte(nil), m.Value...), m.Class, m.Entity, m.Index
	s.rows[m.Key] = r
}

// find lists records in the order of their keys.
func (s *store) find(it *storeItem, failed bool) node.Message {
	var m proto.StoreFind
	if err := wire.Decode(it.body, &m); err != nil {
		s.w.Violate("no-error-log", "the db asked the store badly: %v", err)
	}
	listed := &proto.StoreListed{Num: m.Num}
	if failed {
		s.w.Mark("store-find-failed")
		listed.Failed = true
		return listed
	}
	limit := proto.FindLimit(m.Limit)
	for _, key := range ordered.Keys(s.rows) {
		if r := s.rows[key]; !r.found(&m) {
			continue
		} else if len(listed.Keys) < limit {
			listed.Keys = append(listed.Keys, proto.FoundRecord{Key: key, Entity: r.entity})
		} else {
			listed.More = true
			break
		}
	}
	return listed
}

// found tells whether a query finds the record.
func (r *row) found(m *proto.StoreFind) bool {
	if r.class != m.Class || m.Class == "" {
		return false
	}
	return m.Field == "" || slices.Contains(r.index, proto.IndexEntry{Field: m.Field, Value: m.Value})
}

// Records returns how many records the store has.
func (w *World) Records() int { return len(w.stores[0].rows) }
