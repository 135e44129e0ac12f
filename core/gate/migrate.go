package gate

import (
	"slices"
	"time"

	"messiah/core/addr"
	"messiah/core/node"
	"messiah/core/planted"
	"messiah/core/proto"
	"messiah/core/wire"
)

// A gate is the arbiter of the migrations of its clients' avatars, and of entities
// without a client whose home gate it is. What the two games say to each other goes
// through here; the first of commit, abort and a death that is handled here decides.

// Bounds of migrations.
const (
	maxMoves     = 1 << 12         // under way; one more is refused
	maxHeld      = 1 << 10         // messages that wait for one entity; a further call is answered OutcomeFull
	maxHeldBytes = 1 << 20         // of these
	holdWithin   = 3 * time.Second // so long a call waits; then it is answered OutcomeNoAvatar
)

// phase is where a migration stands.
type phase uint8

const (
	pre    phase = iota // the target was asked
	hold                // what is for the entity waits here
	sent                // its state was handed to the target
	back                // an abort was granted when the target had the state; the source has not thawed yet
	orphan              // the source died when the target had the state: that makes itself ready to go on alone
	comm                // it lives on the target, which has not said so yet
)

var phaseNames = [...]string{"pre", "hold", "sent", "back", "orphan", "comm"}

// moving is one migration.
type moving struct {
	key    uint64
	id     addr.EntityID
	n      uint64
	phase  phase
	source node.Peer
	target node.Peer
	client uint64 // key of the client whose avatar moves; 0: the entity has none
	route  uint64 // of that client, as the state that moves has it
	called uint64 // the client's number of the last call that the source had before
	strays bool   // words about the client went elsewhere than to the target
	since  node.Time
	late   bool // its calls have waited long enough
	held   []held
	bytes  int
}

// Code reads or writes the migration.
func (m *moving) Code(c *wire.Coder) {
	c.Uint64(&m.key)
	m.id.Code(c)
	c.Uint64(&m.n)
	c.Uint8((*uint8)(&m.phase))
	m.source.Code(c)
	m.target.Code(c)
	c.Uint64(&m.client)
	c.Uint64(&m.route)
	c.Uint64(&m.called)
	c.Bool(&m.strays)
	c.Int64((*int64)(&m.since))
	c.Bool(&m.late)
	wire.Slice(c, &m.held, func(c *wire.Coder, h *held) { c.Struct(h) })
	c.Int(&m.bytes)
}

// holds tells whether what is for the entity waits.
func (m *moving) holds() bool { return m.phase == hold || m.phase == sent || m.phase == orphan }

// migrate handles a message of a migration.
func (g *Gate) migrate(env *node.Env, in *node.Input) {
	from := node.Peer{ID: in.From, Inc: in.Inc}
	of, ok := proto.MigrationOf(in)
	if !ok || from.ID.Kind() != node.Game {
		env.Log(node.Warn, "a migration with a bad header", "type", in.Type, "from", in.From)
		return
	}
	switch in.Type {
	case proto.TypePreReq:
		g.preReq(env, in, from, of)
		return
	case proto.TypeFlush:
		g.tellMove(env, from, proto.TypeFlushed, of, nil)
		return
	}
	m, _ := g.moves.Get(of.Entity)
	if m != nil && m.n != of.N && !planted.On("late-answer-accepted") { // whatever try it is about
		env.Mark("migrate-answer-of-another-try")
		m = nil
	}
	if m == nil || from != m.source && from != m.target {
		env.Mark("migrate-without-record")
		if in.Type == proto.TypeHold {
			g.tellMove(env, from, proto.TypeAborted, of, nil)
		}
		return
	}
	if from == m.source {
		g.fromSource(env, m, in)
		return
	}
	g.fromTarget(env, m, in)
}

