// Package client is a player's side as a node: it connects, logs in, calls its
// avatar, comes back after every kind of loss, and checks what it was promised.
// The simulator's players and production's bots are this.
package client

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
	"time"

	"messiah/core/addr"
	"messiah/core/check"
	"messiah/core/geom"
	"messiah/core/must"
	"messiah/core/node"
	"messiah/core/planted"
	"messiah/core/proto"
	"messiah/core/rpc"
	"messiah/core/session"
	"messiah/core/wire"
)

// Config says who the client is and what it does.
type Config struct {
	Gates       []node.Endpoint // one is picked at random; after its loss another
	Account     string
	Credentials string
	Client      addr.ClientID // the client's label; zero: it draws one

	Method      string        // the avatar's method to call: "count" checks order and loss, "echo" measures
	Table       *rpc.Table    // the numbers of names
	Payload     int           // bytes of padding in a call
	Outstanding int           // calls under way at most
	CallEvery   time.Duration // between two calls; 0 calls again at once
	Calls       uint64        // calls in all; 0 is no limit
	MoveEvery   time.Duration // between two moves; 0 stands still
	Speed       float64       // of its walk in metres a second; 0 is 0.4 m with each move

	// NumberBase is what the numbers of calls begin after. Clients that share an
	// account in one run differ in the upper 32 bits.
	NumberBase uint64

	// Asked makes it a client that makes the calls of proto.Ask alone, none of its own,
	// and remembers what it was pushed: Status.Heard.
	Asked bool

	// Greeting, if not nil, is called whenever an avatar is there that may not have heard it,
	// again until it is answered. Its key is greetingKey.
	Greeting *proto.Ask

	StayKicked bool                // a second login elsewhere is the end of it
	RTT        func(time.Duration) // called for each call that was answered; may be nil
	Froze      func(time.Duration) // called with the round trip of the call that a migration held up longest; may be nil
}

// Times of a client that has lost its gate.
const (
	backoffFirst  = 20 * time.Millisecond
	backoffMost   = 2 * time.Second
	resumeTries   = 3               // that were refused at once, before another gate is tried
	resumeWithin  = 6 * time.Second // of trying, before another gate is tried
	refusedAtOnce = time.Second     // a dial that fails sooner found nobody there
	loginWithin   = 10 * time.Second
)

// Timer names.
const (
	timerDial uint16 = 1 + iota
	timerCall
	timerLogin
	timerMove
	timerGreet
)

// LaneSession is the lane that holds the client's session.
const LaneSession = 0

// State is where a client stands.
type State uint8

// The states of a client.
const (
	Offline   State = iota // waits to dial
	Dialing                // the handshake is under way
	LoggingIn              // connected, without an avatar
	In                     // the avatar is there
	Resting                // stopped for good
)

var stateNames = [...]string{"offline", "dialing", "logging-in", "in", "resting"}

// String returns the state's name.
func (s State) String() string { return stateNames[s] }

// Client is the state machine.
type Client struct {
	cfg          Config
	id           addr.ClientID
	state        State
	gate         int
	older        string    // the side that is, as a gate last told: see Status
	resume       bool      // a session may be resumed
	tries        int       // dials since the last success
	refusedDials int       // of these, how many failed at once
	dialled      node.Time // the last dial
	lostAt       node.Time // when the last session ended
	backoff      time.Duration
	stop         bool
	entity       addr.EntityID
	method       uint16 // number of the method that is called

	calls   check.Calls
	asks    map[uint64]uint64 // calls that somebody had it make: number to key
	answers []Answer
	pushes  check.Stream
	heard   []Heard
	sentAt  map[uint64]node.Time
	due     bool // a call is due, and waits for a place

	refused                                  proto.LoginRefused // the latest refusal
	refusals, kicks, resumes, logins, losses uint64
	ledgerFaults                             uint64
	counted, kept, forgotten                 uint64 // what the avatar said: its count, what of it is stored; answers that knew less
	rejected                                 uint64
	moves, corrections                       uint64
	migrations                               uint64
	movedAt                                  node.Time // when the avatar moved last, 0 once a call was answered since
	scratch, args                            []byte
	origin                                   geom.Vec3  // of the walk: where corrections have moved it to
	place                                    proto.Move // the latest that was sent, and the correction that was followed
	encoder                                  wire.Encoder
	decoder                                  wire.Decoder
}

