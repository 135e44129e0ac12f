//go:build !planted

package planted

import "errors"

// Built says whether this binary carries planted bugs: an ordinary one never does.
const Built = false

// errNotBuilt is what Choose answers in a binary that carries no bugs.
var errNotBuilt = errors.New("planted: this binary carries no bugs: build it with -tags planted")

// On reports whether the named bug is planted. In an ordinary build it is
// inlined to the constant false, so that the compiler drops the guarded branch.
func On(string) bool { return false }

// Choose refuses: an ordinary build has no bug to plant.
func Choose(string) error { return errNotBuilt }

// Chosen returns the name of the planted bug; in an ordinary build always "".
func Chosen() string { return "" }

// Any returns 0: only the planted build has something to draw from.
func Any(int) int { return 0 }

// MulAdd returns x*y + z, the product rounded before it is added to on every machine.
func MulAdd(x, y, z float64) float64 { return float64(x*y) + z }
