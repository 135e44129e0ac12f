// Package geom has points, vectors and boxes whose arithmetic rounds the same
// way on every architecture: each product is rounded on its own, float64(x*y)+z,
// since x*y+z is one operation on some and two on others. Lengths are metres, Y
// is up.
package geom

import "math"

// Vec3 is a point or a vector.
type Vec3 struct{ X, Y, Z float64 }

// Add returns v + w.
func (v Vec3) Add(w Vec3) Vec3 { return Vec3{v.X + w.X, v.Y + w.Y, v.Z + w.Z} }

// Sub returns v - w, the way from w to v.
func (v Vec3) Sub(w Vec3) Vec3 { return Vec3{v.X - w.X, v.Y - w.Y, v.Z - w.Z} }

// Scale returns v times k.
func (v Vec3) Scale(k float64) Vec3 {
	return Vec3{float64(v.X * k), float64(v.Y * k), float64(v.Z * k)}
}

// Dot returns the scalar product of v and w.
func (v Vec3) Dot(w Vec3) float64 {
	return float64(v.X*w.X) + float64(v.Y*w.Y) + float64(v.Z*w.Z)
}

// Cross returns the vector product of v and w.
func (v Vec3) Cross(w Vec3) Vec3 {
	return Vec3{
		float64(v.Y*w.Z) - float64(v.Z*w.Y),
		float64(v.Z*w.X) - float64(v.X*w.Z),
		float64(v.X*w.Y) - float64(v.Y*w.X),
	}
}

// LengthSquared returns the square of v's length.
func (v Vec3) LengthSquared() float64 { return v.Dot(v) }

// Length returns v's length.
func (v Vec3) Length() float64 { return math.Sqrt(v.Dot(v)) }

// Distance returns the length of the way between v and w.
func (v Vec3) Distance(w Vec3) float64 { return v.Sub(w).Length() }

// DistanceSquared returns the square of Distance.
func (v Vec3) DistanceSquared(w Vec3) float64 { return v.Sub(w).LengthSquared() }

// Flat returns v without its height.
func (v Vec3) Flat() Vec3 { return Vec3{v.X, 0, v.Z} }

// FlatDistanceSquared returns the square of the distance between v and w on the map.
func (v Vec3) FlatDistanceSquared(w Vec3) float64 {
	x, z := v.X-w.X, v.Z-w.Z
	return float64(x*x) + float64(z*z)
}

// Unit returns the vector of length 1 in v's direction, or zero where v has none.
func (v Vec3) Unit() Vec3 {
	length := v.Length()
	if length == 0 {
		return Vec3{}
	}
	return Vec3{v.X / length, v.Y / length, v.Z / length}
}

// Lerp returns the point at the share t of the way from v to w: v at 0, w exactly at 1.
func (v Vec3) Lerp(w Vec3, t float64) Vec3 {
	if t == 1 {
		return w
	}
	return v.Add(w.Sub(v).Scale(t))
}

// Finite tells whether no coordinate is infinite or NaN.
func (v Vec3) Finite() bool { return finite(v.X) && finite(v.Y) && finite(v.Z) }

// Within tells whether every coordinate is finite and its size at most most.
func (v Vec3) Within(most float64) bool {
	return v.Finite() && math.Abs(v.X) <= most && math.Abs(v.Y) <= most && math.Abs(v.Z) <= most
}

// Whole returns x without its fraction, kept from low to high; NaN becomes low. A
// plain conversion of what does not fit differs between architectures. Both bounds
// lie within 2^53 of zero.
func Whole(x float64, low, high int) int {
	if x > float64(low) && x < float64(high) {
		return int(x)
	}
	if x >= float64(high) {
		return high
	}
	return low
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// Box is all points from Min to Max, both included.
type Box struct{ Min, Max Vec3 }

// BoxAround returns the box whose sides are at the distance radius from a point.
func BoxAround(center Vec3, radius float64) Box {
	r := Vec3{radius, radius, radius}
	return Box{center.Sub(r), center.Add(r)}
}

// Contains tells whether the point is in the box; one with a NaN is in none.
func (b Box) Contains(p Vec3) bool {
	return b.Min.X <= p.X && p.X <= b.Max.X &&
		b.Min.Y <= p.Y && p.Y <= b.Max.Y &&
		b.Min.Z <= p.Z && p.Z <= b.Max.Z
}

// Overlaps tells whether the boxes have a point in common.
func (b Box) Overlaps(o Box) bool {
	return b.Min.X <= o.Max.X && o.Min.X <= b.Max.X &&
		b.Min.Y <= o.Max.Y && o.Min.Y <= b.Max.Y &&
		b.Min.Z <= o.Max.Z && o.Min.Z <= b.Max.Z
}

// Clamp returns the point of the box that is nearest to p.
func (b Box) Clamp(p Vec3) Vec3 {
	return Vec3{
		min(max(p.X, b.Min.X), b.Max.X),
		min(max(p.Y, b.Min.Y), b.Max.Y),
		min(max(p.Z, b.Min.Z), b.Max.Z),
	}
}

// Size returns the box's extent.
func (b Box) Size() Vec3 { return b.Max.Sub(b.Min) }
