package node

import (
	"encoding/binary"
	"slices"
	"time"

	"messiah/core/must"
	"messiah/core/planted"
	"messiah/core/wire"
)

// Frames of links themselves; they are not numbered and reach no node.
const (
	frameHello = 1 + iota
	frameChallenge
	frameProof
	frameReady
	frameRefuse
	framePing // carries how many frames were received
)

// Bounds and times of a link.
const (
	// MaxLinkBytes bounds the unacknowledged frames kept for one peer. Data is
	// refused with ErrLinkFull before that, so that one part in controlShare is left for
	// the engine's own messages; where these overflow it the process halts.
	MaxLinkBytes = 32 << 20
	controlShare = 8

	pingEvery     = time.Second     // a link that says nothing else says this
	silenceBreaks = 4 * time.Second // a connection from which nothing comes is given up
	// StoppedTooLong is how late a timer may be before a process with a fence ends:
	// longer than a handler takes, and shorter than it takes to be declared dead. A
	// stop begins up to a ping's time after the last word and before the next timer,
	// and the manager waits for a second more than for the silence.
	StoppedTooLong = silenceBreaks + time.Second - 2*pingEvery - 100*time.Millisecond

	handshakeWithin = 2 * time.Second // from connection to ready
	forgottenWithin = 2 * time.Second // what a dead peer sent may take so long to arrive
	redialFirst     = 5 * time.Millisecond
	redialSoon      = 20 * time.Millisecond // no longer than this for the first redialEarly tries that found nobody
	redialEarly     = 20
	redialMost      = time.Second
	ackFrames       = 512       // acknowledged at least each so many frames
	ackBytes        = 256 << 10 // or bytes

	// maxForgotten bounds the dead lives remembered, more than the manager lists; the oldest is dropped first.
	maxForgotten = 1 << 10
	// LinkKeepBytes is the most room that a link keeps when all is acknowledged, in bytes.
	LinkKeepBytes = 1 << 20
	linkRoom      = 16 << 10 // the least that it makes
)

// reserve says how many of a link buffer's shares a message may not use.
type reserve int

const (
	reserveControl reserve = 0
	reserveData    reserve = 1
)

// link is one ordered, reliable, resumable stream of frames to one life of a
// peer. Frames are numbered by counting; what the peer has not acknowledged is
// kept, and sent again when a broken connection is replaced.
type link struct {
	peer Peer
	conn uint64 // the connection in use, or 0 while broken
	num  uint64 // names the link's timers

	kept      []byte // unacknowledged frames, oldest first, from head
	head      int
	spare     []byte   // an earlier array of kept, to be used again
	causes    []uint64 // of the kept frames, where the host is asked to remember
	spareTurn uint64   // the turn whose operations may still show it
	base      uint64   // how many frames were acknowledged: the number before the first kept one
	next      uint64   // how many frames were sent

	received      uint64 // frames queued for the node
	acked         uint64 // of these, how many the peer knows of
	receivedBytes int    // since the last acknowledgement
	heard         Time

	forgotten bool // ends with its connection
}

func (l *link) size() int { return len(l.kept) - l.head }

// grow makes room for size more bytes. Views of kept may still wait in the
// turn's operations, so acknowledged bytes are never written over in place: the
// rest moves to another array, and this one is used again in a later turn.
func (l *link) grow(size int, turn uint64) {
	if len(l.kept)+size <= cap(l.kept) {
		return
	}
	need := l.size() + size
	next := l.spare[:0]
	if cap(next) < need || l.spareTurn == turn {
		next = make([]byte, 0, max(2*need, linkRoom))
	}
	next = append(next, l.kept[l.head:]...)
	l.spare, l.spareTurn = l.kept, turn
	l.kept, l.head = next, 0
}

// acknowledge drops the frames up to the count that the peer has received.
func (l *link) acknowledge(count uint64) bool {
	if count < l.base || count > l.next {
		return false
	}
	if len(l.causes) > 0 {
		l.causes = l.causes[count-l.base:]
	}
	for ; l.base < count; l.base++ {
		l.head += 4 + int(binary.LittleEndian.Uint32(l.kept[l.head:]))
	}
	if l.size() == 0 && cap(l.kept)+cap(l.spare) > LinkKeepBytes {
		l.kept, l.spare, l.head = nil, nil, 0
	}
	return true
}

