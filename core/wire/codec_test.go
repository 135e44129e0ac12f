package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/vmihailenco/msgpack/v5"
	"pgregory.net/rapid"
)

// library writes a value as the msgpack library does, in the shortest forms.
func library(t interface{ Fatal(...any) }, v any) []byte {
	var b bytes.Buffer
	enc := msgpack.NewEncoder(&b)
	enc.UseCompactInts(true)
	enc.SetSortMapKeys(true)
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestARecordReadsAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawRecord(t)
		b := Append([]byte("before"), &want)
		var got record
		if err := Decode(b[len("before"):], &got); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("read %+v, wrote %+v", got, want)
		}
		if err := Validate(b[len("before"):]); err != nil {
			t.Fatal(err)
		}
	})
}

func TestTheLibraryReadsWhatWeWrite(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawRecord(t)
		var got record
		if err := msgpack.Unmarshal(Append(nil, &want), &got); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(Append(nil, &got), Append(nil, &want)) {
			t.Fatalf("the library read %+v, we wrote %+v", got, want)
		}
	})
}

func TestWeReadWhatTheLibraryWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawRecord(t)
		compact := library(t, &want)
		wide, err := msgpack.Marshal(&want) // integers as wide as their type
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range [][]byte{compact, wide} {
			var got record
			if err := Decode(b, &got); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("read %+v, the library wrote %+v", got, want)
			}
		}
	})
}

