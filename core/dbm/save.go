package dbm

import (
	"bytes"
	"errors"

	"messiah/core/addr"
	"messiah/core/node"
	"messiah/core/planted"
	"messiah/core/proto"
)

// request starts a game's request, or lines it up behind those for the same record.
func (d *DB) request(env *node.Env, r request) {
	key := r.release.Key
	w := d.busy[key]
	if w != nil && planted.On("refused-with-room") { // whoever would have to wait is sent away
		d.refuse(env, &r, false)
		return
	}
	switch {
	case !r.sound():
		env.Log(node.Warn, "a request for a record that cannot be", "type", r.typ, "key", key, "from", r.from)
		d.refuse(env, &r, true)
	case w == nil && len(d.busy) < MaxBusy:
		w = &work{requests: []request{r}}
		d.busy[key] = w
		d.get(env, key, w)
	case w != nil && len(w.requests) < MaxWaiting:
		env.Mark("request-waits-for-account")
		w.requests = append(w.requests, r)
	default:
		env.Mark("db-queue-full")
		d.refuse(env, &r, false)
	}
}

// sound tells whether the request is for a record that can be.
func (r *request) sound() bool {
	if key := r.release.Key; r.owner == "" {
		return key != "" && len(key) <= proto.MaxKey && !proto.IsNameKey(key) && !proto.IsLoginKey(key)
	}
	return r.soundName()
}

// carryOut does the request under way, whose record has been read.
func (d *DB) carryOut(env *node.Env, key string, w *work) {
	r := &w.requests[0]
	switch r.typ {
	case proto.TypeClaim:
		d.claim(env, key, w, r)
	case proto.TypeTake:
		d.take(env, key, w, r)
	case proto.TypeTakeName:
		d.takeName(env, key, w, r)
	case proto.TypeDropName:
		d.dropName(env, key, w, r)
	default:
		d.save(env, key, w, r)
	}
}

// fail refuses the request under way, to be tried again, and goes on with the next.
func (d *DB) fail(env *node.Env, key string, w *work) {
	d.refuse(env, &w.requests[0], false)
	d.advance(env, key, w)
}

// advance drops the request that has been answered and starts the next.
func (d *DB) advance(env *node.Env, key string, w *work) {
	w.requests = w.requests[1:]
	if len(w.requests) == 0 {
		delete(d.busy, key)
		return
	}
	d.get(env, key, w)
}

// claim makes the game the holder unless another live one is.
func (d *DB) claim(env *node.Env, key string, w *work, r *request) {
	rec := &w.record
	holder, _ := d.holderOf(key, rec)
	if holder != (node.Peer{}) && (holder == r.from || !d.holds(holder)) && !d.announced() {
		env.Mark("claim-before-announced")
		d.refuse(env, r, false)
		d.advance(env, key, w)
		return
	}
	by, owner, held := d.heldBy(key, rec, r.from)
	if holder != (node.Peer{}) && (holder != r.from || held) {
		if !d.settled {
			// Absence from this list proves nothing yet.
			env.Mark("claim-before-settled")
			d.refuse(env, r, false)
			d.advance(env, key, w)
			return
		}
		if held && !planted.On("held-record-granted") { // two games load one record
			env.Mark("claim-of-a-held-record")
			d.refusals++
			d.answer(env, r.from, &proto.Held{
				Key: key, Num: r.release.Num, Game: by, Entity: rec.Entity, Owner: owner,
			})
			d.advance(env, key, w)
			return
		}
		env.Mark("claim-from-the-dead")
	}
	rec.Holder = r.from
	rec.Owner = proto.NextLoad(max(rec.Owner, d.passing[key].ownerN, d.passing[key].nextN)) // above whatever was tried
	if rec.Entity.IsZero() {
		rec.Entity = r.release.Entity
	}
	if rec.Entity.IsZero() {
		rec.Entity = addr.EntityID{Maker: env.Self().Inc, N: d.lastOp}
	}
	d.put(env, key, w)
}

// save writes under the owner's number, and only the owner's, on the version that it is based on.
func (d *DB) save(env *node.Env, key string, w *work, r *request) {
	rec, m := &w.record, &r.release
	holder, owner := d.holderOf(key, rec)
	owns := holder == r.from && owner == m.Owner
	if !owns && !planted.On("stale-owner-written") { // who lost the record writes over the one who has it
		env.Mark("stale-owner-refused")
		d.refuse(env, r, true)
		d.advance(env, key, w)
		return
	}
	proved := rec.Owner == m.Owner
	if owns && !proved {
		rec.Holder, rec.Owner = r.from, m.Owner // by a note; the store is to know it as well
	}
	if m.Delete {
		d.delete(env, key, w)
		return
	}
	again := w.has(m) && proved
	switch {
	case m.Drop:
	case again && r.typ == proto.TypeSave:
		env.Mark("save-came-again")
		d.acknowledge(env, key, w)
		return
	case again:
		env.Mark("release-of-what-is-saved")
	case owns && m.Version != rec.Version:
		// One in front of its time waits for the save that it is based on; an old one is of no use any more.
		env.Mark("save-of-another-version")
		d.refuse(env, r, m.Version < rec.Version)
		d.advance(env, key, w)
		return
	default:
		rec.Version++
		rec.Data = m.Data
		w.class, w.index = m.Class, bounded(env, key, m.Index)
	}
	if r.typ == proto.TypeRelease {
		rec.Holder = node.Peer{}
	}
	d.put(env, key, w)
}

