package wire

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// MaxNodes bounds the values in one payload that Validate lets through,
// containers and what they hold counted alike.
const MaxNodes = 1 << 16

// Validate says whether bytes from a stranger are exactly one value that any
// decoder may be given: counts and lengths are backed by bytes, nesting ends at
// MaxDepth, there are at most MaxNodes values, no container or bytes as a map's
// key, and no extension type. It does not allocate unless it refuses.
func Validate(b []byte) error {
	end, err := scan(b, 0, 1, limits{MaxDepth, MaxNodes})
	if err != nil {
		return err
	}
	if end != len(b) {
		return fmt.Errorf("wire: %d bytes behind the value", len(b)-end)
	}
	return nil
}

// What scan finds wrong.
var (
	errEnds      = errors.New("the bytes end within a value")
	errLength    = errors.New("a length over the bytes that are left")
	errCount     = errors.New("a count over the bytes that are left")
	errDepth     = fmt.Errorf("arrays and maps nest deeper than %d", MaxDepth)
	errNodes     = errors.New("more values than the limit")
	errKey       = errors.New("a key of a map that is an array, a map or bytes")
	errUnused    = errors.New("the code that msgpack does not use")
	errExtension = errors.New("an extension type")
)

// limits bound one scan: containers within each other, at most MaxDepth, and
// values in all, at most math.MaxInt32.
type limits struct{ depth, nodes int }

// scan walks over values from one place on and returns the place behind them.
// It keeps its own stack, so that no input can overflow ours. What is common,
// scalars and short strings, is one look into the table of shapes.
func scan(b []byte, at, values int, most limits) (end int, err error) {
	var stack [MaxDepth]uint32 // of the containers around the open one, as packed
	depth, left, isMap := 0, values, false
	for {
		for left == 0 {
			if depth == 0 {
				return at, nil
			}
			depth--
			left, isMap = unpack(stack[depth])
		}
		if at >= len(b) {
			return at, scanError(at, errEnds)
		}
		left--
		shape := shapes[b[at]]
		if shape < shapeSpecial {
			if int(shape) > len(b)-at {
				return at, scanError(at, errLength)
			}
			at += int(shape)
			continue
		}
		// In a map the values with an odd number behind them are keys.
		if isMap && left&1 != 0 && shape >= shapeNoKey {
			return at, scanError(at, errKey)
		}
		next, count, err := special(b, at, shape)
		switch {
		case err != nil:
			return at, scanError(at, err)
		case shape < shapeArray:
			at = next
			continue
		case depth >= most.depth:
			return at, scanError(at, errDepth)
		case count > most.nodes-values:
			return at, scanError(at, errNodes)
		}
		stack[depth] = pack(left, isMap)
		values += count
		depth++
		at, left, isMap = next, count, shape >= shapeMap
	}
}

// pack makes one number of an open container; the limits keep its count within 31 bits.
func pack(left int, isMap bool) uint32 {
	if isMap {
		return uint32(left)<<1 | 1
	}
	return uint32(left) << 1
}

func unpack(p uint32) (left int, isMap bool) { return int(p >> 1), p&1 != 0 }

func scanError(at int, fact error) error {
	return fmt.Errorf("wire: at byte %d: %w", at, fact)
}

// The shape of a value by its first byte: below shapeSpecial its size in bytes,
// above it a class with, in the low bits, the width of its length or count or
// its short count itself.
const (
	shapeSpecial   = 0x40 // from here on: a string or bytes with a length
	shapeUnused    = 0x50
	shapeExtension = 0x51
	shapeNoKey     = 0x60 // from here on: what no key may be; itself bytes with a length
	shapeArray     = 0x80 // from here on: containers
	shapeLongArray = 0x90
	shapeMap       = 0xa0
	shapeLongMap   = 0xb0
	shapeWidth     = 0x0f
)

var shapes = makeShapes()

func makeShapes() (shapes [256]uint8) {
	for code := range shapes {
		shapes[code] = shapeOf(byte(code))
	}
	return shapes
}

func shapeOf(code byte) uint8 {
	switch {
	case code < codeFixMap || code >= codeNegFix:
		return 1
	case code < codeFixArray:
		return shapeMap | code&0x0f
	case code < codeFixStr:
		return shapeArray | code&0x0f
	case code < codeNil:
		return 1 + code&0x1f
	}
	return longShapeOf(code)
}

// longShapeOf is shapeOf for the codes from 0xc0 to 0xdf.
func longShapeOf(code byte) uint8 {
	switch code {
	case codeNil, codeFalse, codeTrue:
		return 1
	case codeUnused:
		return shapeUnused
	case msgpcode.Uint8, msgpcode.Uint16, msgpcode.Uint32, msgpcode.Uint64:
		return 1 + 1<<(code-msgpcode.Uint8)
	case msgpcode.Int8, msgpcode.Int16, msgpcode.Int32, msgpcode.Int64:
		return 1 + 1<<(code-msgpcode.Int8)
	case msgpcode.Float, msgpcode.Double:
		return 1 + 4<<(code-msgpcode.Float)
	case msgpcode.Str8, msgpcode.Str16, msgpcode.Str32:
		return shapeSpecial | 1<<(code-msgpcode.Str8)
	case msgpcode.Bin8, msgpcode.Bin16, msgpcode.Bin32:
		return shapeNoKey | 1<<(code-msgpcode.Bin8)
	case msgpcode.Array16, msgpcode.Array32:
		return shapeLongArray | 2<<(code-msgpcode.Array16)
	case msgpcode.Map16, msgpcode.Map32:
		return shapeLongMap | 2<<(code-msgpcode.Map16)
	}
	return shapeExtension
}

// special steps over a string or bytes with a length, or over the header of a
// container, whose values it counts.
func special(b []byte, at int, shape uint8) (next, count int, err error) {
	low := int(shape & shapeWidth)
	at++
	switch shape &^ shapeWidth {
	case shapeMap:
		low *= 2
		fallthrough
	case shapeArray:
		if low > len(b)-at {
			return at, 0, errCount
		}
		return at, low, nil
	case shapeUnused:
		if shape == shapeUnused {
			return at, 0, errUnused
		}
		return at, 0, errExtension
	}
	if low > len(b)-at {
		return at, 0, errEnds
	}
	n, left := bigEndian(b[at:], low), uint64(len(b)-at-low)
	at += low
	if shape < shapeArray {
		if n > left {
			return at, 0, errLength
		}
		return at + int(n), 0, nil
	}
	if shape >= shapeLongMap {
		n *= 2
	}
	if n > left {
		return at, 0, errCount
	}
	return at, int(n), nil
}

func bigEndian(b []byte, size int) uint64 {
	switch size {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.BigEndian.Uint16(b))
	}
	return uint64(binary.BigEndian.Uint32(b))
}
