package fused

import (
	"fmt"
	"math"
)

type vec struct{ x, y float64 }

type metres float64

var kept float64

func sums(x, y, z float64, p *float64, v vec) bool {
	_ = x*y + z         // want `product in a sum may be fused with a sum into one rounding.*float64\(x \* y\)`
	_ = z - (x * y)     // want `product in a sum`
	_ = -(x * y) + z    // want `product in a sum`
	_ = +(-(x * y)) - z // want `product in a sum`
	_ = x*y + x*z       // want `product in a sum` `product in a sum`
	_ = x*y*z + 1       // want `product in a sum`
	_ = x/2 + z         // want `product in a sum.*float64\(x / 2\)`
	_ = x/0.25 - z      // want `product in a sum`
	z += x * y          // want `product added to a variable`
	z -= (x * y)        // want `product added to a variable`
	*p += v.x * v.y     // want `product added to a variable`
	return x*y-z > 0    // want `product in a sum`
}

func narrow(x, y, z float32) float32 { return float32(x*y + z) } // want `product in a sum.*float32\(x \* y\)`

func named(x, y, z metres) bool { return x*y+z > 0 } // want `product in a sum.*metres\(x \* y\)`

func generic[T ~float32 | ~float64](x, y, z T) bool { return x*y+z > 0 } // want `product in a sum.*T\(x \* y\)`

func either[T ~int | ~float64](x, y, z T) bool { return x*y+z > 0 } // want `product in a sum`

func later(x, y, z float64) float64 {
	p := x * y // want `product kept in p and then in a sum`
	return p + z
}

func muchLater(x, y, z float64) (r float64) {
	var p = x * y // want `product kept in p and then kept in q and then added to`
	if z > 0 {
		q := p
		q += z
		_ = q
	}
	return 0
}

func increments(x, y float64) bool {
	p := x * y // want `product kept in p and then in a sum`
	p++
	return p > 0
}

func captured(x, y, z float64) func() bool {
	p := x * y // want `product kept in p and then in a sum`
	return func() bool { return p+z > 0 }
}

func scaled(x, y, z float64) bool {
	x *= y // want `product kept in x and then in a sum.*x = float64\(x \* y\)`
	x /= 4 // want `product kept in x and then in a sum`
	return x+z > 0
}

func inCallee(x, y float64) float64 { return x * y } // want `product returned, where a caller may be inlined around it`

func inResult(x, y float64) (r float64) {
	r = x * y // want `product returned`
	return
}

func passed(x, y, z float64) bool {
	add := func(p float64) bool { return p+z > 0 }
	return add(x * y) // want `product passed to a call, which may be inlined here`
}

func boxed(x, y, z float64) bool {
	var i any = x * y // want `product kept in i and then that is stored`
	return i.(float64)+z > 0
}

func sent(f func(any), x, y float64) { f(x * y) } // want `product passed to a call`

func hiddenSum(x, y, z float64) float64 { return math.Dim(x*y, z) } // want `product passed to a call`

func stored(x, y, z float64, v *vec, s []float64) bool {
	w := vec{x: x * y}        // want `product that is stored`
	a := [2]float64{x * y, z} // want `product that is stored`
	v.x = x * y               // want `product that is stored`
	s[0] = x * y              // want `product that is stored`
	v.y *= z                  // want `product that is stored.*v.y = float64\(v.y \* z\)`
	kept = x * y              // want `product that is stored`
	p := x * y                // want `product kept in p and then whose address is taken`
	q := &p
	return w.x+a[0]+*q > 0
}

func complexes(x, y complex128) complex128 {
	x *= y       // want `complex \*= adds products inside`
	_ = x / y    // want `complex / adds products`
	return x * y // want `complex \* adds products inside`
}

// A float that is a field of a generic type counts as well.
type box[T any] struct{ v T }

func inBox(b box[float64], z float64) float64 { return b.v*b.v + z } // want `product in a sum`

func deferred(x, y, z float64) {
	defer func() { kept = x*y + z }() // want `product in a sum`
}

func fine(x, y, z float64, i, j int, v vec) float64 {
	const k = 2.5*3 + 1
	a := float64(x*y) + z
	a += float64(x * y)
	a = float64(x*y) + float64(x*z)
	b := metres(x*y) + metres(z)
	_ = float32(x*y) + float32(z)
	p := x * y // Only compared, divided and multiplied again.
	if p > z || p/3 < z || z == p {
		p = 0
	}
	q := x * y
	_ = math.Sqrt(q) + math.Abs(q) + math.Floor(x*y) + max(x*y, z) + min(q, z)
	_ = math.FMA(x, y, z)
	_ = x/3 + z
	_ = fmt.Sprint(x*y, q)
	_ = i*j + 3
	_ = math.Float64bits(x * y)
	_ = int(x*y) + i
	switch x * y {
	case z * x:
	}
	_ = x * y
	x *= z
	if x > y {
		a = 2.0*3 + z
	}
	return a + k + float64(b)
}