// has tells whether the record is what the save would make of the version that
// it is based on: it came through, and its answer was lost.
func (w *work) has(m *proto.Release) bool {
	return w.record.Version == m.Version+1 && bytes.Equal(w.record.Data, m.Data)
}

// bounded returns the index entries that keep to their bounds. A record that some
// query does not find is better than one that is not saved.
func bounded(env *node.Env, key string, index []proto.IndexEntry) []proto.IndexEntry {
	var fine []proto.IndexEntry
	for _, e := range index {
		if len(fine) < proto.MaxIndex && e.Field != "" && len(e.Field) <= proto.MaxName && len(e.Value) <= proto.MaxIndexValue {
			fine = append(fine, e)
		}
	}
	if len(fine) < len(index) {
		env.Log(node.Warn, "index entries over their bounds are dropped", "key", key, "given", len(index), "kept", len(fine))
	}
	return fine
}

// acknowledge answers the request under way, whose write is in the store, and goes on with the next.
func (d *DB) acknowledge(env *node.Env, key string, w *work) {
	r, rec := &w.requests[0], &w.record
	num := r.release.Num
	d.proved(key, rec.Owner)
	switch r.typ {
	case proto.TypeClaim:
		d.records++
		granted := proto.Claimed{
			Key: key, Num: num, Owner: rec.Owner, Version: rec.Version, Entity: rec.Entity, Data: rec.Data,
		}
		// A game that could not be told holds the record all the same: its next claim is granted.
		d.answerLong(env, r.from, &granted, &proto.Held{Key: key, Num: num})
	case proto.TypeTakeName:
		d.answer(env, r.from, &proto.NameTaken{Num: num, OK: true})
	case proto.TypeDropName:
		d.answer(env, r.from, &proto.NameDropped{NameTaken: proto.NameTaken{Num: num, OK: true}})
	default:
		d.answer(env, r.from, &proto.Saved{Key: key, Num: num, Version: rec.Version})
	}
	d.advance(env, key, w)
}

// refuse answers a request that is not carried out: a save by whether there is no use in trying again.
func (d *DB) refuse(env *node.Env, r *request, stale bool) {
	d.refusals++
	key, num := r.release.Key, r.release.Num
	switch r.typ {
	case proto.TypeClaim:
		d.answer(env, r.from, &proto.Held{Key: key, Num: num})
	case proto.TypeTake:
		d.answer(env, r.from, &proto.NoSave{Key: key, Num: num, Stale: stale, Take: true})
	case proto.TypeTakeName:
		d.answer(env, r.from, &proto.NameTaken{Num: num, Failed: !stale})
	case proto.TypeDropName:
		d.answer(env, r.from, &proto.NameDropped{NameTaken: proto.NameTaken{Num: num, Failed: !stale}})
	default:
		d.answer(env, r.from, &proto.NoSave{Key: key, Num: num, Stale: stale})
	}
}

// answer sends to the very life that asked; another life of that game has no use for it.
func (d *DB) answer(env *node.Env, to node.Peer, m node.Message) {
	if !d.hears(env, to) {
		return
	}
	if err := env.Send(to.ID, m); err != nil {
		env.Mark("answer-without-link")
	}
}

// answerLong is answer for what may be long. It keeps to the room that its link has
// for data, since one game that takes nothing must not end the db of all; where that
// is full the game is told the short answer, by which it asks again.
func (d *DB) answerLong(env *node.Env, to node.Peer, m, short node.Message) {
	if !d.hears(env, to) {
		return
	}
	switch err := env.Forward(to.ID, m.Type(), 0, nil, env.Encode(m)); {
	case errors.Is(err, node.ErrLinkFull):
		env.Mark("answer-at-link-bound")
		d.answer(env, to, short)
	case err != nil:
		env.Mark("answer-without-link")
	}
}

// hears tells whether the very life that asked is there to be answered.
func (d *DB) hears(env *node.Env, to node.Peer) bool {
	if peer, ok := env.PeerOf(to.ID); !ok || peer != to {
		env.Mark("answer-to-the-dead")
		return false
	}
	return true
}
