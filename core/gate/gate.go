// Package gate is the role between clients and games: it owns the client
// sessions (in its shards, which are lanes), decides who may come in, and knows
// on which game each client's avatar lives. It forwards calls without looking
// into them and stamps who speaks, so that a client never names itself.
package gate

import (
	"cmp"
	"slices"
	"time"

	"messiah/core/addr"
	"messiah/core/node"
	"messiah/core/ordered"
	"messiah/core/proto"
	"messiah/core/wire"
)

// Pick says how a gate chooses the game for a new avatar.
type Pick uint8

// The ways to pick a game.
const (
	PickRandom Pick = iota // any ready game, each as likely
	PickFewest             // the ready game with the fewest of this gate's clients
)

// Config says where the manager is, where this gate listens and how patient it is.
type Config struct {
	Manager string
	Listen  string   // where links to this gate are accepted; reported to the manager
	Clients []string // where clients are accepted; reported to the manager
	Pick    Pick

	LoginWithin time.Duration // from connection to login
	EnterWithin time.Duration // from login to avatar
	Grace       time.Duration // so long a lost client may come back
	DrainWithin time.Duration // so long a stopping gate waits for its games
	RetryAfter  time.Duration // told to refused clients

	// Authenticate says whether an account's credentials are good, for games with an account service of
	// their own. A nil one takes every account that has a name.
	Authenticate func(account, credentials string) bool

	// Passwords has the db say, after Authenticate, whether the credentials are the password of an account in
	// the store: the framework's own accounts. The db needs a lane for it.
	Passwords bool
}

// Defaults of Config.
const (
	DefaultLoginWithin = 5 * time.Second
	DefaultEnterWithin = 5 * time.Second
	DefaultGrace       = 30 * time.Second
	DefaultDrainWithin = 5 * time.Second
	DefaultRetryAfter  = 500 * time.Millisecond
)

// Bounds. A client over one of them is refused, and told when to try again.
const (
	MaxClients   = 1 << 16
	maxRedirects = 4  // from game to game while an avatar's holder changes
	maxLogins    = 8  // tries on one connection
	maxPatience  = 4  // how many times EnterWithin the later ones are given
	ackEvery     = 32 // client messages handled between two words to the shard
	reportEvery  = time.Second
	reenterEvery = 250 * time.Millisecond
	maxReenter   = 40 // tries to load an avatar again after its game was lost
)

// Timer names.
const (
	timerLogin uint16 = 1 + iota // key: client
	timerEnter                   // key: client
	timerGrace                   // key: client
	timerAgain                   // key: client
	timerReport
	timerDrain
	timerHold // key: the migration's
)

// state is where a client stands.
type state uint8

const (
	greeting state = iota // connected, no login yet
	entering              // a game was asked for the avatar
	stateIn               // the avatar lives, and the route leads to it
	retrying              // the avatar's game was lost; another will be asked in a moment
	exiting               // the game was told to unload the avatar
	waiting               // logged in while an earlier session of the account is exiting
	checking              // the db was asked about the password
)

var stateNames = [...]string{"greeting", "entering", "in", "retrying", "exiting", "waiting", "checking"}

// client is one client: a session, an account, a route.
type client struct {
	key     uint64
	state   state
	session node.Session // the latest epoch, or 0 when none is left
	lost    bool         // the epoch ended and may be resumed
	handled uint64       // reliable messages of this login that were handled
	told    uint64       // of these, how many the shard knows of
	logins  int
	check   uint64 // number of the latest check of a password
	called  uint64 // the client's number of the last call that was forwarded

	id      addr.ClientID
	account string
	entity  addr.EntityID
	route   uint64
	game    node.Peer
	moves   int    // redirects of this login, or tries to enter again
	been    bool   // the avatar was in once
	acked   uint64 // number of the last push that the client is known to have
	next    uint64 // the client waiting for this account
	moving  uint64 // key of the migration of its avatar, or 0

	proxy  addr.ClientID // the label that proxies have: of the first client in this place
	pushes []letter      // by proxy, while the client is lost
}

// Code reads or writes the client.
func (c *client) Code(w *wire.Coder) {
	w.Uint64(&c.key)
	w.Uint8((*uint8)(&c.state))
	w.Uint64((*uint64)(&c.session))
	w.Bool(&c.lost)
	w.Uint64(&c.handled)
	w.Uint64(&c.told)
	w.Int(&c.logins)
	w.Uint64(&c.check)
	w.Uint64(&c.called)
	c.id.Code(w)
	w.String(&c.account)
	c.entity.Code(w)
	w.Uint64(&c.route)
	c.game.Code(w)
	w.Int(&c.moves)
	w.Bool(&c.been)
	w.Uint64(&c.acked)
	w.Uint64(&c.next)
	w.Uint64(&c.moving)
	c.proxy.Code(w)
	wire.Slice(w, &c.pushes, func(w *wire.Coder, one *letter) { w.Struct(one) })
}

