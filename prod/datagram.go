package prod

import (
	"errors"
	"net"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"messiah/core/node"
	"messiah/core/session"
)

// Datagrams are read and written in batches, one system call each. A socket
// that is often full gets larger batches, so that one of a single client stays small.
const (
	firstBatch = 8
	mostBatch  = 128
)

// batchConn is what the packages for both versions of IP make of a socket.
type batchConn interface {
	ReadBatch(ms []ipv4.Message, flags int) (int, error)
	WriteBatch(ms []ipv4.Message, flags int) (int, error)
}

func newBatchConn(c *net.UDPConn) batchConn {
	if c.LocalAddr().(*net.UDPAddr).IP.To4() != nil {
		return ipv4.NewPacketConn(c)
	}
	return ipv6.NewPacketConn(c)
}

// readDatagrams delivers datagrams to their lanes until the socket closes. At
// a lane's bound they are dropped, as a network does.
func (p *Process) readDatagrams(c *net.UDPConn) {
	conn := newBatchConn(c)
	ms := readBatch(nil, firstBatch)
	to := make([]*lane, mostBatch)
	for {
		n, err := conn.ReadBatch(ms, 0)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			p.log.line(node.Warn, "cannot read datagrams", "error", err)
			select {
			case <-p.quit:
				return
			case <-time.After(time.Millisecond):
			}
			continue
		}
		for i := range ms[:n] {
			to[i] = nil
			if m := &ms[i]; m.N > 0 && m.N <= session.MaxDatagram {
				to[i] = p.laneFor(m.Buffers[0][:m.N])
			} else {
				p.count.packetsDropped.Add(1)
			}
		}
		for _, l := range p.lanes {
			p.deliverDatagrams(l, to, ms[:n])
		}
		if n == len(ms) && n < mostBatch {
			ms = readBatch(ms, 2*n)
		}
	}
}

// readBatch lengthens a batch to n messages, each with room for a datagram and
// one byte, which tells that one was too long.
func readBatch(ms []ipv4.Message, n int) []ipv4.Message {
	for len(ms) < n {
		ms = append(ms, ipv4.Message{Buffers: [][]byte{make([]byte, session.MaxDatagram+1)}})
	}
	return ms
}

// deliverDatagrams hands a lane its part of a batch.
func (p *Process) deliverDatagrams(l *lane, to []*lane, ms []ipv4.Message) {
	open, full := false, false
	var in node.Input
	count, bytes, dropped := 0, 0, 0
	for i := range ms {
		if to[i] != l {
			continue
		}
		if !open && !full {
			open = l.packets.begin(drops)
			full = !open
		}
		if full {
			dropped++
			continue
		}
		m := &ms[i]
		from := m.Addr.(*net.UDPAddr)
		in = node.Input{Kind: node.InPacket, Body: m.Buffers[0][:m.N]}
		copy(in.Endpoint.IP[:], from.IP.To16())
		in.Endpoint.Port = uint16(from.Port)
		l.packets.push(&in)
		count++
		bytes += m.N
	}
	if open {
		l.packets.finish()
	}
	p.count.packetsIn.Add(uint64(count))
	p.count.packetBytesIn.Add(uint64(bytes))
	p.count.packetsDropped.Add(uint64(dropped))
}

// datagramWriter sends one lane's datagrams.
type datagramWriter struct {
	p     *Process
	conn  batchConn
	ms    []ipv4.Message
	addrs []net.UDPAddr
}

func newDatagramWriter(p *Process, c *net.UDPConn) *datagramWriter {
	w := &datagramWriter{p: p, conn: newBatchConn(c)}
	w.grow(firstBatch)
	return w
}

func (w *datagramWriter) grow(n int) {
	w.ms, w.addrs = make([]ipv4.Message, n), make([]net.UDPAddr, n)
	for i := range w.ms {
		w.addrs[i].IP = make(net.IP, net.IPv6len)
		w.ms[i] = ipv4.Message{Buffers: make([][]byte, 1), Addr: &w.addrs[i]}
	}
}

// send writes the datagrams among the packets.
func (w *datagramWriter) send(packets []node.Packet) {
	n := 0
	for i := range packets {
		p := &packets[i]
		if p.Endpoint.Stream != 0 || len(p.Bytes) == 0 {
			continue
		}
		if n == len(w.ms) {
			w.write(n)
			n = 0
			if len(w.ms) < mostBatch {
				w.grow(2 * len(w.ms))
			}
		}
		w.ms[n].Buffers[0] = p.Bytes
		copy(w.addrs[n].IP, p.Endpoint.IP[:])
		w.addrs[n].Port = int(p.Endpoint.Port)
		n++
	}
	w.write(n)
}

// write sends the first n of the batch. What a full socket does not take is
// dropped, and so is what the system refuses, as one to an address that has no route.
func (w *datagramWriter) write(n int) {
	sent, dropped, bytes := 0, 0, 0
	for at := 0; at < n; {
		done, err := w.conn.WriteBatch(w.ms[at:n], dontWait)
		done = max(done, 0)
		for _, m := range w.ms[at : at+done] {
			bytes += len(m.Buffers[0])
		}
		sent += done
		at += done
		if err != nil && at < n {
			dropped++
			at++
		}
	}
	w.p.count.packetsOut.Add(uint64(sent))
	w.p.count.packetBytesOut.Add(uint64(bytes))
	w.p.count.packetsDropped.Add(uint64(dropped))
}
