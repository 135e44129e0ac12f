package entity

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Audience says who is told of a property.
type Audience uint8

// The audiences.
const (
	ServerOnly    Audience = iota // nobody outside the servers, the default
	OwnClientOnly                 // the avatar's own client
	AllClients                    // every client that sees the entity, its own among them
)

// String returns the audience's name in the notes.
func (a Audience) String() string {
	switch a {
	case ServerOnly:
		return "SERVER_ONLY"
	case OwnClientOnly:
		return "OWN_CLIENT"
	case AllClients:
		return "ALL_CLIENTS"
	}
	return "AUDIENCE?"
}

// MaxProperties bounds the properties of one struct.
const MaxProperties = 256

// Property is one synced field of an entity class.
type Property struct {
	Name    string
	Kind    Audience
	Saved   bool
	Indexed bool
	Was     []string // the names that it had in older records

	index int
	shape *shape
}

func (p *Property) fieldShape() fieldShape { return fieldShape{p.Name, p.Was, p.index, p.shape} }

// Plan is what the properties of an entity type are. It never changes.
type Plan struct {
	of    reflect.Type
	props []Property // in the order of their names
	shape *shape
}

// PlanOf finds the properties of an entity type, a struct. The error names the
// field that is wrong and what to write instead. Embedded bases of this package are no properties.
func PlanOf(t reflect.Type) (*Plan, error) {
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("entity: %v is no struct", t)
	}
	p := planner{shapes: map[reflect.Type]*shape{}}
	props, err := p.fields(t)
	if err != nil {
		return nil, fmt.Errorf("entity: %w", err)
	}
	plan := &Plan{of: t, props: props, shape: &shape{of: t}}
	for i := range props {
		plan.shape.fields = append(plan.shape.fields, props[i].fieldShape())
		if props[i].shape.height+1 > MaxTreeDepth {
			return nil, fmt.Errorf("entity: field %s of %v: %w", props[i].Name, t, errDeep)
		}
	}
	return plan, nil
}

// Properties returns the properties in the order of their names; they are not to be changed.
func (p *Plan) Properties() []Property { return p.props }

// indexes tells whether a property of that name is indexed.
func (p *Plan) indexes(name string) bool {
	return slices.ContainsFunc(p.props, func(q Property) bool { return q.Name == name && q.Indexed })
}

// Saves tells whether a property is saved.
func (p *Plan) Saves() bool {
	return slices.ContainsFunc(p.props, func(p Property) bool { return p.Saved })
}

// fields finds the properties of a struct, in the order of their names.
func (p *planner) fields(t reflect.Type) ([]Property, error) {
	var props []Property
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous && f.Type.PkgPath() == reflect.TypeFor[Property]().PkgPath() && !strings.Contains(f.Type.Name(), "[") {
			continue
		}
		prop, transient, err := p.field(f)
		if err != nil {
			return nil, fmt.Errorf("field %s of %v: %w", f.Name, t, err)
		}
		if !transient {
			prop.index = i
			props = append(props, prop)
		}
	}
	slices.SortFunc(props, func(a, b Property) int { return cmp.Compare(a.Name, b.Name) })
	if len(props) > MaxProperties {
		return nil, fmt.Errorf("%v has %d properties, at most %d are allowed", t, len(props), MaxProperties)
	}
	return props, checkNames(t, props)
}

func checkNames(t reflect.Type, props []Property) error {
	used := map[string]bool{}
	for i := range props {
		for _, name := range append([]string{props[i].Name}, props[i].Was...) {
			if used[name] {
				return fmt.Errorf("%v: two properties are, or were, called %q", t, name)
			}
			used[name] = true
		}
	}
	return nil
}

// field makes a property of a Go field.
func (p *planner) field(f reflect.StructField) (prop Property, transient bool, err error) {
	tag, tagged := f.Tag.Lookup("entity")
	if tagged && tag == "transient" {
		return prop, true, nil
	}
	isProperty := reflect.PointerTo(f.Type).Implements(propertyType)
	switch {
	case !isProperty && f.Type.Kind() == reflect.Pointer && f.Type.Implements(propertyType):
		return prop, false, fmt.Errorf("a pointer to a property: make it %v", f.Type.Elem())
	case !isProperty:
		return prop, false, fmt.Errorf("%v is no property: use entity.Value, CustomMap or CustomList, or tag it `entity:\"transient\"`", f.Type)
	case !f.IsExported() || f.Anonymous:
		return prop, false, fmt.Errorf("a property has an exported name of its own")
	}
	first, size := utf8.DecodeRuneInString(f.Name)
	prop.Name = string(unicode.ToLower(first)) + f.Name[size:]
	if err := prop.parse(tag); err != nil {
		return prop, false, err
	}
	prop.shape, err = reflect.New(f.Type).Interface().(declared).describe(p)
	switch {
	case err != nil:
	case prop.Indexed && !prop.shape.scalar:
		err = fmt.Errorf("index is for a Value of a truth value, number or string")
	case prop.Indexed && !prop.Saved:
		err = fmt.Errorf("index needs saved: queries find what is in the store")
	}
	return prop, false, err
}

// parse reads the words of a property's tag.
func (p *Property) parse(tag string) error {
	audiences := 0
	for word := range strings.SplitSeq(tag, ",") {
		old, renamed := strings.CutPrefix(word, "was=")
		switch {
		case tag == "":
		case renamed && old != "":
			p.Was = append(p.Was, old)
		case word == "own":
			p.Kind = OwnClientOnly
			audiences++
		case word == "all":
			p.Kind = AllClients
			audiences++
		case word == "server":
			audiences++
		case word == "saved":
			p.Saved = true
		case word == "index":
			p.Indexed = true
		case word == "transient":
			return fmt.Errorf("transient stands alone: a field is either a property or left alone")
		default:
			return fmt.Errorf("unknown word %q: own, all, server, saved, index, was=oldname and transient are known", word)
		}
	}
	if audiences > 1 {
		return fmt.Errorf("only one of own, all and server can hold")
	}
	return nil
}
