package rpc

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// heading returns the comment of a first table.
func heading() []string {
	return []string{
		"# The numbers of the game's RPC names. `messiah rpcindex` writes this file; commit it.",
		"# A number is given once: no line changes its number, and a name that is gone keeps",
		"# its line, with a '-' before the name.",
	}
}

// Extend returns the table for exactly these names, in any order and however often
// each is listed: names that old knows keep their numbers, new ones are given free
// numbers, those missing are retired, and those that return are in use again. The schema grows by one;
// if nothing changes, old itself is returned. It fails if a name is bad (see CheckName) or no
// number is left. A nil old is the empty table.
func Extend(old *Table, names []string) (*Table, error) {
	wanted := slices.Clone(names)
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	for _, name := range wanted {
		if err := CheckName(name); err != nil {
			return nil, fmt.Errorf("rpc: %w: rename it", err)
		}
	}
	if old == nil {
		old = empty()
	}
	if slices.Equal(old.Names(), wanted) {
		return old, nil
	}
	if old.schema == math.MaxUint32 {
		return nil, fmt.Errorf("rpc: schema %d is the last: begin a new table", old.schema)
	}
	next := &Table{schema: old.schema + 1, seed: old.seed, head: old.head, tail: old.tail}
	var taken [Numbers]bool
	kept := next.keep(old, wanted, &taken)
	if n := len(old.entries) + len(wanted) - kept; n > Numbers {
		return nil, fmt.Errorf("rpc: %d names and %d retired ones need more than %d numbers: "+
			"once no version that knows them is in use, remove lines of retired names", len(wanted), n-len(wanted), Numbers)
	}
	next.add(old, wanted, &taken)
	return next, next.seal()
}

// empty returns the table that a first one extends: schema 0, no names.
func empty() *Table {
	t := &Table{head: heading()}
	if err := t.seal(); err != nil {
		panic(err.Error()) // no name is hashed
	}
	return t
}

// keep takes over old's entries, in use if they are wanted, and returns how many are.
func (t *Table) keep(old *Table, wanted []string, taken *[Numbers]bool) (kept int) {
	for _, e := range old.entries {
		_, want := slices.BinarySearch(wanted, e.name)
		e.retired = !want
		if want {
			kept++
		}
		taken[e.number-First] = true
		t.entries = append(t.entries, e)
	}
	return kept
}

// add gives numbers to the names that old does not know: the first free one from
// the name's hash on. The hash has no seed, so that two branches of a game that add
// names apart from each other seldom give out the same number.
func (t *Table) add(old *Table, wanted []string, taken *[Numbers]bool) {
	for _, name := range wanted {
		if old.knows(name) {
			continue
		}
		at := hash(name, 0) % Numbers
		for taken[at] {
			at = (at + 1) % Numbers
		}
		taken[at] = true
		t.entries = append(t.entries, entry{name: name, number: uint16(First + at)})
	}
}

// knows reports whether the table has the name, in use or retired.
func (t *Table) knows(name string) bool {
	_, ok := slices.BinarySearchFunc(t.entries, name, func(e entry, name string) int { return strings.Compare(e.name, name) })
	return ok
}

// Build returns a first table of the names, for tests and for games that commit none: the
// same names give the same table. A bad name or too many are the caller's bug and panic.
func Build(names []string) *Table {
	t, err := Extend(nil, names)
	if err != nil {
		panic(err.Error())
	}
	return t
}
