package session

import (
	"encoding/binary"
	"fmt"

	"messiah/core/node"
	"messiah/core/wire"
)

// The loops of both sides. Each runs in a real node.Host, so that the
// deliveries of connected and disconnected are those of the engine: the gate's is
// immediate, the player's queued. The test speaks to a loop by an InMessage
// whose Type is an order, which waits its turn as any other input.

// Orders to a loop, beside the tasks, which it passes on as they are.
const (
	orderSend    = 1000 + iota // Num: how many numbered messages to send
	orderGrace                 // the lost login of Num is not waited for any longer
	orderKick                  // the login of Num ends; one more message goes before
	orderLogIn                 // the login of Num is through
	orderHandled               // the shard hears how much was handled
)

// loginWord is the first message of a login. It has no number of its own.
const loginWord = "login"

// numbered makes a message's body: whose, which one, and padding.
func numbered(dst []byte, life, n uint64, padding int) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, life)
	dst = binary.LittleEndian.AppendUint64(dst, n)
	return append(dst, make([]byte, padding)...)
}

// order checks the numbers of one login's messages in one direction.
type order struct {
	life, last uint64
}

func (o *order) take(body []byte) error {
	if len(body) < 16 {
		return fmt.Errorf("a message of %d bytes", len(body))
	}
	life, n := binary.LittleEndian.Uint64(body), binary.LittleEndian.Uint64(body[8:])
	if o.last == 0 {
		o.life = life
	}
	if life != o.life || n != o.last+1 {
		return fmt.Errorf("message %d of %d comes after %d of %d", n, life, o.last, o.life)
	}
	o.last = n
	return nil
}

// login is a login as the gate's loop knows it.
type login struct {
	key     uint64
	session node.Session
	lost    bool
	over    bool
	handled uint64
	got     order
	sent    uint64
	acked   uint64
	latest  int
	reason  Reason // of the last disconnection
	resumes int
}

// gateLoop is the scripted loop of the server.
type gateLoop struct {
	w        *world
	sessions map[node.Session]*login
	logins   []*login // by key, from 1
	loginOn  bool     // who says the word is let through
	refuse   bool     // no resume is granted
	padding  int
	tell     bool // the shard is told of each message handled
	lenient  bool // messages may have any content
}

func (g *gateLoop) State(*wire.Coder) {}

func (g *gateLoop) task(env *node.Env, in node.Input) {
	env.Offload(0, &in)
}

func (g *gateLoop) Step(env *node.Env, in *node.Input) {
	switch in.Kind {
	case node.InConnected:
		g.connected(env, in)
	case node.InDisconnected:
		l := g.sessions[in.Session]
		if l == nil {
			return
		}
		l.reason, l.acked = Reason(in.Type), max(l.acked, in.Num)
		g.w.judge(l.reason)
		if in.Flags&FlagResumable != 0 {
			l.lost = true
			return
		}
		g.end(l)
	case node.InClient:
		g.message(env, in)
	case node.InAnswer:
		if l := g.sessions[in.Session]; l != nil && in.Type == AnswerDropped {
			l.acked = max(l.acked, in.Num)
			g.end(l)
		}
	case node.InMessage:
		g.order(env, in)
	}
}

func (g *gateLoop) end(l *login) {
	delete(g.sessions, l.session)
	l.over, l.lost = true, false
}

func (g *gateLoop) connected(env *node.Env, in *node.Input) {
	if old := node.Session(in.Num); old != 0 {
		l := g.sessions[old]
		if l != nil && l.lost && !g.refuse {
			delete(g.sessions, old)
			g.sessions[in.Session] = l
			l.session, l.lost = in.Session, false
			l.resumes++
			g.task(env, node.Input{Type: TaskResume, Session: in.Session, Num: uint64(old), Conn: l.handled})
			return
		}
		g.task(env, node.Input{Type: TaskRefuseResume, Session: in.Session, Num: uint64(ReasonGone)})
		if l != nil {
			g.task(env, node.Input{Type: TaskDrop, Session: old})
			g.end(l)
		}
	}
	l := &login{key: uint64(len(g.logins) + 1), session: in.Session}
	g.logins = append(g.logins, l)
	g.sessions[in.Session] = l
}

func (g *gateLoop) message(env *node.Env, in *node.Input) {
	l := g.sessions[in.Session]
	if l == nil {
		return
	}
	if in.Flags&node.FlagLatest != 0 {
		l.latest++
		return
	}
	l.handled = in.Num
	if string(in.Body) == loginWord {
		if g.loginOn {
			g.task(env, node.Input{Type: TaskLoggedIn, Session: l.session})
		}
		return
	}
	if err := l.got.take(in.Body); err != nil && !g.lenient {
		g.w.fail("login %d at the gate: %v", l.key, err)
	}
	if g.tell {
		g.task(env, node.Input{Type: TaskHandled, Session: l.session, Num: l.handled})
	}
}