// Gate is the role's state machine.
type Gate struct {
	cfg Config

	clients   ordered.Map[uint64, *client]
	sessions  map[node.Session]*client // epochs that are attached or may be resumed
	accounts  map[string]*client       // whose login has come through
	routes    map[uint64]*client
	proxies   map[addr.ClientID]*client        // whose login has come through
	forwarded ordered.Map[letter, forwardedTo] // calls by proxy under way
	moves     ordered.Map[addr.EntityID, *moving]
	moveKeys  map[uint64]*moving
	lastMove  uint64
	lastKey   uint64
	lastRoute uint64
	lastCheck uint64

	departing []node.Peer // games that have said farewell, ended or not; at most maxDeparted

	list     proto.Processes
	told     uint64 // the list version last reported ready
	admits   bool
	stopping bool
	refused  uint64
	handled  uint64
	scratch  []byte
	header   [1]uint64

	mailHeader [proto.MailHeader + 1]uint64
}

// New makes a gate.
func New(cfg Config) *Gate {
	cfg.LoginWithin = cmp.Or(cfg.LoginWithin, DefaultLoginWithin)
	cfg.EnterWithin = cmp.Or(cfg.EnterWithin, DefaultEnterWithin)
	cfg.Grace = cmp.Or(cfg.Grace, DefaultGrace)
	cfg.DrainWithin = cmp.Or(cfg.DrainWithin, DefaultDrainWithin)
	cfg.RetryAfter = cmp.Or(cfg.RetryAfter, DefaultRetryAfter)
	if cfg.Authenticate == nil {
		cfg.Authenticate = func(account, _ string) bool { return account != "" }
	}
	return &Gate{
		cfg: cfg, sessions: map[node.Session]*client{}, accounts: map[string]*client{}, routes: map[uint64]*client{},
		proxies: map[addr.ClientID]*client{}, moveKeys: map[uint64]*moving{},
	}
}

// Step handles one input.
func (g *Gate) Step(env *node.Env, in *node.Input) {
	g.handled++
	switch in.Kind {
	case node.InClient:
		g.clientMessage(env, in)
	case node.InMessage:
		g.message(env, in)
	case node.InConnected:
		g.connected(env, in)
	case node.InDisconnected:
		g.disconnected(env, in)
	case node.InTimer:
		g.timer(env, in)
	case node.InAnswer:
		g.answer(env, in)
	case node.InLinkUp:
		g.linkUp(env, in)
	case node.InLinkDown:
		g.linkDown(env, node.Peer{ID: in.From, Inc: in.Inc})
	case node.InLinkRefused:
		if in.Flags&node.FlagDead != 0 {
			env.Halt("declared dead by " + in.From.String())
		}
	case node.InStart:
		env.Connect(node.Peer{ID: node.NewID(node.Manager, 1)}, g.cfg.Manager)
		env.After(reportEvery, timerReport, 0)
	case node.InStop:
		g.stop(env)
	}
}

func (g *Gate) message(env *node.Env, in *node.Input) {
	switch in.Type {
	case proto.TypeToClient:
		g.toClient(env, in)
	case proto.TypeMail:
		g.mail(env, in)
	case proto.TypeProxyMail:
		g.proxyMail(env, in)
	case proto.TypeProxyPush:
		g.proxyPush(env, in)
	case proto.TypeMailEnd:
		g.mailEnd(env, in)
	case proto.TypeVerified:
		var m proto.Verified
		if env.Decode(in, &m) {
			g.verified(env, &m)
		}
	case proto.TypeRelayed, proto.TypeForwarded, proto.TypeMailMoved:
		g.relayed(env, in, in.Type)
	case proto.TypeAskGone:
		var m proto.AskGone
		if env.Decode(in, &m) {
			g.askGone(env, in, &m)
		}
	case proto.TypePreReq, proto.TypePreOK, proto.TypePreNo, proto.TypeHold, proto.TypeState, proto.TypeBuilt, proto.TypeNotBuilt,
		proto.TypeFlush, proto.TypeHeldMail, proto.TypeCommit, proto.TypeLiveAck, proto.TypeAbort, proto.TypeCancel, proto.TypeThawed,
		proto.TypeAdopted:
		g.migrate(env, in)
	case proto.TypeEntered:
		var m proto.Entered
		if env.Decode(in, &m) {
			g.entered(env, in, &m)
		}
	case proto.TypeEnterFailed:
		var m proto.EnterFailed
		if env.Decode(in, &m) {
			g.enterFailed(env, in, &m)
		}
	case proto.TypeFarewell:
		g.farewell(env, node.Peer{ID: in.From, Inc: in.Inc})
	case proto.TypeExited:
		var m proto.Exited
		if env.Decode(in, &m) {
			g.exited(env, in, m.Route)
		}
	case proto.TypeKickClient:
		var m proto.KickClient
		if env.Decode(in, &m) {
			g.kickRoute(env, in, &m)
		}
	case proto.TypeProcesses:
		var m proto.Processes
		if env.Decode(in, &m) {
			g.processes(env, &m)
		}
	case proto.TypeAdmit:
		var m proto.Admit
		if env.Decode(in, &m) {
			g.admits = m.Open
		}
	case proto.TypeKick:
		var m proto.Kick
		if env.Decode(in, &m) {
			g.kickByName(env, &m)
		}
	default:
		env.Log(node.Warn, "no handler for a message", "type", in.Type, "from", in.From)
	}
}

