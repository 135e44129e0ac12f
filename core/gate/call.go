package gate

import (
	"errors"

	"messiah/core/node"
	"messiah/core/planted"
	"messiah/core/proto"
	"messiah/core/session"
	"messiah/core/wire"
)

// clientMessage handles one message of a client. The shard has validated it.
func (g *Gate) clientMessage(env *node.Env, in *node.Input) {
	c := g.sessions[in.Session]
	if c == nil || c.session != in.Session {
		env.Mark("client-message-after-end")
		return
	}
	if in.Num != 0 {
		c.handled = in.Num
		if c.handled-c.told >= ackEvery {
			c.told = c.handled
			g.task(env, session.TaskHandled, c.session, c.handled)
		}
	}
	typ, num, payload, err := proto.SplitClient(in.Body)
	switch {
	case err != nil:
		g.bad(env, c)
	case typ == proto.TypeCall && c.state != greeting:
		g.call(env, c, num, in)
	case typ == proto.TypeMove:
		g.move(env, c, in)
	case typ == proto.TypeLogin && c.state == greeting:
		g.login(env, c, payload)
	case typ == proto.TypeLogin:
		// A client asks again after a while; its first login is still under way, or the answer is.
		env.Mark("login-again")
		if c.logins++; c.logins > maxLogins {
			g.bad(env, c)
		}
	case typ == proto.TypeLogout:
		g.logout(env, c)
	default:
		g.bad(env, c)
	}
}

// call forwards a client's call to its avatar. The route says who speaks; what
// is said is the game's to read.
func (g *Gate) call(env *node.Env, c *client, num uint64, in *node.Input) {
	if c.state != stateIn {
		env.Mark("call-without-avatar")
		g.answerCall(env, c, num, proto.OutcomeNoAvatar)
		return
	}
	if m := g.holding(c); m != nil {
		if !g.hold(env, m, held{typ: proto.TypeClientCall, flags: in.Flags, route: c.route, num: num}, in.Body) {
			g.answerCall(env, c, num, fullOr(m.late))
		}
		return
	}
	c.called = num
	err := env.Forward(c.game.ID, proto.TypeClientCall, in.Flags, g.routeTo(c), in.Body)
	switch {
	case errors.Is(err, node.ErrLinkFull):
		env.Mark("call-at-link-bound")
		g.answerCall(env, c, num, proto.OutcomeFull)
	case err != nil:
		g.answerCall(env, c, num, proto.OutcomeNoAvatar)
	}
}

// move forwards where a client says that it is. Without an avatar, or where the
// link is at its bound, it is dropped: a later one says more.
func (g *Gate) move(env *node.Env, c *client, in *node.Input) {
	if c.state != stateIn {
		return
	}
	if m := g.holding(c); m != nil {
		g.holdMove(env, m, c, in.Body)
		return
	}
	if err := env.Forward(c.game.ID, proto.TypeClientMove, node.FlagLatest, g.routeTo(c), in.Body); err != nil {
		env.Mark("move-dropped")
	}
}

// routeTo is the routing header that leads to the client's avatar.
func (g *Gate) routeTo(c *client) []uint64 {
	g.header[0] = c.route
	if planted.On("call-without-route") { // the game cannot tell who speaks
		return nil
	}
	return g.header[:]
}

// answerCall answers a call that never left this gate.
func (g *Gate) answerCall(env *node.Env, c *client, num uint64, o proto.Outcome) {
	g.scratch = proto.AppendClient(g.scratch[:0], proto.TypeReply, num)
	g.scratch = wire.Append(g.scratch, &proto.Reply{Outcome: o})
	g.deliver(env, c, node.FlagReliable, 0, g.scratch)
}

// toClient hands a game's message to each client that its routing header
// names. The first number of the header is the game's own for the message.
func (g *Gate) toClient(env *node.Env, in *node.Input) {
	if in.NumRoutes() < 2 {
		env.Log(node.Error, "a message for clients names none", "from", in.From)
		return
	}
	flags := uint8(node.FlagReliable)
	if in.Flags&node.FlagLatest != 0 {
		flags = node.FlagLatest
	}
	for i := 1; i < in.NumRoutes(); i++ {
		c := g.route(in, in.Route(i))
		if c == nil {
			env.Mark("to-a-client-that-left")
			continue
		}
		g.deliver(env, c, flags, in.Route(0), in.Body)
	}
}

// logout ends the session on the client's own word.
func (g *Gate) logout(env *node.Env, c *client) {
	delete(g.sessions, c.session)
	g.task(env, session.TaskClose, c.session, uint64(session.ReasonLogout))
	c.session, c.lost = 0, false
	env.Cancel(timerGrace, c.key)
	g.exit(env, c)
}

// bad ends the session of a client that does not keep to the protocol.
func (g *Gate) bad(env *node.Env, c *client) {
	env.Mark("client-broke-protocol")
	delete(g.sessions, c.session)
	g.task(env, session.TaskClose, c.session, uint64(session.ReasonBad))
	c.session, c.lost = 0, false
	g.exit(env, c)
}
