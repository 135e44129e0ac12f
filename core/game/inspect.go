package game

import (
	"iter"
	"slices"

	"messiah/core/addr"
	"messiah/core/entity"
	"messiah/core/node"
	"messiah/core/proto"
)

var stateNames = [...]string{"loading", "live", "unloading", "arriving"}

// View is what can be seen of one avatar.
type View struct {
	Account  string
	Entity   addr.EntityID
	State    string // "loading", "live", "unloading" or "arriving"; "leaving" of one that was sent on its way for good
	Owner    uint64 // the number of the claim under which it was loaded
	Gate     node.Peer
	Route    uint64 // 0 where it has no client
	Attached bool
}

// Avatars visits the avatars in the order of their arrival.
func (g *Game) Avatars() iter.Seq[View] {
	return func(yield func(View) bool) {
		for _, t := range g.tenants.All() {
			if t.account == "" {
				continue
			}
			state := stateNames[t.state]
			if t.away() {
				state = "leaving"
			}
			v := View{t.account, t.id, state, t.owner, t.client.Gate, t.client.Route, t.attached}
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
	Closed   bool // it takes no newcomers
	Draining bool
	Drained  bool // nobody was left when it stopped
	Avatars  int
	Seats    int // routes of clients that the game knows
	Queries  int // path queries under way
	Leaving  int // entities that move away
	Coming   int // entities that move here
	Stubs    []proto.StubMade
	List     uint64 // the version of the manager's list that it reported ready for
	World    entity.Status
}

// Move is one migration as a game has a part in it.
type Move struct {
	Entity addr.EntityID
	N      uint64 // of the entity's migrations; 0 of one that has not begun
	Comes  bool   // or it leaves
	Stage  string // "queued", "asked", "hold-asked", "frozen", "abort-wait", "ledger" or "claiming"; "expecting", "prepared", "built", "adopting" or "arrived"
	Gate   node.Peer
	Other  node.Peer // where it goes, or is from
}

// Moves visits the migrations away, and then those hither, in the order in which they began.
func (g *Game) Moves() iter.Seq[Move] {
	return func(yield func(Move) bool) {
		for _, l := range g.leaving.All() {
			if !yield(Move{l.id, l.n, false, phaseNames[l.phase], l.gate, l.to.Game}) {
				return
			}
		}
		for _, m := range g.coming.All() {
			if !yield(Move{m.id, m.n, true, stageNames[m.stage], m.gate, m.source}) {
				return
			}
		}
	}
}

func (g *Game) avatars() (n int) {
	for _, t := range g.tenants.All() {
		if t.account != "" {
			n++
		}
	}
	return n
}

// Tends tells whether the game has claimed a record, or is about to.
func (g *Game) Tends(record string) bool { return g.records[record] != nil }

// Sitting returns the avatar of the client behind a gate's route, nil where none lives for it.
func (g *Game) Sitting(gate node.Peer, route uint64) *entity.Resident {
	if t := g.sitting(seat{Gate: gate, Route: route}); t != nil {
		return t.resident
	}
	return nil
}

// World returns the entities of the game, for read-only inspection.
func (g *Game) World() *entity.World { return g.world }

// Inspect returns what the game keeps.
func (g *Game) Inspect() Status {
	return Status{
		g.opened, g.stopping, g.closed, g.draining.on, g.draining.done, g.avatars(), len(g.seats), g.queries, g.leaving.Len(), g.coming.Len(), slices.Clone(g.stubs), g.told, g.world.Inspect(),
	}
}
