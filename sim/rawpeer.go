package sim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"messiah/core/node"
	"messiah/core/wire"
	"messiah/netsim"
)

// Frames of links, as they stand on the wire.
const (
	FrameHello = 1 + iota
	FrameChallenge
	FrameProof
	FrameReady
	FrameRefuse
	FramePing
	FrameUnknown // of a protocol that does not exist yet
)

// RawPeer is a process that has the cluster's secret and says on the wire what
// a story wants it to say: nothing is checked, nothing is done by itself but
// the pings of a link that stands.
type RawPeer struct {
	w    *World
	site netsim.Site

	// Self is the life that it claims to be. A story may change it between two handshakes.
	Self node.Peer
	// Accepted are the connections that processes have made to it, oldest first.
	Accepted []*RawConn

	lives map[node.Peer]bool
	conns map[uint64]*RawConn
	dials map[uint64]*RawConn
}

// RawConn is one connection of a raw peer.
type RawConn struct {
	r     *RawPeer
	num   uint64 // 0 until it stands
	nonce [16]byte
	hello []byte // the hello's body, as sent or received

	// Up and Down say that the connection was made, and that it has ended.
	Up, Down bool
	// Frames is what came, in order, each frame's views being its own copy.
	Frames []wire.Frame
	// Received counts the numbered frames of the link; a story sets it where a link goes on.
	Received uint64

	linked bool
}

// RawPeer lets a broken process loose that claims to be a life of a process. It listens nowhere yet.
func (s *Story) RawPeer(self node.Peer) *RawPeer {
	r := &RawPeer{w: s.World, Self: self, lives: map[node.Peer]bool{}, conns: map[uint64]*RawConn{}, dials: map[uint64]*RawConn{}}
	// Its place in the network is its own, whoever it claims to be.
	id := node.NewID(node.Game, 1000+len(s.raws))
	r.site = s.net.AddSite(id)
	for len(s.bySite) <= int(r.site) {
		s.bySite = append(s.bySite, nil)
	}
	s.bySite[r.site] = &process{w: s.World, id: id, raw: r}
	s.raws = append(s.raws, r)
	for _, text := range []string{"a process sent a bad message", "a client call without a route", "a message for clients names none"} {
		s.forgiven[text] = true // of honest processes it would be a bug
	}
	s.net.SetReach(r.site, netsim.Here)
	return r
}

// raw tells whether a life is one that a raw peer claims to be.
func (w *World) raw(life node.Peer) bool {
	for _, r := range w.raws {
		if r.lives[life] {
			return true
		}
	}
	return false
}

// Place returns the ID by which the network knows the peer, for its links.
func (r *RawPeer) Place() node.ID { return r.w.net.IDOf(r.site) }

// Listen takes connections to an address, from whoever took them before.
func (r *RawPeer) Listen(addr string) { r.w.net.Listen(r.site, addr) }

// Yield gives an address back to the process of that name.
func (r *RawPeer) Yield(id node.ID) { r.w.net.Listen(r.w.byID[id].site, id.String()) }

// Answer says whether connections to the peer are accepted; where not, they are refused.
func (r *RawPeer) Answer(yes bool) {
	r.net()
	reach := netsim.Gone
	if yes {
		reach = netsim.Here
	}
	r.w.net.SetReach(r.site, reach)
}

// Vanish ends the peer: its connections break, and nobody answers at its address any more.
func (r *RawPeer) Vanish() { r.Answer(false) }

// RawAct is how a chronicle calls what a raw peer does: it is no node that handles anything.
const RawAct = "a broken peer acts"

// net tells the network the time, which it has to know for what the story does,
// and what the cause of it is.
func (r *RawPeer) net() {
	cause := r.w.netCause
	if c := r.w.chronicle; c != nil {
		cause = c.add(Entry{Sort: Struck, Cause: cause, At: r.w.now, Lane: -1, Text: RawAct}).Num
	}
	r.w.net.At(r.w.now, cause)
}

// Dial begins a connection to a process of the cluster.
func (r *RawPeer) Dial(to node.ID) *RawConn {
	r.net()
	c := &RawConn{r: r}
	n := uint64(len(r.dials) + 1)
	r.dials[n] = c
	r.w.net.Dial(r.site, n, to.String())
	return c
}

func (r *RawPeer) up(e *netsim.End) bool {
	c := r.dials[e.Num]
	if !e.Dialled {
		c = &RawConn{r: r}
		r.Accepted = append(r.Accepted, c)
	}
	c.num, c.Up = e.Conn, true
	r.conns[e.Conn] = c
	return true
}

func (r *RawPeer) data(e *netsim.End, b []byte) bool {
	c := r.conns[e.Conn]
	b = append([]byte(nil), b...)
	for len(b) > 0 {
		f, rest, err := wire.Split(b)
		if err != nil {
			r.w.Violate("no-error-log", "a raw peer was sent a bad frame: %v", err)
			return true
		}
		b = rest
		if f.Type == FrameHello {
			c.hello = f.Payload
		}
		if f.Type >= node.FirstType {
			c.Received++
		}
		c.Frames = append(c.Frames, f)
	}
	return true
}

