package manager

import (
	"fmt"
	"slices"

	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
)

// An operator closes, drains and opens games. An order is about one life of a game: the
// next life of it is open. A game knows how it stands and says so to a new manager.

// MayOperate says why an order cannot be carried out now, nil if it can.
func (m *Manager) MayOperate(o *proto.Operate) error {
	p := m.find(o.Game)
	switch {
	case !m.settled:
		return fmt.Errorf("manager: it has just started and does not know yet who lives; ask again in a moment")
	case p == nil || o.Game.Kind() != node.Game:
		return fmt.Errorf("manager: there is no game %v; there are %s", o.Game, m.gameNames())
	case o.Order == proto.OrderDrain && !m.elsewhere(p):
		return fmt.Errorf("manager: %v cannot be drained: no other game is ready and open to take whom it has", o.Game)
	}
	return nil
}

// elsewhere tells whether another game than p takes newcomers.
func (m *Manager) elsewhere(p *proc) bool {
	for i := range m.procs {
		if one := &m.procs[i]; one != p && one.open() {
			return true
		}
	}
	return false
}

func (m *Manager) gameNames() string {
	names := ""
	for i := range m.procs {
		if id := m.procs[i].peer.ID; id.Kind() == node.Game {
			if names != "" {
				names += ", "
			}
			names += id.String()
		}
	}
	if names == "" {
		return "none"
	}
	return names
}

// open tells whether a process is a game that takes newcomers.
func (p *proc) open() bool { return p.peer.ID.Kind() == node.Game && p.ready && !p.closed }

// operate carries an operator's order out; one that repeats the order before changes nothing.
func (m *Manager) operate(env *node.Env, o *proto.Operate) {
	if err := m.MayOperate(o); err != nil {
		env.Log(node.Warn, "an order cannot be carried out", "order", o.Order, "error", err)
		return
	}
	p := m.find(o.Game)
	closed, drains := o.Order != proto.OrderOpen, o.Order == proto.OrderDrain
	if o.Order == proto.OrderClose && p.drains {
		drains = true // closed it is; open ends the drain
	}
	what := nothingChanged
	if p.closed != closed {
		what = listChanged
	}
	changed := what != nothingChanged || p.drains != drains
	p.closed, p.drains = closed, drains
	send(env, p.peer.ID, &proto.Drain{Closed: closed, Drain: drains})
	if !changed {
		return
	}
	env.Log(node.Info, "game "+o.Order.String(), "game", o.Game)
	env.Mark("order-" + o.Order.String())
	if drains && m.primary == p.peer {
		m.primary = node.Peer{} // it is to make no stubs any more
	}
	m.advance(env, what)
}

// draining hears how far a game's drain has come.
func (m *Manager) draining(from node.Peer, d *proto.Draining) {
	if p := m.find(from.ID); p != nil && p.peer == from {
		p.drain = *d
	}
}

// Drained is a life of a game that has left since nobody was in it any more.
type Drained struct {
	Peer  node.Peer
	Moved uint64 // entities that moved away in its drain
}

// Code reads or writes the life.
func (d *Drained) Code(c *wire.Coder) {
	d.Peer.Code(c)
	c.Uint64(&d.Moved)
}

// MaxDrained bounds how many drained games are remembered for operators; the oldest is forgotten first.
const MaxDrained = 16

// departs remembers that a drained game leaves in good order.
func (m *Manager) departs(peer node.Peer) {
	p := m.find(peer.ID)
	if p == nil || p.peer != peer || !p.drains || p.drain.Left > 0 {
		return
	}
	m.drained = append(m.drained, Drained{peer, p.drain.Moved})
	if len(m.drained) > MaxDrained {
		m.drained = slices.Delete(m.drained, 0, 1)
	}
}