// New makes a client.
func New(cfg Config) *Client {
	cfg.Method = cmp.Or(cfg.Method, "count")
	cfg.Outstanding = cmp.Or(cfg.Outstanding, 1)
	c := &Client{cfg: cfg, backoff: backoffFirst, sentAt: map[uint64]node.Time{}, asks: map[uint64]uint64{}}
	if c.calls.Begin(cfg.NumberBase); cfg.Asked {
		c.cfg.Method, c.cfg.Outstanding, c.cfg.CallEvery = "", 0, 0
		return c
	}
	number, known := cfg.Table.Number(cfg.Method)
	must.True(known, "the table of names has no method %s", cfg.Method)
	c.method = number
	return c
}

// Step handles one input.
func (c *Client) Step(env *node.Env, in *node.Input) {
	switch in.Kind {
	case node.InClient:
		c.message(env, in)
	case node.InTimer:
		c.timer(env, in)
	case node.InConnected:
		c.connected(env, in)
	case node.InDisconnected:
		c.disconnected(env, in)
	case node.InAnswer:
		c.answer(env, in)
	case node.InStart:
		if c.id = c.cfg.Client; c.id == (addr.ClientID{}) {
			env.Rand().Read(c.id[:])
		}
		c.gate = env.Rand().IntN(len(c.cfg.Gates))
		c.dial(env)
	case node.InMessage:
		switch in.Type {
		case proto.TypeWorkload:
			c.workload(env, in.Body)
		case proto.TypeAsk:
			c.ask(env, in.Body)
		}
	case node.InStop:
		c.leave(env)
	}
}

// workload changes what the client does, on the word of whoever runs it.
func (c *Client) workload(env *node.Env, body []byte) {
	var m proto.Workload
	if err := wire.Decode(body, &m); err != nil {
		env.Log(node.Error, "a bad workload", "error", err)
		return
	}
	c.cfg.Calls, c.cfg.Outstanding, c.cfg.CallEvery = m.Calls, int(m.Outstanding), m.Every
	if c.state == In {
		env.After(0, timerCall, 0)
	}
}

func (c *Client) timer(env *node.Env, in *node.Input) {
	switch in.Type {
	case timerDial:
		if c.state == Offline {
			c.dial(env)
		}
	case timerMove:
		c.move(env)
	case timerCall:
		c.due = true
		c.callMore(env)
	case timerLogin:
		if c.state == LoggingIn {
			c.login(env)
		}
	case timerGreet:
		c.greet(env)
	}
}

func (c *Client) dial(env *node.Env) {
	c.state, c.dialled = Dialing, env.Now()
	task := node.Input{Type: session.TaskDial, Endpoint: c.cfg.Gates[c.gate]}
	if c.resume {
		task.Flags |= session.FlagResume
	}
	env.Offload(LaneSession, &task)
}

// again dials after a while, a little longer each time; by another gate where
// nothing is to be resumed, or this one is not to be reached.
func (c *Client) again(env *node.Env, atLeast time.Duration) {
	now := env.Now()
	c.state = Offline
	if c.tries++; now.Sub(c.dialled) < refusedAtOnce {
		c.refusedDials++
	}
	if c.resume && len(c.cfg.Gates) > 1 && (c.refusedDials > resumeTries || now.Sub(c.lostAt) > resumeWithin) {
		env.Mark("client-gives-its-gate-up")
		c.lose(env)
	}
	if !c.resume && len(c.cfg.Gates) > 1 {
		c.gate = (c.gate + 1 + env.Rand().IntN(len(c.cfg.Gates)-1)) % len(c.cfg.Gates)
	}
	wait := max(c.backoff+time.Duration(env.Rand().IntN(int(c.backoff))), atLeast)
	c.backoff = min(2*c.backoff, backoffMost)
	env.After(wait, timerDial, 0)
}

