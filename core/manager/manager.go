// Package manager is the GameManager: it knows which processes live, leads them
// through the nine start-up steps, and is the only one to say that a process is
// dead. It holds no player: while it is away nobody notices, and when it comes
// back it rebuilds what it knows from what the processes tell it.
package manager

import (
	"cmp"
	"slices"
	"time"

	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
)

// Config says what makes a cluster complete and how patient the manager is.
type Config struct {
	Gates int // processes that must have registered before the first opening
	Games int

	DeadAfter  time.Duration // a process whose connection stays broken so long is dead
	RecoverFor time.Duration // so long after its own start the manager calls nobody dead

	Balance Balance // the zero Balance moves nobody
}

// Defaults of Config.
const (
	DefaultDeadAfter  = time.Second
	DefaultRecoverFor = 3 * time.Second
)

// MaxDead bounds how many dead incarnations are remembered; the oldest is forgotten first.
const MaxDead = 256

// Timer names.
const (
	timerDead    uint16 = 1 + iota // key: node ID
	timerSettle                    // the time of recovery is over
	timerBalance                   // whether a game is to be relieved
)

// proc is one registered process.
type proc struct {
	peer    node.Peer
	addr    string
	clients []string
	list    uint64 // latest list version that it is ready for
	ready   bool   // it has reported completion once
	admits  bool   // a gate: it was told to admit logins
	classes []string
	stubs   []proto.StubMade
	report  proto.Report
	edition uint64
	closed  bool // an operator wants it to take no newcomers
	drains  bool // and to move everybody away, and leave
	drain   proto.Draining
	hot     bool // a game has had more than Balance.High avatars, and not as few as Balance.Low since
	fresh   int  // reports since the latest order that it had to do with; more than freshReports are not counted
}

func (p *proc) Code(c *wire.Coder) {
	p.peer.Code(c)
	c.String(&p.addr)
	wire.Slice(c, &p.clients, (*wire.Coder).String)
	c.Uint64(&p.list)
	c.Bool(&p.ready)
	c.Bool(&p.admits)
	wire.Slice(c, &p.classes, (*wire.Coder).String)
	wire.Slice(c, &p.stubs, func(c *wire.Coder, s *proto.StubMade) { c.Struct(s) })
	p.report.Code(c)
	c.Uint64(&p.edition)
	c.Bool(&p.closed)
	c.Bool(&p.drains)
	p.drain.Code(c)
	c.Bool(&p.hot)
	c.Int(&p.fresh)
}

// Manager is the role's state machine.
type Manager struct {
	cfg     Config
	procs   []proc // sorted by ID
	dead    []node.Peer
	linked  []node.Peer // processes that others have links to, while recovering
	version uint64
	members uint64 // the first list version with the present members
	step    proto.Step
	opened  bool // the ninth step was reached once in the life of the cluster
	settled bool // who is not registered is dead or was never there
	primary node.Peer
	drained []Drained

	balancing balancing
	asked     []string // stubs that the primary was asked to create and has not reported
}

// New makes a manager.
func New(cfg Config) *Manager {
	cfg.DeadAfter = cmp.Or(cfg.DeadAfter, DefaultDeadAfter)
	cfg.Balance = cfg.Balance.withDefaults()
	cfg.RecoverFor = cmp.Or(cfg.RecoverFor, DefaultRecoverFor)
	return &Manager{cfg: cfg, step: proto.StepStarted}
}

// Step handles one input.
func (m *Manager) Step(env *node.Env, in *node.Input) {
	switch in.Kind {
	case node.InStart:
		env.After(m.cfg.RecoverFor, timerSettle, 0)
		m.balance(env)
	case node.InLinkBroken:
		env.After(m.cfg.DeadAfter, timerDead, uint64(in.From))
	case node.InLinkBack:
		env.Cancel(timerDead, uint64(in.From))
	case node.InLinkDown:
		m.linkDown(node.Peer{ID: in.From, Inc: in.Inc})
	case node.InTimer:
		m.timer(env, in)
	case node.InMessage:
		m.message(env, in)
	case node.InStop:
		env.Done()
	}
}

func (m *Manager) timer(env *node.Env, in *node.Input) {
	switch in.Type {
	case timerDead:
		if peer, ok := env.PeerOf(node.ID(in.Num)); ok {
			m.declareDead(env, peer)
		}
	case timerSettle:
		m.settle(env)
	case timerBalance:
		m.balance(env)
	}
}

