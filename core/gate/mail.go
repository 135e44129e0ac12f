package gate

import (
	"errors"
	"slices"

	"messiah/core/addr"
	"messiah/core/node"
	"messiah/core/planted"
	"messiah/core/proto"
	"messiah/core/wire"
)

// Bounds of mail by proxy. What comes at one of them is answered OutcomeFull.
const (
	maxForwarded = 1 << 17 // calls by proxy whose end has not passed by
	maxWaiting   = 64      // pushes by proxy that wait for one lost client
)

// letter is one call under way: the game that sent it, and its number there.
type letter struct {
	from node.Peer
	num  uint64
}

// Code reads or writes the letter.
func (l *letter) Code(c *wire.Coder) {
	l.from.Code(c)
	c.Uint64(&l.num)
}

// sender reads who sent mail. A game cannot speak for another: that would be our bug.
func (g *Gate) sender(env *node.Env, in *node.Input) (letter, bool) {
	l := letter{from: node.Peer{ID: in.From, Inc: in.Inc}}
	if in.NumRoutes() != proto.MailHeader || proto.MailFrom(in) != l.from {
		env.Log(node.Warn, "mail with a bad header", "from", in.From)
		return l, false
	}
	l.num = in.Route(4)
	return l, true
}

// mail carries a call by mailbox on to its game.
func (g *Gate) mail(env *node.Env, in *node.Input) {
	l, ok := g.sender(env, in)
	if !ok {
		return
	}
	to := proto.MailTo(in)
	if !g.linked(env, to) || slices.Contains(g.departing, to) {
		env.Mark("mail-to-a-dead-game")
		g.endMail(env, l, proto.OutcomeStaleMailbox)
		return
	}
	g.sendMail(env, l, to, routesOf(g.mailHeader[:0], in), in.Body, proto.OutcomeStaleMailbox)
}

// sendMail forwards a call, or answers it where it cannot.
func (g *Gate) sendMail(env *node.Env, l letter, to node.Peer, routes []uint64, body []byte, gone proto.Outcome) bool {
	err := env.Forward(to.ID, proto.TypeMail, 0, routes, body)
	switch {
	case err == nil:
		return true
	case errors.Is(err, node.ErrLinkFull):
		env.Mark("mail-at-link-bound")
		g.endMail(env, l, proto.OutcomeFull)
	default:
		g.endMail(env, l, gone)
	}
	return false
}

func routesOf(dst []uint64, in *node.Input) []uint64 {
	for i := range in.NumRoutes() {
		dst = append(dst, in.Route(i))
	}
	return dst
}

// endMail tells the sender of a call how it ended here.
func (g *Gate) endMail(env *node.Env, l letter, o proto.Outcome) {
	if !g.linked(env, l.from) {
		return
	}
	routes := proto.MailRoutes(l.from, env.Self(), l.num)
	g.scratch = wire.Append(g.scratch[:0], &proto.MailEnd{Outcome: o})
	if err := env.Urge(l.from.ID, proto.TypeMailEnd, routes[:], g.scratch); err != nil {
		env.Mark("mail-end-without-link")
	}
}

// mailEnd carries the outcome of a call back to the game that made it.
func (g *Gate) mailEnd(env *node.Env, in *node.Input) {
	if _, ok := g.sender(env, in); !ok {
		return
	}
	to := proto.MailTo(in)
	l := letter{to, in.Route(4)}
	g.forwarded.Delete(l)
	if !g.linked(env, to) {
		env.Mark("mail-end-for-the-dead")
		return
	}
	err := env.Forward(to.ID, proto.TypeMailEnd, 0, routesOf(g.mailHeader[:0], in), in.Body)
	if errors.Is(err, node.ErrLinkFull) {
		// The result has no room; that the call's end is not known has.
		env.Mark("mail-end-at-link-bound")
		g.endMail(env, l, proto.OutcomeUnknown)
	}
}

// proxied finds the client that a proxy means.
func (g *Gate) proxied(in *node.Input) *client {
	return g.proxies[addr.FromHalves(in.Route(0), in.Route(1))]
}

// proxyMail carries a call by proxy to where the client's avatar is by now.
func (g *Gate) proxyMail(env *node.Env, in *node.Input) {
	l, ok := g.sender(env, in)
	if !ok {
		return
	}
	c := g.proxied(in)
	switch {
	case c == nil:
		env.Mark("proxy-was-stale")
		g.endMail(env, l, proto.OutcomeStaleProxy)
		return
	case c.state != stateIn:
		env.Mark("proxy-mail-while-" + stateNames[c.state])
		g.endMail(env, l, proto.OutcomeNoAvatar)
		return
	case g.forwarded.Len() >= maxForwarded:
		g.endMail(env, l, proto.OutcomeFull)
		return
	}
	if m := g.holding(c); m != nil {
		if !g.hold(env, m, held{typ: proto.TypeMail, route: c.route, letter: l}, in.Body) {
			g.endMail(env, l, fullOr(m.late))
		}
		return
	}
	header := proto.MailRoutes(c.game, l.from, l.num)
	routes := append(append(g.mailHeader[:0], header[:]...), c.route)
	if g.sendMail(env, l, c.game, routes, in.Body, proto.OutcomeNoAvatar) {
		g.forwarded.Set(l, forwardedTo{c.game, c.key})
	}
}

// fullOr says how a call ends that cannot wait, because it is one too many or would wait too long.
func fullOr(late bool) proto.Outcome {
	if late {
		return proto.OutcomeNoAvatar
	}
	return proto.OutcomeFull
}

// proxyPush carries a call to the client behind a proxy.
func (g *Gate) proxyPush(env *node.Env, in *node.Input) {
	l, ok := g.sender(env, in)
	if !ok {
		return
	}
	c := g.proxied(in)
	switch {
	case c == nil:
		env.Mark("proxy-was-stale")
		g.endMail(env, l, proto.OutcomeStaleProxy)
	case c.session == 0:
		g.endMail(env, l, proto.OutcomeNoClient)
	case c.lost && len(c.pushes) >= maxWaiting:
		env.Mark("proxy-pushes-at-bound")
		g.endMail(env, l, proto.OutcomeNoClient)
	default:
		g.scratch = append(proto.AppendClient(g.scratch[:0], proto.TypePush, 0), in.Body...)
		g.deliver(env, c, node.FlagReliable, 0, g.scratch)
		if c.lost {
			env.Mark("proxy-push-waits-for-client")
			c.pushes = append(c.pushes, l)
			return
		}
		g.endMail(env, l, proto.OutcomeOK)
	}
}

// settlePushes tells the senders of pushes that waited for a client what became of them.
func (g *Gate) settlePushes(env *node.Env, c *client, o proto.Outcome) {
	for _, w := range c.pushes {
		g.endMail(env, w, o)
	}
	c.pushes = nil
}

// gameDied tells every game that nothing more will come from a dead one, behind
// all that has come, and ends the calls by proxy that were under way to it.
func (g *Gate) gameDied(env *node.Env, game node.Peer) {
	drained := slices.Contains(g.departing, game)
	for l, to := range g.forwarded.All() {
		switch {
		case to.game == game:
			g.forwarded.Delete(l)
			if !planted.On("dead-game-letters-untold") { // their senders wait for ever
				g.endMail(env, l, proto.OutcomeUnknown)
			}
		case l.from == game:
			g.forwarded.Delete(l)
		}
	}
	for i := range g.list.Live {
		if p := g.list.Live[i].Peer; p.ID.Kind() == node.Game && p != game && g.linked(env, p) {
			g.send(env, p.ID, &proto.GameGone{Game: game, Drained: drained})
		}
	}
}
