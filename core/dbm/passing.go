package dbm

import (
	"slices"

	"messiah/core/node"
	"messiah/core/ordered"
	"messiah/core/planted"
	"messiah/core/proto"
	"messiah/core/wire"
)

// An entity that moves takes its record along without a write: the db keeps a note of
// who expects it, and then of who has taken it, until that game's first save makes it
// true in the store. A db that has just begun has no notes, and so gives no record away
// that was held before each game has announced what it expects and has taken.

// MaxPassing bounds the notes. At it, entities stay where they are.
const MaxPassing = 1 << 16

// passing is a note about one record.
type passing struct {
	owner  node.Peer // who has taken it, above what the store says
	ownerN uint64
	next   node.Peer // who expects it
	nextN  uint64
}

// Code reads or writes the note.
func (p *passing) Code(c *wire.Coder) {
	p.owner.Code(c)
	c.Uint64(&p.ownerN)
	p.next.Code(c)
	c.Uint64(&p.nextN)
}

// expect notes that a game may take a record over.
func (d *DB) expect(env *node.Env, from node.Peer, m *proto.Expect) {
	note, known := d.passing[m.Key]
	ok := (known || len(d.passing) < MaxPassing) && m.N > note.ownerN && (note.nextN <= m.N || !d.holds(note.next))
	if !ok {
		env.Mark("expect-refused")
	} else if !planted.On("record-not-expected") { // whoever comes is given it once the source is dead
		note.next, note.nextN = from, m.N
		d.passing[m.Key] = note
	}
	d.answer(env, from, &proto.Expected{Key: m.Key, Num: m.Num, OK: ok})
}

// unexpect takes a note back whose entity does not come.
func (d *DB) unexpect(_ *node.Env, from node.Peer, m *proto.Unexpect) {
	note, known := d.passing[m.Key]
	if !known || note.next != from || note.nextN != m.N {
		return
	}
	note.next, note.nextN = node.Peer{}, 0
	d.note(m.Key, note)
}

// note keeps a note that says something.
func (d *DB) note(key string, note passing) {
	if note == (passing{}) {
		delete(d.passing, key)
		return
	}
	d.passing[key] = note
}

// toBeTaken notes at once who says that a record came to it: a claim that waits for
// the same record in front of that word must not be given it.
func (d *DB) toBeTaken(r *request) {
	note, known := d.passing[r.release.Key]
	if n := r.release.Owner; (known || len(d.passing) < MaxPassing) && n > note.ownerN && (n > note.nextN || !d.holds(note.next)) {
		note.next, note.nextN = r.from, n
		d.passing[r.release.Key] = note
	}
}

// take makes a game the owner of a record that came with its entity.
func (d *DB) take(env *node.Env, key string, w *work, r *request) {
	rec, n := &w.record, r.release.Owner
	note := d.passing[key]
	holder, owner := d.holderOf(key, rec)
	if r.alone && !d.announced() {
		env.Mark("take-before-announced")
		d.fail(env, key, w)
		return
	}
	// A later migration went on without the asker: its target has the state that counts.
	expected := r.alone && note.nextN >= n && note.next != r.from && d.holds(note.next)
	if owner > n || owner == n && holder != r.from || expected && !planted.On("expected-record-taken") {
		env.Mark("take-refused")
		if note.next == r.from && note.nextN == n {
			note.next, note.nextN = node.Peer{}, 0
			d.note(key, note)
		}
		d.refuse(env, r, true)
		d.advance(env, key, w)
		return
	}
	if rec.Owner < n {
		if note.owner, note.ownerN = r.from, n; note.nextN <= n {
			note.next, note.nextN = node.Peer{}, 0
		}
		d.passing[key] = note
	}
	claimed := proto.Claimed{Key: key, Num: r.release.Num, Owner: n, Version: rec.Version, Entity: rec.Entity}
	if rec.Version > r.release.Version {
		claimed.Data = rec.Data
	}
	d.records++
	d.answer(env, r.from, &claimed)
	d.advance(env, key, w)
}

// holderOf returns which game has a record, and under which number: by a note, or by the store.
func (d *DB) holderOf(key string, rec *record) (node.Peer, uint64) {
	if note := d.passing[key]; note.ownerN > rec.Owner {
		return note.owner, note.ownerN
	}
	return rec.Holder, rec.Owner
}

// heldBy returns for whom a record is that a game claims: another game that has it or, where
// that is dead or the game itself, one that expects it; false where it is to be had.
func (d *DB) heldBy(key string, rec *record, from node.Peer) (node.Peer, uint64, bool) {
	holder, n := d.holderOf(key, rec)
	note := d.passing[key]
	switch {
	case holder == (node.Peer{}):
		return holder, n, false
	case holder != from && d.holds(holder):
		return holder, n, true
	}
	return note.next, note.nextN, note.nextN > n && note.next != from && d.holds(note.next)
}

// proved forgets a note once the store says the same.
func (d *DB) proved(key string, owner uint64) {
	note, known := d.passing[key]
	if !known {
		return
	}
	if note.ownerN <= owner {
		note.owner, note.ownerN = node.Peer{}, 0
	}
	if note.nextN <= owner {
		note.next, note.nextN = node.Peer{}, 0
	}
	d.note(key, note)
}

// announced tells whether every live game has told this db what it expects and has taken.
func (d *DB) announced() bool {
	for _, p := range d.live {
		if p.ID.Kind() == node.Game && !slices.Contains(d.announcers, p) {
			return false
		}
	}
	return true
}

// forgetPassing drops what the dead expected. What they had taken stays: the next owner's
// number goes on above theirs.
func (d *DB) forgetPassing(dead []node.Peer) {
	for _, key := range ordered.Keys(d.passing) {
		if note := d.passing[key]; slices.Contains(dead, note.next) {
			note.next, note.nextN = node.Peer{}, 0
			d.note(key, note)
		}
	}
	d.announcers = slices.DeleteFunc(d.announcers, func(p node.Peer) bool { return slices.Contains(dead, p) })
}
