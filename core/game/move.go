package game

import (
	"messiah/core/node"
	"messiah/core/proto"
)

// clientMove hands a position to game code. One that is no place is dropped and counted.
func (g *Game) clientMove(env *node.Env, in *node.Input) {
	if in.NumRoutes() != 1 || g.script.Moved == nil {
		return
	}
	s := seat{node.Peer{ID: in.From, Inc: in.Inc}, in.Route(0)}
	a := g.seats[s]
	if a == nil || a.client != s || a.state != live {
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
	if g.moved.Seq <= a.moved {
		return // overtaken on the way
	}
	a.moved = g.moved.Seq
	g.script.Moved(g.callFor(env, a), &g.moved)
}
