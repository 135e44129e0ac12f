// Package rpc is the index of RPC names: each name of a game has a number of four
// digits, which travels instead of it. Numbers are given once, offline, and stand
// in a text that is committed with the game (see Parse); none ever changes, so that
// versions of a game which know different names understand each other.
//
// A name is found by a perfect hash: its hash picks a bucket, the bucket's shift and
// the hash pick a slot, and each slot holds one name. The shifts are searched for when
// a table is made (hash and displace: Belazzougui, Botelho, Dietzfelbinger, 2009).
package rpc

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// The numbers that names may have, both included.
const (
	First = 1000
	Last  = 9999
)

// Numbers is how many names a table holds at most, those retired included: at the
// bound Extend refuses more.
const Numbers = Last - First + 1

// MaxName bounds a name, in bytes.
const MaxName = 128

// Table maps names to numbers and back. It does not change once made, so that any
// number of owners may share one. A nil Table has no name and schema 0.
type Table struct {
	schema  uint32
	seed    uint64
	digest  uint64
	entries []entry // sorted by name, those retired among them
	live    int     // entries that are not retired
	head    []string
	tail    []string

	shifts []uint16 // of a bucket; its length is a power of two
	slots  []uint16 // 1 + index of a live entry, or 0; its length is a power of two
	byNum  []uint16 // 1 + index of the live entry with number First + i, or 0
}

// entry is a line of the text.
type entry struct {
	name    string
	number  uint16
	retired bool
	above   []string // the comment lines before it
}

// Number returns the number of a name that is in use.
func (t *Table) Number(name string) (uint16, bool) {
	if t == nil || len(t.slots) == 0 {
		return 0, false
	}
	i := t.slots[t.slot(hash(name, t.seed))]
	if i == 0 || t.entries[i-1].name != name {
		return 0, false
	}
	return t.entries[i-1].number, true
}

// Name returns the name in use that has the number.
func (t *Table) Name(number uint16) (string, bool) {
	if t == nil || number < First || int(number-First) >= len(t.byNum) {
		return "", false
	}
	i := t.byNum[number-First]
	if i == 0 {
		return "", false
	}
	return t.entries[i-1].name, true
}

// Names returns the names in use, sorted.
func (t *Table) Names() []string { return t.names(false) }

// Retired returns the names that are no longer in use but keep their numbers, sorted.
func (t *Table) Retired() []string { return t.names(true) }

func (t *Table) names(retired bool) []string {
	if t == nil {
		return nil
	}
	var names []string
	for i := range t.entries {
		if t.entries[i].retired == retired {
			names = append(names, t.entries[i].name)
		}
	}
	return names
}

// Len returns how many names are in use.
func (t *Table) Len() int {
	if t == nil {
		return 0
	}
	return t.live
}

// Room returns how many more names fit: retired ones take their place for ever.
func (t *Table) Room() int {
	if t == nil {
		return Numbers
	}
	return Numbers - len(t.entries)
}

// Schema returns the number of the table's edition: each Extend that changes
// something makes it one more.
func (t *Table) Schema() uint32 {
	if t == nil {
		return 0
	}
	return t.schema
}

// Digest returns a number for the names in use and their numbers: the first eight
// bytes of a SHA-256; 0 for a nil Table.
func (t *Table) Digest() uint64 {
	if t == nil {
		return 0
	}
	return t.digest
}

// Prove checks each name and number one by one and returns what is wrong, if
// anything: numbers are in range, no two names share one, each name in use is found at its
// own number and that number at its name, and those retired are not found.
func (t *Table) Prove() error {
	if t == nil {
		return nil
	}
	var owner [Numbers]string
	for i := range t.entries {
		e := &t.entries[i]
		if err := checkEntry(e); err != nil {
			return fmt.Errorf("rpc: %w", err)
		}
		if i > 0 && t.entries[i-1].name >= e.name {
			return fmt.Errorf("rpc: %s and %s are the same name or out of order", t.entries[i-1].name, e.name)
		}
		if other := owner[e.number-First]; other != "" {
			return fmt.Errorf("rpc: %s and %s share number %d", other, e.name, e.number)
		}
		owner[e.number-First] = e.name
		number, ok := t.Number(e.name)
		name, _ := t.Name(e.number)
		switch {
		case e.retired && (ok || name != ""):
			return fmt.Errorf("rpc: %s is retired and still found", e.name)
		case !e.retired && (!ok || number != e.number || name != e.name):
			return fmt.Errorf("rpc: %s has number %d, and is found at %d", e.name, e.number, number)
		}
	}
	return t.proveSlots()
}

// proveSlots checks that as many slots are taken as names are in use. Together
// with each name's being found, this says that no two share a slot.
func (t *Table) proveSlots() error {
	taken := len(t.slots) - count(t.slots, 0)
	if taken != t.live {
		return fmt.Errorf("rpc: %d names are in use and %d slots are taken", t.live, taken)
	}
	return nil
}

func count(s []uint16, v uint16) (n int) {
	for _, one := range s {
		if one == v {
			n++
		}
	}
	return n
}

func checkEntry(e *entry) error {
	if e.number < First || e.number > Last {
		return fmt.Errorf("number %d of %s is not within %d..%d", e.number, e.name, First, Last)
	}
	return CheckName(e.name)
}

// CheckName returns what is wrong with a name, if anything: a name is 1 to MaxName letters,
// digits, '-', '_' and '.' of ASCII, and does not begin with '-', which marks retired ones.
func CheckName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("an empty name")
	case len(name) > MaxName:
		return fmt.Errorf("a name of %d bytes, more than %d: %.20q…", len(name), MaxName, name)
	case name[0] == '-':
		return fmt.Errorf("name %q begins with '-', the mark of a retired one", name)
	}
	if i := strings.IndexFunc(name, foreign); i >= 0 {
		return fmt.Errorf("name %q has more than letters, digits, '-', '_' and '.' in it, at byte %d", name, i)
	}
	return nil
}

// foreign reports whether r may not stand in a name.
func foreign(r rune) bool {
	return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_' || r == '.')
}

// seal completes a table whose schema, seed and entries are set: it sorts them,
// finds the perfect hash, its seed the first from t.seed on, and computes the digest.
func (t *Table) seal() error {
	slices.SortFunc(t.entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	t.live, t.byNum = 0, make([]uint16, Numbers)
	var text []byte
	for i := range t.entries {
		e := &t.entries[i]
		if e.retired {
			continue
		}
		t.live++
		t.byNum[e.number-First] = uint16(i + 1)
		text = binary.BigEndian.AppendUint16(text, e.number)
		text = append(append(text, uint8(len(e.name))), e.name...)
	}
	sum := sha256.Sum256(text)
	t.digest = binary.BigEndian.Uint64(sum[:])
	return t.place()
}
