package game

import (
	"cmp"
	"slices"
	"strings"

	"messiah/core/entity"
	"messiah/core/node"
	"messiah/core/planted"
	"messiah/core/proto"
)

// bePrimary creates the stubs that the cluster lacks. One that saves is read from
// its record first, so that it goes on where it ended.
func (g *Game) bePrimary(env *node.Env, _ node.Peer, m *proto.BePrimary) {
	for _, name := range m.Missing {
		class := g.stubClass(name)
		made := g.hasStub(name) && !planted.On("stub-made-twice") // who asks is believed
		if made || class == nil || g.stopping || g.records[proto.StubKey(name)] != nil {
			continue
		}
		if class.Saves() {
			g.claim(env, &tenant{record: proto.StubKey(name), class: class.Name(), stub: name})
			continue
		}
		r, err := g.world.Make(env, class.Name(), entity.Birth{Incarnation: 1, Stub: name})
		if err != nil {
			env.Log(node.Warn, "a stub cannot be created", "stub", name, "error", err)
			continue
		}
		g.stubs = append(g.stubs, proto.StubMade{Name: name, Entity: r.ID(), Incarnation: r.Incarnation()})
		env.Log(node.Info, "stub created", "stub", name)
		g.world.Wake(env, r)
	}
	g.tellStubs(env)
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

// stubMade files a stub whose record has come.
func (g *Game) stubMade(env *node.Env, t *tenant) {
	g.stubs = append(g.stubs, proto.StubMade{Name: t.stub, Entity: t.id, Incarnation: t.owner})
	env.Log(node.Info, "stub created", "stub", t.stub)
	g.tellStubs(env)
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

// stubPlace returns where a stub lives: on this game, or by the manager's list.
func (g *Game) stubPlace(name string) (proto.StubPlace, bool) {
	i, found := slices.BinarySearchFunc(g.list.Stubs, name, func(p proto.StubPlace, name string) int {
		return cmp.Compare(p.Stub.Name, name)
	})
	if !found {
		return proto.StubPlace{}, false
	}
	return g.list.Stubs[i], true
}
