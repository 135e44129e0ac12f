package choice

import (
	"math/bits"
	"math/rand/v2"
)

// seeded is a source of which each stream is a generator of its own.
type seeded uint64

// Seeded returns the source of a seed: a PCG-DXSM generator a stream, seeded with
// two words of a hash of seed, purpose and id. The hash starts from the seed,
// takes in the FNV-1a hash of the purpose and then the id, each by exclusive or,
// with the finaliser of SplitMix64 before and after each. All of it is integer
// arithmetic of fixed width: a seed gives the same decisions everywhere.
func Seeded(seed uint64) Source { return seeded(seed) }

func (s seeded) Stream(purpose string, id uint64) Stream {
	const golden = 0x9e3779b97f4a7c15 // the increment of SplitMix64
	h := mix(uint64(s) + golden)
	h = mix(h ^ fnv1a(purpose))
	h = mix(h ^ id)
	stream := &seededStream{}
	stream.pcg.Seed(h, mix(h+golden))
	return stream
}

// fnv1a is the 64-bit hash of Fowler, Noll and Vo.
func fnv1a(s string) uint64 {
	h := uint64(0xcbf29ce484222325)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 0x100000001b3
	}
	return h
}

// mix is the finaliser of SplitMix64 (Steele, Lea and Flood, 2014), a bijection.
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

type seededStream struct{ pcg rand.PCG }

// Choose takes the high word of draw × n: one draw a decision, whatever n is, so
// that a changed bound does not move the decisions after it. The bias is below
// n/2^64.
func (s *seededStream) Choose(label string, n int) int {
	if n <= 0 {
		refuse(label, n)
	}
	hi, _ := bits.Mul64(s.pcg.Uint64(), uint64(n))
	return int(hi)
}

func (s *seededStream) Happens(_ string, perMillion int) bool {
	hi, _ := bits.Mul64(s.pcg.Uint64(), million)
	return int(hi) < perMillion
}
