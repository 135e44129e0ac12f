package dbm

import (
	"bytes"

	"messiah/core/addr"
	"messiah/core/must"
	"messiah/core/node"
	"messiah/core/planted"
	"messiah/core/proto"
	"messiah/core/wire"
)

// request starts a game's request, or lines it up behind those for the same account.
func (d *DB) request(env *node.Env, r request) {
	a := d.busy[r.save.Account]
	if a != nil && planted.On("refused-with-room") { // whoever would have to wait is sent away
		d.refuse(env, &r, node.Peer{}, false)
		return
	}
	switch {
	case a == nil && len(d.busy) < MaxAccountsBusy:
		a = &account{requests: []request{r}}
		d.busy[r.save.Account] = a
		d.get(env, r.save.Account, a)
	case a != nil && len(a.requests) < MaxWaiting:
		env.Mark("request-waits-for-account")
		a.requests = append(a.requests, r)
	default:
		env.Mark("db-queue-full")
		d.refuse(env, &r, node.Peer{}, false)
	}
}

// begin names a store operation, and bounds how long its answer is waited for.
func (d *DB) begin(env *node.Env, name string, a *account) uint64 {
	d.lastOp++
	a.op = d.lastOp
	d.ops[a.op] = name
	env.After(d.cfg.StoreTimeout, timerStore, a.op)
	return a.op
}

func (d *DB) get(env *node.Env, name string, a *account) {
	a.writing = false
	d.toStore(env, &proto.StoreGet{Num: d.begin(env, name, a), Key: name})
}

func (d *DB) put(env *node.Env, name string, a *account) {
	a.writing = true
	d.toStore(env, &proto.StorePut{
		Num: d.begin(env, name, a), Key: name, Revision: a.revision, Value: wire.Append(nil, &a.record),
	})
}

func (d *DB) toStore(env *node.Env, m node.Message) {
	err := env.Send(node.NewID(node.Store, 1), m)
	must.True(err == nil, "the store takes every message: %v", err)
}

// ended looks up the account that an answer of the store is about. A late or
// doubled answer belongs to none.
func (d *DB) ended(env *node.Env, op uint64) (string, *account) {
	name, known := d.ops[op]
	if !known {
		env.Mark("store-answer-without-question")
		return "", nil
	}
	delete(d.ops, op)
	env.Cancel(timerStore, op)
	return name, d.busy[name]
}

// storeLate gives an operation up whose answer did not come.
func (d *DB) storeLate(env *node.Env, op uint64) {
	name, a := d.ended(env, op)
	must.True(a != nil, "the timer of store operation %d outlived it", op)
	env.Mark("store-late")
	d.doubt(env, name, a)
}

// doubt meets an operation whose outcome is not known. A write may have come
// through, or come through yet: it is looked for once before it is refused, since
// who is refused a claim that was granted keeps a record that nobody looks after.
func (d *DB) doubt(env *node.Env, name string, a *account) {
	if !a.writing {
		a.checking = false
		d.fail(env, name, a)
		return
	}
	env.Mark("write-in-doubt")
	d.get(env, name, a)
	a.checking = true
}

// checked answers the request under way by what the store has of its write.
func (d *DB) checked(env *node.Env, name string, a *account, m *proto.StoreGot) {
	a.checking = false
	if m.Failed || m.Revision != a.revision+1 || !bytes.Equal(m.Value, wire.Append(nil, &a.record)) {
		d.fail(env, name, a)
		return
	}
	env.Mark("write-came-through")
	d.acknowledge(env, name, a)
}

// fail refuses the request under way, to be tried again, and goes on with the next.
func (d *DB) fail(env *node.Env, name string, a *account) {
	d.refuse(env, &a.requests[0], node.Peer{}, false)
	d.advance(env, name, a)
}

// advance drops the request that has been answered and starts the next.
func (d *DB) advance(env *node.Env, name string, a *account) {
	a.requests = a.requests[1:]
	if len(a.requests) == 0 {
		delete(d.busy, name)
		return
	}
	d.get(env, name, a)
}

