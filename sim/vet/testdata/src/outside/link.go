package outside

import _ "unsafe"

//go:linkname fastrand runtime.fastrand // want `go:linkname reaches into another package's state`
func fastrand() uint32
