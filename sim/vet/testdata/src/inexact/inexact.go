package inexact

import (
	"math"
	"math/cmplx"
	"math/rand/v2"
)

func functions(x float64) float64 {
	f := math.Exp                                     // want `math.Exp differs in the last bit between architectures`
	_ = cmplx.Abs(complex(x, x))                      // want `cmplx.Abs differs`
	s, _ := math.Sincos(x)                            // want `math.Sincos differs`
	g := []func(float64) float64{math.Sin, math.Sqrt} // want `math.Sin differs`
	_, _ = f, g
	return s + math.Pow(x, 2) + math.Hypot(x, x) // want `math.Pow differs` `math.Hypot differs`
}

func portable(x float64) float64 {
	return math.Sqrt(x) + math.Floor(x) + math.FMA(x, x, x) + math.Abs(x) + math.Mod(x, 3) + math.Pi + math.Ldexp(x, 2)
}

type tick uint32

func conversions(x float64, p *struct{ f float32 }, n int) {
	_ = int(x)                 // want `int\(x\) gives another integer on each architecture where it does not fit`
	_ = uint8(x)               // want `uint8\(x\) gives`
	_ = tick(math.Floor(x))    // want `tick\(math.Floor\(x\)\) gives`
	_ = int64(p.f)             // want `int64\(p.f\) gives`
	_ = int(min(max(x, 0), 9)) // want `int\(min\(max\(x, 0\), 9\)\) gives`
	if x < 10 {
		_ = int(x) // want `int\(x\) gives`
	}
	if x >= 0 || x < 10 {
		_ = int(x) // want `int\(x\) gives`
	}
	if x < 0 || x > 10 {
		return
	}
	_ = int(x) // want `int\(x\) gives`
}

func farBounds(x float64, n int) {
	if x > -1e300 && x < 1e300 {
		_ = int(x) // want `int\(x\) gives`
	}
	if x >= 0 && x < 256 {
		_ = uint8(x)
		_ = int8(x) // want `int8\(x\) gives`
	}
	if x > -1 && x <= 255 {
		_ = uint8(x)
	}
	if x >= -1 && x < 3 {
		_ = uint8(x) // want `uint8\(x\) gives`
	}
	if x > -1 && x <= 256 {
		_ = uint8(x) // want `uint8\(x\) gives`
	}
}

func moved(x float64) int {
	if x >= 0 && x < 100 {
		x *= 1e30
		return int(x) // want `int\(x\) gives`
	}
	return 0
}

func generic[T ~float32 | ~float64, I ~int8 | ~int64](x T) I { return I(x) } // want `I\(x\) gives`

func fine(x float64, p *struct{ f float32 }, n, size int, r *rand.Rand) int {
	_ = float32(x)
	_ = int(2.0)
	_ = int(math.Sqrt(float64(n)))
	_ = int(float64(n))
	_ = int(r.Float64() * 10)
	_ = int(r.Float64() * float64(n))
	if x >= 0 && x < 10 {
		_ = int(x)
	}
	if n > 0 && 0 <= x && x < float64(size) {
		return int(math.Floor(x))
	}
	if p.f > -5 && p.f < 5 && int(p.f) == 3 {
		return 1
	}
	switch {
	case x > -1 && x < 1:
		return int(x)
	}
	if !(x >= -100 && x <= 100) {
		return 0
	}
	return int(math.Round(x))
}
