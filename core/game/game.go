// Package game is the role on which entities live. In this first form an
// entity is a player's avatar with a game author's methods; its record is
// claimed from the db, and its client is reached through a gate by a route.
package game

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

// Config says where the manager is and how patient the game is.
type Config struct {
	Manager string
	Listen  string // where gates link up; reported to the manager

	Grace       time.Duration // so long an avatar waits whose gate died
	RetryEvery  time.Duration // between tries to save on the way out
	DrainWithin time.Duration // so long a stopping game waits for its saves
}

// Defaults of Config.
const (
	DefaultGrace       = 30 * time.Second
	DefaultRetryEvery  = 500 * time.Millisecond
	DefaultDrainWithin = 5 * time.Second
)

// Bounds. An avatar or query over them is refused.
const (
	MaxAvatars  = 1 << 15
	MaxQueries  = 1 << 12
	reportEvery = time.Second
)

// The lanes of a game's host.
const (
	LaneSerial = 0 // packs everything that goes to clients, in order
	LanePaths  = 1 // answers path queries
	Lanes      = 2
)

// Timer names.
const (
	timerGrace uint16 = 1 + iota // key: avatar
	timerRetry                   // key: avatar
	timerReport
	timerDrain
)

// state is where an avatar stands.
type state uint8

const (
	loading   state = iota // its record was claimed and has not come yet
	live                   // it runs
	unloading              // its last save is on the way
)

// seat is the place of a client: a route of one life of a gate. The zero seat is empty.
type seat struct {
	gate  node.Peer
	route uint64
}

func (s *seat) code(c *wire.Coder) {
	s.gate.Code(c)
	c.Uint64(&s.route)
}

// avatar is one player's entity.
type avatar struct {
	key      uint64
	state    state
	account  string
	entity   addr.EntityID
	owner    uint64
	version  uint64
	request  uint64 // number of the db request under way, or 0
	client   seat
	attached bool // the client is there; if not, it may come back
	next     seat // who wants the avatar once it is unloaded
	leaving  seat // to be told when it is unloaded
	pushes   uint64
	moved    uint64      // number of the client's latest move
	data     AvatarState // the game author's
	saved    []byte      // as it is being saved on the way out
}

// Game is the role's state machine.
type Game struct {
	cfg    Config
	script Script

	avatars  ordered.Map[uint64, *avatar]
	accounts map[string]*avatar
	seats    map[seat]*avatar
	lastKey  uint64
	lastNum  uint64

	list      proto.Processes
	gates     []node.Peer // that have said they are connected to every game
	opened    bool
	told      uint64 // the list version last reported ready
	stubs     []string
	stopping  bool
	handled   uint64
	queries   map[uint64]query
	lastQuery uint64
	call      Call
	decoder   wire.Decoder
	moved     proto.Move
	asked     proto.Call // the client's call that runs
}

// New makes a game that runs a script.
func New(cfg Config, script Script) *Game {
	cfg.Grace = cmp.Or(cfg.Grace, DefaultGrace)
	cfg.RetryEvery = cmp.Or(cfg.RetryEvery, DefaultRetryEvery)
	cfg.DrainWithin = cmp.Or(cfg.DrainWithin, DefaultDrainWithin)
	return &Game{
		cfg: cfg, script: script, accounts: map[string]*avatar{}, seats: map[seat]*avatar{}, queries: map[uint64]query{},
	}
}

