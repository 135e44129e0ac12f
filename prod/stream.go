package prod

import (
	"encoding/binary"
	"net"
	"net/netip"
	"sync"
	"time"

	"messiah/core/node"
	"messiah/core/session"
)

// Bounds of client streams.
const (
	maxStreamOut   = 1 << 20 // unwritten output of one; over it the client is cut off, alone
	maxStreams     = 1 << 15 // accepted; at the bound a new one is closed
	maxStreamsFrom = 1 << 10 // accepted from one address that is not this machine's own

	firstPacketWithin = 5 * time.Second // from the connection to its first packet
	streamDialWithin  = 5 * time.Second

	streamBuffer = 4 << 10 // for reading; it grows to one packet and shrinks again
	streamHead   = 4       // the length before each packet, little-endian

	// acceptedStream is set in the numbers of accepted streams, so that they never meet those that a lane dials by.
	acceptedStream = 1 << 31
)

// stream is one client connection: packets with a length before each.
type stream struct {
	p    *Process
	at   node.Endpoint
	lane *lane // that takes its packets; nil until the first one
	from netip.Addr

	mu   sync.Mutex
	conn *net.TCPConn // nil while it is dialled
	gone bool         // closed by its lane, perhaps while it was dialled

	// Of the lane alone.
	out     *outbox
	pending []byte // this batch's packets
	dirty   bool
}

// streamSet holds the streams, for numbering, counting and closing.
type streamSet struct {
	mu     sync.Mutex
	all    map[*stream]struct{}
	byNum  map[uint32]*stream // accepted ones
	from   map[netip.Addr]int
	last   uint32
	closed bool
}

func (s *streamSet) init() {
	s.all = map[*stream]struct{}{}
	s.byNum = map[uint32]*stream{}
	s.from = map[netip.Addr]int{}
}

// acceptStreams takes client connections until the listener closes.
func (p *Process) acceptStreams(l net.Listener) {
	p.acceptAll(l, func(c *net.TCPConn) {
		if s := p.addStream(c); s != nil {
			p.spawn(s.run)
			return
		}
		p.count.streamsRefused.Add(1)
		_ = c.Close()
	})
}

// addStream numbers an accepted connection; nil says that there is no room.
func (p *Process) addStream(c *net.TCPConn) *stream {
	at := c.RemoteAddr().(*net.TCPAddr).AddrPort()
	from := at.Addr().Unmap()
	set := &p.streams
	set.mu.Lock()
	defer set.mu.Unlock()
	if set.closed || len(set.byNum) >= maxStreams || !from.IsLoopback() && set.from[from] >= maxStreamsFrom {
		return nil
	}
	num := acceptedStream | set.last
	for ; set.byNum[num] != nil; num = acceptedStream | set.last {
		set.last++
	}
	set.last++
	s := &stream{p: p, conn: c, from: from, at: node.Endpoint{IP: at.Addr().As16(), Port: at.Port(), Stream: num}}
	s.out = newOutbox(c, maxStreamOut, p.spawn)
	set.byNum[num] = s
	set.all[s] = struct{}{}
	set.from[from]++
	p.count.streamsUp.Add(1)
	p.count.streamsOpen.Add(1)
	return s
}

func (p *Process) removeStream(s *stream) {
	set := &p.streams
	set.mu.Lock()
	delete(set.all, s)
	if s.accepted() {
		delete(set.byNum, s.at.Stream)
		if set.from[s.from]--; set.from[s.from] == 0 {
			delete(set.from, s.from)
		}
	}
	set.mu.Unlock()
	p.count.streamsOpen.Add(-1)
	_ = s.conn.Close()
}

func (p *Process) acceptedByNum(num uint32) *stream {
	p.streams.mu.Lock()
	defer p.streams.mu.Unlock()
	return p.streams.byNum[num]
}

func (s *stream) accepted() bool { return s.at.Stream&acceptedStream != 0 }

// dialStream makes a connection for a lane, which has the stream in its table already.
func (s *stream) dial() {
	p := s.p
	d := net.Dialer{Timeout: streamDialWithin}
	to := netip.AddrPortFrom(netip.AddrFrom16(s.at.IP).Unmap(), s.at.Port)
	c, err := d.DialContext(p.links.dialling, "tcp", to.String())
	if err != nil || !s.connected(c.(*net.TCPConn)) {
		s.lane.packets.put(&node.Input{Kind: node.InStreamDown, Endpoint: s.at}, forces)
		return
	}
	s.run()
}

