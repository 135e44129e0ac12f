//go:build !unix

package prod

import "net"

// tryWriter takes nothing where sockets have no write that does not wait: the queue's goroutine writes all.
type tryWriter struct{}

func (*tryWriter) init(*net.TCPConn) {}

func (*tryWriter) write([]byte) (int, error) { return 0, nil }

// dontWait has no meaning here: a full socket is waited for.
const dontWait = 0
