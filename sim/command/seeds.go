package command

import (
	"strconv"
	"strings"
)

// maxSeeds bounds a range of seeds.
const maxSeeds = 1_000_000_000

// seedRange reads a range of seeds, both ends included: A-B, or one number.
func seedRange(text string) (from, to uint64, err error) {
	first, last, ranged := strings.Cut(text, "-")
	if !ranged {
		last = first
	}
	from, err1 := strconv.ParseUint(first, 10, 64)
	to, err2 := strconv.ParseUint(last, 10, 64)
	if err1 != nil || err2 != nil || to < from || to-from > maxSeeds {
		return 0, 0, usage("--seeds %q is not a range like 1-2000", text)
	}
	return from, to, nil
}