// dial is a connection that this side makes, again and again until forgotten.
type dial struct {
	to    Peer // incarnation 0: whoever answers
	addr  string
	num   uint64 // of the latest attempt, so that late news of an earlier one names no dial
	wait  time.Duration
	tries int  // since it last led to a link
	busy  bool // an attempt is under way, or its connection stands
	ended bool

	reason string // of the latest refusal since the last link, at most maxHandshake bytes
}

// conn is one connection between processes, from its first byte on.
type conn struct {
	id    uint64
	dial  *dial // nil for an accepted one
	link  *link // set by the end of the handshake
	state connState
	peer  Peer
	nonce [16]byte // ours
	hello []byte   // as sent or received: both proofs cover it
	proof [16]byte // what the peer must show
}

type connState uint8

const (
	connOpening connState = iota // accepted: awaits hello; dialled: awaits challenge
	connProving                  // accepted: awaits proof; dialled: awaits ready
	connReady
)

// linkTable is the host's knowledge of other processes.
type linkTable struct {
	conns     map[uint64]*conn
	links     map[Peer]*link
	current   map[ID]*link // the life that a node's sends reach
	order     []*link      // by creation
	dials     []*dial
	forgotten []Peer // lives known dead, oldest first
	lastNum   uint64
	timerIn   Input
}

func (t *linkTable) init() {
	t.conns = map[uint64]*conn{}
	t.links = map[Peer]*link{}
	t.current = map[ID]*link{}
}

// Names of the host's own timers; nodes use the numbers below.
const (
	hostTimers     = 0xff00
	timerPing      = hostTimers + iota // key: link
	timerRedial                        // key: dial
	timerHandshake                     // key: connection
	timerForget                        // key: link
)

func (h *Host) hostTimer(key timerKey) {
	switch key.name {
	case timerPing:
		h.keepAlive(h.linkByNum(key.key))
	case timerRedial:
		if d := h.dialByNum(key.key); d != nil {
			h.dialNow(d)
		}
	case timerHandshake:
		if c := h.conns[key.key]; c != nil && c.state != connReady {
			h.dropConn(c)
		}
	case timerForget:
		if l := h.linkByNum(key.key); l != nil {
			if c := h.conns[l.conn]; c != nil {
				h.dropConn(c)
			}
		}
	}
}

func (h *Host) linkByNum(num uint64) *link {
	for _, l := range h.order {
		if l.num == num {
			return l
		}
	}
	return nil
}

func (h *Host) dialByNum(num uint64) *dial {
	for _, d := range h.dials {
		if d.num == num {
			return d
		}
	}
	return nil
}

// send keeps a frame for the process and writes it where a connection stands.
func (h *Host) send(to ID, typ uint16, flags uint8, routes []uint64, payload []byte, keepFree reserve) error {
	if to.Kind() == Store {
		h.out.frame = wire.AppendFrame(nil, typ, flags, routes, payload)
		h.op(Op{Kind: OpStore, Bytes: h.out.frame})
		return nil
	}
	l := h.current[to]
	if l == nil {
		return ErrNoLink
	}
	size := frameOverhead + 8*len(routes) + len(payload)
	if l.size()+size > h.cfg.LinkBytes-int(keepFree)*h.cfg.LinkBytes/controlShare {
		if keepFree == reserveControl {
			h.halt("the link to "+to.String()+" is over its bound", false)
		}
		return ErrLinkFull
	}
	l.grow(size, h.turn)
	start := len(l.kept)
	l.kept = wire.AppendFrame(l.kept, typ, flags, routes, payload)
	h.sent(l, start)
	return nil
}

// frameOverhead is at least what a frame needs beside its routes and payload.
const frameOverhead = 16

