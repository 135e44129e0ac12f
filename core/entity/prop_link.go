package entity

import (
	"errors"
	"fmt"

	"messiah/core/wire"
)

// Bounds of a tree of properties.
const (
	MaxTreeDepth = 24      // containers within each other, the entity itself included
	MaxEntries   = 1 << 16 // of one CustomMap or CustomList; one more is a panic
)

// property is a Value, a CustomMap, a CustomList or a struct of them: a node of a tree.
type property interface {
	hook() *link
	// bind hangs the node into a tree, and all below it.
	bind(up *link, s Step, sh *shape) error
	// unbind takes the node and all below it out of its tree.
	unbind()
	// write writes the node as one field, canonically.
	write(c *wire.Coder)
	// read replaces what the node holds by what write wrote.
	read(c *wire.Coder) error
	// apply replays a record whose path goes on below the node.
	apply(path []Step, n *Notify) error
}

// declared is a type of property as a struct declares it.
type declared interface {
	property
	// describe says what a property of this type holds; it is asked of a zero value.
	describe(p *planner) (*shape, error)
}

// link is where a property hangs. It is empty until it does, and again after.
type link struct {
	tree  *Tree
	self  *link // tells a property that was copied from the one that hangs there
	up    *link
	shape *shape
	step  Step // from up to here
	prop  uint16
	depth uint8

	// Of the flush gen: the last record of this node's own changes, and the record
	// that takes the whole node as it is when it is flushed. Both are one over the
	// place in the queue, 0 for none.
	gen         uint64
	last, cover uint32
}

var (
	errHangs = errors.New("the node hangs in a tree already: remove it there first, or make another")
	errNil   = errors.New("the node is nil")
	errDeep  = fmt.Errorf("the tree is deeper than %d", MaxTreeDepth)
)

// hang enters the tree of up.
func (l *link) hang(up *link, s Step, sh *shape) error {
	switch {
	case l.tree != nil:
		return errHangs
	case up.depth >= MaxTreeDepth && sh.height > 0:
		return errDeep
	}
	*l = link{tree: up.tree, self: l, up: up, shape: sh, step: s, prop: up.prop, depth: up.depth + 1}
	return nil
}

// fall leaves the tree; what was recorded of this node goes with it.
func (l *link) fall() {
	if l.tree != nil {
		l.forget()
	}
	*l = link{}
}

// forget takes back the records of this node's own changes.
func (l *link) forget() {
	if l.gen != l.tree.gen {
		return
	}
	for r := l.last; r != 0; r = l.tree.queue[r-1].prev {
		l.tree.drop(r)
	}
	l.last = 0
}

// changed says that the node is about to be changed. False says that nobody has
// to hear of it: the node hangs nowhere, or a record takes it up as a whole.
func (l *link) changed() bool {
	if l.tree == nil {
		return false
	}
	if l.self != l {
		panic("entity: property " + l.step.Text() + " is a copy of one that hangs in a tree: take a pointer to it")
	}
	return l.tree.touch(l)
}

// here makes the notes on records those of the flush under way.
func (l *link) here(gen uint64) {
	if l.gen != gen {
		l.gen, l.last, l.cover = gen, 0, 0
	}
}

// Step is one step of a path: to a field, to the value of a key, to an element.
type Step struct {
	Kind   StepKind
	Name   string // of StepField and StepText
	Number uint64 // of the others; of StepSigned in two's complement
}

// StepKind says what a step goes by.
type StepKind uint8

// The kinds of steps.
const (
	StepField    StepKind = iota // a property by its name
	StepText                     // the key of a map, a string
	StepSigned                   // the key of a map, a signed integer
	StepUnsigned                 // the key of a map, an unsigned integer
	StepIndex                    // the place in a list, from 0
	stepKinds
)

// Text returns the step as it is written between the dots of a path.
func (s Step) Text() string {
	switch s.Kind {
	case StepField, StepText:
		return s.Name
	case StepSigned:
		return fmt.Sprint(int64(s.Number))
	}
	return fmt.Sprint(s.Number)
}

// Code reads or writes the step as two fields.
func (s *Step) Code(c *wire.Coder) {
	c.Uint8((*uint8)(&s.Kind))
	switch {
	case s.Kind >= stepKinds:
		c.Fail(fmt.Errorf("entity: no step is of kind %d", s.Kind))
	case s.Kind <= StepText:
		c.String(&s.Name)
	case s.Kind == StepSigned:
		n := int64(s.Number)
		c.Int64(&n)
		s.Number = uint64(n)
	default:
		c.Uint64(&s.Number)
	}
}
