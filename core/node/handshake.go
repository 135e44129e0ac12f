package node

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"messiah/core/must"
	"messiah/core/planted"
	"messiah/core/wire"
)

// The handshake of a process link: hello, challenge, proof, ready. Both sides
// prove that they know the cluster's secret over both nonces, and each says how
// many frames of the other it has, so that the rest is sent again.

type hello struct {
	version wire.Version
	from    Peer
	to      Peer // incarnation 0: whoever lives there
	nonce   [16]byte
}

func (m *hello) Code(c *wire.Coder) {
	m.version.Code(c)
	m.from.Code(c)
	m.to.Code(c)
	c.Bytes16(&m.nonce)
}

type challenge struct {
	from  Peer
	nonce [16]byte
	proof [16]byte
}

func (m *challenge) Code(c *wire.Coder) {
	m.from.Code(c)
	c.Bytes16(&m.nonce)
	c.Bytes16(&m.proof)
}

type proof struct {
	proof    [16]byte
	received uint64
	resumes  bool // the dialler has a link to this life of the acceptor
}

func (m *proof) Code(c *wire.Coder) {
	c.Bytes16(&m.proof)
	c.Uint64(&m.received)
	c.Bool(&m.resumes)
}

type ready struct{ received uint64 }

func (m *ready) Code(c *wire.Coder) { c.Uint64(&m.received) }

type refuse struct{ reason string }

func (m *refuse) Code(c *wire.Coder) { c.String(&m.reason) }

// prove computes one side's proof: it covers who speaks, the hello and the answer's nonce.
func (h *Host) prove(side string, hello []byte, answerer Peer, nonce [16]byte) (sum [16]byte) {
	mac := hmac.New(sha256.New, h.cfg.Secret)
	mac.Write([]byte(side))
	mac.Write(hello)
	var id [12]byte
	binary.LittleEndian.PutUint32(id[:], uint32(answerer.ID))
	binary.LittleEndian.PutUint64(id[4:], uint64(answerer.Inc))
	mac.Write(id[:])
	mac.Write(nonce[:])
	copy(sum[:], mac.Sum(nil))
	if h.cfg.Tape != nil {
		h.cfg.Tape.Prove(&sum)
	}
	return sum
}

func (h *Host) writeLink(c *conn, typ uint16, m wire.Message) {
	h.out.body = h.encoder.Append(h.out.body[:0], m)
	h.write(c.id, wire.AppendFrame(nil, typ, 0, nil, h.out.body))
}

func (h *Host) connUp(in *Input) {
	must.True(h.conns[in.Conn] == nil, "connection %d stands twice", in.Conn)
	c := &conn{id: in.Conn}
	if in.Num != 0 {
		c.dial = h.dialByNum(in.Num)
		if c.dial == nil {
			h.op(Op{Kind: OpClose, Conn: in.Conn})
			return
		}
	}
	h.conns[c.id] = c
	h.setTimer(h.now.Add(handshakeWithin), timerKey{timerHandshake, c.id})
	if c.dial == nil {
		return
	}
	h.rand.Read(c.nonce[:])
	m := hello{version: h.cfg.Version, from: h.self, to: c.dial.to, nonce: c.nonce}
	c.hello = h.encoder.Append(nil, &m)
	h.write(c.id, wire.AppendFrame(nil, frameHello, 0, nil, c.hello))
}

// connDown ends a connection that the driver reports gone, or a dial that failed.
func (h *Host) connDown(id, dialNum uint64) {
	if c := h.conns[id]; c != nil && id != 0 {
		h.forgetConn(c)
		return
	}
	// Of a dial that is not busy this is late news: this side had given the connection up before.
	if d := h.dialByNum(dialNum); d != nil && d.busy {
		h.redialNobody(d)
	}
}

// dropConn ends a connection from this side.
func (h *Host) dropConn(c *conn) {
	h.op(Op{Kind: OpClose, Conn: c.id})
	h.forgetConn(c)
}