func (r *RawPeer) down(e *netsim.End) bool {
	c := r.conns[e.Conn]
	if e.Dialled {
		c = r.dials[e.Num]
	}
	if c != nil {
		c.Down = true
	}
	return true
}

// Has returns the first frame of a type that came, or nil.
func (c *RawConn) Has(typ uint16) *wire.Frame {
	for i := range c.Frames {
		if c.Frames[i].Type == typ {
			return &c.Frames[i]
		}
	}
	return nil
}

// Bytes writes bytes as they are.
func (c *RawConn) Bytes(b []byte) {
	c.r.net()
	c.r.w.net.Write(c.num, b)
}

// Frame writes a frame.
func (c *RawConn) Frame(typ uint16, body []byte) { c.Bytes(wire.AppendFrame(nil, typ, 0, nil, body)) }

// Say writes a message of a role.
func (c *RawConn) Say(m node.Message) { c.Frame(m.Type(), wire.Append(nil, m)) }

// Close ends the connection from this side.
func (c *RawConn) Close() {
	c.r.net()
	c.r.w.net.Close(c.num)
	c.Down, c.linked = true, false
}

// Hello returns the body of a hello to a life, incarnation 0 being whoever lives there.
func (c *RawConn) Hello(to node.Peer) []byte {
	c.r.lives[c.r.Self] = true
	c.nonce = [16]byte{1}
	c.hello = wire.Append(nil, &rawHello{c.r.w.version(), c.r.Self, to, c.nonce})
	return c.hello
}

// Proof returns the body of a proof that answers the challenge that came, with
// how many frames of the other side this one claims to have.
func (c *RawConn) Proof(received uint64, resumes bool) []byte {
	var m rawChallenge
	if f := c.Has(FrameChallenge); f == nil || wire.Decode(f.Payload, &m) != nil {
		return nil
	}
	return wire.Append(nil, &rawProof{proveAs("dialler", c.hello, m.from, m.nonce), received, resumes})
}

// Challenge returns the body of a challenge that answers the hello that came.
func (c *RawConn) Challenge() []byte {
	c.r.lives[c.r.Self] = true
	return wire.Append(nil, &rawChallenge{c.r.Self, c.nonce, proveAs("acceptor", c.hello, c.r.Self, c.nonce)})
}

// Ready returns the body of a ready that claims so many frames to have come before.
func (c *RawConn) Ready(received uint64) []byte { return wire.Append(nil, &rawReady{received}) }

// Refuse returns the body of a refusal.
func (c *RawConn) Refuse(reason string) []byte { return wire.Append(nil, &rawRefuse{reason}) }

// Stand says that the handshake is over: from now on the peer says what keeps a link.
func (c *RawConn) Stand() {
	c.linked = true
	c.ping()
}

func (c *RawConn) ping() {
	if !c.linked || c.Down {
		return
	}
	c.Frame(FramePing, binary.LittleEndian.AppendUint64(nil, c.Received))
	c.r.w.After(time.Second, c.ping)
}

// proveAs computes a proof as core/node does: over who speaks, the hello and the answer's nonce.
func proveAs(side string, hello []byte, answerer node.Peer, nonce [16]byte) (sum [16]byte) {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(side))
	mac.Write(hello)
	var id [12]byte
	binary.LittleEndian.PutUint32(id[:], uint32(answerer.ID))
	binary.LittleEndian.PutUint64(id[4:], uint64(answerer.Inc))
	mac.Write(id[:])
	mac.Write(nonce[:])
	copy(sum[:], mac.Sum(nil))
	return sum
}

// The messages of the handshake as they stand on the wire.
type rawHello struct {
	version  wire.Version
	from, to node.Peer
	nonce    [16]byte
}

func (m *rawHello) Code(c *wire.Coder) {
	m.version.Code(c)
	m.from.Code(c)
	m.to.Code(c)
	c.Bytes16(&m.nonce)
}

type rawChallenge struct {
	from         node.Peer
	nonce, proof [16]byte
}

func (m *rawChallenge) Code(c *wire.Coder) {
	m.from.Code(c)
	c.Bytes16(&m.nonce)
	c.Bytes16(&m.proof)
}

type rawProof struct {
	proof    [16]byte
	received uint64
	resumes  bool
}

func (m *rawProof) Code(c *wire.Coder) {
	c.Bytes16(&m.proof)
	c.Uint64(&m.received)
	c.Bool(&m.resumes)
}

type rawReady struct{ received uint64 }

func (m *rawReady) Code(c *wire.Coder) { c.Uint64(&m.received) }

type rawRefuse struct{ reason string }

func (m *rawRefuse) Code(c *wire.Coder) { c.String(&m.reason) }

// From returns which process has made the connection, as its hello says; 0 before that.
func (c *RawConn) From() node.ID {
	var m rawHello
	if wire.Decode(c.hello, &m) != nil {
		return 0
	}
	return m.from.ID
}
