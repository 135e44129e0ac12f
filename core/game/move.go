package game

import (
	"messiah/core/entity"
	"messiah/core/node"
	"messiah/core/proto"
)

// clientMove puts an avatar where its client says that it is. A position that is
// no place is dropped and counted, and so is one of an entity without a place.
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
	g.world.Move(env, t.resident, m.At, m.Yaw)
}

// placed hears that game code has put an entity somewhere.
func (g *Game) placed(*node.Env, *entity.Resident) {}
