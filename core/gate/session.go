package gate

import (
	"messiah/core/must"
	"messiah/core/node"
	"messiah/core/planted"
	"messiah/core/proto"
	"messiah/core/session"
	"messiah/core/wire"
)

// connected begins a session epoch: a new client, or one that asks to resume.
func (g *Gate) connected(env *node.Env, in *node.Input) {
	if old := node.Session(in.Num); old != 0 {
		c := g.sessions[old]
		if c != nil && c.lost {
			g.resume(env, c, old, in.Session)
			return
		}
		env.Mark("resume-of-nothing")
		g.task(env, session.TaskRefuseResume, in.Session, uint64(session.ReasonGone))
	}
	if !in.Alive() {
		// Queued delivery: the client was gone before its arrival was handled. Its end follows.
		env.Mark("connected-after-the-drop")
		return
	}
	if g.clients.Len() >= MaxClients || g.stopping {
		g.refused++
		g.task(env, session.TaskClose, in.Session, uint64(session.ReasonBusy))
		return
	}
	g.lastKey++
	c := &client{key: g.lastKey, session: in.Session}
	g.clients.Set(c.key, c)
	g.sessions[in.Session] = c
	env.After(g.cfg.LoginWithin, timerLogin, c.key)
}

// resume gives a lost client its place back, where it is by now.
func (g *Gate) resume(env *node.Env, c *client, old, epoch node.Session) {
	env.Mark("resumed-" + stateNames[c.state])
	delete(g.sessions, old)
	g.sessions[epoch] = c
	if planted.On("resume-executes-twice") { // what was handled and not acknowledged yet is asked for again
		c.handled = c.told
	}
	c.session, c.lost, c.told = epoch, false, c.handled
	env.Cancel(timerGrace, c.key)
	env.Offload(epoch.Shard(), &node.Input{
		Type: session.TaskResume, Session: epoch, Num: uint64(old), Conn: c.handled,
	})
	g.settlePushes(env, c, proto.OutcomeOK)
	if c.state == stateIn {
		g.word(env, c, &proto.ClientBack{Route: c.route})
	}
}

// disconnected ends a session epoch. A client that had logged in may come back
// within the grace time.
func (g *Gate) disconnected(env *node.Env, in *node.Input) {
	c := g.sessions[in.Session]
	if c == nil {
		env.Mark("disconnected-after-kick")
		return
	}
	c.acked = max(c.acked, in.Num)
	if in.Flags&session.FlagResumable != 0 {
		c.lost = true
		env.After(g.cfg.Grace, timerGrace, c.key)
		if c.state == stateIn {
			g.word(env, c, &proto.ClientLost{Route: c.route})
		}
		return
	}
	env.Mark("disconnected-" + stateNames[c.state])
	delete(g.sessions, in.Session)
	c.session, c.lost = 0, false
	g.exit(env, c)
}

// answer hears from a shard that a record kept for a resume has ended.
func (g *Gate) answer(env *node.Env, in *node.Input) {
	must.True(in.Type == session.AnswerDropped, "a shard answers %d", in.Type)
	c := g.sessions[in.Session]
	if c == nil || !c.lost {
		return
	}
	// The shard gave the record up by itself: what it holds for the client was over the bound.
	env.Mark("detached-session-over-bound")
	c.acked = max(c.acked, in.Num)
	delete(g.sessions, in.Session)
	c.session, c.lost = 0, false
	env.Cancel(timerGrace, c.key)
	g.exit(env, c)
}

func (g *Gate) task(env *node.Env, typ uint16, s node.Session, num uint64) {
	env.Offload(s.Shard(), &node.Input{Type: typ, Session: s, Num: num})
}

// dropSession ends what is kept for a client that did not come back.
func (g *Gate) dropSession(env *node.Env, c *client) {
	if c.session == 0 {
		return
	}
	delete(g.sessions, c.session)
	g.task(env, session.TaskDrop, c.session, 0)
	c.session, c.lost = 0, false
	env.Cancel(timerGrace, c.key)
}

// endSession tells the client why, and ends its session, attached or not.
func (g *Gate) endSession(env *node.Env, c *client, why proto.Refusal) {
	if c.session == 0 {
		return
	}
	if !c.lost {
		g.tell(env, c, &proto.Kicked{Reason: why})
	}
	delete(g.sessions, c.session)
	g.task(env, session.TaskClose, c.session, uint64(reasonOf(why)))
	c.session, c.lost = 0, false
	env.Cancel(timerGrace, c.key)
}

func reasonOf(why proto.Refusal) session.Reason {
	switch why {
	case proto.RefusedShutdown:
		return session.ReasonShutdown
	case proto.RefusedLate:
		return session.ReasonLate
	default:
		return session.ReasonKicked
	}
}

// tell sends a client one of the gate's own messages.
func (g *Gate) tell(env *node.Env, c *client, m node.Message) {
	g.scratch = proto.AppendClient(g.scratch[:0], m.Type(), 0)
	g.scratch = wire.Append(g.scratch, m)
	g.deliver(env, c, node.FlagReliable, 0, g.scratch)
}

// deliver hands a message to the client's shard, together with how far its own messages were handled.
func (g *Gate) deliver(env *node.Env, c *client, flags uint8, cookie uint64, body []byte) {
	if c.session == 0 {
		return
	}
	c.told = c.handled
	env.Offload(c.session.Shard(), &node.Input{
		Type: session.TaskSend, Flags: flags, Session: c.session, Num: cookie, Conn: c.handled, Body: body,
	})
}
