// Package sim runs a whole cluster, clients included, in one goroutine under
// virtual time: the roles of core over the network of netsim, with a simulated
// record store, faults, and oracles that judge every step. The same seed gives
// the same run, event by event.
package sim

import (
	"fmt"
	"io"
	"time"

	"messiah/core/addr"
	"messiah/core/game"
	"messiah/core/nav"
	"messiah/core/node"
	"messiah/core/rpc"
	"messiah/core/session"
	"messiah/netsim"
	"messiah/sim/choice"
	"messiah/sim/queue"
)

// Game is what a game author brings to a simulated cluster.
type Game struct {
	// Script returns the game's code. The observer is for methods that execute numbered calls.
	Script func(o Observer) game.Script
	// Finder returns the pathfinder that a game's path lane uses; nil: there are no ways.
	Finder func() nav.Pathfinder
	// Contain makes a panic of game code the end of its entity, as in production;
	// without it a panic ends the run.
	Contain bool
	// Observed says that the code asks its observer what to do, so that a game cannot be replayed without one.
	Observed bool
	// Passwords has logins show the password of an account that the store has: Story.SetPassword.
	Passwords bool
	// RPC has the names of what crosses the wire: its schema and digest are in each handshake. Nil: the script's table.
	RPC *rpc.Table
}

// Table returns the numbers of the names of what crosses the wire.
func (g *Game) Table() *rpc.Table {
	if g.RPC != nil || g.Script == nil { // without code there are no names
		return g.RPC
	}
	script := g.Script(Observer{})
	return script.RPC()
}

func (g *Game) finder() nav.Pathfinder {
	if g.Finder != nil {
		return g.Finder()
	}
	return nav.Nowhere{}
}

// Observer is told by game code what only it can tell, for the oracles. The
// script's hooks are watched without its doing.
type Observer struct {
	Executed func(account string, n, count uint64) // a counted call ran; the avatar remembers so many

	// Sent, Ran and Told follow the calls that entities make to each other: a stream is
	// all calls of one entity by one address, numbered from 1. An entity that asks is to be told in any case.
	Sent  func(by addr.EntityID, stream, n uint64, asks bool)
	Ran   func(stream, n uint64)
	Told  func(stream, n uint64, err error)
	Quiet func() bool // the story has ended: entities are to start nothing more
}

// Config says what a world consists of.
type Config struct {
	Seed    uint64
	Options Options
	Game    Game
	Source  choice.Source  // nil: choice.Seeded(Seed)
	NewARQ  session.NewARQ // for the datagram tier; nil where Options.Transport is a stream
	Clock   Clock          // nil where no library's clock has to follow
	Trace   io.Writer      // nil, or where each event is written as text
	Plan    *Plan          // nil, or which faults strike

	Chronicle *Chronicle // nil, or what keeps each event with its causes
	// Tape, if not nil, gives each life of a process its tape, or nil.
	Tape func(cfg *node.Config) node.Tape
}

// Clock is a library's clock that has to show virtual time whenever the library is called.
type Clock interface {
	// Advance makes the clock show t.
	Advance(t node.Time)
	// Check returns an error if it does not show t.
	Check(t node.Time) error
}

