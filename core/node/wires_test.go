package node

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"messiah/core/wire"
)

// failer is what a talker complains to: testing.T or rapid.T.
type failer interface {
	Fatalf(format string, args ...any)
}

// typeNumber is the one message of the toy nodes here.
const typeNumber = FirstType

// number is the n-th message from one life to another.
type number struct {
	n   uint64
	to  Peer
	pad []byte
}

func (*number) Type() uint16 { return typeNumber }

func (m *number) Code(c *wire.Coder) {
	c.Uint64(&m.n)
	m.to.Code(c)
	c.Bytes(&m.pad)
}

// Commands to a talker, as types of an InAnswer whose From is the other process.
const (
	cmdSend    = iota + 1 // Num is the size of the padding
	cmdForget             // the life Inc
	cmdConnect            // to the life Inc, at the address in Body
)

// acquaintance is what a talker knows of one life of a peer.
type acquaintance struct {
	state          string // "", "up", "broken", "down"
	sent, got      uint64
	ups, downs     int
	broken, backed int
}

// talker numbers what it sends to each life of a peer and checks what comes.
type talker struct {
	t       failer
	known   map[Peer]*acquaintance
	refused []string
	dead    bool // it was told that it is dead
	last    error
	quiet   func(Peer, *Input) // sees each input of a link, if not nil
}

func (n *talker) of(p Peer) *acquaintance {
	if n.known[p] == nil {
		n.known[p] = &acquaintance{}
	}
	return n.known[p]
}

func (n *talker) State(*wire.Coder) {}

func (n *talker) Step(env *Env, in *Input) {
	from := Peer{in.From, in.Inc}
	if n.quiet != nil {
		n.quiet(from, in)
	}
	switch in.Kind {
	case InAnswer:
		n.command(env, in)
	case InMessage:
		n.message(env, from, in)
	case InLinkUp, InLinkBack, InLinkBroken, InLinkDown:
		n.link(env, from, in.Kind)
	case InLinkRefused:
		n.refused = append(n.refused, string(in.Body))
		n.dead = n.dead || in.Flags&FlagDead != 0
	}
}

func (n *talker) command(env *Env, in *Input) {
	switch in.Type {
	case cmdSend:
		peer, ok := env.PeerOf(in.From)
		if !ok {
			n.last = env.Send(in.From, &number{})
			return
		}
		a := n.of(peer)
		m := number{n: a.sent + 1, to: peer, pad: make([]byte, in.Num)}
		if n.last = env.Forward(in.From, typeNumber, 0, []uint64{m.n}, env.Encode(&m)); n.last == nil {
			a.sent++
		}
	case cmdForget:
		env.Forget(Peer{in.From, in.Inc})
	case cmdConnect:
		env.Connect(Peer{in.From, in.Inc}, string(in.Body))
	}
}

func (n *talker) message(env *Env, from Peer, in *Input) {
	var m number
	if err := wire.Decode(in.Body, &m); err != nil {
		n.t.Fatalf("%v hears from %v: %v", env.Self(), from, err)
	}
	a := n.of(from)
	if a.got++; m.n != a.got || m.to != env.Self() || in.Num != m.n || in.NumRoutes() != 1 || in.Route(0) != m.n {
		n.t.Fatalf("%v hears message %d (counted as %d) to %v from %v, want number %d", env.Self(), m.n, in.Num, m.to, from, a.got)
	}
	if a.state != "up" && a.state != "broken" {
		n.t.Fatalf("%v hears message %d from %v, whose link is %q", env.Self(), m.n, from, a.state)
	}
}

