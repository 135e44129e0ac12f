package schema

import (
	"cmp"
	"math"
	"testing"

	"pgregory.net/rapid"
)

func sameKey[T comparable](t *testing.T, values ...T) {
	t.Helper()
	f := MustFor[T]()
	for _, v := range values {
		kind, text, number := f.Key(&v)
		if back, ok := f.FromKey(kind, text, number); !ok || back != v {
			t.Errorf("%v comes back as %v, %v", v, back, ok)
		}
	}
}

func TestKeysComeBack(t *testing.T) {
	sameKey(t, "", "text")
	sameKey(t, 0, -1, math.MaxInt)
	sameKey(t, int8(-128), 127)
	sameKey(t, int16(-32768), 1)
	sameKey(t, int32(-1), 1)
	sameKey(t, gold(math.MinInt64), 1)
	sameKey(t, uint(0), math.MaxUint)
	sameKey(t, uint8(255), 1)
	sameKey(t, uint16(65535), 1)
	sameKey(t, uint32(math.MaxUint32), 1)
	sameKey(t, uint64(math.MaxUint64), 1)
	f := MustFor[int8]()
	for _, test := range []struct {
		kind KeyKind
		n    uint64
	}{{SignedKey, 128}, {UnsignedKey, 1}, {TextKey, 1}, {NoKey, 0}} {
		if v, ok := f.FromKey(test.kind, "", test.n); ok {
			t.Errorf("%v is taken as int8 %d", test, v)
		}
	}
	if kind, _, _ := MustFor[float64]().Key(new(float64)); kind != NoKey {
		t.Error("a fraction is a key")
	}
}

func sortsAs[T cmp.Ordered](t *testing.T, draw *rapid.Generator[T]) {
	t.Helper()
	f := MustFor[T]()
	rapid.Check(t, func(t *rapid.T) {
		a, b := draw.Draw(t, "a"), draw.Draw(t, "b")
		s, ok := f.SortText(&a)
		u, _ := f.SortText(&b)
		if !ok || cmp.Compare(s, u) != cmp.Compare(a, b) {
			t.Fatalf("%v is %q, %v is %q", a, s, b, u)
		}
	})
}

func TestTextsSortAsValuesDo(t *testing.T) {
	sortsAs(t, rapid.String())
	sortsAs(t, rapid.Int64())
	sortsAs(t, rapid.Int8())
	sortsAs(t, rapid.Uint64())
	sortsAs(t, rapid.Float64())
	sortsAs(t, rapid.Float32())
	no, yes := false, true
	a, _ := MustFor[bool]().SortText(&no)
	b, _ := MustFor[bool]().SortText(&yes)
	nan := math.NaN()
	last, _ := MustFor[float64]().SortText(&nan)
	if a != "0" || b != "1" || last != "ffffffffffffffff" {
		t.Error(a, b, last)
	}
	if _, ok := MustFor[[]int]().SortText(new([]int)); ok {
		t.Error("a slice is a scalar")
	}
}
