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
	"messiah/core/ordered"
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
	MaxBusy    = 1 << 14 // records with a request under way
	MaxWaiting = 8       // further requests for one record
	MaxQueries = 1 << 10 // queries under way
)

const timerStore uint16 = 1 // key: the operation's number

// record is what the store holds under a key. That of a unique name has no more
// than Data: the key of the record that owns the name.
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

// decode reads a stored record.
func decode(value []byte) (record, error) {
	var r record
	err := wire.Decode(value, &r)
	return r, err
}

// request is one claim, save or release of a record, or one taking or dropping of a name.
type request struct {
	typ     uint16
	from    node.Peer
	release proto.Release // of a claim and for a name only key and number
	owner   string        // for a name: the key of the record that is to own it, or did
	alone   bool          // of a take: as proto.Take has it
}

func (r *request) Code(c *wire.Coder) {
	c.Uint16(&r.typ)
	r.from.Code(c)
	c.Struct(&r.release)
	c.String(&r.owner)
	c.Bool(&r.alone)
}

// writing is what the operation under way does to the record.
type writing uint8

const (
	reads writing = iota
	puts
	deletes
)

// work is one record with a request under way; the first request is the one
// that the store is working on.
type work struct {
	op       uint64 // number of the store operation under way
	writing  writing
	checking bool // the operation reads whether a write of unknown outcome came through
	deleted  bool // and that write was to delete the record
	revision uint64
	record   record // as read, then as it is being written
	class    string // what queries find it by, as read, then as it is being written
	index    []proto.IndexEntry
	requests []request
}

func (w *work) Code(c *wire.Coder) {
	c.Uint64(&w.op)
	c.Uint8((*uint8)(&w.writing))
	c.Bool(&w.checking)
	c.Bool(&w.deleted)
	c.Uint64(&w.revision)
	c.Struct(&w.record)
	c.String(&w.class)
	wire.Slice(c, &w.index, func(c *wire.Coder, e *proto.IndexEntry) { c.Struct(e) })
	wire.Slice(c, &w.requests, func(c *wire.Coder, r *request) { c.Struct(r) })
}

// DB is the role's state machine.
type DB struct {
	cfg     Config
	busy    map[string]*work
	ops     map[uint64]string // store operation -> key
	queries map[uint64]query  // store operation -> who asks
	checks  map[uint64]*verification
	failing ordered.Map[string, node.Time] // accounts with wrong tries: when all tries are theirs again
	lastOp  uint64

	passing    map[string]passing // by key
	announcers []node.Peer        // games that have said all

	live     []node.Peer // as the manager lists them
	settled  bool
	list     uint64
	records  uint64 // claims granted since start
	refusals uint64
}

// New makes a DB.
func New(cfg Config) *DB {
	cfg.StoreTimeout = cmp.Or(cfg.StoreTimeout, DefaultStoreTimeout)
	return &DB{cfg: cfg, busy: map[string]*work{}, ops: map[uint64]string{}, queries: map[uint64]query{}, passing: map[string]passing{}, checks: map[uint64]*verification{}}
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
	case node.InAnswer:
		d.hashed(env, in)
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
	r := proto.Register{Addr: d.cfg.Listen, List: d.list, Linked: env.Links(), Dead: env.Dead()}
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
	case proto.TypeExpect:
		var m proto.Expect
		if env.Decode(in, &m) {
			d.expect(env, from, &m)
		}
	case proto.TypeUnexpect:
		var m proto.Unexpect
		if env.Decode(in, &m) {
			d.unexpect(env, from, &m)
		}
	case proto.TypeAnnounced:
		if !slices.Contains(d.announcers, from) {
			d.announcers = append(d.announcers, from)
		}
	case proto.TypeClaim, proto.TypeTake, proto.TypeSave, proto.TypeRelease, proto.TypeTakeName, proto.TypeDropName:
		r := request{typ: in.Type, from: from}
		if r.decode(env, in) {
			if r.typ == proto.TypeTake {
				d.toBeTaken(&r)
			}
			d.request(env, r)
		}
	case proto.TypeQuery:
		var m proto.Query
		if env.Decode(in, &m) {
			d.query(env, from, &m)
		}
	case proto.TypeVerify:
		var m proto.Verify
		if env.Decode(in, &m) {
			d.verify(env, from, &m)
		}
	case proto.TypeStoreGot, proto.TypeStoreDid, proto.TypeStoreListed:
		d.fromStore(env, in)
	default:
		env.Log(node.Warn, "no handler for a message", "type", in.Type, "from", in.From)
	}
}

