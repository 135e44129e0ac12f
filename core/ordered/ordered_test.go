package ordered

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// model is a Map as a plain list: slow and plainly right.
type model []struct{ key, value int }

func (m model) find(key int) int {
	return slices.IndexFunc(m, func(e struct{ key, value int }) bool { return e.key == key })
}

func TestMapIsAListOfKeysInOrderOfInsertion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var m Map[int, int]
		var want model
		key := rapid.IntRange(0, 40)
		t.Repeat(map[string]func(*rapid.T){
			"set": func(t *rapid.T) {
				k, v := key.Draw(t, "key"), rapid.Int().Draw(t, "value")
				m.Set(k, v)
				if i := want.find(k); i >= 0 {
					want[i].value = v
				} else {
					want = append(want, struct{ key, value int }{k, v})
				}
			},
			"delete": func(t *rapid.T) {
				k := key.Draw(t, "key")
				i := want.find(k)
				if m.Delete(k) != (i >= 0) {
					t.Fatalf("Delete(%d) is wrong", k)
				}
				if i >= 0 {
					want = slices.Delete(want, i, i+1)
				}
			},
			"": func(t *rapid.T) { compare(t, &m, want) },
		})
	})
}

func compare(t *rapid.T, m *Map[int, int], want model) {
	var i int
	for k, v := range m.All() {
		if i >= len(want) || want[i].key != k || want[i].value != v {
			t.Fatalf("entry %d is %d: %d, want %v", i, k, v, want)
		}
		if got, ok := m.Get(k); !ok || got != v || !m.Has(k) {
			t.Fatalf("Get(%d) = %d, %v", k, got, ok)
		}
		i++
	}
	if i != len(want) || m.Len() != len(want) {
		t.Fatalf("walked over %d of %d, Len %d", i, len(want), m.Len())
	}
	k, v, ok := m.First()
	if ok != (len(want) > 0) || ok && (k != want[0].key || v != want[0].value) {
		t.Fatalf("First is %d: %d, %v", k, v, ok)
	}
}

// A walk meets, once and in order, what was there at its start and is still there at its turn.
func TestAMapMayChangeWhileItIsWalked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var m Map[int, int]
		n := rapid.IntRange(0, 120).Draw(t, "size")
		for k := range n {
			m.Set(k, k)
		}
		fresh := n
		var walked []int
		gone := map[int]bool{}
		for k := range m.All() {
			if gone[k] {
				t.Fatalf("met %d after it was deleted", k)
			}
			walked = append(walked, k)
			for range rapid.IntRange(0, 3).Draw(t, "changes") {
				doomed := rapid.IntRange(0, fresh).Draw(t, "doomed")
				m.Delete(doomed)
				gone[doomed] = true
				if rapid.Bool().Draw(t, "set") {
					fresh++
					m.Set(fresh, 0)
				}
			}
		}
		if !slices.IsSorted(walked) || len(slices.Compact(walked)) != len(walked) {
			t.Fatalf("out of order: %v", walked)
		}
		for k := range n {
			if !gone[k] && !slices.Contains(walked, k) {
				t.Fatalf("%d was left out", k)
			}
		}
		if i := slices.IndexFunc(walked, func(k int) bool { return k >= n }); i >= 0 {
			t.Fatalf("met %d, which was set during the walk", walked[i])
		}
	})
}

func TestAMapThatIsClearedDuringAWalkEndsIt(t *testing.T) {
	var m Map[int, int]
	m.Set(1, 1)
	m.Set(2, 2)
	for k := range m.All() {
		if k != 1 {
			t.Errorf("met %d", k)
		}
		m.Clear()
		m.Set(3, 3)
	}
	if m.Len() != 1 || !m.Has(3) {
		t.Error("what was set during the walk is gone")
	}
}

func TestAWalkMayEndEarly(t *testing.T) {
	var s Set[string]
	s.Add("b")
	s.Add("a")
	for k := range s.All() {
		if k != "b" {
			t.Errorf("%q is first", k)
		}
		break
	}
}

func TestSet(t *testing.T) {
	var s Set[string]
	if !s.Add("b") || !s.Add("a") || s.Add("b") || s.Len() != 2 {
		t.Error("two members were added")
	}
	if first, ok := s.First(); first != "b" || !ok {
		t.Error("b was added first")
	}
	if !s.Delete("b") || s.Delete("b") || s.Has("b") || !s.Has("a") {
		t.Error("b was deleted")
	}
	if got := slices.Collect(s.All()); !slices.Equal(got, []string{"a"}) {
		t.Errorf("left is %v", got)
	}
	s.Clear()
	if _, ok := s.First(); ok || s.Len() != 0 {
		t.Error("the set was cleared")
	}
}

func TestKeysAreSorted(t *testing.T) {
	if got := Keys(map[string]int{"c": 1, "a": 2, "b": 3}); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Error(got)
	}
}

func BenchmarkSetAndDelete(b *testing.B) {
	var m Map[uint64, *int]
	for k := range uint64(1000) {
		m.Set(k, nil)
	}
	b.ReportAllocs()
	for k := uint64(1000); b.Loop(); k++ {
		m.Set(k, nil)
		m.Delete(k - 1000)
	}
}

func BenchmarkAll(b *testing.B) {
	var m Map[uint64, uint64]
	for k := range uint64(1000) {
		m.Set(k, k)
	}
	b.ReportAllocs()
	for b.Loop() {
		var sum uint64
		for _, v := range m.All() {
			sum += v
		}
		if sum != 499500 {
			b.Fatal(sum)
		}
	}
}
