package wire

import (
	"encoding/binary"
	"math"

	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// The first bytes of values, by their names in the msgpack specification. They
// are constants here so that switches over them become jump tables.
const (
	codeFixMap   = 0x80
	codeFixArray = 0x90
	codeFixStr   = 0xa0
	codeNegFix   = 0xe0

	codeNil    = 0xc0
	codeUnused = 0xc1
	codeFalse  = 0xc2
	codeTrue   = 0xc3
)

// Encoder writes messages without allocating; its zero value is ready. It is
// not for use by a Code method that it is running.
type Encoder struct{ c Coder }

// Append appends the message as one value, an array of its fields, to dst and
// returns the longer slice. A message that cannot be written is our bug and panics.
func (e *Encoder) Append(dst []byte, m Message) []byte {
	e.c = Coder{b: dst}
	e.c.Struct(m)
	b := e.c.b
	e.c.b = nil
	return b
}

// Append is Encoder.Append for a place that keeps no Encoder; it allocates one.
func Append(dst []byte, m Message) []byte {
	var e Encoder
	return e.Append(dst, m)
}

// AppendState appends the canonical bytes of a state: equal states, whatever
// way they came about, are equal bytes. The function is a State method, as in
// AppendState(nil, host.State).
func AppendState(dst []byte, state func(*Coder)) []byte {
	c := Coder{b: dst, state: true}
	outer, _ := c.open()
	state(&c)
	c.close(outer)
	return c.b
}

// AppendBytes appends one binary value that stands alone, for an argument that
// is nothing but bytes.
func AppendBytes(dst, body []byte) []byte {
	return append(appendBinHeader(dst, len(body)), body...)
}

func appendUint(b []byte, v uint64) []byte {
	switch {
	case v <= math.MaxInt8:
		return append(b, byte(v))
	case v <= math.MaxUint8:
		return append(b, msgpcode.Uint8, byte(v))
	case v <= math.MaxUint16:
		return append(b, msgpcode.Uint16, byte(v>>8), byte(v))
	case v <= math.MaxUint32:
		return append(b, msgpcode.Uint32, byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
	}
	return binary.BigEndian.AppendUint64(append(b, msgpcode.Uint64), v)
}

func appendInt(b []byte, v int64) []byte {
	switch {
	case v >= 0:
		return appendUint(b, uint64(v))
	case v >= -32:
		return append(b, byte(v))
	case v >= math.MinInt8:
		return append(b, msgpcode.Int8, byte(v))
	case v >= math.MinInt16:
		return append(b, msgpcode.Int16, byte(v>>8), byte(v))
	case v >= math.MinInt32:
		return append(b, msgpcode.Int32, byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
	}
	return binary.BigEndian.AppendUint64(append(b, msgpcode.Int64), uint64(v))
}

// These stand for every NaN: architectures differ in the bits that a
// computation leaves behind.
const (
	canonicalNaN   = 0x7ff8000000000000
	canonicalNaN32 = 0x7fc00000
)

func appendFloat64(b []byte, v float64) []byte {
	bits := math.Float64bits(v)
	if v != v {
		bits = canonicalNaN
	}
	return binary.BigEndian.AppendUint64(append(b, msgpcode.Double), bits)
}

func appendFloat32(b []byte, v float32) []byte {
	bits := math.Float32bits(v)
	if v != v {
		bits = canonicalNaN32
	}
	return binary.BigEndian.AppendUint32(append(b, msgpcode.Float), bits)
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, codeTrue)
	}
	return append(b, codeFalse)
}

func appendString(b []byte, s string) []byte {
	n := uint64(len(s))
	switch {
	case n < 32:
		b = append(b, codeFixStr|byte(n))
	case n <= math.MaxUint8:
		b = append(b, msgpcode.Str8, byte(n))
	default:
		b = appendLength(b, msgpcode.Str16, n)
	}
	return append(b, s...)
}

func appendBinHeader(b []byte, n int) []byte {
	if n <= math.MaxUint8 {
		return append(b, msgpcode.Bin8, byte(n))
	}
	return appendLength(b, msgpcode.Bin16, uint64(n))
}

// appendLength appends a header of two or four length bytes; the code of the
// long form follows that of the short one in every family.
func appendLength(b []byte, short byte, n uint64) []byte {
	switch {
	case n <= math.MaxUint16:
		return append(b, short, byte(n>>8), byte(n))
	case n <= math.MaxUint32:
		return append(b, short+1, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	panic("wire: a value of more than 4294967295 bytes or elements")
}

func arrayHeaderSize(n int) int {
	switch {
	case n < 16:
		return 1
	case n <= math.MaxUint16:
		return 3
	}
	return 5
}

func appendArrayHeader(b []byte, n int) []byte {
	if n < 16 {
		return append(b, codeFixArray|byte(n))
	}
	return appendLength(b, msgpcode.Array16, uint64(n))
}

func appendMapHeader(b []byte, n int) []byte {
	if n < 16 {
		return append(b, codeFixMap|byte(n))
	}
	return appendLength(b, msgpcode.Map16, uint64(n))
}
