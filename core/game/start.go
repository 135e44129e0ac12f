package game

import (
	"slices"

	"messiah/core/node"
	"messiah/core/planted"
	"messiah/core/proto"
)

func (g *Game) linkUp(env *node.Env, in *node.Input) {
	switch in.From.Kind() {
	case node.Manager:
		g.register(env)
	case node.Gate:
		for _, l := range g.leaving.All() {
			if l.phase == ledger && !g.linked(env, l.gate) {
				g.askTarget(env, l)
			}
		}
	case node.DB:
		g.askAgain(env)
		g.askQuestionsAgain(env)
		g.reportReady(env)
	}
}

// register tells a manager, new or restarted, who this is and how far it has come.
func (g *Game) register(env *node.Env) {
	g.send(env, managerID, &proto.Register{
		Addr: g.cfg.Listen, List: g.told, Opened: g.told > 0, Classes: g.script.Stubs(), Stubs: g.stubs, Linked: env.Links(),
		Dead: env.Dead(), Closed: g.closed, Drains: g.draining.on, Edition: g.world.Edition(),
	})
	g.draining.told = proto.Draining{} // this manager has heard nothing of it
}

func (g *Game) linked(env *node.Env, p node.Peer) bool {
	peer, ok := env.PeerOf(p.ID)
	return ok && peer == p
}

// processes takes the manager's list: link to the db, forget the dead.
func (g *Game) processes(env *node.Env, _ node.Peer, list *proto.Processes) {
	for _, dead := range list.Dead {
		env.Forget(dead)
	}
	g.forgetHeard(list.Dead)
	g.list = *list
	g.closedList(env)
	for i := range list.Live {
		if p := &list.Live[i]; p.Peer.ID.Kind() == node.DB && p.Addr != "" {
			env.Connect(p.Peer, p.Addr)
		}
	}
	g.reportReady(env)
}

// gateConnected hears from a gate that it is connected to every game.
func (g *Game) gateConnected(env *node.Env, gate node.Peer, _ *proto.GateConnected) {
	if !slices.Contains(g.gates, gate) {
		g.gates = append(g.gates, gate)
	}
	g.reportReady(env)
}

// reportReady runs the server-open logic once every gate is connected, and
// reports completion for each new list.
func (g *Game) reportReady(env *node.Env) {
	told := g.told == g.list.Version && !planted.On("ready-told-again") // each gate's word brings a report
	if g.list.Version == 0 || told {
		return
	}
	gates, db := 0, false
	for i := range g.list.Live {
		switch p := g.list.Live[i].Peer; p.ID.Kind() {
		case node.Gate:
			if !slices.Contains(g.gates, p) {
				return
			}
			gates++
		case node.DB:
			db = db || g.linked(env, p)
		}
	}
	if gates == 0 || !db {
		return
	}
	if !g.opened {
		g.opened = true
		env.Mark("server-open")
		g.world.Open(env, g.script.ServerOpen)
	}
	g.told = g.list.Version
	g.send(env, managerID, &proto.Ready{Version: g.told})
}

func (g *Game) linkDown(env *node.Env, peer node.Peer) {
	switch peer.ID.Kind() {
	case node.Gate:
		g.gates = slices.DeleteFunc(g.gates, func(p node.Peer) bool { return p == peer })
		g.arbiterLost(env, peer)
		g.comingLost(env, peer)
		g.gateLost(env, peer)
		if !planted.On("gate-lost-letters-untold") { // their senders wait for ever
			g.world.GateGone(env, peer)
		}
		g.reportReady(env)
	case node.DB:
		// What was asked of it is asked again of the next one.
		env.Mark("db-lost")
	}
}

// stop unloads every avatar and then leaves.
func (g *Game) stop(env *node.Env) {
	if g.stopping {
		return
	}
	g.stopping = true
	env.After(g.cfg.DrainWithin, timerDrain, 0)
	for _, t := range g.tenants.All() {
		if t.state == live && !t.resident.Frozen() {
			g.kick(env, t, proto.RefusedShutdown)
		}
		if t.state == live {
			g.unload(env, t)
		}
	}
	g.drained(env)
}

func (g *Game) drained(env *node.Env) {
	if g.stopping && g.tenants.Len() == 0 && g.leaving.Len() == 0 && g.coming.Len() == 0 {
		g.leave(env)
	}
}

func (g *Game) leave(env *node.Env) {
	env.Cancel(timerDrain, 0)
	g.send(env, managerID, &proto.Leave{})
	env.Done()
}
