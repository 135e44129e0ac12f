// Package schema derives codecs from Go types, once each: a game author writes
// structs, and their values cross the wire by the rules of package wire.
//
// Truth values, numbers of any width, strings, bytes, arrays and slices are one
// value each; a struct is an array of its fields, to which fields may be added at
// the end; a type whose pointer has a Code method is what that method writes.
// Reading and writing use no reflection; they allocate for strings, bytes and
// slices alone.
package schema

import (
	"reflect"
	"unsafe"

	"messiah/core/wire"
)

// Bounds of the types that have a codec.
const (
	MaxDepth   = 8       // arrays within arrays in one value; a type with a Code method counts as 4
	MaxSize    = 1 << 16 // bytes of one value in memory, without what its slices hold
	MaxElement = 512     // bytes of a slice's element: what a byte of input may cost
)

// op is what a codec does with the value that it is given.
type op uint8

const (
	opBool op = iota
	opInt
	opInt8
	opInt16
	opInt32
	opInt64
	opUint
	opUint8
	opUint16
	opUint32
	opUint64
	opFloat32
	opFloat64
	opString
	opBytes
	opBytes16
	opByteArray
	opArray
	opSlice
	opStruct
	opMessage
)

// Codec reads and writes the values of one type. It never changes.
type Codec struct {
	op     op
	fixed  bool
	shared bool
	depth  int
	size   uintptr
	length int     // opArray, opByteArray
	elem   *Codec  // opArray, opSlice
	fields []field // opStruct
	list   reflect.Type
	proto  wire.Message // opMessage: lends its method table
	of     reflect.Type
}

type field struct {
	at   uintptr
	code *Codec
}

// Type returns the type whose values the codec reads and writes.
func (k *Codec) Type() reflect.Type { return k.of }

// Fixed tells whether reading a value never allocates.
func (k *Codec) Fixed() bool { return k.fixed }

// Shared tells whether copies of a value may have memory in common that can be
// changed: slices and bytes, and whatever is behind a Code method.
func (k *Codec) Shared() bool { return k.shared }

// Depth returns how many arrays nest in a value, the outermost one included.
func (k *Codec) Depth() int { return k.depth }

// Code reads or writes the value at p, one of the codec's type, as exactly one
// field. What it reads is a copy of the input and replaces the value wholly.
func (k *Codec) Code(c *wire.Coder, p unsafe.Pointer) {
	switch k.op {
	case opBool:
		c.Bool((*bool)(p))
	case opInt:
		c.Int((*int)(p))
	case opInt8:
		c.Int8((*int8)(p))
	case opInt16:
		c.Int16((*int16)(p))
	case opInt32:
		c.Int32((*int32)(p))
	case opInt64:
		c.Int64((*int64)(p))
	case opUint:
		c.Uint((*uint)(p))
	case opUint8:
		c.Uint8((*uint8)(p))
	case opUint16:
		c.Uint16((*uint16)(p))
	case opUint32:
		c.Uint32((*uint32)(p))
	case opUint64:
		c.Uint64((*uint64)(p))
	case opFloat32:
		c.Float32((*float32)(p))
	case opFloat64:
		c.Float64((*float64)(p))
	case opString:
		c.String((*string)(p))
	default:
		k.codeMany(c, p)
	}
}

// codeMany is Code for values of more than one word.
func (k *Codec) codeMany(c *wire.Coder, p unsafe.Pointer) {
	switch k.op {
	case opBytes:
		c.Bytes((*[]byte)(p))
	case opBytes16:
		c.Bytes16((*[16]byte)(p))
	case opByteArray:
		k.byteArray(c, p)
	case opArray:
		k.array(c, p)
	case opSlice:
		k.slice(c, p)
	case opStruct:
		level, ok := c.Open()
		if !ok {
			return
		}
		for i := range k.fields {
			k.fields[i].code.Code(c, unsafe.Add(p, k.fields[i].at))
		}
		c.Close(level)
	case opMessage:
		c.Struct(k.message(p))
	}
}

// byteArray codes an array of bytes as bytes of that length; none are zeros.
func (k *Codec) byteArray(c *wire.Coder, p unsafe.Pointer) {
	own := unsafe.Slice((*byte)(p), k.length)
	if !c.Decoding() {
		c.View(&own)
		return
	}
	var view []byte
	c.View(&view)
	clear(own)
	if copy(own, view); len(view) != 0 && len(view) != k.length {
		c.Fail(lengthError{len(view), k.length, k.of})
	}
}

// array codes an array of a fixed number of elements; none, from a writer that
// does not have the field, are zeros.
func (k *Codec) array(c *wire.Coder, p unsafe.Pointer) {
	n, level, ok := c.OpenList(k.length)
	if !ok {
		return
	}
	if n == 0 {
		reflect.NewAt(k.of, hide(p)).Elem().SetZero()
	} else if n != k.length {
		c.Fail(lengthError{n, k.length, k.of})
		n = 0
	}
	for i := range n {
		k.elem.Code(c, unsafe.Add(p, uintptr(i)*k.elem.size))
	}
	c.CloseCounted(level)
}

// sliceHeader is how a slice lies in memory.
type sliceHeader struct {
	data     unsafe.Pointer
	len, cap int
}

// slice codes a slice; reading makes a new one, or nil for no elements.
func (k *Codec) slice(c *wire.Coder, p unsafe.Pointer) {
	s := (*sliceHeader)(p)
	n, level, ok := c.OpenList(s.len)
	if !ok {
		return
	}
	if c.Decoding() {
		*s = sliceHeader{}
		if n > 0 {
			*s = sliceHeader{reflect.MakeSlice(k.list, n, n).UnsafePointer(), n, n}
		}
	}
	for i := range n {
		k.elem.Code(c, unsafe.Add(s.data, uintptr(i)*k.elem.size))
		if c.Err() != nil {
			break
		}
	}
	c.CloseCounted(level)
}

// message returns the value at p as what its type makes of it. An interface
// that holds a pointer is the type's method table and the pointer.
func (k *Codec) message(p unsafe.Pointer) wire.Message {
	m := k.proto
	(*[2]unsafe.Pointer)(unsafe.Pointer(&m))[1] = hide(p)
	return m
}

// hide keeps the compiler from moving every value that is coded to the heap for
// the sake of Code methods, which must not keep their receiver.
func hide(p unsafe.Pointer) unsafe.Pointer {
	address := *(*uintptr)(unsafe.Pointer(&p))
	return *(*unsafe.Pointer)(unsafe.Pointer(&address))
}
