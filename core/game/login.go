package game

import (
	"time"

	"messiah/core/addr"
	"messiah/core/node"
	"messiah/core/proto"
)

// enter gives an account's avatar to a client, loading it first if need be.
func (g *Game) enter(env *node.Env, gate node.Peer, m *proto.Enter) {
	s := seat{Gate: gate, Route: m.Route}
	t := g.records[proto.AccountKey(m.Account)]
	if t != nil && g.enterMoving(env, t, s, m) {
		return
	}
	switch {
	case g.stopping || !g.opened || t == nil && g.tenants.Len() >= MaxTenants:
		g.toGate(env, s, &proto.EnterFailed{Route: s.Route, Reason: proto.RefusedBusy})
	case t == nil && !g.newcomers():
		env.Mark("login-at-a-closed-game")
		g.toGate(env, s, &proto.EnterFailed{Route: s.Route, Reason: proto.RefusedClosed})
	case t == nil:
		t = &tenant{record: proto.AccountKey(m.Account), class: g.script.Avatar, account: m.Account}
		g.sit(t, s, m.Client)
		g.claim(env, t)
	case t.state == loading:
		env.Mark("second-login-while-loading")
		g.fail(env, t.client, proto.RefusedSecondLogin)
		g.stand(t)
		g.settleLeaving(env, t)
		g.sit(t, s, m.Client)
	case t.state == unloading || t.state == arriving:
		env.Mark("login-while-" + stateNames[t.state])
		g.fail(env, t.next, proto.RefusedSecondLogin)
		delete(g.seats, t.next)
		t.next, t.nextID = s, m.Client
		g.seats[s] = t
	default:
		g.enterLive(env, t, s, m.Client)
	}
}

// enterMoving has a client wait whose avatar is on its way to another game; false if it stays.
func (g *Game) enterMoving(env *node.Env, t *tenant, s seat, m *proto.Enter) bool {
	l, _ := g.leaving.Get(t.id)
	if l == nil || t.state != live {
		return false
	}
	env.Mark("login-while-leaving-" + phaseNames[l.phase])
	switch l.phase {
	case queued, asked:
		g.cancelLeaving(env, l, proto.MigrateInterrupted)
		return false
	case ledger:
		g.toGate(env, s, &proto.EnterFailed{Route: s.Route, Reason: proto.RefusedBusy, Elsewhere: l.to.Game})
	default:
		g.fail(env, l.next, proto.RefusedSecondLogin)
		delete(g.seats, l.next)
		l.next, l.nextID = s, m.Client
		g.seats[s] = t
	}
	return true
}

// enterLive gives an avatar that lives to another client.
func (g *Game) enterLive(env *node.Env, t *tenant, s seat, client addr.ClientID) {
	if t.client != (seat{}) {
		env.Mark("second-login-through-another-route")
		g.kick(env, t, proto.RefusedSecondLogin)
	}
	if t.state != live {
		// The hook that heard of the loss has ended the avatar.
		t.next, t.nextID = s, client
		g.seats[s] = t
		return
	}
	g.rejoined(env, t)
	g.sit(t, s, client)
	g.entered(env, t)
	g.show(env, t)
	g.attach(env, t)
}

// settleLeaving answers a route that was told to wait for the unloading of an
// avatar which now goes on for another client.
func (g *Game) settleLeaving(env *node.Env, t *tenant) {
	if t.leaving == (seat{}) {
		return
	}
	env.Mark("loaded-for-another-after-exit")
	g.toGate(env, t.leaving, &proto.Exited{Route: t.leaving.Route})
	delete(g.seats, t.leaving)
	t.leaving = seat{}
}

// sit gives the avatar a client.
func (g *Game) sit(t *tenant, s seat, client addr.ClientID) {
	t.client, t.attached, t.pushes, t.moved = s, true, 0, 0
	t.proxy = addr.Proxy{Client: client, Gate: s.Gate}
	g.seats[s] = t
}

// stand takes the avatar's client away.
func (g *Game) stand(t *tenant) {
	delete(g.seats, t.client)
	t.client, t.attached = seat{}, false
	if t.resident != nil {
		g.world.Unseat(t.resident)
	}
}

func (g *Game) entered(env *node.Env, t *tenant) {
	g.toGate(env, t.client, &proto.Entered{Route: t.client.Route, Entity: t.id})
}

// fail answers a route that came to nothing.
func (g *Game) fail(env *node.Env, s seat, why proto.Refusal) {
	if s != (seat{}) {
		g.toGate(env, s, &proto.EnterFailed{Route: s.Route, Reason: why})
	}
}

// kick takes a live avatar's client away and tells its gate why.
func (g *Game) kick(env *node.Env, t *tenant, why proto.Refusal) {
	if t.client == (seat{}) {
		return
	}
	g.toGate(env, t.client, &proto.KickClient{Route: t.client.Route, Reason: why})
	g.lost(env, t)
	g.stand(t)
}

// lost tells game code that the client is gone, once.
func (g *Game) lost(env *node.Env, t *tenant) {
	if t.attached && t.state == live {
		g.world.Detach(env, t.resident)
	}
	t.attached = false
}