// lose settles that the session is over: what was sent and not answered may or may not have run.
func (c *Client) lose(env *node.Env) {
	c.losses++
	c.resume = false
	if !planted.On("client-forgets-its-calls") { // they wait for answers that nobody has
		c.calls.AllUnknown()
	}
	c.pushes.Restart()
	clear(c.sentAt)
	c.asksUnknown(0, math.MaxUint64)
	c.place.Ack = 0 // the next session's corrections have numbers of their own
}

func (c *Client) connected(env *node.Env, in *node.Input) {
	c.tries, c.refusedDials, c.backoff = 0, 0, backoffFirst
	if c.tells(in.Body) {
		env.Log(node.Info, "the gate has another version of the game", "older", c.older)
	}
	if c.stop {
		c.close(env)
		return
	}
	if in.Num != 0 {
		env.Mark("client-resumed")
		c.resumes++
		c.state = In
		if c.cfg.MoveEvery > 0 {
			env.After(c.cfg.MoveEvery, timerMove, 0)
		}
		c.callMore(env)
		return
	}
	c.state = LoggingIn
	c.login(env)
}

// answer hears from the lane what is not the end of a session.
func (c *Client) answer(env *node.Env, in *node.Input) {
	switch in.Type {
	case session.AnswerResumeRefused:
		// The server kept nothing of the session: a login follows on the same connection.
		c.lose(env)
	case session.AnswerDropped:
		// More was kept for the server than the bound allows.
		env.Mark("client-gave-its-login-up")
		c.lose(env)
	case session.AnswerDialFailed:
		c.dialFailed(env, in)
	}
}

// dialFailed tries again later: nobody answered, or the gate refused.
func (c *Client) dialFailed(env *node.Env, in *node.Input) {
	if session.Reason(in.Num) == session.ReasonVersion && c.tells(in.Body) {
		env.Log(node.Warn, "the gate refused this version: no protocol in common", "older", c.older)
	}
	if in.Flags&session.FlagResumable == 0 && c.resume {
		c.lose(env)
	}
	if c.stop {
		c.rest(env)
		return
	}
	c.again(env, time.Duration(in.Conn)*time.Millisecond)
}

// tells reports whether a gate names another older side than before, so that it
// is logged once and not with each dial.
func (c *Client) tells(older []byte) bool {
	was := c.older
	c.older = string(older)
	return c.older != was && c.older != ""
}

// rest is the client's end.
func (c *Client) rest(env *node.Env) {
	c.state, c.resume = Resting, false
	c.lose(env)
	env.Done()
}

func (c *Client) login(env *node.Env) {
	c.send(env, 0, &proto.Login{Client: c.id, Account: c.cfg.Account, Credentials: c.cfg.Credentials})
	env.After(loginWithin, timerLogin, 0)
}

func (c *Client) disconnected(env *node.Env, in *node.Input) {
	env.Cancel(timerLogin, 0)
	c.lostAt = env.Now()
	// The session stood until now, so that the next dial is the first try.
	c.dialled = node.Time(0)
	if in.Flags&session.FlagResumable != 0 {
		c.resume = true
	} else {
		c.lose(env)
	}
	if c.stop || c.state == Resting {
		c.rest(env)
		return
	}
	c.again(env, time.Duration(in.Conn)*time.Millisecond)
}

// leave logs out and rests.
func (c *Client) leave(env *node.Env) {
	c.stop = true
	env.Cancel(timerCall, 0)
	switch c.state {
	case Offline:
		c.rest(env)
	case Dialing:
		env.Offload(LaneSession, &node.Input{Type: session.TaskAbort})
	default:
		c.close(env)
	}
}

