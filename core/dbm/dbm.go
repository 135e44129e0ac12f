// Package dbm is the DBManager: it owns the records behind the entities. At
// most one game has a record loaded; each claim gets a higher owner number, and
// a write under an older one is refused.
package dbm

import (
	"cmp"
	"slices"
	"time"

	"messiah/core/addr"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
)

// Config says where the manager is and how patient the db is with its store.
type Config struct {
	Manager      string        // address of the manager
	Listen       string        // address where games link up
	StoreTimeout time.Duration // a store answer that takes longer is taken for lost
}

// DefaultStoreTimeout is the StoreTimeout of a zero Config.
const DefaultStoreTimeout = 2 * time.Second

// Bounds. A request over them is refused, and its sender may try again.
const (
	MaxAccountsBusy = 1 << 14 // accounts with a request under way
	MaxWaiting      = 8       // further requests for one account
)

const timerStore uint16 = 1 // key: the operation's number

// record is what the store holds for an account.
type record struct {
	Entity  addr.EntityID
	Holder  node.Peer // the game that has it loaded; zero if none
	Owner   uint64    // the number of the latest claim
	Version uint64    // the number of the latest save
	Data    []byte
}

// Code reads or writes the record.
func (r *record) Code(c *wire.Coder) {
	r.Entity.Code(c)
	r.Holder.Code(c)
	c.Uint64(&r.Owner)
	c.Uint64(&r.Version)
	c.Bytes(&r.Data)
}

// HolderOf reads from a stored record which game has it loaded; the zero Peer is none.
func HolderOf(value []byte) (node.Peer, error) {
	var r record
	if err := wire.Decode(value, &r); err != nil {
		return node.Peer{}, err
	}
	return r.Holder, nil
}

// request is one claim, save or release of a game.
type request struct {
	typ  uint16
	from node.Peer
	save proto.Save // of a claim only account and number
}

func (r *request) Code(c *wire.Coder) {
	c.Uint16(&r.typ)
	r.from.Code(c)
	c.Struct(&r.save)
}

// account is one account with a request under way; the first request is the
// one that the store is working on.
type account struct {
	op       uint64 // number of the store operation under way
	writing  bool
	checking bool // the operation reads whether a write of unknown outcome came through
	revision uint64
	record   record // as read, then as it is being written
	requests []request
}

func (a *account) Code(c *wire.Coder) {
	c.Uint64(&a.op)
	c.Bool(&a.writing)
	c.Bool(&a.checking)
	c.Uint64(&a.revision)
	c.Struct(&a.record)
	wire.Slice(c, &a.requests, func(c *wire.Coder, r *request) { c.Struct(r) })
}

// DB is the role's state machine.
type DB struct {
	cfg      Config
	busy     map[string]*account
	ops      map[uint64]string // store operation -> account
	lastOp   uint64
	live     []node.Peer // as the manager lists them
	settled  bool
	list     uint64
	records  uint64 // claims granted since start
	refusals uint64
}

// New makes a DB.
func New(cfg Config) *DB {
	cfg.StoreTimeout = cmp.Or(cfg.StoreTimeout, DefaultStoreTimeout)
	return &DB{cfg: cfg, busy: map[string]*account{}, ops: map[uint64]string{}}
}

// Step handles one input.
func (d *DB) Step(env *node.Env, in *node.Input) {
	switch in.Kind {
	case node.InStart:
		env.Connect(node.Peer{ID: node.NewID(node.Manager, 1)}, d.cfg.Manager)
	case node.InLinkUp:
		d.linkUp(env, in)
	case node.InLinkRefused:
		if in.Flags&node.FlagDead != 0 {
			env.Halt("declared dead by " + in.From.String())
		}
	case node.InMessage:
		d.message(env, in)
	case node.InTimer:
		d.storeLate(env, in.Num)
	case node.InStop:
		d.leave(env)
	}
}

func (d *DB) linkUp(env *node.Env, in *node.Input) {
	if in.From.Kind() != node.Manager {
		return
	}
	r := proto.Register{Addr: d.cfg.Listen, List: d.list, Linked: env.Links()}
	if err := env.Send(in.From, &r); err != nil {
		env.Mark("db-register-without-link")
	}
}

func (d *DB) leave(env *node.Env) {
	if err := env.Send(node.NewID(node.Manager, 1), &proto.Leave{}); err != nil {
		env.Mark("db-leaves-without-manager")
	}
	env.Done()
}

func (d *DB) message(env *node.Env, in *node.Input) {
	from := node.Peer{ID: in.From, Inc: in.Inc}
	switch in.Type {
	case proto.TypeProcesses:
		var list proto.Processes
		if env.Decode(in, &list) {
			d.processes(env, &list)
		}
	case proto.TypeClaim:
		var m proto.Claim
		if env.Decode(in, &m) {
			d.request(env, request{in.Type, from, proto.Save{Account: m.Account, Num: m.Num}})
		}
	case proto.TypeSave:
		var m proto.Save
		if env.Decode(in, &m) {
			d.request(env, request{in.Type, from, m})
		}
	case proto.TypeRelease:
		var m proto.Release
		if env.Decode(in, &m) {
			d.request(env, request{in.Type, from, m.Save})
		}
	case proto.TypeStoreGot:
		var m proto.StoreGot
		if env.Decode(in, &m) {
			d.got(env, &m)
		}
	case proto.TypeStoreDid:
		var m proto.StoreDid
		if env.Decode(in, &m) {
			d.did(env, &m)
		}
	default:
		env.Log(node.Warn, "no handler for a message", "type", in.Type, "from", in.From)
	}
}

// processes takes the manager's list: who is not on a settled one holds nothing any more.
func (d *DB) processes(env *node.Env, list *proto.Processes) {
	d.live, d.settled, d.list = d.live[:0], list.Settled, list.Version
	for i := range list.Live {
		d.live = append(d.live, list.Live[i].Peer)
	}
	for _, dead := range list.Dead {
		env.Forget(dead)
	}
}

// holds tells whether a holder's claim still counts.
func (d *DB) holds(p node.Peer) bool { return slices.Contains(d.live, p) }

// Settings reads or writes what the db was made with.
func (d *DB) Settings(c *wire.Coder) {
	c.String(&d.cfg.Manager)
	c.String(&d.cfg.Listen)
	c.Int64((*int64)(&d.cfg.StoreTimeout))
}

// State reads or writes the whole state.
func (d *DB) State(c *wire.Coder) {
	wire.Map(c, &d.busy, (*wire.Coder).String, func(c *wire.Coder, a **account) {
		if *a == nil {
			*a = &account{}
		}
		c.Struct(*a)
	})
	wire.Map(c, &d.ops, (*wire.Coder).Uint64, (*wire.Coder).String)
	c.Uint64(&d.lastOp)
	wire.Slice(c, &d.live, func(c *wire.Coder, p *node.Peer) { c.Struct(p) })
	c.Bool(&d.settled)
	c.Uint64(&d.list)
	c.Uint64(&d.records)
	c.Uint64(&d.refusals)
}

// Status is what the db is doing, for people and oracles.
type Status struct {
	Busy    int    // accounts with a request under way
	Waiting int    // requests, those under way included
	Claims  uint64 // granted since start
	Refused uint64
}

// Inspect returns what the db is doing.
func (d *DB) Inspect() Status {
	s := Status{Busy: len(d.busy), Claims: d.records, Refused: d.refusals}
	for _, a := range d.busy {
		s.Waiting += len(a.requests)
	}
	return s
}