func (g *Gate) timer(env *node.Env, in *node.Input) {
	c, _ := g.clients.Get(in.Num)
	switch in.Type {
	case timerReport:
		g.report(env)
	case timerDrain:
		env.Mark("drain-took-too-long")
		g.leave(env)
	case timerLogin:
		if c != nil && c.state == greeting {
			g.kick(env, c, proto.RefusedLate)
		}
	case timerEnter:
		if c != nil && c.state == entering {
			g.enterLate(env, c)
		} else if c != nil && c.state == checking {
			g.checkLate(env, c)
		}
	case timerGrace:
		if c != nil && c.lost {
			env.Mark("grace-over")
			g.dropSession(env, c)
			g.exit(env, c)
		}
	case timerHold:
		g.holdLate(env, g.moveKeys[in.Num])
	case timerAgain:
		if c != nil && c.state == retrying {
			g.enter(env, c, node.Peer{})
		}
	}
}

// list of clients whose avatar is, or is about to be, on a game.
func (g *Gate) clientsOn(game node.Peer) []*client {
	var on []*client
	for _, c := range g.clients.All() {
		if c.game == game && c.route != 0 {
			on = append(on, c)
		}
	}
	return on
}

// Settings reads or writes what the gate was made with.
func (g *Gate) Settings(c *wire.Coder) {
	c.String(&g.cfg.Manager)
	c.String(&g.cfg.Listen)
	wire.Slice(c, &g.cfg.Clients, (*wire.Coder).String)
	c.Uint8((*uint8)(&g.cfg.Pick))
	c.Int64((*int64)(&g.cfg.LoginWithin))
	c.Int64((*int64)(&g.cfg.EnterWithin))
	c.Int64((*int64)(&g.cfg.Grace))
	c.Int64((*int64)(&g.cfg.DrainWithin))
	c.Int64((*int64)(&g.cfg.RetryAfter))
	c.Bool(&g.cfg.Passwords)
}

// State reads or writes the whole state.
func (g *Gate) State(c *wire.Coder) {
	var all []client
	for _, one := range g.clients.All() {
		all = append(all, *one)
	}
	slices.SortFunc(all, func(a, b client) int { return cmp.Compare(a.key, b.key) })
	wire.Slice(c, &all, func(c *wire.Coder, one *client) { c.Struct(one) })
	if c.Decoding() {
		for i := range all {
			g.index(&all[i])
		}
	}
	c.Uint64(&g.lastKey)
	c.Uint64(&g.lastRoute)
	c.Uint64(&g.lastCheck)
	wire.Slice(c, &g.departing, func(c *wire.Coder, p *node.Peer) { c.Struct(p) })
	c.Struct(&g.list)
	c.Uint64(&g.told)
	c.Bool(&g.admits)
	c.Bool(&g.stopping)
	c.Uint64(&g.refused)
	c.Uint64(&g.handled)
	g.codeForwarded(c)
	g.codeMoves(c)
}

// codeForwarded reads or writes the calls by proxy in the order in which they came.
func (g *Gate) codeForwarded(c *wire.Coder) {
	wire.Ordered(c, &g.forwarded, func(c *wire.Coder, l *letter, to *forwardedTo) {
		l.Code(c)
		to.game.Code(c)
		c.Uint64(&to.client)
	})
}

// codeMoves reads or writes the migrations in the order in which they began.
func (g *Gate) codeMoves(c *wire.Coder) {
	c.Uint64(&g.lastMove)
	var all []*moving
	for _, m := range g.moves.All() {
		all = append(all, m)
	}
	wire.Slice(c, &all, func(c *wire.Coder, m **moving) {
		if *m == nil {
			*m = &moving{}
		}
		c.Struct(*m)
	})
	if c.Decoding() {
		for _, m := range all {
			g.moves.Set(m.id, m)
			g.moveKeys[m.key] = m
		}
	}
}

// forwardedTo is where a call by proxy went: a game, for the avatar of a client.
type forwardedTo struct {
	game   node.Peer
	client uint64
}

// index files a client that was read back under all its names.
func (g *Gate) index(c *client) {
	g.clients.Set(c.key, c)
	if c.session != 0 {
		g.sessions[c.session] = c
	}
	if c.route != 0 {
		g.routes[c.route] = c
	}
	if c.account != "" && c.state != greeting && c.state != waiting && c.state != checking {
		g.accounts[c.account] = c
		if c.proxy != (addr.ClientID{}) {
			g.proxies[c.proxy] = c
		}
	}
}
