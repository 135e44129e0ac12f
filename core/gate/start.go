package gate

import (
	"slices"

	"messiah/core/node"
	"messiah/core/planted"
	"messiah/core/proto"
)

func (g *Gate) linkUp(env *node.Env, in *node.Input) {
	switch in.From.Kind() {
	case node.Manager:
		g.register(env)
	case node.Game:
		g.connectedTo(env)
	}
}

// register tells a manager, new or restarted, who this is and how far it has come.
func (g *Gate) register(env *node.Env) {
	g.send(env, node.NewID(node.Manager, 1), &proto.Register{
		Addr: g.cfg.Listen, Clients: g.cfg.Clients, List: g.told, Opened: g.admits, Linked: env.Links(), Dead: env.Dead(),
	})
}

func (g *Gate) linked(env *node.Env, p node.Peer) bool {
	peer, ok := env.PeerOf(p.ID)
	return ok && peer == p
}

// send is for words whose receiver's loss is heard as the end of its link.
func (g *Gate) send(env *node.Env, to node.ID, m node.Message) {
	if err := env.Send(to, m); err != nil {
		env.Mark("gate-send-without-link")
	}
}

// processes takes the manager's list: connect to every game on it, forget the dead.
func (g *Gate) processes(env *node.Env, list *proto.Processes) {
	for _, dead := range list.Dead {
		env.Forget(dead)
	}
	for i := range g.list.Live {
		old := g.list.Live[i].Peer
		gone := !slices.ContainsFunc(list.Live, func(p proto.Process) bool { return p.Peer == old })
		if gone && list.Settled {
			env.Forget(old)
		}
	}
	g.list = *list
	for i := range list.Live {
		if p := &list.Live[i]; p.Peer.ID.Kind() == node.Game && p.Addr != "" {
			env.Connect(p.Peer, p.Addr)
		}
	}
	g.connectedTo(env)
}

// connectedTo reports, once for each list, that this gate is connected to every game of it.
func (g *Gate) connectedTo(env *node.Env) {
	if g.list.Version == 0 || g.told == g.list.Version {
		return
	}
	for i := range g.list.Live {
		if p := g.list.Live[i].Peer; p.ID.Kind() == node.Game && !g.linked(env, p) {
			if planted.On("ready-before-links") { // the missing link is overlooked
				continue
			}
			return
		}
	}
	g.told = g.list.Version
	for i := range g.list.Live {
		if p := g.list.Live[i].Peer; p.ID.Kind() == node.Game {
			g.send(env, p.ID, &proto.GateConnected{Version: g.list.Version})
		}
	}
	g.send(env, node.NewID(node.Manager, 1), &proto.Ready{Version: g.list.Version})
}

func (g *Gate) linkDown(env *node.Env, peer node.Peer) {
	switch peer.ID.Kind() {
	case node.Manager:
		env.Mark("manager-lost")
	case node.Game:
		g.gameLost(env, peer)
	}
}

func (g *Gate) report(env *node.Env) {
	g.send(env, node.NewID(node.Manager, 1), &proto.Report{
		Sessions: uint64(len(g.sessions)), Handled: g.handled, Refused: g.refused,
	})
	env.After(reportEvery, timerReport, 0)
}

// stop drains the gate: every client is told, every avatar saved, then it leaves.
func (g *Gate) stop(env *node.Env) {
	if g.stopping {
		return
	}
	g.stopping, g.admits = true, false
	env.After(g.cfg.DrainWithin, timerDrain, 0)
	for _, c := range g.clients.All() {
		g.kick(env, c, proto.RefusedShutdown)
	}
	g.drained(env)
}

func (g *Gate) drained(env *node.Env) {
	if g.stopping && g.clients.Len() == 0 {
		g.leave(env)
	}
}

func (g *Gate) leave(env *node.Env) {
	env.Cancel(timerDrain, 0)
	g.send(env, node.NewID(node.Manager, 1), &proto.Leave{})
	env.Done()
}

// pick chooses an open game for a new avatar, other than one that has just refused it; ok is
// false when there is none.
func (g *Gate) pick(env *node.Env, but node.Peer) (game node.Peer, ok bool) {
	var ready []node.Peer
	for i := range g.list.Live {
		p := &g.list.Live[i]
		open := p.Open() || p.Closed && p.Ready && planted.On("drain-takes-newcomers") // who is closed is asked all the same
		if open && p.Peer != but && g.linked(env, p.Peer) {
			ready = append(ready, p.Peer)
		}
	}
	if len(ready) == 0 {
		return node.Peer{}, false
	}
	if planted.On("map-order-picks-the-game") { // no seed decides it
		return ready[planted.Any(len(ready))], true
	}
	if g.cfg.Pick == PickRandom {
		return ready[env.Rand().IntN(len(ready))], true
	}
	counts := make(map[node.Peer]int, len(ready))
	for _, c := range g.clients.All() {
		counts[c.game]++ // those without a route are on nobody's
	}
	return slices.MinFunc(ready, func(a, b node.Peer) int { return counts[a] - counts[b] }), true
}

// maxDeparted bounds how many drained games a gate remembers; the oldest is forgotten first.
const maxDeparted = 256

// farewell lets a drained game leave: calls that come for it from now on are answered here, so that
// none of them is on its way to a game that has ended.
func (g *Gate) farewell(env *node.Env, game node.Peer) {
	if !slices.Contains(g.departing, game) {
		g.departing = append(g.departing, game)
		if len(g.departing) > maxDeparted {
			g.departing = slices.Delete(g.departing, 0, 1)
		}
	}
	g.send(env, game.ID, &proto.Farewelled{})
}

// newest returns the open game of the newest edition, the zero Peer where none is open.
func (g *Gate) newest(env *node.Env) (game node.Peer) {
	most := uint64(0)
	for i := range g.list.Live {
		if p := &g.list.Live[i]; p.Open() && g.linked(env, p.Peer) && (game == (node.Peer{}) || p.Edition > most) {
			game, most = p.Peer, p.Edition
		}
	}
	return game
}
