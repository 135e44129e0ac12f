package game

import (
	"messiah/core/node"
	"messiah/core/proto"
)

// enter gives an account's avatar to a client, loading it first if need be.
func (g *Game) enter(env *node.Env, gate node.Peer, m *proto.Enter) {
	s := seat{gate, m.Route}
	a := g.accounts[m.Account]
	switch {
	case g.stopping || !g.opened || a == nil && g.avatars.Len() >= MaxAvatars:
		g.toGate(env, s, &proto.EnterFailed{Route: s.route, Reason: proto.RefusedBusy})
	case a == nil:
		g.lastKey++
		a = &avatar{key: g.lastKey, account: m.Account, data: g.script.NewAvatar()}
		g.avatars.Set(a.key, a)
		g.accounts[m.Account] = a
		g.sit(a, s)
		g.ask(env, a)
	case a.state == loading:
		env.Mark("second-login-while-loading")
		g.fail(env, a.client, proto.RefusedSecondLogin)
		g.stand(a)
		g.settleLeaving(env, a)
		g.sit(a, s)
	case a.state == unloading:
		env.Mark("login-while-unloading")
		g.fail(env, a.next, proto.RefusedSecondLogin)
		delete(g.seats, a.next)
		a.next = s
		g.seats[s] = a
	default:
		if a.client != (seat{}) {
			env.Mark("second-login-through-another-route")
			g.kick(env, a, proto.RefusedSecondLogin)
		}
		env.Cancel(timerGrace, a.key)
		g.sit(a, s)
		g.welcome(env, a)
	}
}

// settleLeaving answers a route that was told to wait for the unloading of an
// avatar which now goes on for another client.
func (g *Game) settleLeaving(env *node.Env, a *avatar) {
	if a.leaving == (seat{}) {
		return
	}
	env.Mark("loaded-for-another-after-exit")
	g.toGate(env, a.leaving, &proto.Exited{Route: a.leaving.route})
	delete(g.seats, a.leaving)
	a.leaving = seat{}
}

// sit gives the avatar a client.
func (g *Game) sit(a *avatar, s seat) {
	a.client, a.attached, a.pushes, a.moved = s, true, 0, 0
	g.seats[s] = a
}

// stand takes the avatar's client away.
func (g *Game) stand(a *avatar) {
	delete(g.seats, a.client)
	a.client, a.attached = seat{}, false
}

func (g *Game) welcome(env *node.Env, a *avatar) {
	g.toGate(env, a.client, &proto.Entered{Route: a.client.route, Entity: a.entity})
	g.attach(env, a)
}

// fail answers a route that came to nothing.
func (g *Game) fail(env *node.Env, s seat, why proto.Refusal) {
	if s != (seat{}) {
		g.toGate(env, s, &proto.EnterFailed{Route: s.route, Reason: why})
	}
}

// kick takes a live avatar's client away and tells its gate why.
func (g *Game) kick(env *node.Env, a *avatar, why proto.Refusal) {
	if a.client == (seat{}) {
		return
	}
	g.toGate(env, a.client, &proto.KickClient{Route: a.client.route, Reason: why})
	g.lost(env, a)
	g.stand(a)
}

// lost tells game code that the client is gone, once.
func (g *Game) lost(env *node.Env, a *avatar) {
	if a.attached && a.state == live && g.script.Lost != nil {
		g.script.Lost(g.callFor(env, a))
	}
	a.attached = false
}

func (g *Game) clientLost(env *node.Env, gate node.Peer, m *proto.ClientLost) {
	a := g.seats[seat{gate, m.Route}]
	if a == nil || a.client != (seat{gate, m.Route}) {
		env.Mark("client-lost-of-no-avatar")
		return
	}
	g.lost(env, a)
}

func (g *Game) clientBack(env *node.Env, gate node.Peer, m *proto.ClientBack) {
	s := seat{gate, m.Route}
	a := g.seats[s]
	if a == nil || a.client != s || a.state != live {
		env.Mark("client-back-of-no-avatar")
		if m.Next != 0 {
			// The avatar has another client, or is leaving; the gate's word crossed ours.
			g.toGate(env, seat{gate, m.Next}, &proto.KickClient{Route: m.Next, Reason: proto.RefusedSecondLogin})
		}
		return
	}
	if m.Next != 0 {
		// Another session of the account: the one before it is gone for good.
		g.lost(env, a)
		g.stand(a)
		g.sit(a, seat{gate, m.Next})
		g.attach(env, a)
		return
	}
	if !a.attached {
		a.attached = true
		g.attach(env, a)
	}
}

// attach tells game code that the client is there.
func (g *Game) attach(env *node.Env, a *avatar) {
	if g.script.Attached != nil {
		g.script.Attached(g.callFor(env, a))
	}
}

// exit ends a route: the avatar is saved and unloaded.
func (g *Game) exit(env *node.Env, gate node.Peer, m *proto.Exit) {
	s := seat{gate, m.Route}
	a := g.seats[s]
	switch {
	case a == nil:
		g.toGate(env, s, &proto.Exited{Route: s.route})
	case a.next == s:
		env.Mark("exit-while-waiting-for-unload")
		delete(g.seats, s)
		a.next = seat{}
		g.toGate(env, s, &proto.Exited{Route: s.route})
	case a.leaving == s:
		env.Mark("exit-twice")
	default:
		g.lost(env, a)
		a.leaving, a.client = s, seat{}
		if a.state == live {
			g.unload(env, a)
		} else {
			// The claim is under way; its answer finds nobody and gives the record back.
			env.Mark("exit-while-loading")
		}
	}
}

// gateLost takes the clients of a dead gate away. Their avatars wait for them
// to come back through another one.
func (g *Game) gateLost(env *node.Env, gate node.Peer) {
	for _, a := range g.avatars.All() {
		if a.next.gate == gate {
			delete(g.seats, a.next)
			a.next = seat{}
		}
		if a.leaving.gate == gate {
			delete(g.seats, a.leaving)
			a.leaving = seat{}
		}
		if a.client.gate != gate {
			continue
		}
		env.Mark("gate-lost-under-avatar")
		g.lost(env, a)
		g.stand(a)
		if a.state == live {
			env.After(g.cfg.Grace, timerGrace, a.key)
		}
	}
}
