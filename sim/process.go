package sim

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"messiah/core/game"
	"messiah/core/node"
	"messiah/core/session"
	"messiah/netsim"
	"messiah/sim/choice"
)

// maker makes the node and the lanes of one life of the process, which may be a
// duplicate of the one that it was written for.
type maker func(p *process) (node.Node, []node.Lane)

// process is one place where lives of a process follow each other.
type process struct {
	// What every turn reads comes first: few cache lines of ten thousand processes.
	w     *World
	index uint32
	id    node.ID
	site  netsim.Site
	raw   *RawPeer // in the place of all below: frames written by a story
	life  uint32

	host      *node.Host // nil while no life runs
	lanes     []*lane
	turnAt    node.Time // of the scheduled turn, or Never
	freeAt    node.Time // when the loop is done with its last handler
	paused    bool
	slow      int // by which factor handlers are slowed down; 1 is none
	slowLanes int // and lanes
	skew      time.Duration
	drift     int // of the wall clock, in parts per million
	restart   time.Duration
	again     time.Duration // so long after a stop in good order the next life starts; 0 for none
	choose    choice.Stream
	heard     []uint64 // causes of what was delivered since the last handler, for a chronicle
	halting   bool     // the lanes send what they have left, and the loop hears nothing more
	gone      bool     // no life follows: a duplicate that was sent away
	account   string   // of a client
	method    string   // that a client calls of its own, empty for one that only Do has call
	past      uint64   // kinds of the last four inputs, for the count of states
	halted    string   // why the last life ended by itself
	clean     bool
	make      maker
	code      func(Observer) game.Script // of a game: what its lives run from now on; nil: the world's
	cfg       node.Config
}

// maxLaneBytes bounds what waits for a lane; over it nothing more is taken from the network.
const maxLaneBytes = 4 << 20

// lane is one lane of a process.
type lane struct {
	p      *process
	index  uint32
	host   *node.LaneHost
	mail   node.Mail
	due    bool // a run is scheduled
	wakeAt node.Time
}

func (w *World) addProcess(id node.ID, cfg node.Config, m maker) *process {
	p := &process{
		w: w, index: uint32(len(w.procs)), id: id, make: m, cfg: cfg, slow: 1, slowLanes: 1,
		turnAt: node.Never, choose: w.source.Stream("process", uint64(len(w.procs))),
	}
	p.site = w.net.AddSite(id)
	w.procs = append(w.procs, p)
	if id.Kind() == node.Client {
		w.players = append(w.players, p)
	} else {
		w.cluster = append(w.cluster, p)
	}
	for len(w.bySite) <= int(p.site) {
		w.bySite = append(w.bySite, nil)
	}
	w.bySite[p.site] = p
	w.byID[id] = p
	return p
}

// pause stops a life as a debugger or a stolen processor does: its machine still
// answers for it, it does nothing.
func (p *process) pause() {
	p.paused = true
	p.w.noted(Struck, p, "pause")
}

// resume lets a paused life go on.
func (p *process) resume() {
	if !p.paused {
		return
	}
	p.paused = false
	p.w.noted(Healed, p, "resume")
	if p.host == nil {
		return
	}
	p.schedule()
	for _, l := range p.lanes {
		if l.mail.Len() > 0 {
			l.schedule()
		}
		l.wakeAt = node.Never
		l.want()
	}
	p.w.kick(p)
}

// entropy derives what a life of a process starts with from the seed. A duplicate
// counts lives of its own, and is no life of the process whose name it has taken.
func (p *process) entropy() []byte {
	var b [24]byte
	w := p.w
	binary.LittleEndian.PutUint64(b[:], w.cfg.Seed)
	binary.LittleEndian.PutUint32(b[8:], uint32(p.id))
	binary.LittleEndian.PutUint32(b[12:], p.life)
	if w.byID[p.id] != p {
		binary.LittleEndian.PutUint32(b[16:], p.index)
	}
	sum := sha256.Sum256(b[:])
	return sum[:]
}

