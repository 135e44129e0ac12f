package schema

import (
	"bytes"
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"messiah/core/wire"
)

type gold int64

type spot struct {
	X, Y float64
	Zone uint16
}

// fixed has one field of every kind whose reading allocates nothing.
type fixed struct {
	Yes  bool
	I    int
	I8   int8
	I16  int16
	I32  int32
	I64  int64
	U    uint
	U8   uint8
	U16  uint16
	U32  uint32
	U64  uint64
	F32  float32
	F64  float64
	Gold gold
	ID   [16]byte
	Hash [5]byte
	Way  [3]spot
	None struct{}
	Zero [0]int
}

// own has a codec of its own, under an unexported field.
type own struct{ n uint64 }

func (o *own) Code(c *wire.Coder) { c.Uint64(&o.n) }

func drawFixed(t *rapid.T) fixed {
	f := fixed{
		Yes: rapid.Bool().Draw(t, "yes"), I: rapid.Int().Draw(t, "i"), I8: rapid.Int8().Draw(t, "i8"), I16: rapid.Int16().Draw(t, "i16"),
		I32: rapid.Int32().Draw(t, "i32"), I64: rapid.Int64().Draw(t, "i64"), U: rapid.Uint().Draw(t, "u"), U8: rapid.Uint8().Draw(t, "u8"),
		U16: rapid.Uint16().Draw(t, "u16"), U32: rapid.Uint32().Draw(t, "u32"), U64: rapid.Uint64().Draw(t, "u64"),
		F32: rapid.Float32().Draw(t, "f32"), F64: rapid.Float64().Draw(t, "f64"), Gold: gold(rapid.Int64().Draw(t, "gold")),
		Way: [3]spot{drawSpot(t), drawSpot(t)},
	}
	copy(f.ID[:], rapid.SliceOfN(rapid.Byte(), 0, 16).Draw(t, "id"))
	copy(f.Hash[:], rapid.SliceOfN(rapid.Byte(), 0, 5).Draw(t, "hash"))
	return f
}

func drawSpot(t *rapid.T) spot {
	return spot{rapid.Float64().Draw(t, "x"), rapid.Float64().Draw(t, "y"), rapid.Uint16().Draw(t, "zone")}
}

// fixedPart is a struct within a struct.
type fixedPart = struct{ A, B int32 }

type nested struct {
	Part  fixedPart
	Text  string
	Bytes []byte
	Spots []spot
	Names [][]string
	Nones []struct{}
	Own   own
	Owns  []own
	Bools [2]bool
	Runes []rune
}

func drawNested(t *rapid.T) nested {
	owns := rapid.Custom(func(t *rapid.T) own { return own{rapid.Uint64().Draw(t, "own")} })
	return nested{
		Part: fixedPart{rapid.Int32().Draw(t, "a"), rapid.Int32().Draw(t, "b")}, Text: rapid.String().Draw(t, "text"),
		Bytes: orNil(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")), Spots: orNil(rapid.SliceOf(rapid.Custom(drawSpot)).Draw(t, "spots")),
		Names: orNil(rapid.SliceOf(rapid.SliceOfN(rapid.String(), 1, 3)).Draw(t, "names")),
		Nones: orNil(make([]struct{}, rapid.IntRange(0, 20).Draw(t, "nones"))), Own: owns.Draw(t, "own"),
		Owns: orNil(rapid.SliceOf(owns).Draw(t, "owns")), Bools: [2]bool{true, rapid.Bool().Draw(t, "bool")},
		Runes: orNil([]rune(rapid.String().Draw(t, "runes"))),
	}
}

// orNil makes no elements nil, as they are read.
func orNil[T any](s []T) []T {
	if len(s) == 0 {
		return nil
	}
	return s
}

// roundTrip checks that values read as they were written, into a place that
// held another value.
func roundTrip[T any](t *testing.T, draw func(*rapid.T) T) {
	t.Helper()
	f := MustFor[T]()
	rapid.Check(t, func(t *rapid.T) {
		var e wire.Encoder
		var d wire.Decoder
		want, got := draw(t), draw(t)
		b := f.Append(&e, []byte("before"), &want)[len("before"):]
		if err := wire.Validate(b); err != nil {
			t.Fatal(err)
		}
		if same := f.Equal(&want, &got); same != bytes.Equal(b, f.Append(&e, nil, &got)) {
			t.Fatalf("equal is %v", same)
		}
		// A field reads as it does alone, and leaves nothing of what was there.
		if err := wire.Decode(append([]byte{0x91}, b...), message1[T]{f, &got}); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("read %+v, %v, wrote %+v", got, err, want)
		}
		got = draw(t)
		if err := f.Decode(&d, b, &got); err != nil || !reflect.DeepEqual(got, want) || !f.Equal(&got, &want) {
			t.Fatalf("read %+v, %v, wrote %+v", got, err, want)
		}
		if cut := rapid.IntRange(0, len(b)-1).Draw(t, "cut"); f.Decode(&d, b[:cut], &got) == nil {
			t.Fatalf("%x is read without its last %d bytes", b, len(b)-cut)
		}
	})
}

