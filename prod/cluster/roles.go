// Package cluster makes the roles of a cluster out of its configuration, keeps
// them running, and runs one of them or all in a process.
package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime"
	"time"

	accounts "messiah/core/account"
	"messiah/core/arq"
	"messiah/core/dbm"
	"messiah/core/game"
	"messiah/core/gate"
	"messiah/core/manager"
	"messiah/core/nav"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/rpc"
	"messiah/core/session"
	"messiah/core/wire"
	"messiah/prod"
	"messiah/prod/config"
	"messiah/prod/store"
)

// Title is the game that a cluster runs: what its author wrote.
type Title struct {
	Script func() game.Script             // a fresh one for each life of a game
	RPC    *rpc.Table                     // has the names of what crosses the wire: its schema and digest are in each handshake; nil: the script's table
	Paths  func() (nav.Pathfinder, error) // loads the world that path queries are about; called once in a process; nil: there are no ways

	// Authenticate says whether an account's credentials are good, for a team with an account service of its
	// own; gate.Config has it. Nil: players.accounts of the configuration alone decides.
	Authenticate func(account, credentials string) bool
}

// Site is a cluster, configured.
type Site struct {
	Config config.Config
	Title  Title
	Log    *slog.Logger

	secret  []byte
	key     session.KeyPair
	version wire.Version
	paths   *world
}

// Open reads or makes the secrets that the roles of the site need.
func Open(c config.Config, title Title, log *slog.Logger) (*Site, error) {
	if title.RPC == nil {
		script := title.Script()
		title.RPC = script.RPC()
	}
	if title.Paths == nil {
		title.Paths = func() (nav.Pathfinder, error) { return nav.Nowhere{}, nil }
	}
	s := &Site{Config: c, Title: title, Log: log, version: proto.Version(title.RPC.Schema(), title.RPC.Digest())}
	var err error
	if s.secret, err = c.ClusterSecret(); err != nil {
		return nil, err
	}
	return s, nil
}

// Version is what the processes of the site, and its clients, speak.
func (s *Site) Version() wire.Version { return s.version }

func (s *Site) host(kind node.Kind, index int) node.Config {
	return node.Config{
		Self: node.NewID(kind, index), Version: s.version, Secret: s.secret, Delivery: node.Immediate,
		Fence: kind == node.Game, // a game that was held for dead must run no call that another life may have run
	}
}

// role binds what a role listens on and makes it. What was bound is given back on an error.
func (s *Site) role(id node.ID) (prod.Role, error) {
	var r prod.Role
	var err error
	switch id.Kind() {
	case node.Manager:
		r, err = s.manager()
	case node.DB:
		r, err = s.db()
	case node.Game:
		r, err = s.game(id.Index())
	case node.Gate:
		r, err = s.gate(id.Index())
	default:
		err = fmt.Errorf("cluster: %v is no process of a cluster", id)
	}
	if err != nil {
		release(&r)
		return prod.Role{}, err
	}
	r.Host = s.host(id.Kind(), id.Index())
	r.Log = s.Log
	r.Record = s.Config.RecordBytes()
	return r, nil
}

// release gives back what a role that will not run has bound.
func release(r *prod.Role) {
	if r.Links != nil {
		_ = r.Links.Close()
	}
	for _, c := range r.Clients {
		_ = c.Close()
	}
	if r.Store != nil {
		_ = r.Store.Close()
	}
}

func (s *Site) links(key, addr string) (net.Listener, error) {
	l, err := prod.ListenLinks(addr, s.Config.DefaultSecret())
	if err != nil {
		return nil, bindError(key, addr, err)
	}
	return l, nil
}

// bindError names the key of an address that cannot be bound.
func bindError(key, addr string, err error) error {
	var cause *os.SyscallError
	if errors.As(err, &cause) {
		return fmt.Errorf("config: %s: cannot listen on %s: %v", key, addr, cause.Err)
	}
	return fmt.Errorf("config: %s: %w", key, err)
}

func (s *Site) manager() (r prod.Role, err error) {
	c := s.Config.Manager
	if r.Links, err = s.links("manager.listen", c.Listen); err != nil {
		return r, err
	}
	r.Node = manager.New(manager.Config{
		Gates: len(s.Config.Gates), Games: len(s.Config.Games), DeadAfter: c.DeadAfter, RecoverFor: c.RecoverFor,
		Balance: manager.Balance{
			High: c.Rebalance.High, Low: c.Rebalance.Low, Gap: c.Rebalance.Gap, Moves: c.Rebalance.Moves, CoolDown: c.Rebalance.CoolDown,
		},
	})
	return r, nil
}

