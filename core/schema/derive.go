package schema

import (
	"fmt"
	"reflect"

	"messiah/core/wire"
)

// Of derives the codec of a type. The error names the type, the path to the
// part of it that has no codec, and what to use in its place.
func Of(t reflect.Type) (*Codec, error) {
	if t == nil {
		return nil, fmt.Errorf("schema: no type: a nil interface has none")
	}
	d := derivation{root: t}
	k, err := d.of(t, "")
	if err != nil {
		return nil, err
	}
	if k.depth > MaxDepth {
		return nil, d.refuse("", t, "arrays nest %d deep, at most %d do: use flatter structs", k.depth, MaxDepth)
	}
	if k.size > MaxSize {
		return nil, d.refuse("", t, "a value takes %d bytes, at most %d: use slices in place of arrays", k.size, MaxSize)
	}
	return k, nil
}

// derivation is the way from the type that was asked for to the part at hand.
type derivation struct {
	root reflect.Type
	open []reflect.Type
}

func (d *derivation) refuse(path string, t reflect.Type, format string, args ...any) error {
	where := d.root.String()
	if path != "" {
		where += " at " + path[1:] + " (" + t.String() + ")"
	}
	return fmt.Errorf("schema: %s: %s", where, fmt.Sprintf(format, args...))
}

var message = reflect.TypeFor[wire.Message]()

// scalars are the kinds of one number, string or truth value.
var scalars = map[reflect.Kind]op{
	reflect.Bool: opBool, reflect.Int: opInt, reflect.Int8: opInt8, reflect.Int16: opInt16, reflect.Int32: opInt32,
	reflect.Int64: opInt64, reflect.Uint: opUint, reflect.Uint8: opUint8, reflect.Uint16: opUint16,
	reflect.Uint32: opUint32, reflect.Uint64: opUint64, reflect.Float32: opFloat32, reflect.Float64: opFloat64,
	reflect.String: opString,
}

// instead is what to use in the place of a kind that has no codec.
var instead = map[reflect.Kind]string{
	reflect.Map:           "a map has no codec: use a slice of structs, in a property a CustomMap",
	reflect.Pointer:       "a pointer has no codec: use the value, or a slice of at most one",
	reflect.Interface:     "an interface has no codec: use a struct, or bytes with a number that tells their type",
	reflect.Func:          "a function has no codec: use the name of a timer or of a reply",
	reflect.Chan:          "a channel has no codec: use a method",
	reflect.Uintptr:       "an address has no codec: use uint64",
	reflect.UnsafePointer: "an address has no codec: use uint64",
	reflect.Complex64:     "a complex number has no codec: use two float32",
	reflect.Complex128:    "a complex number has no codec: use two float64",
}

func (d *derivation) of(t reflect.Type, path string) (*Codec, error) {
	for _, outer := range d.open {
		if outer == t {
			return nil, d.refuse(path, t, "a type that holds itself has no codec: use ids of the parts")
		}
	}
	k := &Codec{of: t, size: t.Size()}
	if t.Kind() != reflect.Interface && reflect.PointerTo(t).Implements(message) {
		return k, d.byMethod(k, path)
	}
	if scalar, ok := scalars[t.Kind()]; ok {
		k.op, k.fixed = scalar, scalar != opString
		return k, nil
	}
	d.open = append(d.open, t)
	defer func() { d.open = d.open[:len(d.open)-1] }()
	switch t.Kind() {
	case reflect.Array:
		return k, d.array(k, path)
	case reflect.Slice:
		return k, d.slice(k, path)
	case reflect.Struct:
		return k, d.fields(k, path)
	}
	return nil, d.refuse(path, t, "%s", instead[t.Kind()])
}

// byMethod takes the type's own Code method, unless an embedded field lends it:
// that one would leave the other fields out.
func (d *derivation) byMethod(k *Codec, path string) error {
	if k.of.Kind() == reflect.Struct {
		for i := range k.of.NumField() {
			f := k.of.Field(i)
			if f.Anonymous && (f.Type.Implements(message) || reflect.PointerTo(f.Type).Implements(message)) {
				return d.refuse(path+"."+f.Name, f.Type, "the Code method of an embedded field hides the other fields: give the field a name")
			}
		}
	}
	k.op, k.depth, k.shared = opMessage, 4, true
	k.proto = reflect.New(k.of).Interface().(wire.Message)
	return nil
}

func isByte(t reflect.Type) bool {
	return t.Kind() == reflect.Uint8 && !reflect.PointerTo(t).Implements(message)
}

func (d *derivation) array(k *Codec, path string) error {
	k.length = k.of.Len()
	if isByte(k.of.Elem()) {
		k.op, k.fixed = opByteArray, true
		if k.length == 16 {
			k.op = opBytes16
		}
		return nil
	}
	elem, err := d.of(k.of.Elem(), path+".[]")
	if err != nil {
		return err
	}
	if k.length > MaxSize {
		return d.refuse(path, k.of, "an array of more than %d elements: use a slice", MaxSize)
	}
	k.op, k.elem, k.fixed, k.shared, k.depth = opArray, elem, elem.fixed, elem.shared, elem.depth+1
	return nil
}

func (d *derivation) slice(k *Codec, path string) error {
	if isByte(k.of.Elem()) {
		k.op, k.shared = opBytes, true
		return nil
	}
	elem, err := d.of(k.of.Elem(), path+".[]")
	if err != nil {
		return err
	}
	if elem.size > MaxElement {
		return d.refuse(path, k.of, "an element takes %d bytes, at most %d: use smaller structs, or slices within them", elem.size, MaxElement)
	}
	k.op, k.elem, k.shared, k.depth, k.list = opSlice, elem, true, elem.depth+1, k.of
	return nil
}

func (d *derivation) fields(k *Codec, path string) error {
	k.op, k.fixed, k.depth = opStruct, true, 1
	for i := range k.of.NumField() {
		f := k.of.Field(i)
		if !f.IsExported() {
			return d.refuse(path+"."+f.Name, f.Type, "an unexported field has no codec: export it, or give the struct a Code method")
		}
		code, err := d.of(f.Type, path+"."+f.Name)
		if err != nil {
			return err
		}
		k.fields = append(k.fields, field{f.Offset, code})
		k.fixed = k.fixed && code.fixed
		k.shared = k.shared || code.shared
		k.depth = max(k.depth, code.depth+1)
	}
	return nil
}