// World is one simulated cluster. It is not safe for concurrent use.
type World struct {
	cfg    Config
	opts   Options
	source choice.Source
	queue  queue.Queue[event]
	now    node.Time
	net    *netsim.Net
	trace  trace

	procs   []*process // by index; the first is nobody
	players []*process // clients, in the order of their making
	cluster []*process // all others
	bySite  []*process // by netsim.Site
	byID    map[node.ID]*process
	stores  []*store
	scripts []script // of opScript events
	free    []uint32
	keys    session.KeyPair
	stubs   []string        // that the game's code can create; nil until somebody asks
	counts  map[uint64]bool // by the upper half of a client's call numbers: its calls are counted
	// walkSpeed is how fast a client walks, in metres a second.
	walkSpeed map[node.ID]float64

	oracles   []Oracle
	watchers  []*watcher
	faults    faultLog
	states    states
	plan      *Plan
	limit     node.Time // at which the run ends without a verdict; 0 for none
	over      bool      // it has
	quiet     bool      // the story has ended: nobody is to start anything more
	cut       bool      // the plan has left out a fault that the story itself set
	marks     map[string]uint64
	verdict   *Violation
	lastCheck uint64 // checkpoint at which the oracles looked at the whole world
	// sessionsMayEnd says that something ended sessions for good without a crash:
	// a second login, a kick, a cut longer than the grace time.
	sessionsMayEnd bool
	rude           map[node.ID]bool                 // clients that the story lets break the protocol
	guests         int                              // games beyond those of the options
	raws           []*RawPeer                       // broken processes that the story has let loose
	drained        map[node.Peer]bool               // lives that have left since an operator had them drained
	forgiven       map[string]bool                  // texts of errors that the story gives cause for
	handled        uint64                           // handler calls of nodes and lanes
	tap            func(to node.ID, in *node.Input) // nil: nobody looks
	room           node.Room                        // of all queues
	overheard      func(at node.Peer, in *node.Input)
	arriving       node.Input // what the network hands over
	ending         node.Input // what ends a batch of a lane
	chronicle      *Chronicle
	netCause       uint64 // number in the chronicle of what is being done, 0 without one
	noteCause      uint64 // the same of the fault that is being injected, if one is
	outerCause     uint64 // the same of the handler or script that is running
}

// Violation is a failed oracle.
type Violation struct {
	Oracle string
	Text   string
	At     node.Time
	Event  uint64 // number of the event after which it was noticed
}

// Error returns the violation in one line.
func (v *Violation) Error() string {
	return fmt.Sprintf("%s: %s (at %v, event %d)", v.Oracle, v.Text, v.At, v.Event)
}

// event is one entry of the queue.
type event struct {
	op    uint8
	a     uint32 // process, or index of the network's event
	b     uint32 // lane, or generation of the network's event
	extra uint32 // life of the process
}

// script is a function that runs between two handlers, and what had it run.
type script struct {
	do    func()
	cause uint64
}

// Operations of events. The network's own come above.
const (
	opTurn   = 1 + iota // a: process, extra: life
	opLane              // a: process, b: lane, extra: life
	opWake              // a: process, b: lane, extra: life
	opStore             // a: store, b: item
	opScript            // a: script
	opNet               // opNet + netsim.Event.Op
)

// NewWorld makes a world at time zero, in which nothing runs yet.
func NewWorld(cfg Config) *World {
	cfg.Game.RPC = cfg.Game.Table()
	w := &World{
		cfg: cfg, opts: cfg.Options, source: cfg.Source, plan: cfg.Plan, byID: map[node.ID]*process{},
		marks: map[string]uint64{}, counts: map[uint64]bool{}, walkSpeed: map[node.ID]float64{}, rude: map[node.ID]bool{}, drained: map[node.Peer]bool{}, forgiven: map[string]bool{},
		procs: make([]*process, 1), bySite: make([]*process, 1),
	}
	if w.source == nil {
		w.source = choice.Seeded(cfg.Seed)
	}
	w.trace.init(cfg.Trace)
	w.chronicle = cfg.Chronicle
	w.keys = gateKeys(cfg.Seed)
	w.net = netsim.New(netsim.Config{
		Sink:    w,
		Stream:  w.linkStream,
		Quality: w.quality,
		KindOf:  KindOf,
		Fault:   w.linkFault,
	})
	w.trace.noted = w.storyNote()
	w.faults.init()
	return w
}

// linkStream returns the decisions of one direction of a link.
func (w *World) linkStream(from, to node.ID) netsim.Decider {
	return w.source.Stream("net", uint64(from)<<32|uint64(to))
}

// quality returns what a link begins with: clients are far away, processes near.
func (w *World) quality(from, to node.ID) netsim.Profile {
	if from.Kind() == node.Client || to.Kind() == node.Client {
		return w.opts.ClientLink
	}
	return w.opts.ClusterLink
}

// Now returns the virtual time.
func (w *World) Now() node.Time { return w.now }

// Net returns the network, for holds and breaks.
func (w *World) Net() *netsim.Net { return w.net }

// Options returns the options in force.
func (w *World) Options() Options { return w.opts }

// Stream returns a stream of decisions of the workload or of a scenario.
func (w *World) Stream(purpose string, id uint64) choice.Stream { return w.source.Stream(purpose, id) }