// storeWithin bounds how long the store may take to open, its tables brought up to date.
const storeWithin = time.Minute

func (s *Site) db() (r prod.Role, err error) {
	c := s.Config.DB
	if r.Links, err = s.links("db.listen", c.Listen); err != nil {
		return r, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), storeWithin)
	defer cancel()
	records, err := store.Open(ctx, s.Config.StorePlace())
	if err != nil {
		return r, fmt.Errorf("config: db.store: %w", err)
	}
	r.Store = records
	r.Node = dbm.New(dbm.Config{
		Manager: s.Config.Manager.Listen, Listen: r.Links.Addr().String(), StoreTimeout: c.StoreTimeout,
	})
	if s.passwords() {
		for range cmp.Or(c.HashLanes, max(1, runtime.GOMAXPROCS(0)/2)) {
			r.Lanes = append(r.Lanes, dbm.NewHashes(accounts.DefaultCost()))
		}
	}
	return r, nil
}

// passwords tells whether logins show the password of an account of the store.
func (s *Site) passwords() bool { return s.Config.Players.Accounts == "password" }

func (s *Site) game(index int) (r prod.Role, err error) {
	c := s.Config.Games[index-1]
	if r.Links, err = s.links(fmt.Sprintf("games[%d].listen", index-1), c.Listen); err != nil {
		return r, err
	}
	if s.paths == nil {
		s.paths = load(s.Title.Paths, s.Log)
	}
	r.Node = game.New(game.Config{
		Manager: s.Config.Manager.Listen, Listen: r.Links.Addr().String(),
		Grace: s.Config.Players.Grace, DrainWithin: s.Config.Players.DrainWithin, Contain: true, Where: panicPlace,
	}, s.Title.Script())
	r.Lanes = make([]node.Lane, game.Lanes)
	r.Lanes[game.LaneSerial] = game.NewSerial()
	r.Lanes[game.LanePaths] = game.NewPaths(s.paths)
	return r, nil
}

func (s *Site) gate(index int) (r prod.Role, err error) {
	c, p := s.Config.Gates[index-1], s.Config.Players
	if s.key == (session.KeyPair{}) {
		if s.key, err = s.Config.GateKey(); err != nil {
			return r, err
		}
	}
	var listening []string
	for i, url := range c.Clients {
		socket, err := prod.ListenClients(url)
		if err != nil {
			return r, bindError(fmt.Sprintf("gates[%d].clients[%d]", index-1, i), url, err)
		}
		r.Clients = append(r.Clients, socket)
		listening = append(listening, socket.Addr())
	}
	pick := gate.PickRandom
	if p.Pick == "fewest" {
		pick = gate.PickFewest
	}
	r.Node = gate.New(gate.Config{
		Manager: s.Config.Manager.Listen, Clients: listening, Pick: pick,
		LoginWithin: p.LoginWithin, EnterWithin: p.EnterWithin, Grace: p.Grace, DrainWithin: p.DrainWithin,
		RetryAfter: p.RetryAfter, Authenticate: s.Title.Authenticate, Passwords: s.passwords(),
	})
	for range s.shards() {
		r.Lanes = append(r.Lanes, s.shard())
	}
	r.Route = session.ShardOf
	return r, nil
}

// maxShards bounds the shards that a gate takes by itself; more than that one loop cannot feed.
const maxShards = 8

func (s *Site) shards() int {
	if n := s.Config.Players.Shards; n > 0 {
		return n
	}
	return min(runtime.GOMAXPROCS(0), maxShards)
}

func (s *Site) shard() *session.Shard {
	p := s.Config.Players
	return session.NewShard(session.ShardConfig{
		Version: s.version, Key: s.key, NewARQ: newARQ, Validate: proto.ValidateClient,
		Limits:      session.Limits{DeadAfter: p.DeadAfter, Heartbeat: p.Heartbeat, AckDelay: p.AckDelay},
		MaxSessions: p.MaxSessions, Grace: p.Grace,
		HandshakeRate: uint64(p.HandshakesPerSecond), HandshakeBurst: uint64(p.HandshakeBurst),
		MessageRate: uint64(p.MessagesPerSecond), MessageBurst: uint64(p.MessageBurst),
		ByteRate: uint64(p.BytesPerSecond), ByteBurst: uint64(p.ByteBurst),
	})
}

func newARQ(conversation uint32, mtu int) session.ARQ { return arq.New[node.Time](conversation, mtu) }