// message1 is a message of one field.
type message1[T any] struct {
	f For[T]
	v *T
}

func (m message1[T]) Code(c *wire.Coder) { m.f.Code(c, m.v) }

func TestValuesReadAsTheyWereWritten(t *testing.T) {
	roundTrip(t, drawFixed)
	roundTrip(t, drawNested)
	roundTrip(t, func(t *rapid.T) int8 { return rapid.Int8().Draw(t, "v") })
	roundTrip(t, func(t *rapid.T) gold { return gold(rapid.Int64().Draw(t, "v")) })
	roundTrip(t, func(t *rapid.T) string { return rapid.String().Draw(t, "v") })
	roundTrip(t, func(t *rapid.T) own { return own{rapid.Uint64().Draw(t, "v")} })
	roundTrip(t, func(t *rapid.T) []own { return orNil([]own{{rapid.Uint64().Draw(t, "v")}}) })
	roundTrip(t, func(t *rapid.T) [16]byte { return [16]byte{rapid.Byte().Draw(t, "v")} })
	roundTrip(t, func(*rapid.T) struct{} { return struct{}{} })
}

func TestNumbersThatAreNoneAndInfinitePass(t *testing.T) {
	f := MustFor[[]float64]()
	var e wire.Encoder
	var d wire.Decoder
	in := []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1)}
	var out []float64
	if err := f.Decode(&d, f.Append(&e, nil, &in), &out); err != nil || !f.Equal(&in, &out) {
		t.Error(out, err)
	}
	other := []float64{math.Float64frombits(0xfff8000000000001), in[1], in[2], 0}
	if f.Equal(&in, &other) {
		t.Error("zero and minus zero are one")
	}
	if other[3] = in[3]; !f.Equal(&in, &other) {
		t.Error("two NaNs differ")
	}
}

type lineV1 struct {
	Text string
	At   spot
}

type lineV2 struct {
	Text string
	At   spotV2
	Tags []string
	Way  [2]int8
	Key  [16]byte
	Own  own
}

type spotV2 struct {
	X, Y float64
	Zone uint16
	Room string
	Hash [4]byte
}

func TestFieldsAreAddedAtTheEnd(t *testing.T) {
	var e wire.Encoder
	var d wire.Decoder
	v1, v2 := MustFor[lineV1](), MustFor[lineV2]()
	old := lineV1{"hello", spot{1, 2, 3}}
	got := lineV2{"x", spotV2{Room: "x", Hash: [4]byte{1}}, []string{"x"}, [2]int8{1}, [16]byte{1}, own{1}}
	if err := v2.Decode(&d, v1.Append(&e, nil, &old), &got); err != nil || !reflect.DeepEqual(got, lineV2{Text: "hello", At: spotV2{X: 1, Y: 2, Zone: 3}}) {
		t.Errorf("the newer build reads %+v, %v", got, err)
	}
	// Within a message too, where nothing has zeroed the value before.
	got = lineV2{"x", spotV2{Room: "x", Hash: [4]byte{1}}, []string{"x"}, [2]int8{1}, [16]byte{1}, own{1}}
	b := append([]byte{0x91}, v1.Append(&e, nil, &old)...)
	if err := wire.Decode(b, message1[lineV2]{v2, &got}); err != nil || !reflect.DeepEqual(got, lineV2{Text: "hello", At: spotV2{X: 1, Y: 2, Zone: 3}}) {
		t.Errorf("the newer build reads %+v, %v", got, err)
	}
	newer := lineV2{"hello", spotV2{1, 2, 3, "hall", [4]byte{1}}, []string{"a"}, [2]int8{1}, [16]byte{1}, own{7}}
	var back lineV1
	if err := v1.Decode(&d, v2.Append(&e, nil, &newer), &back); err != nil || back != old {
		t.Errorf("the older build reads %+v, %v", back, err)
	}
}

