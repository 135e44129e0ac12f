package world

import (
	"slices"
	"time"

	"messiah/core/node"
	"messiah/core/proto"
	"messiah/netsim"
	"messiah/sim"

	"pgregory.net/rapid"
)

// draws is rapid as the stream of whoever draws a fault: what is struck shrinks and is known by its label.
type draws struct{ *rapid.T }

func (d draws) Choose(label string, n int) int { return rapid.IntRange(0, n-1).Draw(d.T, label) }

// hurts are the kinds of fault that no action of its own brings.
var hurts = []sim.FaultKind{
	sim.StoreFail, sim.StoreSlow, sim.StoreFault, sim.StoreCrash, sim.Slow, sim.SlowLanes, sim.Starve, sim.ClockJump,
	sim.Upgrade, sim.BreakLinks, sim.Clog, sim.BadLink, sim.OtherGate, sim.CrashClient,
}

func (w *travellers) hurt(t *rapid.T) {
	kind := rapid.SampledFrom(hurts).Draw(t, "kind")
	_, p := w.present(t)
	before := len(w.Faults())
	w.Tell(func() { w.Inject(kind, p, draws{t}) })
	for _, f := range w.Faults()[before:] {
		w.note("%v", f)
	}
}

// blow is what strikes at a step, whom, and how it is told.
type blow struct {
	name   string
	strike func(w *travellers, at node.ID, d time.Duration)
}

var blows = []blow{
	{"crash", func(w *travellers, at node.ID, d time.Duration) { w.Crash(at, d) }},
	{"stop", func(w *travellers, at node.ID, d time.Duration) { w.Stop(at, d) }},
	{"pause", func(w *travellers, at node.ID, d time.Duration) { w.PauseProcess(at, d) }},
	{"break-links", func(w *travellers, at node.ID, _ time.Duration) { w.BreakLinks(at) }},
	{"cut-from-manager", func(w *travellers, at node.ID, d time.Duration) { w.apart(at, sim.ManagerID, d) }},
	{"cut-from-db", func(w *travellers, at node.ID, d time.Duration) { w.apart(at, sim.DBID, d) }},
}

func (w *travellers) apart(a, b node.ID, d time.Duration) {
	if a != b {
		w.PartitionFor(a, b, false, d)
	}
}

// affront is what befalls the client of whoever moves.
type affront struct {
	name   string
	strike func(w *travellers, p *sim.Player, d time.Duration)
}

var affronts = []affront{
	{"drop", func(_ *travellers, p *sim.Player, _ time.Duration) { p.Drop() }},
	{"cut", func(_ *travellers, p *sim.Player, d time.Duration) { p.Cut(d) }},
	{"kick", func(w *travellers, p *sim.Player, _ time.Duration) { w.Kick(p.Account()) }},
	{"log out", func(_ *travellers, p *sim.Player, _ time.Duration) { p.Leave() }},
	{"crash", func(_ *travellers, p *sim.Player, _ time.Duration) { p.Crash() }},
}

// parts are those who can be struck at a step: the three that take part in the migration, its client,
// and the two that are there once.
var parts = []string{"source", "target", "arbiter", "client", "manager", "db"}

// moveSteps are the steps of a migration, those of its ways back behind.
var moveSteps = slices.Concat(named("migrate"), named("return"))

type talkStep struct{ talk, name string }

func named(talk string) []talkStep {
	var all []talkStep
	for _, name := range sim.StepNames(talk) {
		all = append(all, talkStep{talk, name})
	}
	return all
}

