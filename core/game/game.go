// Package game is the role on which entities live. What an author wrote runs in
// its entity.World; around it the game claims and saves records at the db, gives
// avatars to the clients that gates bring, and carries calls between entities.
package game

import (
	"cmp"
	"slices"
	"time"

	"messiah/core/addr"
	"messiah/core/entity"
	"messiah/core/node"
	"messiah/core/ordered"
	"messiah/core/proto"
	"messiah/core/rpc"
	"messiah/core/wire"
)

// Script is a game author's code: plain values, so that two versions of a game
// can run in one process.
type Script struct {
	Classes    []*entity.Class
	Table      *rpc.Table           // numbers of all methods and pushes; nil: see RPC
	Pushes     []string             // names by which the game calls clients, for Names and where it has no Table
	Avatar     string               // the class of a login's avatar
	ServerOpen func(c *entity.Call) // runs once, in the fifth step of the start; may be nil
	Watch      entity.Watch         // for oracles
}

// RPC returns the script's table or, where it has none, a first one of its classes'
// methods and its Pushes: enough for a game whose clients are always built with it.
// Numbers that stay as they are when names come are in a table that is committed.
func (s *Script) RPC() *rpc.Table {
	if s.Table != nil {
		return s.Table
	}
	return rpc.Build(s.Names())
}

