//go:build planted

package planted

// Built says whether this binary carries planted bugs: this one does.
const Built = true

// chosen is the bug planted now, "" for none. It is process-wide, so it changes
// only between runs, before the goroutines of a parallel sweep start.
var chosen string

// On reports whether the named bug is planted now.
func On(name string) bool { return chosen != "" && chosen == name }

// Choose plants the named bug and removes any other; "" removes all. It must not
// be called while a world runs. The error is always nil in this build.
func Choose(name string) error {
	chosen = name
	return nil
}

// Chosen returns the name of the planted bug, "" for none.
func Chosen() string { return chosen }

// Any returns a number from 0 up to n, drawn from what no seed decides: the
// order in which the runtime walks a map. It is the nondeterminism that bugs plant.
func Any(n int) int {
	all := make(map[int]struct{}, n)
	for i := range n {
		all[i] = struct{}{}
	}
	for i := range all {
		return i
	}
	return 0
}

// MulAdd returns x*y + z as a compiler may make it: one rounding where the
// machine has an instruction for it, as arm64 and amd64 v3, two on amd64 v1.
func MulAdd(x, y, z float64) float64 { return x*y + z }
