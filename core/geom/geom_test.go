package geom

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestArithmetic(t *testing.T) {
	v, w := Vec3{1, 2, 3}, Vec3{4, -5, 6}
	for _, test := range []struct {
		name      string
		got, want any
	}{
		{"add", v.Add(w), Vec3{5, -3, 9}},
		{"sub", v.Sub(w), Vec3{-3, 7, -3}},
		{"scale", v.Scale(-2), Vec3{-2, -4, -6}},
		{"dot", v.Dot(w), 12.0},
		{"cross", v.Cross(w), Vec3{27, 6, -13}},
		{"length", Vec3{2, 3, 6}.Length(), 7.0},
		{"length squared", v.LengthSquared(), 14.0},
		{"distance", v.Distance(Vec3{3, 5, 9}), 7.0},
		{"distance squared", v.DistanceSquared(w), 67.0},
		{"flat", v.Flat(), Vec3{1, 0, 3}},
		{"flat distance squared", v.FlatDistanceSquared(w), 18.0},
		{"unit", Vec3{0, 0, 9}.Unit(), Vec3{0, 0, 1}},
		{"unit of nothing", Vec3{}.Unit(), Vec3{}},
		{"half-way", v.Lerp(w, 0.5), Vec3{2.5, -1.5, 4.5}},
		{"box around", BoxAround(v, 1), Box{Vec3{0, 1, 2}, Vec3{2, 3, 4}}},
		{"box size", BoxAround(v, 1).Size(), Vec3{2, 2, 2}},
		{"clamp", BoxAround(v, 1).Clamp(Vec3{-9, 9, 3}), Vec3{0, 3, 3}},
	} {
		if test.got != test.want {
			t.Errorf("%s: %v, want %v", test.name, test.got, test.want)
		}
	}
}

// With a fused multiply-add the sum would keep the part of the product that rounding loses.
func TestProductsAreRoundedBeforeTheyAreAdded(t *testing.T) {
	x := 1 + math.Ldexp(1, -30) // x*x is 1 + 2^-29 + 2^-60, and the last term does not fit
	square := 1 + math.Ldexp(1, -29)
	if got := (Vec3{x, 1, 0}).Dot(Vec3{x, -square, 0}); got != 0 {
		t.Errorf("dot product is %g", got)
	}
	if got := (Vec3{x, square, 0}).Cross(Vec3{1, x, 0}); got.Z != 0 {
		t.Errorf("cross product is %g", got.Z)
	}
}

func TestFinite(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, v := range []Vec3{{nan, 0, 0}, {0, inf, 0}, {0, 0, -inf}} {
		if v.Finite() || v.Within(math.MaxFloat64) || BoxAround(Vec3{}, 5).Contains(v) {
			t.Errorf("%v passes", v)
		}
	}
	if v := (Vec3{1, -2, 3}); !v.Finite() || !v.Within(3) || v.Within(2.9) {
		t.Errorf("%v does not pass", v)
	}
}

var coordinate = rapid.Float64Range(-1e6, 1e6)

func vec(t *rapid.T, name string) Vec3 {
	return Vec3{coordinate.Draw(t, name), coordinate.Draw(t, name), coordinate.Draw(t, name)}
}

func TestGeometryHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v, w := vec(t, "v"), vec(t, "w")
		switch {
		case v.Dot(w) != w.Dot(v):
			t.Fatal("the dot product depends on the order")
		case v.Distance(w) != w.Distance(v):
			t.Fatal("the distance depends on the direction")
		case v.Lerp(w, 0) != v || v.Lerp(w, 1) != w:
			t.Fatal("the way does not begin and end at its ends")
		case v.Sub(w) != w.Sub(v).Scale(-1):
			t.Fatal("the way back is another")
		}
		if length := v.Unit().Length(); v.Length() > 1e-100 && math.Abs(length-1) > 1e-15*4 {
			t.Fatalf("a unit vector is %g long", length)
		}
	})
}

func TestABoxIsItsPoints(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := BoxAround(vec(t, "a"), rapid.Float64Range(0, 1e5).Draw(t, "radius"))
		b := BoxAround(vec(t, "b"), rapid.Float64Range(0, 1e5).Draw(t, "radius"))
		p := vec(t, "p")
		near := a.Clamp(p)
		if !a.Contains(near) || a.Contains(p) != (near == p) {
			t.Fatalf("the nearest point of %v to %v is not %v", a, p, near)
		}
		// The point of a that is nearest to b is in both exactly if any is.
		if common := b.Clamp(a.Clamp(b.Min)); a.Overlaps(b) != a.Contains(common) {
			t.Fatalf("%v and %v", a, b)
		}
		if a.Overlaps(b) != b.Overlaps(a) {
			t.Fatal("overlap depends on the order")
		}
	})
}

func BenchmarkDistanceSquared(b *testing.B) {
	v, w := Vec3{1, 2, 3}, Vec3{4, 5, 6}
	for b.Loop() {
		v.X = v.DistanceSquared(w)
		v.X = 1
	}
}

func TestWholeKeepsWithinItsBounds(t *testing.T) {
	for _, tt := range []struct {
		x         float64
		low, high int
		want      int
	}{
		{2.9, 0, 9, 2}, {-2.9, -9, 9, -2}, {0, 0, 9, 0}, {9, 0, 9, 9}, {9.5, 0, 9, 9}, {-1, 0, 9, 0},
		{math.NaN(), 3, 9, 3}, {math.Inf(1), 0, 9, 9}, {math.Inf(-1), 0, 9, 0},
		{1e300, math.MinInt32, math.MaxInt32, math.MaxInt32}, {-1e300, math.MinInt32, math.MaxInt32, math.MinInt32},
	} {
		if got := Whole(tt.x, tt.low, tt.high); got != tt.want {
			t.Errorf("Whole(%v, %d, %d) = %d, want %d", tt.x, tt.low, tt.high, got, tt.want)
		}
	}
}
