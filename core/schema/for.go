package schema

import (
	"reflect"
	"unsafe"

	"messiah/core/wire"
)

// For is the codec of one type with that type in its methods. Its zero value
// is of no use: NewFor and MustFor make one.
type For[T any] struct{ k *Codec }

// NewFor derives the codec of T, or says why it has none, as Of does.
func NewFor[T any]() (For[T], error) {
	k, err := Of(reflect.TypeFor[T]())
	return For[T]{k}, err
}

// MustFor is NewFor for a type that the caller has written; it panics with the error.
func MustFor[T any]() For[T] {
	f, err := NewFor[T]()
	if err != nil {
		panic(err.Error())
	}
	return f
}

// Codec returns the codec without the type.
func (f For[T]) Codec() *Codec { return f.k }

// Code reads or writes a value as exactly one field.
func (f For[T]) Code(c *wire.Coder, v *T) { f.k.Code(c, unsafe.Pointer(v)) }

// Append appends a value that stands alone to dst and returns the longer slice.
func (f For[T]) Append(e *wire.Encoder, dst []byte, v *T) []byte {
	f.k.Code(e.Begin(dst), unsafe.Pointer(v))
	return e.End()
}

// Decode reads the one value that is the whole of body, whatever body holds. It
// allocates at most MaxElement bytes for each byte of body, and replaces the
// value wholly: by its zero value if there is an error.
func (f For[T]) Decode(d *wire.Decoder, body []byte, v *T) error {
	var zero T
	*v = zero
	f.k.Code(d.Begin(body), unsafe.Pointer(v))
	err := d.End()
	if err != nil {
		*v = zero
	}
	return err
}

// Equal tells whether two values are written as the same bytes: every NaN is
// one, zero and minus zero are two, and no elements are like none.
func (f For[T]) Equal(a, b *T) bool { return f.k.Equal(unsafe.Pointer(a), unsafe.Pointer(b)) }
