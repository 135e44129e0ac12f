package attack

import (
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"
)

// maxTaped bounds the packets that a proxy keeps, of each direction of each client.
const maxTaped = 400

// path is one client's way through a proxy, with a tape of what went over it.
type path struct {
	mu       sync.Mutex
	up, down [][]byte // packets, oldest first
	gone     bool     // a stream that has ended
	toGate   func(packet []byte)
	toClient func(packet []byte)
}

// keep records a packet, the first ones and then the latest.
func keep(tape *[][]byte, packet []byte) {
	one := append([]byte(nil), packet...)
	if len(*tape) < maxTaped {
		*tape = append(*tape, one)
		return
	}
	half := maxTaped / 2
	copy((*tape)[half:], (*tape)[half+1:])
	(*tape)[maxTaped-1] = one
}

// tapes returns copies of what was recorded so far.
func (p *path) tapes() (up, down [][]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([][]byte(nil), p.up...), append([][]byte(nil), p.down...)
}

// proxy stands between clients and the gate and records.
type proxy struct {
	mu    sync.Mutex
	addr  string
	paths []*path
	ends  []io.Closer
	wg    sync.WaitGroup
}

// all lists the paths that have not ended.
func (p *proxy) all() (list []*path) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range p.paths {
		one.mu.Lock()
		if !one.gone {
			list = append(list, one)
		}
		one.mu.Unlock()
	}
	return list
}

// add keeps a path and what is to be closed in the end.
func (p *proxy) add(one *path, ends ...io.Closer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if one != nil {
		p.paths = append(p.paths, one)
	}
	p.ends = append(p.ends, ends...)
}

func (p *proxy) close() {
	p.mu.Lock()
	for _, c := range p.ends {
		_ = c.Close()
	}
	p.mu.Unlock()
	p.wg.Wait()
}

// proxyDatagrams starts a proxy; each client gets a socket of its own to the gate.
func proxyDatagrams(t *testing.T, gate string) *proxy {
	t.Helper()
	to, err := net.ResolveUDPAddr("udp", gate)
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{addr: c.LocalAddr().String()}
	p.add(nil, c)
	p.wg.Go(func() {
		known := map[netip.AddrPort]*path{}
		for b := make([]byte, 2048); ; {
			n, from, err := c.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			if known[from] == nil {
				known[from] = p.datagramPath(t, c, from, to)
			}
			one := known[from]
			one.mu.Lock()
			keep(&one.up, b[:n])
			one.mu.Unlock()
			one.toGate(b[:n])
		}
	})
	t.Cleanup(p.close)
	return p
}

func (p *proxy) datagramPath(t *testing.T, c *net.UDPConn, client netip.AddrPort, gate *net.UDPAddr) *path {
	up, err := net.DialUDP("udp", nil, gate)
	if err != nil {
		t.Error(err)
		return &path{toGate: func([]byte) {}, toClient: func([]byte) {}}
	}
	one := &path{
		toGate:   func(b []byte) { _, _ = up.Write(b) },
		toClient: func(b []byte) { _, _ = c.WriteToUDPAddrPort(b, client) },
	}
	p.add(one, up)
	p.wg.Go(func() {
		for b := make([]byte, 2048); ; {
			n, err := up.Read(b)
			if err != nil {
				return
			}
			one.mu.Lock()
			keep(&one.down, b[:n])
			one.mu.Unlock()
			one.toClient(b[:n])
		}
	})
	return one
}

// proxyStreams is the same for streams: packets are forwarded whole, so that others fit in between.
func proxyStreams(t *testing.T, gate string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{addr: l.Addr().String()}
	p.add(nil, l)
	p.wg.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			up, err := net.Dial("tcp", gate)
			if err != nil {
				_ = client.Close()
				continue
			}
			p.streamPath(client, up)
		}
	})
	t.Cleanup(p.close)
	return p
}

func (p *proxy) streamPath(client, gate net.Conn) {
	one := &path{toGate: writer(gate), toClient: writer(client)}
	p.add(one, client, gate)
	pump := func(from, to net.Conn, tape *[][]byte, forward func([]byte)) {
		defer from.Close()
		defer to.Close()
		for {
			packet, err := readFrame(from)
			one.mu.Lock()
			if err != nil {
				one.gone = true
				one.mu.Unlock()
				return
			}
			keep(tape, packet)
			one.mu.Unlock()
			forward(packet)
		}
	}
	p.wg.Go(func() { pump(client, gate, &one.up, one.toGate) })
	p.wg.Go(func() { pump(gate, client, &one.down, one.toClient) })
}

// writer writes whole packets to a stream, from any goroutine.
func writer(c net.Conn) func([]byte) {
	var mu sync.Mutex
	return func(packet []byte) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = c.Write(frame(packet))
	}
}

func readFrame(c net.Conn) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return nil, err
	}
	packet := make([]byte, binary.LittleEndian.Uint32(head[:]))
	_, err := io.ReadFull(c, packet)
	return packet, err
}