func (h *Host) forgetConn(c *conn) {
	delete(h.conns, c.id)
	h.timers.cancel(timerKey{timerHandshake, c.id})
	d := c.dial
	if l := c.link; l != nil {
		l.conn = 0
		h.timers.cancel(timerKey{timerPing, l.num})
		if l.forgotten {
			h.endLink(l)
		} else {
			h.env.Mark("link-broken")
			h.inbox.Push(&Input{Kind: InLinkBroken, From: l.peer.ID, Inc: l.peer.Inc, Cause: h.cause})
		}
		if d == nil || d.ended {
			d = h.idleDial(l.peer.ID)
		}
	}
	if d != nil {
		h.redial(d, redialMost)
	}
}

// idleDial returns the dial to a process that was overtaken by another connection.
func (h *Host) idleDial(id ID) *dial {
	for _, d := range h.dials {
		if d.to.ID == id && !d.busy {
			return d
		}
	}
	return nil
}

// linkFrame handles a frame of the link itself; false drops the connection.
func (h *Host) linkFrame(c *conn, f *wire.Frame) bool {
	switch {
	case c.state != connReady && len(f.Payload) > maxHandshake:
		h.log(Warn, "dropped a process connection: handshake frame over its bound", "bytes", len(f.Payload))
		return false
	case c.state == connOpening && c.dial == nil && f.Type == frameHello:
		return h.hello(c, f.Payload)
	case c.state == connOpening && c.dial != nil && f.Type == frameChallenge:
		return h.challenge(c, f.Payload)
	case c.state == connOpening && c.dial != nil && f.Type == frameRefuse:
		return h.refused(c, f.Payload)
	case c.state == connProving && c.dial == nil && f.Type == frameProof:
		return h.proof(c, f.Payload)
	case c.state == connProving && c.dial != nil && f.Type == frameReady:
		return h.ready(c, f.Payload)
	case c.state == connProving && c.dial != nil && f.Type == frameRefuse:
		return h.refused(c, f.Payload)
	case c.state == connReady && f.Type == framePing && len(f.Payload) >= 8:
		c.link.heard = h.now
		return c.link.acknowledge(le64(f.Payload))
	case c.state == connReady && f.Type > framePing:
		return true // a newer peer's, which it does not count on
	}
	h.log(Warn, "dropped a process connection: unexpected frame", "type", f.Type, "state", uint8(c.state))
	return false
}

// maxHandshake bounds a handshake frame's payload, in bytes: strangers send these.
const maxHandshake = 4 << 10

// hello is the acceptor's first step: is it us that the peer wants, and do we understand each other?
func (h *Host) hello(c *conn, body []byte) bool {
	var m hello
	if err := wire.Decode(body, &m); err != nil {
		h.log(Warn, "dropped a process connection with a bad hello", "error", err)
		return false
	}
	if m.to.ID != h.self.ID || m.to.Inc != 0 && m.to.Inc != h.self.Inc {
		return h.refuseConn(c, "this is "+h.self.ID.String()+" in another life")
	}
	if verdict, older := wire.Compare(h.cfg.Version, m.version); verdict == wire.Refused {
		reason := h.apart(&m, older)
		h.log(Warn, "refused a process connection: "+reason, "peer", m.from.ID)
		return h.refuseConn(c, reason)
	}
	c.peer, c.hello, c.state = m.from, append([]byte(nil), body...), connProving
	h.rand.Read(c.nonce[:])
	c.proof = h.prove("dialler", c.hello, h.self, c.nonce)
	h.writeLink(c, frameChallenge, &challenge{h.self, c.nonce, h.prove("acceptor", c.hello, h.self, c.nonce)})
	return true
}

// apart tells people that this process and the one that asked have no protocol in
// common, and which of them is older.
func (h *Host) apart(m *hello, older wire.Side) string {
	return fmt.Sprintf("no protocol in common: %v speaks %d to %d, %v speaks %d to %d; %v is older: upgrade it",
		m.from.ID, m.version.ProtoMin, m.version.ProtoMax, h.self.ID, h.cfg.Version.ProtoMin, h.cfg.Version.ProtoMax,
		h.side(m, older))
}

