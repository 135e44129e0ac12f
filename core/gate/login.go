package gate

import (
	"time"

	"messiah/core/addr"
	"messiah/core/node"
	"messiah/core/planted"
	"messiah/core/proto"
	"messiah/core/session"
	"messiah/core/wire"
)

// login is a client's first message.
func (g *Gate) login(env *node.Env, c *client, payload []byte) {
	var m proto.Login
	if err := wire.Decode(payload, &m); err != nil || len(m.Account) > proto.MaxName {
		g.bad(env, c)
		return
	}
	c.logins++
	switch {
	case !g.admits && !planted.On("login-before-admission"): // whoever comes early is let in
		env.Mark("login-before-admission")
		g.refuse(env, c, proto.RefusedNotOpen)
	case !g.cfg.Authenticate(m.Account, m.Credentials):
		g.refuse(env, c, proto.RefusedCredentials)
	case g.cfg.Passwords:
		g.verify(env, c, &m)
	default:
		g.accept(env, c, m.Client, m.Account)
	}
}

// admit lets an authenticated client in: as the first of its account here, in
// the place of an earlier session, or behind one that is on its way out.
func (g *Gate) admit(env *node.Env, c *client) {
	old := g.accounts[c.account]
	switch {
	case old == nil:
		g.own(c)
		g.enter(env, c, node.Peer{})
	case old.state == exiting:
		env.Mark("login-while-exiting")
		if w, _ := g.clients.Get(old.next); w != nil {
			g.kick(env, w, proto.RefusedSecondLogin)
		}
		c.state, old.next = waiting, c.key
	default:
		env.Mark("second-login-" + stateNames[old.state])
		g.takeOver(env, old, c)
	}
}

// own makes a client the one of its account here, and gives it the label by which
// proxies find it.
func (g *Gate) own(c *client) {
	g.accounts[c.account] = c
	if c.proxy = c.id; c.proxy != (addr.ClientID{}) { // a client without a label has no proxy
		g.proxies[c.proxy] = c
	}
}

// disown takes a client's account and label from it.
func (g *Gate) disown(c *client) {
	if g.accounts[c.account] == c {
		delete(g.accounts, c.account)
	}
	if g.proxies[c.proxy] == c {
		delete(g.proxies, c.proxy)
	}
	c.proxy = addr.ClientID{}
}

// takeOver kicks the session of an account's client and gives its place, route
// included, to the session that has logged in now.
func (g *Gate) takeOver(env *node.Env, old, fresh *client) {
	g.endSession(env, old, proto.RefusedSecondLogin)
	g.settlePushes(env, old, proto.OutcomeNoClient)
	old.session, old.handled, old.told, old.id, old.lost = fresh.session, fresh.handled, fresh.told, fresh.id, false
	old.called, old.acked = 0, 0
	old.logins = fresh.logins // tries on the connection that it has now
	g.sessions[old.session] = old
	g.clients.Delete(fresh.key)
	if old.state != stateIn {
		return
	}
	// Answers to the old client are still on their way by the old route.
	before := old.route
	delete(g.routes, before)
	g.lastRoute++
	old.route = g.lastRoute
	g.routes[old.route] = old
	if !planted.On("takeover-keeps-old-route") { // the avatar goes on for the client before
		g.word(env, old, &proto.ClientBack{Route: before, Next: old.route})
	}
	g.welcome(env, old)
}

// enter asks a game for the client's avatar: the one named, or one picked.
func (g *Gate) enter(env *node.Env, c *client, game node.Peer) {
	if game == (node.Peer{}) {
		g.enterBut(env, c, game)
		return
	}
	g.enterAt(env, c, game)
}

// enterBut asks any game for the client's avatar but one that has just refused it.
func (g *Gate) enterBut(env *node.Env, c *client, but node.Peer) {
	game, ok := g.pick(env, but)
	if !ok {
		g.cannotEnter(env, c, proto.RefusedBusy)
		return
	}
	g.enterAt(env, c, game)
}

