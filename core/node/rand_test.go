package node

import (
	"bytes"
	"testing"

	"messiah/core/wire"

	"pgregory.net/rapid"
)

func entropyOf(n byte) []byte { return bytes.Repeat([]byte{n}, EntropySize) }

func TestRandStreamsAreSeparate(t *testing.T) {
	seen := map[uint64]string{}
	for name, r := range map[string]*Rand{
		"node":           newRand(entropyOf(1), "node", 0),
		"lane 0":         newRand(entropyOf(1), "lane", 0),
		"lane 1":         newRand(entropyOf(1), "lane", 1),
		"other entropy":  newRand(entropyOf(2), "node", 0),
		"label in index": newRand(entropyOf(1), "node", 1),
	} {
		v := r.Uint64()
		if other, twice := seen[v]; twice {
			t.Errorf("%s and %s draw the same", name, other)
		}
		seen[v] = name
	}
	if a, b := newRand(entropyOf(1), "node", 0), newRand(entropyOf(1), "node", 0); a.Uint64() != b.Uint64() {
		t.Error("the same entropy, label and index draw differently")
	}
}

// A stream that was saved in the middle, of a word or of a block, goes on as the first does.
func TestRandStateRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := newRand(entropyOf(rapid.Byte().Draw(t, "entropy")), "node", 0)
		for range rapid.IntRange(0, 300).Draw(t, "draws") {
			if rapid.Bool().Draw(t, "bytes") {
				var b [7]byte
				r.Read(b[:rapid.IntRange(1, 7).Draw(t, "count")])
			} else {
				r.IntN(10)
			}
		}
		other := newRand(entropyOf(0), "other", 9)
		if err := wire.LoadState(wire.AppendState(nil, r.code), other.code); err != nil {
			t.Fatal(err)
		}
		var a, b [9]byte
		for range 50 {
			r.Read(a[:])
			other.Read(b[:])
			if a != b || r.Uint64() != other.Uint64() {
				t.Fatal("the loaded stream draws differently")
			}
		}
	})
}

func TestRandRefusesAStateThatIsNone(t *testing.T) {
	r := newRand(entropyOf(1), "node", 0)
	bad := wire.AppendState(nil, func(c *wire.Coder) {
		junk := []byte("not a generator")
		c.Bytes(&junk)
	})
	if err := wire.LoadState(bad, r.code); err == nil {
		t.Error("junk was taken for a generator's state")
	}
}

func TestIntNStaysBelowItsBound(t *testing.T) {
	r := newRand(entropyOf(3), "node", 0)
	var hits [10]int
	for range 10_000 {
		hits[r.IntN(10)]++
	}
	for n, count := range hits {
		if count < 850 || count > 1150 {
			t.Errorf("%d came %d times in 10,000 draws of ten", n, count)
		}
	}
}