// decode reads what a game asks about one record.
func (r *request) decode(env *node.Env, in *node.Input) bool {
	switch in.Type {
	case proto.TypeClaim:
		var m proto.Claim
		ok := env.Decode(in, &m)
		r.release.Key, r.release.Num, r.release.Entity = m.Key, m.Num, m.Entity
		return ok
	case proto.TypeTake:
		var m proto.Take
		ok := env.Decode(in, &m)
		r.release.Key, r.release.Num, r.release.Owner, r.release.Version, r.alone = m.Key, m.Num, m.N, m.Version, m.Alone
		return ok
	case proto.TypeSave:
		return env.Decode(in, &r.release.Save)
	case proto.TypeRelease:
		return env.Decode(in, &r.release)
	default:
		var m proto.TakeName // a DropName has the same fields
		ok := env.Decode(in, &m)
		r.name(&m)
		return ok
	}
}

func (d *DB) fromStore(env *node.Env, in *node.Input) {
	switch in.Type {
	case proto.TypeStoreGot:
		var m proto.StoreGot
		if env.Decode(in, &m) && !d.accountRead(env, &m) {
			d.got(env, &m)
		}
	case proto.TypeStoreDid:
		var m proto.StoreDid
		if env.Decode(in, &m) {
			d.did(env, &m)
		}
	case proto.TypeStoreListed:
		var m proto.StoreListed
		if env.Decode(in, &m) {
			d.listed(env, &m)
		}
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
	d.forgetPassing(list.Dead)
}

// BusyWith visits the keys of the records with a request under way, sorted.
func (d *DB) BusyWith(yield func(key string) bool) {
	for _, key := range ordered.Keys(d.busy) {
		if !yield(key) {
			return
		}
	}
}

// Holds tells whether the db takes a life of a process for alive, for inspection.
func (d *DB) Holds(p node.Peer) bool { return d.holds(p) }

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
	wire.Map(c, &d.busy, (*wire.Coder).String, func(c *wire.Coder, w **work) {
		if *w == nil {
			*w = &work{}
		}
		c.Struct(*w)
	})
	wire.Map(c, &d.ops, (*wire.Coder).Uint64, (*wire.Coder).String)
	wire.Map(c, &d.queries, (*wire.Coder).Uint64, func(c *wire.Coder, q *query) { c.Struct(q) })
	d.codeChecks(c)
	c.Uint64(&d.lastOp)
	wire.Map(c, &d.passing, (*wire.Coder).String, func(c *wire.Coder, p *passing) { c.Struct(p) })
	wire.Slice(c, &d.announcers, func(c *wire.Coder, p *node.Peer) { c.Struct(p) })
	wire.Slice(c, &d.live, func(c *wire.Coder, p *node.Peer) { c.Struct(p) })
	c.Bool(&d.settled)
	c.Uint64(&d.list)
	c.Uint64(&d.records)
	c.Uint64(&d.refusals)
}

// Status is what the db is doing, for people and oracles.
type Status struct {
	Busy    int    // records with a request under way
	Waiting int    // requests for records, those under way included
	Queries int    // under way
	Checks  int    // of passwords under way
	Failing int    // accounts with wrong tries of late
	Passing int    // records that go, or went, to another game with their entities
	Claims  uint64 // granted since start
	Refused uint64
}

// Inspect returns what the db is doing.
func (d *DB) Inspect() Status {
	s := Status{Busy: len(d.busy), Queries: len(d.queries), Checks: len(d.checks), Failing: d.failing.Len(), Passing: len(d.passing), Claims: d.records, Refused: d.refusals}
	for _, w := range d.busy {
		s.Waiting += len(w.requests)
	}
	return s
}