// close ends the session in good order; its end is heard as a disconnection.
func (c *Client) close(env *node.Env) {
	c.send(env, 0, &proto.Logout{})
	env.Offload(LaneSession, &node.Input{Type: session.TaskClose, Num: uint64(session.ReasonLogout)})
}

func (c *Client) send(env *node.Env, num uint64, m node.Message) {
	c.scratch = proto.AppendClient(c.scratch[:0], m.Type(), num)
	c.scratch = c.encoder.Append(c.scratch, m)
	env.Offload(LaneSession, &node.Input{
		Type: session.TaskSend, Flags: node.FlagReliable, Num: num, Body: c.scratch,
	})
}

// callMore calls as long as the workload and the calls under way allow.
func (c *Client) callMore(env *node.Env) {
	for c.state == In && !c.stop && c.calls.Open() < c.cfg.Outstanding &&
		(c.cfg.Calls == 0 || c.calls.Sent() < c.cfg.Calls) && (c.cfg.CallEvery == 0 || c.due) {
		n, ok := c.calls.Next()
		if !ok {
			return
		}
		c.sentAt[n] = env.Now()
		c.args = AppendNumber(c.args[:0], n, c.cfg.Payload)
		c.send(env, n, &proto.Call{Method: c.method, Args: c.args})
		if c.cfg.CallEvery > 0 {
			c.due = false
			env.After(c.cfg.CallEvery, timerCall, 0)
		}
	}
}

// AppendNumber appends the argument of a numbered call: one binary value that
// holds the number in little-endian order and padding.
func AppendNumber(dst []byte, n uint64, padding int) []byte {
	body := binary.LittleEndian.AppendUint64(nil, n)
	body = append(body, make([]byte, padding)...)
	return wire.AppendBytes(dst, body)
}

// Number reads the number of a numbered call or push from its encoded argument.
func Number(args []byte) (uint64, bool) {
	body, err := wire.DecodeBytes(args)
	if err != nil {
		return 0, false
	}
	return NumberOf(body)
}

// NumberOf reads the number from the argument's bytes.
func NumberOf(body []byte) (uint64, bool) {
	if len(body) < 8 {
		return 0, false
	}
	return binary.LittleEndian.Uint64(body), true
}

// message handles one message of the gate or the avatar.
func (c *Client) message(env *node.Env, in *node.Input) {
	typ, num, payload, err := proto.SplitClient(in.Body)
	if err != nil {
		env.Log(node.Error, "the gate sent a bad message", "error", err)
		return
	}
	switch typ {
	case proto.TypeReply:
		c.reply(env, num, payload)
	case proto.TypePush:
		c.push(env, payload)
	case proto.TypeLoggedIn:
		c.loggedIn(env, payload)
	case proto.TypeLoginRefused:
		c.loginRefused(env, payload)
	case proto.TypeGameLost:
		var m proto.GameLost
		if c.decode(env, payload, &m) {
			env.Mark("client-told-game-lost")
			c.calls.Unknown(m.After, m.Num)
			c.asksUnknown(m.After, m.Num)
			c.pushes.Restart()
			c.greet(env)
			c.callMore(env)
		}
	case proto.TypeGameMoved:
		var m proto.GameMoved
		if c.decode(env, payload, &m) {
			c.migrations++
			c.movedAt = env.Now()
		}
	case proto.TypeKicked:
		c.kicked(env, payload)
	case proto.TypeCorrect:
		c.correct(env, payload)
	}
}

func (c *Client) decode(env *node.Env, payload []byte, m wire.Message) bool {
	if err := c.decoder.Decode(payload, m); err != nil {
		env.Log(node.Error, "the gate sent a bad message", "error", err)
		return false
	}
	return true
}

