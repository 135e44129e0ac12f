package entity

import (
	"cmp"
	"fmt"
	"iter"
	"reflect"
	"slices"

	"messiah/core/schema"
	"messiah/core/wire"
)

// CustomList is a property that holds values in order. V is what a Value can
// hold, or a pointer to a further node: to a struct of properties, a *CustomMap
// or a *CustomList. Its zero value is empty. It is not to be copied. A place
// outside the list, a node that hangs in a tree, and an element over MaxEntries
// are bugs of the caller and panic.
type CustomList[V any] struct {
	link   link
	values []V
	nodes  []property // of the values, if they are nodes and hang in a tree
	shift  uint32     // how often elements changed their place
}

// Len returns how many elements there are.
func (p *CustomList[V]) Len() int { return len(p.values) }

// At returns element i, from 0. Slices within it are the list's own: to change
// them, Set a changed copy.
func (p *CustomList[V]) At(i int) V {
	p.check(i, len(p.values))
	return p.values[i]
}

// Set replaces element i; a value that is written as the same bytes changes
// nothing, unless it has slices in it.
func (p *CustomList[V]) Set(i int, v V) {
	p.check(i, len(p.values))
	p.must(p.put(i, v))
}

// Append adds a value behind the last one.
func (p *CustomList[V]) Append(v V) { p.must(p.insert(len(p.values), v)) }

// Insert adds a value before element i, behind the last one if i is Len.
func (p *CustomList[V]) Insert(i int, v V) {
	p.check(i, len(p.values)+1)
	p.must(p.insert(i, v))
}

// Remove takes element i out; those behind it move down.
func (p *CustomList[V]) Remove(i int) {
	p.check(i, len(p.values))
	p.remove(i)
}

// Clear takes every element out.
func (p *CustomList[V]) Clear() {
	if len(p.values) == 0 {
		return
	}
	p.empty()
	if p.link.changed() {
		p.link.forget()
		p.link.tree.push(&p.link, NotifyClear, nil)
	}
}

// All walks over places and elements in order. The list may change meanwhile:
// the walk goes from place to place until there is none.
func (p *CustomList[V]) All() iter.Seq2[int, V] {
	return func(yield func(int, V) bool) {
		for i := 0; i < len(p.values); i++ {
			if !yield(i, p.values[i]) {
				return
			}
		}
	}
}

// Values visits the elements in order, without their indices; see All.
func (p *CustomList[V]) Values() iter.Seq[V] {
	return func(yield func(V) bool) {
		for _, v := range p.All() {
			if !yield(v) {
				return
			}
		}
	}
}

func (p *CustomList[V]) check(i, end int) {
	if i < 0 || i >= end {
		panic(fmt.Sprintf("entity: %s: no place %d in a list of %d", nameOf(&p.link), i, len(p.values)))
	}
}

func (p *CustomList[V]) must(err error) {
	if err != nil {
		panic(fmt.Sprintf("entity: %s: adding an element: %v", nameOf(&p.link), err))
	}
}

func stepAt(i int) Step { return Step{Kind: StepIndex, Number: uint64(i)} }

func (p *CustomList[V]) put(i int, v V) error {
	if p.link.tree != nil && sameValue(&p.link, &p.values[i], &v) {
		return nil
	}
	node, err := adopt(&p.link, stepAt(i), v)
	if err != nil {
		return err
	}
	p.values[i] = v
	if node != nil {
		p.orphan(i)
		p.nodes[i] = node
	}
	if p.link.changed() {
		recordValue(&p.link, NotifySet, stepAt(i), p.shift, &p.values[i], node)
	}
	return nil
}

func (p *CustomList[V]) insert(i int, v V) error {
	if len(p.values) == MaxEntries {
		return errEntries
	}
	node, err := adopt(&p.link, stepAt(i), v)
	if err != nil {
		return err
	}
	if i < len(p.values) {
		p.shift++
	}
	p.values = slices.Insert(p.values, i, v)
	if node != nil {
		p.nodes = slices.Insert(p.nodes, i, node)
		p.renumber(i + 1)
	}
	if p.link.changed() {
		recordValue(&p.link, NotifyInsert, stepAt(i), p.shift, &p.values[i], node)
	}
	return nil
}

func (p *CustomList[V]) remove(i int) {
	if p.nodes != nil {
		p.orphan(i)
		p.nodes = slices.Delete(p.nodes, i, i+1)
		p.renumber(i)
	}
	p.values = slices.Delete(p.values, i, i+1)
	if p.link.changed() {
		step := stepAt(i)
		p.link.tree.push(&p.link, NotifyRemove, &step)
	}
	p.shift++ // What is appended next is another element in this place.
}

