package sim

import (
	"slices"

	"messiah/core/addr"
	"messiah/core/must"
	"messiah/core/node"
	"messiah/core/ordered"
	"messiah/core/proto"
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

// Records is what a record store keeps, in memory, without any of the faults that
// the simulated store puts around it: what each store is held against.
type Records struct {
	rows  map[string]row
	floor uint64 // the highest revision that a deleted record had
}

// NewRecords returns a store without records.
func NewRecords() *Records { return &Records{rows: map[string]row{}} }

// Do carries one request out (StoreGet, StorePut, StoreDelete, StoreFind) and returns its answer.
func (s *Records) Do(m node.Message) node.Message {
	switch m := m.(type) {
	case *proto.StoreGet:
		return s.get(m)
	case *proto.StorePut:
		if !fits(m) {
			return &proto.StoreDid{Num: m.Num, Failed: true}
		}
		return s.write(m, false)
	case *proto.StoreDelete:
		return s.write(&proto.StorePut{Num: m.Num, Key: m.Key, Revision: m.Revision}, true)
	case *proto.StoreFind:
		return s.find(m)
	}
	must.True(false, "the store has no operation %d", m.Type())
	return nil
}

// fits tells whether a store can keep what is put.
func fits(m *proto.StorePut) bool {
	tooLong := func(e proto.IndexEntry) bool {
		return len(e.Field) > proto.MaxName || len(e.Value) > proto.MaxIndexValue
	}
	return m.Key != "" && len(m.Key) <= proto.MaxKey && len(m.Class) <= proto.MaxName && len(m.Index) <= proto.MaxIndex &&
		!slices.ContainsFunc(m.Index, tooLong)
}

func (s *Records) get(m *proto.StoreGet) *proto.StoreGot {
	r, known := s.rows[m.Key]
	if !known {
		return &proto.StoreGot{Num: m.Num, Floor: s.floor}
	}
	return &proto.StoreGot{Num: m.Num, Revision: r.revision, Value: r.value, Class: r.class, Index: r.index}
}

// write replaces or deletes a record if the revision that stands is the one named.
func (s *Records) write(m *proto.StorePut, deletes bool) *proto.StoreDid {
	r := s.rows[m.Key]
	switch {
	case r.revision != m.Revision:
		return &proto.StoreDid{Num: m.Num, Revision: r.revision, Conflict: true}
	case deletes:
		s.floor = max(s.floor, m.Revision)
		delete(s.rows, m.Key)
		return &proto.StoreDid{Num: m.Num}
	case m.Revision == 0:
		r.revision = s.floor
	}
	r = row{r.revision + 1, slices.Clone(m.Value), false, m.Class, m.Entity, proto.KeptIndex(m.Class, m.Index)}
	s.rows[m.Key] = r
	return &proto.StoreDid{Num: m.Num, Revision: r.revision}
}

// find lists records in the order of their keys.
func (s *Records) find(m *proto.StoreFind) *proto.StoreListed {
	listed := &proto.StoreListed{Num: m.Num}
	limit := proto.FindLimit(m.Limit)
	for _, key := range ordered.Keys(s.rows) {
		r := s.rows[key]
		if !r.found(m) {
			continue
		}
		if listed.More = len(listed.Keys) == limit; listed.More {
			break
		}
		listed.Keys = append(listed.Keys, proto.FoundRecord{Key: key, Entity: r.entity})
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
