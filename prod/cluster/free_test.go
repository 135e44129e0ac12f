package cluster

import (
	"net"
	"testing"
)

// freeAddr is a loopback address that nothing listens on now: the manager's has to be known before it starts.
func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
