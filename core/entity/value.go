package entity

import (
	"fmt"
	"reflect"

	"messiah/core/schema"
	"messiah/core/wire"
)

// Value is a property that holds one value: a truth value, a number, a string,
// bytes, or an array, slice or struct of such. Its zero value holds T's. It is
// not to be copied.
type Value[T any] struct {
	link link
	v    T
}

// Get returns the value. Slices within it are the property's own: to change
// them, Set a changed copy.
func (p *Value[T]) Get() T { return p.v }

// Set replaces the value. One that is written as the same bytes changes nothing;
// with slices in it, which may have been changed in place, it always does. They
// belong to the property from here on.
func (p *Value[T]) Set(v T) {
	if p.link.tree != nil && sameLeaf(p.code(), &p.v, &v) {
		return
	}
	if p.link.changed() {
		t := p.link.tree
		p.link.cover = t.push(&p.link, NotifySet, nil)
		t.queue[p.link.cover-1].source = p
	}
	p.v = v
}

func (p *Value[T]) code() schema.For[T] { return p.link.shape.code.(schema.For[T]) }

func (p *Value[T]) hook() *link { return &p.link }

func (p *Value[T]) describe(*planner) (*shape, error) {
	code, err := schema.NewFor[T]()
	if err != nil {
		return nil, err
	}
	var zero T
	_, scalar := code.SortText(&zero)
	return &shape{of: reflect.TypeFor[Value[T]](), code: code, scalar: scalar, height: 0}, nil
}

func (p *Value[T]) bind(up *link, s Step, sh *shape) error { return p.link.hang(up, s, sh) }

func (p *Value[T]) unbind() { p.link.fall() }

func (p *Value[T]) write(c *wire.Coder) { p.code().Code(c, &p.v) }

func (p *Value[T]) read(c *wire.Coder) error {
	var v T
	if p.code().Code(c, &v); c.Err() != nil {
		return c.Err()
	}
	p.v = v
	return nil
}

func (p *Value[T]) apply(path []Step, n *Notify) error {
	if len(path) > 0 || n.Type != NotifySet {
		return fmt.Errorf("a value has no %v at %q", n.Type, Notify{Path: path}.Text())
	}
	return readWhole(&p.link, p, n.Value)
}

// sortText is the value as an index has it.
func (p *Value[T]) sortText() string {
	text, _ := p.code().SortText(&p.v)
	return text
}

// readWhole replaces what a property holds by a value that stands alone.
func readWhole(l *link, p property, body []byte) error {
	d := &l.tree.dec
	err := p.read(d.Begin(body))
	if end := d.End(); err == nil {
		err = end
	}
	return err
}
