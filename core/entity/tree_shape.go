package entity

import (
	"fmt"
	"reflect"

	"messiah/core/wire"
)

// shape is what a type of property holds. Shapes are made with the plan and
// never change; a type that holds itself has one that does.
type shape struct {
	of     reflect.Type
	code   any // schema.For of a leaf, of a container's if those are leaves
	key    any // schema.For of a map's keys
	elem   *shape
	fields []fieldShape // of a struct, in the order of their names
	list   bool
	scalar bool // a leaf that an index can hold
	height int  // containers within each other, itself included
}

// fieldShape is a property of a struct.
type fieldShape struct {
	name  string
	was   []string
	index int // of the Go field
	shape *shape
}

// planner makes the shapes of one plan.
type planner struct {
	shapes map[reflect.Type]*shape
	open   int // containers around the one that is described
}

var propertyType = reflect.TypeFor[declared]()

// container completes the shape of a map or list with what it holds.
func (p *planner) container(s *shape, elem reflect.Type, leaf func(*shape) error) (*shape, error) {
	if known := p.shapes[s.of]; known != nil {
		return known, nil
	}
	p.shapes[s.of] = s
	if elem.Kind() == reflect.Pointer {
		node, err := p.node(elem.Elem())
		if err != nil {
			return nil, err
		}
		s.elem, s.height = node, node.height+1
		return s, nil
	}
	if reflect.PointerTo(elem).Implements(propertyType) || hasProperty(elem) {
		return nil, fmt.Errorf("%v is a node: hold a pointer to it", elem)
	}
	s.height = 1
	return s, leaf(s)
}

func hasProperty(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	for i := range t.NumField() {
		if reflect.PointerTo(t.Field(i).Type).Implements(propertyType) {
			return true
		}
	}
	return false
}

// node returns the shape of a node that a container points to.
func (p *planner) node(t reflect.Type) (*shape, error) {
	if p.open++; p.open >= MaxTreeDepth {
		return nil, errDeep
	}
	defer func() { p.open-- }()
	if reflect.PointerTo(t).Implements(propertyType) {
		s, err := reflect.New(t).Interface().(declared).describe(p)
		if err == nil && s.key == nil && !s.list {
			err = fmt.Errorf("a container of pointers to %v: hold what is in it", t)
		}
		return s, err
	}
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("a pointer to %v is no node: those are structs of properties, CustomMaps and CustomLists", t)
	}
	if known := p.shapes[t]; known != nil {
		return known, nil
	}
	s := &shape{of: t, height: 1}
	p.shapes[t] = s
	props, err := p.fields(t)
	if err != nil {
		return nil, err
	}
	for _, f := range props {
		if f.Kind != ServerOnly || f.Saved || f.Indexed {
			return nil, fmt.Errorf("field %s of %v: leave own, all, saved and index out: what lies within a property follows the property's own tag", t.Field(f.index).Name, t)
		}
		s.fields = append(s.fields, f.fieldShape())
		s.height = max(s.height, f.shape.height+1)
	}
	if len(s.fields) == 0 {
		return nil, fmt.Errorf("struct %v has no property: give it one, or hold it by value", t)
	}
	return s, nil
}

// fresh returns a pointer to a new node.
func (s *shape) fresh() any { return reflect.New(s.of).Interface() }

// node returns the value of a container as the node that it is. This is the
// only place behind registration that reflects, once for each struct that is
// hung into a tree: it finds the addresses of its properties.
func (s *shape) node(v any) (property, error) {
	if reflect.ValueOf(v).IsNil() {
		return nil, errNil
	}
	if p, ok := v.(property); ok {
		return p, nil
	}
	b := &branch{fields: make([]property, len(s.fields))}
	at := reflect.ValueOf(v).Elem()
	for i := range s.fields {
		b.fields[i] = at.Field(s.fields[i].index).Addr().Interface().(property)
	}
	return b, nil
}

// writeEmpty writes a node that holds nothing: a struct without names, or an empty container.
func (s *shape) writeEmpty(c *wire.Coder) {
	var level wire.Level
	if s.list {
		_, level, _ = c.OpenList(0)
	} else {
		_, level, _ = c.OpenMap(0)
	}
	c.CloseCounted(level)
}

// branch is the node of a struct of properties.
type branch struct {
	link   link
	fields []property // as the shape has them
}

func (b *branch) hook() *link { return &b.link }

func (b *branch) bind(up *link, s Step, sh *shape) error {
	if b.fields[0].hook().tree != nil {
		return errHangs
	}
	if err := b.link.hang(up, s, sh); err != nil {
		return err
	}
	return b.bindFields()
}

func (b *branch) bindFields() error {
	for i, f := range b.fields {
		known := &b.link.shape.fields[i]
		if b.link.up == nil {
			b.link.prop = uint16(i)
		}
		if err := f.bind(&b.link, Step{Kind: StepField, Name: known.name}, known.shape); err != nil {
			return fmt.Errorf("%s: %w", known.name, err)
		}
	}
	return nil
}

func (b *branch) unbind() {
	for _, f := range b.fields {
		f.unbind()
	}
	b.link.fall()
}

func (b *branch) write(c *wire.Coder) { b.writeSome(c, func(int) bool { return true }) }

// writeSome writes a map from the names to the values of those fields that are wanted.
func (b *branch) writeSome(c *wire.Coder, wanted func(i int) bool) {
	n := 0
	for i := range b.fields {
		if wanted(i) {
			n++
		}
	}
	_, level, _ := c.OpenMap(n)
	for i, f := range b.fields {
		if wanted(i) {
			c.String(&b.link.shape.fields[i].name)
			f.write(c)
		}
	}
	c.CloseCounted(level)
}

// read takes over what is there under the names of the fields, or under those
// that they had; other names are skipped, fields without a name keep what they hold.
func (b *branch) read(c *wire.Coder) error {
	n, level, ok := c.OpenMap(0)
	if !ok {
		return c.Err()
	}
	seen := make([]bool, len(b.fields))
	var last string
	for at := range n {
		var name string
		if c.String(&name); c.Err() != nil {
			return c.Err()
		}
		if at > 0 && name <= last {
			return errOrder
		}
		last = name
		i, old := b.link.shape.field(name)
		if i < 0 || old && seen[i] {
			c.Skip()
			continue
		}
		seen[i] = true
		if err := b.fields[i].read(c); err != nil {
			return fmt.Errorf("property %s: %w", name, err)
		}
	}
	c.CloseCounted(level)
	return c.Err()
}

// field returns which field has a name, -1 if none; old says that it had it once.
func (s *shape) field(name string) (i int, old bool) {
	for i := range s.fields {
		if s.fields[i].name == name {
			return i, false
		}
	}
	for i := range s.fields {
		for _, was := range s.fields[i].was {
			if was == name {
				return i, true
			}
		}
	}
	return -1, false
}

func (b *branch) apply(path []Step, n *Notify) error {
	if len(path) == 0 || path[0].Kind != StepField {
		return fmt.Errorf("a struct has no %v at %q", n.Type, Notify{Path: path}.Text())
	}
	i, old := b.link.shape.field(path[0].Name)
	if i < 0 || old {
		return fmt.Errorf("no property %q", path[0].Name)
	}
	return b.fields[i].apply(path[1:], n)
}

// sorter is a leaf that an index can hold.
type sorter interface{ sortText() string }
