package game

import (
	"messiah/core/entity"
	"messiah/core/move"
	"messiah/core/node"
	"messiah/core/proto"
)

// clientMove puts an avatar where its client says that it is. A position that is
// no place is dropped and counted, and so is one of an entity without a place. One
// that the avatar's budget refuses brings the client back to the last that counted.
func (g *Game) clientMove(env *node.Env, in *node.Input) {
	if in.NumRoutes() != 1 {
		return
	}
	t := g.sitting(seat{Gate: node.Peer{ID: in.From, Inc: in.Inc}, Route: in.Route(0)})
	if t == nil {
		env.Mark("move-of-no-avatar")
		return
	}
	_, _, payload, err := proto.SplitClient(in.Body)
	if err == nil {
		err = g.decoder.Decode(payload, &g.moved)
	}
	if err != nil {
		env.Mark("position-refused")
		return
	}
	m := &g.moved
	if m.Seq <= t.moved {
		return // overtaken on the way
	}
	t.moved = m.Seq
	switch g.world.Judge(env, t.resident, m.At, m.Ack) {
	case move.Good:
		g.world.Move(env, t.resident, m.At, m.Yaw)
	case move.Early:
		env.Mark("move-before-acknowledgement")
	case move.Refused:
		env.Mark("move-refused")
		g.correct(env, t.client, t.resident.Place(), false)
	}
}

// placed hears that game code has put an entity somewhere, and tells its client.
func (g *Game) placed(env *node.Env, r *entity.Resident) {
	if t := g.of[r]; t != nil && t.client != (seat{}) {
		g.correct(env, t.client, r.Place(), true)
	}
}

// show tells a client that has just taken its seat where its avatar is, unless
// nobody looks at what it says.
func (g *Game) show(env *node.Env, t *tenant) {
	if g.world.Correct(t.resident) {
		g.correct(env, t.client, t.resident.Place(), true)
	}
}

// correct tells a client the latest correction of its avatar.
func (g *Game) correct(env *node.Env, to seat, p *entity.Place, placed bool) {
	m := proto.Correct{Num: p.Correction(), At: p.Position(), Yaw: p.Yaw(), Placed: placed}
	g.toClient(env, to, m.Type(), 0, 0, env.Encode(&m))
}
