package session

import (
	"container/heap"
	"fmt"
	"hash"
	"hash/fnv"
	"math/rand/v2"
	"time"

	"pgregory.net/rapid"

	"messiah/core/node"
	"messiah/core/wire"
)

// world is one shard and several dialers, each with its loop, on a network in
// virtual time. One seed makes one run.
type world struct {
	t       rapid.TB // a test, or a rapid one
	rand    *rand.Rand
	now     node.Time
	seq     uint64
	flights flightHeap

	cfg     ShardConfig
	gate    side
	loop    *gateLoop
	players []*player
	conns   []*conn

	latency   time.Duration
	immediate bool // delivery to players
	noise     noiseLevel
	tap       func(f *flight) bool     // sees each packet as it leaves; false drops it
	busy      bool                     // the gate's loop handles only what it is told to
	turn      func(at node.Time)       // called before the time becomes another
	watch     func(packet node.Packet) // sees each packet of the gate's
	honest    bool                     // nobody breaks the protocol or goes over a bound
	marks     map[string]int
	trace     hash.Hash64 // of all that was under way
	keys      map[keyName]sealer
	failure   string
}

// noiseLevel is what happens to datagrams, in percent.
type noiseLevel struct {
	loss, duplicate, reorder int
}

// side is a lane with its loop.
type side struct {
	lane *node.LaneHost
	host *node.Host
}

// player is one client.
type player struct {
	side
	cfg     DialerConfig
	index   int
	loop    *playerLoop
	at      node.Endpoint
	blocked bool // nothing passes, either way
	busy    bool // its loop handles only what it is told to
}

// conn is a stream; each side has its own number for it.
type conn struct {
	p            *player
	client, gate uint32
	clientDown   bool
	gateDown     bool
	broken       bool // nothing passes any more, whether or not an end has noticed
}

// flight is something under way.
type flight struct {
	at     node.Time
	seq    uint64
	p      *player
	up     bool // to the gate
	conn   *conn
	end    node.InputKind // of a stream's beginning or end, else InNone
	from   node.Endpoint
	packet []byte
}

type flightHeap []*flight

