package gate

import (
	"errors"

	"messiah/core/node"
	"messiah/core/planted"
	"messiah/core/proto"
	"messiah/core/wire"
)

// held is a message for an entity that waits for where the entity goes on.
type held struct {
	typ    uint16
	flags  uint8
	route  uint64 // of the client that sent it, when it did
	num    uint64 // of a client's call
	letter letter // of a call by proxy
	body   []byte
}

// Code reads or writes the message.
func (h *held) Code(c *wire.Coder) {
	c.Uint16(&h.typ)
	c.Uint8(&h.flags)
	c.Uint64(&h.route)
	c.Uint64(&h.num)
	h.letter.Code(c)
	c.Bytes(&h.body)
}

// holding returns the migration for whose end the client's messages wait, nil if they go on.
func (g *Gate) holding(c *client) *moving {
	if c.moving == 0 {
		return nil
	}
	if m := g.moveKeys[c.moving]; m.holds() {
		return m
	}
	return nil
}

// hold keeps a message; false at the bound, or where it would wait too long.
func (g *Gate) hold(env *node.Env, m *moving, h held, body []byte) bool {
	if m.late || len(m.held) >= maxHeld || m.bytes+len(body) > maxHeldBytes {
		env.Mark("hold-at-bound")
		return planted.On("full-hold-drops") // and its sender is told nothing
	}
	h.body = append([]byte(nil), body...)
	m.held = append(m.held, h)
	m.bytes += len(body)
	return true
}

// holdMove keeps where a client says that it is; the latest such word says all.
func (g *Gate) holdMove(env *node.Env, m *moving, c *client, body []byte) {
	if n := len(m.held); n > 0 && m.held[n-1].typ == proto.TypeClientMove && m.held[n-1].route == c.route {
		last := &m.held[n-1]
		m.bytes += len(body) - len(last.body)
		last.body = append(last.body[:0], body...)
		return
	}
	if !g.hold(env, m, held{typ: proto.TypeClientMove, flags: node.FlagLatest, route: c.route}, body) {
		env.Mark("move-dropped")
	}
}

// word tells the avatar's game something about its client, in the order of what the client says.
func (g *Gate) word(env *node.Env, c *client, msg node.Message) {
	if m := g.holding(c); m != nil && !planted.On("word-overtakes-hold") { // it reaches the game that the avatar leaves
		env.Mark("word-held")
		if msg.Type() == proto.TypeClientLost && planted.On("disconnect-clears-hold") { // with its session goes what it had said
			m.held = nil
		}
		m.held = append(m.held, held{typ: msg.Type(), route: c.route, body: wire.Append(nil, msg)}) // of few kinds, once a session each
		return
	}
	g.send(env, c.game.ID, msg)
}

// release sends what has waited to where the entity is now, in its order.
func (g *Gate) release(env *node.Env, m *moving) {
	c := g.mover(m)
	all := m.held
	m.held, m.bytes = nil, 0
	for i := range all {
		if c == nil {
			g.refuseHeld(env, nil, &all[i])
			continue
		}
		g.letGo(env, c, &all[i])
	}
}

func (g *Gate) letGo(env *node.Env, c *client, h *held) {
	routes := append(g.header[:0], h.route)
	switch h.typ {
	case proto.TypeClientCall:
		err := env.Forward(c.game.ID, h.typ, h.flags, routes, h.body)
		if err != nil {
			g.refuseHeldFull(env, c, h, err)
			return
		}
		if h.route == c.route {
			c.called = h.num
		}
	case proto.TypeClientMove:
		if env.Forward(c.game.ID, h.typ, h.flags, routes, h.body) != nil {
			env.Mark("move-dropped")
		}
	case proto.TypeMail:
		header := proto.MailRoutes(c.game, h.letter.from, h.letter.num)
		full := append(append(g.mailHeader[:0], header[:]...), h.route)
		if g.sendMail(env, h.letter, c.game, full, h.body, proto.OutcomeNoAvatar) {
			g.forwarded.Set(h.letter, forwardedTo{c.game, c.key})
		}
	default:
		if err := env.Urge(c.game.ID, h.typ, nil, h.body); err != nil {
			env.Mark("gate-send-without-link")
		}
	}
}

func (g *Gate) refuseHeldFull(env *node.Env, c *client, h *held, err error) {
	o := proto.OutcomeNoAvatar
	if errors.Is(err, node.ErrLinkFull) {
		env.Mark("call-at-link-bound")
		o = proto.OutcomeFull
	}
	if h.route == c.route {
		g.answerCall(env, c, h.num, o)
	}
}

// refuseHeld answers a message that has waited, and that nobody runs.
func (g *Gate) refuseHeld(env *node.Env, c *client, h *held) {
	switch h.typ {
	case proto.TypeClientCall:
		if c != nil && h.route == c.route { // else whoever sent it is gone
			g.answerCall(env, c, h.num, proto.OutcomeNoAvatar)
		}
	case proto.TypeMail:
		g.endMail(env, h.letter, proto.OutcomeNoAvatar)
	}
}

// answerHeld ends all that waits, as the entity is gone.
func (g *Gate) answerHeld(env *node.Env, m *moving) {
	c := g.mover(m)
	for i := range m.held {
		g.refuseHeld(env, c, &m.held[i])
	}
	m.held, m.bytes = nil, 0
}

// holdLate answers calls that have waited long enough. It decides nothing about the
// migration, and what is no call goes on waiting.
func (g *Gate) holdLate(env *node.Env, m *moving) {
	if m == nil || !m.holds() {
		return
	}
	env.Mark("hold-late")
	m.late = true
	c := g.mover(m)
	kept := m.held[:0]
	for i := range m.held {
		h := &m.held[i]
		switch h.typ {
		case proto.TypeClientCall, proto.TypeMail:
			if !planted.On("late-hold-drops") { // and its sender is told nothing
				g.refuseHeld(env, c, h)
			}
			m.bytes -= len(h.body)
		case proto.TypeClientMove:
			m.bytes -= len(h.body)
		default:
			kept = append(kept, *h)
		}
	}
	m.held = kept
}
