package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// Decoder reads messages; its zero value is ready. It allocates for strings,
// bytes, slices and maps alone. It is not for use by a Code method that it is running.
type Decoder struct{ c Coder }

// Decode reads a message that is the whole of body, whatever body holds: it
// never panics, recurses no deeper than MaxDepth, and allocates no element that
// body has no byte for. What it read is not to be used after an error.
func (d *Decoder) Decode(body []byte, m Message) error {
	d.c = Coder{b: body, fields: 1, decoding: true, strict: true}
	d.c.Struct(m)
	err := d.c.end()
	d.c.b = nil
	return err
}

// Decode is Decoder.Decode for a place that keeps no Decoder; it allocates one.
func Decode(body []byte, m Message) error {
	var d Decoder
	return d.Decode(body, m)
}

// LoadState reads back what AppendState wrote, by the same State method. The
// version rule does not hold: every field must be there and known.
func LoadState(b []byte, state func(*Coder)) error {
	c := Coder{b: b, fields: 1, decoding: true, strict: true, state: true}
	if outer, ok := c.open(); ok {
		state(&c)
		c.close(outer)
	}
	return c.end()
}

// DecodeBytes reads what AppendBytes wrote and returns a view of it.
func DecodeBytes(b []byte) ([]byte, error) {
	c := Coder{b: b, fields: 1, decoding: true, strict: true}
	view := c.bin()
	if err := c.end(); err != nil {
		return nil, err
	}
	return view, nil
}

// end returns the error of reading, which bytes behind the one value are too.
func (c *Coder) end() error {
	if c.err == nil && c.at != len(c.b) {
		return fmt.Errorf("wire: %d bytes behind the value", len(c.b)-c.at)
	}
	return c.err
}

// errCut is a list whose last element lacks fields, or a state without one that this build has.
var errCut = errors.New("wire: a field is missing")

// next begins a field; false says that it reads as zero: its writer does not
// have it, or reading has failed.
func (c *Coder) next() bool {
	if c.fields > 0 {
		c.fields--
		return true
	}
	return c.missing()
}

func (c *Coder) missing() bool {
	if c.strict && c.err == nil {
		c.Fail(errCut)
	}
	return false
}

// code takes the first byte of a value.
func (c *Coder) code() byte {
	if c.at < len(c.b) {
		c.at++
		return c.b[c.at-1]
	}
	return c.ended()
}

func (c *Coder) ended() byte {
	c.failf("the bytes end where a value must begin")
	return codeUnused
}

// number takes the size bytes of a big-endian number; 0 after an error.
func (c *Coder) number(size int) (v uint64) {
	if len(c.b)-c.at < size {
		c.failf("the bytes end within a number of %d bytes", size)
		return 0
	}
	b := c.b[c.at:]
	c.at += size
	switch size {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.BigEndian.Uint16(b))
	case 4:
		return uint64(binary.BigEndian.Uint32(b))
	}
	return binary.BigEndian.Uint64(b)
}

// wrong refuses a value of another type; the place is that of its first byte.
func (c *Coder) wrong(code byte, want string) {
	if c.err == nil {
		c.at--
		c.failf("a value of type 0x%02x where there must be %s", code, want)
	}
}

// uint reads an unsigned number up to most. Every form of integer is taken, as
// other writers do not always choose the shortest.
func (c *Coder) uint(most uint64) uint64 {
	if !c.next() {
		return 0
	}
	if c.at < len(c.b) && c.b[c.at] <= math.MaxInt8 {
		c.at++
		return uint64(c.b[c.at-1])
	}
	v, negative := c.integer()
	if negative || v > most {
		c.tooWide(v, negative)
		return 0
	}
	return v
}

// int reads a signed number between least and most.
func (c *Coder) int(least, most int64) int64 {
	if !c.next() {
		return 0
	}
	v, negative := c.integer()
	switch {
	case negative && int64(v) >= least:
		return int64(v)
	case !negative && v <= uint64(most):
		return int64(v)
	}
	c.tooWide(v, negative)
	return 0
}

func (c *Coder) tooWide(v uint64, negative bool) {
	if negative {
		c.failf("%d does not fit its field", int64(v))
		return
	}
	c.failf("%d does not fit its field", v)
}

