package manager

import (
	"cmp"
	"slices"

	"messiah/core/must"
	"messiah/core/node"
	"messiah/core/planted"
	"messiah/core/proto"
)

// register takes a process in, for the first time or after a restart of the manager.
func (m *Manager) register(env *node.Env, from node.Peer, r *proto.Register) {
	m.believe(env, r.Dead)
	if slices.Contains(m.dead, from) {
		// Its registration was on its way when it was declared dead; the link's end follows.
		env.Mark("register-of-the-dead")
		return
	}
	i, found := slices.BinarySearchFunc(m.procs, from.ID, func(p proc, id node.ID) int { return cmp.Compare(p.peer.ID, id) })
	p := proc{
		peer: from, addr: r.Addr, clients: r.Clients, list: r.List, ready: r.Opened && from.ID.Kind() == node.Game,
		classes: r.Classes, stubs: r.Stubs, closed: r.Closed, drains: r.Drains, edition: r.Edition,
	}
	if from.ID.Kind() == node.Gate {
		p.ready, p.admits = r.List > 0, r.Opened
	}
	if planted.On("stub-made-twice") { // what a process tells of its stubs is not heard
		p.stubs = nil
	}
	if found && !planted.On("listed-twice") { // who registers again is put on the list once more
		m.procs[i] = p
	} else {
		m.procs = slices.Insert(m.procs, i, p)
	}
	env.Cancel(timerDead, uint64(from.ID))
	if p.admits {
		// A manager before this one had opened the cluster.
		m.opened = true
	}
	m.version = max(m.version, r.List)
	m.linked = append(m.linked, r.Linked...)
	if m.settled {
		m.bury(env)
	}
	env.Log(node.Info, "process registered", "process", from.ID, "incarnation", from.Inc, "address", r.Addr)
	m.advance(env, membersChanged)
}

// believe takes over whom a process holds for dead: an earlier manager has said so, and
// no process that heard it has to do with such a life again, even if it still runs.
func (m *Manager) believe(env *node.Env, dead []node.Peer) {
	for _, peer := range dead {
		if peer.ID.Kind() == node.Manager || slices.Contains(m.dead, peer) {
			continue
		}
		if p := m.find(peer.ID); p != nil && p.peer == peer {
			env.Mark("registered-though-dead")
			m.remove(env, peer)
			continue
		}
		m.remember(peer) // the clock that runs for a further life of that process goes on
		env.Forget(peer)
	}
}

// settle ends the time of recovery: who was known to others and has not come back is dead.
func (m *Manager) settle(env *node.Env) {
	if m.settled {
		return
	}
	if !m.opened {
		// A gate that could say that the cluster is open has not come back yet, if it is: see again later.
		env.After(m.cfg.RecoverFor, timerSettle, 0)
		return
	}
	m.markSettled(env)
	m.advance(env, membersChanged)
}

func (m *Manager) markSettled(env *node.Env) {
	m.settled = true
	m.bury(env)
}

// bury remembers as dead the lives that others have links to and that are not
// registered: they ended while no manager was there to see it.
func (m *Manager) bury(env *node.Env) {
	for _, peer := range m.linked {
		p := m.find(peer.ID)
		if peer.ID.Kind() == node.Manager || p != nil && p.peer == peer || slices.Contains(m.dead, peer) {
			continue
		}
		env.Mark("died-while-manager-was-away")
		m.remember(peer)
		env.Forget(peer)
	}
	m.linked = nil
}

func (m *Manager) remember(dead node.Peer) {
	m.dead = append(m.dead, dead)
	if len(m.dead) > MaxDead {
		m.dead = slices.Delete(m.dead, 0, len(m.dead)-MaxDead)
	}
}

// linkDown hears the end of a link, which only the manager's own Forget brings about.
func (m *Manager) linkDown(peer node.Peer) {
	p := m.find(peer.ID)
	must.True(p == nil || p.peer != peer, "the link to %v has ended, which is listed", peer.ID)
}

// declareDead says that a process is dead whose connection stayed broken.
func (m *Manager) declareDead(env *node.Env, peer node.Peer) {
	if p := m.find(peer.ID); p != nil && p.peer == peer {
		env.Mark("declared-dead-" + peer.ID.Kind().String())
		env.Log(node.Warn, "process is dead", "process", peer.ID, "incarnation", peer.Inc)
	}
	m.remove(env, peer)
}

// remove is the one place where a process is said to be over, for good. Its late
// words may still be on the way; each receiver hears the end of its own link
// only after them.
func (m *Manager) remove(env *node.Env, peer node.Peer) {
	env.Cancel(timerDead, uint64(peer.ID))
	env.Forget(peer)
	if !slices.Contains(m.dead, peer) {
		m.remember(peer)
	}
	p := m.find(peer.ID)
	if p == nil || p.peer != peer {
		return
	}
	m.procs = slices.DeleteFunc(m.procs, func(p proc) bool { return p.peer == peer })
	m.shedLost(peer)
	if m.primary == peer {
		m.primary = node.Peer{}
	}
	m.advance(env, membersChanged)
}

