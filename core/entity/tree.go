package entity

import (
	"bytes"
	"fmt"
	"reflect"

	"messiah/core/must"
	"messiah/core/wire"
)

// Tree is the properties of one entity: what changes in them, and their bytes.
// Values of it are made by Plan.Attach.
type Tree struct {
	plan         *Plan
	root         branch
	quiet        bool // changes are those of a record or of another tree
	changed      bool
	savedChanged bool
	onChange     func()
	enc          wire.Encoder
	dec          wire.Decoder

	// merge_notify: what the flush gen holds so far. Steps and values take turns
	// with those of the flush before, which the caller may still look at.
	gen                uint64
	queue              []record
	places             map[place]uint32
	steps, lastSteps   []Step
	values, lastValues []byte
}

// Attach hangs the properties of an entity, a pointer to a struct of the plan's
// type, into a tree of their own. What they hold is their default. A node that
// hangs in a tree already is a bug and panics.
func (p *Plan) Attach(e any) *Tree {
	at := reflect.ValueOf(e)
	must.True(at.Kind() == reflect.Pointer && at.Type().Elem() == p.of, "entity: a plan for another type of entity")
	t := &Tree{plan: p, gen: 1}
	t.root.link = link{tree: t, self: &t.root.link, shape: p.shape, depth: 1}
	t.root.fields = make([]property, len(p.props))
	for i := range p.props {
		t.root.fields[i] = at.Elem().Field(p.props[i].index).Addr().Interface().(property)
	}
	if err := t.root.bindFields(); err != nil {
		panic(fmt.Sprintf("entity: attaching %v: %v", p.of, err))
	}
	return t
}

// Plan returns what the properties are.
func (t *Tree) Plan() *Plan { return t.plan }

// OnChange has f called at the first change after each flush; it must not change
// properties itself.
func (t *Tree) OnChange(f func()) { t.onChange = f }

// SavedChanged tells whether a saved property was changed since ClearSavedChanged.
func (t *Tree) SavedChanged() bool { return t.savedChanged }

// ClearSavedChanged says that what the saved properties hold is on its way to the store.
func (t *Tree) ClearSavedChanged() { t.savedChanged = false }

// MarkSavedChanged says that the saved properties differ from what the store
// has, for a tree that was loaded from another's bytes.
func (t *Tree) MarkSavedChanged() { t.savedChanged = true }

// AppendAll appends the canonical bytes of all properties, a map from name to
// value: equal trees are equal bytes.
func (t *Tree) AppendAll(dst []byte) []byte {
	return t.append(dst, func(int) bool { return true })
}

// AppendSaved is AppendAll for the properties that are saved.
func (t *Tree) AppendSaved(dst []byte) []byte {
	return t.append(dst, func(i int) bool { return t.plan.props[i].Saved })
}

// AppendFor is AppendAll for the properties that the audience is told of: those
// of AllClients, to the own client also its own.
func (t *Tree) AppendFor(dst []byte, a Audience) []byte {
	return t.append(dst, func(i int) bool { return t.plan.props[i].Kind >= a })
}

func (t *Tree) append(dst []byte, wanted func(int) bool) []byte {
	t.root.writeSome(t.enc.Begin(dst), wanted)
	return t.enc.End()
}

// Load takes over what AppendAll or AppendSaved wrote, perhaps in an older
// build: names that this one does not know are skipped, properties without
// bytes keep what they hold, `was` names lead to their property. A value that
// does not fit is an error with the property's name; the entity is then not to
// be used. What was recorded before vanishes, nothing is recorded, and
// SavedChanged stays as it is.
func (t *Tree) Load(body []byte) error {
	t.forgetAll()
	t.quiet = true
	err := t.root.read(t.dec.Begin(body))
	if end := t.dec.End(); err == nil {
		err = end
	}
	t.quiet = false
	if err != nil {
		return fmt.Errorf("entity: %w", err)
	}
	return nil
}

// Apply replays a record of another tree of the same plan on this one. Nothing
// is recorded. A record that does not fit is an error, whatever it holds; its
// property is then not to be used.
func (t *Tree) Apply(n Notify) error {
	t.quiet = true
	err := t.root.apply(n.Path, &n)
	t.quiet = false
	if err != nil {
		return fmt.Errorf("entity: record %v %q: %w", n.Type, n.Text(), err)
	}
	return nil
}

// Equal tells whether two trees of one plan hold the same.
func Equal(a, b *Tree) bool {
	return a.plan == b.plan && bytes.Equal(a.AppendAll(nil), b.AppendAll(nil))
}

// Indexes yields the indexed properties by name: the values as texts that sort
// as the values do, strings as they are.
func (t *Tree) Indexes(yield func(field, value string)) {
	for i := range t.plan.props {
		if t.plan.props[i].Indexed {
			yield(t.plan.props[i].Name, t.root.fields[i].(sorter).sortText())
		}
	}
}

// PropertyOf returns which property a record changes.
func (t *Tree) PropertyOf(n Notify) (*Property, bool) {
	if len(n.Path) == 0 || n.Path[0].Kind != StepField {
		return nil, false
	}
	i, old := t.plan.shape.field(n.Path[0].Name)
	if i < 0 || old {
		return nil, false
	}
	return &t.plan.props[i], true
}
