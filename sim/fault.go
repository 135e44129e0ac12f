package sim

import (
	"slices"
	"strconv"
	"time"

	"messiah/core/node"
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
	Stop         FaultKind = "stop"        // a process is asked to stop in good order, and starts again
	Upgrade      FaultKind = "upgrade"     // it stops in good order, and its next life has a newer schema
	Pause        FaultKind = "pause"       // a process stops for a while, its machine does not
	Slow         FaultKind = "slow"        // handlers and lanes take a hundred times as long
	SlowLanes    FaultKind = "slow-lanes"  // lanes alone do
	Starve       FaultKind = "starve"      // the loop is busy with one thing for a while
	ClockJump    FaultKind = "clock-jump"  // a wall clock is set forward or back
	BreakLinks   FaultKind = "break-links" // every process connection of a process breaks
	Partition    FaultKind = "partition"   // two processes do not reach each other, in one direction or both
	Clog         FaultKind = "clog"        // some links of a process stop, and are let go one by one
	Duplicate    FaultKind = "duplicate"   // a second process is started under the same name
	StoreFault   FaultKind = "store-fault" // the store fails, loses and doubles answers
	StoreFail    FaultKind = "store-fail"  // every operation fails, half of them carried out all the same
	StoreSlow    FaultKind = "store-slow"
	StoreCrash   FaultKind = "store-crash" // the store loses what it had not synced, and is away for a while
	BadLink      FaultKind = "bad-link"    // a client's link turns bad: slow, lossy, stalling, or corrupting
	DropClient   FaultKind = "drop-client" // the client's connection breaks
	CutClient    FaultKind = "cut-client"  // nothing passes between client and gates for a while
	OtherGate    FaultKind = "other-gate"  // the client loses its gate from sight, and comes back through another
	CrashClient  FaultKind = "crash-client"
	SecondLogin  FaultKind = "second-login" // another client logs in with the same account
)

// clusterFaults hurt the processes of the cluster, clientFaults one client.
var (
	clusterFaults = [...]FaultKind{
		CrashManager, CrashDB, CrashGate, CrashGame, Stop, Upgrade, Pause, Slow, SlowLanes, Starve, ClockJump,
		BreakLinks, Partition, Clog, Duplicate,
	}
	storeFaults  = [...]FaultKind{StoreFault, StoreFail, StoreSlow, StoreCrash}
	clientFaults = [...]FaultKind{BadLink, DropClient, CutClient, OtherGate, CrashClient, SecondLogin}
)

// FaultKinds lists the kinds that a conversation, one of Talks, is tried against.
func FaultKinds(talk string) []FaultKind {
	kinds := slices.Clone(clusterFaults[:])
	if talk == "start" {
		return kinds
	}
	kinds = slices.DeleteFunc(kinds, func(kind FaultKind) bool { return kind == Duplicate })
	return append(append(kinds, storeFaults[:]...), clientFaults[:]...)
}

// AllFaultKinds lists every kind.
func AllFaultKinds() []FaultKind {
	return slices.Concat(clusterFaults[:], storeFaults[:], clientFaults[:])
}

// Fault is one fault of a run: what a plan lists, and what minimising leaves out.
type Fault struct {
	Site   int       // which fault of the story it is, counted from 1; 0 for one that comes at its time by itself
	At     node.Time // when it struck, or is to
	Kind   FaultKind
	Target node.ID       // whom it strikes; 0 for the store
	Other  node.ID       // the other side of a partition
	OneWay bool          // of a partition: only from Target to Other
	For    time.Duration // how long it lasts; of a crash or stop, how long until the next life, 0 for none
	With   string        // of a bad link its profile, of a clog the links as bits, of a clock the jump, of a slow store by how much
}

// faultLog remembers what to heal, what struck, and which fault hit which step.
type faultLog struct {
	heals  []func()
	byStep map[string]uint64 // "talk/step/kind"
	sites  int               // faults of the story so far, struck or left out
	struck []Fault
}

// maxFaults bounds the faults that a run remembers; over it they strike and are not listed.
const maxFaults = 4096

func (f *faultLog) init() { f.byStep = map[string]uint64{} }

// FaultByStep returns how often each kind of fault hit each step: the keys are "talk/step/kind".
func (w *World) FaultByStep() map[string]uint64 { return w.faults.byStep }

// Faults returns the faults that have struck so far, in order.
func (w *World) Faults() []Fault { return w.faults.struck }

// hitStep counts a fault that was injected right behind a step.
func (w *World) hitStep(talk, step string, kind FaultKind) {
	w.faults.byStep[talk+"/"+step+"/"+string(kind)]++
}

// strike lets a fault strike that the story itself has set, whom and when. Where
// the run has a plan, it says whether it does, and for how long. False says that
// it did not strike.
func (w *World) strike(f Fault) bool {
	listed, strikes := w.planned(&f)
	if strikes {
		f.For = listed.For
		w.hurt(f)
	} else {
		w.cut = true
	}
	return strikes
}

