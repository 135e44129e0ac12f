package game

import (
	"errors"

	"messiah/core/addr"
	"messiah/core/entity"
	"messiah/core/node"
	"messiah/core/planted"
	"messiah/core/proto"
)

// clientCall runs a client's call on its avatar, or on an entity that it sees. Who
// speaks was stamped by the gate.
func (g *Game) clientCall(env *node.Env, in *node.Input) {
	if in.NumRoutes() != 1 {
		env.Log(node.Error, "a client call without a route", "from", in.From)
		return
	}
	s := seat{Gate: node.Peer{ID: in.From, Inc: in.Inc}, Route: in.Route(0)}
	_, num, payload, err := proto.SplitClient(in.Body)
	if err != nil {
		env.Log(node.Error, "a gate forwarded a bad call", "from", in.From, "error", err)
		return
	}
	t := g.sitting(s)
	if t == nil {
		env.Mark("call-of-no-avatar")
		g.reply(env, s, num, proto.OutcomeNoAvatar, nil)
		return
	}
	m := &g.asked
	if err := g.decoder.Decode(payload, m); err != nil {
		g.reply(env, s, num, proto.OutcomeBadArgs, nil)
		return
	}
	to := t.resident
	if !m.Entity.IsZero() && m.Entity != t.id {
		if to = g.world.Find(m.Entity); to == nil {
			g.reply(env, s, num, proto.OutcomeStaleMailbox, nil)
			return
		}
	}
	if to.Frozen() {
		g.reply(env, s, num, proto.OutcomeNoAvatar, nil)
		return
	}
	g.world.Call(env, &entity.Incoming{
		From: entity.Origin{Via: s.Gate, Route: s.Route, Num: num}, To: to, Sender: t.resident, Method: m.Method, Args: m.Args,
	})
}

// sitting returns whose client sits in a seat, nil where no avatar lives for it.
func (g *Game) sitting(s seat) *tenant {
	t := g.seats[s]
	if t == nil || t.client != s || t.state != live {
		return nil
	}
	return t
}

func (g *Game) reply(env *node.Env, s seat, num uint64, o proto.Outcome, result []byte) {
	g.replied = proto.Reply{Outcome: o, Result: result}
	g.toClient(env, s, proto.TypeReply, num, 0, env.Encode(&g.replied))
}

// toClient sends a client message by the serialising lane, behind everything
// that game code produced for that client before.
func (g *Game) toClient(env *node.Env, s seat, typ uint16, num, cookie uint64, body []byte) {
	env.Offload(LaneSerial, &node.Input{
		Type: typ, From: s.Gate.ID, Inc: s.Gate.Inc, Session: node.Session(s.Route), Num: num, Conn: cookie,
		Flags: node.FlagReliable, Body: body,
	})
}

// toGate sends a word about a route by the same lane, so that it does not overtake what went to the client.
func (g *Game) toGate(env *node.Env, s seat, m node.Message) {
	env.Offload(LaneSerial, &node.Input{Type: m.Type(), From: s.Gate.ID, Inc: s.Gate.Inc, Body: env.Encode(m)})
}

// undelivered hears of a frame for a gate whose link was gone or at its bound.
func (g *Game) undelivered(env *node.Env, in *node.Input) {
	// A gate that is gone takes its routes with it, which linkDown has settled or will.
	env.Mark("undelivered-to-gate")
	if in.Type == proto.TypeState {
		if of, _ := proto.MigrationOf(in); g.leaving.Has(of.Entity) {
			l, _ := g.leaving.Get(of.Entity)
			g.abortLeaving(env, l, proto.MigrateFull)
		}
		return
	}
	peer, ok := env.PeerOf(in.From)
	if !ok || peer.Inc != in.Inc || in.Type != proto.TypeToClient || in.NumRoutes() < 2 {
		return
	}
	if t := g.seats[seat{Gate: peer, Route: in.Route(1)}]; t != nil && t.state == live {
		// The link is at its bound: this client has missed something, so its session cannot go on.
		if !t.resident.Frozen() {
			g.kick(env, t, proto.RefusedBusy)
		}
		if t.state == live {
			g.unload(env, t)
		}
	}
}

// mail runs the call of an entity of another game, or of this one.
func (g *Game) mail(env *node.Env, in *node.Input) {
	via := node.Peer{ID: in.From, Inc: in.Inc}
	if in.NumRoutes() < proto.MailHeader || !isSelf(env, in) {
		env.Log(node.Warn, "mail with a bad header", "from", in.From)
		return
	}
	from := entity.Origin{Via: via, Game: proto.MailFrom(in), Num: in.Route(4)}
	m := &g.mailed
	if err := g.decoder.Decode(in.Body, m); err != nil {
		env.Log(node.Warn, "mail that cannot be read", "from", from.Game.ID, "error", err)
		g.answer(env, &from, proto.OutcomeBadArgs, nil)
		return
	}
	from.Entity, from.Incarnation = m.From, m.FromInc
	to, o := g.addressee(env, in, via, m)
	if o != proto.OutcomeOK {
		g.answer(env, &from, o, nil)
		return
	}
	if to.Frozen() {
		if l, _ := g.leaving.Get(to.ID()); !g.holdMail(env, l, &from, m.Method, m.Args) {
			g.answer(env, &from, proto.OutcomeFull, nil)
		}
		return
	}
	g.world.Call(env, &entity.Incoming{From: from, To: to, Method: m.Method, Args: m.Args})
}

func isSelf(env *node.Env, in *node.Input) bool { return proto.MailTo(in) == env.Self() }

