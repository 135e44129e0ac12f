package bots

import (
	"fmt"
	"net"
	"syscall"

	"messiah/core/node"
)

// resolve turns host:port into an endpoint.
func resolve(addr string) (node.Endpoint, error) {
	at, err := net.ResolveUDPAddr("udp", addr)
	if err != nil {
		return node.Endpoint{}, err
	}
	ap := at.AddrPort()
	return node.Endpoint{IP: ap.Addr().As16(), Port: ap.Port()}, nil
}

// spareFiles is how many open files a process needs beside its bots' sockets.
const spareFiles = 128

// allowSockets raises the limit of open files to what the bots need.
func allowSockets(bots int) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return nil // unknown: the sockets themselves will tell
	}
	need := uint64(bots + spareFiles)
	if limit.Cur >= need {
		return nil
	}
	if limit.Max < need {
		return fmt.Errorf("bots: %d clients need %d open files and the system allows %d; raise it with ulimit -n", bots, need, limit.Max)
	}
	limit.Cur = need
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
}
