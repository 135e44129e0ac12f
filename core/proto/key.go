package proto

import (
	"slices"
	"strings"

	"messiah/core/addr"
	"messiah/core/wire"
)

// Bounds of what a record is named and found by, in bytes where nothing else is said.
// The db drops index entries over them and says so in its log; the record is saved all the same.
const (
	MaxKey        = 320
	MaxIndex      = 8 // entries of one record
	MaxIndexValue = 128
	MaxFound      = 256 // records in the answer to one query
)

// AccountKey names the record of an account's avatar.
func AccountKey(account string) string { return accountPrefix + account }

const accountPrefix = "account:"

// AccountOf returns the account whose avatar's record a key names.
func AccountOf(key string) (account string, is bool) { return strings.CutPrefix(key, accountPrefix) }

// StubKey names the record of a stub.
func StubKey(stub string) string { return "stub:" + stub }

// EntityKey names the record of an entity that has no other name.
func EntityKey(id addr.EntityID) string { return "entity:" + id.String() }

// NameKey names the record of a unique name. A class has no colon, so that no two names share a record.
func NameKey(class, name string) string { return namePrefix + class + ":" + name }

const namePrefix = "name:"

// IsLoginKey tells whether a key is that of an account's password, which the db alone reads.
func IsLoginKey(key string) bool { return strings.HasPrefix(key, loginPrefix) }

// IsNameKey tells whether a key is that of a unique name, which is taken and dropped, never claimed.
func IsNameKey(key string) bool { return strings.HasPrefix(key, namePrefix) }

// IndexEntry is one field of a record that queries find it by, as text.
type IndexEntry struct{ Field, Value string }

// Code reads or writes the entry.
func (e *IndexEntry) Code(c *wire.Coder) {
	c.String(&e.Field)
	c.String(&e.Value)
}

// KeptIndex returns the entries that a store keeps of those that a put has: none
// without a class, none without a field, and none twice.
func KeptIndex(class string, entries []IndexEntry) (kept []IndexEntry) {
	for _, e := range entries {
		if class != "" && e.Field != "" && !slices.Contains(kept, e) {
			kept = append(kept, e)
		}
	}
	return kept
}

// index codes a list of index entries.
func index(c *wire.Coder, entries *[]IndexEntry) {
	wire.Slice(c, entries, func(c *wire.Coder, e *IndexEntry) { c.Struct(e) })
}

// FoundRecord is one record that a query found.
type FoundRecord struct {
	Key    string
	Entity addr.EntityID
}

// Code reads or writes the record's names.
func (f *FoundRecord) Code(c *wire.Coder) {
	c.String(&f.Key)
	f.Entity.Code(c)
}

// found codes a list of found records.
func found(c *wire.Coder, records *[]FoundRecord) {
	wire.Slice(c, records, func(c *wire.Coder, r *FoundRecord) { c.Struct(r) })
}

// FindLimit returns how many records a query with that limit finds at most.
func FindLimit(limit uint32) int {
	if limit == 0 || limit > MaxFound {
		return MaxFound
	}
	return int(limit)
}
