//go:build e2e

package attack

// thorough tells whether to try every case there is, and not a sample.
const thorough = true

// many is how many of something an attack has.
func many(n int) int { return n }
