package prod

import (
	"fmt"
	"net"
	"strings"
)

// ClientSocket is a bound socket for clients. The zero value is none.
type ClientSocket struct {
	udp *net.UDPConn
	tcp *net.TCPListener
}

// Schemes of client addresses.
const (
	schemeKCP = "kcp://"
	schemeTCP = "tcp://"
)

// socketBuffer is what a datagram socket asks the system for in each direction, in bytes.
const socketBuffer = 4 << 20

// ListenClients binds a socket for clients: "kcp://host:port" for datagrams or
// "tcp://host:port" for streams; port 0 takes a free one. A client process
// binds its own datagram socket so; for streams that it dials it needs none.
func ListenClients(addr string) (ClientSocket, error) {
	if hostPort, ok := strings.CutPrefix(addr, schemeKCP); ok {
		return listenUDP(hostPort)
	}
	hostPort, ok := strings.CutPrefix(addr, schemeTCP)
	if !ok {
		return ClientSocket{}, fmt.Errorf("prod: client address %q is neither %shost:port nor %shost:port", addr, schemeKCP, schemeTCP)
	}
	l, err := net.Listen("tcp", hostPort)
	if err != nil {
		return ClientSocket{}, fmt.Errorf("prod: clients: %w", err)
	}
	return ClientSocket{tcp: l.(*net.TCPListener)}, nil
}

func listenUDP(hostPort string) (ClientSocket, error) {
	at, err := net.ResolveUDPAddr("udp", hostPort)
	if err != nil {
		return ClientSocket{}, fmt.Errorf("prod: clients: %w", err)
	}
	c, err := net.ListenUDP("udp", at)
	if err != nil {
		return ClientSocket{}, fmt.Errorf("prod: clients: %w", err)
	}
	// The system may give less than is asked for; that costs packets in a burst and nothing else.
	_ = c.SetReadBuffer(socketBuffer)
	_ = c.SetWriteBuffer(socketBuffer)
	return ClientSocket{udp: c}, nil
}

// Addr returns the address as ListenClients takes it, with the real port.
func (s ClientSocket) Addr() string {
	switch {
	case s.udp != nil:
		return schemeKCP + s.udp.LocalAddr().String()
	case s.tcp != nil:
		return schemeTCP + s.tcp.Addr().String()
	}
	return ""
}

// Close gives back a socket that no process has taken over.
func (s ClientSocket) Close() error {
	switch {
	case s.udp != nil:
		return s.udp.Close()
	case s.tcp != nil:
		return s.tcp.Close()
	}
	return nil
}

// ListenLinks binds a socket for other processes at "host:port". With a default
// secret it refuses every address that other machines can reach.
func ListenLinks(addr string, defaultSecret bool) (net.Listener, error) {
	at, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("prod: links: %w", err)
	}
	if defaultSecret && !at.IP.IsLoopback() {
		return nil, fmt.Errorf("prod: links: %s is reachable from other machines, which needs a secret of your own", addr)
	}
	l, err := net.ListenTCP("tcp", at)
	if err != nil {
		return nil, fmt.Errorf("prod: links: %w", err)
	}
	return l, nil
}
