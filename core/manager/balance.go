package manager

import (
	"cmp"
	"slices"
	"time"

	"messiah/core/node"
	"messiah/core/planted"
	"messiah/core/proto"
	"messiah/core/wire"
)

// The manager relieves a game that has many avatars where another has few, if it is told to.
// A game is hot from the moment at which it has more than High avatars until it has Low or fewer.
// While one is hot, and has more than Gap avatars more than the emptiest open game, it is to move
// some there: at most as many as it has over the mean of the open games, as the other lacks to that, as
// it is over Low, and Moves. So a game gives down to the mean or takes up to it: while nobody comes
// or goes, none does both, and nobody is moved back. The next order waits until the one before has
// ended, both games have reported since, and CoolDown is over.

// Balance says when avatars are moved from a full game to an emptier one.
type Balance struct {
	High     int           // avatars of a game over which it is hot; 0: nobody is ever moved
	Low      int           // avatars of a hot game down to which it is relieved
	Gap      int           // so many more than another a game must have at least, and one
	Moves    int           // avatars that are on their way at a time, at most
	CoolDown time.Duration // between two orders
}

// Defaults of Balance where High is set.
const (
	DefaultMoves    = 16
	DefaultCoolDown = 2 * time.Second
	balanceEvery    = 500 * time.Millisecond // between two looks
	freshReports    = 2                      // of a game before it takes part in the next order: the first may be older than the end of the last
	forgetShed      = 30 * time.Second       // an order whose end is not heard of is given up
)

// withDefaults fills in what is not said.
func (b Balance) withDefaults() Balance {
	if b.High <= 0 {
		return Balance{}
	}
	b.Low = cmp.Or(b.Low, b.High*3/4)
	b.Gap = cmp.Or(b.Gap, max(b.High/4, 1))
	b.Moves = cmp.Or(b.Moves, DefaultMoves)
	b.CoolDown = cmp.Or(b.CoolDown, DefaultCoolDown)
	return b
}

func (b *Balance) code(c *wire.Coder) {
	c.Int(&b.High)
	c.Int(&b.Low)
	c.Int(&b.Gap)
	c.Int(&b.Moves)
	c.Int64((*int64)(&b.CoolDown))
}

// balancing is the order under way, and when the next may come.
type balancing struct {
	last  uint64 // number of the latest order
	open  bool   // it has not ended
	from  node.Peer
	to    node.Peer
	until node.Time // it is given up then; once it has ended: the next may come
}

// Code reads or writes the order.
func (b *balancing) Code(c *wire.Coder) {
	c.Uint64(&b.last)
	c.Bool(&b.open)
	b.from.Code(c)
	b.to.Code(c)
	c.Int64((*int64)(&b.until))
}

// load is how many avatars a game has reported.
func (p *proc) load() int { return int(min(p.report.Avatars, 1<<30)) }

// balance looks whether a game is to be relieved.
func (m *Manager) balance(env *node.Env) {
	if m.cfg.Balance.High <= 0 {
		return
	}
	env.After(balanceEvery, timerBalance, 0)
	m.heat()
	b := &m.balancing
	if b.open && env.Now() >= b.until {
		env.Mark("shed-never-ended")
		b.open = false
	}
	if b.open || env.Now() < b.until || m.step != proto.StepAdmit {
		return
	}
	from, to, count := m.relief()
	if count == 0 {
		return
	}
	env.Mark("shed-ordered")
	b.last++
	b.open, b.from, b.to, b.until = true, from.peer, to.peer, env.Now().Add(forgetShed)
	send(env, from.peer.ID, &proto.Shed{Num: b.last, To: to.peer, Count: uint64(count)})
}

// heat notes which games are hot.
func (m *Manager) heat() {
	for i := range m.procs {
		switch p := &m.procs[i]; {
		case p.load() > m.cfg.Balance.High:
			p.hot = true
		case p.load() <= m.cfg.Balance.Low:
			p.hot = false
		}
	}
}

// relief chooses which game is to move how many avatars where; 0 where nobody is to move.
func (m *Manager) relief() (from, to *proc, count int) {
	all, games := 0, 0
	for i := range m.procs {
		p := &m.procs[i]
		if !p.open() {
			continue
		}
		all, games = all+p.load(), games+1
		if p.hot && (from == nil || p.load() > from.load()) {
			from = p
		}
		if to == nil || p.load() < to.load() {
			to = p
		}
	}
	if from == nil || from == to || to.edition < from.edition {
		return nil, nil, 0
	}
	more := from.load() - to.load()
	if planted.On("rebalance-without-hysteresis") { // the whole difference moves, on whatever was reported last
		return from, to, max(more, 0)
	}
	b := &m.cfg.Balance
	if more <= b.Gap || from.fresh < freshReports || to.fresh < freshReports {
		return nil, nil, 0
	}
	mean := (all + games - 1) / games
	return from, to, max(min(from.load()-mean, mean-to.load(), from.load()-b.Low, b.Moves), 0)
}

// hasShed hears that nobody is on the way any more of those who were to move.
func (m *Manager) hasShed(env *node.Env, from node.Peer, s *proto.HasShed) {
	b := &m.balancing
	if !b.open || from != b.from || s.Num != b.last {
		return // of an order that was given up, or of another manager's
	}
	b.open, b.until = false, env.Now().Add(m.cfg.Balance.CoolDown)
	for _, peer := range []node.Peer{b.from, b.to} {
		if p := m.find(peer.ID); p != nil && p.peer == peer {
			p.fresh = 0
		}
	}
}

// shedLost gives an order up whose game is over.
func (m *Manager) shedLost(peer node.Peer) {
	if b := &m.balancing; b.open && slices.Contains([]node.Peer{b.from, b.to}, peer) {
		b.open = false
	}
}