// sent counts the frame kept from start on and writes it where a connection stands.
func (h *Host) sent(l *link, start int) {
	l.next++
	if h.cfg.Cause != 0 {
		l.causes = append(l.causes, h.cause)
	}
	if l.conn != 0 {
		h.write(l.conn, l.kept[start:len(l.kept):len(l.kept)])
	}
}

// laneFrame puts a frame that a lane encoded into the outbox of its link.
func (h *Host) laneFrame(in *Input) {
	f, rest, err := wire.Split(in.Body)
	must.True(err == nil && len(rest) == 0, "lane %d made a bad frame: %v", in.Lane, err)
	l := h.current[in.From]
	// What was meant for an earlier life names routes that mean others to this one.
	if l == nil || l.peer.Inc != in.Inc || l.size()+len(in.Body) > h.cfg.LinkBytes-h.cfg.LinkBytes/controlShare {
		h.inbox.Push(&Input{Kind: InUndelivered, From: in.From, Inc: in.Inc, Type: f.Type, Routes: f.Routes, Body: f.Payload, Cause: h.cause})
		return
	}
	l.grow(len(in.Body), h.turn)
	start := len(l.kept)
	l.kept = append(l.kept, in.Body...)
	h.sent(l, start)
}

func (h *Host) connect(to Peer, addr string) {
	for _, d := range h.dials {
		if d.to.ID == to.ID && !d.ended {
			if d.to.Inc == to.Inc && d.addr == addr {
				return
			}
			// The process lives elsewhere now.
			h.endDial(d)
			break
		}
	}
	d := &dial{to: to, addr: addr, wait: redialFirst}
	h.dials = append(h.dials, d)
	h.dialNow(d)
}

// dialNow begins an attempt, unless the link already stands: the peer, which
// dials us as well, was faster. The end of that connection comes back to the dial.
func (h *Host) dialNow(d *dial) {
	h.lastNum++
	d.num = h.lastNum
	if l := h.current[d.to.ID]; l != nil && l.conn != 0 && (d.to.Inc == 0 || d.to == l.peer) {
		h.env.Mark("dial-overtaken")
		return
	}
	d.busy = true
	h.op(Op{Kind: OpDial, Num: d.num, Addr: d.addr})
}

func (h *Host) endDial(d *dial) {
	d.ended = true
	h.timers.cancel(timerKey{timerRedial, d.num})
	h.dials = slices.DeleteFunc(h.dials, func(one *dial) bool { return one == d })
}

// redialNobody tries again where nobody listened: for a while without much
// delay, since the process may be starting as this one is.
func (h *Host) redialNobody(d *dial) {
	if d.tries++; d.tries < redialEarly {
		h.redial(d, redialSoon)
		return
	}
	h.redial(d, redialMost)
}

// redial tries again later: twice as long each time up to the most, with jitter so
// that a restarted process is not met by everybody at once.
func (h *Host) redial(d *dial, most time.Duration) {
	d.busy = false
	if d.ended || planted.On("no-redial") { // one failed try was the last
		return
	}
	wait := d.wait + time.Duration(h.rand.IntN(int(d.wait/2)))
	d.wait = min(2*d.wait, most)
	h.setTimer(h.now.Add(wait), timerKey{timerRedial, d.num})
}

// forget ends the link to a life that is known dead.
func (h *Host) forget(peer Peer) {
	h.remember(peer)
	for _, d := range h.dials {
		if d.to == peer {
			h.endDial(d)
			break
		}
	}
	l := h.links[peer]
	if l == nil || l.forgotten {
		return
	}
	l.forgotten = true
	if l.conn == 0 {
		h.endLink(l)
		return
	}
	// What the dead process had sent is still arriving; its connection's end says when that is over.
	h.setTimer(h.now.Add(forgottenWithin), timerKey{timerForget, l.num})
}

func (h *Host) remember(dead Peer) {
	if h.dead(dead) {
		return
	}
	if len(h.forgotten) == maxForgotten {
		h.forgotten = slices.Delete(h.forgotten, 0, 1)
	}
	h.forgotten = append(h.forgotten, dead)
}

