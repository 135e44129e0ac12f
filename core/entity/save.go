package entity

import (
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/schema"
)

// MaxSavers bounds the calls that wait for one entity's record to be written; one more is answered ErrFull.
const MaxSavers = 1 << 8

// saver is a call that waits for a copy of a record to be in the store.
type saver struct {
	num  uint64 // of the call
	copy uint64 // the first copy that has what the call saw
}

// Save has an entity's record written behind the callback under way, however long
// it might have waited.
func (c *Call) Save(e Entity) {
	r := e.base().resident
	if r.class.class.saves && !r.gone {
		r.saveNow = true
		c.world.touch(r)
	}
}

// SaveThen is Save, and the named handler of the calling entity hears once how it ended. Nil: the
// entity as it was at the end of the callback under way, or later, is in the store, and outlives every
// crash. Otherwise ErrNoRecord (the class saves nothing, or the entity was deleted meanwhile),
// ErrStaleMailbox (the entity has ended before), ErrPanicked (it failed before it was written),
// ErrLost (its record went to another game meanwhile, and it is not known what was written), a
// *Failed (the record is over MaxRecord), ErrFull (too many wait for this) or, where a time is given
// in With, ErrTimeout (it may be written yet). While the store is away the db tries on, and the
// handler waits. The wait is not in the caller's own record: loaded again, it hears nothing of it.
func (c *Call) SaveThen(e Entity, then Reply[None], with ...With) {
	w, r := c.world, e.base().resident
	why := proto.OutcomeOK
	switch {
	case !r.class.class.saves:
		why = proto.OutcomeNoRecord
	case r.gone:
		why = proto.OutcomeStaleMailbox
	case len(r.savers) >= MaxSavers:
		why = proto.OutcomeFull
	}
	if why != proto.OutcomeOK {
		c.mustHear(string(then))
		q := question{from: c.self, reply: string(then)}
		if len(with) > 0 {
			q.key = with[0].Key
		}
		w.owe(c.env, &q, why)
		return
	}
	w.await(c, string(then), with, func(num uint64) bool {
		r.savers = append(r.savers, saver{num, r.copies + 1})
		return true
	})
	if p, waits := w.pending.Get(w.lastNum); waits && len(r.savers) > 0 && r.savers[len(r.savers)-1].num == p.num {
		p.brief = true
	}
	c.Save(e)
}

// Stored says that the copy of a record that was taken last is in the store.
func (w *World) Stored(env *node.Env, r *Resident) {
	r.stored = r.copies
	w.endSavers(env, r, proto.OutcomeOK, "")
	w.settle(env)
}

// endSavers ends the calls that wait for a copy which was taken by now.
func (w *World) endSavers(env *node.Env, r *Resident, o proto.Outcome, text string) {
	var ended []uint64
	rest := r.savers[:0]
	for _, s := range r.savers {
		if s.copy <= r.copies {
			ended = append(ended, s.num)
		} else {
			rest = append(rest, s)
		}
	}
	r.savers = rest
	for _, num := range ended {
		w.endSaver(env, num, o, text)
	}
}

// EndSaver tells who waits for a record under that number how its writing ended; the text
// is that of OutcomeFailed.
func (w *World) EndSaver(env *node.Env, num uint64, o proto.Outcome, text string) {
	w.endSaver(env, num, o, text)
	w.settle(env)
}

func (w *World) endSaver(env *node.Env, num uint64, o proto.Outcome, text string) {
	body := []byte(text)
	if o == proto.OutcomeOK {
		none := None{}
		body = schema.MustFor[None]().Append(&w.encoder, nil, &none)
	}
	p, waits := w.pending.Get(num)
	switch {
	case !waits:
		env.Mark("saved-for-nobody")
		w.passOn(env, callKey{env.Self(), num}, o, body)
	case p.waits():
		p.from.late = append(p.from.late, lateOutcome{num, o, body})
	default:
		w.end(env, p, o, body)
	}
}

// loseSavers ends the calls of others that wait for the record of an entity which has left:
// what was written is not known here. Its own go with it.
func (w *World) loseSavers(env *node.Env, r *Resident) {
	savers := r.savers
	r.savers = nil
	for _, s := range savers {
		if p, waits := w.pending.Get(s.num); waits && p.from == r {
			r.savers = append(r.savers, s)
			continue
		}
		w.endSaver(env, s.num, proto.OutcomeUnknown, "")
	}
}

// takeSavers takes the calls that wait for an entity's record from an entity that ends.
func (r *Resident) takeSavers() (nums []uint64) {
	for _, s := range r.savers {
		nums = append(nums, s.num)
	}
	r.savers = nil
	return nums
}