func (g *gateLoop) order(env *node.Env, in *node.Input) {
	if in.Num == 0 || in.Num > uint64(len(g.logins)) {
		return
	}
	l := g.logins[in.Num-1]
	if l.over {
		return
	}
	switch in.Type {
	case orderSend:
		for range in.Conn {
			g.send(env, l, in.Flags)
		}
	case orderGrace:
		if l.lost {
			g.task(env, node.Input{Type: TaskDrop, Session: l.session})
			g.end(l)
		}
	case orderKick:
		g.send(env, l, 0)
		g.task(env, node.Input{Type: TaskClose, Session: l.session, Num: in.Conn})
		g.end(l)
	case orderLogIn:
		g.task(env, node.Input{Type: TaskLoggedIn, Session: l.session})
	case orderHandled:
		g.task(env, node.Input{Type: TaskHandled, Session: l.session, Num: l.handled})
	default:
		g.task(env, node.Input{Type: in.Type, Session: l.session, Num: in.Conn, Flags: in.Flags, Body: in.Body})
	}
}

func (g *gateLoop) send(env *node.Env, l *login, flags uint8) {
	body := numbered(nil, l.key, l.sent+1, g.padding)
	if flags&node.FlagLatest == 0 {
		l.sent++
	}
	g.task(env, node.Input{Type: TaskSend, Flags: flags, Session: l.session, Num: l.sent, Conn: l.handled, Body: body})
}

// playerLoop is the scripted loop of a client.
type playerLoop struct {
	w       *world
	p       *player
	life    uint64 // counts logins from 1
	sent    uint64 // in this life
	got     order
	latest  [][]byte
	handled uint64 // of this login, where that is told to the lane
	tells   bool   // the lane hears of each message handled; else with the next dial
	up      bool
	dialing bool
	resume  bool // the last word was that the login can be resumed
	resumed int
	refused int // resumes
	failed  []Reason
	ends    []Reason
	older   string
	retry   uint64
	acked   uint64
	verdict wire.Verdict
	padding int
	lenient bool // messages may have any content
}

func (c *playerLoop) State(*wire.Coder) {}

func (c *playerLoop) Step(env *node.Env, in *node.Input) {
	switch in.Kind {
	case node.InConnected:
		c.up, c.dialing, c.verdict, c.older = true, false, wire.Verdict(in.Type), string(in.Body)
		if in.Num != 0 {
			c.resumed++
			return
		}
		c.life, c.sent, c.got, c.handled = c.life+1, 0, order{}, 0
		env.Offload(0, &node.Input{Type: TaskSend, Body: []byte(loginWord)})
	case node.InDisconnected:
		c.up, c.resume = false, in.Flags&FlagResumable != 0
		c.ends = append(c.ends, Reason(in.Type))
		c.w.judge(Reason(in.Type))
		c.acked = in.Num
	case node.InClient:
		if in.Flags&node.FlagLatest != 0 {
			c.latest = append(c.latest, append([]byte(nil), in.Body...))
			return
		}
		if err := c.got.take(in.Body); err != nil && !c.lenient {
			c.w.fail("life %d of player %d: %v", c.life, c.p.index, err)
		}
		if c.handled = in.Num; c.tells {
			env.Offload(0, &node.Input{Type: TaskHandled, Num: c.handled})
		}
	case node.InAnswer:
		c.answer(in)
	case node.InMessage:
		c.order(env, in)
	}
}

func (c *playerLoop) answer(in *node.Input) {
	switch in.Type {
	case AnswerResumeRefused:
		c.refused++
		c.acked, c.resume = in.Num, false
	case AnswerDialFailed:
		c.dialing, c.older, c.retry = false, string(in.Body), in.Conn
		c.failed = append(c.failed, Reason(in.Num))
		c.resume = in.Flags&FlagResumable != 0
	case AnswerDropped:
		c.resume = false
	}
}

func (c *playerLoop) order(env *node.Env, in *node.Input) {
	task := node.Input{Type: in.Type, Flags: in.Flags, Num: in.Num, Endpoint: in.Endpoint, Body: in.Body}
	switch in.Type {
	case orderSend:
		for range in.Num {
			c.send(env, in.Flags)
		}
		return
	case TaskDial:
		if c.up || c.dialing && !c.w.immediate {
			return // with immediate delivery a session may begin and end unseen
		}
		c.dialing = true
		if in.Flags&FlagResume != 0 && c.resume {
			task.Conn = c.handled
		} else {
			task.Flags = 0
		}
	}
	env.Offload(0, &task)
}

// send sends one message, also while the login waits to be resumed; but not
// while it is open what comes of the dial.
func (c *playerLoop) send(env *node.Env, flags uint8) {
	if c.dialing || !c.up && !c.resume {
		return
	}
	body := numbered(nil, c.life, c.sent+1, c.padding)
	if flags&node.FlagLatest == 0 {
		c.sent++
	}
	env.Offload(0, &node.Input{Type: TaskSend, Flags: flags, Num: c.sent, Body: body})
}
