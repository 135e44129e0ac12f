package game

import (
	"messiah/core/entity"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
)

// shedding is an order of the manager's to move avatars to another game.
type shedding struct {
	num    uint64 // of the order; 0: there is none
	moving int
	moved  uint64
}

// maxShed bounds the avatars of one order.
const maxShed = 1 << 8

// shed moves avatars to another game, those first that have been here longest.
func (g *Game) shed(env *node.Env, _ node.Peer, m *proto.Shed) {
	s := &g.shedding
	s.num, s.moved = m.Num, 0
	count := min(m.Count, maxShed)
	var chosen []*entity.Resident
	for r := range g.world.Residents {
		if uint64(len(chosen)) >= count || g.closed || g.stopping {
			break
		}
		if t := g.of[r]; t != nil && t.attached && !r.Dying() && !r.Frozen() && !g.leaving.Has(r.ID()) {
			chosen = append(chosen, r)
		}
	}
	for _, r := range chosen {
		if err := g.begin(env, r, &entity.Destination{Game: m.To, Stay: true}, byShed); err == nil {
			s.moving++
		}
	}
	g.shedEnd(env)
}

func (g *Game) shedMoved(env *node.Env, l *leaving) {
	s := &g.shedding
	s.moving--
	if l.gone {
		s.moved++
	}
	g.shedEnd(env)
}

// shedEnd answers the manager once nobody is on the way.
func (g *Game) shedEnd(env *node.Env) {
	s := &g.shedding
	if s.num == 0 || s.moving > 0 {
		return
	}
	g.send(env, managerID, &proto.HasShed{Num: s.num, Moved: s.moved})
	s.num = 0
}

func (s *shedding) code(c *wire.Coder) {
	c.Uint64(&s.num)
	c.Int(&s.moving)
	c.Uint64(&s.moved)
}
