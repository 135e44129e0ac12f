package node

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"math/rand/v2"

	"messiah/core/wire"
)

// Rand is a node's or lane's own stream of randomness, strong enough for keys
// and tokens: ChaCha8 seeded from the entropy of the start input.
type Rand struct {
	chacha rand.ChaCha8
}

func newRand(entropy []byte, label string, index uint64) *Rand {
	r := &Rand{}
	r.chacha.Seed(derive(entropy, label, index))
	return r
}

// derive makes 32 bytes for one purpose out of the start entropy, so that one
// purpose's draws tell nothing of another's.
func derive(entropy []byte, label string, index uint64) [32]byte {
	h := sha256.New()
	h.Write(entropy)
	h.Write([]byte(label))
	h.Write(binary.LittleEndian.AppendUint64(nil, index))
	var seed [32]byte
	h.Sum(seed[:0])
	return seed
}

// Uint64 returns 64 random bits.
func (r *Rand) Uint64() uint64 { return r.chacha.Uint64() }

// IntN returns a number below n, which must be positive.
func (r *Rand) IntN(n int) int {
	hi, _ := bits.Mul64(r.chacha.Uint64(), uint64(n))
	return int(hi)
}

// Read fills b and never fails; it makes Rand an io.Reader for key exchanges.
func (r *Rand) Read(b []byte) (int, error) { return r.chacha.Read(b) }

func (r *Rand) code(c *wire.Coder) {
	state, _ := r.chacha.MarshalBinary()
	c.Bytes(&state)
	if c.Decoding() && c.Err() == nil {
		if err := r.chacha.UnmarshalBinary(state); err != nil {
			c.Fail(err)
		}
	}
}
