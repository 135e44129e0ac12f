package sim

import (
	"slices"
	"time"

	"messiah/core/client"
	"messiah/core/node"
	"messiah/core/session"
	"messiah/netsim"
	"messiah/sim/choice"
)

// FaultKind is a way in which a cluster can be hurt.
type FaultKind string

// The kinds of fault. Each lasts long enough to matter and then heals.
const (
	CrashManager FaultKind = "crash-manager"
	CrashDB      FaultKind = "crash-db"
	CrashGate    FaultKind = "crash-gate"
	CrashGame    FaultKind = "crash-game"
	Pause        FaultKind = "pause"       // a process stops for a while, its machine does not
	Slow         FaultKind = "slow"        // handlers and lanes take a hundred times as long
	BreakLinks   FaultKind = "break-links" // every process connection of a process breaks
	Partition    FaultKind = "partition"   // two processes do not reach each other, in one direction or both
	Duplicate    FaultKind = "duplicate"   // a second process is started under the same name
	StoreFault   FaultKind = "store-fault" // the store fails, loses and doubles answers
	DropClient   FaultKind = "drop-client" // the client's connection breaks
	CutClient    FaultKind = "cut-client"  // nothing passes between client and gate for a while
	CrashClient  FaultKind = "crash-client"
	SecondLogin  FaultKind = "second-login" // another client logs in with the same account
)

// ClusterFaults hurt the processes of the cluster, LoginFaults also a client.
var (
	clusterFaults = [...]FaultKind{CrashManager, CrashDB, CrashGate, CrashGame, Pause, Slow, BreakLinks, Partition, Duplicate}
	loginFaults   = [...]FaultKind{
		CrashManager, CrashDB, CrashGate, CrashGame, Pause, Slow, BreakLinks, Partition,
		StoreFault, DropClient, CutClient, CrashClient, SecondLogin,
	}
)

// FaultKinds lists the kinds that a conversation ("start" or "login") is tried against.
func FaultKinds(talk string) []FaultKind {
	if talk == "start" {
		return slices.Clone(clusterFaults[:])
	}
	return slices.Clone(loginFaults[:])
}

// faultLog remembers what to heal, and which fault hit which step.
type faultLog struct {
	heals  []func()
	byStep map[string]uint64 // "talk/step/kind"
}

func (f *faultLog) init() { f.byStep = map[string]uint64{} }

// FaultByStep returns how often each kind of fault hit each step: the keys are "talk/step/kind".
func (w *World) FaultByStep() map[string]uint64 { return w.faults.byStep }

// hitStep counts a fault that was injected right behind a step.
func (w *World) hitStep(talk, step string, kind FaultKind) {
	w.faults.byStep[talk+"/"+step+"/"+string(kind)]++
}

// HealAll ends every fault: partitions, pauses, slowness and store trouble are
// over, and every process of the cluster runs.
func (w *World) HealAll() {
	w.trace.note(w.now, "heal")
	heals := w.faults.heals
	w.faults.heals = nil
	for _, heal := range heals {
		heal()
	}
	for _, p := range w.servers() {
		p.start()
	}
}

// heals registers the end of a fault, which comes after a while or with HealAll, once.
func (w *World) heals(after time.Duration, heal func()) {
	done := false
	once := func() {
		if !done {
			done = true
			heal()
		}
	}
	w.faults.heals = append(w.faults.heals, once)
	w.After(after, once)
}

// lasting draws how long a fault lasts: from barely noticed to longer than every time-out that it meets.
func (w *World) lasting(s choice.Stream) time.Duration {
	spans := [...]time.Duration{
		300 * time.Millisecond, 30 * time.Millisecond, 100 * time.Millisecond, time.Second,
		1500 * time.Millisecond, 3 * time.Second, 4 * time.Second, 6 * time.Second,
	}
	return spans[s.Choose("lasting", len(spans))]
}

// Inject hurts the cluster now. The client, which may be nil, is whom faults of clients are for.
func (w *World) Inject(kind FaultKind, c *Player, s choice.Stream) {
	w.trace.note(w.now, "fault "+string(kind))
	switch kind {
	case CrashManager:
		w.Crash(ManagerID, w.lasting(s))
	case CrashDB:
		w.Crash(DBID, w.lasting(s))
	case CrashGate:
		w.Crash(w.busiest(node.Gate, s), w.lasting(s))
	case CrashGame:
		w.Crash(w.busiest(node.Game, s), w.lasting(s))
	case Pause:
		w.PauseProcess(w.anyServer(s), w.lasting(s))
	case Slow:
		w.slowDown(w.anyServer(s), w.lasting(s))
	case BreakLinks:
		w.net.At(w.now, w.netCause)
		w.net.ResetAt(w.anyServer(s), netsim.Process)
	case Partition:
		w.partition(s)
	case Duplicate:
		w.duplicate(w.anyServer(s), w.lasting(s))
	case StoreFault:
		w.hurtStore(w.lasting(s))
	default:
		w.injectClient(kind, c, s)
	}
}