// Names returns the names of the script's methods and its Pushes, sorted, each once: what a
// table of RPC names has to have. It needs no Table.
func (s *Script) Names() []string {
	names := slices.Clone(s.Pushes)
	for _, k := range s.Classes {
		names = append(names, k.Methods()...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Stubs returns the names of all stubs of the script's classes.
func (s *Script) Stubs() []string {
	var names []string
	for _, k := range s.Classes {
		names = append(names, k.StubNames()...)
	}
	return names
}

// Config says where the manager is and how patient the game is.
type Config struct {
	Manager string
	Listen  string // where gates link up; reported to the manager

	Grace       time.Duration // so long an avatar waits whose gate died
	RetryEvery  time.Duration // between tries to write a record
	DrainWithin time.Duration // so long a stopping game waits for its saves

	// Contain makes a panic of game code the end of its entity alone.
	Contain bool
	// Where returns the place of the panic that is being recovered, for the log; it may be nil.
	Where func() string
}

// Defaults of Config.
const (
	DefaultGrace       = 30 * time.Second
	DefaultRetryEvery  = 500 * time.Millisecond
	DefaultDrainWithin = 5 * time.Second
)

// Bounds. A record or query over them is refused.
const (
	MaxTenants  = 1 << 15
	MaxQueries  = 1 << 12
	reportEvery = time.Second
)

// The lanes of a game's host.
const (
	LaneSerial = 0 // packs everything that goes to clients, in order
	LanePaths  = 1 // answers path queries
	Lanes      = 2
)

// Timer names; those of entities are entity.NodeTimer.
const (
	timerGrace uint16 = 1 + iota // key: tenant
	timerRetry                   // key: tenant
	timerSave                    // key: tenant
	timerReport
	timerDrain
	timerAsked     // key: tenant
	timerQuestions // what the db could not tell is asked again
	timerLeave     // key: leaving
	timerCome      // key: coming
	timerDrainLook // who is left of a drain
	timerStubs     // the manager is told which stubs there are, and asks for the rest
)

// state is where a tenant stands.
type state uint8

const (
	loading   state = iota // its record was claimed and has not come yet
	live                   // its entity runs
	unloading              // its last save is on the way
	arriving               // its entity is on its way here
)

type seat = entity.Seat

// tenant is a record that this game has claimed, or is about to: an avatar's or a
// stub's, with the entity that it is of while that lives.
type tenant struct {
	key      uint64
	state    state
	record   string // its name in the store
	class    string
	account  string // of an avatar
	stub     string // of a stub
	id       addr.EntityID
	owner    uint64
	version  uint64
	request  uint64 // number of the db request under way, or 0
	client   seat
	proxy    addr.Proxy
	attached bool      // the client is there; if not, it may come back
	alone    node.Time // when an avatar whose gate is dead ends; 0: it has a gate
	next     seat      // who wants the avatar once it is unloaded
	nextID   addr.ClientID
	leaving  seat // to be told when it is unloaded
	pushes   uint64
	moved    uint64 // number of the client's latest move
	resident *entity.Resident
	save     copied   // as it is being written while the entity lives on
	last     copied   // as it is being written on the way out
	again    bool     // it has changed since the copy under way was taken
	drop     bool     // the record is given back as it is: the entity's state is not to be trusted
	remove   bool     // the record is removed for good
	taking   bool     // the db was told that the record came with its entity, and has not answered
	unproven bool     // nothing was saved under that number yet: a new db does not know it
	quiet    bool     // the entity has come, and nothing may be written yet
	asked    []uint64 // questions that want to know where the entity lives
	savers   []uint64 // calls that wait for the last copy to be in the store
}

// copied is a record as it was at one moment.
type copied struct {
	taken bool
	data  []byte
	index []entity.IndexEntry
}

func (s *copied) code(c *wire.Coder) {
	c.Bool(&s.taken)
	c.Bytes(&s.data)
	wire.Slice(c, &s.index, func(c *wire.Coder, e *entity.IndexEntry) { c.Struct(e) })
}

// Game is the role's state machine.
type Game struct {
	cfg    Config
	script Script
	world  *entity.World

	tenants ordered.Map[uint64, *tenant]
	records map[string]*tenant
	seats   map[seat]*tenant
	of      map[*entity.Resident]*tenant
	lastKey uint64
	lastNum uint64

	leaving   ordered.Map[addr.EntityID, *leaving]
	leaveKeys map[uint64]*leaving
	coming    ordered.Map[addr.EntityID, *coming]
	comeKeys  map[uint64]*coming

	list      proto.Processes
	gates     []node.Peer // that have said they are connected to every game
	opened    bool
	told      uint64 // the list version last reported ready
	stubs     []proto.StubMade
	heard     map[hearing]uint64 // number of the latest call that a stub here has run of each life of a game
	stubBoxes map[string]addr.Mailbox
	stopping  bool
	closed    bool // an operator wants no newcomers here
	draining  draining
	shedding  shedding
	handled   uint64
	questions map[uint64]question // by the game\'s number
	queries   int                 // path queries under way
	decoder   wire.Decoder
	encoder   wire.Encoder
	moved     proto.Move
	asked     proto.Call  // the client's call that runs
	mailed    proto.Mail  // the entity's call that runs
	replied   proto.Reply // on its way to a client, and so on below
	pushed    proto.Push
	ended     proto.MailEnd // on its way to a caller
	ending    proto.MailEnd // that has come
	passed    proto.Forwarded
	rawRoutes []byte
	scratch   []byte
	header    [proto.MailHeader]uint64
}

// New makes a game that runs a script. A script that does not fit together is its author's bug and panics.
func New(cfg Config, script Script) *Game {
	cfg.Grace = cmp.Or(cfg.Grace, DefaultGrace)
	cfg.RetryEvery = cmp.Or(cfg.RetryEvery, DefaultRetryEvery)
	cfg.DrainWithin = cmp.Or(cfg.DrainWithin, DefaultDrainWithin)
	g := &Game{
		cfg: cfg, script: script, records: map[string]*tenant{}, seats: map[seat]*tenant{}, heard: map[hearing]uint64{}, questions: map[uint64]question{},
		stubBoxes: map[string]addr.Mailbox{}, of: map[*entity.Resident]*tenant{},
		leaveKeys: map[uint64]*leaving{}, comeKeys: map[uint64]*coming{},
	}
	g.world = entity.NewWorld(entity.Config{
		Classes: script.Classes, Table: script.RPC(), Contain: cfg.Contain, Where: cfg.Where, Watch: script.Watch,
	}, port{g})
	if k := g.world.Class(script.Avatar); k == nil || !k.IsAvatar() {
		panic("game: the avatar's class " + script.Avatar + " is none of the script's avatar classes")
	}
	return g
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

// speaker returns which role's word a message is; the others have no say in it.
func speaker(typ uint16) node.Kind {
	switch typ {
	case proto.TypeClaimed, proto.TypeHeld, proto.TypeSaved, proto.TypeNoSave,
		proto.TypeFound, proto.TypeNameTaken, proto.TypeNameDropped, proto.TypeVerified, proto.TypeExpected:
		return node.DB
	case proto.TypeProcesses, proto.TypeBePrimary, proto.TypeDrain, proto.TypeShed:
		return node.Manager
	}
	return node.Gate
}

func (g *Game) message(env *node.Env, in *node.Input) {
	if speaker(in.Type) != in.From.Kind() {
		env.Log(node.Warn, "a message that is not the sender's to send", "type", in.Type, "from", in.From)
		return
	}
	switch in.Type {
	case proto.TypeClientCall:
		g.clientCall(env, in)
	case proto.TypeClientMove:
		g.clientMove(env, in)
	case proto.TypeMail:
		g.mail(env, in)
	case proto.TypeMailEnd:
		g.mailEnd(env, in)
	case proto.TypePreReq, proto.TypePreOK, proto.TypePreNo, proto.TypeHoldMark, proto.TypeState, proto.TypeBuilt, proto.TypeNotBuilt,
		proto.TypeFlushed, proto.TypeHeldMail, proto.TypeLive, proto.TypeLiveAck, proto.TypeLiveHeard, proto.TypeAborted,
		proto.TypeCancel, proto.TypeUndo, proto.TypeOrphan:
		g.moveMessage(env, in)
	case proto.TypeRelayed:
		g.relayed(env, in)
	case proto.TypeForwarded:
		g.forwarded(env, in)
	case proto.TypeMailMoved:
		g.mailMoved(env, in)
	case proto.TypeExpected:
		on(env, in, g.expected)
	case proto.TypeGameGone:
		on(env, in, g.gameGone)
	case proto.TypeVerify:
		on(env, in, g.verify)
	case proto.TypeVerified:
		on(env, in, g.verified)
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
	case proto.TypeFound:
		on(env, in, g.found)
	case proto.TypeNameTaken:
		on(env, in, g.nameTaken)
	case proto.TypeNameDropped:
		on(env, in, g.nameDropped)
	case proto.TypeProcesses:
		on(env, in, g.processes)
	case proto.TypeGateConnected:
		on(env, in, g.gateConnected)
	case proto.TypeBePrimary:
		on(env, in, g.bePrimary)
	case proto.TypeDrain:
		on(env, in, g.order)
	case proto.TypeShed:
		on(env, in, g.shed)
	case proto.TypeFarewelled:
		g.farewelled(env, node.Peer{ID: in.From, Inc: in.Inc})
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
	if in.Type == entity.NodeTimer {
		g.world.Timer(env, in.Num)
		return
	}
	t, _ := g.tenants.Get(in.Num)
	switch in.Type {
	case timerReport:
		g.send(env, managerID, &proto.Report{Avatars: uint64(g.avatars()), Handled: g.handled})
		env.After(reportEvery, timerReport, 0)
	case timerGrace:
		if t != nil && t.state == live && t.client == (seat{}) {
			env.Mark("grace-over-without-gate")
			g.unload(env, t)
		}
	case timerRetry:
		if t != nil && t.request == 0 {
			g.ask(env, t)
		}
	case timerSave:
		if t != nil && t.state == live {
			g.saveNow(env, t)
			g.world.Settle(env)
		}
	case timerAsked:
		if t != nil && t.state == live {
			g.tellAsked(env, t, proto.OutcomeOK, g.world.MailboxOf(env, t.resident))
		}
	case timerLeave:
		g.leaveTimer(env, g.leaveKeys[in.Num])
	case timerCome:
		g.askComing(env, g.comeKeys[in.Num])
	case timerQuestions:
		g.askQuestionsAgain(env)
	case timerDrainLook:
		g.drainLook(env)
	case timerStubs:
		g.tellStubs(env)
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