// Each value, alone in a message, is written with the very bytes of the library's primitives.
func TestBytesAreTheLibrarys(t *testing.T) {
	for _, n := range []uint64{
		0, 1, 127, 128, 255, 256, 65535, 65536, math.MaxUint32, math.MaxUint32 + 1, math.MaxInt64, math.MaxUint64,
	} {
		same(t, func(c *Coder) { c.Uint64(&n) }, func(e *msgpack.Encoder) error { return e.EncodeUint(n) })
	}
	for _, n := range []int64{
		0, -1, -32, -33, -128, -129, -32768, -32769, math.MinInt32, math.MinInt32 - 1, math.MinInt64, 127, 128, math.MaxInt64,
	} {
		same(t, func(c *Coder) { c.Int64(&n) }, func(e *msgpack.Encoder) error { return e.EncodeInt(n) })
	}
	for _, x := range []float64{0, math.Copysign(0, -1), 1.5, math.Inf(-1), math.MaxFloat64} {
		y := float32(x)
		same(t, func(c *Coder) { c.Float64(&x) }, func(e *msgpack.Encoder) error { return e.EncodeFloat64(x) })
		same(t, func(c *Coder) { c.Float32(&y) }, func(e *msgpack.Encoder) error { return e.EncodeFloat32(y) })
	}
	for _, n := range []int{1, 31, 32, 255, 256, 65535, 65536} {
		body := bytes.Repeat([]byte("x"), n)
		text := string(body)
		same(t, func(c *Coder) { c.Bytes(&body) }, func(e *msgpack.Encoder) error { return e.EncodeBytes(body) })
		same(t, func(c *Coder) { c.View(&body) }, func(e *msgpack.Encoder) error { return e.EncodeBytes(body) })
		same(t, func(c *Coder) { c.String(&text) }, func(e *msgpack.Encoder) error { return e.EncodeString(text) })
		list := make([]bool, n)
		same(t, func(c *Coder) { Slice(c, &list, (*Coder).Bool) }, func(e *msgpack.Encoder) error { return e.Encode(list) })
		m := map[int]int{}
		for i := range n {
			m[i] = -i
		}
		same(t, func(c *Coder) { Map(c, &m, (*Coder).Int, (*Coder).Int) }, func(e *msgpack.Encoder) error {
			if err := e.EncodeMapLen(n); err != nil {
				return err
			}
			for i := range n {
				if err := errors.Join(e.EncodeInt(int64(i)), e.EncodeInt(int64(-i))); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// same compares a message of one field with the library's bytes in an array of one.
func same(t *testing.T, ours fields, theirs func(*msgpack.Encoder) error) {
	t.Helper()
	var b bytes.Buffer
	enc := msgpack.NewEncoder(&b)
	enc.UseCompactInts(true)
	if err := errors.Join(enc.EncodeArrayLen(1), theirs(enc)); err != nil {
		t.Fatal(err)
	}
	if got := Append(nil, ours); !bytes.Equal(got, b.Bytes()) {
		t.Errorf("wrote %.40x, the library %.40x", got, b.Bytes())
	}
}

// A message may have any number of fields, whatever size of header its count needs.
func TestMessagesOfAnyNumberOfFields(t *testing.T) {
	for _, n := range []int{0, 1, 15, 16, 17, 65535, 65536} {
		numbers := make([]uint32, n)
		for i := range numbers {
			numbers[i] = uint32(i)
		}
		all := fields(func(c *Coder) {
			for i := range numbers {
				c.Uint32(&numbers[i])
			}
		})
		b := Append(nil, fields(func(c *Coder) { c.Struct(all); c.Struct(all) }))
		want := library(t, [][]uint32{numbers, numbers})
		if !bytes.Equal(b, want) {
			t.Fatalf("%d fields: wrote %.40x, the library %.40x", n, b, want)
		}
	}
}

func TestAllNaNsAreOne(t *testing.T) {
	quiet, negative := math.NaN(), math.Float64frombits(0xfff8000000000001)
	x, y := float32(quiet), math.Float32frombits(0xffc00001)
	a := Append(nil, fields(func(c *Coder) { c.Float64(&quiet); c.Float32(&x) }))
	b := Append(nil, fields(func(c *Coder) { c.Float64(&negative); c.Float32(&y) }))
	if !bytes.Equal(a, b) || hex.EncodeToString(a) != "92cb7ff8000000000000ca7fc00000" {
		t.Errorf("%x and %x", a, b)
	}
}

func TestReadingRefuses(t *testing.T) {
	var (
		u8   uint8
		u64  uint64
		i32  int32
		yes  bool
		f64  float64
		f32  float32
		text string
		bin  []byte
		id   [16]byte
	)
	for _, test := range []struct {
		name, in string
		read     fields
		want     string
	}{
		{"no bytes", "", func(c *Coder) {}, "wire: at byte 0: the bytes end where a value must begin"},
		{"no array", "05", func(c *Coder) {}, "wire: at byte 0: a value of type 0x05 where there must be an array"},
		{"a map for a message", "80", func(c *Coder) {}, "wire: at byte 0: a value of type 0x80 where there must be an array"},
		{"a value behind the message", "90c0", func(c *Coder) {}, "wire: 1 bytes behind the value"},
		{"too wide", "91cd0100", func(c *Coder) { c.Uint8(&u8) }, "wire: at byte 4: 256 does not fit its field"},
		{"negative", "91ff", func(c *Coder) { c.Uint64(&u64) }, "wire: at byte 2: -1 does not fit its field"},
		{"too low", "91d3ffffffff00000000", func(c *Coder) { c.Int32(&i32) }, "wire: at byte 10: -4294967296 does not fit its field"},
		{"too high", "91ce80000000", func(c *Coder) { c.Int32(&i32) }, "wire: at byte 6: 2147483648 does not fit its field"},
		{"a fraction for an integer", "91cb0000000000000000", func(c *Coder) { c.Uint64(&u64) }, "wire: at byte 1: a value of type 0xcb where there must be an integer"},
		{"half a number", "91cf000000", func(c *Coder) { c.Uint64(&u64) }, "wire: at byte 2: the bytes end within a number of 8 bytes"},
		{"an integer for a fraction", "9101", func(c *Coder) { c.Float64(&f64) }, "wire: at byte 1: a value of type 0x01 where there must be a floating-point number"},
		{"64 bits for 32", "91cb0000000000000000", func(c *Coder) { c.Float32(&f32) }, "wire: at byte 1: a value of type 0xcb where there must be a floating-point number of 32 bits"},
		{"no truth", "91c0", func(c *Coder) { c.Bool(&yes) }, "wire: at byte 1: a value of type 0xc0 where there must be a truth value"},
		{"bytes for a string", "91c400", func(c *Coder) { c.String(&text) }, "wire: at byte 1: a value of type 0xc4 where there must be a string"},
		{"a string for bytes", "91a0", func(c *Coder) { c.Bytes(&bin) }, "wire: at byte 1: a value of type 0xa0 where there must be bytes"},
		{"a short string", "91a3aabb", func(c *Coder) { c.String(&text) }, "wire: at byte 2: 2 bytes of 3 are there"},
		{"a long string", "91dbffffffff", func(c *Coder) { c.String(&text) }, "wire: at byte 6: 0 bytes of 4294967295 are there"},
		{"15 bytes for 16", "91c40f" + strings.Repeat("00", 15), func(c *Coder) { c.Bytes16(&id) }, "wire: at byte 18: 15 bytes where there must be 16"},
		{"nil for 16 bytes", "91c0", func(c *Coder) { c.Bytes16(&id) }, "wire: at byte 2: 0 bytes where there must be 16"},
		{"more elements than bytes", "91dd00000003c0", func(c *Coder) { s := []bool{}; Slice(c, &s, (*Coder).Bool) }, "wire: at byte 6: 3 values in 1 bytes"},
		{"more pairs than bytes", "918201", func(c *Coder) { m := map[int]int{}; Map(c, &m, (*Coder).Int, (*Coder).Int) }, "wire: at byte 2: 4 values in 1 bytes"},
		{"a key twice", "918201010102", func(c *Coder) { m := map[int]int{}; Map(c, &m, (*Coder).Int, (*Coder).Int) }, "wire: at byte 6: a key of a map comes twice"},
		{"an element cut short", "9193010203", func(c *Coder) {
			s := []point{}
			Slice(c, &s, func(c *Coder, p *point) { p.Code(c) })
		}, "wire: a field is missing"},
		{"a bad field that nobody knows", "91c1", func(c *Coder) {}, "wire: at byte 1: the code that msgpack does not use"},
		{"a field that fails", "9101", func(c *Coder) { c.Uint8(&u8); c.Fail(errors.New("no")) }, "no"},
	} {
		t.Run(test.name, func(t *testing.T) {
			in, err := hex.DecodeString(test.in)
			if err != nil {
				t.Fatal(err)
			}
			if err := Decode(in, test.read); err == nil || err.Error() != test.want {
				t.Errorf("error %q, want %q", err, test.want)
			}
		})
	}
}

func TestReadingTakesEveryForm(t *testing.T) {
	var u uint64
	for _, form := range []string{"07", "cc07", "cd0007", "ce00000007", "cf0000000000000007", "d007", "d10007", "d200000007", "d30000000000000007"} {
		in, _ := hex.DecodeString("91" + form)
		if err := Decode(in, fields(func(c *Coder) { c.Uint64(&u) })); err != nil || u != 7 {
			t.Errorf("%s is %d, %v", form, u, err)
		}
	}
	var i int64
	for _, form := range []string{"f9", "d0f9", "d1fff9", "d2fffffff9", "d3fffffffffffffff9"} {
		in, _ := hex.DecodeString("91" + form)
		if err := Decode(in, fields(func(c *Coder) { c.Int64(&i) })); err != nil || i != -7 {
			t.Errorf("%s is %d, %v", form, i, err)
		}
	}
	got := record{Text: "old", Bytes: []byte("old"), Names: []string{"old"}, Map: map[string]int64{"old": 1}}
	in, _ := hex.DecodeString("95c0c0c0c0ca3fc00000")
	if err := Decode(in, fields(func(c *Coder) {
		c.String(&got.Text)
		c.Bytes(&got.Bytes)
		Slice(c, &got.Names, (*Coder).String)
		Map(c, &got.Map, (*Coder).String, (*Coder).Int64)
		c.Float64(&got.F64)
	})); err != nil || got.Text != "" || got.Bytes != nil || len(got.Names)+len(got.Map) != 0 || got.F64 != 1.5 {
		t.Errorf("nil and a short fraction are %+v, %v", got, err)
	}
}

// What is read stays when the input is overwritten, but for views.
func TestWhatIsReadOwnsItsBytes(t *testing.T) {
	text, body, view := "text", []byte("bytes"), []byte("bytes")
	m := fields(func(c *Coder) { c.String(&text); c.Bytes(&body); c.View(&view) })
	b := Append(nil, m)
	if err := Decode(b, m); err != nil {
		t.Fatal(err)
	}
	clear(b)
	if text != "text" || string(body) != "bytes" {
		t.Errorf("%q and %q were overwritten", text, body)
	}
	if string(view) != "\x00\x00\x00\x00\x00" || cap(view) != len(view) {
		t.Errorf("%q is not a view", view)
	}
}

func TestBytesAlone(t *testing.T) {
	for _, n := range []int{0, 5, 300, 70000} {
		body := bytes.Repeat([]byte{7}, n)
		got, err := DecodeBytes(AppendBytes(nil, body))
		if err != nil || !bytes.Equal(got, body) {
			t.Errorf("%d bytes are read as %d, %v", n, len(got), err)
		}
	}
	for _, in := range []string{"", "\x01", "\xc4\x02a", "\xc4\x00\x00", "\xc6\xff\xff\xff\xff"} {
		if got, err := DecodeBytes([]byte(in)); err == nil || got != nil {
			t.Errorf("%x is read as %x", in, got)
		}
	}
}

func TestWritingAValueThatCannotBeReadPanics(t *testing.T) {
	var deep fields
	deep = func(c *Coder) { c.Struct(deep) }
	none := []int{1}
	pair := map[int]point{1: {X: 1, Y: 2}}
	var odd any = struct{}{}
	for name, m := range map[string]fields{
		"too deep":            deep,
		"an empty element":    func(c *Coder) { Slice(c, &none, func(*Coder, *int) {}) },
		"a value of two":      func(c *Coder) { Map(c, &pair, (*Coder).Int, func(c *Coder, p *point) { p.Code(c) }) },
		"a failure of ours":   func(c *Coder) { c.Fail(errors.New("no")) },
		"a type without form": func(c *Coder) { c.Any(&odd) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("was written")
				}
			}()
			Append(nil, m)
		})
	}
}
