package sim

import (
	"strconv"
	"strings"
	"time"

	"messiah/core/account"
	"messiah/core/addr"
	"messiah/core/client"
	"messiah/core/dbm"
	"messiah/core/entity"
	"messiah/core/game"
	"messiah/core/gate"
	"messiah/core/manager"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/session"
	"messiah/core/wire"
	"messiah/sim/choice"
)

// What every simulated cluster is set up with.
const (
	shards       = 2                      // session lanes of a gate
	restartAfter = 200 * time.Millisecond // a supervisor starts a halted process again
)

// secret is what the processes of a simulated cluster share.
const secret = "simulated cluster"

// ManagerID and DBID name the two processes that exist once.
var (
	ManagerID = node.NewID(node.Manager, 1)
	DBID      = node.NewID(node.DB, 1)
)

// GateID returns the ID of the i-th gate, from 1.
func GateID(i int) node.ID { return node.NewID(node.Gate, i) }

// GameID returns the ID of the i-th game, from 1.
func GameID(i int) node.ID { return node.NewID(node.Game, i) }

func (w *World) version() wire.Version {
	return proto.Version(w.cfg.Game.RPC.Schema(), w.cfg.Game.RPC.Digest())
}

// build adds the processes of the cluster, none of them started, and the oracles.
func (w *World) build() {
	o := &w.opts
	cfg := node.Config{Version: w.version(), Secret: []byte(secret), LinkBytes: o.LinkBytes}
	w.addStore()
	w.server(ManagerID, cfg, func(*process) (node.Node, []node.Lane) {
		cfg := manager.Config{Gates: o.Gates, Games: o.Games, Balance: manager.Balance{High: o.Rebalance}}
		o.managerKnobs(&cfg)
		return manager.New(cfg), nil
	})
	w.server(DBID, cfg, func(*process) (node.Node, []node.Lane) {
		cfg := dbm.Config{Manager: ManagerID.String(), Listen: DBID.String()}
		o.dbKnobs(&cfg)
		if !w.cfg.Game.Passwords {
			return dbm.New(cfg), nil
		}
		return dbm.New(cfg), []node.Lane{dbm.NewHashes(account.CheapCost())}
	})
	for i := 1; i <= o.Gates; i++ {
		id, gateCfg := GateID(i), cfg
		gateCfg.Delivery = o.Delivery
		p := w.server(id, gateCfg, makeGate)
		w.net.Serve(p.site)
	}
	for i := 1; i <= o.Games; i++ {
		id := GameID(i)
		gameCfg := cfg
		gameCfg.Fence = true // a game that was held for dead must run no call that another life may have run
		w.server(id, gameCfg, makeGame)
	}
	w.oracles = newOracles(w)
}

func (w *World) server(id node.ID, cfg node.Config, m maker) *process {
	p := w.addProcess(id, cfg, m)
	p.restart = restartAfter
	w.net.Listen(p.site, id.String())
	clock := w.source.Stream("clock", uint64(id))
	p.skew = time.Duration(around(clock, "skew", int(w.opts.Skew/time.Millisecond))) * time.Millisecond
	p.drift = around(clock, "drift", w.opts.Drift)
	return p
}

// around draws a number from -most to most; choice 0 is 0.
func around(s choice.Stream, label string, most int) int {
	v := s.Choose(label, 2*most+1)
	if v%2 == 1 {
		return (v + 1) / 2
	}
	return -v / 2
}

func makeGate(p *process) (node.Node, []node.Lane) {
	w, o := p.w, &p.w.opts
	lanes := make([]node.Lane, shards)
	for i := range lanes {
		cfg := session.ShardConfig{
			Version: p.cfg.Version, Key: w.keys, NewARQ: w.cfg.NewARQ, Validate: proto.ValidateClient, Grace: o.Grace,
			HandshakeRate: 10_000, HandshakeBurst: 10_000,
		}
		o.sessionKnobs(&cfg)
		lanes[i] = session.NewShard(cfg)
	}
	cfg := gate.Config{
		Manager: ManagerID.String(), Listen: p.id.String(), Pick: o.Pick, Grace: o.Grace,
		Clients: []string{string(o.Transport) + "://" + p.id.String()}, Passwords: w.cfg.Game.Passwords,
	}
	o.gateKnobs(&cfg)
	return gate.New(cfg), lanes
}

