package schema

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"unsafe"

	"messiah/core/wire"
)

// lengthError is an array of another length than the type's.
type lengthError struct {
	got, want int
	of        reflect.Type
}

func (e lengthError) Error() string {
	return fmt.Sprintf("schema: %d elements where %v has %d", e.got, e.of, e.want)
}

// Equal tells whether two values of the codec's type are written as the same
// bytes. It allocates only where a type has a Code method.
func (k *Codec) Equal(a, b unsafe.Pointer) bool {
	switch k.op {
	case opFloat32:
		return equalFloats(float64(*(*float32)(a)), float64(*(*float32)(b)))
	case opFloat64:
		return equalFloats(*(*float64)(a), *(*float64)(b))
	case opString:
		return *(*string)(a) == *(*string)(b)
	case opBytes:
		return bytes.Equal(*(*[]byte)(a), *(*[]byte)(b))
	case opArray:
		return k.equalElements(a, b, k.length)
	case opSlice:
		s, t := (*sliceHeader)(a), (*sliceHeader)(b)
		return s.len == t.len && k.equalElements(s.data, t.data, s.len)
	case opStruct:
		for i := range k.fields {
			if f := &k.fields[i]; !f.code.Equal(unsafe.Add(a, f.at), unsafe.Add(b, f.at)) {
				return false
			}
		}
		return true
	case opMessage:
		return bytes.Equal(wire.Append(nil, k.message(a)), wire.Append(nil, k.message(b)))
	}
	return equalMemory(a, b, k.size)
}

func equalFloats(a, b float64) bool {
	return math.Float64bits(a) == math.Float64bits(b) || a != a && b != b
}

func (k *Codec) equalElements(a, b unsafe.Pointer, n int) bool {
	for i := range n {
		at := uintptr(i) * k.elem.size
		if !k.elem.Equal(unsafe.Add(a, at), unsafe.Add(b, at)) {
			return false
		}
	}
	return true
}

// equalMemory compares numbers, truth values and arrays of bytes as they lie in memory.
func equalMemory(a, b unsafe.Pointer, size uintptr) bool {
	return string(unsafe.Slice((*byte)(a), size)) == string(unsafe.Slice((*byte)(b), size))
}
