// Package ordered has maps and sets whose order is stated, for state that is
// walked: in the order of insertion, or sorted by key.
package ordered

import (
	"cmp"
	"iter"
	"slices"
)

// Keys returns the keys of a plain map in ascending order.
func Keys[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Map is a map that is walked in the order in which its keys were first set;
// a key that is deleted and set again goes to the end. Its zero value is empty.
// A Map is not to be copied.
type Map[K comparable, V any] struct {
	entries []entry[K, V] // by seq; deleted ones stay until they are the half
	place   map[K]int
	seq     uint64 // of the last entry
	moves   uint64 // how often entries changed their place
}

type entry[K comparable, V any] struct {
	key   K
	value V
	seq   uint64
	gone  bool
}

// Len returns how many keys are set.
func (m *Map[K, V]) Len() int { return len(m.place) }

// Get returns the value of a key, or the zero value and false.
func (m *Map[K, V]) Get(key K) (V, bool) {
	if i, ok := m.place[key]; ok {
		return m.entries[i].value, true
	}
	var zero V
	return zero, false
}

// Has tells whether a key is set.
func (m *Map[K, V]) Has(key K) bool {
	_, ok := m.place[key]
	return ok
}

// Set sets the value of a key; one that was set before keeps its place.
func (m *Map[K, V]) Set(key K, value V) {
	if i, ok := m.place[key]; ok {
		m.entries[i].value = value
		return
	}
	if m.place == nil {
		m.place = map[K]int{}
	}
	m.seq++
	m.place[key] = len(m.entries)
	m.entries = append(m.entries, entry[K, V]{key: key, value: value, seq: m.seq})
}

// Delete unsets a key and tells whether it was set.
func (m *Map[K, V]) Delete(key K) bool {
	i, ok := m.place[key]
	if !ok {
		return false
	}
	delete(m.place, key)
	m.entries[i] = entry[K, V]{seq: m.entries[i].seq, gone: true}
	if gone := len(m.entries) - len(m.place); gone > 16 && gone > len(m.place) {
		m.compact()
	}
	return true
}

// Clear unsets every key.
func (m *Map[K, V]) Clear() {
	clear(m.place)
	clear(m.entries)
	m.entries = m.entries[:0]
	m.moves++
}

// First returns the key that has been set for the longest time, and its value;
// false if there is none.
func (m *Map[K, V]) First() (key K, value V, ok bool) {
	for i := range m.entries {
		if e := &m.entries[i]; !e.gone {
			return e.key, e.value, true
		}
	}
	return key, value, false
}

// All walks over keys and values in order. The map may change meanwhile: a key
// that is deleted before its turn is left out, and so is one set during the walk.
func (m *Map[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		last, moves := m.seq, m.moves
		for i := 0; i < len(m.entries) && m.entries[i].seq <= last; {
			e := m.entries[i]
			if !e.gone && !yield(e.key, e.value) {
				return
			}
			i++
			if m.moves != moves {
				moves, i = m.moves, m.after(e.seq)
			}
		}
	}
}

// after returns the place of the first entry younger than one.
func (m *Map[K, V]) after(seq uint64) int {
	i, _ := slices.BinarySearchFunc(m.entries, seq+1, func(e entry[K, V], want uint64) int {
		return cmp.Compare(e.seq, want)
	})
	return i
}

// compact closes the gaps that deleted entries left.
func (m *Map[K, V]) compact() {
	m.moves++
	m.entries = slices.DeleteFunc(m.entries, func(e entry[K, V]) bool { return e.gone })
	for i := range m.entries {
		m.place[m.entries[i].key] = i
	}
}

// Set is a set that is walked in the order in which its members were added.
// Its zero value is empty. A Set is not to be copied.
type Set[K comparable] struct{ m Map[K, struct{}] }

// Len returns how many members there are.
func (s *Set[K]) Len() int { return s.m.Len() }

// Has tells whether a key is a member.
func (s *Set[K]) Has(key K) bool { return s.m.Has(key) }

// Add makes a key a member and tells whether it was none before.
func (s *Set[K]) Add(key K) bool {
	if s.m.Has(key) {
		return false
	}
	s.m.Set(key, struct{}{})
	return true
}

// Delete takes a member out and tells whether it was one.
func (s *Set[K]) Delete(key K) bool { return s.m.Delete(key) }

// Clear takes every member out.
func (s *Set[K]) Clear() { s.m.Clear() }

// First returns the member that was added first; false if there is none.
func (s *Set[K]) First() (K, bool) {
	key, _, ok := s.m.First()
	return key, ok
}

// All walks over the members in order; the set may change meanwhile, as in Map.All.
func (s *Set[K]) All() iter.Seq[K] {
	return func(yield func(K) bool) {
		for key := range s.m.All() {
			if !yield(key) {
				return
			}
		}
	}
}
