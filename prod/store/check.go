package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"messiah/core/addr"
	"messiah/core/dbm"
	"messiah/core/node"
	"messiah/core/proto"
)

// maxDamage bounds the findings that a report lists.
const maxDamage = 100

// Report is what a check of a whole store has found.
type Report struct {
	Store   string           `json:"store"` // its place, without secrets
	Kind    string           `json:"kind"`  // bbolt or postgres
	Records int64            `json:"records"`
	Bytes   int64            `json:"bytes"`   // of values
	Classes map[string]int64 `json:"classes"` // records by class, "" of those without
	Entries int64            `json:"index_entries"`
	Names   int64            `json:"names"` // unique names taken
	Orphans int64            `json:"names_without_record"`
	Held    map[string]int64 `json:"held"` // records by the life of a game that has them loaded
	Floor   uint64           `json:"floor"`
	Damage  []Damage         `json:"damage"`
	More    int64            `json:"damage_more"` // further findings
	OK      bool             `json:"ok"`
}

// Damage is one thing that is wrong with a store.
type Damage struct {
	Key  string `json:"key"` // of the record, "" where it is none's
	What string `json:"what"`
}

func (r *Report) found(key, what string) {
	if len(r.Damage) == maxDamage {
		r.More++
		return
	}
	r.Damage = append(r.Damage, Damage{key, what})
}

// Progress is told how many of how many records have been worked on.
type Progress func(done, all int64)

// Check reads every record of the store of a place and holds its index entries
// against it, both ways. Damage is in the report; an error is why it could not be read.
func Check(ctx context.Context, place string, progress Progress) (*Report, error) {
	r := &Report{
		Store: Place(place), Kind: "bbolt", Classes: map[string]int64{}, Held: map[string]int64{}, Damage: []Damage{},
	}
	if IsPostgres(place) {
		r.Kind = "postgres"
	}
	err := withSnapshot(ctx, place, func(s snapshot) error {
		c := check{Report: r, ctx: ctx, progress: progress, wanted: map[mark]bool{}, keys: map[mark]bool{}, owners: map[string]string{}}
		return c.all(s)
	})
	r.OK = len(r.Damage) == 0
	return r, err
}

// mark stands for an index entry or a key, of which there may be too many to keep.
type mark [16]byte

func markOf(parts ...string) mark {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", parts))
	return mark(sum[:])
}

func entryMark(class string, e proto.IndexEntry, key string, entity addr.EntityID) mark {
	return markOf(class, e.Field, e.Value, key, entity.String())
}

// check is one at work.
type check struct {
	*Report
	ctx      context.Context
	progress Progress
	wanted   map[mark]bool     // entries that records have, until they are found
	keys     map[mark]bool     // of all records
	owners   map[string]string // by key of a unique name: the key of the record that owns it
}

func (c *check) all(s snapshot) error {
	for _, what := range s.sound() {
		c.found("", what)
	}
	floor, err := s.floor()
	switch c.Floor = floor; {
	case errors.Is(err, ErrDamaged):
		c.found("", "the highest revision of deleted records is not known")
	case err != nil:
		return err
	}
	total, err := s.count()
	if err != nil {
		return err
	}
	if err := s.records(func(key string, r *row, damage error) error {
		c.Records++
		c.progress(c.Records, total)
		c.record(key, r, damage)
		return c.ctx.Err()
	}); err != nil {
		return err
	}
	for key, owner := range c.owners {
		if !c.keys[markOf(owner)] {
			c.Orphans++
		}
		delete(c.owners, key)
	}
	if err := s.entries(c.entry); err != nil {
		return err
	}
	if len(c.wanted) == 0 {
		return nil
	}
	return s.records(c.missing)
}

// record looks at one record by itself.
func (c *check) record(key string, r *row, damage error) {
	c.keys[markOf(key)] = true
	if damage != nil {
		c.found(key, damage.Error())
		return
	}
	c.Bytes += int64(len(r.Value))
	c.Classes[r.Class]++
	for _, e := range r.lookups() {
		c.wanted[entryMark(r.Class, e, key, r.Entity)] = true
	}
	if !r.fits(key) {
		c.found(key, "is over the bounds of a record")
	}
	holder, _, err := dbm.HolderOf(r.Value)
	if err != nil {
		c.found(key, "its value cannot be read: "+err.Error())
		return
	}
	if holder != (node.Peer{}) {
		c.Held[fmt.Sprintf("%v/%v", holder.ID, holder.Inc)]++
	}
	if proto.IsNameKey(key) {
		c.Names++
		c.owners[key], _ = dbm.OwnerOf(r.Value)
	}
}

// entry holds one index entry against the records.
func (c *check) entry(class string, e proto.IndexEntry, key string, entity addr.EntityID) error {
	c.Entries++
	m := entryMark(class, e, key, entity)
	if !c.wanted[m] {
		c.found(key, fmt.Sprintf("an index entry that the record has not: class %q, field %q, value %q", class, e.Field, e.Value))
	}
	delete(c.wanted, m)
	return c.ctx.Err()
}

// missing names the records of the entries that were not found.
func (c *check) missing(key string, r *row, damage error) error {
	if damage != nil {
		return nil
	}
	for _, e := range r.lookups() {
		if c.wanted[entryMark(r.Class, e, key, r.Entity)] {
			c.found(key, fmt.Sprintf("an index entry is missing: class %q, field %q, value %q", r.Class, e.Field, e.Value))
		}
	}
	return c.ctx.Err()
}
