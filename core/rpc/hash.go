package rpc

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
)

// Seeds is how many seeds are tried for a perfect hash before a table is refused.
// With twice as many slots as names and two names a bucket the first one serves nearly always.
const Seeds = 256

// slot returns the index of the one slot where a name with this hash may be.
func (t *Table) slot(h uint64) uint64 {
	shift := uint64(t.shifts[h&uint64(len(t.shifts)-1)])
	// The step is odd and the number of slots a power of two: each shift is another slot.
	return (h>>16 + shift*(h>>40|1)) & uint64(len(t.slots)-1)
}

// Odd constants with their bits well spread: the golden ratio's and the square root
// of 3's fractions.
const (
	spread1 = 0x9E3779B97F4A7C15
	spread2 = 0xBB67AE8584CAA73B
)

// hash mixes a name, eight bytes at a time, and a seed.
func hash(name string, seed uint64) uint64 {
	h := seed*spread2 + uint64(len(name))*spread1
	if len(name) < 8 {
		var w uint64
		for i := 0; i < len(name); i++ {
			w = w<<8 | uint64(name[i])
		}
		return mix(mix(h^w, spread1)^seed, spread2)
	}
	rest := name
	for len(rest) > 8 {
		h = mix(h^word(rest), spread1) + spread2
		rest = rest[8:]
	}
	// The last eight bytes, whether or not they overlap those before.
	return mix(mix(h^word(name[len(name)-8:]), spread1)^seed, spread2)
}

// word reads eight bytes, the first the lowest.
func word(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// mix folds the product of a and b, 128 bits, to 64.
func mix(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return high ^ low
}

// place finds a perfect hash of the names in use: the first seed from t.seed on
// with a shift for each bucket.
func (t *Table) place() error {
	if t.live == 0 {
		t.slots, t.shifts = nil, nil
		return nil
	}
	slots := 1 << bits.Len(uint(2*t.live-1))
	t.slots, t.shifts = make([]uint16, slots), make([]uint16, max(1, slots/4))
	for range Seeds {
		if t.placed() {
			return nil
		}
		t.seed++
	}
	return fmt.Errorf("rpc: %d seeds up to %d give no perfect hash of %d names: write another seed into the table", Seeds, t.seed-1, t.live)
}

// bucket is the names in use that share a shift.
type bucket struct {
	index   uint64
	entries []uint16 // 1 + index
	hashes  []uint64
}

// placed tries t.seed: the fullest buckets first, each with the least shift that
// leads its names to slots that are free.
func (t *Table) placed() bool {
	clear(t.slots)
	clear(t.shifts)
	buckets := make([]bucket, len(t.shifts))
	for i := range t.entries {
		if t.entries[i].retired {
			continue
		}
		h := hash(t.entries[i].name, t.seed)
		b := &buckets[h&uint64(len(buckets)-1)]
		b.entries, b.hashes = append(b.entries, uint16(i+1)), append(b.hashes, h)
	}
	for i := range buckets {
		buckets[i].index = uint64(i)
	}
	slices.SortStableFunc(buckets, func(a, b bucket) int { return cmp.Compare(len(b.entries), len(a.entries)) })
	for i := range buckets {
		if !t.shift(&buckets[i]) {
			return false
		}
	}
	return true
}

// shift finds a bucket's shift and takes the slots; false if no shift serves.
// A shift as large as the number of slots would be one seen already.
func (t *Table) shift(b *bucket) bool {
	for shift := range len(t.slots) {
		t.shifts[b.index] = uint16(shift)
		if t.take(b) {
			return true
		}
	}
	return false
}

// take gives each name of the bucket its slot, or none to any.
func (t *Table) take(b *bucket) bool {
	for i, h := range b.hashes {
		at := t.slot(h)
		if t.slots[at] != 0 {
			for _, h := range b.hashes[:i] {
				t.slots[t.slot(h)] = 0
			}
			return false
		}
		t.slots[at] = b.entries[i]
	}
	return true
}
