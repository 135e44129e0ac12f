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
