//go:build unix

package prod

import (
	"net"
	"syscall"
)

// tryWriter writes to a socket as much as it takes without waiting.
type tryWriter struct {
	raw syscall.RawConn
	run func(fd uintptr) bool // once() as a value, so that a write allocates nothing
	b   []byte
	n   int
	err error
}

func (t *tryWriter) init(c *net.TCPConn) {
	t.raw, _ = c.SyscallConn()
	t.run = t.once
}

// write returns how much of b the socket took: 0 without an error if it is full.
func (t *tryWriter) write(b []byte) (int, error) {
	if t.raw == nil {
		return 0, net.ErrClosed
	}
	t.b, t.n, t.err = b, 0, nil
	if err := t.raw.Write(t.run); err != nil {
		return 0, err
	}
	t.b = nil
	return t.n, t.err
}

func (t *tryWriter) once(fd uintptr) bool {
	for {
		n, err := syscall.Write(int(fd), t.b)
		switch err {
		case nil:
			t.n = n
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
		default:
			t.err = err
		}
		return true // never wait: the queue does
	}
}

// dontWait makes a batch of datagrams return at a full socket.
const dontWait = syscall.MSG_DONTWAIT
