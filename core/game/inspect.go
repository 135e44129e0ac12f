package game

import (
	"iter"
	"slices"

	"messiah/core/addr"
	"messiah/core/node"
)

var stateNames = [...]string{"loading", "live", "unloading"}

// View is what can be seen of one avatar.
type View struct {
	Account  string
	Entity   addr.EntityID
	State    string // "loading", "live" or "unloading"
	Owner    uint64 // the number of the claim under which it was loaded
	Gate     node.Peer
	Route    uint64 // 0 where it has no client
	Attached bool
}

// Avatars visits the avatars in the order of their arrival.
func (g *Game) Avatars() iter.Seq[View] {
	return func(yield func(View) bool) {
		for _, a := range g.avatars.All() {
			v := View{a.account, a.entity, stateNames[a.state], a.owner, a.client.gate, a.client.route, a.attached}
			if !yield(v) {
				return
			}
		}
	}
}

// Status is what a game keeps, for people and oracles.
type Status struct {
	Opened   bool // the server-open logic has run
	Stopping bool
	Avatars  int
	Seats    int // routes of clients that the game knows
	Queries  int // path queries under way
	Stubs    []string
	List     uint64 // the version of the manager's list that it reported ready for
}

// Inspect returns what the game keeps.
func (g *Game) Inspect() Status {
	return Status{
		g.opened, g.stopping, g.avatars.Len(), len(g.seats), len(g.queries), slices.Clone(g.stubs), g.told,
	}
}