// start begins a new life.
func (p *process) start() {
	if p.host != nil || p.gone {
		return
	}
	w := p.w
	p.life++
	w.trace.note(w.now, "start "+p.id.String())
	defer w.during(w.noted(NodeStarted, p, "start"))()
	entropy := p.entropy()
	n, lanes := p.make(p)
	cfg := p.cfg
	cfg.Self, cfg.Lanes, cfg.Scribble = p.id, len(lanes), true
	cfg.Mark, cfg.Log, cfg.Cause, cfg.Room = w.Mark, p.log, w.netCause, &w.room
	if w.cfg.Tape != nil {
		cfg.Tape = w.cfg.Tape(&cfg)
	}
	p.host = node.NewHost(cfg, n, entropy)
	p.lanes = p.lanes[:0]
	for i, one := range lanes {
		l := &lane{p: p, index: uint32(i), host: node.NewLaneHost(one, i, entropy, w.Mark), wakeAt: node.Never}
		l.mail.Share(&w.room)
		l.host.Share(&w.room)
		p.lanes = append(p.lanes, l)
	}
	p.turnAt, p.freeAt, p.halted = node.Never, w.now, ""
	w.net.SetReach(p.site, netsim.Here)
	p.settle()
	for _, o := range w.oracles {
		o.Started(p)
	}
}

// crash ends a life at once: what it had written is still under way, nothing else is.
func (p *process) crash(reach netsim.Reach) {
	if p.host == nil {
		return
	}
	w := p.w
	w.trace.note(w.now, "crash "+p.id.String())
	defer w.during(w.noted(NodeEnded, p, "crash"))()
	for _, o := range w.oracles {
		o.Ended(p)
	}
	p.host, p.lanes, p.turnAt, p.paused = nil, nil, node.Never, false
	p.life++
	if p.id.Kind() == node.DB {
		w.stores[0].orphaned(p)
	}
	w.net.At(w.now, w.netCause)
	w.net.SetReach(p.site, reach)
}

// wall returns the wall clock: the world begins at noon of a fixed day.
func (p *process) wall() int64 {
	const noon = 1_767_268_800_000_000_000 // 2026-01-01 12:00 UTC
	return noon + int64(p.w.now) + int64(p.skew) + int64(p.w.now)/1_000_000*int64(p.drift)
}

// deliver hands an input to the host.
func (p *process) deliver(in *node.Input) {
	if p.w.tap != nil {
		p.w.tap(p.id, in)
	}
	if in.Cause == 0 {
		in.Cause = p.w.netCause // a story or a fault says it
	}
	p.w.chronicle.delivered(p, in)
	p.host.Begin(p.w.now, p.wall())
	p.host.Deliver(in)
}

// settle carries out what the host asks for, and schedules its next turn.
func (p *process) settle() {
	h := p.host
	for i := range h.Ops() {
		p.carryOut(&h.Ops()[i])
		if p.host == nil {
			return // it halted
		}
	}
	for i, l := range p.lanes {
		l.take(h.Tasks(i))
	}
	h.Finish()
	p.schedule()
}

// schedule asks for the next turn when there is something to do and the loop is free.
func (p *process) schedule() {
	if p.paused {
		return
	}
	at := p.host.NextTimer()
	if p.host.Pending() {
		at = p.w.now
	}
	if at == node.Never {
		return
	}
	at = max(at, p.freeAt, p.w.now)
	if at >= p.turnAt {
		return
	}
	p.turnAt = at
	p.w.queue.Push(at, event{op: opTurn, a: p.index, extra: p.life})
}

// turn runs one handler.
func (p *process) turn() {
	w := p.w
	p.turnAt = node.Never
	if p.paused {
		return
	}
	if w.now < p.freeAt {
		p.schedule() // the loop was given something to do meanwhile
		return
	}
	p.host.Begin(w.now, p.wall())
	w.doing(w.chronicle.next())
	p.host.Number(w.netCause)
	in, ok := p.host.Step()
	if ok {
		w.handled++
		w.trace.input(w.now, where{p.id, -1}, in)
		w.chronicle.handled(w, p, -1, in)
		p.freeAt = w.now.Add(p.serviceTime())
		w.judge(p, in)
		p.host.Settle(in)
	}
	w.net.At(w.now, w.netCause)
	p.settle()
	if p.host != nil && !p.host.Full() {
		w.kick(p)
	}
}

// kick lets the network try again what the process would not take.
func (w *World) kick(p *process) {
	w.net.At(w.now, w.netCause)
	w.net.Kick(p.site)
}

