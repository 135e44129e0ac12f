package maporder

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
)

type id uint32

type actor struct {
	name string
	hp   int
	tags map[string]bool
	next *actor
}

func (a *actor) alive() bool { return a.hp > 0 }
func (a *actor) deep() int   { return a.depth(3) }
func (a *actor) depth(n int) int {
	if n == 0 {
		return 0
	}
	return a.depth(n-1) + 1
}

type world struct {
	actors map[id]*actor
	names  []string
	total  int
	index  map[string]id
}

type spot struct{ x, y int }

func sortedKeys(m map[string]int) (s []string) {
	for k := range m {
		s = append(s, k)
	}
	slices.Sort(s)
	return s
}

func sortedKeysOfSort(m map[string]int) []string {
	keys := make([]string, 0, len(m))
	for k, v := range m {
		if v > 2 {
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	sort.Strings(keys)
	return keys
}

func sortedValues(m map[string]int) []int {
	var s []int
	for _, v := range m {
		s = append(s, v*2)
	}
	sort.Slice(s, func(i, j int) bool { return s[i] > s[j] })
	return s
}

func sortedByMethod(m map[string]int) []string {
	var s []string
	for k := range m {
		s = append(s, strings.ToUpper(k))
	}
	sort.Sort(sort.Reverse(sort.StringSlice(s)))
	sort.Sort(sort.StringSlice(s))
	return s
}

type byText []string

func (b byText) Len() int           { return len(b) }
func (b byText) Less(i, j int) bool { return b[i] < b[j] }
func (b byText) Swap(i, j int)      { b[i], b[j] = b[j], b[i] }

func sortedByOwnType(m map[string]int) []string {
	var s []string
	for k := range m {
		s = append(s, k)
	}
	sort.Sort(byText(s))
	return s
}

func sortedByAllFields(m map[spot]int) []spot {
	var s []spot
	for k := range m {
		s = append(s, k)
	}
	slices.SortFunc(s, func(a, b spot) int { return cmp.Or(cmp.Compare(a.x, b.x), cmp.Compare(a.y, b.y)) })
	return s
}

func bySpot(a, b spot) int {
	if a.x != b.x {
		return a.x - b.x
	}
	return a.y - b.y
}

func sortedByFunction(m map[spot]int) []spot {
	var s []spot
	for k := range m {
		s = append(s, k)
	}
	slices.SortStableFunc(s, bySpot)
	return s
}

func sortedByValueThenKey(m map[string]int) []string {
	var s []string
	for k := range m {
		s = append(s, k)
	}
	slices.SortFunc(s, func(a, b string) int { return cmp.Or(m[b]-m[a], strings.Compare(a, b)) })
	return s
}

func sortedAfterBoth(ms []map[id]int) []id {
	var s []id
	for _, m := range ms {
		for k := range m {
			s = append(s, k)
		}
	}
	slices.Sort(s)
	return s
}

func (w *world) sortedField() {
	w.names = w.names[:0]
	for _, a := range w.actors {
		w.names = append(w.names, a.name)
	}
	slices.Sort(w.names)
}

func collected(m map[string]int) []string {
	keys := slices.Collect(maps.Keys(m))
	slices.Sort(keys)
	return keys
}

func counts(m map[string]int, w *world) (n int, odd bool) {
	for range m {
		n++
	}
	for k, v := range m {
		if v > 3 && len(k) > 2 {
			n += v
			w.total += len(k)
			continue
		}
		n -= 2
	}
	bits, all, product := 0, true, 1
	for _, v := range m {
		bits |= v
		all = all && v > 0
		odd = odd || v%2 == 1
		product *= v
	}
	for _, a := range w.actors {
		if a.alive() && a.deep() > 2 && !strings.HasPrefix(a.name, "x") {
			n++
		}
		switch {
		case a.hp > 5:
			w.total++
		default:
			w.total += 2
		}
	}
	_, _ = bits, all
	return n + product, odd
}

func extrema(m map[string]int, f map[string]float64) (best int, who string, most float64) {
	for k, v := range m {
		if v > best {
			best = v
		}
		who = max(who, k)
	}
	found := false
	for k, v := range m {
		if !found || v > best || v == best && k < who {
			best, who, found = v, k, true
		}
	}
	for k, v := range m {
		if v < best || (v == best && who > k) {
			best = v
			who = k
		}
	}
	for _, v := range f {
		most = max(most, v)
	}
	return best, who, most
}

func nearest(m map[id]spot) (at spot, of id) {
	first := true
	for k, s := range m {
		if k < of {
			of, at = k, s
		}
	}
	_ = first
	return at, of
}

func sets(m map[string]int, w *world) (map[string]bool, map[int]int, [8]int) {
	set, inverse, hist := map[string]bool{}, map[int]int{}, [8]int{}
	for k, v := range m {
		set[k] = v > 2
		set[k] = true
		inverse[v]++
		hist[v&7] += v
		m[k] = v + 1
		if m[k] > 3 {
			delete(m, k)
		}
	}
	seen := map[int]struct{}{}
	for _, v := range m {
		seen[v] = struct{}{}
	}
	groups := map[string][]int{}
	for k, v := range m {
		groups[k] = append(groups[k], v, v)
	}
	for k := range seen {
		delete(inverse, k)
	}
	for _, g := range groups {
		slices.Sort(g)
	}
	copied := make(map[string]int, len(m))
	for k, v := range m {
		copied[k] = v
	}
	return set, inverse, hist
}

func (w *world) elements(now int) {
	for _, a := range w.actors {
		a.hp--
		if a.hp < 0 {
			a.hp = 0
			a.next = nil
		}
	}
	for k, a := range w.actors {
		if a.hp == 0 {
			delete(w.actors, k)
		}
	}
	for _, a := range w.actors {
		a.hp = now
	}
}

func locals(m map[string][]int, w *world) (n int) {
	for k, list := range m {
		sum, text := 0, ""
		best := [2]int{}
		own := []int{}
		for i, v := range list {
			if v < 0 {
				break
			}
			sum += v
			text += k
			best[i&1] = v
			own = append(own, v)
			own[0] = 3
		}
		local := &actor{}
		local.hp = sum
		n += sum + len(text) + best[0] + local.hp
	}
	return n
}

func exits(m map[string]int) bool {
	for _, v := range m {
		if v > 3 {
			return true
		}
	}
	for k := range m {
		if k == "" {
			panic("maporder: empty key")
		}
	}
	found := false
	for _, v := range m {
		if v > 3 {
			found = true
			break
		}
	}
outer:
	for _, list := range [][]int{{1}} {
		for k := range m {
			for _, v := range list {
				if len(k) > v {
					continue outer
				}
			}
		}
	}
	return found
}

func sequences(m map[string]int) (n int) {
	_ = slices.Sorted(maps.Keys(m))
	_ = slices.Sorted(maps.Values(m))
	_ = slices.SortedFunc(maps.Keys(m), strings.Compare)
	_ = slices.SortedFunc(maps.Keys(m), func(a, b string) int { return strings.Compare(b, a) })
	_ = maps.Collect(maps.All(m))
	maps.Insert(m, maps.All(m))
	for k, v := range maps.All(m) {
		n += len(k) + v
	}
	for v := range maps.Values(m) {
		n += v
	}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		fmt.Sprintln(k)
	}
	maps.DeleteFunc(m, func(k string, v int) bool { return v > 3 && k != "" })
	_ = len(slices.Collect(maps.Keys(m)))
	for _, v := range []int{1} {
		call(v)
	}
	return n
}

func call(int) {}

func genericKeys[M ~map[K]V, K cmp.Ordered, V any](m M) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
