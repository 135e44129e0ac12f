package sim

import (
	"time"

	"messiah/core/client"
	"messiah/core/entity"
	"messiah/core/geom"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/session"
	"messiah/core/wire"
)

// Player is a client of the cluster, as a scenario sees it.
type Player struct {
	w       *World
	p       *process
	account string
	asked   uint64 // key of the latest call that Do had it make
}

// NewPlayer adds a client of an account; it does nothing before Start. The
// change, which may be nil, alters how it behaves.
func (w *World) NewPlayer(account string, change func(*client.Config)) *Player {
	return &Player{w: w, p: w.addClient(account, change), account: account}
}

// ID returns the client's node ID.
func (c *Player) ID() node.ID { return c.p.id }

// Account returns the account that the client logs in with.
func (c *Player) Account() string { return c.account }

// Start begins the client's life: it dials, logs in and calls. It has one life: after
// its crash a further client of the account comes back, by Story.Enter or NewPlayer.
func (c *Player) Start() { c.p.start() }

// Runs tells whether the client runs.
func (c *Player) Runs() bool { return c.p.host != nil }

// Status returns what the client has seen; the zero Status where it does not run.
func (c *Player) Status() client.Status {
	if c.p.host == nil {
		return client.Status{}
	}
	return c.p.host.Node().(*client.Client).Inspect()
}

// In tells whether the client has its avatar.
func (c *Player) In() bool { return c.Status().State == client.In }

// Drop breaks the client's connection; the client notices at once.
func (c *Player) Drop() { c.w.strike(Fault{Kind: DropClient, Target: c.p.id}) }

// Cut lets nothing pass between the client and the gates for a while. Neither
// side is told.
func (c *Player) Cut(d time.Duration) { c.w.strike(Fault{Kind: CutClient, Target: c.p.id, For: d}) }

// Crash ends the client without a word. It does not come back by itself.
func (c *Player) Crash() { c.w.strike(Fault{Kind: CrashClient, Target: c.p.id}) }

// Leave lets the client log out and rest.
func (c *Player) Leave() {
	if c.p.host != nil {
		c.p.arrive(&node.Input{Kind: node.InStop})
	}
}

// Work changes what the client does from now on.
func (c *Player) Work(m proto.Workload) {
	if c.p.host != nil {
		c.p.arrive(&node.Input{Kind: node.InMessage, Type: proto.TypeWorkload, Body: wire.Append(nil, &m)})
	}
}

// Ask has the client make one call, beside those of its workload; Answered tells how
// the one of that key ended. Args is one encoded value.
func (c *Player) Ask(key uint64, method uint16, args []byte) {
	if c.p.host != nil {
		m := proto.Ask{Key: key, Method: method, Args: args}
		c.p.arrive(&node.Input{Kind: node.InMessage, Type: proto.TypeAsk, Body: wire.Append(nil, &m)})
	}
}

// Answered returns how the call of a key ended, false while it is under way.
func (c *Player) Answered(key uint64) (client.Answer, bool) {
	for _, a := range c.Status().Answers {
		if a.Key == key {
			return a, true
		}
	}
	return client.Answer{}, false
}

// Enter starts a client that makes no calls of its own, for Do and Heard, and waits until it is in.
func (s *Story) Enter(account string) *Player {
	p := s.NewPlayer(account, func(c *client.Config) { c.Asked = true })
	s.Players = append(s.Players, p)
	p.Start()
	s.Must(account+" is in", p.In, doWithin)
	return p
}

// doWithin is how long an entry or a call may take that the story waits for: longer
// than all the time-outs on its way, a crash and the return from it included.
const doWithin = 60 * time.Second

// Do has a client call a method of its avatar and waits for the outcome: the
// result, or the error that the client was told. Of a client that does not run, or
// whose life ends meanwhile, as the fault CrashClient ends it, it is entity.ErrLost.
func Do[A, R any](s *Story, c *Player, m entity.Method[A, R], args A) (R, error) {
	c.asked++
	key, life := c.asked, c.p.life
	ask := client.AskOf(s.cfg.Game.RPC, key, m, args)
	c.Ask(key, ask.Method, ask.Args)
	died := func() bool { return c.p.host == nil || c.p.life != life }
	s.Must("a call of "+c.account+" has its outcome", func() bool { _, ended := c.Answered(key); return ended || died() }, doWithin)
	a, ended := c.Answered(key)
	if !ended {
		var none R
		return none, entity.ErrLost
	}
	return client.ResultOf(m, a)
}

// Heard returns what a client that Enter started was pushed by a name, the oldest
// first; of all its pushes the latest client.MaxHeard are known.
func Heard[A any](c *Player, p entity.Push[A]) []A {
	return client.HeardOf(c.w.cfg.Game.RPC, p, c.Status())
}

// gate returns the gate that the client has a session with, or 0.
func (c *Player) gate() node.ID {
	if c.p.host == nil {
		return 0
	}
	d := c.p.lanes[client.LaneSession].host.Lane().(*session.Dialer)
	if d.Session() == 0 {
		return 0
	}
	for _, p := range c.w.servers() {
		g, ok := gateOf(p)
		if !ok {
			continue
		}
		for v := range g.Clients() {
			if v.Session == d.Session() && v.Account == c.account {
				return p.id
			}
		}
	}
	return 0
}

// Gate returns the gate that has the client's login, or 0.
func (c *Player) Gate() node.ID { return c.gate() }

// Place returns where the client's avatar is; false where none lives, or it is nowhere.
func (c *Player) Place() (at geom.Vec3, known bool) {
	for _, p := range c.w.servers() {
		g, ok := gameOf(p)
		if !ok {
			continue
		}
		for v := range g.Avatars() {
			r := g.World().Find(v.Entity)
			if v.Account == c.account && r != nil && r.Place() != nil {
				return r.Place().Position(), true
			}
		}
	}
	return geom.Vec3{}, false
}

// Game returns the game on which the client's avatar lives, or 0.
func (c *Player) Game() node.ID {
	for _, p := range c.w.servers() {
		if g, ok := gameOf(p); ok {
			for v := range g.Avatars() {
				if v.Account == c.account && v.State == "live" {
					return p.id
				}
			}
		}
	}
	return 0
}