// integer reads an integer of any form, in two's complement if it is negative.
func (c *Coder) integer() (v uint64, negative bool) {
	code := c.code()
	switch {
	case code <= math.MaxInt8:
		return uint64(code), false
	case code >= codeNegFix:
		return uint64(int64(int8(code))), true
	case code >= msgpcode.Uint8 && code <= msgpcode.Uint64:
		return c.number(1 << (code - msgpcode.Uint8)), false
	case code >= msgpcode.Int8 && code <= msgpcode.Int64:
		size := 1 << (code - msgpcode.Int8)
		shift := 64 - 8*size
		signed := int64(c.number(size)<<shift) >> shift
		return uint64(signed), signed < 0
	}
	c.wrong(code, "an integer")
	return 0, false
}

func (c *Coder) float64() float64 {
	if !c.next() {
		return 0
	}
	if b := c.b[c.at:]; len(b) >= 9 && b[0] == msgpcode.Double {
		c.at += 9
		return math.Float64frombits(binary.BigEndian.Uint64(b[1:]))
	}
	switch code := c.code(); code {
	case msgpcode.Double:
		return math.Float64frombits(c.number(8))
	case msgpcode.Float:
		return float64(math.Float32frombits(uint32(c.number(4))))
	default:
		c.wrong(code, "a floating-point number")
		return 0
	}
}

func (c *Coder) float32() float32 {
	if !c.next() {
		return 0
	}
	code := c.code()
	if code != msgpcode.Float {
		c.wrong(code, "a floating-point number of 32 bits")
		return 0
	}
	return math.Float32frombits(uint32(c.number(4)))
}

func (c *Coder) bool() bool {
	if !c.next() {
		return false
	}
	code := c.code()
	if code != codeTrue && code != codeFalse {
		c.wrong(code, "a truth value")
	}
	return code == codeTrue
}

// text returns a view of a string.
func (c *Coder) text() []byte {
	if !c.next() {
		return nil
	}
	code := c.code()
	switch {
	case code&0xe0 == codeFixStr:
		return c.take(uint64(code & 0x1f))
	case code >= msgpcode.Str8 && code <= msgpcode.Str32:
		return c.take(c.number(1 << (code - msgpcode.Str8)))
	case code != codeNil:
		c.wrong(code, "a string")
	}
	return nil
}

// bin returns a view of bytes.
func (c *Coder) bin() []byte {
	if !c.next() {
		return nil
	}
	return c.binBody()
}

func (c *Coder) binBody() []byte {
	code := c.code()
	switch {
	case code >= msgpcode.Bin8 && code <= msgpcode.Bin32:
		return c.take(c.number(1 << (code - msgpcode.Bin8)))
	case code != codeNil:
		c.wrong(code, "bytes")
	}
	return nil
}

// take returns a view of the next n bytes, if they are there.
func (c *Coder) take(n uint64) []byte {
	if n > uint64(len(c.b)-c.at) {
		c.failf("%d bytes of %d are there", len(c.b)-c.at, n)
		return nil
	}
	view := c.b[c.at : c.at+int(n)]
	c.at += int(n)
	return view
}

// containerKind says which container must stand there.
type containerKind uint8

const (
	containerArray containerKind = iota
	containerMap
)

// count reads the header of a container and returns how many values it holds,
// of a map keys and values together. Each is at least one byte that must be there.
func (c *Coder) count(kind containerKind) int {
	fix, long, each, want := byte(codeFixArray), byte(msgpcode.Array16), uint64(1), "an array"
	if kind == containerMap {
		fix, long, each, want = codeFixMap, msgpcode.Map16, 2, "a map"
	}
	var n uint64
	code := c.code()
	switch {
	case code&0xf0 == fix:
		n = uint64(code & 0x0f)
	case code == long || code == long+1:
		n = c.number(2 << (code - long))
	case code != codeNil:
		c.wrong(code, want)
	}
	if left := len(c.b) - c.at; n*each > uint64(left) {
		c.failf("%d values in %d bytes", n*each, left)
		return 0
	}
	return int(n * each)
}
