package gate

import (
	"iter"

	"messiah/core/addr"
	"messiah/core/node"
)

// View is what can be seen of one client of a gate.
type View struct {
	Account string
	Client  addr.ClientID
	State   string       // "greeting", "entering", "in", "retrying", "exiting", "waiting" or "checking"
	Session node.Session // the latest epoch, or 0 when none is left
	Lost    bool         // the epoch ended and may be resumed
	Route   uint64       // 0 where no game was asked
	Game    node.Peer
	Entity  addr.EntityID
}

// Clients visits the clients in the order of their arrival.
func (g *Gate) Clients() iter.Seq[View] {
	return func(yield func(View) bool) {
		for _, c := range g.clients.All() {
			v := View{c.account, c.id, stateNames[c.state], c.session, c.lost, c.route, c.game, c.entity}
			if !yield(v) {
				return
			}
		}
	}
}

// Move is what can be seen of a migration that a gate is the arbiter of.
type Move struct {
	Entity  addr.EntityID
	N       uint64 // of the entity's migrations
	Phase   string // "pre", "hold", "sent", "back", "orphan" or "comm"
	Account string // whose avatar moves; "" of an entity without a client
	Source  node.Peer
	Target  node.Peer
	Held    int // messages that wait for its end
}

// Moves visits the migrations in the order in which they began.
func (g *Gate) Moves() iter.Seq[Move] {
	return func(yield func(Move) bool) {
		for _, m := range g.moves.All() {
			v := Move{Entity: m.id, N: m.n, Phase: phaseNames[m.phase], Source: m.source, Target: m.target, Held: len(m.held)}
			if c := g.mover(m); c != nil {
				v.Account = c.account
			}
			if !yield(v) {
				return
			}
		}
	}
}

// Status is what a gate keeps, for people and oracles.
type Status struct {
	Admits    bool // logins are let in
	Stopping  bool
	Clients   int
	Sessions  int // epochs that are attached or may be resumed
	Accounts  int
	Routes    int
	Proxies   int    // labels by which proxies find clients
	Forwarded int    // calls by proxy under way
	Moves     int    // migrations under way
	Held      int    // messages that wait for their ends
	Refused   uint64 // logins and connections refused since start
	List      uint64 // the version of the manager's list that it reported ready for
}

// Inspect returns what the gate keeps.
func (g *Gate) Inspect() Status {
	held := 0
	for _, m := range g.moves.All() {
		held += len(m.held)
	}
	return Status{
		g.admits, g.stopping, g.clients.Len(), len(g.sessions), len(g.accounts), len(g.routes), len(g.proxies), g.forwarded.Len(), g.moves.Len(), held, g.refused, g.told,
	}
}
