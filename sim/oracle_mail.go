package sim

import (
	"errors"
	"slices"

	"messiah/core/addr"
	"messiah/core/entity"
	"messiah/core/node"
	"messiah/core/ordered"
	"messiah/core/proto"
	"messiah/core/wire"
)

// mail follows the numbered calls of entities to each other: each runs once and in
// the order of its address, or its sender is told that it did not.
type mail struct {
	deaf
	w       *World
	streams map[uint64]*stream
	excused bool                       // something crashed: outcomes may be unknown
	leftAt  map[addr.EntityID]writerOf // where an entity was that left last
	thawed  map[addr.EntityID]writerOf // where an entity ran on of which another game may have a copy
	coming  addr.EntityID              // the entity whose arrival is the next sight of it that lives
	arrived addr.EntityID              // the entity whose arrival is the next sight of it that waited
}

// stream is all calls of one entity by one address, numbered from 1.
type stream struct {
	by           writerOf
	last         uint64   // the latest that ran
	sent         uint64   // the latest that was sent
	asks         []uint64 // a bit for each: an answer is owed
	ran, settled []uint64 // a bit for each
	gone         bool     // nobody is left to be told
	left         uint64   // the latest that was sent before the writer left for another game
	again        bool     // a copy goes on from before some of it: that may come or be told again
}

// writerOf is an entity in one life of a process.
type writerOf struct {
	process, life uint32
	entity        addr.EntityID
}

func newMail(w *World) *mail {
	return &mail{w: w, streams: map[uint64]*stream{}, leftAt: map[addr.EntityID]writerOf{}, thawed: map[addr.EntityID]writerOf{}}
}

func (o *mail) Saw(s Sight) {
	switch s.What {
	case SawSent:
		o.sent(s)
	case SawRan:
		o.ran(s)
	case SawTold:
		o.told(s)
	case SawGone:
		o.gone(writerOf{s.By.index, s.By.life, s.Entity})
	case SawLeft:
		o.leftAt[s.Entity] = writerOf{s.By.index, s.By.life, s.Entity}
		for _, id := range ordered.Keys(o.streams) {
			if st := o.streams[id]; st.by.entity == s.Entity {
				st.left = st.sent
			}
		}
	case SawLive:
		if s.Entity != o.coming {
			o.loaded(s.Entity)
		}
		o.coming = addr.EntityID{}
	case SawWaited:
		if s.Entity != o.arrived {
			o.thawed[s.Entity] = writerOf{s.By.index, s.By.life, s.Entity}
		}
		o.arrived = addr.EntityID{}
	case SawCame:
		o.coming, o.arrived = s.Entity, s.Entity
		o.came(writerOf{s.By.index, s.By.life, s.Entity})
	}
}

// loaded ends the streams of an entity's lives before: read from its record, it knows of none.
func (o *mail) loaded(id addr.EntityID) {
	for _, key := range ordered.Keys(o.streams) {
		if st := o.streams[key]; st.by.entity == id {
			st.by.entity, st.gone = addr.EntityID{}, true
		}
	}
}

// came goes on with the streams of an entity that came from another game. One that is
// back where it was, and has left no other game meanwhile, knows nothing of what it wrote
// elsewhere, and none of that was sent. A copy that goes on where its original ran on and
// died knows nothing of that, as if it had been loaded from a record.
func (o *mail) came(k writerOf) {
	back := o.leftAt[k.entity] == k
	ran, thawed := o.thawed[k.entity]
	delete(o.thawed, k.entity)
	for _, id := range ordered.Keys(o.streams) {
		st := o.streams[id]
		if st.by.entity != k.entity {
			continue
		}
		if back {
			st.sent = st.left
			clearAbove(st.asks, st.left)
		}
		st.again = st.again || thawed && ran == st.by && ran != k && o.leftAt[k.entity] != ran
		st.by, st.gone = k, false
	}
}