func (g *Game) clientLost(env *node.Env, gate node.Peer, m *proto.ClientLost) {
	t := g.seats[seat{Gate: gate, Route: m.Route}]
	if t == nil || t.client != (seat{Gate: gate, Route: m.Route}) {
		env.Mark("client-lost-of-no-avatar")
		return
	}
	g.lost(env, t)
}

func (g *Game) clientBack(env *node.Env, gate node.Peer, m *proto.ClientBack) {
	s := seat{Gate: gate, Route: m.Route}
	t := g.seats[s]
	if t == nil || t.client != s || t.state != live {
		env.Mark("client-back-of-no-avatar")
		if m.Next != 0 {
			// The avatar has another client, or is leaving; the gate's word crossed ours.
			g.toGate(env, seat{Gate: gate, Route: m.Next}, &proto.KickClient{Route: m.Next, Reason: proto.RefusedSecondLogin})
		}
		return
	}
	if m.Next != 0 {
		// Another session of the account: the one before it is gone for good.
		g.takeOver(env, t, seat{Gate: gate, Route: m.Next})
		return
	}
	if !t.attached {
		t.attached = true
		g.attach(env, t)
	}
}

// takeOver gives an avatar to another client of its account on the same gate. The
// proxy stays: it names the place on the gate, whoever sits in it.
func (g *Game) takeOver(env *node.Env, t *tenant, s seat) {
	client := t.proxy.Client
	g.lost(env, t)
	if t.state != live {
		t.next, t.nextID = s, client
		g.seats[s] = t
		return
	}
	g.stand(t)
	g.sit(t, s, client)
	g.show(env, t)
	g.attach(env, t)
}

// attach tells game code that the client is there.
func (g *Game) attach(env *node.Env, t *tenant) {
	g.world.Attach(env, t.resident, t.client, t.proxy)
}

// exit ends a route: the avatar is saved and unloaded.
func (g *Game) exit(env *node.Env, gate node.Peer, m *proto.Exit) {
	s := seat{Gate: gate, Route: m.Route}
	t := g.seats[s]
	switch {
	case t == nil:
		g.toGate(env, s, &proto.Exited{Route: s.Route})
	case g.exitWaiting(env, t, s):
	case t.next == s:
		env.Mark("exit-while-waiting-for-unload")
		delete(g.seats, s)
		t.next = seat{}
		g.toGate(env, s, &proto.Exited{Route: s.Route})
	case t.leaving == s:
		env.Mark("exit-twice")
	default:
		g.leaveSeat(env, t, s)
	}
}

// exitWaiting ends the wait of a client for an avatar that is on its way.
func (g *Game) exitWaiting(env *node.Env, t *tenant, s seat) bool {
	l, _ := g.leaving.Get(t.id)
	if l == nil || l.next != s {
		return false
	}
	env.Mark("exit-while-leaving")
	delete(g.seats, s)
	l.next = seat{}
	g.toGate(env, s, &proto.Exited{Route: s.Route})
	return true
}

// leaveSeat ends an avatar's life for its client.
func (g *Game) leaveSeat(env *node.Env, t *tenant, s seat) {
	g.lost(env, t)
	t.leaving, t.client = s, seat{}
	g.seats[s] = t
	switch t.state {
	case live:
		g.world.Unseat(t.resident)
		g.unload(env, t)
	case loading:
		// The claim is under way; its answer finds nobody and gives the record back.
		env.Mark("exit-while-loading")
	}
}

// gateLost takes the clients of a dead gate away. Their avatars wait for them
// to come back through another one.
func (g *Game) gateLost(env *node.Env, gate node.Peer) {
	for _, t := range g.tenants.All() {
		if t.next.Gate == gate {
			delete(g.seats, t.next)
			t.next = seat{}
		}
		if t.leaving.Gate == gate {
			delete(g.seats, t.leaving)
			t.leaving = seat{}
		}
		if l, _ := g.leaving.Get(t.id); l != nil && l.next.Gate == gate {
			delete(g.seats, l.next)
			l.next = seat{}
		}
		if t.client.Gate == gate && !t.away() {
			g.seatLost(env, t)
		}
	}
}

// seatLost takes an avatar's client away whose gate is dead.
func (g *Game) seatLost(env *node.Env, t *tenant) {
	env.Mark("gate-lost-under-avatar")
	g.lost(env, t)
	g.stand(t)
	if t.state == live {
		g.leaveAlone(env, t, g.cfg.Grace)
	}
}

// leaveAlone has an avatar end whose gate is dead, unless its client comes back by another one.
func (g *Game) leaveAlone(env *node.Env, t *tenant, grace time.Duration) {
	t.alone = env.Now().Add(grace)
	env.After(grace, timerGrace, t.key)
}

// rejoined ends the time in which an avatar waits for its client.
func (g *Game) rejoined(env *node.Env, t *tenant) {
	env.Cancel(timerGrace, t.key)
	t.alone = 0
}
