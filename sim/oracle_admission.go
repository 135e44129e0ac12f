package sim

import (
	"slices"

	"messiah/core/game"
	"messiah/core/gate"
	"messiah/core/manager"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
)

// admission checks that the steps of the start are taken when the facts behind
// them are there, and that no avatar exists before the ninth.
type admission struct {
	deaf
	w      *World
	step   proto.Step // that the manager's present life was seen at
	opened bool       // the ninth step was reached in this run
	linked map[[2]node.Peer]bool
	open   map[node.Peer]bool            // games whose server-open logic has run
	asked  *process                      // the game whose server-open logic runs in the handler under way
	stubs  map[string]bool               // created by a game of this run
	lists  map[node.Peer]proto.Processes // the last that each game was told
}

func newAdmission(w *World) *admission {
	return &admission{
		w: w, linked: map[[2]node.Peer]bool{}, open: map[node.Peer]bool{}, stubs: map[string]bool{},
		lists: map[node.Peer]proto.Processes{},
	}
}

func (o *admission) Started(p *process) {
	if p.id == ManagerID {
		o.step = 0
	}
}

// Ended forgets what a life was told that has not opened.
func (o *admission) Ended(p *process) { delete(o.lists, p.host.Self()) }

func (o *admission) Saw(s Sight) {
	switch s.What {
	case SawServerOpen:
		o.open[s.By.host.Self()] = true
		o.asked = s.By
	case SawStubCreated:
		o.stubs[s.Account] = true
	}
}

func (o *admission) Handled(p *process, in *node.Input) {
	switch n := p.host.Node().(type) {
	case *manager.Manager:
		o.manager(n)
	case *gate.Gate:
		if in.Kind == node.InLinkUp && in.From.Kind() == node.Game {
			o.linked[[2]node.Peer{p.host.Self(), {ID: in.From, Inc: in.Inc}}] = true
		}
		if !o.opened && in.Kind == node.InMessage && in.Type == proto.TypeAdmit && n.Inspect().Admits {
			o.w.Violate("admission", "%v admits logins before the ninth step", p.id)
		}
	case *game.Game:
		if in.Kind == node.InMessage && in.Type == proto.TypeProcesses {
			o.listed(p, in)
		}
		if o.asked == p {
			o.asked = nil
			o.serverOpen(p)
		}
		if !o.opened && in.Kind == node.InMessage && n.Inspect().Avatars > 0 {
			o.w.Violate("admission", "%v has an avatar before the ninth step", p.id)
		}
	}
}

// listed notes the list that a game is told, for as long as its server-open logic has not run.
func (o *admission) listed(p *process, in *node.Input) {
	var list proto.Processes
	if self := p.host.Self(); !o.open[self] || o.asked == p {
		if wire.Decode(in.Body, &list) == nil {
			o.lists[self] = list
		}
	}
}

// serverOpen wants every gate of the list by which a game has run its
// server-open logic to have been linked to it. A manager that has come back may
// know another life of a gate by then, under the same number of its list.
func (o *admission) serverOpen(p *process) {
	self := p.host.Self()
	list := o.lists[self]
	delete(o.lists, self)
	gates, db := 0, false
	for i := range list.Live {
		one := list.Live[i].Peer
		switch one.ID.Kind() {
		case node.Gate:
			gates++
			if !o.linked[[2]node.Peer{one, self}] && !o.w.linkedNow(one, self) {
				o.w.Violate("admission", "the server-open logic of %v has run, and %v was never linked to it", p.id, one.ID)
			}
		case node.DB:
			db = db || slices.ContainsFunc(p.host.Links(), func(l node.LinkInfo) bool { return l.Peer == one })
		}
	}
	if gates == 0 || !db {
		o.w.Violate("admission", "the server-open logic of %v has run with %d gates and db=%v", p.id, gates, db)
	}
}

// manager looks at a step when the manager reaches it.
func (o *admission) manager(m *manager.Manager) {
	step := m.Progress()
	if step == proto.StepAdmit {
		o.stands(m)
	}
	if step == o.step {
		return
	}
	before := o.step
	o.step = step
	if step < before || o.opened {
		return // a later member of the cluster goes through the same steps by itself
	}
	st := m.Inspect()
	for s := max(before+1, proto.StepStarted); s <= step; s++ {
		o.fact(s, &st)
	}
	o.opened = o.opened || step == proto.StepAdmit
}

// stands wants the facts behind the ninth step to hold for as long as the manager is at it.
func (o *admission) stands(m *manager.Manager) {
	if !m.HasPrimary() {
		o.w.Violate("admission", "step %v without a primary", m.Progress())
	}
	for _, name := range o.w.stubNames() {
		if !m.HasStub(name) {
			o.w.Violate("admission", "step %v, and no process has the stub %s", m.Progress(), name)
		}
	}
}

// fact checks what must be true when a step is reached for the first time.
func (o *admission) fact(s proto.Step, st *manager.Status) {
	w := o.w
	switch s {
	case proto.StepRegistered, proto.StepAdmit:
		o.stubsMade(s)
		if got, want := len(st.Processes), w.opts.Gates+w.opts.Games+1; got < want {
			w.Violate("admission", "step %v with %d of %d processes registered", s, got, want)
		}
	case proto.StepGatesConnected:
		o.pairs(st, func(gate, game node.Peer) {
			if !o.linked[[2]node.Peer{gate, game}] && !w.linkedNow(gate, game) {
				w.Violate("admission", "step %v, but %v was never linked to %v", s, gate.ID, game.ID)
			}
		})
	case proto.StepServerOpen, proto.StepReported:
		for i := range st.Processes {
			if p := st.Processes[i].Peer; p.ID.Kind() == node.Game && !o.open[p] {
				w.Violate("admission", "step %v, but the server-open logic of %v has not run", s, p.ID)
			}
		}
	case proto.StepPrimary:
		if st.Primary.ID.Kind() != node.Game {
			w.Violate("admission", "step %v without a primary", s)
		}
	case proto.StepStubs:
		o.stubsMade(s)
	}
}

func (o *admission) stubsMade(s proto.Step) {
	for _, name := range o.w.stubNames() {
		if s >= proto.StepStubs && !o.stubs[name] {
			o.w.Violate("admission", "step %v, but the stub %s was never created", s, name)
		}
	}
}

// linkedNow tells whether a life keeps a link to another, or is over.
func (w *World) linkedNow(from, to node.Peer) bool {
	for _, p := range w.servers() {
		if p.host != nil && p.host.Self() == from {
			return slices.ContainsFunc(p.host.Links(), func(l node.LinkInfo) bool { return l.Peer == to })
		}
	}
	return true
}

func (o *admission) pairs(st *manager.Status, visit func(gate, game node.Peer)) {
	for i := range st.Processes {
		for j := range st.Processes {
			a, b := st.Processes[i].Peer, st.Processes[j].Peer
			if a.ID.Kind() == node.Gate && b.ID.Kind() == node.Game {
				visit(a, b)
			}
		}
	}
}

// stubNames lists the stubs that the game's code can create.
func (w *World) stubNames() []string {
	if w.stubs == nil {
		script := w.cfg.Game.Script(Observer{})
		w.stubs = append([]string{}, script.Stubs()...)
	}
	return w.stubs
}