func (g *Gate) enterAt(env *node.Env, c *client, game node.Peer) {
	g.lastRoute++
	c.state, c.game, c.route = entering, game, g.lastRoute
	g.routes[c.route] = c
	// Each further try is given as much more time: where a record takes long to be
	// written and read, the first one gave up what the next has to wait for again.
	patience := time.Duration(min(max(c.logins, 1), maxPatience))
	env.After(patience*g.cfg.EnterWithin, timerEnter, c.key)
	g.send(env, game.ID, &proto.Enter{Route: c.route, Client: c.proxy, Account: c.account})
}

// dropRoute forgets the route of an attempt that came to nothing.
func (g *Gate) dropRoute(env *node.Env, c *client) {
	delete(g.routes, c.route)
	c.route, c.game = 0, node.Peer{}
	env.Cancel(timerEnter, c.key)
}

// cannotEnter refuses a login; an avatar that was in before is asked for again in a moment.
func (g *Gate) cannotEnter(env *node.Env, c *client, why proto.Refusal) {
	if c.route != 0 {
		g.dropRoute(env, c)
	}
	c.moves++
	if c.been && c.moves <= maxReenter {
		c.state = retrying
		env.After(reenterEvery, timerAgain, c.key)
		return
	}
	if c.been {
		g.endSession(env, c, why)
		g.finish(env, c)
		return
	}
	g.disown(c)
	g.refuse(env, c, why)
}

// refuse answers a login with a reason and a time to try again, on the same connection if it likes.
func (g *Gate) refuse(env *node.Env, c *client, why proto.Refusal) {
	g.refuseWith(env, c, &proto.LoginRefused{Reason: why, RetryAfter: g.cfg.RetryAfter})
}

func (g *Gate) refuseWith(env *node.Env, c *client, m *proto.LoginRefused) {
	g.refused++
	c.state, c.account, c.moves = greeting, "", 0
	if c.logins >= maxLogins {
		g.kick(env, c, m.Reason)
		return
	}
	g.tell(env, c, m)
	env.After(g.cfg.LoginWithin, timerLogin, c.key)
}

// entered hears that the avatar lives.
func (g *Gate) entered(env *node.Env, in *node.Input, m *proto.Entered) {
	c := g.route(in, m.Route)
	if c == nil {
		// The attempt was given up; the game must not keep an avatar that nobody routes to.
		env.Mark("entered-too-late")
		g.send(env, in.From, &proto.Exit{Route: m.Route})
		return
	}
	if c.state != entering {
		env.Mark("entered-while-" + stateNames[c.state])
		return
	}
	env.Cancel(timerEnter, c.key)
	c.state, c.entity, c.moves = stateIn, m.Entity, 0
	g.welcome(env, c)
	if c.lost {
		env.Mark("lost-while-entering-again")
		g.send(env, c.game.ID, &proto.ClientLost{Route: c.route})
	}
}

// welcome makes the session resumable and tells the client about its avatar.
func (g *Gate) welcome(env *node.Env, c *client) {
	if !c.lost {
		g.task(env, session.TaskLoggedIn, c.session, 0)
	}
	g.tell(env, c, &proto.LoggedIn{Entity: c.entity, Game: c.game.ID, Fresh: c.been})
	c.been = true
}

// route finds the client of a route that leads to the process that speaks.
func (g *Gate) route(in *node.Input, route uint64) *client {
	c := g.routes[route]
	if c == nil || c.game != (node.Peer{ID: in.From, Inc: in.Inc}) {
		return nil
	}
	return c
}

func (g *Gate) enterFailed(env *node.Env, in *node.Input, m *proto.EnterFailed) {
	c := g.route(in, m.Route)
	switch {
	case c == nil:
		env.Mark("enter-failed-too-late")
	case c.state == exiting:
		g.finish(env, c)
	case m.Elsewhere != (node.Peer{}) && c.moves < maxRedirects && g.linked(env, m.Elsewhere):
		env.Mark("redirected-to-the-holder")
		g.dropRoute(env, c)
		c.moves++
		g.enter(env, c, m.Elsewhere)
	case (m.Reason == proto.RefusedClosed || m.Reason == proto.RefusedOlder) && c.moves < maxRedirects:
		env.Mark("game-refused-" + m.Reason.String())
		refuser := c.game
		g.dropRoute(env, c)
		c.moves++
		if m.Reason == proto.RefusedOlder {
			g.enter(env, c, g.newest(env))
			return
		}
		g.enterBut(env, c, refuser)
	case m.Reason == proto.RefusedClosed:
		g.cannotEnter(env, c, proto.RefusedBusy) // those that were asked: another may be open
	case m.Reason == proto.RefusedSecondLogin:
		// Another gate's login of the account came later and won.
		g.endSession(env, c, m.Reason)
		g.finish(env, c)
	default:
		g.cannotEnter(env, c, m.Reason)
	}
}