// orphan takes the node of element i out of the tree. A record that was to take
// it up cannot: the node may go anywhere from here. Its insertion stays, since
// later places count on it, with an empty node.
func (p *CustomList[V]) orphan(i int) {
	l, t := p.nodes[i].hook(), p.link.tree
	if r := l.cover; l.gen == t.gen && r != 0 && !t.queue[r-1].gone {
		if t.queue[r-1].kind == NotifyInsert {
			t.queue[r-1].source = nil
			from := len(t.values)
			p.link.shape.elem.writeEmpty(t.enc.Begin(t.values))
			t.values = t.enc.End()
			t.keepValue(r, from)
		} else {
			t.drop(r)
		}
	}
	p.nodes[i].unbind()
}

func (p *CustomList[V]) renumber(from int) {
	for i := from; i < len(p.nodes); i++ {
		p.nodes[i].hook().step.Number = uint64(i)
	}
}

func (p *CustomList[V]) empty() {
	for _, node := range p.nodes {
		node.unbind()
	}
	p.values, p.nodes = nil, nil
	p.shift++
}

func (p *CustomList[V]) hook() *link { return &p.link }

func (p *CustomList[V]) describe(pl *planner) (*shape, error) {
	return pl.container(&shape{of: reflect.TypeFor[CustomList[V]](), list: true}, reflect.TypeFor[V](), func(s *shape) (err error) {
		s.code, err = schema.NewFor[V]()
		return err
	})
}

func (p *CustomList[V]) bind(up *link, s Step, sh *shape) error {
	if err := p.link.hang(up, s, sh); err != nil {
		return err
	}
	for i, v := range p.values {
		node, err := adopt(&p.link, stepAt(i), v)
		if err != nil {
			return fmt.Errorf("element %d: %w", i, err)
		}
		if node != nil {
			p.nodes = append(p.nodes, node)
		}
	}
	return nil
}

func (p *CustomList[V]) unbind() {
	for _, node := range p.nodes {
		node.unbind()
	}
	p.nodes = nil
	p.link.fall()
}

func (p *CustomList[V]) write(c *wire.Coder) {
	_, level, _ := c.OpenList(len(p.values))
	for i := range p.values {
		writeValue(c, &p.link, p.nodes, i, &p.values[i])
	}
	c.CloseCounted(level)
}

func (p *CustomList[V]) read(c *wire.Coder) error {
	p.empty()
	n, level, ok := c.OpenList(0)
	if !ok || n > MaxEntries {
		return cmp.Or(c.Err(), errEntries)
	}
	for i := range n {
		v, node, err := readValue[V](c, &p.link, stepAt(i))
		if err != nil {
			return fmt.Errorf("element %d: %w", i, err)
		}
		p.values = append(p.values, v)
		if node != nil {
			p.nodes = append(p.nodes, node)
		}
	}
	c.CloseCounted(level)
	return c.Err()
}

func (p *CustomList[V]) apply(path []Step, n *Notify) error {
	if len(path) == 0 {
		switch n.Type {
		case NotifySet:
			return readWhole(&p.link, p, n.Value)
		case NotifyClear:
			p.empty()
			return nil
		}
		return fmt.Errorf("a list has no %v", n.Type)
	}
	end := uint64(len(p.values))
	if n.Type == NotifyInsert && len(path) == 1 {
		end++
	}
	if path[0].Kind != StepIndex || path[0].Number >= end {
		return fmt.Errorf("%q is no place in a list of %d", path[0].Text(), len(p.values))
	}
	i := int(path[0].Number)
	if len(path) == 1 && n.Type != NotifyClear {
		return p.applyAt(i, n)
	}
	if p.nodes == nil {
		return fmt.Errorf("no node is at place %d", i)
	}
	return p.nodes[i].apply(path[1:], n)
}

func (p *CustomList[V]) applyAt(i int, n *Notify) error {
	switch n.Type {
	case NotifyRemove:
		p.remove(i)
		return nil
	case NotifySet, NotifyInsert:
	default:
		return fmt.Errorf("a list has no %v", n.Type)
	}
	v, err := aloneValue[V](&p.link, n.Value)
	switch {
	case err != nil:
		return err
	case n.Type == NotifySet:
		return p.put(i, v)
	}
	return p.insert(i, v)
}
