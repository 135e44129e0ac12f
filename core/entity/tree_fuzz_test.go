package entity

import (
	"bytes"
	"testing"

	"messiah/core/wire"
)

// seedHero returns a hero that has something of everything.
func seedHero() (*hero, *Tree) {
	h, tree := grown[hero](planOf[hero]())
	h.Name.Set("a")
	h.Bag.Set("b", 1)
	h.Seen.Set(-3, []byte{1})
	h.Marks.Append("m")
	q := &quest{}
	q.Kids.Append(&quest{})
	h.Quests.Append(q)
	h.School.Set("s", &class{})
	h.Grid.Append(&CustomList[int8]{})
	h.Deep.Set(1, &CustomMap[string, *CustomList[tag]]{})
	q.Kids.At(0).Name.Set("kid")
	return h, tree
}

// Whatever the bytes: an error or a tree, that writes itself as bytes that give the same tree.
func FuzzLoad(f *testing.F) {
	_, tree := seedHero()
	f.Add(tree.AppendAll(nil))
	f.Add(wardOfV1(f))
	f.Add([]byte("\x81\xa6quests\xdd\xff\xff\xff\xff"))
	deep := []byte("\x81\xa6quests\x91")
	for range 40 {
		deep = append(deep, "\x81\xa4kids\x91"...)
	}
	f.Add(append(deep, 0x80))
	heroes, wards := planOf[hero](), planOf[wardV1]()
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, fresh := range []func() *Tree{
			func() *Tree { _, tree := grown[hero](heroes); return tree },
			func() *Tree { _, tree := grown[wardV1](wards); return tree },
		} {
			tree, again := fresh(), fresh()
			if tree.Load(b) != nil {
				continue
			}
			if err := again.Load(tree.AppendAll(nil)); err != nil || !Equal(tree, again) || tree.Changed() {
				t.Fatalf("%x is loaded and written as %x: %v", b, tree.AppendAll(nil), err)
			}
		}
	})
}

// records is a list of records as one message.
type records []Notify

func (r *records) Code(c *wire.Coder) {
	wire.Slice(c, (*[]Notify)(r), func(c *wire.Coder, n *Notify) { c.Struct(n) })
}

// Whatever the records: each is an error or leaves a tree that can be written and read.
func FuzzApply(f *testing.F) {
	h, tree := seedHero()
	all := records(tree.TakeNotifies(nil))
	f.Add(wire.Append(nil, &all))
	h.Quests.At(0).Kids.Remove(0)
	h.Quests.Insert(0, &quest{})
	h.Bag.Delete("b")
	h.Seen.Clear()
	h.Marks.Set(0, "n")
	all = tree.TakeNotifies(nil)
	f.Add(wire.Append(nil, &all))
	plan := planOf[hero]()
	f.Fuzz(func(t *testing.T, b []byte) {
		var all records
		if wire.Decode(b, &all) != nil {
			return
		}
		_, tree := seedHero()
		for _, n := range all {
			if tree.Apply(n) != nil {
				return
			}
			_, again := grown[hero](plan)
			if err := again.Load(tree.AppendAll(nil)); err != nil || !bytes.Equal(again.AppendAll(nil), tree.AppendAll(nil)) {
				t.Fatalf("after %v: %v", n.Text(), err)
			}
		}
	})
}
