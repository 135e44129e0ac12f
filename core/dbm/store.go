package dbm

import (
	"bytes"

	"messiah/core/must"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
)

// begin names a store operation, and bounds how long its answer is waited for.
func (d *DB) begin(env *node.Env) uint64 {
	d.lastOp++
	env.After(d.cfg.StoreTimeout, timerStore, d.lastOp)
	return d.lastOp
}

// beginOn begins an operation on a record.
func (d *DB) beginOn(env *node.Env, key string, w *work, does writing) uint64 {
	w.op, w.writing = d.begin(env), does
	d.ops[w.op] = key
	return w.op
}

func (d *DB) get(env *node.Env, key string, w *work) {
	d.toStore(env, &proto.StoreGet{Num: d.beginOn(env, key, w, reads), Key: key})
}

func (d *DB) put(env *node.Env, key string, w *work) {
	d.toStore(env, &proto.StorePut{
		Num: d.beginOn(env, key, w, puts), Key: key, Revision: w.revision, Value: wire.Append(nil, &w.record),
		Class: w.class, Entity: w.record.Entity, Index: w.index,
	})
}

func (d *DB) delete(env *node.Env, key string, w *work) {
	d.toStore(env, &proto.StoreDelete{Num: d.beginOn(env, key, w, deletes), Key: key, Revision: w.revision})
}

func (d *DB) toStore(env *node.Env, m node.Message) {
	err := env.Send(node.NewID(node.Store, 1), m)
	must.True(err == nil, "the store takes every message: %v", err)
}

// ended looks up the record that an answer of the store is about. A late or
// doubled answer belongs to none.
func (d *DB) ended(env *node.Env, op uint64) (string, *work) {
	key, known := d.ops[op]
	if !known {
		env.Mark("store-answer-without-question")
		return "", nil
	}
	delete(d.ops, op)
	env.Cancel(timerStore, op)
	return key, d.busy[key]
}

// storeLate gives an operation up whose answer did not come.
func (d *DB) storeLate(env *node.Env, op uint64) {
	env.Mark("store-late")
	if q, is := d.queries[op]; is {
		delete(d.queries, op)
		d.answer(env, q.from, &proto.Found{Num: q.num, Failed: true})
		return
	}
	if v := d.checks[op]; v != nil {
		d.cannotVerify(env, op, v)
		return
	}
	key, w := d.ended(env, op)
	must.True(w != nil, "the timer of store operation %d outlived it", op)
	d.doubt(env, key, w)
}

// got continues the request under way with its record.
func (d *DB) got(env *node.Env, m *proto.StoreGot) {
	key, w := d.ended(env, m.Num)
	switch {
	case w == nil:
		return
	case w.checking:
		d.checked(env, key, w, m)
		return
	case m.Failed:
		d.fail(env, key, w)
		return
	}
	w.revision, w.class, w.index = m.Revision, m.Class, m.Index
	// The numbers of a new record go on where those of a deleted one of its key may have ended.
	// Each load was a write, so that no deleted record had more of them than its revision says.
	w.record = record{Owner: m.Floor * proto.MovesPerLoad, Version: m.Floor}
	if m.Revision > 0 {
		var err error
		if w.record, err = decode(m.Value); err != nil {
			env.Log(node.Error, "a stored record cannot be read", "key", key, "error", err)
			d.fail(env, key, w)
			return
		}
	}
	d.carryOut(env, key, w)
}

// did hears what became of the write of the request under way.
func (d *DB) did(env *node.Env, m *proto.StoreDid) {
	key, w := d.ended(env, m.Num)
	switch {
	case w == nil:
	case m.Conflict:
		// An earlier write whose answer was lost has come through: whoever asks again reads it.
		env.Mark("store-conflict")
		d.fail(env, key, w)
	case m.Failed:
		d.doubt(env, key, w)
	default:
		d.acknowledge(env, key, w)
	}
}

// doubt meets an operation whose outcome is not known. A write may have come
// through, or come through yet: it is looked for once before it is refused, since
// who is refused a claim that was granted keeps a record that nobody looks after.
func (d *DB) doubt(env *node.Env, key string, w *work) {
	if w.writing == reads {
		w.checking = false
		d.fail(env, key, w)
		return
	}
	env.Mark("write-in-doubt")
	w.checking, w.deleted = true, w.writing == deletes
	d.get(env, key, w)
}

// checked answers the request under way by what the store has of its write.
func (d *DB) checked(env *node.Env, key string, w *work, m *proto.StoreGot) {
	w.checking = false
	if m.Failed || !w.through(m) {
		d.fail(env, key, w)
		return
	}
	env.Mark("write-came-through")
	d.acknowledge(env, key, w)
}

// through tells whether the record is what the write was to make of it. The first
// revision of a record is above those of deleted ones, and its value is nobody else's.
func (w *work) through(m *proto.StoreGot) bool {
	if w.deleted {
		return m.Revision == 0
	}
	next := m.Revision == w.revision+1 || w.revision == 0 && m.Revision > 0
	return next && bytes.Equal(m.Value, wire.Append(nil, &w.record))
}
