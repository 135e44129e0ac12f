package wire

import (
	"bytes"
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

func TestAnyIsReadInItsWidestType(t *testing.T) {
	for _, test := range []struct{ in, want any }{
		{nil, nil}, {true, true}, {"text", "text"}, {[]byte("bytes"), []byte("bytes")}, {[]byte(nil), []byte{}},
		{int8(-3), int64(-3)}, {int16(300), int64(300)}, {int32(-70000), int64(-70000)}, {int(5), int64(5)},
		{uint8(200), int64(200)}, {uint16(300), int64(300)}, {uint32(1 << 31), int64(1 << 31)}, {uint(5), int64(5)},
		{uint64(math.MaxInt64), int64(math.MaxInt64)}, {uint64(math.MaxUint64), uint64(math.MaxUint64)},
		{float32(0.5), 0.5}, {2.5, 2.5},
		{[]any{1, nil, []any{}}, []any{int64(1), nil, []any{}}},
		{map[string]any{"b": 1, "a": map[string]any{}}, map[string]any{"b": int64(1), "a": map[string]any{}}},
	} {
		var got any = "before"
		b := Append(nil, fields(func(c *Coder) { c.Any(&test.in) }))
		if err := Decode(b, fields(func(c *Coder) { c.Any(&got) })); err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%#v is read as %#v, %v", test.in, got, err)
		}
	}
}

func drawAny(t *rapid.T, depth int) any {
	kind := rapid.IntRange(0, 7).Draw(t, "kind")
	if depth == 0 {
		kind %= 6
	}
	switch kind {
	case 0:
		return nil
	case 1:
		return rapid.Bool().Draw(t, "bool")
	case 2:
		return drawInt(t)
	case 3:
		return rapid.Float64().Draw(t, "float")
	case 4:
		return rapid.String().Draw(t, "string")
	case 5:
		return append([]byte{}, rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")...)
	case 6:
		list := make([]any, rapid.IntRange(0, 4).Draw(t, "len"))
		for i := range list {
			list[i] = drawAny(t, depth-1)
		}
		return list
	}
	m := map[string]any{}
	for range rapid.IntRange(0, 4).Draw(t, "len") {
		m[rapid.String().Draw(t, "key")] = drawAny(t, depth-1)
	}
	return m
}

func TestAnyReadsAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawAny(t, 4)
		var got any
		b := Append(nil, fields(func(c *Coder) { c.Any(&want) }))
		if err := Decode(b, fields(func(c *Coder) { c.Any(&got) })); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%#v is read as %#v, %v", want, got, err)
		}
		if again := Append(nil, fields(func(c *Coder) { c.Any(&got) })); !bytes.Equal(again, b) {
			t.Fatalf("%x is written again as %x", b, again)
		}
	})
}

func TestAnyRefuses(t *testing.T) {
	for _, in := range []string{
		"\x91\xc1",         // no value
		"\x91\xd4\x01\x00", // an extension
		"\x91\x81\x90\xc0", // an array as a key
		"\x91\x81\x01\xc0", // a number as a key
		"\x91\xdd\xff\xff\xff\xff",
		"\x91" + string(bytes.Repeat([]byte{0x91}, 1000)),
	} {
		var got any
		if err := Decode([]byte(in), fields(func(c *Coder) { c.Any(&got) })); err == nil || got != nil {
			t.Errorf("%.10x is read as %v", in, got)
		}
	}
}
