package prod

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"messiah/core/node"
	"messiah/core/wire"
)

// Bounds of process connections.
const (
	// maxLinkOut bounds the unwritten output of one connection; over it the
	// connection closes and the link resumes. A host keeps at most MaxLinkBytes
	// for a peer, and may send all of it again at once.
	maxLinkOut = node.MaxLinkBytes + 8<<20
	maxLinks   = 1024 // connections; at the bound a new one is closed
	dialWithin = 2 * time.Second

	linkBuffer = 64 << 10 // for reading; it grows to one frame and shrinks again
	keepOut    = 1 << 20  // of a turn's writes that are collected before some go out
)

// linkConn is one connection to another process.
type linkConn struct {
	id     uint64
	p      *Process
	conn   *net.TCPConn
	out    *outbox
	closed atomic.Bool // by the host, which is owed no end
	proven atomic.Bool // its peer knows the secret, or is where the host wanted to go

	// Of the loop alone.
	pending []byte // this turn's writes
	dirty   bool
}

// linkSet holds the process connections. The loop has its own map of those that
// the host has heard of; the one here is for adding, counting and closing.
type linkSet struct {
	mu     sync.Mutex
	conns  map[uint64]*linkConn
	lastID uint64
	closed bool

	dialling context.Context
	stopDial context.CancelFunc
}

func (s *linkSet) init() {
	s.conns = map[uint64]*linkConn{}
	s.dialling, s.stopDial = context.WithCancel(context.Background())
}

// addLink takes a connection over; nil says that there is no room or no process any more.
func (p *Process) addLink(c *net.TCPConn, most int) *linkConn {
	s := &p.links
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.conns) >= most {
		_ = c.Close()
		return nil
	}
	s.lastID++
	l := &linkConn{id: s.lastID, p: p, conn: c, out: newOutbox(c, maxLinkOut, p.spawn)}
	s.conns[l.id] = l
	p.count.linksOpen.Add(1)
	return l
}

func (p *Process) removeLink(l *linkConn) {
	p.links.mu.Lock()
	delete(p.links.conns, l.id)
	p.links.mu.Unlock()
	p.count.linksOpen.Add(-1)
	_ = l.conn.Close()
}

func (p *Process) linkByID(id uint64) *linkConn {
	p.links.mu.Lock()
	defer p.links.mu.Unlock()
	return p.links.conns[id]
}

// acceptLinks takes connections of other processes until the listener closes.
func (p *Process) acceptLinks(l net.Listener) {
	p.acceptAll(l, func(c *net.TCPConn) {
		if link := p.addLink(c, maxLinks); link != nil {
			p.spawn(func() { link.run(0) })
			return
		}
		p.log.line(node.Warn, "closed a process connection: there are too many", "bound", maxLinks)
	})
}

// acceptAll hands each accepted connection over, and slows down while the system has no room for more.
func (p *Process) acceptAll(l net.Listener, take func(*net.TCPConn)) {
	for {
		c, err := l.Accept()
		if err == nil {
			take(c.(*net.TCPConn))
			continue
		}
		select {
		case <-p.quit:
			return
		case <-time.After(50 * time.Millisecond):
			p.log.line(node.Warn, "cannot accept connections", "address", l.Addr().String(), "error", err)
		}
	}
}

// dialLink makes a connection and tells the host, or tells it that there is none.
func (p *Process) dialLink(num uint64, addr string) {
	d := net.Dialer{Timeout: dialWithin}
	c, err := d.DialContext(p.links.dialling, "tcp", addr)
	if err == nil {
		// Never refused for their number: the host has one dial for each peer.
		if l := p.addLink(c.(*net.TCPConn), 2*maxLinks); l != nil {
			l.run(num)
			return
		}
	}
	p.inbox.put(&node.Input{Kind: node.InConnDown, Num: num}, forces)
}

// run tells the host of the connection and delivers what comes, until it ends.
func (l *linkConn) run(num uint64) {
	p := l.p
	l.proven.Store(num != 0)
	if p.inbox.put(&node.Input{Kind: node.InConnUp, Conn: l.id, Num: num}, waits) {
		l.read()
	}
	p.removeLink(l)
	if !l.closed.Load() {
		// Without the number of its dial: of a connection that the host has just closed itself it means nothing.
		p.inbox.put(&node.Input{Kind: node.InConnDown, Conn: l.id}, waits)
	}
}