// serviceTime is how long a handler keeps the loop busy: its fixed cost and, now
// and then, something that takes its time.
func (p *process) serviceTime() time.Duration {
	o := &p.w.opts
	d := o.Service
	if o.Stall > 0 && choice.Chance(p.choose, "stall", o.Stall) {
		d += time.Duration(1+p.choose.Choose("stall-for", 20)) * time.Millisecond
	}
	return d * time.Duration(p.slow)
}

// carryOut does one operation of the host.
func (p *process) carryOut(op *node.Op) {
	w := p.w
	w.net.At(w.now, op.Cause)
	switch op.Kind {
	case node.OpDial:
		w.net.Dial(p.site, op.Num, op.Addr)
	case node.OpWrite:
		w.net.Write(op.Conn, op.Bytes)
	case node.OpClose:
		w.net.Close(op.Conn)
	case node.OpStore:
		w.stores[0].request(p, op.Bytes, op.Cause)
	case node.OpHalt:
		w.doing(op.Cause)
		p.halt(op.Addr, op.Clean)
	}
}

// halt ends a life at the node's own word. What was said before, and what the
// lanes have to send, still goes out; then a supervisor starts the next life,
// unless the node was asked to stop.
func (p *process) halt(reason string, clean bool) {
	w := p.w
	w.trace.note(w.now, "halt "+p.id.String()+": "+reason)
	defer w.during(w.noted(NodeEnded, p, "halt: "+reason))()
	p.halting = true
	for i, l := range p.lanes {
		l.take(p.host.Tasks(i))
		l.run()
	}
	p.halting = false
	p.crash(netsim.Gone)
	p.halted, p.clean = reason, clean
	if !clean && p.restart > 0 {
		w.Mark("halted-and-restarted")
		w.After(p.restart, p.start)
	}
	if clean && p.again > 0 {
		w.After(p.again, p.start)
		p.again = 0
	}
}

func (p *process) log(level node.Level, text string, pairs ...any) {
	if p.w.trace.out != nil || level > node.Info {
		p.w.logLine(p.id, level, text, pairs)
	}
}

// take moves tasks of the loop to the lane.
func (l *lane) take(tasks *node.Mail) {
	if tasks.Len() == 0 {
		return
	}
	l.mail.TakeAll(tasks)
	l.schedule()
}

// addressed wants a gate's task to name a session, and a game's word for a client to name a gate.
func (l *lane) addressed(in *node.Input) {
	switch k := l.p.id.Kind(); {
	case k == node.Gate && in.Session == 0:
		l.p.w.Violate("connection-truth", "%v has the task %d for no session", l.p.id, in.Type)
	case k == node.Game && l.index == game.LaneSerial && in.From == 0:
		l.p.w.Violate("routes", "%v has a word of type %d for no gate", l.p.id, in.Type)
	}
}

// push hands the lane an input from the network; false says that it takes no more.
func (l *lane) push(in *node.Input) bool {
	if in.Cause == 0 {
		in.Cause = l.p.w.netCause
	}
	if l.mail.Bytes() > maxLaneBytes {
		return false
	}
	if l.p.w.tap != nil {
		l.p.w.tap(l.p.id, in)
	}
	l.mail.Push(in)
	l.schedule()
	return true
}

// schedule asks for a run after the lane's delay.
func (l *lane) schedule() {
	if l.due || l.p.paused {
		return
	}
	l.due = true
	p := l.p
	d := p.w.opts.LaneDelay
	if d > 0 {
		d = time.Duration(p.choose.Choose("lane", int(d)+1)) * time.Duration(p.slowLanes)
	}
	p.w.queue.Push(p.w.now.Add(d), event{op: opLane, a: p.index, b: l.index, extra: p.life})
}

// run handles all that waits for the lane as one batch.
func (l *lane) run() {
	l.due = false
	p := l.p
	if p.paused {
		return
	}
	for in, ok := l.mail.Pop(); ok; in, ok = l.mail.Pop() {
		l.step(in)
		scribble(in)
	}
	l.mail.Recycle()
	l.finish()
	if p.host != nil {
		p.w.kick(p)
	}
}

// scribble overwrites what a lane was handed: who keeps bytes must have copied them.
func scribble(in *node.Input) {
	for i := range in.Body {
		in.Body[i] = 0xa5
	}
}