func makeGame(p *process) (node.Node, []node.Lane) {
	w := p.w
	code := w.cfg.Game.Script
	if p.code != nil {
		code = p.code
	}
	script := w.watched(p, code(w.observer(p)))
	cfg := game.Config{Manager: ManagerID.String(), Listen: p.id.String(), Grace: w.opts.Grace, Contain: w.cfg.Game.Contain}
	w.opts.gameKnobs(&cfg)
	return game.New(cfg, script), []node.Lane{game.NewSerial(), game.NewPaths(w.cfg.Game.finder())}
}

// observer passes what a game's code tells on to the oracles.
func (w *World) observer(p *process) Observer {
	return Observer{
		Executed: func(account string, n, count uint64) {
			w.saw(Sight{What: SawExecuted, By: p, Account: account, N: n, Count: count})
		},
		Sent: func(by addr.EntityID, stream, n uint64, asks bool) {
			w.saw(Sight{What: SawSent, By: p, Entity: by, Stream: stream, N: n, Asks: asks})
		},
		Ran:   func(stream, n uint64) { w.saw(Sight{What: SawRan, By: p, Stream: stream, N: n}) },
		Told:  func(stream, n uint64, err error) { w.saw(Sight{What: SawTold, By: p, Stream: stream, N: n, Err: err}) },
		Quiet: func() bool { return w.quiet },
	}
}

func (w *World) saw(s Sight) {
	for _, o := range w.oracles {
		o.Saw(s)
	}
}

// watched is a script of which the oracles hear what happens to its entities.
func (w *World) watched(p *process, s game.Script) game.Script {
	open := s.ServerOpen
	s.ServerOpen = func(c *entity.Call) {
		if open != nil {
			open(c)
		}
		w.saw(Sight{What: SawServerOpen, By: p})
	}
	s.Watch.Freed = func(r *entity.Resident) {
		w.saw(Sight{What: SawFreed, By: p, Entity: r.ID(), Incarnation: r.Incarnation()})
	}
	s.Watch.Waited = func(r *entity.Resident) {
		w.saw(Sight{What: SawWaited, By: p, Entity: r.ID(), Incarnation: r.Incarnation()})
	}
	s.Watch.Hook = func(hook entity.Hook, k *entity.Class, name string) {
		what, seen := sightOf(hook)
		switch {
		case hook == entity.HookCreated || hook == entity.HookLoaded:
			what, seen = SawStubCreated, k.IsStub()
		case k.IsStub():
			seen = false
		}
		if seen {
			w.saw(Sight{What: what, By: p, Account: name})
		}
	}
	moved := func(what SightKind) func(r *entity.Resident) {
		return func(r *entity.Resident) {
			w.saw(Sight{What: what, By: p, Entity: r.ID(), N: r.Incarnation(), Account: r.Label()})
		}
	}
	s.Watch.Left, s.Watch.Came = moved(SawLeft), moved(SawCame)
	s.Watch.Live = func(id addr.EntityID, incarnation uint64, live bool) {
		what := SawGone
		if live {
			what = SawLive
		}
		w.saw(Sight{What: what, By: p, Entity: id, N: incarnation})
	}
	return s
}

func sightOf(hook entity.Hook) (what SightKind, seen bool) {
	switch hook {
	case entity.HookAttached:
		return SawAttached, true
	case entity.HookLost:
		return SawLost, true
	}
	return 0, false
}