// side names one of the two processes of a handshake, or neither.
func (h *Host) side(m *hello, side wire.Side) string {
	switch side {
	case wire.First:
		return h.self.ID.String()
	case wire.Second:
		return m.from.ID.String()
	}
	return "neither"
}

// tellSchemas says that a new link joins two versions of the game, as in a rolling upgrade.
func (h *Host) tellSchemas(c *conn) {
	var m hello
	if err := wire.Decode(c.hello, &m); err != nil {
		return // it was decoded once
	}
	if verdict, older := wire.Compare(h.cfg.Version, m.version); verdict == wire.Compatible {
		h.log(Info, "linked to a process of another version of the game", "peer", m.from.ID, "older", h.side(&m, older),
			"schema", h.cfg.Version.Schema, "peer_schema", m.version.Schema)
	}
}

func (h *Host) refuseConn(c *conn, reason string) bool {
	h.writeLink(c, frameRefuse, &refuse{reason})
	return false
}

// challenge is the dialler's second step: the acceptor has proven itself.
func (h *Host) challenge(c *conn, body []byte) bool {
	var m challenge
	if err := wire.Decode(body, &m); err != nil {
		return false
	}
	if want := h.prove("acceptor", c.hello, m.from, m.nonce); !hmac.Equal(m.proof[:], want[:]) {
		h.log(Warn, "a process does not know the cluster's secret", "address", c.dial.addr)
		return false
	}
	want := c.dial.to
	if m.from.ID != want.ID || want.Inc != 0 && m.from.Inc != want.Inc || h.dead(m.from) {
		return false
	}
	c.peer, c.state = m.from, connProving
	old := h.current[want.ID]
	if old != nil && old.peer == m.from && old.conn != 0 {
		// The peer's own connection was accepted while this one was being made. The count in
		// our proof would be out of date at once, and the peer would send frames twice.
		h.env.Mark("dial-overtaken")
		return false
	}
	if old != nil && old.peer != m.from {
		if old.num > c.dial.num {
			// That life was linked after this attempt began: the answer is an earlier life's, and late.
			h.env.Mark("dial-answered-by-the-past")
			return false
		}
		h.supersede(old)
	}
	say := proof{proof: h.prove("dialler", c.hello, m.from, m.nonce)}
	if l := h.links[m.from]; l != nil {
		say.received, say.resumes = l.received, true
	}
	h.writeLink(c, frameProof, &say)
	return true
}

// supersede ends the link to a life whose successor answers where it listened.
func (h *Host) supersede(old *link) {
	h.env.Mark("link-superseded")
	h.remember(old.peer)
	old.forgotten = true
	if c := h.conns[old.conn]; c != nil {
		h.dropConn(c)
		return
	}
	h.endLink(old)
}

// proof is the acceptor's second step: the dialler has proven itself, and the link stands.
func (h *Host) proof(c *conn, body []byte) bool {
	var m proof
	if err := wire.Decode(body, &m); err != nil {
		return false
	}
	if !hmac.Equal(m.proof[:], c.proof[:]) {
		h.log(Warn, "a process does not know the cluster's secret", "claims", c.peer.ID)
		return h.refuseConn(c, "wrong secret")
	}
	l := h.links[c.peer]
	if h.dead(c.peer) || l == nil && (m.resumes || m.received > 0) {
		// Also where the dead life is no longer remembered: it still has the link that was ended here.
		return h.refuseConn(c, reasonDead)
	}
	if cur := h.current[c.peer.ID]; cur != nil && cur.peer != c.peer {
		h.env.Mark("link-waits-for-old-life")
		return h.refuseConn(c, "another "+c.peer.ID.String()+" is linked and not known dead")
	}
	fresh := l == nil
	if fresh {
		l = &link{peer: c.peer}
	}
	if !h.acknowledged(l, m.received) {
		return false
	}
	h.writeLink(c, frameReady, &ready{l.received})
	h.attach(c, l)
	if fresh {
		h.tellSchemas(c)
	}
	return true
}

