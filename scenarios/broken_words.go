package scenarios

import (
	"time"

	"messiah/core/addr"
	"messiah/core/client"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
	"messiah/sim"
)

// What broken processes say over links that stand.

// toManager: words of the start by who has not registered, twice, and by the dead.
func (b *breaker) toManager() {
	r := b.RawPeer(b.life(node.Game))
	c := b.linked(r, sim.ManagerID, 0, false)
	c.Say(&proto.Ready{Version: 1})
	c.Say(&proto.StubsMade{Stubs: []proto.StubMade{{Name: "NobodysStub"}}})
	c.Say(&proto.Leave{})
	b.Go(50 * time.Millisecond)
	c.Say(&proto.Register{})
	b.Go(50 * time.Millisecond)
	if listed, _ := b.Listed(r.Self); listed {
		b.Violate("admission", "a process is listed that was declared dead")
	}
	r.Self = b.life(node.Game)
	c = b.linked(r, sim.ManagerID, 0, false)
	ghost := b.life(node.Game)
	c.Say(&proto.Register{Linked: []node.Peer{ghost}})
	c.Say(&proto.Register{})
	b.Must("it is listed", func() bool { listed, _ := b.Listed(r.Self); return listed }, soon)
	b.Must("the life that it had a link to, and that nobody knows, is said to be dead", func() bool {
		told, _ := knows(c, ghost)
		return told
	}, soon)
	b.leaves(r, c)
}

// manyLives: so many lives come and go that the manager cannot remember them all.
func (b *breaker) manyLives() {
	const lives = 270
	r := b.RawPeer(b.life(node.Game))
	for range lives {
		r.Self = b.life(node.Game)
		c := b.linked(r, sim.ManagerID, 0, false)
		c.Say(&proto.Leave{})
		b.Go(time.Millisecond)
		c.Close()
	}
	r.Self = b.life(node.Game)
	c := b.linked(r, sim.ManagerID, 0, false)
	c.Say(&proto.Register{})
	b.Go(50 * time.Millisecond)
	if _, most := knows(c, r.Self); most > 256 {
		b.Violate("bounded", "the manager's list names %d dead lives", most)
	}
	b.leaves(r, c)
}

// toGame: a db's answers that nobody asked for, of those who play and of nobody, and stubs that no code has.
func (b *breaker) toGame() {
	c := b.Players[b.Pick("player", len(b.Players))]
	home := c.Game()
	if home == 0 {
		return
	}
	r := b.RawPeer(b.life(node.Gate))
	conn := b.linked(r, home, 0, false)
	for _, key := range []string{proto.AccountKey(c.Account()), "nobody at all"} {
		conn.Say(&proto.Claimed{Key: key, Owner: 1 << 40, Version: 1 << 40, Entity: addr.EntityID{Maker: 1, N: 1}})
		conn.Say(&proto.Held{Key: key, Game: b.life(node.Game)})
		conn.Say(&proto.Saved{Key: key, Version: 1 << 40})
		conn.Say(&proto.NoSave{Key: key, Stale: true})
	}
	conn.Say(&proto.BePrimary{Missing: []string{"NobodysStub"}})
	conn.Say(&proto.Exit{Route: 1 << 40})
	conn.Say(&proto.ClientLost{Route: 1 << 40})
	conn.Say(&proto.ClientBack{Route: 1 << 40, Next: 1<<40 + 1})
	b.Go(300 * time.Millisecond)
	if c.In() && c.Game() != home {
		b.Violate("routes", "the avatar of %s is gone from %v for what a broken process said", c.Account(), home)
	}
	r.Vanish()
}

// toGate: words about the routes of others.
func (b *breaker) toGate() {
	gate := sim.GateID(1 + b.Pick("gate", b.Options().Gates))
	r := b.RawPeer(b.life(node.Game))
	c := b.linked(r, gate, 0, false)
	for route := range uint64(20) {
		c.Say(&proto.Entered{Route: route, Entity: addr.EntityID{Maker: 1, N: 1}})
		c.Say(&proto.EnterFailed{Route: route, Reason: proto.RefusedSecondLogin})
		c.Say(&proto.KickClient{Route: route, Reason: proto.RefusedKicked})
		c.Say(&proto.Exited{Route: route})
	}
	b.Go(300 * time.Millisecond)
	r.Vanish()
}