func (n *talker) link(env *Env, from Peer, kind InputKind) {
	a := n.of(from)
	ok := false
	switch kind {
	case InLinkUp:
		ok = a.state == ""
		a.state, a.ups = "up", a.ups+1
		for p, other := range n.known {
			if p.ID == from.ID && p != from && other.state != "down" {
				n.t.Fatalf("%v hears that %v is up, but %v is %q", env.Self(), from, p, other.state)
			}
		}
	case InLinkBroken:
		ok = a.state == "up"
		a.state, a.broken = "broken", a.broken+1
	case InLinkBack:
		// A connection may be replaced before its end is noticed.
		ok = a.state == "broken" || a.state == "up"
		a.state, a.backed = "up", a.backed+1
	case InLinkDown:
		ok = a.state == "up" || a.state == "broken"
		a.state, a.downs = "down", a.downs+1
	}
	if !ok {
		n.t.Fatalf("%v hears %v of %v: now %+v", env.Self(), kind, from, *a)
	}
}

// proc is one process of a test: a host at an address, life after life.
type proc struct {
	id      ID
	cfg     Config
	host    *Host // nil while it is down
	node    *talker
	past    []Peer // its ended lives
	dialled map[string]Time
	dials   int
	halted  string
}

func (p *proc) addr() string { return p.id.String() }

// wires joins the hosts of a test by connections that carry whole frames. What
// travels stands in queues until it is delivered, in whatever order.
type wires struct {
	t      failer
	now    Time
	procs  []*proc
	cables []*cable
	lives  byte
	conns  uint64
	told   func(p *proc, what string) // if not nil: the trace of a golden test
}

// cable is one connection; side 0 dialled it.
type cable struct {
	ends  [2]cableEnd
	queue [2][]news // toward each end
	cut   bool      // nothing passes any more
}

type cableEnd struct {
	proc   *proc
	host   *Host // the life that it belongs to
	conn   uint64
	num    uint64
	up     bool
	closed bool
}

// news is one thing that reaches an end: what happens, and the bytes of InConnData.
type news struct {
	kind  InputKind
	bytes []byte
}

func newWires(t failer) *wires { return &wires{t: t} }

// add makes a process; start gives it its first life.
func (w *wires) add(id ID, secret string, v wire.Version) *proc {
	p := &proc{id: id, dialled: map[string]Time{}}
	p.cfg = Config{Self: id, Version: v, Secret: []byte(secret), Scribble: true}
	w.procs = append(w.procs, p)
	return p
}

func (w *wires) start(p *proc) {
	w.lives++
	p.node = &talker{t: w.t, known: map[Peer]*acquaintance{}}
	p.host = NewHost(p.cfg, p.node, entropyOf(w.lives))
	clear(p.dialled)
	w.turn(p, nil)
}

// stop ends a life: its connections end behind what it has sent, or without a word.
func (w *wires) stop(p *proc, silently bool) {
	p.past = append(p.past, p.host.Self())
	for _, c := range w.cables {
		for side := range c.ends {
			if e := &c.ends[side]; e.host == p.host && !e.closed {
				c.cut = c.cut || silently
				w.leave(c, side)
			}
		}
	}
	p.host = nil
}

// leave closes one end; the other hears of it behind what was sent.
func (w *wires) leave(c *cable, side int) {
	c.ends[side].closed = true
	c.queue[side] = nil
	if !c.cut && !c.ends[1-side].closed {
		c.queue[1-side] = append(c.queue[1-side], news{kind: InConnDown})
	}
}

// breakCable loses what is under way; both ends hear of it, or neither.
func (w *wires) breakCable(c *cable, silently bool) {
	for side := range c.ends {
		c.queue[side] = nil
		// A dial is always answered.
		if e := &c.ends[side]; !e.closed && (!silently || side == 0 && !e.up) {
			c.queue[side] = []news{{kind: InConnDown}}
		}
	}
	c.cut = true
}

// turn is one turn of a process: it takes one input, handles all it has and acts.
func (w *wires) turn(p *proc, in *Input) {
	p.host.Begin(w.now, int64(w.now))
	if in != nil {
		p.host.Deliver(in)
	}
	w.work(p, 1<<30)
}