func (c *Client) reply(env *node.Env, num uint64, payload []byte) {
	var m proto.Reply
	if !c.decode(env, payload, &m) {
		return
	}
	switch m.Outcome {
	case proto.OutcomeNoMethod, proto.OutcomeBadArgs, proto.OutcomeDenied:
		c.rejected++
	}
	key, asked := c.asks[num]
	switch {
	case m.Outcome != proto.OutcomeOK:
		c.calls.Failed(num)
	case asked:
		c.calls.Answered(num)
	default:
		c.calls.Executed(num)
		if c.cfg.Method == "count" {
			c.ledger(env, num, m.Result)
		}
	}
	if asked {
		delete(c.asks, num)
		c.answered(Answer{key, num, m.Outcome, m.Result})
		if key == greetingKey && m.Outcome != proto.OutcomeOK {
			env.After(greetAgain, timerGreet, 0)
		}
	}
	if at, ok := c.sentAt[num]; ok {
		delete(c.sentAt, num)
		c.froze(env, at)
		if c.cfg.RTT != nil && m.Outcome == proto.OutcomeOK {
			c.cfg.RTT(env.Now().Sub(at))
		}
	}
	c.callMore(env)
}

// froze tells how long the first call took that was answered behind a migration, if it was
// under way when the client heard of that: none waited longer.
func (c *Client) froze(env *node.Env, sent node.Time) {
	moved := c.movedAt
	c.movedAt = 0
	if moved != 0 && sent <= moved && c.cfg.Froze != nil {
		c.cfg.Froze(env.Now().Sub(sent))
	}
}

// ledger compares the avatar's word on what it has executed with the call that it
// answers, and with what it has said before to be in the store.
func (c *Client) ledger(env *node.Env, num uint64, result []byte) {
	var l check.Ledger
	if err := c.decoder.Decode(result, &l); err != nil || l.Last != num || l.Doubled != 0 || l.Reordered != 0 {
		c.ledgerFaults++
	}
	if l.Count <= c.kept && l.Last == num {
		c.forgotten++
	}
	c.counted, c.kept = l.Count, max(c.kept, l.Stored)
}

func (c *Client) push(env *node.Env, payload []byte) {
	var m proto.Push
	if !c.decode(env, payload, &m) {
		return
	}
	if c.cfg.Asked {
		if c.heard = append(c.heard, Heard{m.Method, bytes.Clone(m.Args)}); len(c.heard) > MaxHeard {
			c.heard = c.heard[1:]
		}
		return
	}
	if n, ok := Number(m.Args); ok {
		c.pushes.Got(n)
	}
}

func (c *Client) loggedIn(env *node.Env, payload []byte) {
	var m proto.LoggedIn
	if !c.decode(env, payload, &m) {
		return
	}
	env.Cancel(timerLogin, 0)
	c.logins++
	c.entity, c.state = m.Entity, In
	if c.cfg.CallEvery > 0 {
		env.After(time.Duration(env.Rand().IntN(int(c.cfg.CallEvery))), timerCall, 0)
	}
	if c.cfg.MoveEvery > 0 {
		env.After(time.Duration(env.Rand().IntN(int(c.cfg.MoveEvery))), timerMove, 0)
	}
	c.greet(env)
	c.callMore(env)
}

func (c *Client) loginRefused(env *node.Env, payload []byte) {
	var m proto.LoginRefused
	if c.decode(env, payload, &m) {
		c.refusals++
		c.refused = m
		jitter := time.Duration(env.Rand().IntN(int(backoffFirst)))
		env.After(max(m.RetryAfter, backoffFirst)+jitter, timerLogin, 0)
	}
}

func (c *Client) kicked(env *node.Env, payload []byte) {
	var m proto.Kicked
	if !c.decode(env, payload, &m) {
		return
	}
	c.kicks++
	if c.cfg.StayKicked && m.Reason == proto.RefusedSecondLogin {
		c.state = Resting
	}
}
