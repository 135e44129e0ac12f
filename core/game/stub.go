package game

import (
	"cmp"
	"slices"
	"strings"

	"messiah/core/addr"
	"messiah/core/entity"
	"messiah/core/node"
	"messiah/core/planted"
	"messiah/core/proto"
	"messiah/core/wire"
)

// bePrimary creates the stubs that the cluster lacks. One that saves is read from
// its record first, so that it goes on where it ended.
func (g *Game) bePrimary(env *node.Env, _ node.Peer, m *proto.BePrimary) {
	if g.stopping || g.draining.on {
		return
	}
	waits := false
	for _, name := range m.Missing {
		class := g.stubClass(name)
		made := g.hasStub(name) && !planted.On("stub-made-twice") // who asks is believed
		switch {
		case made || class == nil:
		case g.records[proto.StubKey(name)] != nil:
			env.Mark("stub-on-its-way")
			waits = true
		case class.Saves():
			g.claim(env, &tenant{record: proto.StubKey(name), class: class.Name(), stub: name})
			waits = true
		default:
			waits = !g.makeStub(env, class, name) || waits
		}
	}
	if !waits {
		g.tellStubs(env) // else each is told of when it is there: an answer now would be asked again at once
	}
}

// makeStub creates a stub without a record; where there is no room it is tried again.
func (g *Game) makeStub(env *node.Env, class *entity.Class, name string) bool {
	r, err := g.world.Make(env, class.Name(), entity.Birth{Incarnation: 1, Stub: name})
	if err != nil {
		env.Log(node.Warn, "a stub cannot be created", "stub", name, "error", err)
		env.After(g.cfg.RetryEvery, timerStubs, 0)
		return false
	}
	g.fileStub(env, r)
	g.world.Wake(env, r)
	return true
}

// fileStub adds a stub that lives here to those that the manager is told of.
func (g *Game) fileStub(env *node.Env, r *entity.Resident) {
	g.stubs = append(g.stubs, proto.StubMade{Name: r.Stub(), Entity: r.ID(), Incarnation: r.Incarnation()})
	env.Log(node.Info, "stub created", "stub", r.Stub())
}

func (g *Game) hasStub(name string) bool {
	return slices.ContainsFunc(g.stubs, func(s proto.StubMade) bool { return s.Name == name })
}

// stubClass returns the class of a stub by its name, nil if the script has none.
func (g *Game) stubClass(name string) *entity.Class {
	base, _, _ := strings.Cut(name, "/")
	if k := g.world.Class(base); k != nil && slices.Contains(k.StubNames(), name) {
		return k
	}
	return nil
}

// stubGone takes a stub out that has ended; the manager has it created again.
func (g *Game) stubGone(env *node.Env, name string) {
	g.stubs = slices.DeleteFunc(g.stubs, func(s proto.StubMade) bool { return s.Name == name })
	g.tellStubs(env)
}

func (g *Game) tellStubs(env *node.Env) {
	if !g.stopping {
		g.send(env, managerID, &proto.StubsMade{Stubs: g.stubs})
	}
}

// stubMailbox returns the mailbox behind a stub's name. Its gate stays the same for
// as long as it lives, so that calls by the name keep their order whatever gates come.
func (g *Game) stubMailbox(env *node.Env, name string) (addr.Mailbox, bool) {
	place, ok := g.stubPlace(name)
	if !ok {
		return addr.Mailbox{}, false
	}
	m := g.stubBoxes[name]
	same := m.Entity == place.Stub.Entity && m.Incarnation == place.Stub.Incarnation && m.Game == place.Game
	if !same || !g.linked(env, m.Gate) {
		m = addr.Mailbox{
			Entity: place.Stub.Entity, Incarnation: place.Stub.Incarnation, Game: place.Game, Gate: g.home(env, place.Stub.Entity),
		}
		g.stubBoxes[name] = m
	}
	return m, true
}

// hearing is what a stub here has heard of one life of a game.
type hearing struct {
	stub addr.EntityID
	game node.Peer
}

// Code reads or writes the hearing as four fields.
func (h *hearing) Code(c *wire.Coder) {
	h.stub.Code(c)
	h.game.Code(c)
}

// inTurn tells whether a stub may run a call: a game that has lost a gate goes on by
// another, while what it had sent by the first may still be on its way. Its senders
// were told that their outcome is unknown; run now, those calls would be out of order.
func (g *Game) inTurn(r *entity.Resident, in *node.Input) bool {
	h := hearing{r.ID(), proto.MailFrom(in)}
	num := in.Route(4)
	if num < g.heard[h] && !planted.On("stub-mail-out-of-turn") { // whatever comes is run
		return false
	}
	g.heard[h] = num
	return true
}

// forgetHeard drops what stubs have heard of games that are dead.
func (g *Game) forgetHeard(dead []node.Peer) {
	for h := range g.heard {
		if slices.Contains(dead, h.game) {
			delete(g.heard, h)
		}
	}
}

// stubPlace returns where a stub lives by the manager's list.
func (g *Game) stubPlace(name string) (proto.StubPlace, bool) {
	i, found := slices.BinarySearchFunc(g.list.Stubs, name, func(p proto.StubPlace, name string) int {
		return cmp.Compare(p.Stub.Name, name)
	})
	if !found {
		return proto.StubPlace{}, false
	}
	return g.list.Stubs[i], true
}
