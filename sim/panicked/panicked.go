// Package panicked says where code panicked. It reads the stack, which differs
// from build to build and never between two runs of one.
package panicked

import (
	"fmt"
	"path"
	"runtime"
	"strings"
)

// most bounds the functions that are named, innermost first.
const most = 4

// Place names the functions that were running when the panic came that the caller
// recovers, with file and line. It names neither addresses nor folders: a run says
// the same on any machine.
func Place() string {
	callers := make([]uintptr, 64)
	frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers)])
	var names []string
	for more, below := true, false; more && len(names) < most; {
		var f runtime.Frame
		f, more = frames.Next()
		if strings.HasPrefix(f.Function, "runtime.") {
			below = true // what panics stands below the runtime's own
		} else if below {
			names = append(names, fmt.Sprintf("%s (%s:%d)", path.Base(f.Function), path.Base(f.File), f.Line))
		}
	}
	return strings.Join(names, " < ")
}
