package wire

import (
	"cmp"
	"iter"
	"slices"
)

// growFirst is how many elements get room before the first one is read; more
// room comes as elements do.
const growFirst = 64

// Slice reads or writes a slice as one field, an array of whatever fields the
// function names for each element: one each for numbers, strings and structs.
// Elements that may get further fields later are coded with Struct. Reading
// reuses the slice's room.
func Slice[T any](c *Coder, s *[]T, code func(*Coder, *T)) {
	if c.decoding {
		readSlice(c, s, code)
		return
	}
	outer := level{start: len(c.b), fields: c.fields + 1}
	c.deepen()
	c.b = appendArrayHeader(c.b, len(*s))
	room := len(c.b) - outer.start
	c.fields = 0
	for i := range *s {
		before := c.fields
		code(c, &(*s)[i])
		if c.fields == before {
			panic("wire: an element of a slice writes no field")
		}
	}
	c.closeArray(outer, room)
}

func readSlice[T any](c *Coder, s *[]T, code func(*Coder, *T)) {
	// Elements begin as zero values, also where the room was used before.
	clear(*s)
	*s = (*s)[:0]
	n, outer, ok := c.enter(containerArray)
	if !ok {
		return
	}
	c.fields, c.strict = n, true
	*s = slices.Grow(*s, min(n, growFirst))
	for c.fields > 0 {
		var zero T
		*s = append(*s, zero)
		before := c.fields
		code(c, &(*s)[len(*s)-1])
		if c.fields == before {
			c.failf("an element of a slice reads no field")
		}
	}
	c.leave(outer)
}

// Map reads or writes a map as one field, ordered by key. Key and value are
// exactly one field each; reading makes a new map and refuses a key that comes
// twice, in a state also one that is out of order.
func Map[K cmp.Ordered, V any](c *Coder, m *map[K]V, key func(*Coder, *K), value func(*Coder, *V)) {
	if c.decoding {
		readMap(c, m, key, value)
		return
	}
	keys := make([]K, 0, len(*m))
	for k := range *m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	outer := c.fields + 1
	c.deepen()
	c.b = appendMapHeader(c.b, len(keys))
	c.fields = 0
	for i := range keys {
		v := (*m)[keys[i]]
		key(c, &keys[i])
		value(c, &v)
		if c.fields != 2*(i+1) {
			panic("wire: key and value of a map must write one field each")
		}
	}
	c.depth--
	c.fields = outer
}

func readMap[K cmp.Ordered, V any](c *Coder, m *map[K]V, key func(*Coder, *K), value func(*Coder, *V)) {
	*m = nil
	n, outer, ok := c.enter(containerMap)
	if !ok {
		return
	}
	c.fields, c.strict = n, true
	*m = make(map[K]V, min(n/2, growFirst))
	var last K
	for c.fields > 0 {
		var k K
		var v V
		before := c.fields
		key(c, &k)
		value(c, &v)
		if c.err != nil {
			break
		}
		_, twice := (*m)[k]
		switch {
		case c.fields != before-2:
			c.failf("key and value of a map read %d fields", before-c.fields)
		case twice:
			c.failf("a key of a map comes twice")
		case c.state && len(*m) > 0 && cmp.Less(k, last):
			c.failf("a key of a map is out of order")
		}
		(*m)[k], last = v, k
	}
	c.leave(outer)
}

// Ordered reads or writes a map with an order of its own, of which ordered.Map is one, as
// a list of its entries in that order. Reading adds to what the map has.
func Ordered[K, V any](c *Coder, m interface {
	All() iter.Seq2[K, V]
	Set(K, V)
}, entry func(*Coder, *K, *V)) {
	var all []pair[K, V]
	if !c.decoding {
		for k, v := range m.All() {
			all = append(all, pair[K, V]{k, v})
		}
	}
	Slice(c, &all, func(c *Coder, p *pair[K, V]) { c.Struct(&pairCoder[K, V]{p, entry}) })
	if c.decoding {
		for i := range all {
			m.Set(all[i].k, all[i].v)
		}
	}
}

type pair[K, V any] struct {
	k K
	v V
}

// pairCoder codes an entry as one struct of its key's and its value's fields.
type pairCoder[K, V any] struct {
	p     *pair[K, V]
	entry func(*Coder, *K, *V)
}

// Code reads or writes the entry.
func (x *pairCoder[K, V]) Code(c *Coder) { x.entry(c, &x.p.k, &x.p.v) }