func (m *Manager) message(env *node.Env, in *node.Input) {
	from := node.Peer{ID: in.From, Inc: in.Inc}
	switch in.Type {
	case proto.TypeRegister:
		var r proto.Register
		if env.Decode(in, &r) {
			m.register(env, from, &r)
		}
	case proto.TypeReady:
		var r proto.Ready
		if env.Decode(in, &r) {
			m.ready(env, from, r.Version)
		}
	case proto.TypeStubsMade:
		var s proto.StubsMade
		if env.Decode(in, &s) {
			m.stubsMade(env, from, s.Stubs)
		}
	case proto.TypeReport:
		var r proto.Report
		if p := m.find(from.ID); p != nil && env.Decode(in, &r) {
			p.report, p.fresh = r, min(p.fresh+1, freshReports)
		}
	case proto.TypeLeave:
		m.departs(from)
		env.Log(node.Info, "process leaves", "process", from.ID, "incarnation", from.Inc)
		m.remove(env, from)
	case proto.TypeKick:
		var k proto.Kick
		if env.Decode(in, &k) {
			m.kick(env, &k)
		}
	case proto.TypeOperate:
		var o proto.Operate
		if env.Decode(in, &o) && from.ID == env.Self().ID { // by the way in for operators alone
			m.operate(env, &o)
		}
	case proto.TypeHasShed:
		var s proto.HasShed
		if env.Decode(in, &s) {
			m.hasShed(env, from, &s)
		}
	case proto.TypeDraining:
		var d proto.Draining
		if env.Decode(in, &d) {
			m.draining(from, &d)
		}
	default:
		env.Log(node.Warn, "no handler for a message", "type", in.Type, "from", in.From)
	}
}

// kick passes an operator's word to every gate: each knows only its own clients.
func (m *Manager) kick(env *node.Env, k *proto.Kick) {
	for i := range m.procs {
		if id := m.procs[i].peer.ID; id.Kind() == node.Gate {
			send(env, id, k)
		}
	}
}

func (m *Manager) find(id node.ID) *proc {
	i, found := slices.BinarySearchFunc(m.procs, id, func(p proc, id node.ID) int { return cmp.Compare(p.peer.ID, id) })
	if !found {
		return nil
	}
	return &m.procs[i]
}

// count returns how many registered processes of a kind satisfy a condition, and how many there are.
func (m *Manager) count(kind node.Kind, is func(*proc) bool) (satisfied, all int) {
	for i := range m.procs {
		if p := &m.procs[i]; p.peer.ID.Kind() == kind {
			all++
			if is(p) {
				satisfied++
			}
		}
	}
	return satisfied, all
}

// broadcast sends the list to every registered process.
func (m *Manager) broadcast(env *node.Env) {
	m.version++
	list := proto.Processes{Version: m.version, Dead: m.dead, Stubs: m.directory(), Settled: m.settled}
	for i := range m.procs {
		p := &m.procs[i]
		list.Live = append(list.Live, proto.Process{Peer: p.peer, Addr: p.addr, Ready: p.ready, Closed: p.closed, Edition: p.edition})
	}
	for i := range m.procs {
		send(env, m.procs[i].peer.ID, &list)
	}
}

// send is for words to a registered process; that its link is gone is heard as InLinkDown.
func send(env *node.Env, to node.ID, msg node.Message) {
	if err := env.Send(to, msg); err != nil {
		env.Mark("manager-send-without-link")
	}
}

// directory lists where each stub lives, by name.
func (m *Manager) directory() []proto.StubPlace {
	var places []proto.StubPlace
	for i := range m.procs {
		for _, stub := range m.procs[i].stubs {
			places = append(places, proto.StubPlace{Stub: stub, Game: m.procs[i].peer})
		}
	}
	slices.SortFunc(places, func(a, b proto.StubPlace) int {
		return cmp.Or(cmp.Compare(a.Stub.Name, b.Stub.Name), cmp.Compare(a.Game.ID, b.Game.ID))
	})
	return places
}

// missing lists the stubs that some game can create and none has. A game that is drained creates none.
func (m *Manager) missing() []string {
	var names []string
	for i := range m.procs {
		if p := &m.procs[i]; !p.drains {
			names = append(names, p.classes...)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	return slices.DeleteFunc(names, m.HasStub)
}

// Settings reads or writes what the manager was made with.
func (m *Manager) Settings(c *wire.Coder) {
	c.Int(&m.cfg.Gates)
	c.Int(&m.cfg.Games)
	c.Int64((*int64)(&m.cfg.DeadAfter))
	c.Int64((*int64)(&m.cfg.RecoverFor))
	m.cfg.Balance.code(c)
}

// State reads or writes the whole state.
func (m *Manager) State(c *wire.Coder) {
	wire.Slice(c, &m.procs, func(c *wire.Coder, p *proc) { c.Struct(p) })
	wire.Slice(c, &m.dead, func(c *wire.Coder, p *node.Peer) { c.Struct(p) })
	wire.Slice(c, &m.linked, func(c *wire.Coder, p *node.Peer) { c.Struct(p) })
	c.Uint64(&m.version)
	c.Uint64(&m.members)
	c.Uint8((*uint8)(&m.step))
	c.Bool(&m.opened)
	c.Bool(&m.settled)
	m.primary.Code(c)
	wire.Slice(c, &m.asked, (*wire.Coder).String)
	wire.Slice(c, &m.drained, func(c *wire.Coder, d *Drained) { c.Struct(d) })
	c.Struct(&m.balancing)
}
