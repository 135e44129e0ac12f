package gate

import (
	"messiah/core/account"
	"messiah/core/addr"
	"messiah/core/node"
	"messiah/core/planted"
	"messiah/core/proto"
)

// verify asks the db, by way of some game, whether a login's password is good. Until
// then nothing else happens for it: who does not know the password takes nobody's place.
func (g *Gate) verify(env *node.Env, c *client, m *proto.Login) {
	game, ok := g.pick(env, node.Peer{})
	if !ok {
		g.refuse(env, c, proto.RefusedBusy)
		return
	}
	env.Cancel(timerLogin, c.key)
	g.lastCheck++
	c.state, c.check, c.id, c.account = checking, g.lastCheck, m.Client, m.Account
	digest := account.Digest(m.Account, m.Credentials)
	env.After(g.cfg.EnterWithin, timerEnter, c.key)
	g.send(env, game.ID, &proto.Verify{Client: c.key, Num: c.check, Account: m.Account, Digest: digest[:]})
}

// verified hears whether the password is good.
func (g *Gate) verified(env *node.Env, m *proto.Verified) {
	c, _ := g.clients.Get(m.Client)
	if c == nil || c.state != checking || c.check != m.Num {
		env.Mark("verified-too-late")
		return
	}
	env.Cancel(timerEnter, c.key)
	switch {
	case m.Reason == proto.RefusedCredentials && planted.On("any-password-lets-in"): // the db's word is overheard
		g.accept(env, c, c.id, c.account)
	case m.Reason != proto.RefusedNone:
		g.refuseWith(env, c, &proto.LoginRefused{
			Reason: m.Reason, RetryAfter: max(m.RetryAfter, g.cfg.RetryAfter), Until: m.Until, Text: m.Text,
		})
	case !g.admits:
		g.refuse(env, c, proto.RefusedNotOpen)
	default:
		g.accept(env, c, c.id, c.account)
	}
}

// checkLate gives a check up whose answer does not come.
func (g *Gate) checkLate(env *node.Env, c *client) {
	env.Mark("verify-late")
	g.refuse(env, c, proto.RefusedBusy)
}

// accept lets an authenticated client in under a label that is nobody else's.
func (g *Gate) accept(env *node.Env, c *client, id addr.ClientID, account string) {
	if p := g.proxies[id]; p != nil && p.account != account {
		// A label is no secret: under another account's it would be reached by its proxies.
		env.Mark("client-id-of-another-account")
		g.refuse(env, c, proto.RefusedCredentials)
		return
	}
	env.Cancel(timerLogin, c.key)
	c.id, c.account = id, account
	g.admit(env, c)
}
