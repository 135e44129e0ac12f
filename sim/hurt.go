package sim

import (
	"slices"
	"strconv"
	"time"

	"messiah/core/client"
	"messiah/core/node"
	"messiah/core/session"
	"messiah/netsim"
)

// How each kind of fault hurts, and heals.

// longest is more than any fault's time in a plan.
const longest = 24 * time.Hour

// apply lets a fault strike. One whose target is not there, or does not run,
// strikes nobody.
func (w *World) apply(f Fault) {
	w.net.At(w.now, w.netCause)
	switch f.Kind {
	case StoreFault, StoreFail, StoreSlow, StoreCrash:
		w.hurtStore(f)
		return
	}
	p := w.byID[f.Target]
	if p == nil {
		return
	}
	if f.Target.Kind() == node.Client {
		w.hurtClient(f, p)
		return
	}
	switch f.Kind {
	case Pause, Slow, SlowLanes, Starve, ClockJump:
		w.hurtTime(f, p)
	case BreakLinks, Partition, Clog:
		w.hurtLinks(f)
	default:
		w.hurtLife(f, p)
	}
}

// hurtLife ends a life of a process, or starts one too many.
func (w *World) hurtLife(f Fault, p *process) {
	switch f.Kind {
	case CrashManager, CrashDB, CrashGate, CrashGame:
		if p.host == nil {
			return
		}
		p.crash(netsim.Gone)
		if f.For > 0 {
			w.After(f.For, p.start)
		}
	case Stop, Upgrade:
		if p.host == nil {
			return
		}
		if f.Kind == Upgrade {
			p.cfg.Version.Schema++
			p.cfg.Version.Digest ^= uint64(p.cfg.Version.Schema)
		}
		p.again = f.For
		p.arrive(&node.Input{Kind: node.InStop})
	case Duplicate:
		w.duplicate(p, f.For)
	}
}

// duplicate starts a second process under a name that is taken, on another machine.
func (w *World) duplicate(first *process, d time.Duration) {
	p := w.addProcess(first.id, first.cfg, first.make)
	w.byID[first.id] = first
	p.restart = restartAfter
	p.start()
	w.heals(d, func() {
		p.crash(netsim.Gone)
		p.restart = 0
		p.gone = true
	})
}

// slower is by how much the two slow kinds slow down.
const slower = 100

// hurtTime takes time from a process, or lies to it about what time it is.
func (w *World) hurtTime(f Fault, p *process) {
	switch f.Kind {
	case Pause:
		if p.host == nil {
			return
		}
		life := p.life
		p.pause()
		w.heals(f.For, func() {
			if p.life == life {
				p.resume()
			}
		})
	case Slow:
		p.slow, p.slowLanes = slower, slower
		w.heals(f.For, func() { p.slow, p.slowLanes = 1, 1 })
	case SlowLanes:
		p.slowLanes = slower
		w.heals(f.For, func() { p.slowLanes = 1 })
	case Starve:
		p.freeAt = max(p.freeAt, w.now.Add(f.For))
		w.heals(f.For, func() {
			if p.freeAt > w.now && p.host != nil {
				p.freeAt = w.now
				p.schedule()
			}
		})
	case ClockJump:
		by, err := time.ParseDuration(f.With)
		if err != nil {
			return
		}
		p.skew += by
		w.heals(f.For, func() { p.skew -= by })
	}
}

// hurtLinks breaks or stops links between processes.
func (w *World) hurtLinks(f Fault) {
	switch f.Kind {
	case BreakLinks:
		w.net.ResetAt(f.Target, netsim.Process)
	case Partition:
		w.blockFor(f.Target, f.Other, f.For)
		if !f.OneWay {
			w.blockFor(f.Other, f.Target, f.For)
		}
	case Clog:
		w.clog(f)
	}
}

// blockFor lets nothing pass in one direction for a while.
func (w *World) blockFor(from, to node.ID, d time.Duration) {
	w.net.Block(from, to)
	w.heals(d, func() {
		w.net.At(w.now, w.netCause)
		w.net.Unblock(from, to)
	})
}