func (w *World) injectClient(kind FaultKind, c *Player, s choice.Stream) {
	if c == nil {
		return
	}
	switch kind {
	case DropClient:
		c.Drop()
	case CutClient:
		c.Cut(w.lasting(s))
	case CrashClient:
		c.Crash()
	case SecondLogin:
		w.secondLogin(c)
	default:
		panic("sim: no fault " + string(kind))
	}
}

// anyServer draws a process of the cluster.
func (w *World) anyServer(s choice.Stream) node.ID {
	all := w.servers()
	return all[s.Choose("which", len(all))].id
}

// busiest returns the process of a kind that holds the most clients or avatars.
func (w *World) busiest(kind node.Kind, s choice.Stream) node.ID {
	var ids []node.ID
	most, best := 0, node.ID(0)
	for _, p := range w.servers() {
		if p.id.Kind() != kind || w.byID[p.id] != p {
			continue
		}
		ids = append(ids, p.id)
		if n := p.holds(); n > most {
			most, best = n, p.id
		}
	}
	if best != 0 {
		return best
	}
	return ids[s.Choose("which", len(ids))]
}

// holds counts the clients, sessions or avatars of a process.
func (p *process) holds() int {
	if g, ok := gateOf(p); ok {
		n := g.Inspect().Clients
		for _, l := range p.lanes {
			n += l.host.Lane().(*session.Shard).Len()
		}
		return n
	}
	if g, ok := gameOf(p); ok {
		return g.Inspect().Avatars
	}
	return 0
}

// PauseProcess stops a process for a while, as a stolen processor does.
func (w *World) PauseProcess(id node.ID, d time.Duration) {
	p := w.byID[id]
	if p.host == nil {
		return
	}
	life := p.life
	p.pause()
	w.heals(d, func() {
		if p.life == life {
			p.resume()
		}
	})
}

func (w *World) slowDown(id node.ID, d time.Duration) {
	p := w.byID[id]
	p.slow = 100
	w.heals(d, func() { p.slow = 1 })
}

func (w *World) partition(s choice.Stream) {
	a, b := w.anyServer(s), w.anyServer(s)
	if a == b {
		a = ManagerID
		b = GateID(1)
	}
	oneWay := s.Choose("one-way", 2) == 1
	w.PartitionFor(a, b, oneWay, w.lasting(s))
}

// PartitionFor lets nothing pass from one process to another for a while, nor
// back unless it is one-way.
func (w *World) PartitionFor(a, b node.ID, oneWay bool, d time.Duration) {
	w.net.At(w.now, w.netCause)
	w.net.Block(a, b)
	if !oneWay {
		w.net.Block(b, a)
	}
	w.heals(d, func() {
		w.net.At(w.now, w.netCause)
		w.net.Unblock(a, b)
		w.net.Unblock(b, a)
	})
}

// duplicate starts a second process under a name that is taken, on another machine.
func (w *World) duplicate(id node.ID, d time.Duration) {
	if id == ManagerID {
		id = GameID(1) // the manager's address leads to one machine
	}
	first := w.byID[id]
	p := w.addProcess(id, first.cfg, first.make)
	w.byID[id] = first
	p.restart = restartAfter
	p.start()
	w.heals(d, func() {
		p.crash(netsim.Gone)
		p.restart = 0
		p.gone = true
	})
}

func (w *World) hurtStore(d time.Duration) {
	st := w.stores[0]
	st.fail, st.lose, st.double, st.slow = 300_000, 200_000, 200_000, 50*time.Millisecond
	w.heals(d, func() { st.fail, st.lose, st.double, st.slow = 0, 0, 0, 0 })
}

// secondLogin starts another client with the same account.
func (w *World) secondLogin(c *Player) {
	w.sessionsMayEnd = true
	other := w.NewPlayer(c.account, func(cfg *client.Config) { cfg.StayKicked = true })
	other.Start()
	c.rival = other
}