func (l *lane) step(in *node.Input) {
	if in.Kind == node.InTask {
		l.addressed(in)
	}
	w := l.p.w
	w.handled++
	w.trace.input(w.now, where{l.p.id, int(l.index)}, in)
	w.doing(w.chronicle.next())
	w.chronicle.handled(w, l.p, int(l.index), in)
	w.watch(l.p, int(l.index), in)
	if l.p.host == nil {
		return // a watcher crashed it
	}
	l.host.Number(w.netCause)
	l.host.Step(w.now, l.p.wall(), in)
}

// wake runs the lane at the time that it asked for.
func (l *lane) wake() {
	if l.wakeAt != l.p.w.now {
		return // another wake-up took this one's place
	}
	l.wakeAt = node.Never
	if l.p.paused {
		return
	}
	if l.host.Wake() > l.p.w.now {
		l.want() // it was put off, which costs nothing until now
		return
	}
	l.step(l.p.w.input(node.Input{Kind: node.InWake, Cause: l.host.Waker()}))
	l.finish()
}

// want schedules the wake-up that the lane asks for.
func (l *lane) want() {
	at := l.host.Wake()
	if at >= l.wakeAt {
		return
	}
	l.wakeAt = max(at, l.p.w.now)
	l.p.w.queue.Push(l.wakeAt, event{op: opWake, a: l.p.index, b: l.index, extra: l.p.life})
}

// finish ends a batch: the lane flushes, its packets leave, its answers reach the loop.
func (l *lane) finish() {
	p, w := l.p, l.p.w
	if p.host == nil {
		return
	}
	l.flush()
	for i := range l.host.Packets() {
		l.transmit(&l.host.Packets()[i])
	}
	l.host.Sent()
	if w.cfg.Clock != nil {
		w.checkClock()
	}
	answers := l.host.Answers()
	if answers.Len() > 0 && !p.halting {
		p.host.Begin(w.now, p.wall())
		for in, ok := answers.Pop(); ok; in, ok = answers.Pop() {
			w.delivering(p, in)
			if w.tap != nil {
				w.tap(p.id, in)
			}
			w.chronicle.delivered(p, in)
			p.host.Deliver(in)
		}
		answers.Recycle()
		p.settle()
	}
	if p.host != nil {
		l.want()
	}
}

// flush lets the lane send what it left to send. A chronicle has it as an event of
// its own where something came of it: what several inputs left goes out in one.
func (l *lane) flush() {
	p, w := l.p, l.p.w
	w.ending = node.Input{Kind: node.InFlush, Cause: w.netCause}
	in := &w.ending
	sent, told, wake := len(l.host.Packets()), l.host.Answers().Len(), l.host.Wake()
	l.host.Number(w.chronicle.next())
	l.host.Step(w.now, p.wall(), in)
	if len(l.host.Packets()) != sent || l.host.Answers().Len() != told || l.host.Wake() != wake {
		w.doing(w.chronicle.next())
		w.chronicle.handled(w, p, int(l.index), in)
	}
}

func (l *lane) transmit(packet *node.Packet) {
	w, p := l.p.w, l.p
	w.net.At(w.now, packet.Cause)
	switch {
	case packet.Dial:
		w.net.DialStream(p.site, packet.Endpoint, l.index)
	case packet.Endpoint.Stream == 0:
		w.net.SendDatagram(p.site, packet.Endpoint, packet.Bytes)
	default:
		conn, ok := w.net.StreamConn(p.site, l.index, packet.Endpoint.Stream)
		if !ok {
			return // it is closed
		}
		if len(packet.Bytes) > 0 {
			w.net.Write(conn, packet.Bytes)
		}
		if packet.Close {
			w.net.Close(conn)
		}
	}
}

func (w *World) checkClock() {
	if err := w.cfg.Clock.Check(w.now); err != nil {
		w.Violate("replay", "a library's clock left virtual time: %v", err)
	}
}

// gateKeys derives the static key pair of all gates from the seed.
func gateKeys(seed uint64) session.KeyPair {
	private := sha256.Sum256(binary.LittleEndian.AppendUint64([]byte("gate key"), seed))
	pair, err := session.KeyPairOf(private)
	if err != nil {
		panic("sim: no key pair from a hash: " + err.Error())
	}
	return pair
}