// At runs f at a time, between two handlers.
func (w *World) At(at node.Time, f func()) {
	var i uint32
	if n := len(w.free); n > 0 {
		i, w.free = w.free[n-1], w.free[:n-1]
		w.scripts[i] = script{f, w.noteCause}
	} else {
		i = uint32(len(w.scripts))
		w.scripts = append(w.scripts, script{f, w.noteCause})
	}
	w.queue.Push(max(at, w.now), event{op: opScript, a: i})
}

// After runs f after a while, between two handlers.
func (w *World) After(d time.Duration, f func()) { w.At(w.now.Add(d), f) }

// Mark records that a branch born of a race was taken.
func (w *World) Mark(name string) { w.marks[name]++ }

// Fire carries out the next event. False says that there is none up to the
// time, or that an oracle was violated.
func (w *World) Fire(until node.Time) bool {
	if w.ended() {
		return false
	}
	at, ok := w.queue.Next()
	if !ok || at > until {
		return false
	}
	if w.limit > 0 && at > w.limit {
		w.over = true
		return false
	}
	_, e, _ := w.queue.Pop()
	if at != w.now {
		w.now = at
		if w.cfg.Clock != nil {
			w.cfg.Clock.Advance(at)
		}
	}
	w.fire(e)
	w.doing(0)
	return w.verdict == nil
}

func (w *World) fire(e event) {
	switch e.op {
	case opTurn:
		if p := w.procs[e.a]; p.life == e.extra && p.turnAt == w.now {
			p.turn()
		}
	case opLane:
		if p := w.procs[e.a]; p.life == e.extra {
			p.lanes[e.b].run()
		}
	case opWake:
		if p := w.procs[e.a]; p.life == e.extra {
			p.lanes[e.b].wake()
		}
	case opStore:
		w.stores[e.a].fire(e.b)
	case opScript:
		s := w.scripts[e.a]
		w.scripts[e.a] = script{}
		w.free = append(w.free, e.a)
		w.doing(s.cause)
		s.do()
	default:
		w.net.Fire(w.now, netsim.Event{Op: e.op - opNet, Index: e.a, Gen: e.b})
	}
}

// Run lets the world run for a while; false says that an oracle was violated.
func (w *World) Run(d time.Duration) bool {
	until := w.now.Add(d)
	for w.Fire(until) {
	}
	if !w.ended() {
		w.advance(until)
	}
	return !w.ended()
}

// ended tells whether nothing more happens: an oracle was violated, or the run's time is over.
func (w *World) ended() bool { return w.verdict != nil || w.over }

// advance moves the time on where nothing happens.
func (w *World) advance(until node.Time) {
	w.now = max(w.now, until)
	if w.cfg.Clock != nil {
		w.cfg.Clock.Advance(w.now)
	}
}

// lookEvery is how often Until looks whether its condition holds.
const lookEvery = 200 * time.Microsecond

// Until lets the world run until a condition holds, looking every 200 µs.
// False says that it did not within the time, or that an oracle was violated.
func (w *World) Until(cond func() bool, within time.Duration) bool {
	until := w.now.Add(within)
	for !cond() {
		for next := w.now.Add(lookEvery); w.now < next; {
			if w.Fire(until) {
				continue
			}
			if w.ended() {
				return false
			}
			w.advance(until)
			return cond()
		}
	}
	return true
}

// Violate ends the run: an oracle says that something is wrong. The first one counts.
func (w *World) Violate(oracle, format string, args ...any) {
	if w.verdict == nil {
		w.verdict = &Violation{oracle, fmt.Sprintf(format, args...), w.now, w.trace.events}
		w.chronicle.violated(w)
	}
}

// Verdict returns the violation, or nil.
func (w *World) Verdict() *Violation { return w.verdict }

// Events returns how many handlers have run: one each for a node's or lane's input.
func (w *World) Events() uint64 { return w.handled }

// Hash returns the trace hash so far.
func (w *World) Hash() uint64 { return w.trace.hash }

// Checkpoints returns the trace hash after each CheckpointEvery events.
func (w *World) Checkpoints() []uint64 { return w.trace.checkpoints }

// Marks returns how often each mark was hit.
func (w *World) Marks() map[string]uint64 { return w.marks }
