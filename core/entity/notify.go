package entity

import (
	"fmt"
	"strings"

	"messiah/core/wire"
)

// NotifyType says what happened at the end of a record's path.
type NotifyType uint8

// The types of records.
const (
	NotifySet    NotifyType = iota // what is there is now the value; the key of a map may be new
	NotifyDelete                   // the key of a map is gone
	NotifyClear                    // a map or list is empty
	NotifyInsert                   // a list has a new element there, those behind it moved up
	NotifyRemove                   // a list lost its element there, those behind it moved down
	notifyTypes
)

// String returns the type's name.
func (t NotifyType) String() string {
	names := [notifyTypes]string{"set", "delete", "clear", "insert", "remove"}
	if t < notifyTypes {
		return names[t]
	}
	return "notify?"
}

// Notify is one change of a tree of properties: the area_prop_notify of the notes.
type Notify struct {
	Type  NotifyType
	Path  []Step // from the entity; right when the change was made
	Value []byte // of NotifySet and NotifyInsert: one value that stands alone
}

// Text returns the path with dots, such as school.classA.number.
func (n Notify) Text() string {
	words := make([]string, len(n.Path))
	for i := range n.Path {
		words[i] = n.Path[i].Text()
	}
	return strings.Join(words, ".")
}

// Code reads or writes the record as three fields. Reading copies.
func (n *Notify) Code(c *wire.Coder) {
	c.Uint8((*uint8)(&n.Type))
	wire.Slice(c, &n.Path, func(c *wire.Coder, s *Step) { c.Struct(s) })
	c.Bytes(&n.Value)
	if c.Decoding() && (n.Type >= notifyTypes || len(n.Path) > MaxTreeDepth) {
		c.Fail(fmt.Errorf("entity: a record of type %d with %d steps", n.Type, len(n.Path)))
	}
}

// Bounds of what one flush holds. A property whose change is over either is
// taken up as a whole: one record replaces it, and its others vanish. So a flush
// holds at most MaxNotify records and one a property.
const (
	MaxNotify      = 1024
	maxNotifyBytes = 1 << 20 // of values; those that are taken up when they are flushed do not count
	keptBytes      = 1 << 12 // room that a tree keeps between flushes
)

// record is a change in the queue.
type record struct {
	kind     NotifyType
	gone     bool
	prop     uint16
	prev     uint32 // the record before it of the same node, one over its place
	source   property
	path     span
	value    span
	capacity uint32 // room for the value
}

// span is a part of a buffer.
type span struct{ from, to uint32 }

// place names an entry of a node, for later writes of it to find its record.
type place struct {
	of    *link
	step  Step
	shift uint32 // of a list: how often its elements changed their place
}

// touch notes that a node changes and tells whether to record it.
func (t *Tree) touch(l *link) bool {
	if t.quiet {
		return false
	}
	p := &t.plan.props[l.prop]
	t.savedChanged = t.savedChanged || p.Saved
	if !t.changed {
		t.changed = true
		if t.onChange != nil {
			t.onChange()
		}
	}
	for n := l; n.up != nil; n = n.up {
		if n.gen == t.gen && n.cover != 0 {
			return false
		}
	}
	l.here(t.gen)
	if len(t.queue) >= MaxNotify || len(t.values) >= maxNotifyBytes {
		t.collapse(l.prop)
		return false
	}
	return true
}

// collapse takes up a property as a whole in the place of its records.
func (t *Tree) collapse(prop uint16) {
	for i := range t.queue {
		if t.queue[i].prop == prop {
			t.drop(uint32(i + 1))
		}
	}
	whole := t.root.fields[prop]
	l := whole.hook()
	l.here(t.gen)
	l.cover = t.push(l, NotifySet, nil)
	t.queue[l.cover-1].source = whole
}

