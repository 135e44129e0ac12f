package schema

import (
	"math"
	"unsafe"
)

// KeyKind is how a value serves as a key.
type KeyKind uint8

// The kinds of keys.
const (
	NoKey KeyKind = iota // a type that is none
	TextKey
	SignedKey
	UnsignedKey
)

// Key returns a value of a string or integer type as text or as a number, a
// signed one in two's complement. Of another type it is no key.
func (f For[T]) Key(v *T) (kind KeyKind, text string, number uint64) {
	p := unsafe.Pointer(v)
	switch f.k.op {
	case opString:
		return TextKey, *(*string)(p), 0
	case opInt:
		return SignedKey, "", uint64(*(*int)(p))
	case opInt8:
		return SignedKey, "", uint64(*(*int8)(p))
	case opInt16:
		return SignedKey, "", uint64(*(*int16)(p))
	case opInt32:
		return SignedKey, "", uint64(*(*int32)(p))
	case opInt64:
		return SignedKey, "", uint64(*(*int64)(p))
	case opUint:
		return UnsignedKey, "", uint64(*(*uint)(p))
	case opUint8:
		return UnsignedKey, "", uint64(*(*uint8)(p))
	case opUint16:
		return UnsignedKey, "", uint64(*(*uint16)(p))
	case opUint32:
		return UnsignedKey, "", uint64(*(*uint32)(p))
	case opUint64:
		return UnsignedKey, "", *(*uint64)(p)
	}
	return NoKey, "", 0
}

// FromKey is the way back from Key; false says that the key is of another kind
// or does not fit the type.
func (f For[T]) FromKey(kind KeyKind, text string, number uint64) (v T, ok bool) {
	p := unsafe.Pointer(&v)
	switch {
	case f.k.op == opString && kind == TextKey:
		*(*string)(p) = text
	case f.k.op >= opInt && f.k.op <= opInt64 && kind == SignedKey:
		f.k.setSigned(p, int64(number))
	case f.k.op >= opUint && f.k.op <= opUint64 && kind == UnsignedKey:
		f.k.setUnsigned(p, number)
	default:
		return v, false
	}
	_, _, back := f.Key(&v)
	return v, kind == TextKey || back == number
}

func (k *Codec) setSigned(p unsafe.Pointer, n int64) {
	switch k.size {
	case 1:
		*(*int8)(p) = int8(n)
	case 2:
		*(*int16)(p) = int16(n)
	case 4:
		*(*int32)(p) = int32(n)
	default:
		*(*int64)(p) = n
	}
}

func (k *Codec) setUnsigned(p unsafe.Pointer, n uint64) {
	switch k.size {
	case 1:
		*(*uint8)(p) = uint8(n)
	case 2:
		*(*uint16)(p) = uint16(n)
	case 4:
		*(*uint32)(p) = uint32(n)
	default:
		*(*uint64)(p) = n
	}
}

// SortText returns a scalar as a text whose order is that of the values, for an
// index: a string as it is, a truth value as 0 or 1, a number as 16 hexadecimal
// digits. False says that the type is no scalar.
func (f For[T]) SortText(v *T) (string, bool) {
	kind, text, number := f.Key(v)
	switch kind {
	case TextKey:
		return text, true
	case SignedKey:
		return hex16(number ^ 1<<63), true
	case UnsignedKey:
		return hex16(number), true
	}
	switch p := unsafe.Pointer(v); f.k.op {
	case opBool:
		if *(*bool)(p) {
			return "1", true
		}
		return "0", true
	case opFloat32:
		return sortFloat(float64(*(*float32)(p))), true
	case opFloat64:
		return sortFloat(*(*float64)(p)), true
	}
	return "", false
}

// sortFloat turns the bits of negative numbers over, so that bits are ordered as
// numbers are; the zeros are one, and every NaN is one and the last.
func sortFloat(x float64) string {
	bits := math.Float64bits(x)
	switch {
	case x == 0:
		bits = 1 << 63
	case x != x:
		bits = math.MaxUint64
	case bits>>63 != 0:
		bits = ^bits
	default:
		bits |= 1 << 63
	}
	return hex16(bits)
}

func hex16(n uint64) string {
	const digits = "0123456789abcdef"
	var b [16]byte
	for i := range b {
		b[i] = digits[n>>(60-4*i)&15]
	}
	return string(b[:])
}
