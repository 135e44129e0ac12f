package sim

import (
	"cmp"
	"messiah/core/addr"
	"messiah/core/dbm"
	"messiah/core/node"
	"slices"
)

// oneOwner wants at most one live entity of each id among the games that the db
// takes for alive. A game that is cut off goes on until it learns that it is held
// for dead; nobody hears it, and what it writes is refused.
type oneOwner struct {
	deaf
	w    *World
	live map[addr.EntityID][]ownerOf
}

// ownerOf is an entity on one life of a game.
type ownerOf struct {
	process     uint32
	life        uint32
	incarnation uint64
}

func newOneOwner(w *World) *oneOwner { return &oneOwner{w: w, live: map[addr.EntityID][]ownerOf{}} }

func (o *oneOwner) Saw(s Sight) {
	switch s.What {
	case SawLive:
		for _, other := range o.live[s.Entity] {
			if other.process == s.By.index || o.counts(other) {
				o.w.Violate("one-owner", "%v lives on %v, and on %v it lives still", s.Entity, s.By.id, o.w.procs[other.process].id)
			}
			if s.N <= other.incarnation {
				o.w.Violate("one-owner", "%v lives on %v as incarnation %d, and %v had %d", s.Entity, s.By.id, s.N, o.w.procs[other.process].id, other.incarnation)
			}
		}
		o.live[s.Entity] = append(o.live[s.Entity], ownerOf{s.By.index, s.By.life, s.N})
	case SawGone, SawLeft:
		o.drop(func(e ownerOf) bool { return e.process == s.By.index }, s.Entity)
	}
}

// counts tells whether the db takes the game of an owner for alive.
func (o *oneOwner) counts(e ownerOf) bool {
	p := o.w.procs[e.process]
	return p.life == e.life && o.w.holds(p)
}

// holds tells whether the db takes a process for alive, which runs.
func (w *World) holds(p *process) bool {
	db := w.byID[DBID]
	return p.host != nil && db.host != nil && db.host.Node().(*dbm.DB).Holds(p.host.Self())
}

func (o *oneOwner) drop(is func(ownerOf) bool, id addr.EntityID) {
	kept := o.live[id][:0]
	for _, e := range o.live[id] {
		if !is(e) {
			kept = append(kept, e)
		}
	}
	if o.live[id] = kept; len(kept) == 0 {
		delete(o.live, id)
	}
}

// Ended forgets what lived on a life that is over.
func (o *oneOwner) Ended(p *process) {
	if p.id.Kind() != node.Game {
		return
	}
	for _, id := range o.ids() {
		o.drop(func(e ownerOf) bool { return e.process == p.index }, id)
	}
}

// ids lists what lives, in an order that does not depend on how it came about.
func (o *oneOwner) ids() []addr.EntityID {
	var all []addr.EntityID
	for id := range o.live {
		all = append(all, id)
	}
	slices.SortFunc(all, func(a, b addr.EntityID) int { return cmp.Or(cmp.Compare(a.Maker, b.Maker), cmp.Compare(a.N, b.N)) })
	return all
}

// Calm wants each entity that lives to live once.
func (o *oneOwner) Calm() {
	for _, id := range o.ids() {
		if owners := o.live[id]; len(owners) > 1 {
			o.w.Violate("one-owner", "%v lives on %d games at rest", id, len(owners))
			return
		}
	}
}
