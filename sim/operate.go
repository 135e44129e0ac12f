package sim

import (
	"errors"

	"messiah/core/manager"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
)

// What operators order of games, and how they see that it is done.

// Operate gives the manager an operator's order about a game; where the manager does not run
// or refuses, nothing comes of it. It returns why the manager would refuse.
func (s *Story) Operate(order proto.GameOrder, game node.ID) error {
	p := s.byID[ManagerID]
	if p.host == nil {
		return errNoManager
	}
	o := proto.Operate{Game: game, Order: order}
	if err := p.host.Node().(*manager.Manager).MayOperate(&o); err != nil {
		return err
	}
	self := p.host.Self()
	p.arrive(&node.Input{Kind: node.InMessage, Type: proto.TypeOperate, From: self.ID, Inc: self.Inc, Body: wire.Append(nil, &o)})
	return nil
}

// Standing returns what the manager knows of a process, false where it does not know it.
func (w *World) Standing(id node.ID) (manager.ProcessStatus, bool) {
	p := w.byID[ManagerID]
	if p.host == nil {
		return manager.ProcessStatus{}, false
	}
	for _, one := range p.host.Node().(*manager.Manager).Inspect().Processes {
		if one.Peer.ID == id {
			return one, true
		}
	}
	return manager.ProcessStatus{}, false
}

// Closed tells whether the life of a game that runs takes no newcomers.
func (w *World) Closed(id node.ID) bool {
	g, ok := gameOf(w.byID[id])
	return ok && g.Inspect().Closed
}

// Left tells whether the latest life of a process has ended in good order.
func (w *World) Left(id node.ID) bool {
	p := w.byID[id]
	return p.host == nil && p.clean
}

// errNoManager is an order that nobody takes.
var errNoManager = errors.New("sim: the manager does not run")

// drained tells whether a life ends that was drained: a process that leaves so may hide nothing.
func (p *process) drained() bool {
	if g, ok := gameOf(p); ok {
		if g.Inspect().Drained {
			p.w.drained[p.host.Self()] = true
			return true
		}
	}
	return false
}
