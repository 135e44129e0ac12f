package cluster

import (
	"fmt"
	"runtime"
	"strings"
)

// placeFrames is how many calls a place names.
const placeFrames = 6

// panicPlace names the calls that led to the panic that is being recovered, the one that
// panicked first. Functions of the runtime and of the engine's own recovery are left out.
func panicPlace() string {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	var named []string
	panicking := false
	for len(named) < placeFrames {
		f, more := frames.Next()
		switch {
		case f.Function == "runtime.gopanic":
			panicking, named = true, nil
		case panicking && f.Function != "" && !strings.HasPrefix(f.Function, "runtime."):
			named = append(named, fmt.Sprintf("%s (%s:%d)", f.Function, f.File[strings.LastIndex(f.File, "/")+1:], f.Line))
		}
		if !more {
			break
		}
	}
	return strings.Join(named, " < ")
}