// strikeDrawn lets a fault strike that was drawn. Where the run has a plan, the
// plan's fault takes its place.
func (w *World) strikeDrawn(f Fault) bool {
	listed, strikes := w.planned(&f)
	if strikes {
		w.hurt(listed)
	}
	return strikes
}

// planned numbers a fault of the story, and returns what the plan has in its
// place: the fault itself, where nothing else is listed.
func (w *World) planned(f *Fault) (listed Fault, strikes bool) {
	w.faults.sites++
	f.Site = w.faults.sites
	if !w.opts.allows(f.Kind) {
		return *f, false
	}
	if w.plan == nil || !w.plan.Listed {
		return *f, true
	}
	i := slices.IndexFunc(w.plan.Faults, func(one Fault) bool { return one.Site == f.Site })
	if i < 0 {
		return *f, false
	}
	return w.plan.Faults[i], true
}

// scheduleFaults schedules the faults of the plan that come by themselves.
func (w *World) scheduleFaults() {
	if w.plan == nil {
		return
	}
	for _, f := range w.plan.Faults {
		if f.Site == 0 {
			w.At(f.At, func() { w.hurt(f) })
		}
	}
}

// hurt lets a fault strike now.
func (w *World) hurt(f Fault) {
	f.At = w.now
	if len(w.faults.struck) < maxFaults {
		w.faults.struck = append(w.faults.struck, f)
	}
	w.trace.note(w.now, "fault "+f.String())
	w.apply(f)
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
	w.states.active++
	once := func() {
		if !done {
			done = true
			w.states.active--
			heal()
		}
	}
	w.faults.heals = append(w.faults.heals, once)
	w.After(after, once)
}

// Inject draws a fault of a kind and lets it strike now. The client, which may be
// nil, is whom faults of clients are for. False says that it did not strike: it
// had nobody to strike, or the run's plan leaves it out.
func (w *World) Inject(kind FaultKind, c *Player, s choice.Stream) bool {
	return w.injectAmong(kind, nil, c, s)
}

// injectAmong is Inject at one of some processes, where the kind strikes processes of theirs.
func (w *World) injectAmong(kind FaultKind, among []node.ID, c *Player, s choice.Stream) bool {
	f := Fault{Kind: kind, At: w.now}
	if slices.Contains(clientFaults[:], kind) {
		if c == nil {
			return false
		}
		f.Target = c.ID()
	}
	w.drawTarget(&f, s)
	aim(&f, among, s)
	if lasts(kind) {
		f.For = w.lasting(s)
	}
	w.drawDetails(&f, s)
	return w.strikeDrawn(f)
}

// lasts tells whether a kind takes a time.
func lasts(kind FaultKind) bool {
	switch kind {
	case BreakLinks, DropClient, CrashClient, SecondLogin:
		return false
	}
	return true
}

// drawTarget draws which process of the cluster is struck.
func (w *World) drawTarget(f *Fault, s choice.Stream) {
	switch f.Kind {
	case CrashManager:
		f.Target = ManagerID
	case CrashDB:
		f.Target = DBID
	case CrashGate:
		f.Target = w.busiest(node.Gate, s)
	case CrashGame:
		f.Target = w.busiest(node.Game, s)
	case Stop, Upgrade, Pause, Slow, SlowLanes, Starve, ClockJump, BreakLinks, Clog, Duplicate:
		f.Target = w.anyServer(s)
	case Partition:
		f.Target, f.Other = w.anyServer(s), w.anyServer(s)
		if f.Target == f.Other {
			f.Target, f.Other = ManagerID, GateID(1)
		}
		f.OneWay = s.Choose("one-way", 2) == 1
	}
	if f.Kind == Duplicate && f.Target == ManagerID {
		f.Target = GameID(1) // the manager's address leads to one machine
	}
}

// drawDetails draws what only some kinds have.
func (w *World) drawDetails(f *Fault, s choice.Stream) {
	switch f.Kind {
	case StoreSlow:
		f.With = max(f.For/4, time.Millisecond).String()
	case BadLink:
		names := stormNames()
		f.With = names[s.Choose("profile", len(names))]
	case Clog:
		f.With = strconv.Itoa(1 + s.Choose("links", 255))
	case ClockJump:
		jumps := [...]time.Duration{time.Second, -time.Second, time.Hour, -time.Hour, 48 * time.Hour}
		f.With = jumps[s.Choose("jump", len(jumps))].String()
	}
}

// lasting draws how long a fault lasts: from barely noticed to longer than every time-out that it meets.
func (w *World) lasting(s choice.Stream) time.Duration {
	spans := [...]time.Duration{
		300 * time.Millisecond, 30 * time.Millisecond, 100 * time.Millisecond, time.Second,
		1500 * time.Millisecond, 3 * time.Second, 4 * time.Second, 6 * time.Second,
	}
	return spans[s.Choose("lasting", len(spans))]
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