// ready is the dialler's last step.
func (h *Host) ready(c *conn, body []byte) bool {
	var m ready
	if err := wire.Decode(body, &m); err != nil {
		return false
	}
	if h.dead(c.peer) {
		return false // forgotten since our proof
	}
	if cur := h.current[c.peer.ID]; cur != nil && (cur.peer != c.peer || cur.conn != 0) {
		// The peer's own connection was accepted since our proof, whose count is out of date.
		h.env.Mark("dial-overtaken")
		return false
	}
	l := h.links[c.peer]
	if l == nil {
		l = &link{peer: c.peer}
	}
	if !h.acknowledged(l, m.received) {
		return false
	}
	h.attach(c, l)
	return true
}

// acknowledged takes a peer's count at the end of a handshake. It fails for a
// count of long ago, on a connection that this peer gave up, and for a peer that
// has lost its state and kept its incarnation.
func (h *Host) acknowledged(l *link, count uint64) bool {
	if !l.acknowledge(count) {
		h.log(Warn, "dropped a process connection: its count of frames cannot be", "peer", l.peer.ID, "count", count)
		return false
	}
	return true
}

// reasonDead is what a process hears that was declared dead; it must start again as a new incarnation.
const reasonDead = "this incarnation was declared dead"

// refused tells the node once that a peer will not have us; the dial goes on with back-off.
func (h *Host) refused(c *conn, body []byte) bool {
	var m refuse
	if err := wire.Decode(body, &m); err != nil {
		return false
	}
	if c.dial.reason != m.reason {
		// Once: the dial goes on, and its later tries hear the same.
		c.dial.reason = m.reason
		h.log(Warn, "a process refused a link: "+m.reason, "peer", c.dial.to.ID)
	}
	in := Input{Kind: InLinkRefused, From: c.dial.to.ID, Inc: c.dial.to.Inc, Body: []byte(m.reason), Cause: h.cause}
	if m.reason == reasonDead && c.state == connProving {
		// Before its proof the other side could be anybody, and this flag ends the process.
		in.Flags |= FlagDead
	}
	h.inbox.Push(&in)
	return false
}

// attach makes a connection the link's own and sends again what the peer lacks.
func (h *Host) attach(c *conn, l *link) {
	kind := InLinkBack
	if h.links[l.peer] == nil {
		kind = InLinkUp
		h.lastNum++
		l.num = h.lastNum
		h.links[l.peer], h.current[l.peer.ID] = l, l
		h.order = append(h.order, l)
	}
	if old := h.conns[l.conn]; old != nil {
		// The peer has given this connection up; we have not heard of it yet.
		h.op(Op{Kind: OpClose, Conn: old.id})
		delete(h.conns, old.id)
		if old.dial != nil {
			old.dial.busy = false
		}
	}
	if c.dial != nil {
		c.dial.reason = ""
	}
	c.link, c.state, l.conn = l, connReady, c.id
	l.heard = h.now
	h.timers.cancel(timerKey{timerHandshake, c.id})
	h.setTimer(h.now.Add(pingEvery), timerKey{timerPing, l.num})
	h.inbox.Push(&Input{Kind: kind, From: l.peer.ID, Inc: l.peer.Inc, Cause: h.cause})
	h.resend(l)
}

func (h *Host) resend(l *link) {
	if planted.On("link-skips-resend") { // what was under way on the broken connection is lost
		return
	}
	b := l.kept[l.head:]
	if len(b) > 0 {
		h.env.Mark("link-resent")
	}
	now := h.cause
	defer func() { h.cause = now }()
	for i := 0; len(b) > 0; i++ {
		if i < len(l.causes) {
			h.cause = l.causes[i] // what sent it first, not what mended the connection
		}
		size := 4 + int(binary.LittleEndian.Uint32(b))
		h.write(l.conn, b[:size:size])
		b = b[size:]
	}
}
