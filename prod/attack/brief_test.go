//go:build !e2e

package attack

import "testing"

// thorough tells whether to try every case there is, and not a sample.
const thorough = false

// many is how many of something an attack has: a tenth under -short, as the race detector runs it.
func many(n int) int {
	if testing.Short() {
		return max(1, n/10)
	}
	return n
}
