package fixes

import "time"

type metres float64

func dot(x, y, z float64) float64 {
	s := x*y + z // want `product in a sum`
	s += y * z   // want `product added`
	y *= x + 1   // want `product returned|product kept`
	return s + y
}

func area(w, d metres) metres {
	return w * d // want `product returned`
}

func half(x float32) float32 { return x/2 + 1 } // want `product in a sum`

func stamp(ms int64) time.Time {
	return time.UnixMilli(ms) // want `time.UnixMilli depends`
}
