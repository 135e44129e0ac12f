package bots

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"

	"messiah/core/node"
	"messiah/core/session"
)

// socket is one bot's way to its gate: a connected datagram socket or a stream.
type socket struct {
	fd      int // 0: none
	at      node.Endpoint
	open    bool   // a stream whose connection stands
	writing bool   // the poller watches for room to write
	in      []byte // the beginning of a stream packet whose rest has not come
	out     []byte // what the system did not take
}

// maxUnwritten bounds what a stream keeps that the system does not take; over it the connection is cut.
const maxUnwritten = 1 << 20

// transmit sends what the bot's lane left to send.
func (l *loop) transmit(b *bot) {
	defer b.lane.Sent()
	l.gather = l.gather[:0]
	for _, p := range b.lane.Packets() {
		switch {
		case p.Dial:
			l.dialStream(b, p.Endpoint)
		case p.Endpoint.Stream == 0:
			l.sendDatagram(b, p.Endpoint, p.Bytes)
		case p.Endpoint == b.socket.at:
			if len(p.Bytes) > 0 {
				l.gather = binary.LittleEndian.AppendUint32(l.gather, uint32(len(p.Bytes)))
				l.gather = append(l.gather, p.Bytes...)
			}
			if p.Close {
				l.writeStream(b)
				l.closeSocket(b)
			}
		}
	}
	l.writeStream(b)
}

// sendDatagram sends one datagram; what the system does not take is lost, as the network may lose it.
func (l *loop) sendDatagram(b *bot, to node.Endpoint, packet []byte) {
	if b.socket.fd == 0 || b.socket.at != to {
		l.closeSocket(b)
		if !l.openSocket(b, to, unix.SOCK_DGRAM) {
			return
		}
		b.socket.open = true
	}
	l.writes.Add(1)
	if _, err := unix.Write(b.socket.fd, packet); err != nil {
		l.unsent.Add(1)
	}
}

func (l *loop) dialStream(b *bot, to node.Endpoint) {
	l.closeSocket(b)
	if !l.openSocket(b, to, unix.SOCK_STREAM) {
		l.broken(b, to)
	}
}

// openSocket makes a socket and begins to connect it.
func (l *loop) openSocket(b *bot, to node.Endpoint, kind int) bool {
	ip, port := netip.AddrFrom16(to.IP).Unmap(), int(to.Port)
	family, sa := unix.AF_INET6, unix.Sockaddr(&unix.SockaddrInet6{Port: port, Addr: to.IP})
	if ip.Is4() {
		family, sa = unix.AF_INET, &unix.SockaddrInet4{Port: port, Addr: ip.As4()}
	}
	fd, err := unix.Socket(family, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		l.failed("socket", err)
		return false
	}
	b.socket.fd, b.socket.at = fd, to
	if kind == unix.SOCK_STREAM {
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1) // a connection without it works, a little later
	}
	if err := unix.Connect(fd, sa); err != nil && err != unix.EINPROGRESS {
		l.failed("connect", err)
		l.closeSocket(b)
		return false
	}
	b.socket.writing = kind == unix.SOCK_STREAM
	if err := l.poll.add(fd, b.index, b.socket.writing); err != nil {
		l.failed("epoll", err)
		l.closeSocket(b)
		return false
	}
	return true
}

// closeSocket gives the socket back; the poller forgets it with that.
func (l *loop) closeSocket(b *bot) {
	if b.socket.fd != 0 {
		_ = unix.Close(b.socket.fd) // nothing is left to be told by an error
	}
	b.socket = socket{in: b.socket.in[:0], out: b.socket.out[:0]}
}

// broken tells the lane that a stream ended or could not be made.
func (l *loop) broken(b *bot, at node.Endpoint) {
	l.closeSocket(b)
	b.lane.Step(l.now, l.wall, &node.Input{Kind: node.InStreamDown, Endpoint: at})
	l.queue(b)
}

// writeStream writes what was gathered for a stream behind what waits there.
func (l *loop) writeStream(b *bot) {
	s := &b.socket
	if len(l.gather) == 0 || s.fd == 0 {
		l.gather = l.gather[:0]
		return
	}
	rest := l.gather
	if len(s.out) == 0 && s.open {
		rest = rest[l.writeSome(b, rest):]
	}
	l.gather = l.gather[:0]
	if len(rest) == 0 || s.fd == 0 {
		return
	}
	s.out = append(s.out, rest...)
	if len(s.out) > maxUnwritten {
		l.broken(b, s.at)
		return
	}
	l.watchWrites(b, true)
}

// writeSome writes what the system takes and returns how much that is.
func (l *loop) writeSome(b *bot, bytes []byte) int {
	l.writes.Add(1)
	n, err := unix.Write(b.socket.fd, bytes)
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return 0
	case err != nil:
		l.broken(b, b.socket.at)
		return len(bytes)
	}
	return n
}

func (l *loop) watchWrites(b *bot, on bool) {
	if b.socket.writing != on {
		b.socket.writing = on
		l.poll.change(b.socket.fd, b.index, on)
	}
}

// writable goes on with a stream that is connected now or has room again.
func (l *loop) writable(b *bot) {
	s := &b.socket
	if s.fd == 0 {
		return
	}
	if !s.open {
		if e, err := unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_ERROR); err != nil || e != 0 {
			l.broken(b, s.at)
			return
		}
		s.open = true
		b.lane.Step(l.now, l.wall, &node.Input{Kind: node.InStreamUp, Endpoint: s.at})
	}
	if len(s.out) > 0 {
		n := l.writeSome(b, s.out)
		if s.fd == 0 {
			return
		}
		s.out = s.out[:copy(s.out, s.out[n:])]
	}
	if len(s.out) == 0 {
		l.watchWrites(b, false)
	}
}

// readable takes what has come over the bot's socket.
func (l *loop) readable(b *bot) {
	s := &b.socket
	if s.fd == 0 {
		return
	}
	l.reads.Add(1)
	n, err := unix.Read(s.fd, l.buffer)
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return
	case s.at.Stream == 0:
		if err == nil {
			l.bytesIn.Add(uint64(n))
			b.lane.Step(l.now, l.wall, &node.Input{Kind: node.InPacket, Endpoint: s.at, Body: l.buffer[:n]})
		}
		// An error says that the gate's port is closed; the session finds out by itself, for anybody can say so.
	case err != nil || n == 0:
		l.broken(b, s.at)
	default:
		l.bytesIn.Add(uint64(n))
		l.deframe(b, l.buffer[:n])
	}
}

// deframe hands the whole packets of a stream to the lane and keeps the rest.
func (l *loop) deframe(b *bot, bytes []byte) {
	s := &b.socket
	at := s.at
	if len(s.in) > 0 {
		s.in = append(s.in, bytes...)
		bytes = s.in
	}
	for len(bytes) >= 4 {
		size := int(binary.LittleEndian.Uint32(bytes))
		if size > session.MaxPacket {
			l.broken(b, at)
			return
		}
		if len(bytes) < 4+size {
			break
		}
		b.lane.Step(l.now, l.wall, &node.Input{Kind: node.InPacket, Endpoint: at, Body: bytes[4 : 4+size]})
		bytes = bytes[4+size:]
	}
	s.in = append(s.in[:0], bytes...)
}

// event handles what the poller says about the bot's socket.
func (l *loop) event(b *bot, events uint32) {
	if events&unix.EPOLLOUT != 0 || events&unix.EPOLLERR != 0 && !b.socket.open {
		l.writable(b)
	}
	if events&(unix.EPOLLIN|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		l.readable(b)
	}
	l.queue(b)
}