// errStranger is why a connection ends on which a large frame comes before its peer has proven itself.
var errStranger = errors.New("prod: a large frame from a stranger")

// read delivers whole frames until the connection ends. Only a peer that has
// proven itself gets the room for a frame over linkBuffer.
func (l *linkConn) read() {
	buf := make([]byte, linkBuffer)
	have := 0
	for {
		n, err := l.conn.Read(buf[have:])
		have += n
		l.p.count.linkBytesIn.Add(uint64(n))
		whole, bad := wire.Whole(buf[:have])
		if bad == nil && whole == 0 && have == len(buf) && !l.proven.Load() {
			bad = errStranger
		}
		if whole > 0 && !l.closed.Load() {
			if !l.p.inbox.put(&node.Input{Kind: node.InConnData, Conn: l.id, Body: buf[:whole]}, waits) {
				return
			}
		}
		if bad != nil {
			l.p.count.linksCut.Add(1)
			l.p.log.line(node.Warn, "dropped a process connection", "address", l.conn.RemoteAddr().String(), "error", bad)
			return
		}
		if err != nil {
			return
		}
		size := linkBuffer
		if whole == 0 && have == len(buf) {
			size = 2 * len(buf) // of no more than twice wire.MaxFrame
		}
		buf, have = keepRest(buf, whole, have, size)
	}
}

// keepRest moves what was not used to the front of a buffer that is no smaller
// than size and no larger than four times that and than the rest.
func keepRest(buf []byte, used, have, size int) ([]byte, int) {
	size = max(size, have-used)
	if size > len(buf) || 4*size < len(buf) {
		fresh := make([]byte, size)
		return fresh, copy(fresh, buf[used:have])
	}
	return buf, copy(buf, buf[used:have])
}

// writeLink adds frames to what goes out to a connection at the end of the turn.
func (p *Process) writeLink(conn uint64, frames []byte) {
	l := p.linkOf(conn)
	if l == nil {
		return // it broke meanwhile; the link keeps the frames
	}
	l.pending = append(l.pending, frames...)
	if len(l.pending) >= keepOut {
		l.flush()
	}
	if !l.dirty {
		l.dirty = true
		p.dirtyLinks = append(p.dirtyLinks, l)
	}
}

// linkOf returns a connection that the host has heard of and not closed.
func (p *Process) linkOf(conn uint64) *linkConn {
	if p.lastLink == nil || p.lastLink.id != conn {
		p.lastLink = p.linkConns[conn]
	}
	return p.lastLink
}

// flushLinks writes out the turn.
func (p *Process) flushLinks() {
	for i, l := range p.dirtyLinks {
		l.flush()
		p.dirtyLinks[i] = nil
	}
	p.dirtyLinks = p.dirtyLinks[:0]
}

func (l *linkConn) flush() {
	if l.dirty = false; len(l.pending) == 0 {
		return
	}
	l.p.count.linkWrites.Add(1)
	l.p.count.linkBytesOut.Add(uint64(len(l.pending)))
	if err := l.out.write(l.pending); err != nil {
		if err == errSlow {
			l.p.count.linksCut.Add(1)
			l.p.log.line(node.Warn, "dropped a process connection: its peer reads too slowly", "address", l.conn.RemoteAddr().String())
		}
		_ = l.conn.Close() // the reader reports it
	}
	if l.pending = l.pending[:0]; cap(l.pending) > 2*keepOut {
		l.pending = nil
	}
}

// closeLink ends a connection on the host's word, behind what it wrote.
func (p *Process) closeLink(conn uint64) {
	l := p.linkOf(conn)
	if l == nil {
		return
	}
	p.forgetLink(conn)
	l.closed.Store(true)
	l.flush()
	l.out.end()
}

// noteProof lets a connection's reader know that its peer has proven itself.
// The peer sends nothing large before it has our answer to its proof, which is
// written later than this.
func (p *Process) noteProof(conn uint64) {
	if l := p.linkOf(conn); l != nil && !l.proven.Load() && p.host.Proven(conn) {
		l.proven.Store(true)
	}
}

func (p *Process) forgetLink(conn uint64) {
	delete(p.linkConns, conn)
	p.lastLink = nil
}