// preReq opens a migration and asks the target.
func (g *Gate) preReq(env *node.Env, in *node.Input, source node.Peer, of proto.Migration) {
	var ask proto.PreReq
	if !env.Decode(in, &ask) {
		return
	}
	no := func(why proto.MigrateRefusal) {
		env.Mark("migrate-refused-" + why.String())
		g.tellMove(env, source, proto.TypePreNo, of, wire.Append(nil, &proto.Refused{Reason: why}))
	}
	var client uint64
	if ask.Route != 0 {
		c := g.routes[ask.Route]
		if c == nil || c.game != source || c.state != stateIn {
			no(proto.MigrateInterrupted)
			return
		}
		client = c.key
	}
	_, known := g.moves.Get(of.Entity)
	switch {
	case known:
		no(proto.MigrateKnown)
	case g.moves.Len() >= maxMoves:
		no(proto.MigrateFull)
	case !g.linked(env, of.Other):
		no(proto.MigrateNoGame)
	default:
		g.lastMove++
		m := &moving{key: g.lastMove, id: of.Entity, n: of.N, source: source, target: of.Other, client: client}
		g.moves.Set(m.id, m)
		g.moveKeys[m.key] = m
		if c, _ := g.clients.Get(client); c != nil {
			c.moving = m.key
		}
		if !g.relay(env, m, m.target, in) {
			g.closeMove(env, m)
			no(proto.MigrateFull)
		}
	}
}

// fromSource handles what the source says.
func (g *Gate) fromSource(env *node.Env, m *moving, in *node.Input) {
	switch {
	case in.Type == proto.TypeCancel && m.phase == pre:
		g.tellMove(env, m.target, proto.TypeCancel, m.of(m.source), nil)
		g.closeMove(env, m)
	case in.Type == proto.TypeHold && m.phase == pre:
		m.phase, m.since = hold, env.Now()
		if c := g.mover(m); c != nil {
			m.route, m.called = c.route, c.called
		}
		env.After(holdWithin, timerHold, m.key)
		g.tellMove(env, m.source, proto.TypeHoldMark, m.of(m.target), nil)
	case in.Type == proto.TypeHold:
		g.tellMove(env, m.source, proto.TypeAborted, m.of(m.target), nil)
	case in.Type == proto.TypeState && m.phase == hold:
		if !g.relay(env, m, m.target, in) {
			g.abort(env, m)
			return
		}
		m.phase = sent
	case in.Type == proto.TypeHeldMail && m.phase == sent:
		if !g.relay(env, m, m.target, in) {
			g.abort(env, m)
		}
	case in.Type == proto.TypeAbort && (m.phase == hold || m.phase == sent):
		env.Mark("migrate-abort-in-" + phaseNames[m.phase])
		g.abort(env, m)
	case in.Type == proto.TypeThawed && m.phase == back:
		g.tellMove(env, m.target, proto.TypeCancel, m.of(m.source), nil)
		g.closeMove(env, m)
	case in.Type == proto.TypeCommit && m.phase == sent:
		g.commit(env, m)
	default:
		env.Mark("migrate-word-too-late-in-" + phaseNames[m.phase])
	}
}

// fromTarget handles what the target says.
func (g *Gate) fromTarget(env *node.Env, m *moving, in *node.Input) {
	switch {
	case in.Type == proto.TypePreNo && m.phase == pre:
		g.relay(env, m, m.source, in)
		g.closeMove(env, m)
	case in.Type == proto.TypePreOK && m.phase == pre,
		(in.Type == proto.TypeBuilt || in.Type == proto.TypeNotBuilt) && m.phase == sent:
		g.relay(env, m, m.source, in)
	case in.Type == proto.TypeAdopted && m.phase == orphan:
		g.commit(env, m)
	case in.Type == proto.TypeNotBuilt && m.phase == orphan:
		g.orphanGone(env, m)
	case in.Type == proto.TypeLiveAck && m.phase == comm:
		g.tellMove(env, m.source, proto.TypeLiveAck, m.of(m.target), nil)
		g.tellMove(env, m.target, proto.TypeLiveHeard, m.of(m.source), nil)
		g.closeMove(env, m)
	default:
		env.Mark("migrate-answer-too-late-in-" + phaseNames[m.phase])
	}
}

// of names the migration to the one whose other side is given.
func (m *moving) of(other node.Peer) proto.Migration {
	return proto.Migration{Entity: m.id, N: m.n, Other: other}
}

// tellMove says one word about a migration, in the room that is kept for such.
func (g *Gate) tellMove(env *node.Env, to node.Peer, typ uint16, of proto.Migration, body []byte) {
	if !g.linked(env, to) {
		return // its end is heard otherwise
	}
	routes := of.Routes()
	if err := env.Urge(to.ID, typ, routes[:], body); err != nil {
		env.Mark("migrate-word-without-link")
	}
}