func (o *mail) sent(s Sight) {
	st := o.streams[s.Stream]
	if st == nil {
		st = &stream{by: writerOf{s.By.index, s.By.life, s.Entity}}
		o.streams[s.Stream] = st
	}
	st.sent = s.N
	if s.Asks {
		setBit(&st.asks, s.N)
	}
}

func (o *mail) ran(s Sight) {
	st := o.streams[s.Stream]
	switch {
	case s.Stream == 0: // a letter that nobody counts
	case st != nil && st.again:
	case st == nil || s.N > st.sent:
		o.w.Violate("delivered-or-told", "letter %d of stream %x ran on %v, and nobody sent it", s.N, s.Stream, s.By.id)
	case bit(st.ran, s.N):
		o.w.Violate("delivered-or-told", "letter %d of stream %x ran twice, the second time on %v", s.N, s.Stream, s.By.id)
	case s.N < st.last && !o.w.holds(s.By):
		// A game that does not know yet that it is held for dead runs what was let go to it,
		// as if that had been in front of its death.
		setBit(&st.ran, s.N)
	case s.N < st.last:
		o.w.Violate("order", "letter %d of stream %x ran after letter %d, on %v", s.N, s.Stream, st.last, s.By.id)
	default:
		st.last = s.N
		setBit(&st.ran, s.N)
	}
}

func (o *mail) told(s Sight) {
	st := o.streams[s.Stream]
	if st == nil || st.again {
		return
	}
	open := errors.Is(s.Err, entity.ErrLost) || errors.Is(s.Err, entity.ErrTimeout)
	switch {
	case bit(st.settled, s.N):
		o.w.Violate("delivered-or-told", "the sender of letter %d of stream %x was told twice how it ended", s.N, s.Stream)
	case s.Err == nil && !bit(st.ran, s.N):
		o.w.Violate("delivered-or-told", "the sender of letter %d of stream %x was told that it ran, and it did not", s.N, s.Stream)
	case s.Err != nil && !open && bit(st.ran, s.N):
		o.w.Violate("delivered-or-told", "the sender of letter %d of stream %x was told that it did not run (%v), and it did", s.N, s.Stream, s.Err)
	case errors.Is(s.Err, entity.ErrLost) && !o.excused:
		o.w.Violate("delivered-or-told", "the outcome of letter %d of stream %x is unknown, and nothing crashed", s.N, s.Stream)
	}
	setBit(&st.settled, s.N)
}

func (o *mail) gone(k writerOf) {
	for _, id := range ordered.Keys(o.streams) {
		if st := o.streams[id]; st.by == k {
			st.gone = true
		}
	}
}

// Handled excuses unknown outcomes once a list calls a process dead, whether it is or was only held for
// it, unless it was drained.
func (o *mail) Handled(p *process, in *node.Input) {
	if o.excused || in.Kind != node.InMessage || in.Type != proto.TypeProcesses || p.id.Kind() != node.Game {
		return
	}
	var list proto.Processes
	o.excused = wire.Decode(in.Body, &list) == nil && slices.ContainsFunc(list.Dead, func(dead node.Peer) bool { return !o.w.drained[dead] })
}

// Ended lets go of who wrote on a life that is over, and excuses unknown outcomes.
func (o *mail) Ended(p *process) {
	o.excused = o.excused || !p.drained()
	for _, id := range ordered.Keys(o.streams) {
		if st := o.streams[id]; st.by.process == p.index {
			st.gone = true
		}
	}
}

// Calm wants each letter to have run, or its sender to have been told.
func (o *mail) Calm() {
	for _, id := range ordered.Keys(o.streams) {
		st := o.streams[id]
		if st.gone || st.again {
			continue
		}
		for n := uint64(1); n <= st.sent; n++ {
			if bit(st.settled, n) || !bit(st.asks, n) && bit(st.ran, n) {
				continue
			}
			o.w.Violate("delivered-or-told", "letter %d of stream %x of %v on %v has no outcome", n, id, st.by.entity, o.w.procs[st.by.process].id)
			return
		}
	}
}
