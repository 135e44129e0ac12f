package sim

import (
	"slices"

	"messiah/core/game"
	"messiah/core/gate"
	"messiah/core/node"
	"messiah/sim/choice"
)

// Migration is one that is under way, with the gate that is its arbiter.
type Migration struct {
	gate.Move
	Gate node.ID
}

// Migrations returns those of which gates know, in the order of the gates.
func (w *World) Migrations() []Migration {
	var all []Migration
	for _, p := range w.servers() {
		if g, ok := gateOf(p); ok {
			for m := range g.Moves() {
				all = append(all, Migration{m, p.id})
			}
		}
	}
	return all
}

// MovesAt returns the migrations that a process knows: of a gate those that it arbitrates,
// of a game those in which it is source or target.
func (w *World) MovesAt(at node.ID) (gates []gate.Move, games []game.Move) {
	p := w.byID[at]
	if g, ok := gateOf(p); ok {
		return slices.Collect(g.Moves()), nil
	}
	if g, ok := gameOf(p); ok {
		return nil, slices.Collect(g.Moves())
	}
	return nil, nil
}

// by returns the processes that take part in a migration.
func (m *Migration) by() []node.ID { return []node.ID{m.Gate, m.Source.ID, m.Target.ID} }

// StrikeMove hurts the cluster right behind the (skip+1)-th time that any migration comes
// by a step: mostly a process that takes part in it, or the client whose avatar moves.
func (s *Story) StrikeMove(step string, kind FaultKind, skip int) {
	s.OnStep("migrate", step, 0, skip, func(at node.ID) {
		var among []node.ID
		c := s.Players[0]
		for _, m := range s.Migrations() {
			if !slices.Contains(m.by(), at) && at != DBID {
				continue
			}
			among = m.by()
			if i := slices.IndexFunc(s.Players, func(p *Player) bool { return p.Account() == m.Account }); i >= 0 {
				c = s.Players[i]
			}
		}
		if s.injectAmong(kind, among, c, s.draw) {
			s.hitStep("migrate", step, kind)
		}
	})
}

// aim lets a fault that strikes a process strike one of some, where one is of the kind that it strikes.
func aim(f *Fault, among []node.ID, s choice.Stream) {
	if f.Target == 0 || f.Target.Kind() == node.Client {
		return
	}
	switch f.Kind {
	case CrashManager, CrashDB:
		return
	case CrashGate, CrashGame:
		among = slices.DeleteFunc(slices.Clone(among), func(id node.ID) bool { return id.Kind() != f.Target.Kind() })
	}
	if len(among) == 0 || s.Choose("elsewhere", 5) == 1 {
		return
	}
	f.Target = choice.Pick(s, "at", among)
	if f.Kind == Partition {
		others := slices.DeleteFunc(slices.Concat(among, []node.ID{ManagerID, DBID}), func(id node.ID) bool { return id == f.Target })
		f.Other = choice.Pick(s, "from", others)
	}
}