// got continues the request under way with its record.
func (d *DB) got(env *node.Env, m *proto.StoreGot) {
	name, a := d.ended(env, m.Num)
	if a == nil {
		return
	}
	if a.checking {
		d.checked(env, name, a, m)
		return
	}
	if m.Failed {
		d.fail(env, name, a)
		return
	}
	a.revision, a.record = m.Revision, record{}
	if m.Revision > 0 {
		if err := wire.Decode(m.Value, &a.record); err != nil {
			env.Log(node.Error, "a stored record cannot be read", "account", name, "error", err)
			d.fail(env, name, a)
			return
		}
	}
	r := &a.requests[0]
	if r.typ == proto.TypeClaim {
		d.claim(env, name, a, r)
		return
	}
	d.save(env, name, a, r)
}

// claim makes the game the holder unless another live one is.
func (d *DB) claim(env *node.Env, name string, a *account, r *request) {
	rec := &a.record
	if rec.Holder != (node.Peer{}) && rec.Holder != r.from {
		if !d.settled {
			// Absence from this list proves nothing yet.
			env.Mark("claim-before-settled")
			d.refuse(env, r, node.Peer{}, false)
			d.advance(env, name, a)
			return
		}
		if d.holds(rec.Holder) && !planted.On("held-record-granted") { // two games load one record
			env.Mark("claim-of-a-held-record")
			d.refuse(env, r, rec.Holder, false)
			d.advance(env, name, a)
			return
		}
		env.Mark("claim-from-the-dead")
	}
	rec.Holder = r.from
	rec.Owner++
	if rec.Entity.IsZero() {
		rec.Entity = addr.EntityID{Maker: env.Self().Inc, N: d.lastOp}
	}
	d.put(env, name, a)
}

// save writes under the owner's number, and only the owner's.
func (d *DB) save(env *node.Env, name string, a *account, r *request) {
	rec := &a.record
	owns := rec.Holder == r.from && rec.Owner == r.save.Owner
	if !owns && !planted.On("stale-owner-written") { // who lost the record writes over the one who has it
		env.Mark("stale-owner-refused")
		d.refuse(env, r, node.Peer{}, true)
		d.advance(env, name, a)
		return
	}
	rec.Version++
	rec.Data = r.save.Data
	if r.typ == proto.TypeRelease {
		rec.Holder = node.Peer{}
	}
	d.put(env, name, a)
}

// did hears what became of the write of the request under way.
func (d *DB) did(env *node.Env, m *proto.StoreDid) {
	name, a := d.ended(env, m.Num)
	if a == nil {
		return
	}
	switch {
	case m.Conflict:
		// An earlier write whose answer was lost has come through: whoever asks again reads it.
		env.Mark("store-conflict")
		d.fail(env, name, a)
	case m.Failed:
		d.doubt(env, name, a)
	default:
		d.acknowledge(env, name, a)
	}
}

// acknowledge answers the request under way, whose record is in the store, and goes on with the next.
func (d *DB) acknowledge(env *node.Env, name string, a *account) {
	r, rec := &a.requests[0], &a.record
	if r.typ == proto.TypeClaim {
		d.records++
		d.answer(env, r.from, &proto.Claimed{
			Account: name, Num: r.save.Num, Owner: rec.Owner, Version: rec.Version, Entity: rec.Entity, Data: rec.Data,
		})
	} else {
		d.answer(env, r.from, &proto.Saved{Account: name, Num: r.save.Num, Version: rec.Version})
	}
	d.advance(env, name, a)
}

func (d *DB) refuse(env *node.Env, r *request, holder node.Peer, stale bool) {
	d.refusals++
	if r.typ == proto.TypeClaim {
		d.answer(env, r.from, &proto.Held{Account: r.save.Account, Num: r.save.Num, Game: holder})
		return
	}
	d.answer(env, r.from, &proto.NoSave{Account: r.save.Account, Num: r.save.Num, Stale: stale})
}

// answer sends to the very life that asked; another life of that game has no use for it.
func (d *DB) answer(env *node.Env, to node.Peer, m node.Message) {
	if peer, ok := env.PeerOf(to.ID); !ok || peer != to {
		env.Mark("answer-to-the-dead")
		return
	}
	if err := env.Send(to.ID, m); err != nil {
		env.Mark("answer-without-link")
	}
}