// enterLate gives an attempt up whose game does not answer.
func (g *Gate) enterLate(env *node.Env, c *client) {
	env.Mark("enter-late")
	g.send(env, c.game.ID, &proto.Exit{Route: c.route})
	g.cannotEnter(env, c, proto.RefusedBusy)
}

// exit ends a client whose session is over: its avatar is saved and unloaded.
func (g *Gate) exit(env *node.Env, c *client) {
	switch c.state {
	case entering, stateIn:
		c.state = exiting
		env.Cancel(timerEnter, c.key)
		g.word(env, c, &proto.Exit{Route: c.route, Delivered: c.acked})
	case exiting:
	default:
		g.finish(env, c)
	}
}

// exited hears that nothing is left of a route.
func (g *Gate) exited(env *node.Env, in *node.Input, route uint64) {
	c := g.route(in, route)
	if c == nil {
		env.Mark("exited-too-late")
		return
	}
	if c.state != exiting {
		// The game unloaded the avatar by itself.
		env.Mark("exited-unasked")
		g.endSession(env, c, proto.RefusedKicked)
	}
	g.finish(env, c)
}

// finish forgets a client and lets in whoever waits for its account.
func (g *Gate) finish(env *node.Env, c *client) {
	g.dropSession(env, c)
	if !planted.On("route-kept-after-exit") { // the table keeps the client for ever
		delete(g.routes, c.route)
	}
	g.disown(c)
	g.settlePushes(env, c, proto.OutcomeNoClient)
	for name := timerLogin; name <= timerAgain; name++ {
		env.Cancel(name, c.key)
	}
	g.clients.Delete(c.key)
	if next, _ := g.clients.Get(c.next); next != nil && next.state == waiting && next.account == c.account {
		g.own(next)
		g.enter(env, next, node.Peer{})
	}
	g.drained(env)
}

// kick ends a client's session with a reason, and then the client.
func (g *Gate) kick(env *node.Env, c *client, why proto.Refusal) {
	g.endSession(env, c, why)
	g.exit(env, c)
}

// kickRoute ends a route on the game's word: the avatar has another client, or none is wanted.
func (g *Gate) kickRoute(env *node.Env, in *node.Input, m *proto.KickClient) {
	c := g.route(in, m.Route)
	if c == nil {
		env.Mark("kick-too-late")
		return
	}
	env.Mark("kicked-" + stateNames[c.state])
	g.endSession(env, c, m.Reason)
	g.finish(env, c)
}

// kickByName ends a client's session on an operator's word.
func (g *Gate) kickByName(env *node.Env, m *proto.Kick) {
	for _, c := range g.clients.All() {
		if c.account == m.Client || c.id.String() == m.Client {
			env.Log(node.Info, "client kicked", "client", m.Client, "reason", m.Reason)
			g.kick(env, c, proto.RefusedKicked)
		}
	}
}

// gameLost finds another game for every avatar that lived on a dead one. The
// outcome of calls that were under way is unknown, and the client is told so.
func (g *Gate) gameLost(env *node.Env, game node.Peer) {
	g.gameDied(env, game)
	g.movesLost(env, game)
	for _, c := range g.clientsOn(game) {
		if c.moving != 0 && g.moveKeys[c.moving].phase == orphan {
			continue // its avatar goes on elsewhere
		}
		env.Mark("game-lost-" + stateNames[c.state])
		g.enterAgain(env, c)
	}
}

// enterAgain has an avatar loaded again whose game is lost.
func (g *Gate) enterAgain(env *node.Env, c *client) {
	was := c.state
	g.dropRoute(env, c)
	switch was {
	case exiting:
		g.finish(env, c)
		return
	case stateIn:
		if !planted.On("game-lost-untold") { // the outcome of calls under way stays open
			g.tell(env, c, &proto.GameLost{Num: c.called})
		}
	}
	g.enter(env, c, node.Peer{})
}