func TestReadingRefusesWhatDoesNotFit(t *testing.T) {
	refused := func(err error, want string) {
		t.Helper()
		if err == nil || err.Error() != want {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	var d wire.Decoder
	i8 := int8(7)
	refused(MustFor[int8]().Decode(&d, []byte("\xcc\x80"), &i8), "wire: at byte 2: 128 does not fit its field")
	if i8 != 0 {
		t.Error("a value is left after an error")
	}
	refused(MustFor[int8]().Decode(&d, []byte("\x01\x01"), &i8), "wire: 1 bytes behind the value")
	refused(MustFor[int8]().Decode(&d, nil, &i8), "wire: at byte 0: the bytes end where a value must begin")
	var three [3]int
	refused(MustFor[[3]int]().Decode(&d, []byte("\x92\x01\x02"), &three), "schema: 2 elements where [3]int has 3")
	refused(MustFor[[3]int]().Decode(&d, []byte("\x94\x01\x02\x03\x04"), &three), "schema: 4 elements where [3]int has 3")
	var hash [5]byte
	refused(MustFor[[5]byte]().Decode(&d, []byte("\xc4\x04abcd"), &hash), "schema: 4 elements where [5]uint8 has 5")
	refused(MustFor[[5]byte]().Decode(&d, []byte("\xc4\x06abcdef"), &hash), "schema: 6 elements where [5]uint8 has 5")
	var spots []spot
	refused(MustFor[[]spot]().Decode(&d, []byte("\xdd\xff\xff\xff\xff"), &spots), "wire: at byte 5: 4294967295 values in 0 bytes")
	refused(MustFor[[]spot]().Decode(&d, []byte("\x92\x90\x01"), &spots), "wire: at byte 2: a value of type 0x01 where there must be an array")
}

type link struct{ Next []link }
type deep struct{ A struct{ B map[string]int } }
type hidden struct{ name string }
type wrapped struct {
	own
	Text string
}

var _ = hidden{}.name

func TestTypesWithoutACodecAreNamed(t *testing.T) {
	for _, test := range []struct {
		of   any
		want string
	}{
		{nil, "schema: no type: a nil interface has none"},
		{deep{}, "schema: schema.deep at A.B (map[string]int): a map has no codec: use a slice of structs, in a property a CustomMap"},
		{new(int), "schema: *int: a pointer has no codec: use the value, or a slice of at most one"},
		{[]any{}, "schema: []interface {} at [] (interface {}): an interface has no codec: use a struct, or bytes with a number that tells their type"},
		{[]wire.Message{}, "schema: []wire.Message at [] (wire.Message): an interface has no codec: use a struct, or bytes with a number that tells their type"},
		{func() {}, "schema: func(): a function has no codec: use the name of a timer or of a reply"},
		{make(chan int), "schema: chan int: a channel has no codec: use a method"},
		{complex(1, 1), "schema: complex128: a complex number has no codec: use two float64"},
		{uintptr(1), "schema: uintptr: an address has no codec: use uint64"},
		{hidden{}, "schema: schema.hidden at name (string): an unexported field has no codec: export it, or give the struct a Code method"},
		{wrapped{}, "schema: schema.wrapped at own (schema.own): the Code method of an embedded field hides the other fields: give the field a name"},
		{link{}, "schema: schema.link at Next.[] (schema.link): a type that holds itself has no codec: use ids of the parts"},
		{[][][][][][][][][]int{}, "schema: [][][][][][][][][]int: arrays nest 9 deep, at most 8 do: use flatter structs"},
		{[100000]int{}, "schema: [100000]int: an array of more than 65536 elements: use a slice"},
		{[10000]int{}, "schema: [10000]int: a value takes 80000 bytes, at most 65536: use slices in place of arrays"},
		{[][100]int{}, "schema: [][100]int: an element takes 800 bytes, at most 512: use smaller structs, or slices within them"},
	} {
		if _, err := Of(reflect.TypeOf(test.of)); err == nil || err.Error() != test.want {
			t.Errorf("%T: error %v, want %q", test.of, err, test.want)
		}
	}
	defer func() {
		if got := recover(); got != "schema: *int: a pointer has no codec: use the value, or a slice of at most one" {
			t.Error(got)
		}
	}()
	MustFor[*int]()
}

func TestTypesWhoseCopiesShareMemory(t *testing.T) {
	for of, want := range map[any]bool{
		fixed{}: false, "": false, [2]string{}: false, struct{ A, B string }{}: false,
		own{}: true, [1]own{}: true, struct{ O own }{}: true,
	} {
		if k, err := Of(reflect.TypeOf(of)); err != nil || k.Shared() != want {
			t.Errorf("%T: %v", of, err)
		}
	}
	if !MustFor[[]byte]().Codec().Shared() || !MustFor[[]int]().Codec().Shared() || !MustFor[nested]().Codec().Shared() {
		t.Error("copies of a slice are thought apart")
	}
}

func TestFixedTypesAllocateNothing(t *testing.T) {
	f, plain := MustFor[fixed](), MustFor[nested]()
	if !f.Codec().Fixed() || plain.Codec().Fixed() || f.Codec().Depth() != 3 || f.Codec().Type() != reflect.TypeFor[fixed]() {
		t.Error("fixed:", f.Codec().Fixed(), plain.Codec().Fixed(), "depth:", f.Codec().Depth())
	}
	e, d, body := new(wire.Encoder), new(wire.Decoder), make([]byte, 0, 512)
	allocs := testing.AllocsPerRun(100, func() {
		// Both live on the stack: a codec must not move them to the heap.
		in, out := fixed{I: 1, Way: [3]spot{{1, 2, 3}}, Hash: [5]byte{1}}, fixed{}
		body = f.Append(e, body[:0], &in)
		if err := f.Decode(d, body, &out); err != nil || out != in || !f.Equal(&in, &out) {
			t.Fatal(out, err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
	in := nested{Text: "text", Bytes: []byte("bytes"), Spots: make([]spot, 5)}
	if allocs := testing.AllocsPerRun(100, func() { body = plain.Append(e, body[:0], &in) }); allocs != 0 {
		t.Errorf("%v allocations while writing", allocs)
	}
}

func FuzzDecode(f *testing.F) {
	var e wire.Encoder
	f.Add(MustFor[nested]().Append(&e, nil, &nested{Text: "a", Spots: make([]spot, 2), Names: [][]string{{"a"}}, Owns: []own{{1}}}))
	f.Add(MustFor[fixed]().Append(&e, nil, &fixed{I8: -5, ID: [16]byte{1}}))
	f.Add(MustFor[lineV2]().Append(&e, nil, &lineV2{Text: "a", Tags: []string{"b"}}))
	f.Add([]byte("\xdd\xff\xff\xff\xff"))
	f.Add([]byte("\x93\x90\x90\x90"))
	f.Fuzz(func(t *testing.T, b []byte) {
		checkDecode[nested](t, b)
		checkDecode[fixed](t, b)
		checkDecode[lineV2](t, b)
		checkDecode[[]nested](t, b)
		checkDecode[[][]own](t, b)
	})
}

// What is read is written again, and that reads as the same value.
func checkDecode[T any](t *testing.T, b []byte) {
	f := MustFor[T]()
	var e wire.Encoder
	var d wire.Decoder
	var v, again, zero T
	if err := f.Decode(&d, b, &v); err != nil {
		if !f.Equal(&v, &zero) {
			t.Fatal("something is left after an error")
		}
		return
	}
	first := f.Append(&e, nil, &v)
	if err := f.Decode(&d, first, &again); err != nil || !f.Equal(&v, &again) {
		t.Fatalf("%x was read, written as %x, and not read again: %v", b, first, err)
	}
}

func BenchmarkAppend(b *testing.B) {
	f, e, body, v := MustFor[fixed](), new(wire.Encoder), make([]byte, 0, 512), fixed{I: 1 << 20, F64: 1}
	b.ReportAllocs()
	for b.Loop() {
		body = f.Append(e, body[:0], &v)
	}
}

func BenchmarkDecode(b *testing.B) {
	f, e, d, v := MustFor[fixed](), new(wire.Encoder), new(wire.Decoder), fixed{I: 1 << 20, F64: 1}
	body := f.Append(e, nil, &v)
	b.ReportAllocs()
	for b.Loop() {
		if err := f.Decode(d, body, &v); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSpot(b *testing.B) {
	f, e, d, v, body := MustFor[spot](), new(wire.Encoder), new(wire.Decoder), spot{1, 2, 3}, make([]byte, 0, 64)
	b.ReportAllocs()
	for b.Loop() {
		body = f.Append(e, body[:0], &v)
		if err := f.Decode(d, body, &v); err != nil {
			b.Fatal(err)
		}
	}
}