func (h flightHeap) Len() int { return len(h) }
func (h flightHeap) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].seq < h[j].seq
}
func (h flightHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *flightHeap) Push(x any)   { *h = append(*h, x.(*flight)) }
func (h *flightHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

var testVersion = wire.Version{ProtoMin: 1, ProtoMax: 1, Schema: 7, Digest: 99}

// gateAt is where the server is.
var gateAt = node.Endpoint{IP: [16]byte{10: 0xff, 11: 0xff, 12: 10, 15: 1}, Port: 7000}

func testKey(seed byte) KeyPair {
	pair, err := KeyPairOf([32]byte{8: seed, 31: 1})
	if err != nil {
		panic(err)
	}
	return pair
}

// options are what tests change in a world.
type options struct {
	shard   func(*ShardConfig)
	dialer  func(*DialerConfig)
	seed    uint64
	players int

	// The players' loops have the immediate delivery, so that their lanes
	// acknowledge what was handled.
	immediate bool
}

func newWorld(t rapid.TB, o options) *world {
	w := &world{
		t: t, rand: rand.New(rand.NewPCG(o.seed, 0)), latency: 10 * time.Millisecond,
		marks: map[string]int{}, keys: map[keyName]sealer{}, trace: fnv.New64a(), now: node.Time(time.Second), immediate: o.immediate,
	}
	w.cfg = ShardConfig{Version: testVersion, Key: testKey(1), NewARQ: newGoBackN}
	if o.shard != nil {
		o.shard(&w.cfg)
	}
	w.loop = &gateLoop{w: w, sessions: map[node.Session]*login{}, loginOn: true, tell: true}
	w.gate = w.newSide(NewShard(w.cfg), w.loop, node.Immediate, 1)
	for i := range max(1, o.players) {
		w.join(i, o)
	}
	return w
}

func (w *world) join(i int, o options) {
	cfg := DialerConfig{Version: testVersion, ServerKey: testKey(1).Public, NewARQ: newGoBackN}
	delivery := node.Queued
	if o.immediate {
		cfg.AckOnHandled, delivery = true, node.Immediate
	}
	if o.dialer != nil {
		o.dialer(&cfg)
	}
	p := &player{index: i, at: node.Endpoint{IP: [16]byte{10: 0xff, 11: 0xff, 12: 10, 14: 1, 15: byte(i)}, Port: 4000}}
	p.cfg, p.loop = cfg, &playerLoop{w: w, p: p}
	p.side = w.newSide(NewDialer(cfg), p.loop, delivery, byte(2+i))
	w.players = append(w.players, p)
}

func (w *world) newSide(lane node.Lane, loop node.Node, delivery node.Delivery, seed byte) side {
	entropy := make([]byte, node.EntropySize)
	entropy[0] = seed
	return side{
		lane: node.NewLaneHost(lane, 0, entropy, w.mark),
		host: node.NewHost(node.Config{Self: node.NewID(node.Gate, int(seed)), Delivery: delivery, Scribble: true, Lanes: 1}, loop, entropy),
	}
}

func (w *world) mark(name string) { w.marks[name]++ }

func (w *world) fail(format string, args ...any) {
	if w.failure == "" {
		w.failure = fmt.Sprintf(format, args...)
	}
}

// judge fails a world of honest sides in which one calls the other dishonest.
func (w *world) judge(r Reason) {
	switch r {
	case ReasonBad, ReasonForged, ReasonFlood, ReasonSlow, ReasonTooLarge, ReasonKey, ReasonVersion:
		if w.honest {
			w.fail("a session has ended with %v", r)
		}
	}
}

func (w *world) shard() *Shard { return w.gate.lane.Lane().(*Shard) }

func (p *player) dialer() *Dialer { return p.lane.Lane().(*Dialer) }

// step gives a lane one input and the flush behind it, carries its packets off
// and brings its answers to the loop.
func (w *world) step(s *side, p *player, in *node.Input) {
	if w.tap != nil {
		w.rememberKeys()
	}
	s.lane.Step(w.now, int64(w.now), in)
	if in.Kind != node.InFlush && in.Kind != node.InWake {
		s.lane.Step(w.now, int64(w.now), &node.Input{Kind: node.InFlush})
	}
	for _, packet := range s.lane.Packets() {
		if p == nil {
			w.fromGate(packet)
		} else {
			w.fromPlayer(p, packet)
		}
	}
	s.lane.Sent()
	s.host.Begin(w.now, int64(w.now))
	answers := s.lane.Answers()
	for {
		answer, ok := answers.Pop()
		if !ok {
			break
		}
		s.host.Deliver(answer)
	}
	answers.Recycle()
	if p == nil && !w.busy || p != nil && !p.busy {
		w.handle(s, p, -1)
	}
}

// handle lets a loop handle up to n inputs, all for -1, and brings its tasks to the lane.
func (w *world) handle(s *side, p *player, n int) {
	s.host.Begin(w.now, int64(w.now))
	for ; n != 0; n-- {
		in, ok := s.host.Step()
		if !ok {
			break
		}
		s.host.Settle(in)
		for {
			task, ok := s.host.Tasks(0).Pop()
			if !ok {
				break
			}
			w.step(s, p, task)
		}
		s.host.Tasks(0).Recycle()
	}
	s.host.Finish()
}

func (w *world) launch(f *flight) {
	w.seq++
	f.seq = w.seq
	if f.at == 0 {
		f.at = w.now.Add(w.latency)
	}
	fmt.Fprintln(w.trace, f.at, f.up, f.end, f.packet)
	heap.Push(&w.flights, f)
}

// send puts a packet on its way, through the tap and the noise.
func (w *world) send(f *flight) {
	if w.tap != nil && !w.tap(f) {
		return
	}
	if f.conn != nil {
		if f.conn.broken = f.conn.broken || f.p.blocked; !f.conn.broken {
			w.launch(f)
		}
		return
	}
	if f.p.blocked {
		return
	}
	copies := 1
	if w.rand.IntN(100) < w.noise.duplicate {
		copies = 2
	}
	for range copies {
		if w.rand.IntN(100) < w.noise.loss {
			continue
		}
		one := *f
		if w.rand.IntN(100) < w.noise.reorder {
			one.at = w.now.Add(w.latency + time.Duration(w.rand.IntN(int(3*w.latency))))
		}
		w.launch(&one)
	}
}

func (w *world) fromGate(packet node.Packet) {
	if w.watch != nil {
		w.watch(packet)
	}
	if packet.Endpoint.Stream == 0 {
		for _, p := range w.players {
			if p.at == packet.Endpoint {
				w.send(&flight{p: p, from: gateAt, packet: clone(packet.Bytes)})
			}
		}
		return
	}
	if int(packet.Endpoint.Stream) > len(w.conns) {
		return // a stream that the test made by itself
	}
	c := w.conns[packet.Endpoint.Stream-1]
	switch {
	case c.gateDown:
	case packet.Close:
		c.gateDown = true
		w.launch(&flight{p: c.p, conn: c, end: node.InStreamDown})
	default:
		w.send(&flight{p: c.p, conn: c, packet: clone(packet.Bytes)})
	}
}

func (w *world) fromPlayer(p *player, packet node.Packet) {
	if packet.Endpoint.Stream == 0 {
		w.send(&flight{p: p, up: true, from: p.at, packet: clone(packet.Bytes)})
		return
	}
	if packet.Dial {
		c := &conn{p: p, client: packet.Endpoint.Stream, gate: uint32(len(w.conns) + 1)}
		w.conns = append(w.conns, c)
		if !p.blocked {
			w.launch(&flight{p: p, conn: c, end: node.InStreamUp})
		}
		return
	}
	c := w.connOf(p, packet.Endpoint.Stream)
	switch {
	case c == nil || c.clientDown:
	case packet.Close:
		c.clientDown = true
		w.launch(&flight{p: p, up: true, conn: c, end: node.InStreamDown})
	default:
		w.send(&flight{p: p, up: true, conn: c, packet: clone(packet.Bytes)})
	}
}

func (w *world) connOf(p *player, number uint32) *conn {
	for _, c := range w.conns {
		if c.p == p && c.client == number {
			return c
		}
	}
	return nil
}

func clone(b []byte) []byte { return append([]byte(nil), b...) }

// arrive brings what was under way to its end.
func (w *world) arrive(f *flight) {
	in := node.Input{Kind: node.InPacket, Endpoint: f.from, Body: f.packet}
	if c := f.conn; c != nil {
		in.Endpoint = gateAt
		in.Endpoint.Stream = c.client
		if f.up {
			in.Endpoint = f.p.at
			in.Endpoint.Stream = c.gate
		}
		c.broken = c.broken || f.p.blocked
		if f.p.blocked || c.broken && f.end == node.InNone {
			return // each side finds out by itself
		}
		if f.end != node.InNone {
			in.Kind = f.end
			if f.end == node.InStreamDown {
				if f.up && c.gateDown || !f.up && c.clientDown {
					return
				}
				c.gateDown, c.clientDown = c.gateDown || f.up, c.clientDown || !f.up
			}
		}
		if in.Kind == node.InPacket && (f.up && c.gateDown || !f.up && c.clientDown) {
			return
		}
	} else if f.p.blocked {
		return
	}
	if f.up {
		w.step(&w.gate, nil, &in)
	} else {
		w.step(&f.p.side, f.p, &in)
	}
}

// next does the next thing that is due until the given time; false says that there is none.
func (w *world) next(until node.Time) bool {
	at, who := w.gate.lane.Wake(), -1
	for i, p := range w.players {
		if wake := p.lane.Wake(); wake < at {
			at, who = wake, i
		}
	}
	if len(w.flights) > 0 && w.flights[0].at <= at {
		if w.flights[0].at > until {
			return false
		}
		f := heap.Pop(&w.flights).(*flight)
		w.become(f.at)
		w.arrive(f)
		return true
	}
	if at > until || at == node.Never {
		return false
	}
	w.become(max(w.now, at))
	if who < 0 {
		w.step(&w.gate, nil, &node.Input{Kind: node.InWake})
	} else {
		w.step(&w.players[who].side, w.players[who], &node.Input{Kind: node.InWake})
	}
	return true
}

func (w *world) become(at node.Time) {
	if w.turn != nil {
		w.turn(at)
	}
	w.now = at
}

// run lets time pass.
func (w *world) run(d time.Duration) {
	w.t.Helper()
	until := w.now.Add(d)
	for steps := 0; w.next(until); steps++ {
		if steps > 1_000_000 {
			w.t.Fatal("the world spins")
		}
		if w.failure != "" {
			w.t.Fatal(w.failure)
		}
	}
	w.become(until)
	if w.failure != "" {
		w.t.Fatal(w.failure)
	}
}

// order gives the player's loop an order.
func (p *player) order(w *world, in node.Input) {
	in.Kind = node.InMessage
	p.host.Deliver(&in)
	if !p.busy {
		w.handle(&p.side, p, -1)
	}
}

// tellGate gives the gate's loop an order about a login.
func (w *world) tellGate(typ uint16, key, arg uint64, flags uint8) {
	w.gate.host.Deliver(&node.Input{Kind: node.InMessage, Type: typ, Num: key, Conn: arg, Flags: flags})
	if !w.busy {
		w.handle(&w.gate, nil, -1)
	}
}

// transport is what a session goes over.
type transport struct {
	name   string
	stream uint32
}

var transports = [...]transport{{"stream", 1}, {"datagram", 0}}

// dial makes the player connect; a resume is asked for where one is possible.
func (p *player) dial(w *world, over transport, flags uint8) {
	to := gateAt
	to.Stream = over.stream
	p.order(w, node.Input{Type: TaskDial, Endpoint: to, Flags: flags})
}

func (p *player) send(w *world, n int) { p.order(w, node.Input{Type: orderSend, Num: uint64(n)}) }

func (p *player) task(w *world, typ uint16, num uint64) { p.order(w, node.Input{Type: typ, Num: num}) }

// cut breaks the player's streams: each end hears of it after its own delay.
func (w *world) cut(p *player, clientAfter, gateAfter time.Duration) {
	for _, c := range w.conns {
		if c.p != p || c.clientDown && c.gateDown {
			continue
		}
		c.broken = true
		kept := w.flights[:0]
		for _, f := range w.flights {
			if f.conn != c {
				kept = append(kept, f)
			}
		}
		w.flights = kept
		heap.Init(&w.flights)
		w.launch(&flight{p: p, conn: c, end: node.InStreamDown, at: w.now.Add(clientAfter)})
		w.launch(&flight{p: p, conn: c, up: true, end: node.InStreamDown, at: w.now.Add(gateAfter)})
	}
}

// login connects a player and lets it be logged in.
func (w *world) login(p *player, over transport) *login {
	w.t.Helper()
	p.dial(w, over, 0)
	w.run(500 * time.Millisecond)
	if !p.loop.up || p.dialer().Session() == 0 {
		w.t.Fatalf("player %d is not up: failed %v, ended %v", p.index, p.loop.failed, p.loop.ends)
	}
	l := w.loop.sessions[p.dialer().Session()]
	if l == nil {
		w.t.Fatalf("the gate does not know session %v", p.dialer().Session())
	}
	if w.loop.loginOn && !p.dialer().Resumable() {
		w.t.Fatal("the token has not come")
	}
	return l
}

// empty checks that a shard keeps nothing.
func (w *world) empty() {
	w.t.Helper()
	sh := w.shard()
	if sh.Len() != 0 || sh.HalfOpen() != 0 || sh.Greeted() != 0 || len(sh.streams) != 0 || len(sh.inits) != 0 ||
		len(sh.aliases) != 0 || len(sh.heap) != 0 || len(sh.dirty) != 0 {
		w.t.Fatalf("the shard keeps %d sessions, %d and %d half open, %d streams, %d inits, %d aliases, %d deadlines, %d dirty",
			sh.Len(), sh.HalfOpen(), sh.Greeted(), len(sh.streams), len(sh.inits), len(sh.aliases), len(sh.heap), len(sh.dirty))
	}
	if len(sh.free) != len(sh.slots) {
		w.t.Fatalf("%d of %d slots are free", len(sh.free), len(sh.slots))
	}
}
