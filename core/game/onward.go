package game

import (
	"errors"

	"messiah/core/entity"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
)

// Calls one end of which has moved: their outcomes follow the caller, and the caller hears who answers.

// moveMail tells the callers of calls that an entity holds where they are answered.
func (g *Game) moveMail(env *node.Env, r *entity.Resident, at node.Peer, maybe bool) {
	r.HeldFrom(func(o *entity.Origin) bool {
		if o.Route == 0 {
			g.tellMoved(env, o.Via, o.Game, o.Num, at, maybe)
		}
		return true
	})
}

func (g *Game) tellMoved(env *node.Env, via, caller node.Peer, num uint64, at node.Peer, maybe bool) {
	g.movedOn(env, via, caller, node.Peer{}, num, at, maybe)
}

// passOn carries an outcome to the game where its caller is.
func (g *Game) passOn(env *node.Env, gate, to, origin node.Peer, num uint64, o proto.Outcome, body []byte) {
	if !g.linked(env, gate) {
		return // who lives there hears of the gate's end
	}
	routes := proto.MailRoutes(to, env.Self(), num)
	f := proto.Forwarded{Origin: origin, Num: num, Outcome: o, Result: body}
	err := env.Forward(gate.ID, proto.TypeForwarded, 0, routes[:], wire.Append(nil, &f))
	if errors.Is(err, node.ErrLinkFull) {
		f.Outcome, f.Result = proto.OutcomeUnknown, nil
		env.Urge(gate.ID, proto.TypeForwarded, routes[:], wire.Append(nil, &f))
	}
}

// movedOn tells a caller, or the game that knows where it is, who answers its call.
func (g *Game) movedOn(env *node.Env, gate, to, origin node.Peer, num uint64, at node.Peer, maybe bool) {
	if !g.linked(env, gate) {
		return
	}
	routes := proto.MailRoutes(to, env.Self(), num)
	m := proto.MailMoved{Origin: origin, Game: at, Maybe: maybe}
	if err := env.Urge(gate.ID, proto.TypeMailMoved, routes[:], wire.Append(nil, &m)); err != nil {
		env.Mark("mail-moved-without-link")
	}
}

// mailMoved hears that a call of an entity here is answered elsewhere, and asks whether that still lives.
func (g *Game) mailMoved(env *node.Env, in *node.Input) {
	var m proto.MailMoved
	if in.NumRoutes() != proto.MailHeader || !isSelf(env, in) || !env.Decode(in, &m) {
		return
	}
	if m.Origin == (node.Peer{}) {
		g.world.MailMoved(env, in.Route(4), m.Game, m.Maybe)
	} else {
		g.world.MovedOn(env, m.Origin, in.Route(4), m.Game, m.Maybe)
	}
	if m.Game != env.Self() {
		g.send(env, in.From, &proto.AskGone{Game: m.Game})
	}
}

// forwarded hears the outcome of a call whose caller has come here.
func (g *Game) forwarded(env *node.Env, in *node.Input) {
	m := &g.passed
	if in.NumRoutes() != proto.MailHeader || !isSelf(env, in) || g.decoder.Decode(in.Body, m) != nil {
		env.Log(node.Warn, "an outcome that cannot be read", "from", in.From)
		return
	}
	g.world.PassedOn(env, m.Origin, m.Num, m.Outcome, m.Result)
}