// addClient adds a player of an account, not started yet.
func (w *World) addClient(account string, change func(*client.Config)) *process {
	o := &w.opts
	serial := len(w.clients()) + 1
	id := node.NewID(node.Client, serial)
	cfg := client.Config{
		Account: account, Table: w.cfg.Game.RPC, Method: "count", Payload: o.Payload, Outstanding: o.Outstanding, CallEvery: o.CallEvery, MoveEvery: o.MoveEvery,
		NumberBase: uint64(serial) << 32, Gates: w.gateEndpoints(),
	}
	if change != nil {
		change(&cfg)
	}
	// Game code tells the oracles of counted calls alone.
	w.counts[cfg.NumberBase>>32] = cfg.Method == "count" && !cfg.Asked
	w.walkSpeed[id] = cfg.Walk()
	// Queued delivery: what reached the client is handled before it hears that its session ended.
	p := w.addProcess(id, node.Config{Version: w.version(), Delivery: node.Queued}, func(p *process) (node.Node, []node.Lane) {
		dialer := session.NewDialer(session.DialerConfig{
			Version: p.cfg.Version, ServerKey: w.keys.Public, NewARQ: w.cfg.NewARQ,
		})
		return client.New(cfg), []node.Lane{dialer}
	})
	p.account = account
	if !cfg.Asked {
		p.method = cfg.Method
	}
	return p
}

// gateEndpoints returns where the gates take clients.
func (w *World) gateEndpoints() []node.Endpoint {
	var all []node.Endpoint
	for _, p := range w.servers() {
		if p.id.Kind() != node.Gate {
			continue
		}
		e := w.net.EndpointOf(p.site)
		if w.opts.Transport == Stream {
			e.Stream = 1
		}
		all = append(all, e)
	}
	return all
}

// clients returns the players, in the order of their making; nobody changes the list.
func (w *World) clients() []*process { return w.players }

// servers returns the processes of the cluster, in the order of their making; nobody changes the list.
func (w *World) servers() []*process { return w.cluster }

// Account returns the account name of the i-th player.
func Account(i int) string { return "player" + strconv.Itoa(i) }

// logLine writes a node's log line into the trace; one at Error is a violation.
func (w *World) logLine(id node.ID, level node.Level, text string, pairs []any) {
	if w.trace.out != nil {
		w.trace.log(w.now, id, level, text, pairs)
	}
	// What honest processes of one version never give cause for.
	odd := strings.HasPrefix(text, "no handler for a message") || strings.HasPrefix(text, "dropped a process connection: unexpected") ||
		strings.HasPrefix(text, "dropped a process connection with") || strings.HasPrefix(text, "a message that is not the sender's") ||
		strings.Contains(text, "mail with a bad header") || strings.Contains(text, "mail that cannot be read") || strings.Contains(text, "mail cannot be read")
	if odd && len(w.raws) == 0 || level >= node.Error && !w.forgiven[text] {
		w.Violate("no-error-log", "%v logged: %s %s", id, text, joinPairs(pairs))
	}
}

// Crash ends the life of a process at once, and starts the next one after a
// while; zero starts none.
func (w *World) Crash(id node.ID, restart time.Duration) {
	w.strike(Fault{Kind: crashOf(id.Kind()), Target: id, For: restart})
}

// crashOf returns the kind of fault that a crash of such a process is.
func crashOf(kind node.Kind) FaultKind {
	switch kind {
	case node.Manager:
		return CrashManager
	case node.DB:
		return CrashDB
	case node.Gate:
		return CrashGate
	case node.Game:
		return CrashGame
	}
	return CrashClient
}

// PauseProcess stops a process for a while, as a stolen processor does.
func (w *World) PauseProcess(id node.ID, d time.Duration) {
	w.strike(Fault{Kind: Pause, Target: id, For: d})
}

// PartitionFor lets nothing pass from one process to another for a while, nor
// back unless it is one-way.
func (w *World) PartitionFor(a, b node.ID, oneWay bool, d time.Duration) {
	w.strike(Fault{Kind: Partition, Target: a, Other: b, OneWay: oneWay, For: d})
}

// Start begins a life of a process that has none.
func (w *World) Start(id node.ID) { w.byID[id].start() }

// Runs tells whether a life of the process runs.
func (w *World) Runs(id node.ID) bool { return w.byID[id].host != nil }