// relay hands a message of one side to the other as it is; false where there is no room.
func (g *Gate) relay(env *node.Env, m *moving, to node.Peer, in *node.Input) bool {
	other := m.source
	if to == m.source {
		other = m.target
	}
	if !g.linked(env, to) {
		return false
	}
	routes := m.of(other).Routes()
	if len(in.Body) < smallWord {
		return env.Urge(to.ID, in.Type, routes[:], in.Body) == nil
	}
	return env.Forward(to.ID, in.Type, 0, routes[:], in.Body) == nil
}

// smallWord is what is sent in the room kept for the engine, in bytes.
const smallWord = 64

// commit makes the target the entity's game: from here on nothing goes to the source.
func (g *Gate) commit(env *node.Env, m *moving) {
	m.phase = comm
	waited := env.Now().Sub(m.since)
	g.tellMove(env, m.target, proto.TypeLive, m.of(m.source), wire.Append(nil, &proto.Live{Held: waited}))
	if c := g.mover(m); c != nil {
		c.game = m.target
		g.letters(c, m.source, m.target)
		if m.strays {
			g.resync(env, m, c)
		}
		g.release(env, m)
		if c.state == stateIn {
			g.tell(env, c, &proto.GameMoved{Game: m.target.ID, Held: waited})
		}
	}
	env.Cancel(timerHold, m.key)
}

// lost tells the client that what it was let go to a game which has died may have run there or
// not. What it had called before the migration is answered by the game that goes on.
func (m *moving) lost(c *client) *proto.GameLost {
	if c.route != m.route {
		return &proto.GameLost{Num: c.called} // another session, which has called no other game
	}
	return &proto.GameLost{After: m.called, Num: c.called}
}

// mover returns the client whose avatar moves, nil without one.
func (g *Gate) mover(m *moving) *client {
	c, _ := g.clients.Get(m.client)
	return c
}

// letters makes calls by proxy that the entity holds those of its new game.
func (g *Gate) letters(c *client, from, to node.Peer) {
	for l, f := range g.forwarded.All() {
		if f.client == c.key && f.game == from {
			g.forwarded.Set(l, forwardedTo{to, c.key})
		}
	}
}

// abort has the entity go on where it was. The target keeps the state until the source
// has said that it runs: were that to die before, nobody else would have it.
func (g *Gate) abort(env *node.Env, m *moving) {
	had := m.phase == sent
	g.tellMove(env, m.source, proto.TypeAborted, m.of(m.target), nil)
	m.phase = back
	g.release(env, m)
	env.Cancel(timerHold, m.key)
	if !had || planted.On("abort-cancels-at-once") { // the only other copy is dropped before the source runs
		g.tellMove(env, m.target, proto.TypeCancel, m.of(m.source), nil)
		g.closeMove(env, m)
	}
}

// closeMove forgets a migration.
func (g *Gate) closeMove(env *node.Env, m *moving) {
	env.Cancel(timerHold, m.key)
	if c := g.mover(m); c != nil && c.moving == m.key {
		c.moving = 0
	}
	g.moves.Delete(m.id)
	delete(g.moveKeys, m.key)
}

// movesLost settles what the death of a game decides.
func (g *Gate) movesLost(env *node.Env, game node.Peer) {
	for _, m := range g.moves.All() {
		switch game {
		case m.source:
			g.sourceLost(env, m)
		case m.target:
			g.targetLost(env, m)
		}
	}
}

func (g *Gate) sourceLost(env *node.Env, m *moving) {
	env.Mark("migrate-source-lost-in-" + phaseNames[m.phase])
	switch m.phase {
	case pre, hold:
		g.answerHeld(env, m)
		g.tellMove(env, m.target, proto.TypeCancel, m.of(m.source), nil)
		g.closeMove(env, m)
	case sent, back:
		if planted.On("orphan-dropped") { // the only copy is thrown away with its source
			g.answerHeld(env, m)
			g.tellMove(env, m.target, proto.TypeCancel, m.of(m.source), nil)
			g.closeMove(env, m)
			return
		}
		if m.phase == back {
			m.since, m.strays = env.Now(), true
			if c := g.mover(m); c != nil {
				g.tell(env, c, m.lost(c)) // what was let go to the source
			}
			env.After(holdWithin, timerHold, m.key)
		}
		m.phase = orphan
		g.tellMove(env, m.target, proto.TypeOrphan, m.of(m.source), nil)
	}
}

