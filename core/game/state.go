package game

import (
	"cmp"
	"slices"

	"messiah/core/addr"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
)

// Settings reads or writes what the game was made with.
func (g *Game) Settings(c *wire.Coder) {
	c.String(&g.cfg.Manager)
	c.String(&g.cfg.Listen)
	c.Int64((*int64)(&g.cfg.Grace))
	c.Int64((*int64)(&g.cfg.RetryEvery))
	c.Int64((*int64)(&g.cfg.DrainWithin))
	c.Bool(&g.cfg.Contain)
	g.world.SetContain(g.cfg.Contain)
}

// State reads or writes the whole state.
func (g *Game) State(c *wire.Coder) {
	g.world.State(c)
	g.codeTenants(c)
	g.codeMoves(c)
	c.Uint64(&g.lastKey)
	c.Uint64(&g.lastNum)
	c.Struct(&g.list)
	wire.Slice(c, &g.gates, func(c *wire.Coder, p *node.Peer) { c.Struct(p) })
	c.Bool(&g.opened)
	c.Uint64(&g.told)
	wire.Slice(c, &g.stubs, func(c *wire.Coder, s *proto.StubMade) { c.Struct(s) })
	c.Bool(&g.stopping)
	c.Bool(&g.closed)
	g.draining.code(c)
	g.shedding.code(c)
	c.Uint64(&g.handled)
	c.Int(&g.queries)
	wire.Map(c, &g.stubBoxes, (*wire.Coder).String, func(c *wire.Coder, m *addr.Mailbox) { c.Struct(m) })
	g.codeHeard(c)
	g.codeQuestions(c)
}

func (g *Game) codeHeard(c *wire.Coder) {
	var keys []hearing
	for h := range g.heard {
		keys = append(keys, h)
	}
	slices.SortFunc(keys, func(a, b hearing) int {
		return cmp.Or(cmp.Compare(a.stub.Maker, b.stub.Maker), cmp.Compare(a.stub.N, b.stub.N),
			cmp.Compare(a.game.ID, b.game.ID), cmp.Compare(a.game.Inc, b.game.Inc))
	})
	all := make([]heardNum, len(keys))
	for i, h := range keys {
		all[i] = heardNum{h, g.heard[h]}
	}
	wire.Slice(c, &all, func(c *wire.Coder, h *heardNum) { c.Struct(h) })
	if c.Decoding() {
		for _, h := range all {
			g.heard[h.hearing] = h.num
		}
	}
}

// heardNum is a hearing as it is written.
type heardNum struct {
	hearing
	num uint64
}

// Code reads or writes the hearing with its number.
func (h *heardNum) Code(c *wire.Coder) {
	h.hearing.Code(c)
	c.Uint64(&h.num)
}

// codeMoves reads or writes the migrations, behind the tenants.
func (g *Game) codeMoves(c *wire.Coder) {
	var away []*leaving
	for _, l := range g.leaving.All() {
		away = append(away, l)
	}
	wire.Slice(c, &away, func(c *wire.Coder, l **leaving) {
		if *l == nil {
			*l = &leaving{}
		}
		g.codeLeaving(c, *l)
	})
	var here []*coming
	for _, m := range g.coming.All() {
		here = append(here, m)
	}
	wire.Slice(c, &here, func(c *wire.Coder, m **coming) {
		if *m == nil {
			*m = &coming{}
		}
		g.codeComing(c, *m)
	})
}

// codeLeaving reads or writes an entity that moves away.
func (g *Game) codeLeaving(c *wire.Coder, l *leaving) {
	c.Struct(l)
	var key uint64
	if l.t != nil {
		key = l.t.key
	}
	lives := l.r != nil
	c.Uint64(&key)
	c.Bool(&lives)
	if !c.Decoding() {
		return
	}
	l.t, _ = g.tenants.Get(key)
	if lives {
		if l.r = g.world.Find(l.id); l.r == nil {
			l.r = g.world.Aside(l.id)
		}
	}
	if l.t != nil && l.r != nil {
		l.t.resident = l.r
		g.of[l.r] = l.t
	}
	if l.next != (seat{}) {
		g.seats[l.next] = l.t
	}
	g.leaving.Set(l.id, l)
	g.leaveKeys[l.key] = l
}

// codeComing reads or writes an entity that moves here.
func (g *Game) codeComing(c *wire.Coder, m *coming) {
	c.Struct(m)
	var key uint64
	if m.t != nil {
		key = m.t.key
	}
	has := m.r != nil
	c.Uint64(&key)
	c.Bool(&has)
	if !c.Decoding() {
		return
	}
	m.t, _ = g.tenants.Get(key)
	if has {
		if m.r = g.world.Aside(m.id); m.r == nil {
			m.r = g.world.Find(m.id)
		}
	}
	g.coming.Set(m.id, m)
	g.comeKeys[m.key] = m
}

func (g *Game) codeTenants(c *wire.Coder) {
	var all []*tenant
	for _, t := range g.tenants.All() {
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b *tenant) int { return cmp.Compare(a.key, b.key) })
	wire.Slice(c, &all, func(c *wire.Coder, t **tenant) {
		if *t == nil {
			*t = &tenant{}
		}
		c.Struct(*t)
	})
	if !c.Decoding() {
		return
	}
	for _, t := range all {
		g.tenants.Set(t.key, t)
		g.records[t.record] = t
		if r := g.world.Find(t.id); t.state == live && r != nil {
			t.resident = r
			g.of[r] = t
		}
		for _, s := range []seat{t.client, t.next, t.leaving} {
			if s != (seat{}) {
				g.seats[s] = t
			}
		}
	}
}

// Code reads or writes the tenant.
func (t *tenant) Code(c *wire.Coder) {
	c.Uint64(&t.key)
	c.Uint8((*uint8)(&t.state))
	c.String(&t.record)
	c.String(&t.class)
	c.String(&t.account)
	c.String(&t.stub)
	t.id.Code(c)
	c.Uint64(&t.owner)
	c.Uint64(&t.version)
	c.Uint64(&t.request)
	t.client.Code(c)
	t.proxy.Code(c)
	c.Bool(&t.attached)
	c.Int64((*int64)(&t.alone))
	t.next.Code(c)
	t.nextID.Code(c)
	t.leaving.Code(c)
	c.Uint64(&t.pushes)
	c.Uint64(&t.moved)
	t.save.code(c)
	t.last.code(c)
	c.Bool(&t.again)
	c.Bool(&t.drop)
	c.Bool(&t.remove)
	c.Bool(&t.taking)
	c.Bool(&t.unproven)
	c.Bool(&t.quiet)
	wire.Slice(c, &t.asked, (*wire.Coder).Uint64)
	wire.Slice(c, &t.savers, (*wire.Coder).Uint64)
}