// Step handles one input.
func (g *Game) Step(env *node.Env, in *node.Input) {
	g.handled++
	switch in.Kind {
	case node.InMessage:
		g.message(env, in)
	case node.InAnswer:
		g.pathFound(env, in)
	case node.InUndelivered:
		g.undelivered(env, in)
	case node.InTimer:
		g.timer(env, in)
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

func (g *Game) message(env *node.Env, in *node.Input) {
	switch in.Type {
	case proto.TypeClientCall:
		g.clientCall(env, in)
	case proto.TypeClientMove:
		g.clientMove(env, in)
	case proto.TypeEnter:
		on(env, in, g.enter)
	case proto.TypeExit:
		on(env, in, g.exit)
	case proto.TypeClientLost:
		on(env, in, g.clientLost)
	case proto.TypeClientBack:
		on(env, in, g.clientBack)
	case proto.TypeClaimed:
		on(env, in, g.claimed)
	case proto.TypeHeld:
		on(env, in, g.held)
	case proto.TypeSaved:
		on(env, in, g.saved)
	case proto.TypeNoSave:
		on(env, in, g.noSave)
	case proto.TypeProcesses:
		on(env, in, g.processes)
	case proto.TypeGateConnected:
		on(env, in, g.gateConnected)
	case proto.TypeBePrimary:
		on(env, in, g.bePrimary)
	default:
		env.Log(node.Warn, "no handler for a message", "type", in.Type, "from", in.From)
	}
}

// on decodes a message and hands it to its handler.
func on[M any, P interface {
	*M
	wire.Message
}](env *node.Env, in *node.Input, handle func(*node.Env, node.Peer, *M)) {
	var m M
	if !env.Decode(in, P(&m)) {
		return
	}
	handle(env, node.Peer{ID: in.From, Inc: in.Inc}, &m)
}

func (g *Game) timer(env *node.Env, in *node.Input) {
	a, _ := g.avatars.Get(in.Num)
	switch in.Type {
	case timerReport:
		g.send(env, managerID, &proto.Report{Avatars: uint64(g.avatars.Len()), Handled: g.handled})
		env.After(reportEvery, timerReport, 0)
	case timerGrace:
		if a != nil && a.state == live && a.client == (seat{}) {
			env.Mark("grace-over-without-gate")
			g.unload(env, a)
		}
	case timerRetry:
		if a != nil && a.request == 0 {
			g.ask(env, a)
		}
	case timerDrain:
		env.Mark("drain-took-too-long")
		g.leave(env)
	}
}

var managerID = node.NewID(node.Manager, 1)

// send is for words whose receiver's loss is heard as the end of its link.
func (g *Game) send(env *node.Env, to node.ID, m node.Message) {
	if err := env.Send(to, m); err != nil {
		env.Mark("game-send-without-link")
	}
}

// Settings reads or writes what the game was made with.
func (g *Game) Settings(c *wire.Coder) {
	c.String(&g.cfg.Manager)
	c.String(&g.cfg.Listen)
	c.Int64((*int64)(&g.cfg.Grace))
	c.Int64((*int64)(&g.cfg.RetryEvery))
	c.Int64((*int64)(&g.cfg.DrainWithin))
}

// State reads or writes the whole state.
func (g *Game) State(c *wire.Coder) {
	g.codeAvatars(c)
	c.Uint64(&g.lastKey)
	c.Uint64(&g.lastNum)
	c.Struct(&g.list)
	wire.Slice(c, &g.gates, func(c *wire.Coder, p *node.Peer) { c.Struct(p) })
	c.Bool(&g.opened)
	c.Uint64(&g.told)
	wire.Slice(c, &g.stubs, (*wire.Coder).String)
	c.Bool(&g.stopping)
	c.Uint64(&g.handled)
	wire.Map(c, &g.queries, (*wire.Coder).Uint64, func(c *wire.Coder, q *query) { c.Struct(q) })
	c.Uint64(&g.lastQuery)
}

func (g *Game) codeAvatars(c *wire.Coder) {
	var all []*avatar
	for _, a := range g.avatars.All() {
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b *avatar) int { return cmp.Compare(a.key, b.key) })
	wire.Slice(c, &all, func(c *wire.Coder, a **avatar) {
		if *a == nil {
			*a = &avatar{data: g.script.NewAvatar()}
		}
		c.Struct(*a)
	})
	if !c.Decoding() {
		return
	}
	for _, a := range all {
		g.avatars.Set(a.key, a)
		g.accounts[a.account] = a
		for _, s := range []seat{a.client, a.next, a.leaving} {
			if s != (seat{}) {
				g.seats[s] = a
			}
		}
	}
}

// Code reads or writes the avatar.
func (a *avatar) Code(c *wire.Coder) {
	c.Uint64(&a.key)
	c.Uint8((*uint8)(&a.state))
	c.String(&a.account)
	a.entity.Code(c)
	c.Uint64(&a.owner)
	c.Uint64(&a.version)
	c.Uint64(&a.request)
	a.client.code(c)
	c.Bool(&a.attached)
	a.next.code(c)
	a.leaving.code(c)
	c.Uint64(&a.pushes)
	c.Uint64(&a.moved)
	c.Struct(a.data)
	c.Bytes(&a.saved)
}