// work handles up to most inputs and carries the turn's operations out.
func (w *wires) work(p *proc, most int) {
	h := p.host
	for range most {
		in, ok := h.Step()
		if !ok {
			break
		}
		if w.told != nil {
			w.told(p, describeInput(in))
		}
		h.Settle(in)
	}
	for _, op := range h.Ops() {
		w.carryOut(p, op)
	}
	h.Finish()
	if p.halted != "" {
		w.stop(p, false)
	}
}

func (w *wires) carryOut(p *proc, op Op) {
	switch op.Kind {
	case OpDial:
		w.dial(p, op)
	case OpHalt:
		p.halted = op.Addr
	case OpWrite, OpClose:
		c, side := w.find(p.host, op.Conn)
		if c == nil || c.ends[side].closed {
			return
		}
		if op.Kind == OpClose {
			w.leave(c, side)
			return
		}
		// The other end may have closed meanwhile; then nobody will read this.
		if !c.cut && !c.ends[1-side].closed {
			c.queue[1-side] = append(c.queue[1-side], news{InConnData, bytes.Clone(op.Bytes)})
		}
	}
}

// dial makes a connection that has yet to reach its address.
func (w *wires) dial(p *proc, op Op) {
	if last, again := p.dialled[op.Addr]; again && w.now.Sub(last) < redialFirst {
		w.t.Fatalf("%v dials %s %v after the last time", p.id, op.Addr, w.now.Sub(last))
	}
	p.dialled[op.Addr] = w.now
	p.dials++
	w.conns += 2
	c := &cable{}
	c.ends[0] = cableEnd{proc: p, host: p.host, conn: w.conns, num: op.Num}
	c.ends[1] = cableEnd{conn: w.conns + 1}
	w.cables = append(w.cables, c)
	i := slices.IndexFunc(w.procs, func(p *proc) bool { return p.addr() == op.Addr })
	if i < 0 {
		c.queue[0] = []news{{kind: InConnDown}}
		c.ends[1].closed = true
		return
	}
	c.ends[1].proc = w.procs[i]
	c.queue[1] = []news{{kind: InConnUp}}
}

func (w *wires) find(h *Host, conn uint64) (*cable, int) {
	for _, c := range w.cables {
		for side := range c.ends {
			if c.ends[side].host == h && c.ends[side].conn == conn {
				return c, side
			}
		}
	}
	return nil, 0
}

// deliver hands the first news toward one end over. It tells whether there was any.
func (w *wires) deliver(c *cable, side int) bool {
	if len(c.queue[side]) == 0 {
		return false
	}
	first := c.queue[side][0]
	c.queue[side] = c.queue[side][1:]
	e := &c.ends[side]
	if e.closed {
		return true
	}
	in := Input{Kind: first.kind, Conn: e.conn, Num: e.num, Body: first.bytes}
	switch first.kind {
	case InConnUp:
		if side == 1 && !w.accept(c) {
			return true
		}
		e.up = true
	case InConnDown:
		e.closed = true
		if !e.up && side == 1 {
			return true // it was given up before it was accepted
		}
	}
	w.turn(e.proc, &in)
	return true
}

// accept is the listener's machine: it answers a dial.
func (w *wires) accept(c *cable) bool {
	e := &c.ends[1]
	answer := news{kind: InConnUp}
	if e.proc.host == nil {
		e.closed, answer.kind = true, InConnDown
	}
	e.host = e.proc.host
	if !c.ends[0].closed {
		c.queue[0] = append(c.queue[0], answer)
	}
	return !e.closed
}

// clean drops the connections that are over.
func (w *wires) clean() {
	w.cables = slices.DeleteFunc(w.cables, func(c *cable) bool { return c.ends[0].closed && c.ends[1].closed })
}

// settle delivers everything, oldest connection first, until nothing is under way.
func (w *wires) settle() { w.settleBut(nil) }

// settleBut delivers everything on the other connections.
func (w *wires) settleBut(held *cable) {
	for moved := true; moved; {
		moved = false
		for i := 0; i < len(w.cables); i++ {
			for side := range 2 {
				moved = w.cables[i] != held && w.deliver(w.cables[i], side) || moved
			}
		}
		w.clean()
	}
}

