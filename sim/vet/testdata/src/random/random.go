package random

import (
	"crypto/ecdh"
	"crypto/ed25519"
	crand "crypto/rand" // want `import of crypto/rand: it is the system's entropy`
	"hash/maphash"      // want `import of hash/maphash: its seed differs`
	old "math/rand"
	"math/rand/v2"
)

func shared() {
	_ = rand.IntN(3)                   // want `rand.IntN draws from the process-wide generator`
	rand.Shuffle(3, func(i, j int) {}) // want `rand.Shuffle draws`
	_ = rand.N[int64]                  // want `rand.N draws`
	_ = rand.Perm(4)                   // want `rand.Perm draws`
	_ = old.Intn(4)                    // want `rand.Intn draws`
	old.Seed(4)                        // want `rand.Seed draws`
	f := rand.Float64                  // want `rand.Float64 draws`
	_ = f
	func() { _ = rand.Uint64() }() // want `rand.Uint64 draws`
	_, _ = crand.Read(nil)
	var h maphash.Hash
	_ = h
}

func keys(c ecdh.Curve) {
	_, _ = c.GenerateKey(nil)          // want `ecdh.Curve.GenerateKey ignores its reader`
	_, _, _ = ed25519.GenerateKey(nil) // want `ed25519.GenerateKey ignores`
}

func tails(r *rand.Rand) {
	_ = r.NormFloat64()          // want `rand.Rand.NormFloat64 computes its tail`
	e := (*rand.Rand).ExpFloat64 // want `rand.Rand.ExpFloat64 computes`
	_ = e
	_ = rand.NewZipf(r, 2, 2, 9) // want `rand.NewZipf computes its tail`
}

type dice struct{ *rand.Rand }

func fine(r *rand.Rand, d dice) int {
	own := rand.New(rand.NewPCG(1, 2))
	var s rand.Source = rand.NewChaCha8([32]byte{})
	_ = s
	return r.IntN(3) + own.IntN(4) + d.IntN(5) + old.New(old.NewSource(3)).Intn(3)
}
