package node

// OpKind says what a driver is to do.
type OpKind uint8

// The operations that a Host asks of its driver.
const (
	OpDial  OpKind = iota + 1 // connect to Addr; answer with InConnUp or InConnDown whose Num is this Num
	OpWrite                   // write Bytes, whole frames, to Conn
	OpClose                   // close Conn; no InConnDown is owed
	OpStore                   // hand Bytes, one frame, to the record store
	OpHalt                    // the process ends; Addr says why, Clean whether it was asked to
)

// Op is one operation. Bytes are good until the host's next turn.
type Op struct {
	Kind  OpKind
	Clean bool
	Conn  uint64
	Num   uint64
	Cause uint64 // as Input.Cause
	Addr  string
	Bytes []byte
}