// push queues a record of a node, of its entry at step if that is not nil, and
// returns one over its place.
func (t *Tree) push(l *link, kind NotifyType, step *Step) uint32 {
	r := record{kind: kind, prop: l.prop, prev: l.last}
	r.path.from = uint32(len(t.steps))
	t.steps = appendPath(t.steps, l)
	if step != nil {
		t.steps = append(t.steps, *step)
	}
	r.path.to = uint32(len(t.steps))
	t.queue = append(t.queue, r)
	l.last = uint32(len(t.queue))
	return l.last
}

func appendPath(steps []Step, l *link) []Step {
	if l.up == nil {
		return steps
	}
	return append(appendPath(steps, l.up), l.step)
}

// drop makes a record vanish.
func (t *Tree) drop(r uint32) {
	t.queue[r-1].gone, t.queue[r-1].source = true, nil
}

// recordEntry records that the entry of a node changed, in the place of an earlier
// record of that entry if there is one. Its place in the order is right for
// both: what lies between does not touch the entry.
func (t *Tree) recordEntry(l *link, kind NotifyType, step Step, shift uint32) uint32 {
	at := place{l, step, shift}
	r := t.places[at]
	if r == 0 || t.queue[r-1].gone {
		r = t.push(l, kind, &step)
		if t.places == nil {
			t.places = map[place]uint32{}
		}
		t.places[at] = r
		return r
	}
	known := &t.queue[r-1]
	known.source = nil
	if known.kind != NotifyInsert {
		known.kind = kind
	}
	return r
}

// takeWhole has a record take up a node as it is when it is flushed.
func (t *Tree) takeWhole(r uint32, node property) {
	l := node.hook()
	l.here(t.gen)
	l.cover = r
	t.queue[r-1].source = node
}

// keepValue puts the value that was written behind the others into the record,
// over an earlier one if it fits there.
func (t *Tree) keepValue(at uint32, from int) {
	r, n := &t.queue[at-1], uint32(len(t.values)-from)
	if r.capacity >= n {
		copy(t.values[r.value.from:], t.values[from:])
		t.values = t.values[:from]
		r.value.to = r.value.from + n
		return
	}
	const room = 9 // of any number
	for len(t.values) < from+room {
		t.values = append(t.values, 0)
	}
	r.value = span{uint32(from), uint32(from) + n}
	r.capacity = uint32(len(t.values) - from)
}

// Changed tells whether something was recorded since the last flush.
func (t *Tree) Changed() bool { return t.changed }

// TakeNotifies is the flush: it appends the records since the last one to dst,
// merged, in an order in which they can be replayed. Their paths and values are
// good until the next flush of this tree.
func (t *Tree) TakeNotifies(dst []Notify) []Notify {
	for i := range t.queue {
		if r := &t.queue[i]; r.source != nil {
			from := len(t.values)
			r.source.write(t.enc.Begin(t.values))
			t.values = t.enc.End()
			r.value = span{uint32(from), uint32(len(t.values))}
		}
	}
	for i := range t.queue {
		r := &t.queue[i]
		if r.gone {
			continue
		}
		n := Notify{Type: r.kind, Path: t.steps[r.path.from:r.path.to:r.path.to]}
		if r.kind == NotifySet || r.kind == NotifyInsert {
			n.Value = t.values[r.value.from:r.value.to:r.value.to]
		}
		dst = append(dst, n)
	}
	t.forgetAll()
	return dst
}

// forgetAll begins a new flush. The buffers change places with those of the last
// one, whose records are no longer looked at.
func (t *Tree) forgetAll() {
	t.gen++
	t.changed = false
	clear(t.queue)
	clear(t.places)
	t.steps, t.lastSteps = t.lastSteps[:0], t.steps
	t.values, t.lastValues = t.lastValues[:0], t.values
	t.queue = t.queue[:0]
	if cap(t.values) > keptBytes {
		t.values = nil
	}
	if cap(t.queue) > keptBytes/16 {
		t.queue, t.steps, t.places = nil, nil, nil
	}
}
