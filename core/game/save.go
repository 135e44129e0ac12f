package game

import (
	"messiah/core/node"
	"messiah/core/planted"
	"messiah/core/proto"
	"messiah/core/wire"
)

var dbID = node.NewID(node.DB, 1)

// ask sends the db what the avatar's state calls for: a claim or the last save.
// Without a db it waits for the next one to link up.
func (g *Game) ask(env *node.Env, a *avatar) {
	g.lastNum++
	a.request = g.lastNum
	switch a.state {
	case loading:
		g.send(env, dbID, &proto.Claim{Account: a.account, Num: a.request})
	case unloading:
		g.send(env, dbID, &proto.Release{Save: proto.Save{
			Account: a.account, Num: a.request, Owner: a.owner, Version: a.version, Entity: a.entity, Data: a.saved,
		}})
	}
}

// askAgain repeats to a new db what the old one left unanswered.
func (g *Game) askAgain(env *node.Env) {
	for _, a := range g.avatars.All() {
		if a.state != live {
			env.Mark("asked-the-next-db")
			g.ask(env, a)
		}
	}
}

// answered finds the avatar that an answer of the db is about. One that belongs
// to an earlier request is stale.
func (g *Game) answered(env *node.Env, account string, num uint64, want state) *avatar {
	a := g.accounts[account]
	if a == nil || a.request != num || a.state != want {
		env.Mark("stale-db-answer")
		return nil
	}
	a.request = 0
	return a
}

func (g *Game) claimed(env *node.Env, _ node.Peer, m *proto.Claimed) {
	a := g.answered(env, m.Account, m.Num, loading)
	if a == nil {
		return
	}
	a.owner, a.version, a.entity = m.Owner, m.Version, m.Entity
	if len(m.Data) > 0 && !planted.On("record-not-read") { // game code begins with an empty avatar
		if err := wire.Decode(m.Data, a.data); err != nil {
			env.Log(node.Error, "a record cannot be read", "account", a.account, "error", err)
			g.fail(env, a.client, proto.RefusedStore)
			g.stand(a)
			// Nothing of it may be overwritten with an empty avatar.
			a.state, a.saved = unloading, m.Data
			g.ask(env, a)
			return
		}
	}
	a.state = live
	if a.client == (seat{}) || g.stopping {
		env.Mark("loaded-for-nobody")
		g.fail(env, a.client, proto.RefusedShutdown)
		g.stand(a)
		g.unload(env, a)
		return
	}
	g.welcome(env, a)
}

func (g *Game) held(env *node.Env, _ node.Peer, m *proto.Held) {
	a := g.answered(env, m.Account, m.Num, loading)
	if a == nil {
		return
	}
	if a.client != (seat{}) {
		g.toGate(env, a.client, &proto.EnterFailed{
			Route: a.client.route, Reason: proto.RefusedStore, Elsewhere: m.Game,
		})
	}
	g.remove(env, a)
}

// unload takes a last copy of a live avatar and saves it; the copy is what is
// saved however often it takes.
func (g *Game) unload(env *node.Env, a *avatar) {
	env.Cancel(timerGrace, a.key)
	a.state, a.saved = unloading, wire.Append(nil, a.data)
	g.ask(env, a)
}

func (g *Game) saved(env *node.Env, _ node.Peer, m *proto.Saved) {
	if a := g.answered(env, m.Account, m.Num, unloading); a != nil {
		g.remove(env, a)
	}
}

func (g *Game) noSave(env *node.Env, _ node.Peer, m *proto.NoSave) {
	a := g.answered(env, m.Account, m.Num, unloading)
	if a == nil {
		return
	}
	if m.Stale {
		// An earlier try came through and its answer was lost, or another game was given the record.
		env.Mark("release-was-stale")
		g.remove(env, a)
		return
	}
	env.After(g.cfg.RetryEvery, timerRetry, a.key)
}

// remove forgets an avatar, and begins anew for whoever waits for it.
func (g *Game) remove(env *node.Env, a *avatar) {
	if a.leaving != (seat{}) {
		g.toGate(env, a.leaving, &proto.Exited{Route: a.leaving.route})
	}
	for _, s := range []seat{a.client, a.leaving, a.next} {
		if !planted.On("seat-kept-after-unload") { // the table keeps the avatar for ever
			delete(g.seats, s)
		}
	}
	env.Cancel(timerGrace, a.key)
	env.Cancel(timerRetry, a.key)
	delete(g.accounts, a.account)
	g.avatars.Delete(a.key)
	if a.next != (seat{}) {
		g.enter(env, a.next.gate, &proto.Enter{Route: a.next.route, Account: a.account})
	}
	g.drained(env)
}
