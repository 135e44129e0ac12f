package store

import (
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
)

// request is one decoded frame, and later its answer.
type request struct {
	kind uint16 // type of the frame
	num  uint64
	key  string
	row  row             // of a put what is to be written under which revision; of the answer to a get what is there
	find proto.StoreFind // what a find asks

	unfit            bool   // no store can keep what is put
	floor            uint64 // of the answer to a get of no record
	conflict, failed bool
	found            []proto.FoundRecord
	more             bool
}

// parse decodes a request.
func parse(frame []byte) (r request, ok bool) {
	f, _, err := wire.Split(frame)
	if err != nil {
		return r, false
	}
	r.kind = f.Type
	switch f.Type {
	case proto.TypeStoreGet:
		var m proto.StoreGet
		err = wire.Decode(f.Payload, &m)
		r.num, r.key = m.Num, m.Key
	case proto.TypeStorePut:
		var m proto.StorePut
		err = wire.Decode(f.Payload, &m)
		r.num, r.key = m.Num, m.Key
		r.row = row{Revision: m.Revision, Class: m.Class, Entity: m.Entity, Index: m.Index, Value: m.Value}
		r.unfit = !r.row.fits(r.key)
		r.row.Index = proto.KeptIndex(m.Class, m.Index)
	case proto.TypeStoreDelete:
		var m proto.StoreDelete
		err = wire.Decode(f.Payload, &m)
		r.num, r.key, r.row.Revision = m.Num, m.Key, m.Revision
	case proto.TypeStoreFind:
		err = wire.Decode(f.Payload, &r.find)
		r.num = r.find.Num
	default:
		return r, false
	}
	return r, err == nil
}

// writes tells whether the request changes a record.
func (r *request) writes() bool {
	return r.kind == proto.TypeStorePut || r.kind == proto.TypeStoreDelete
}

// size is how many bytes the request keeps while it waits.
func (r *request) size() int { return len(r.key) + len(r.row.Value) }

// fail makes the answer one that promises nothing.
func (r *request) fail() {
	r.failed, r.conflict, r.more, r.found, r.row, r.floor = true, false, false, nil, row{}, 0
}

// clash makes the answer a conflict with the revision that stands.
func (r *request) clash(revision uint64) { r.conflict, r.row = true, row{Revision: revision} }

// frame encodes the answer.
func (r *request) frame() []byte {
	var m node.Message
	switch r.kind {
	case proto.TypeStoreGet:
		m = &proto.StoreGot{
			Num: r.num, Revision: r.row.Revision, Value: r.row.Value, Failed: r.failed,
			Class: r.row.Class, Index: r.row.Index, Floor: r.floor,
		}
	case proto.TypeStoreFind:
		m = &proto.StoreListed{Num: r.num, Keys: r.found, More: r.more, Failed: r.failed}
	default:
		m = &proto.StoreDid{Num: r.num, Revision: r.row.Revision, Conflict: r.conflict, Failed: r.failed}
	}
	return wire.AppendFrame(nil, m.Type(), 0, nil, wire.Append(nil, m))
}
