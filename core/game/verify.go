package game

import (
	"messiah/core/node"
	"messiah/core/proto"
)

// verify passes a login's password on to the db, which gates have no link to. The
// game keeps nothing of it: what gets lost on the way, the gate gives up by itself.
func (g *Game) verify(env *node.Env, gate node.Peer, m *proto.Verify) {
	m.Gate = gate
	if err := env.Send(dbID, m); err != nil {
		env.Mark("verify-without-db")
		g.verified(env, node.Peer{}, &proto.Verified{Gate: gate, Client: m.Client, Num: m.Num, Reason: proto.RefusedBusy})
	}
}

// verified passes the db's answer on to the life of the gate that asks.
func (g *Game) verified(env *node.Env, _ node.Peer, m *proto.Verified) {
	if !g.linked(env, m.Gate) {
		env.Mark("verified-for-the-dead")
		return
	}
	g.send(env, m.Gate.ID, m)
}
