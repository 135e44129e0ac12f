package maporder

import (
	"cmp"
	"encoding/gob"
	"fmt"
	"iter"
	"maps"
	"reflect"
	"slices"
	"sort"
	"strings"
)

func unsorted(m map[string]int) (s []string) {
	for k := range m { // want `range over the map m, whose order is random, collects into s, which is not sorted by a total order before its next use \(line 17\): a replay walks it in another order; walk slices.Sorted`
		s = append(s, k)
	}
	return
}

func sortedOther(m map[string]int, r []string) (s []string) {
	for k := range m { // want `collects into s`
		s = append(s, k)
	}
	slices.Sort(r)
	return s
}

func sortedTooLate(m map[string]int) (s []string) {
	for k := range m { // want `collects into s`
		s = append(s, k)
	}
	callAll(s)
	slices.Sort(s)
	return s
}

func callAll([]string) {}

func sortedByValue(m map[string]int) (s []string) {
	for k := range m { // want `collects into s`
		s = append(s, k)
	}
	sort.Slice(s, func(i, j int) bool { return m[s[i]] < m[s[j]] })
	return s
}

func sortedByOneField(m map[spot]int) (s []spot) {
	for k := range m { // want `collects into s`
		s = append(s, k)
	}
	slices.SortFunc(s, func(a, b spot) int { return cmp.Compare(a.x, b.x) })
	return s
}

func sortedByLength(m map[string]int) (s []string) {
	for k := range m { // want `collects into s`
		s = append(s, k)
	}
	sort.SliceStable(s, func(i, j int) bool { return len(s[i]) < len(s[j]) })
	return s
}

type byLength []string

func (b byLength) Len() int           { return len(b) }
func (b byLength) Less(i, j int) bool { return len(b[i]) < len(b[j]) }
func (b byLength) Swap(i, j int)      { b[i], b[j] = b[j], b[i] }

func sortedByOwnPartialType(m map[string]int) (s []string) {
	for k := range m { // want `collects into s`
		s = append(s, k)
	}
	sort.Sort(byLength(s))
	return s
}

func sortedPointers(m map[id]*actor) (s []*actor) {
	for _, a := range m { // want `collects into s`
		s = append(s, a)
	}
	slices.SortFunc(s, func(a, b *actor) int { return strings.Compare(a.name, b.name) })
	return s
}

func usedInLoop(ms []map[string]int) (s []string) {
	for _, m := range ms {
		callAll(s)
		for k := range m { // want `collects into s`
			s = append(s, k)
		}
	}
	slices.Sort(s)
	return s
}

func sortedInOneBranch(m map[string]int, ok bool) (s []string) {
	for k := range m { // want `collects into s`
		s = append(s, k)
	}
	if ok {
		slices.Sort(s)
	}
	return s
}

func calls(m map[string]int, w *world, f func(string)) {
	for k := range m { // want `calls f in that order`
		f(k)
	}
	for _, a := range w.actors { // want `calls a.hurt in that order`
		a.hurt()
	}
	for k := range m { // want `calls fmt.Fprint in that order`
		fmt.Fprint(nil, k)
	}
	for k := range m { // want `defers calls`
		defer f(k)
	}
	for _, a := range w.actors { // want `calls a.hurtful in that order`
		if a.hurtful() {
			w.total++
		}
	}
	hurt := (*actor).hurt
	for _, a := range w.actors { // want `calls hurt in that order`
		hurt(a)
	}
	for k := range m { // want `makes a function that acts`
		g := func() { f(k) }
		_ = g
	}
	for k := range m { // want `range over the map m`
		func() { f(k) }()
	}
}

func (a *actor) hurt()         { a.hp-- }
func (a *actor) hurtful() bool { a.hurt(); return true }

func exitsEarly(m map[string]int) (string, error) {
	for k := range m { // want `returns the first element that it meets`
		return k, nil
	}
	for k, v := range m { // want `returns the first element`
		if v > 3 {
			return "", fmt.Errorf("bad %s", k)
		}
	}
	for k := range m { // want `panics with the first element`
		panic(k)
	}
	for _, v := range m { // want `ends early in a state`
		if v > 3 {
			return "a", nil
		}
		if v < 3 {
			return "b", nil
		}
	}
	n := 0
	for _, v := range m { // want `ends early in a state`
		n += v
		if v > 3 {
			break
		}
	}
	for range m {
		n++
	}
	last := ""
	for last = range m { // want `leaves its last element in last`
		break
	}
	for k := range m { // want `keeps what came last in last`
		last = k
	}
	for k := range m { // want `keeps what came last in last`
		last = k
		break
	}
outer:
	for _, x := range []int{1, 2} {
		for _, v := range m { // want `ends early in a state`
			n += v
			if v == x {
				break outer
			}
		}
	}
	_ = n
	return last, nil
}

func sums(m map[string]float64, names map[int]string) (x float64, s string, n int) {
	for _, v := range m { // want `adds floats up in x, whose rounding depends on the order`
		x += v
	}
	for _, v := range m { // want `adds floats up in x`
		x = x + v
	}
	for _, v := range names { // want `joins strings to s in that order`
		s += v
	}
	for k := range names { // want `reads n, which another turn writes`
		n += n * k
	}
	for k := range names { // want `reads n, which another turn writes`
		if n < 3 {
			n += k
		}
	}
	for k := range names { // want `writes n in two ways`
		n += k
		n *= 2
	}
	for k := range names { // want `changes n by <<=|changes n by /=`
		n /= k
	}
	var b strings.Builder
	for _, v := range names { // want `calls b.WriteString in that order`
		b.WriteString(v)
	}
	return x, s, n
}