// addressee finds the entity that mail is for: behind a route the avatar of the
// route's client, else the one of its mailbox, in that very life.
func (g *Game) addressee(env *node.Env, in *node.Input, via node.Peer, m *proto.Mail) (*entity.Resident, proto.Outcome) {
	if in.NumRoutes() > proto.MailHeader {
		t := g.sitting(seat{Gate: via, Route: in.Route(proto.MailHeader)})
		if t == nil {
			env.Mark("proxy-mail-of-no-avatar")
			return nil, proto.OutcomeNoAvatar
		}
		return t.resident, proto.OutcomeOK
	}
	r := g.world.Find(m.To)
	if r == nil || !r.Means(m.Incarnation) && !planted.On("old-incarnation-reached") { // any life will do
		env.Mark("mailbox-was-stale")
		return nil, proto.OutcomeStaleMailbox
	}
	if m.Named && !g.inTurn(r, in) {
		env.Mark("stub-mail-overtaken")
		return nil, proto.OutcomeUnknown
	}
	return r, proto.OutcomeOK
}

// mailEnd hears the outcome of a call that an entity here made.
func (g *Game) mailEnd(env *node.Env, in *node.Input) {
	m := &g.ending
	if in.NumRoutes() != proto.MailHeader || !isSelf(env, in) || g.decoder.Decode(in.Body, m) != nil {
		env.Log(node.Warn, "the end of a mail cannot be read", "from", in.From)
		return
	}
	g.world.Answered(env, in.Route(4), m.Outcome, m.Result)
}

// gameGone hears from a gate that nothing more will come from a dead game by it.
func (g *Game) gameGone(env *node.Env, gate node.Peer, m *proto.GameGone) {
	if !m.Drained {
		g.world.GameGone(env, gate, m.Game)
	}
	g.sourceGone(env, gate, m.Game)
	g.targetGone(env, m.Game)
}

// post sends a call of an entity towards its address.
func (g *Game) post(env *node.Env, m *entity.Mail) proto.Outcome {
	to := m.To
	named := to.Kind == addr.ToStub
	if named {
		mailbox, ok := g.stubMailbox(env, to.Stub)
		if !ok {
			env.Mark("stub-not-there")
			return proto.OutcomeNoStub
		}
		to = mailbox.Address()
	}
	m.To = to
	if to.Kind == addr.ToProxy {
		return g.postProxy(env, m)
	}
	if !g.linked(env, to.Mailbox.Gate) {
		return proto.OutcomeStaleMailbox
	}
	g.header = proto.MailRoutes(to.Mailbox.Game, env.Self(), m.Num)
	return sent(env.Forward(to.Mailbox.Gate.ID, proto.TypeMail, 0, g.header[:], g.letter(m, to.Mailbox, named)), proto.OutcomeStaleMailbox)
}

// letter encodes a call.
func (g *Game) letter(m *entity.Mail, to addr.Mailbox, named bool) []byte {
	l := &g.mailed
	*l = proto.Mail{To: to.Entity, Incarnation: to.Incarnation, Method: m.Method, Args: m.Args, Named: named}
	if m.From != nil {
		l.From, l.FromInc = m.From.ID(), m.From.Incarnation()
	}
	g.scratch = g.encoder.Append(g.scratch[:0], l)
	l.Args = nil
	return g.scratch
}

func (g *Game) postProxy(env *node.Env, m *entity.Mail) proto.Outcome {
	p, self := m.To.Proxy, env.Self()
	if !g.linked(env, p.Gate) {
		return proto.OutcomeStaleProxy
	}
	high, low := p.Client.Halves()
	g.header = [proto.MailHeader]uint64{high, low, uint64(self.ID), uint64(self.Inc), m.Num}
	if m.To.Client {
		g.pushed = proto.Push{Method: m.Method, Args: m.Args}
		g.scratch = g.encoder.Append(g.scratch[:0], &g.pushed)
		return sent(env.Forward(p.Gate.ID, proto.TypeProxyPush, 0, g.header[:], g.scratch), proto.OutcomeStaleProxy)
	}
	return sent(env.Forward(p.Gate.ID, proto.TypeProxyMail, 0, g.header[:], g.letter(m, addr.Mailbox{}, false)), proto.OutcomeStaleProxy)
}

// sent says how a call ends that could not be sent; gone is the word for a gate that is not there.
func sent(err error, gone proto.Outcome) proto.Outcome {
	switch {
	case err == nil:
		return proto.OutcomeOK
	case errors.Is(err, node.ErrLinkFull):
		return proto.OutcomeFull
	}
	return gone
}

// answer carries the outcome of a call back to where it came from. At the link's
// bound the result is left out, so that the caller learns at least that much.
func (g *Game) answer(env *node.Env, to *entity.Origin, o proto.Outcome, body []byte) {
	if to.Route != 0 {
		g.reply(env, seat{Gate: to.Via, Route: to.Route}, to.Num, o, body)
		return
	}
	if !g.linked(env, to.Via) {
		env.Mark("mail-end-without-gate")
		return // the caller hears of the gate's end itself
	}
	g.header = proto.MailRoutes(to.Game, env.Self(), to.Num)
	g.ended = proto.MailEnd{Outcome: o, Result: body}
	g.scratch = g.encoder.Append(g.scratch[:0], &g.ended)
	err := env.Forward(to.Via.ID, proto.TypeMailEnd, 0, g.header[:], g.scratch)
	if errors.Is(err, node.ErrLinkFull) {
		env.Mark("mail-end-at-link-bound")
		g.scratch = g.encoder.Append(g.scratch[:0], &proto.MailEnd{Outcome: proto.OutcomeUnknown})
		env.Urge(to.Via.ID, proto.TypeMailEnd, g.header[:], g.scratch)
	}
}