func (m *Manager) ready(env *node.Env, from node.Peer, version uint64) {
	p := m.find(from.ID)
	if p == nil || p.peer != from {
		return
	}
	first := !p.ready || planted.On("list-without-news") // a word that changes nothing brings a new list
	p.ready, p.list = true, max(p.list, version)
	if first && m.step > proto.StepGameList {
		m.advance(env, listChanged)
		return
	}
	m.advance(env, nothingChanged)
}

func (m *Manager) stubsMade(env *node.Env, from node.Peer, stubs []proto.StubMade) {
	p := m.find(from.ID)
	if p == nil || p.peer != from {
		return
	}
	p.stubs, m.asked = stubs, nil
	m.advance(env, listChanged)
}

// change says what of the list is another than before.
type change uint8

const (
	nothingChanged change = iota
	listChanged           // something about a process that is on it
	membersChanged        // who is on it
)

// advance takes the cluster as many steps forward as the facts allow, or back
// to the step that they prove. If the facts of the list changed, it is sent anew.
func (m *Manager) advance(env *node.Env, what change) {
	if !m.settled && m.complete() {
		m.markSettled(env)
	}
	if !m.settled {
		// A restarted manager must not act on half a picture, nor a new one open half a cluster.
		m.moveTo(env, proto.StepStarted)
		return
	}
	if !m.opened && !m.complete() {
		m.moveTo(env, proto.StepStarted)
		return
	}
	if what == membersChanged {
		m.members = m.version + 1
	}
	if what != nothingChanged {
		m.broadcast(env)
	}
	m.moveTo(env, m.proven(env))
	m.admit(env)
}

// complete tells whether every expected process has registered.
func (m *Manager) complete() bool {
	any := func(*proc) bool { return true }
	gates, _ := m.count(node.Gate, any)
	games, _ := m.count(node.Game, any)
	dbs, _ := m.count(node.DB, any)
	return gates >= m.cfg.Gates && games >= m.cfg.Games && dbs >= 1
}

// proven returns the last step whose conditions hold, and asks for what the next one needs.
func (m *Manager) proven(env *node.Env) proto.Step {
	// A word about an earlier list does not count: a game of it may have been another life.
	reported := func(p *proc) bool { return p.ready && p.list >= m.members }
	if !m.opened {
		if ready, all := m.count(node.Gate, reported); ready < all {
			return proto.StepGameList
		}
		if ready, all := m.count(node.Game, reported); ready < all {
			return proto.StepGatesConnected
		}
	}
	if m.primary == (node.Peer{}) && !m.choosePrimary(env) {
		return proto.StepReported
	}
	missing := m.missing()
	if len(missing) == 0 || planted.On("admit-before-stubs") { // the stubs are not waited for
		return proto.StepAdmit
	}
	if !slices.Equal(missing, m.asked) {
		m.asked = missing
		m.askForStubs(env, missing)
	}
	return proto.StepPrimary
}

// askForStubs has the stubs created that the cluster lacks: by the primary, and those that it does not
// know, as it may be an older build than another game, by the first game that does.
func (m *Manager) askForStubs(env *node.Env, missing []string) {
	for i := range m.procs {
		p := &m.procs[i]
		var names []string
		for _, name := range missing {
			if m.creator(name) == p {
				names = append(names, name)
			}
		}
		if len(names) > 0 {
			send(env, p.peer.ID, &proto.BePrimary{Missing: names})
		}
	}
}

// creator returns which game is to create a stub.
func (m *Manager) creator(name string) *proc {
	if p := m.find(m.primary.ID); p != nil && slices.Contains(p.classes, name) {
		return p
	}
	for i := range m.procs {
		if p := &m.procs[i]; p.ready && !p.drains && slices.Contains(p.classes, name) {
			return p
		}
	}
	return nil // a game that is not ready yet: asked for once it is
}

// choosePrimary makes the first ready game the primary that is not about to leave.
func (m *Manager) choosePrimary(env *node.Env) bool {
	for i := range m.procs {
		if p := &m.procs[i]; p.peer.ID.Kind() == node.Game && p.ready && !p.drains {
			m.primary, m.asked = p.peer, nil
			env.Log(node.Info, "primary chosen", "game", p.peer.ID)
			return true
		}
	}
	return false
}

// moveTo enters a step by way of all between, each told once.
func (m *Manager) moveTo(env *node.Env, to proto.Step) {
	for m.step < to {
		m.step++
		env.Mark("step-" + m.step.String())
		env.Log(node.Info, "start-up", "step", int(m.step), "name", m.step.String())
	}
	if m.step > to {
		env.Mark("step-back")
		env.Log(node.Info, "start-up goes back", "step", int(to), "name", to.String())
		m.step = to
	}
	if m.step == proto.StepAdmit {
		m.opened = true
	}
}

// admit opens the gates in the ninth step and closes them in any other. Before
// the manager has settled, gates stay as they are.
func (m *Manager) admit(env *node.Env) {
	open := m.step == proto.StepAdmit
	for i := range m.procs {
		p := &m.procs[i]
		if p.peer.ID.Kind() == node.Gate && p.admits != open && (p.ready || !open) {
			p.admits = open
			send(env, p.peer.ID, &proto.Admit{Open: open})
		}
	}
}
