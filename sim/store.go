package sim

import (
	"time"

	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
	"messiah/sim/choice"
)

// store is the record store behind the db: it answers by message, after a
// while. What it has acknowledged is synced; a crash loses the rest.
type store struct {
	w       *World
	index   uint32
	choose  choice.Stream
	Records // synced
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
		Records: *NewRecords(), fail: w.opts.StoreFail, lose: w.opts.StoreLose, double: w.opts.StoreDouble,
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
	failed := choice.Chance(s.choose, "fail", s.fail)
	asked := it.request()
	if asked == nil {
		s.w.Violate("no-error-log", "the db asked the store what it cannot read, of type %d", it.typ)
		return
	}
	answer := s.answer(asked, failed)
	if choice.Chance(s.choose, "lose", s.lose) {
		s.w.Mark("store-answer-lost")
		s.doubt(it)
		return
	}
	reply := storeItem{
		db: it.db, life: it.life, typ: answer.Type(), body: wire.Append(nil, answer), reply: true, key: keyOf(it), cause: s.w.netCause,
	}
	if it.db.life != it.life {
		s.unheard(reply.key, reply.body)
	}
	at := s.w.now.Add(s.latency() / 4)
	s.put(at, reply)
	if choice.Chance(s.choose, "double", s.double) {
		s.w.Mark("store-answer-doubled")
		again := reply
		again.body = append([]byte(nil), reply.body...)
		again.key = "" // the first one tells what became of the write
		s.put(at.Add(s.latency()), again)
	}
}

// doubt notes that the db does not hear whether its write was carried out.
func (s *store) doubt(it *storeItem) {
	key := it.key
	if !it.reply {
		key = keyOf(it)
	}
	s.unsure(key)
}

// orphaned notes that the life of a db is over whose answers are under way.
func (s *store) orphaned(db *process) {
	for i := range s.pending {
		if it := &s.pending[i]; it.reply && it.db == db {
			s.unheard(it.key, it.body)
		}
	}
}

// unheard notes that nobody hears the answer to a write, unless the record was
// written once more since.
func (s *store) unheard(key string, answer []byte) {
	var did proto.StoreDid
	if key != "" && wire.Decode(answer, &did) == nil && did.Revision == s.rows[key].revision {
		s.unsure(key)
	}
}

// request returns what the db asks, or nil where that cannot be read.
func (it *storeItem) request() node.Message {
	var m node.Message
	switch it.typ {
	case proto.TypeStoreGet:
		m = &proto.StoreGet{}
	case proto.TypeStorePut:
		m = &proto.StorePut{}
	case proto.TypeStoreDelete:
		m = &proto.StoreDelete{}
	case proto.TypeStoreFind:
		m = &proto.StoreFind{}
	}
	if m == nil || wire.Decode(it.body, m) != nil {
		return nil
	}
	return m
}

// keyOf returns which record an operation writes, "" where it writes none.
func keyOf(it *storeItem) string {
	switch m := it.request().(type) {
	case *proto.StorePut:
		return m.Key
	case *proto.StoreDelete:
		return m.Key
	}
	return ""
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
			s.Do(it.request())
		}
		s.doubt(it)
		it.typ = 0
	}
}

// answer carries a request out, unless it is to fail.
func (s *store) answer(asked node.Message, failed bool) node.Message {
	if !failed {
		return s.Do(asked)
	}
	switch m := asked.(type) {
	case *proto.StoreGet:
		s.w.Mark("store-get-failed")
		return &proto.StoreGot{Num: m.Num, Failed: true}
	case *proto.StoreFind:
		s.w.Mark("store-find-failed")
		return &proto.StoreListed{Num: m.Num, Failed: true}
	case *proto.StorePut:
		return s.failWrite(asked, m.Num, m.Key, m.Revision)
	case *proto.StoreDelete:
		return s.failWrite(asked, m.Num, m.Key, m.Revision)
	}
	return nil
}

// failWrite answers a write as failed, which may have been carried out all the same.
func (s *store) failWrite(asked node.Message, num uint64, key string, revision uint64) node.Message {
	if s.rows[key].revision != revision {
		return s.Do(asked) // a conflict, which is no failure
	}
	if s.choose.Choose("failed-but-done", 2) == 1 {
		s.Do(asked)
		s.unsure(key)
	}
	s.w.Mark("store-put-failed")
	return &proto.StoreDid{Num: num, Revision: revision, Failed: true}
}

// unsure notes that the db was not told what became of its write.
func (s *store) unsure(key string) {
	if r, known := s.rows[key]; known {
		r.unsure = true
		s.rows[key] = r
	}
}

// Records returns how many records the store has.
func (w *World) Records() int { return len(w.stores[0].rows) }
