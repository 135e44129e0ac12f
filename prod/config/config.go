// Package config is the one configuration of a cluster: a YAML file, the
// environment over it, flags over both, and defaults that just work below.
// Every error names the key that it is about.
package config

import (
	"strconv"
	"time"
)

// Config describes a whole cluster; each process reads its own part.
type Config struct {
	State   string  `key:"state" about:"directory of keys and of the store; made at first start"`
	Secrets Secrets `key:"secrets" about:"what proves membership and identity"`
	Log     Log     `key:"log" about:"lines on standard error"`
	Record  int     `key:"record" about:"MiB of its latest inputs that each role keeps for messiah admin record; 0: none" min:"0" max:"1024"`
	Manager Manager `key:"manager" about:"leads the start and says who lives"`
	DB      DB      `key:"db" about:"owns the records"`
	Games   []Game  `key:"games" about:"avatars live here"`
	Gates   []Gate  `key:"gates" about:"clients connect here"`
	Players Players `key:"players" about:"what one client may do, and how long it may take"`
}

// Secrets are the names of the files that hold what must not be known to others.
type Secrets struct {
	Cluster     string `key:"cluster" about:"the cluster's secret itself, at least 16 bytes; better kept in cluster_file" secret:"yes"`
	ClusterFile string `key:"cluster_file" about:"file with the cluster's secret; empty: made at first start in the state directory, for loopback only"`
	GateKeyFile string `key:"gate_key_file" about:"file with the gates' private key, its public half beside it in .pub; empty: made at first start in the state directory"`
}

// Log says what is logged and how.
type Log struct {
	Level  string `key:"level" about:"debug, info, warn or error; empty: info, and warn in messiah run" oneof:",debug,info,warn,error"`
	Format string `key:"format" about:"text or json" oneof:"text,json"`
}

// Manager is the manager's part.
type Manager struct {
	Listen     string        `key:"listen" about:"where all other processes link up" addr:"yes"`
	Admin      string        `key:"admin" about:"HTTP for operators; empty: none" addr:"empty"`
	DeadAfter  time.Duration `key:"dead_after" about:"a process whose connection stays broken so long is dead" min:"10ms"`
	RecoverFor time.Duration `key:"recover_for" about:"so long after its own start the manager calls nobody dead" min:"10ms"`
	Rebalance  Rebalance     `key:"rebalance" about:"moves avatars from a full game to an emptier one"`
}

// Rebalance says when avatars are moved from a full game to an emptier one.
type Rebalance struct {
	High     int           `key:"high" about:"avatars of a game over which it is relieved; 0: nobody is ever moved" min:"0" max:"1000000"`
	Low      int           `key:"low" about:"avatars down to which it is; 0: three quarters of high" min:"0" max:"1000000"`
	Gap      int           `key:"gap" about:"so many more than the emptiest game it must have, and one; 0: a quarter of high" min:"0" max:"1000000"`
	Moves    int           `key:"moves" about:"avatars on their way at a time; 0: 16" min:"0" max:"256"`
	CoolDown time.Duration `key:"cool_down" about:"between the end of one relief and the next; 0: 2s" min:"0s"`
}

// DB is the db's part.
type DB struct {
	Listen       string        `key:"listen" about:"where games link up" addr:"yes"`
	Admin        string        `key:"admin" about:"HTTP for operators; empty: none" addr:"empty"`
	Store        string        `key:"store" about:"file of the embedded store, a relative name in the state directory; or postgres://user:password@host:5432/name" place:"yes"`
	StoreTimeout time.Duration `key:"store_timeout" about:"a store answer that takes longer is taken for lost" min:"10ms"`
	HashLanes    int           `key:"hash_lanes" about:"lanes that hash passwords, 19 MiB and 30 ms each; 0: one for each two processors" min:"0" max:"64"`
}

// Game is one game's part.
type Game struct {
	Listen string `key:"listen" about:"where gates link up" addr:"yes"`
	Admin  string `key:"admin" about:"HTTP for operators; empty: none" addr:"empty"`
}

// Gate is one gate's part.
type Gate struct {
	Clients []string `key:"clients" about:"where clients connect: kcp://host:port, tcp://host:port" clients:"yes"`
	Admin   string   `key:"admin" about:"HTTP for operators; empty: none" addr:"empty"`
}

