package entity

import (
	"messiah/core/addr"
	"messiah/core/geom"
	"messiah/core/node"
)

// EndSpace ends a space of this game behind the callback under way; nothing is put into
// it from now on. Each area entity that is in it then is put into the fallback, where it
// stands, as Teleport does, and its hook SpaceEnded runs: it may go elsewhere, or be
// destroyed. The zero id as fallback, and one that has ended by then too, is no space at
// all. A space, or a fallback, that is not here or is ending already, and a space that is
// its own fallback, is ErrNoSpace.
func (c *Call) EndSpace(space, fallback addr.EntityID) error {
	s := c.world.spaceOf(space)
	if s == nil || space == fallback || !fallback.IsZero() && c.world.spaceOf(fallback) == nil {
		return ErrNoSpace
	}
	s.ending = true
	c.world.later(chore{kind: choreEndSpace, space: space, fallback: fallback})
	return nil
}

// spaceOf returns a space into which an entity may be put, nil if there is none of the id.
func (w *World) spaceOf(id addr.EntityID) *space {
	if s, _ := w.spaces.Get(id); s != nil && !s.ending {
		return s
	}
	return nil
}

// endSpace takes a space away from those who are in it, in the order in which they came.
func (w *World) endSpace(env *node.Env, d *chore) {
	s, _ := w.spaces.Get(d.space)
	if !w.spaces.Has(d.fallback) {
		d.fallback = addr.EntityID{}
	}
	for id := range s.in.All() {
		r := w.Find(id)
		w.put(env, r, d.fallback, r.place.at, r.place.yaw)
		if _, hears := r.entity.(SpaceEnded); hears && !r.dying {
			w.later(chore{kind: choreSpaceEnded, r: r, space: d.space})
		}
	}
	w.spaces.Delete(d.space)
}

// put puts an entity somewhere on game code's word: what its client says meanwhile is of another place.
func (w *World) put(env *node.Env, r *Resident, space addr.EntityID, at geom.Vec3, yaw float32) {
	w.place(r, space, at, yaw)
	r.place.budget.Correct()
	w.freed(r.place)
	w.port.Placed(env, r)
}
