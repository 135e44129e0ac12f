package dbm

import (
	"strings"

	"messiah/core/addr"
	"messiah/core/node"
	"messiah/core/proto"
)

// A unique name is a record of its own. Who takes or drops it reads and then writes
// it under the revision that was read, so that of two who take it one has it.

// name makes the request one for a name's record.
func (r *request) name(m *proto.TakeName) {
	r.release.Key, r.release.Num, r.owner = proto.NameKey(m.Class, m.Name), m.Num, m.Key
	if m.Class == "" || strings.Contains(m.Class, ":") || m.Name == "" || len(m.Class) > proto.MaxName || len(m.Name) > proto.MaxName {
		r.release.Key = "" // which no record has
	}
}

// soundName tells whether the name and its owner can be.
func (r *request) soundName() bool {
	return r.release.Key != "" && len(r.owner) <= proto.MaxKey && !proto.IsNameKey(r.owner)
}

// takeName gives a free name to the record.
func (d *DB) takeName(env *node.Env, key string, w *work, r *request) {
	switch owner := string(w.record.Data); {
	case w.revision == 0:
		w.record.Data = []byte(r.owner)
		d.put(env, key, w)
	case owner == r.owner:
		env.Mark("name-taken-again")
		d.acknowledge(env, key, w)
	default:
		env.Mark("name-of-another")
		d.answer(env, r.from, &proto.NameTaken{Num: r.release.Num, Holder: owner})
		d.advance(env, key, w)
	}
}

// dropName makes the record's name free.
func (d *DB) dropName(env *node.Env, key string, w *work, r *request) {
	if w.revision > 0 && string(w.record.Data) == r.owner {
		d.delete(env, key, w)
		return
	}
	env.Mark("name-not-owned")
	answer := proto.NameDropped{NameTaken: proto.NameTaken{Num: r.release.Num, OK: true, Holder: string(w.record.Data)}}
	d.answer(env, r.from, &answer)
	d.advance(env, key, w)
}

// OwnerOf reads from the stored record of a unique name which record owns it.
func OwnerOf(value []byte) (string, error) {
	r, err := decode(value)
	return string(r.Data), err
}

// HolderOf reads from a stored record which game has it loaded, the zero Peer is none, and of which entity it is.
func HolderOf(value []byte) (node.Peer, addr.EntityID, error) {
	r, err := decode(value)
	return r.Holder, r.Entity, err
}