// strike lets a blow wait for a step of the next migration that comes by it.
func (w *travellers) strike(t *rapid.T) {
	if w.blows == maxBlows {
		t.Skip("enough wait")
	}
	part := rapid.SampledFrom(parts).Draw(t, "whom")
	step := rapid.SampledFrom(moveSteps).Draw(t, "step")
	d := rapid.SampledFrom(spells).Draw(t, "how long")
	var name string
	var act func(m *sim.Migration, at node.ID)
	if part == "client" {
		one := rapid.SampledFrom(affronts).Draw(t, "blow")
		name, act = one.name, func(m *sim.Migration, _ node.ID) { w.affronted(one, m, d) }
	} else {
		one := rapid.SampledFrom(blows).Draw(t, "blow")
		name, act = one.name, func(m *sim.Migration, at node.ID) { w.struck(one, part, m, at, d) }
	}
	w.note("%s %s at step %s, for %v", name, part, step.name, d)
	w.blows++
	w.OnStep(step.talk, step.name, 0, 0, func(at node.ID) {
		w.blows--
		if !w.over {
			act(w.moving(at), at)
		}
	})
}

// moving returns the migration that has come to a step at a process, nil where no gate knows of one.
func (w *travellers) moving(at node.ID) *sim.Migration {
	for _, m := range w.Migrations() {
		if at == sim.DBID || at == m.Gate || at == m.Source.ID || at == m.Target.ID {
			return &m
		}
	}
	return nil
}

func (w *travellers) struck(one blow, part string, m *sim.Migration, at node.ID, d time.Duration) {
	switch {
	case part == "manager":
		at = sim.ManagerID
	case part == "db":
		at = sim.DBID
	case m == nil: // whoever came by the step
	case part == "source":
		at = m.Source.ID
	case part == "target":
		at = m.Target.ID
	default:
		at = m.Gate
	}
	w.note("  %s %v now", one.name, at)
	one.strike(w, at, d)
}

func (w *travellers) affronted(one affront, m *sim.Migration, d time.Duration) {
	if m == nil || w.players[m.Account] == nil {
		return
	}
	w.note("  %s %s now", one.name, m.Account)
	one.strike(w, w.players[m.Account], d)
}

// stops are the kinds of message that can be held. Letters are held more often: a
// runner has to wait for its own wherever they stand.
var stops = []uint16{
	proto.TypeMail, proto.TypeMail, proto.TypeMail, proto.TypeMail,
	proto.TypePreReq, proto.TypePreOK, proto.TypeHold, proto.TypeHoldMark, proto.TypeState, proto.TypeBuilt,
	proto.TypeCommit, proto.TypeLive, proto.TypeLiveAck, proto.TypeLiveHeard, proto.TypeAbort, proto.TypeAborted,
	proto.TypeThawed, proto.TypeCancel, proto.TypeOrphan, proto.TypeAdopted, proto.TypeUndo,
	proto.TypeExpect, proto.TypeExpected, proto.TypeProxyMail, proto.TypeClientCall,
	proto.TypeProcesses, proto.TypeClaimed,
}

// hold stops a kind of message on its way to anybody, or to one process, and all that comes behind it on its link.
func (w *travellers) hold(t *rapid.T) {
	if w.held != nil {
		t.Skip("something is held")
	}
	kind := rapid.SampledFrom(stops).Draw(t, "kind")
	match := netsim.Match{Class: netsim.Process, Kind: kind}
	to := "anybody"
	if rapid.Bool().Draw(t, "to one") {
		to, match.To = w.process(t, "to")
	}
	w.note("hold %s to %s", sim.TypeName(kind), to)
	w.Tell(func() { w.held = w.Net().Hold(match) })
}

func (w *travellers) release(t *rapid.T) {
	if w.held == nil {
		t.Skip("nothing is held")
	}
	lost := rapid.Bool().Draw(t, "lost")
	w.letGo(lost)
}

// letGo ends the hold; what is lost takes its connections with it.
func (w *travellers) letGo(lost bool) {
	if w.held == nil {
		return
	}
	if lost {
		w.note("what is held is lost with its links")
		w.Tell(func() { w.Lose(w.held) })
	} else {
		w.note("release what is held")
		w.Tell(func() { w.Release(w.held) })
	}
	w.held = nil
}
