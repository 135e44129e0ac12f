package entity

import (
	"messiah/core/schema"
	"messiah/core/wire"
)

// What the entries of a CustomMap and of a CustomList have in common: they are
// leaves with a codec, or nodes, which the shape of the container tells.

// adopt hangs a value below its container if it is a node, and returns that;
// nil for a leaf, and while the container hangs nowhere itself.
func adopt[V any](l *link, s Step, v V) (property, error) {
	if l.shape == nil || l.shape.elem == nil {
		return nil, nil
	}
	node, err := l.shape.elem.node(v)
	if err != nil {
		return nil, err
	}
	return node, node.bind(l, s, l.shape.elem)
}

// sameValue tells whether two leaves are written as the same bytes, or two nodes are one.
func sameValue[V any](l *link, a, b *V) bool {
	if l.shape.elem != nil {
		return any(*a) == any(*b)
	}
	return sameLeaf(l.shape.code.(schema.For[V]), a, b)
}

// sameLeaf tells whether a leaf is set again. One with slices in it never is:
// they may be the very slices that the property has, and changed.
func sameLeaf[V any](code schema.For[V], a, b *V) bool {
	return !code.Codec().Shared() && code.Equal(a, b)
}

// recordValue records a new value of an entry: a leaf as it is now, a node as it
// will be when it is flushed.
func recordValue[V any](l *link, kind NotifyType, s Step, shift uint32, v *V, node property) {
	t := l.tree
	r := t.recordEntry(l, kind, s, shift)
	if node != nil {
		t.takeWhole(r, node)
		return
	}
	from := len(t.values)
	l.shape.code.(schema.For[V]).Code(t.enc.Begin(t.values), v)
	t.values = t.enc.End()
	t.keepValue(r, from)
}

// writeValue writes entry i.
func writeValue[V any](c *wire.Coder, l *link, nodes []property, i int, v *V) {
	if nodes != nil {
		nodes[i].write(c)
		return
	}
	l.shape.code.(schema.For[V]).Code(c, v)
}

// readValue reads an entry; a node of it hangs below the container.
func readValue[V any](c *wire.Coder, l *link, s Step) (v V, node property, err error) {
	if l.shape.elem == nil {
		l.shape.code.(schema.For[V]).Code(c, &v)
		return v, nil, c.Err()
	}
	v = l.shape.elem.fresh().(V)
	if node, err = adopt(l, s, v); err != nil {
		return v, nil, err
	}
	return v, node, node.read(c)
}

// aloneValue reads an entry that stands alone; a node of it hangs nowhere yet.
func aloneValue[V any](l *link, body []byte) (V, error) {
	d := &l.tree.dec
	v, node, err := readValue[V](d.Begin(body), l, Step{})
	if end := d.End(); err == nil {
		err = end
	}
	if node != nil {
		node.unbind()
	}
	return v, err
}

// nameOf returns the path of a node for the text of a panic.
func nameOf(l *link) string {
	if l.tree == nil {
		return "a property outside any tree"
	}
	return Notify{Path: appendPath(nil, l)}.Text()
}
