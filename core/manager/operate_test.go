package manager

import (
	"strings"
	"testing"

	"messiah/core/node"
	"messiah/core/proto"
)

// An order that cannot be carried out says why in one line.
func TestWhyAnOrderIsRefused(t *testing.T) {
	game := func(i int) node.ID { return node.NewID(node.Game, i) }
	for name, c := range map[string]struct {
		change func(m *Manager)
		order  proto.GameOrder
		game   node.ID
		says   string
	}{
		"fine":          {nil, proto.OrderDrain, game(1), ""},
		"unknown":       {nil, proto.OrderClose, game(7), "there is no game game7; there are game1, game2"},
		"no game":       {nil, proto.OrderOpen, node.NewID(node.DB, 1), "there is no game db1"},
		"new manager":   {func(m *Manager) { m.settled = false }, proto.OrderOpen, game(1), "does not know yet"},
		"alone":         {func(m *Manager) { m.procs = m.procs[:1] }, proto.OrderDrain, game(1), "no other game is ready and open"},
		"others closed": {func(m *Manager) { m.procs[1].closed = true }, proto.OrderDrain, game(1), "no other game is ready and open"},
		"others late":   {func(m *Manager) { m.procs[1].ready = false }, proto.OrderDrain, game(1), "no other game is ready and open"},
		"close alone":   {func(m *Manager) { m.procs[1].closed = true }, proto.OrderClose, game(1), ""},
	} {
		m := full(Balance{}, []int{1, 1})
		m.settled = true
		if c.change != nil {
			c.change(m)
		}
		err := m.MayOperate(&proto.Operate{Game: c.game, Order: c.order})
		if (err == nil) != (c.says == "") || err != nil && (!strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

// A stub goes to the primary or, where that does not know it, to a game that does and is not about to leave.
func TestWhoCreatesAStub(t *testing.T) {
	m := full(Balance{}, []int{0, 0, 0})
	m.primary = m.procs[0].peer
	m.procs[0].classes = []string{"chat"}
	m.procs[1].classes, m.procs[1].drains = []string{"chat", "post"}, true
	m.procs[2].classes = []string{"chat", "post"}
	for name, want := range map[string]*proc{"chat": &m.procs[0], "post": &m.procs[2], "bank": nil} {
		if got := m.creator(name); got != want {
			t.Errorf("%s is created by %+v", name, got)
		}
	}
	m.procs[2].drains = true
	if got := m.missing(); len(got) != 1 || got[0] != "chat" {
		t.Errorf("missing are %v: a game that is drained creates none", got)
	}
}