// advance moves the time on, timer by timer; between them nothing is delivered unless asked.
func (w *wires) advance(to Time, between func()) {
	for {
		next := Never
		for _, p := range w.procs {
			if p.host != nil {
				next = min(next, p.host.NextTimer())
			}
		}
		if next > to {
			w.now = to
			return
		}
		w.now = max(w.now, next)
		for _, p := range w.procs {
			if p.host != nil && p.host.NextTimer() <= w.now {
				w.turn(p, nil)
			}
		}
		if between != nil {
			between()
		}
	}
}

// pass lets time go by on a network that works.
func (w *wires) pass(seconds float64) {
	w.settle()
	w.advance(w.now+Time(seconds*1e9), w.settle)
	w.settle()
}

// tell gives a talker a command.
func (w *wires) tell(p *proc, cmd uint16, peer Peer, num uint64, body string) {
	if cmd == cmdConnect {
		clear(p.dialled)
	}
	w.turn(p, &Input{Kind: InAnswer, Type: cmd, From: peer.ID, Inc: peer.Inc, Num: num, Body: []byte(body)})
}

func (w *wires) send(from, to *proc, size int) {
	w.tell(from, cmdSend, Peer{ID: to.id}, uint64(size), "")
}

func (w *wires) forget(at *proc, dead Peer) { w.tell(at, cmdForget, dead, 0, "") }

// connect makes a process dial another one, whoever lives there.
func (w *wires) connect(from, to *proc) { w.tell(from, cmdConnect, Peer{ID: to.id}, 0, to.addr()) }

// sendByLane puts a frame into the outbox of a link, as a lane does.
func (w *wires) sendByLane(from, to *proc, size int) {
	m := number{pad: make([]byte, size)}
	var life Incarnation
	if l := from.host.current[to.id]; l != nil {
		a := from.node.of(l.peer)
		m.n, m.to, life = a.sent+1, l.peer, l.peer.Inc
		a.sent++
	}
	frame := wire.AppendFrame(nil, typeNumber, 0, []uint64{m.n}, wire.Append(nil, &m))
	w.turn(from, &Input{Kind: InToLink, From: to.id, Inc: life, Body: frame})
}

// between returns what from's node knows of to's present life.
func between(from, to *proc) *acquaintance { return from.node.of(to.host.Self()) }

var frameNames = map[uint16]string{
	frameHello: "hello", frameChallenge: "challenge", frameProof: "proof", frameReady: "ready",
	frameRefuse: "refuse", framePing: "ping",
}

func describeInput(in *Input) string {
	switch in.Kind {
	case InStart, InAnswer, InTimer:
		return ""
	case InMessage:
		return fmt.Sprintf("message %d from %v", in.Num, in.From)
	case InLinkRefused:
		dead := ""
		if in.Flags&FlagDead != 0 {
			dead = ", which means the end"
		}
		return fmt.Sprintf("%v %v: %s%s", in.Kind, in.From, in.Body, dead)
	}
	return fmt.Sprintf("%v %v", in.Kind, in.From)
}

var testVersion = wire.Version{ProtoMin: 1, ProtoMax: 2, Schema: 3, Digest: 4}

// pair is two processes of which the first dials the second.
func pair(t *testing.T) (w *wires, gate, game *proc) {
	w = newWires(t)
	gate, game = w.add(NewID(Gate, 1), "secret", testVersion), w.add(NewID(Game, 1), "secret", testVersion)
	w.start(gate)
	w.start(game)
	w.connect(gate, game)
	return w, gate, game
}

func mustKnow(t *testing.T, what string, from, to *proc, want acquaintance) {
	t.Helper()
	if got := *between(from, to); got != want {
		t.Errorf("%s: %v knows of %v: %+v, want %+v", what, from.id, to.id, got, want)
	}
}
