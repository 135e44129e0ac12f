package choice

// raw draws the decisions of all streams from one string of bytes, in the order
// in which they are asked for.
type raw struct{ left []byte }

// Bytes returns the source that native fuzzing mutates: a decision takes as few
// whole bytes as n needs (1, 2, 4 or 8, little-endian, modulo n; none for n = 1)
// and is 0 past the end. Its streams are not independent. It reads b and keeps it.
func Bytes(b []byte) Source { return &raw{b} }

func (r *raw) Stream(string, uint64) Stream { return r }

func (r *raw) Choose(label string, n int) int {
	switch {
	case n <= 0:
		refuse(label, n)
		return 0
	case n == 1:
		return 0
	}
	return int(r.draw(width(uint64(n-1))) % uint64(n))
}

// Happens takes one byte, of which the highest values are the yes: however small
// the chance is, one value in 256 finds it, and 0 never does.
func (r *raw) Happens(_ string, perMillion int) bool {
	if perMillion <= 0 {
		return false
	}
	yes := min(max(uint64(min(perMillion, million))*256/million, 1), 255)
	return r.draw(1) >= 256-yes
}

// width returns how many bytes hold v.
func width(v uint64) int {
	switch {
	case v < 1<<8:
		return 1
	case v < 1<<16:
		return 2
	case v < 1<<32:
		return 4
	}
	return 8
}

// draw takes bytes; those past the end are 0.
func (r *raw) draw(size int) uint64 {
	var v uint64
	for i := range min(size, len(r.left)) {
		v |= uint64(r.left[i]) << (8 * i)
	}
	r.left = r.left[min(size, len(r.left)):]
	return v
}
