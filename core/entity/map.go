package entity

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"

	"messiah/core/schema"
	"messiah/core/wire"
)

// Key is what a CustomMap goes by: a string or an integer.
type Key interface {
	~string | ~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

// CustomMap is a property that maps keys to values, in ascending order of keys.
// V is what a Value can hold, or a pointer to a further node: to a struct of
// properties, a *CustomMap or a *CustomList. Its zero value is empty. It is not
// to be copied.
type CustomMap[K Key, V any] struct {
	link    link
	keys    []K // ascending
	values  []V
	nodes   []property // of the values, if they are nodes and hang in a tree
	changes uint64     // of the keys, for a walk that goes on meanwhile
}

// Len returns how many keys there are.
func (m *CustomMap[K, V]) Len() int { return len(m.keys) }

// Get returns the value of a key, or the zero value and false. Slices within it
// are the map's own: to change them, Set a changed copy.
func (m *CustomMap[K, V]) Get(key K) (V, bool) {
	if i, ok := slices.BinarySearch(m.keys, key); ok {
		return m.values[i], true
	}
	var zero V
	return zero, false
}

// Has tells whether there is a value for a key.
func (m *CustomMap[K, V]) Has(key K) bool {
	_, ok := slices.BinarySearch(m.keys, key)
	return ok
}

// Set sets the value of a key; one that is written as the same bytes changes
// nothing, unless it has slices in it. A node that hangs in a tree, and a key over MaxEntries, are bugs of
// the caller and panic.
func (m *CustomMap[K, V]) Set(key K, v V) {
	if err := m.put(key, v); err != nil {
		panic(fmt.Sprintf("entity: %s: setting key %v: %v", nameOf(&m.link), key, err))
	}
}

// put is Set with an error for what does not fit.
func (m *CustomMap[K, V]) put(key K, v V) error {
	i, ok := slices.BinarySearch(m.keys, key)
	if ok && m.link.tree != nil && m.same(m.values[i], v) {
		return nil
	}
	if !ok && len(m.keys) == MaxEntries {
		return errEntries
	}
	node, err := adopt(&m.link, m.stepTo(key), v)
	if err != nil {
		return err
	}
	if !ok {
		m.keys = slices.Insert(m.keys, i, key)
		m.values = slices.Insert(m.values, i, v)
		m.changes++
		if node != nil {
			m.nodes = slices.Insert(m.nodes, i, node)
		}
	} else {
		m.values[i] = v
		if node != nil {
			m.nodes[i].unbind()
			m.nodes[i] = node
		}
	}
	if m.link.changed() {
		recordValue(&m.link, NotifySet, m.stepTo(key), 0, &m.values[i], node)
	}
	return nil
}

// same tells whether a value is set again: a leaf of the same bytes, or the very node.
func (m *CustomMap[K, V]) same(a, b V) bool {
	return sameValue(&m.link, &a, &b)
}

// Delete takes a key out and tells whether it was there.
func (m *CustomMap[K, V]) Delete(key K) bool {
	i, ok := slices.BinarySearch(m.keys, key)
	if !ok {
		return false
	}
	if m.nodes != nil {
		m.nodes[i].unbind()
		m.nodes = slices.Delete(m.nodes, i, i+1)
	}
	m.keys = slices.Delete(m.keys, i, i+1)
	m.values = slices.Delete(m.values, i, i+1)
	m.changes++
	if m.link.changed() {
		m.link.tree.recordEntry(&m.link, NotifyDelete, m.stepTo(key), 0)
	}
	return true
}

// Clear takes every key out.
func (m *CustomMap[K, V]) Clear() {
	if len(m.keys) == 0 {
		return
	}
	m.empty()
	if m.link.changed() {
		m.link.forget()
		m.link.tree.push(&m.link, NotifyClear, nil)
	}
}

func (m *CustomMap[K, V]) empty() {
	for _, node := range m.nodes {
		node.unbind()
	}
	m.keys, m.values, m.nodes = nil, nil, nil
	m.changes++
}

// All walks over keys and values in ascending order. The map may change
// meanwhile: a key is walked over if it is there when its turn comes.
func (m *CustomMap[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for i := 0; i < len(m.keys); i++ {
			key, changes := m.keys[i], m.changes
			if !yield(key, m.values[i]) {
				return
			}
			if m.changes != changes {
				after, there := slices.BinarySearch(m.keys, key)
				if i = after; !there {
					i--
				}
			}
		}
	}
}

// Keys walks over the keys as All does.
func (m *CustomMap[K, V]) Keys() iter.Seq[K] {
	return func(yield func(K) bool) {
		for key := range m.All() {
			if !yield(key) {
				return
			}
		}
	}
}

func (m *CustomMap[K, V]) keyCode() schema.For[K] { return m.link.shape.key.(schema.For[K]) }

// stepTo returns the step to a key; the zero Step of a map that hangs nowhere.
func (m *CustomMap[K, V]) stepTo(key K) Step {
	if m.link.shape == nil {
		return Step{}
	}
	kind, text, number := m.keyCode().Key(&key)
	return Step{keySteps[kind], text, number}
}

// keySteps and stepKeys say which kinds of keys and steps belong together.
var (
	keySteps = [...]StepKind{schema.TextKey: StepText, schema.SignedKey: StepSigned, schema.UnsignedKey: StepUnsigned}
	stepKeys = [stepKinds]schema.KeyKind{StepText: schema.TextKey, StepSigned: schema.SignedKey, StepUnsigned: schema.UnsignedKey}
)

func (m *CustomMap[K, V]) hook() *link { return &m.link }

func (m *CustomMap[K, V]) describe(p *planner) (*shape, error) {
	key, err := schema.NewFor[K]()
	if err != nil {
		return nil, err
	}
	return p.container(&shape{of: reflect.TypeFor[CustomMap[K, V]](), key: key}, reflect.TypeFor[V](), func(s *shape) (err error) {
		s.code, err = schema.NewFor[V]()
		return err
	})
}

func (m *CustomMap[K, V]) bind(up *link, s Step, sh *shape) error {
	if err := m.link.hang(up, s, sh); err != nil {
		return err
	}
	for i, key := range m.keys {
		node, err := adopt(&m.link, m.stepTo(key), m.values[i])
		if err != nil {
			return fmt.Errorf("key %v: %w", key, err)
		}
		if node != nil {
			m.nodes = append(m.nodes, node)
		}
	}
	return nil
}

func (m *CustomMap[K, V]) unbind() {
	for _, node := range m.nodes {
		node.unbind()
	}
	m.nodes = nil
	m.link.fall()
}

func (m *CustomMap[K, V]) write(c *wire.Coder) {
	key := m.keyCode()
	_, level, _ := c.OpenMap(len(m.keys))
	for i := range m.keys {
		key.Code(c, &m.keys[i])
		writeValue(c, &m.link, m.nodes, i, &m.values[i])
	}
	c.CloseCounted(level)
}

var (
	errOrder   = errors.New("the keys are not in ascending order")
	errEntries = fmt.Errorf("more than %d entries", MaxEntries)
)

func (m *CustomMap[K, V]) read(c *wire.Coder) error {
	m.empty()
	code := m.keyCode()
	n, level, ok := c.OpenMap(0)
	if !ok || n > MaxEntries {
		return cmp.Or(c.Err(), errEntries)
	}
	for i := range n {
		var key K
		if code.Code(c, &key); c.Err() != nil {
			return c.Err()
		}
		if i > 0 && key <= m.keys[i-1] {
			return errOrder
		}
		v, node, err := readValue[V](c, &m.link, m.stepTo(key))
		if err != nil {
			return fmt.Errorf("key %v: %w", key, err)
		}
		m.keys, m.values = append(m.keys, key), append(m.values, v)
		if node != nil {
			m.nodes = append(m.nodes, node)
		}
	}
	c.CloseCounted(level)
	return c.Err()
}

func (m *CustomMap[K, V]) apply(path []Step, n *Notify) error {
	if len(path) == 0 {
		switch n.Type {
		case NotifySet:
			return readWhole(&m.link, m, n.Value)
		case NotifyClear:
			m.empty()
			return nil
		}
		return fmt.Errorf("a map has no %v", n.Type)
	}
	var key K
	fits := path[0].Kind < stepKinds && stepKeys[path[0].Kind] != schema.NoKey
	if fits {
		key, fits = m.keyCode().FromKey(stepKeys[path[0].Kind], path[0].Name, path[0].Number)
	}
	if !fits {
		return fmt.Errorf("%q is no key of the map", path[0].Text())
	}
	if len(path) == 1 && n.Type == NotifyDelete {
		m.Delete(key)
		return nil
	}
	if len(path) == 1 && n.Type == NotifySet {
		v, err := aloneValue[V](&m.link, n.Value)
		if err != nil {
			return err
		}
		return m.put(key, v)
	}
	i, ok := slices.BinarySearch(m.keys, key)
	if !ok || m.nodes == nil {
		return fmt.Errorf("no node is at key %v", key)
	}
	return m.nodes[i].apply(path[1:], n)
}
