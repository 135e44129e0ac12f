package wire

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/vmihailenco/msgpack/v5"
)

// Any reads or writes a value whose type the bytes tell: nil, bool, any integer
// or floating-point number, string, []byte, []any or map[string]any of these. What is
// read has integers as int64, or uint64 where they are over that, and numbers
// of any width as float64. Writing another type is our bug and panics. It goes
// through the msgpack library and allocates: a known field is better typed.
func (c *Coder) Any(v *any) {
	if c.decoding {
		*v = c.readAny()
		return
	}
	plain, err := plainValue(*v, MaxDepth-c.depth)
	if err != nil {
		c.Fail(err)
	}
	enc := msgpack.GetEncoder()
	out := sink{c.b}
	enc.Reset(&out)
	enc.SetSortMapKeys(true)
	enc.UseCompactInts(true)
	if err := enc.Encode(plain); err != nil {
		c.Fail(err)
	}
	msgpack.PutEncoder(enc)
	c.fields++
	c.b = out.b
}

// readAny lets the library read a value that scan has found harmless.
func (c *Coder) readAny() any {
	if !c.next() {
		return nil
	}
	end, err := scan(c.b, c.at, 1, c.limits())
	if err != nil {
		c.Fail(err)
		return nil
	}
	dec := msgpack.GetDecoder()
	dec.Reset(bytes.NewReader(c.b[c.at:end]))
	v, err := dec.DecodeInterface()
	msgpack.PutDecoder(dec)
	if err == nil {
		v, err = plainValue(v, MaxDepth-c.depth)
	}
	if err != nil {
		c.failf("%v", err)
		return nil
	}
	c.at = end
	return v
}

// plainValue copies a value in which every number has its widest type.
func plainValue(v any, depth int) (any, error) {
	switch v := v.(type) {
	case nil, bool, string:
		return v, nil
	case float64:
		return plainFloat(v), nil
	case float32:
		return plainFloat(float64(v)), nil
	case []byte:
		return append([]byte{}, v...), nil
	case []any:
		return plainSlice(v, depth)
	case map[string]any:
		return plainMap(v, depth)
	}
	return plainInteger(v)
}

func plainFloat(v float64) float64 {
	if v != v {
		return math.Float64frombits(canonicalNaN)
	}
	return v
}

func plainInteger(v any) (any, error) {
	switch v := v.(type) {
	case int:
		return int64(v), nil
	case int8:
		return int64(v), nil
	case int16:
		return int64(v), nil
	case int32:
		return int64(v), nil
	case int64:
		return v, nil
	case uint8:
		return int64(v), nil
	case uint16:
		return int64(v), nil
	case uint32:
		return int64(v), nil
	case uint64:
		return plainUnsigned(v), nil
	case uint:
		return plainUnsigned(uint64(v)), nil
	}
	return nil, fmt.Errorf("wire: a value of type %T has no plain form", v)
}

func plainUnsigned(v uint64) any {
	if v > math.MaxInt64 {
		return v
	}
	return int64(v)
}

func plainSlice(s []any, depth int) (any, error) {
	if depth == 0 {
		return nil, errDepth
	}
	out := make([]any, len(s))
	for i := range s {
		var err error
		if out[i], err = plainValue(s[i], depth-1); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func plainMap(m map[string]any, depth int) (any, error) {
	if depth == 0 {
		return nil, errDepth
	}
	out := make(map[string]any, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) { // So that of two errors it is always the same.
		plain, err := plainValue(m[k], depth-1)
		if err != nil {
			return nil, err
		}
		out[k] = plain
	}
	return out, nil
}

// sink is where the library writes to.
type sink struct{ b []byte }

func (s *sink) Write(p []byte) (int, error) {
	s.b = append(s.b, p...)
	return len(p), nil
}

func (s *sink) WriteByte(b byte) error {
	s.b = append(s.b, b)
	return nil
}