func firsts(m map[string]int, f map[string]float64) (best int, who string, x float64) {
	for k, v := range m { // want `keeps the first of equals in who`
		if v > best {
			best, who = v, k
		}
	}
	for k, v := range m { // want `keeps what came last in best|reads best|keeps the first`
		if best == 0 || v < best {
			best = v
		}
		_ = k
	}
	for k, v := range m { // want `reads best|keeps what came last`
		if v >= best {
			best, who = v, k
		}
	}
	for _, v := range f { // want `compares floats`
		if v > x {
			x = v
		}
	}
	return
}

func entries(m map[string]int, n map[int]string, g map[int][]string) {
	for k, v := range m { // want `keeps what came last in n\[v\]`
		n[v] = k
	}
	for k, v := range m { // want `appends to g\[v\] in that order`
		g[v] = append(g[v], k)
	}
	for k := range m { // want `sets entries of the map itself`
		m[k+"x"] = 1
	}
	for k := range n { // want `deletes other entries of the map itself`
		delete(n, k+1)
	}
	for k := range m { // want `reads m, which another turn writes`
		if m["a"] > 0 {
			delete(m, k)
		}
	}
	for k := range m { // want `reads m, which another turn writes`
		if len(m) > 3 {
			delete(m, k)
		}
	}
	for k, v := range m { // want `range over the map m`
		k = "same"
		n2 := n
		n2[v] = k
		m[k] = v
	}
	var total int
	p := &total
	for _, v := range m { // want `keeps what came last in \*p`
		*p = v
	}
	list := []int{1, 2, 3}
	for _, v := range m { // want `keeps what came last in alias\[0\]`
		alias := list
		alias[0] = v
	}
}

func (w *world) fields() {
	for k, a := range w.actors { // want `keeps what came last in w.total`
		w.total = int(k) + a.hp
	}
	for k, a := range w.actors { // want `keeps what came last in w.index\[a.name\]`
		w.index[a.name] = k
	}
	for _, a := range w.actors { // want `keeps what came last in w.names|appends|collects into w.names`
		w.names = append(w.names, a.name)
	}
	for k, a := range w.actors { // want `keeps what came last in a.hp`
		a.hp = int(k)
	}
	for _, a := range w.actors { // want `keeps what came last in a.next.hp`
		a.next.hp = a.hp
	}
}

type table map[string]int

type holder struct{ table }

func kinds(t table, h holder, f func(string), m map[*actor]int, q map[string]map[string]int, x any) {
	for k := range t { // want `range over the map t`
		f(k)
	}
	for k := range h.table { // want `range over the map h.table`
		f(k)
	}
	for a := range m { // want `pointers have none that a replay repeats; key the map by an id`
		f(a.name)
	}
	for _, inner := range q { // want `range over the map q`
		for k := range inner { // want `range over the map inner`
			f(k)
		}
	}
	switch y := x.(type) {
	case map[string]bool:
		for k := range y { // want `range over the map y`
			f(k)
		}
	}
	go func() {
		for k := range t { // want `range over the map t`
			f(k)
		}
	}()
}

func generic[M ~map[K]V, K comparable, V any](m M, f func(K)) {
	for k := range m { // want `range over the map m`
		f(k)
	}
}

// An iterator of one's own hands the random order on.
func (w *world) all() iter.Seq[id] {
	return func(yield func(id) bool) {
		for k := range w.actors { // want `calls yield in that order`
			if !yield(k) {
				return
			}
		}
	}
}

func sequencesUnsorted(m map[string]int, f func(string), v reflect.Value) {
	for k := range maps.Keys(m) { // want `range over the map m`
		f(k)
	}
	for _, v := range maps.All(m) { // want `range over the map m`
		f(fmt.Sprint(v))
	}
	_ = slices.Collect(maps.Keys(m)) // want `maps.Keys walks a map in random order`
	seq := maps.Values(m)            // want `maps.Values walks a map`
	_ = seq
	keys := maps.Keys[map[string]int] // want `maps.Keys walks a map`
	_ = keys
	take(maps.Keys(m))                                                                    // want `maps.Keys walks a map`
	_ = slices.SortedFunc(maps.Keys(m), func(a, b string) int { return len(a) - len(b) }) // want `maps.Keys walks a map`
	list := slices.Collect(maps.Keys(m))                                                  // want `maps.Keys walks a map`
	callAll(list)
	n := 0
	maps.DeleteFunc(m, func(string, int) bool { n++; return n > 3 }) // want `maps.DeleteFunc calls its function in random order`
	for k := range w0.all() {
		f(fmt.Sprint(k))
	}
	v.MapRange()                         // want `reflect.Value.MapRange walks a map in random order`
	_ = gob.NewEncoder(nil)              // want `gob.NewEncoder makes an encoder that writes maps in random order`
	_ = v.MapKeys                        // want `reflect.Value.MapKeys walks`
	_ = maps.Collect(seq2(maps.Keys(m))) // want `maps.Keys walks a map`
}

var w0 world

func take(iter.Seq[string])                        {}
func seq2(iter.Seq[string]) iter.Seq2[string, int] { return nil }