// dead tells whether a life was forgotten: it must not come back.
func (h *Host) dead(p Peer) bool { return slices.Contains(h.forgotten, p) }

// endLink tells the node, behind everything that came over the link, that it is over.
func (h *Host) endLink(l *link) {
	h.timers.cancel(timerKey{timerPing, l.num})
	h.timers.cancel(timerKey{timerForget, l.num})
	delete(h.links, l.peer)
	if h.current[l.peer.ID] == l {
		delete(h.current, l.peer.ID)
	}
	h.order = slices.DeleteFunc(h.order, func(one *link) bool { return one == l })
	h.inbox.Push(&Input{Kind: InLinkDown, From: l.peer.ID, Inc: l.peer.Inc, Cause: h.cause})
}

// connData sorts the frames of a connection.
func (h *Host) connData(in *Input) {
	c := h.conns[in.Conn]
	b := in.Body
	for c != nil && len(b) > 0 {
		f, rest, err := wire.Split(b)
		size := len(b) - len(rest)
		b = rest
		if err == nil && c.state == connReady && f.Type >= FirstType {
			h.received(c.link, &f, size)
			continue
		}
		if err != nil {
			h.log(Warn, "dropped a process connection with a bad frame", "error", err)
		}
		if err != nil || !h.linkFrame(c, &f) {
			h.dropConn(c)
			return
		}
		c = h.conns[in.Conn]
	}
}

// received queues one numbered frame for the node.
func (h *Host) received(l *link, f *wire.Frame, size int) {
	l.received++
	l.receivedBytes += size
	l.heard = h.now
	queue := &h.inbox
	if planted.On("overtaking-frame") && l.received%32 == 0 { // one frame in so many jumps the queue
		queue = &h.urgent
	}
	queue.Push(&Input{
		Kind: InMessage, Type: f.Type, Flags: f.Flags, From: l.peer.ID, Inc: l.peer.Inc,
		Num: l.received, Routes: f.Routes, Body: f.Payload, Cause: h.cause,
	})
	if l.received-l.acked >= ackFrames || l.receivedBytes >= ackBytes {
		h.acknowledge(l)
	}
}

func (h *Host) acknowledge(l *link) {
	if planted.On("link-never-acknowledged") { // the other side can never free what it keeps
		return
	}
	l.acked, l.receivedBytes = l.received, 0
	var count [8]byte
	binary.LittleEndian.PutUint64(count[:], l.received)
	start := len(h.acks)
	h.acks = wire.AppendFrame(h.acks, framePing, 0, nil, count[:])
	h.write(l.conn, h.acks[start:len(h.acks):len(h.acks)])
}

func (h *Host) write(conn uint64, frame []byte) {
	h.op(Op{Kind: OpWrite, Conn: conn, Bytes: frame})
}

// keepAlive notices a connection that has fallen silent, and keeps ours from being taken for one.
func (h *Host) keepAlive(l *link) {
	must.True(l != nil && l.conn != 0, "the ping timer of a link outlived its connection")
	if h.now.Sub(l.heard) > silenceBreaks {
		h.dropConn(h.conns[l.conn])
		return
	}
	if d := h.conns[l.conn].dial; d != nil {
		// Only a connection that lasts ends the back-off: one that is made and lost at once would be made in a spin.
		d.wait, d.tries = redialFirst, 0
	}
	h.acknowledge(l)
	h.setTimer(h.now.Add(pingEvery), timerKey{timerPing, l.num})
}

// LinkInfo describes one link, for inspection.
type LinkInfo struct {
	Peer     Peer
	Up       bool
	Sent     uint64
	Received uint64
	Unacked  int // bytes
	Room     int // bytes that are kept for what is not acknowledged
}

// Links returns the links in the order in which they were made.
func (h *Host) Links() []LinkInfo {
	infos := make([]LinkInfo, 0, len(h.order))
	for _, l := range h.order {
		infos = append(infos, LinkInfo{l.peer, l.conn != 0, l.next, l.received, l.size(), cap(l.kept) + cap(l.spare)})
	}
	return infos
}