// clog stops the links of a process that the fault's bits name, counted out and
// in by the other processes in their order, and lets them go one after the other.
func (w *World) clog(f Fault) {
	bits, err := strconv.ParseUint(f.With, 10, 64)
	if err != nil {
		return
	}
	var links [][2]node.ID
	for i, p := range w.servers() {
		if p.id == f.Target || w.byID[p.id] != p {
			continue
		}
		if bits>>(2*i%8)&1 == 1 {
			links = append(links, [2]node.ID{f.Target, p.id})
		}
		if bits>>(2*i%8+1)&1 == 1 {
			links = append(links, [2]node.ID{p.id, f.Target})
		}
	}
	for i, l := range links {
		w.blockFor(l[0], l[1], f.For*time.Duration(i+1)/time.Duration(len(links)))
	}
}

// hurtStore makes trouble with the record store.
func (w *World) hurtStore(f Fault) {
	st := w.stores[0]
	switch f.Kind {
	case StoreFault:
		st.fail, st.lose, st.double, st.slow = 300_000, 200_000, 200_000, 50*time.Millisecond
		w.heals(f.For, func() {
			st.fail, st.lose, st.double, st.slow = w.opts.StoreFail, w.opts.StoreLose, w.opts.StoreDouble, 0
		})
	case StoreFail:
		st.fail = netsim.Million
		w.heals(f.For, func() { st.fail = w.opts.StoreFail })
	case StoreSlow:
		by, err := time.ParseDuration(f.With)
		if err != nil {
			return
		}
		st.slow += by
		w.heals(f.For, func() { st.slow = max(0, st.slow-by) })
	case StoreCrash:
		st.crash()
		w.heals(f.For, func() { st.away = false })
	}
}

// hurtClient strikes a client.
func (w *World) hurtClient(f Fault, p *process) {
	switch f.Kind {
	case DropClient:
		if p.host != nil {
			p.lanes[client.LaneSession].push(&node.Input{Kind: node.InTask, Type: session.TaskAbort})
		}
	case CutClient:
		if f.For >= w.opts.Grace {
			w.sessionsMayEnd = true
		}
		for i := 1; i <= w.opts.Gates; i++ {
			w.blockFor(p.id, GateID(i), f.For)
			w.blockFor(GateID(i), p.id, f.For)
		}
	case OtherGate:
		w.otherGate(f, p)
	case BadLink:
		w.badLink(f, p)
	case CrashClient:
		p.crash(netsim.Gone)
	case SecondLogin:
		w.sessionsMayEnd = true
		w.NewPlayer(p.account, func(cfg *client.Config) {
			cfg.StayKicked, cfg.Method, cfg.Asked = true, p.method, p.method == "" // it does what the first one does: not every game has a method count
		}).Start()
	}
}

// otherGate takes the gate that a client has from its sight, and breaks its
// connection: it resumes through another one, where there is another. Of a client
// that has none yet, every other gate goes.
func (w *World) otherGate(f Fault, p *process) {
	if f.For >= w.opts.Grace {
		w.sessionsMayEnd = true
	}
	c := Player{w: w, p: p, account: p.account}
	mine := c.gate()
	for i := 1; i <= w.opts.Gates; i++ {
		if id := GateID(i); id == mine || mine == 0 && i%2 == 1 {
			w.blockFor(p.id, id, f.For)
			w.blockFor(id, p.id, f.For)
		}
	}
	if p.host != nil {
		p.lanes[client.LaneSession].push(&node.Input{Kind: node.InTask, Type: session.TaskAbort})
	}
}

// storms are the profiles of bad links.
func storms() []netsim.Profile {
	return append(netsim.Profiles()[2:], netsim.Torn())
}

func stormNames() []string {
	var names []string
	for _, p := range storms() {
		names = append(names, p.Name)
	}
	return names
}

// badLink gives a client's links another profile for a while.
func (w *World) badLink(f Fault, p *process) {
	all := storms()
	i := slices.IndexFunc(all, func(one netsim.Profile) bool { return one.Name == f.With })
	if i < 0 {
		return
	}
	for g := 1; g <= w.opts.Gates; g++ {
		for _, l := range [...]*netsim.Link{w.net.Link(p.id, GateID(g)), w.net.Link(GateID(g), p.id)} {
			l.SetProfile(all[i])
			w.heals(f.For, func() { l.SetProfile(w.opts.ClientLink) })
		}
	}
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