// Players says what gates and games grant to one client.
type Players struct {
	Accounts            string        `key:"accounts" about:"open: whoever names an account has it; password: accounts are those of messiah store account, with their passwords" oneof:"open,password"`
	Pick                string        `key:"pick" about:"how a gate picks the game of a new avatar: random or fewest" oneof:"random,fewest"`
	LoginWithin         time.Duration `key:"login_within" about:"from connection to login" min:"10ms"`
	EnterWithin         time.Duration `key:"enter_within" about:"from login to avatar" min:"10ms"`
	Grace               time.Duration `key:"grace" about:"so long a lost client may come back" min:"10ms"`
	DrainWithin         time.Duration `key:"drain_within" about:"so long a stopping process waits for its players" min:"10ms"`
	RetryAfter          time.Duration `key:"retry_after" about:"told to refused clients" min:"1ms"`
	Shards              int           `key:"shards" about:"lanes of a gate that hold sessions; 0: one for each processor, at most 8" min:"0" max:"255"`
	MaxSessions         int           `key:"max_sessions" about:"client sessions of one shard" min:"1" max:"16777216"`
	HandshakesPerSecond int           `key:"handshakes_per_second" about:"key exchanges of one shard; over it newcomers are told to retry" min:"1"`
	HandshakeBurst      int           `key:"handshake_burst" about:"key exchanges at once" min:"1"`
	MessagesPerSecond   int           `key:"messages_per_second" about:"of one client; over it the session ends" min:"1"`
	MessageBurst        int           `key:"message_burst" about:"messages at once" min:"1"`
	BytesPerSecond      int           `key:"bytes_per_second" about:"of one client; over it the session ends" min:"1"`
	ByteBurst           int           `key:"byte_burst" about:"bytes at once" min:"1"`
	DeadAfter           time.Duration `key:"dead_after" about:"a client from which nothing was heard for so long is lost" min:"100ms"`
	AckDelay            time.Duration `key:"ack_delay" about:"an acknowledgement waits so long for a message to ride on" min:"1ms"`
	Heartbeat           time.Duration `key:"heartbeat" about:"a quiet side says so after so long" min:"10ms"`
}

// DefaultRecord is how much the flight recorder of a role keeps, in MiB.
const DefaultRecord = 4

// RecordBytes returns how many bytes of inputs each role keeps.
func (c *Config) RecordBytes() int { return c.Record << 20 }

// Sizes of a cluster of which nothing is said.
const (
	DefaultGates = 2
	DefaultGames = 3
)

// Ports of the defaults: the first of each kind.
const (
	managerPort   = 7700
	dbPort        = 7701
	gamePort      = 7710
	gatePort      = 7800
	managerAdmin  = 7790
	dbAdmin       = 7791
	gameAdmin     = 7910
	gateAdmin     = 7950
	maxProcesses  = 40 // of one kind with default addresses: the next kind's ports begin there
	defaultBudget = 2000
)

// Default returns the configuration of a cluster on one machine, for loopback alone.
func Default() Config {
	c := Config{
		State:   "run",
		Log:     Log{Format: "text"},
		Record:  DefaultRecord,
		Manager: Manager{Listen: loopback(managerPort), Admin: loopback(managerAdmin), DeadAfter: time.Second, RecoverFor: 3 * time.Second},
		DB:      DB{Listen: loopback(dbPort), Admin: loopback(dbAdmin), Store: "store.db", StoreTimeout: 2 * time.Second},
		Players: Players{
			Accounts: "open", Pick: "random", LoginWithin: 5 * time.Second, EnterWithin: 5 * time.Second, Grace: 30 * time.Second,
			DrainWithin: 5 * time.Second, RetryAfter: 500 * time.Millisecond,
			MaxSessions: 1 << 16, HandshakesPerSecond: 400, HandshakeBurst: 200,
			MessagesPerSecond: defaultBudget, MessageBurst: 2 * defaultBudget, BytesPerSecond: 4 << 20, ByteBurst: 8 << 20,
			DeadAfter: 5 * time.Second, AckDelay: 100 * time.Millisecond, Heartbeat: time.Second,
		},
	}
	c.SetGames(DefaultGames)
	c.SetGates(DefaultGates)
	return c
}

func loopback(port int) string { return "127.0.0.1:" + strconv.Itoa(port) }

// SetGames makes it n games: the first ones stay, further ones have default addresses.
func (c *Config) SetGames(n int) { c.Games = resize(c.Games, n, defaultGame) }

// SetGates makes it n gates: the first ones stay, further ones have default addresses.
func (c *Config) SetGates(n int) { c.Gates = resize(c.Gates, n, defaultGate) }

func resize[T any](list []T, n int, make func(i int) T) []T {
	for len(list) < n {
		list = append(list, make(len(list)))
	}
	return list[:n]
}

// defaultGame is the i-th game of which nothing is said, from 0.
func defaultGame(i int) Game {
	return Game{Listen: spread(gamePort, i), Admin: spread(gameAdmin, i)}
}

// defaultGate is the i-th gate of which nothing is said, from 0. One port
// number serves both transports: UDP and TCP ports are apart.
func defaultGate(i int) Gate {
	at := spread(gatePort, i)
	return Gate{Clients: []string{"kcp://" + at, "tcp://" + at}, Admin: spread(gateAdmin, i)}
}

// spread is the default address of the i-th process of a kind; past the block of the kind the system picks a port.
func spread(first, i int) string {
	if i >= maxProcesses {
		return loopback(0)
	}
	return loopback(first + i)
}
