package entity

import (
	"messiah/core/geom"
	"messiah/core/move"
	"messiah/core/node"
)

// Judge says what becomes of where a client says that its avatar is, ack being the
// number of the correction that it has followed. What is Refused begins a
// correction, which the caller tells the client. Of an entity without a place all is
// Good, and Move does nothing.
func (w *World) Judge(env *node.Env, r *Resident, at geom.Vec3, ack uint32) move.Verdict {
	if r.place == nil || r.dying {
		return move.Good
	}
	return r.place.budget.Judge(env.Now(), r.place.at, at, ack)
}

// Correct begins a correction of an entity whose client does not know where it is.
// False: there is none to begin, since the entity has no place, or has never been
// elsewhere than its clients said.
func (w *World) Correct(r *Resident) bool {
	if r.place == nil || r.place.budget.Speed() == 0 && r.place.budget.Correction() == 0 {
		return false
	}
	r.place.budget.Correct()
	return true
}

// Place returns where the entity is, nil of one without a place.
func (r *Resident) Place() *Place { return r.place }

// Correction returns the number of the entity's latest correction, 0 before the first.
func (p *Place) Correction() uint32 { return p.budget.Correction() }

// Move puts an area entity where its client says that it is; the hook Moved runs.
// An entity without a place stays without one.
func (w *World) Move(env *node.Env, r *Resident, at geom.Vec3, yaw float32) {
	if r.place == nil || r.dying {
		return
	}
	from := r.place.at
	r.place.at, r.place.yaw = at, yaw
	if h, has := r.entity.(Moved); has {
		w.run(env, r, func(c *Call) { h.Moved(c, from) })
		w.settle(env)
	}
}

// freed tells whoever watches that a place's client may be elsewhere than its budget says.
func (w *World) freed(p *Place) {
	if w.cfg.Watch.Freed != nil {
		w.cfg.Watch.Freed(p.owner)
	}
}