// connected makes a dialled connection the stream's own, unless nobody wants it any more.
func (s *stream) connected(c *net.TCPConn) bool {
	set := &s.p.streams
	set.mu.Lock()
	defer set.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if set.closed || s.gone {
		_ = c.Close()
		return false
	}
	s.conn, s.out = c, newOutbox(c, maxStreamOut, s.p.spawn)
	set.all[s] = struct{}{}
	s.p.count.streamsUp.Add(1)
	s.p.count.streamsOpen.Add(1)
	return true
}

// run delivers the stream's packets to its lane, until it ends. A lane that
// dialled hears at once that the stream stands; one that accepts, with the
// first packet, which decides whose the stream is.
func (s *stream) run() {
	if s.lane != nil {
		s.lane.packets.put(&node.Input{Kind: node.InStreamUp, Endpoint: s.at}, waits)
	} else {
		_ = s.conn.SetReadDeadline(time.Now().Add(firstPacketWithin))
	}
	s.read()
	s.p.removeStream(s)
	if s.lane != nil {
		s.lane.packets.put(&node.Input{Kind: node.InStreamDown, Endpoint: s.at}, waits)
	}
}

// read delivers packets until the connection ends or breaks the framing. Behind
// the lane's close it reads on, so that the client gets what was written, and
// throws away what comes.
func (s *stream) read() {
	buf := make([]byte, streamBuffer)
	have := 0
	for {
		n, err := s.conn.Read(buf[have:])
		if err == nil && s.closed() {
			have = 0
			continue
		}
		have += n
		used, next, ok := s.deliver(buf[:have])
		if !ok || err != nil {
			return
		}
		buf, have = keepRest(buf, used, have, streamRoom(have-used, next))
	}
}

// streamRoom is how large a buffer is to be that holds the first have bytes of
// a packet of size bytes. A size costs nothing by being claimed: the room grows
// with the bytes that came.
func streamRoom(have, size int) int { return max(streamBuffer, min(size, 4*have)) }

// deliver hands the whole packets of b to the lane. It returns their size and
// that of the packet after them, if its head is there.
func (s *stream) deliver(b []byte) (used, next int, ok bool) {
	packet, next, ok := nextPacket(b)
	if !ok {
		s.p.count.streamsCut.Add(1)
		return 0, 0, false
	}
	if packet == nil {
		return 0, next, true
	}
	first := s.lane == nil
	if first {
		s.lane = s.p.laneFor(packet)
		_ = s.conn.SetReadDeadline(time.Time{})
	}
	box := s.lane.packets
	if !box.begin(waits) {
		return 0, 0, false
	}
	defer box.finish()
	in := node.Input{Kind: node.InStreamUp, Endpoint: s.at}
	if first {
		box.push(&in)
	}
	in.Kind = node.InPacket
	count := uint64(0)
	for packet != nil {
		in.Body = packet
		box.push(&in)
		count++
		used += streamHead + len(packet)
		if packet, next, ok = nextPacket(b[used:]); !ok {
			s.p.count.streamsCut.Add(1)
			break
		}
	}
	s.p.count.packetsIn.Add(count)
	s.p.count.packetBytesIn.Add(uint64(used))
	return used, next, ok
}

// nextPacket returns the packet at the front of b, nil if it is not whole, and
// then its size with its head if that is known. False says that it is over the limit.
func nextPacket(b []byte) (packet []byte, size int, ok bool) {
	if len(b) < streamHead {
		return nil, 0, true
	}
	n := binary.LittleEndian.Uint32(b)
	if n == 0 || n > session.MaxPacket {
		return nil, 0, false
	}
	size = streamHead + int(n)
	if len(b) < size {
		return nil, size, true
	}
	return b[streamHead:size:size], 0, true
}

// write adds one packet to what goes out at the end of the lane's batch.
func (s *stream) write(packet []byte) {
	s.pending = binary.LittleEndian.AppendUint32(s.pending, uint32(len(packet)))
	s.pending = append(s.pending, packet...)
}

// flush writes out the batch. A client that does not read is cut off alone: its
// reader reports the end as of any other stream.
func (s *stream) flush() {
	if s.dirty = false; len(s.pending) == 0 {
		return
	}
	s.mu.Lock()
	out, conn := s.out, s.conn
	s.mu.Unlock()
	if out != nil {
		s.p.count.streamWrites.Add(1)
		if err := out.write(s.pending); err != nil {
			if err == errSlow {
				s.p.count.streamsCut.Add(1)
			}
			_ = conn.Close()
		}
	}
	if s.pending = s.pending[:0]; cap(s.pending) > 4*streamBuffer {
		s.pending = nil
	}
}

// closed tells whether the lane has closed the stream.
func (s *stream) closed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gone
}

// close ends the stream on the lane's word, behind what it wrote.
func (s *stream) close() {
	s.flush()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone = true
	if s.out != nil {
		s.out.end()
	}
}