// toDB: a record is taken, saved, saved as if by an earlier owner, and given back.
func (b *breaker) toDB() {
	r := b.RawPeer(b.life(node.Game))
	c := b.linked(r, sim.DBID, 0, false)
	c.Say(&proto.Claim{Key: "a broken one", Num: 1})
	var claimed proto.Claimed
	if err := wire.Decode(b.awaits(c, proto.TypeClaimed), &claimed); err != nil {
		b.Violate("no-error-log", "the db has sent what cannot be read: %v", err)
	}
	c.Say(&proto.Save{Key: "a broken one", Num: 2, Owner: claimed.Owner - 1})
	b.awaits(c, proto.TypeNoSave)
	c.Say(&proto.Save{Key: "a broken one", Num: 3, Owner: claimed.Owner, Version: claimed.Version, Data: []byte{1}})
	b.awaits(c, proto.TypeSaved)
	c.Say(&proto.Release{Save: proto.Save{Key: "a broken one", Num: 4, Owner: claimed.Owner}}) // of the version before
	b.awaits(c, proto.TypeNoSave)
	c.Say(&proto.Release{Save: proto.Save{Key: "a broken one", Num: 5, Owner: claimed.Owner, Version: claimed.Version + 1}})
	b.Go(time.Second)
	r.Vanish()
}

// badGame: a game that is ready takes a client in and says at once that nothing is left of it.
func (b *breaker) badGame() {
	r, lead := b.joined()
	for i := range b.Options().Gates {
		b.stands(b.dialledBy(r, i))
	}
	lead.Say(&proto.Ready{Version: 1})
	b.Must("a broken game is ready", func() bool { _, ready := b.Listed(r.Self); return ready }, soon)
	b.Go(20 * time.Millisecond)
	guest := b.NewPlayer("guest of a broken game", func(cfg *client.Config) { cfg.StayKicked = true })
	guest.Start()
	asked := func() *sim.RawConn {
		for _, c := range r.Accepted {
			if c.Has(proto.TypeEnter) != nil {
				return c
			}
		}
		return nil
	}
	b.Until(func() bool { return asked() != nil }, soon)
	if c := asked(); c != nil {
		var enter proto.Enter
		if err := wire.Decode(c.Has(proto.TypeEnter).Payload, &enter); err != nil {
			b.Violate("no-error-log", "a gate has sent what cannot be read: %v", err)
		}
		route := enter.Route
		c.Say(&proto.Entered{Route: route, Entity: addr.EntityID{Maker: r.Self.Inc, N: 1}})
		b.Must("the guest is in", func() bool { return guest.Status().Logins > 0 }, 10*soon)
		c.Say(&proto.Exited{Route: route})
		b.Must("the guest is told", func() bool { return guest.Status().Kicks > 0 }, 5*soon)
	}
	guest.Leave()
	b.SessionsMayEnd()
	b.leaves(r, lead)
}

// forgottenAddress: it is gone, and the manager that knew of it as well. No gate goes on dialling its address.
func (b *breaker) forgottenAddress() {
	r, _ := b.joined()
	b.dialledBy(r, 0)
	before := b.Life(sim.ManagerID)
	b.Crash(sim.ManagerID, 500*time.Millisecond)
	b.Must("there is another manager", func() bool { return b.Life(sim.ManagerID) != before && b.Runs(sim.ManagerID) && b.Admits() }, 10*time.Second)
	b.Must("it has settled", func() bool { return b.Settled() }, 10*time.Second)
	b.Go(3 * time.Second)
	n := len(r.Accepted)
	b.Go(4 * time.Second)
	if len(r.Accepted) > n {
		b.Violate("progress", "%v dials the address of a process that no list names", r.Accepted[n].From())
	}
	r.Vanish()
}
