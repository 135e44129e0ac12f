package minimise

// ddmin looks for a small set of n things that still fails, after Zeller and
// Hildebrandt ("Simplifying and isolating failure-inducing input", 2002), in the
// form that only takes away: chunks of half the things, then of a quarter, down
// to single ones, each chunk that can go being gone from then on. fails tells
// whether what keep tells to keep of the last set that failed does; it is asked
// for subsets alone.
func ddmin(n int, fails func(keep func(i int) bool) bool) {
	if n == 0 || fails(func(int) bool { return false }) {
		return
	}
	for size := n; size > 0; size /= 2 {
		size = min(size, n)
		for from := n; from > 0; {
			to := from
			from = max(from-size, 0)
			if n > size && fails(func(i int) bool { return i < from || i >= to }) {
				n -= to - from
			}
		}
	}
}
