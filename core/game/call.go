package game

import (
	"messiah/core/geom"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
)

// AvatarState is what a game author keeps for an avatar; it is saved and loaded whole.
type AvatarState = wire.Message

// Method is a method that a client may call on its avatar. It returns the
// result as one encoded value, or says how the call failed; OutcomeLater means
// that an answer of a lane will end the call.
type Method func(c *Call, args []byte) (result []byte, outcome proto.Outcome)

// OutcomeLater is returned by a method whose reply comes from a lane.
const OutcomeLater = proto.Outcome(255)

// Script is a game author's code: plain values, so that two versions of a game
// can run in one process. Every hook may be nil but NewAvatar.
type Script struct {
	NewAvatar   func() AvatarState
	Methods     map[string]Method
	Stubs       []string                   // names of the stubs that the primary creates
	ServerOpen  func(c *Call)              // runs once, in the fifth step of the start
	StubCreated func(c *Call, name string) // runs once in the cluster
	Attached    func(c *Call)              // the avatar has a client
	Lost        func(c *Call)              // the avatar's client is gone, perhaps to come back

	// Moved hears where the client says that its avatar is. The move is good until the hook returns.
	Moved func(c *Call, m *proto.Move)
}

// Call is a game author's only way to the world, valid during one method or hook.
type Call struct {
	env    *node.Env
	game   *Game
	avatar *avatar
	num    uint64 // the client's number of the call
}

func (g *Game) callFor(env *node.Env, a *avatar) *Call {
	g.call = Call{env: env, game: g, avatar: a}
	return &g.call
}

// Avatar returns the author's state of the avatar that is called.
func (c *Call) Avatar() AvatarState { return c.avatar.data }

// Account returns the account that the avatar belongs to.
func (c *Call) Account() string { return c.avatar.account }

// Now returns the monotonic time.
func (c *Call) Now() node.Time { return c.env.Now() }

// Log writes a line with key-value pairs.
func (c *Call) Log(level node.Level, text string, pairs ...any) { c.env.Log(level, text, pairs...) }

// Push calls a method of the avatar's own client; args is one encoded value.
// While the client is away it is kept for its return, within a bound.
func (c *Call) Push(method string, args []byte) {
	a := c.avatar
	if a == nil || a.client == (seat{}) {
		c.env.Mark("push-without-client")
		return
	}
	a.pushes++
	body := c.env.Encode(&proto.Push{Method: method, Args: args})
	c.game.toClient(c.env, a.client, proto.TypePush, 0, a.pushes, body)
}

// FindPath asks the path lane for a way; its answer, a list of points, becomes
// the reply of the call under way.
func (c *Call) FindPath(from, to geom.Vec3) ([]byte, proto.Outcome) {
	g := c.game
	if len(g.queries) >= MaxQueries || c.avatar == nil {
		return nil, proto.OutcomeFull
	}
	g.lastQuery++
	g.queries[g.lastQuery] = query{c.avatar.client, c.num}
	c.env.Offload(LanePaths, &node.Input{Num: g.lastQuery, Body: c.env.Encode(&pathTask{from, to})})
	return nil, OutcomeLater
}

// query is a call whose reply waits for the path lane.
type query struct {
	client seat
	num    uint64
}

// Code reads or writes the query.
func (q *query) Code(c *wire.Coder) {
	q.client.code(c)
	c.Uint64(&q.num)
}

func (g *Game) pathFound(env *node.Env, in *node.Input) {
	q, known := g.queries[in.Num]
	if !known {
		env.Mark("path-answer-without-question")
		return
	}
	delete(g.queries, in.Num)
	outcome := proto.OutcomeOK
	if in.Type != 0 {
		outcome = proto.OutcomeFailed
	}
	g.reply(env, q.client, q.num, outcome, in.Body)
}

// clientCall runs a client's call on its avatar. Who speaks was stamped by the gate.
func (g *Game) clientCall(env *node.Env, in *node.Input) {
	if in.NumRoutes() != 1 {
		env.Log(node.Error, "a client call without a route", "from", in.From)
		return
	}
	s := seat{node.Peer{ID: in.From, Inc: in.Inc}, in.Route(0)}
	_, num, payload, err := proto.SplitClient(in.Body)
	if err != nil {
		env.Log(node.Error, "a gate forwarded a bad call", "from", in.From, "error", err)
		return
	}
	a := g.seats[s]
	if a == nil || a.client != s || a.state != live {
		env.Mark("call-of-no-avatar")
		g.reply(env, s, num, proto.OutcomeNoAvatar, nil)
		return
	}
	m := &g.asked
	if err := g.decoder.Decode(payload, m); err != nil {
		g.reply(env, s, num, proto.OutcomeBadArgs, nil)
		return
	}
	method := g.script.Methods[m.Method]
	if method == nil {
		g.reply(env, s, num, proto.OutcomeNoMethod, nil)
		return
	}
	c := g.callFor(env, a)
	c.num = num
	if result, outcome := method(c, m.Args); outcome != OutcomeLater {
		g.reply(env, s, num, outcome, result)
	}
}

func (g *Game) reply(env *node.Env, s seat, num uint64, o proto.Outcome, result []byte) {
	g.toClient(env, s, proto.TypeReply, num, 0, env.Encode(&proto.Reply{Outcome: o, Result: result}))
}

// toClient sends a client message by the serialising lane, behind everything
// that game code produced for that client before.
func (g *Game) toClient(env *node.Env, s seat, typ uint16, num, cookie uint64, body []byte) {
	env.Offload(LaneSerial, &node.Input{
		Type: typ, From: s.gate.ID, Inc: s.gate.Inc, Session: node.Session(s.route), Num: num, Conn: cookie,
		Flags: node.FlagReliable, Body: body,
	})
}

// toGate sends a word about a route by the same lane, so that it does not overtake what went to the client.
func (g *Game) toGate(env *node.Env, s seat, m node.Message) {
	env.Offload(LaneSerial, &node.Input{Type: m.Type(), From: s.gate.ID, Inc: s.gate.Inc, Body: env.Encode(m)})
}

// undelivered hears of a frame for a gate whose link was gone or at its bound.
func (g *Game) undelivered(env *node.Env, in *node.Input) {
	// A gate that is gone takes its routes with it, which linkDown has settled or will.
	env.Mark("undelivered-to-gate")
	peer, ok := env.PeerOf(in.From)
	if !ok || peer.Inc != in.Inc || in.Type != proto.TypeToClient || in.NumRoutes() < 2 {
		return
	}
	if a := g.seats[seat{peer, in.Route(1)}]; a != nil && a.state == live {
		// The link is at its bound: this client has missed something, so its session cannot go on.
		g.kick(env, a, proto.RefusedBusy)
		g.unload(env, a)
	}
}