func (g *Gate) targetLost(env *node.Env, m *moving) {
	env.Mark("migrate-target-lost-in-" + phaseNames[m.phase])
	switch m.phase {
	case pre:
		g.tellMove(env, m.source, proto.TypePreNo, m.of(m.target), wire.Append(nil, &proto.Refused{Reason: proto.MigrateNoGame}))
		g.closeMove(env, m)
	case hold, sent:
		g.abort(env, m)
		g.closeMove(env, m)
	case back:
		g.closeMove(env, m)
	case orphan:
		g.orphanGone(env, m)
	case comm:
		g.undo(env, m)
	}
}

// orphanGone has the avatar of an orphan loaded again: the target is dead as well, or has
// nothing that could go on.
func (g *Gate) orphanGone(env *node.Env, m *moving) {
	g.answerHeld(env, m)
	g.closeMove(env, m)
	if c := g.mover(m); c != nil && c.game == m.source {
		g.enterAgain(env, c)
	}
}

// undo gives the entity back to its source, which has kept it: the target died before
// it said that the entity lives. Nothing that it made for elsewhere was sent.
func (g *Gate) undo(env *node.Env, m *moving) {
	defer g.closeMove(env, m)
	if !g.linked(env, m.source) {
		return
	}
	g.tellMove(env, m.source, proto.TypeUndo, m.of(m.target), nil)
	if m.client == 0 {
		return
	}
	c := g.mover(m)
	if c == nil {
		g.send(env, m.source.ID, &proto.Exit{Route: m.route})
		return
	}
	c.game = m.source
	g.tell(env, c, m.lost(c))
	g.resync(env, m, c)
}

// resync tells the avatar's game how its client is now, where it knows how it was.
func (g *Gate) resync(env *node.Env, m *moving, c *client) {
	if c.route != m.route {
		g.send(env, c.game.ID, &proto.ClientBack{Route: m.route, Next: c.route})
	}
	switch {
	case c.state == exiting:
		g.send(env, c.game.ID, &proto.Exit{Route: c.route, Delivered: c.acked})
	case c.lost:
		g.send(env, c.game.ID, &proto.ClientLost{Route: c.route})
	default:
		g.send(env, c.game.ID, &proto.ClientBack{Route: c.route})
	}
}

// relayed carries a word between two games whose arbiter is dead.
func (g *Gate) relayed(env *node.Env, in *node.Input, typ uint16) {
	if _, ok := g.sender(env, in); !ok {
		return
	}
	to := proto.MailTo(in)
	if !g.linked(env, to) {
		env.Mark("relayed-to-the-dead")
		return
	}
	routes := routesOf(g.mailHeader[:0], in)
	if len(in.Body) < smallWord {
		if err := env.Urge(to.ID, typ, routes, in.Body); err != nil {
			env.Mark("relayed-without-link")
		}
		return
	}
	if err := env.Forward(to.ID, typ, 0, routes, in.Body); err != nil {
		env.Mark("relayed-at-link-bound")
		g.relayedShort(env, in, typ, to, routes)
	}
}

// relayedShort carries on that an outcome has come, where there is no room for the outcome itself.
func (g *Gate) relayedShort(env *node.Env, in *node.Input, typ uint16, to node.Peer, routes []uint64) {
	var f proto.Forwarded
	if typ != proto.TypeForwarded || wire.Decode(in.Body, &f) != nil {
		return
	}
	f.Outcome, f.Result = proto.OutcomeUnknown, nil
	env.Urge(to.ID, typ, routes, wire.Append(nil, &f))
}

// askGone answers whether anything can still come from a game by this gate.
func (g *Gate) askGone(env *node.Env, in *node.Input, m *proto.AskGone) {
	if !g.linked(env, m.Game) && !slices.ContainsFunc(g.list.Live, func(p proto.Process) bool { return p.Peer == m.Game }) {
		g.send(env, in.From, &proto.GameGone{Game: m.Game, Drained: slices.Contains(g.departing, m.Game)})
	}
}
