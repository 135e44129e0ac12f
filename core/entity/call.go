package entity

import (
	"time"

	"messiah/core/addr"
	"messiah/core/geom"
	"messiah/core/node"
)

// Call is game code's only way to the world, valid until the handler or hook that got it returns.
type Call struct {
	env   *node.Env
	world *World
	self  *Resident // nil in the server-open code
	from  *Origin   // nil outside a method
	under *handler  // the method that runs
	key   uint64
	hear  bool // World.sentTo is that of the outcome that is heard
	held  Held // the call that runs is held under that name; 0: it is not
}

// Now returns the monotonic time, frozen for the callback.
func (c *Call) Now() node.Time { return c.env.Now() }

// Wall returns the wall clock of the machine, for schedules and dates only.
func (c *Call) Wall() time.Time { return time.Unix(0, c.env.Wall()).UTC() }

// Rand returns the game's random stream, which a seed decides in the simulator.
func (c *Call) Rand() *node.Rand { return c.env.Rand() }

// Log writes a line with key-value pairs, as log/slog takes them.
func (c *Call) Log(level node.Level, text string, pairs ...any) { c.env.Log(level, text, pairs...) }

// Key returns what the timer, or the call that a reply answers, was given as its key.
func (c *Call) Key() uint64 { return c.key }

// FromClient tells whether a client called the method that runs.
func (c *Call) FromClient() bool { return c.from != nil && c.from.Route != 0 }

// From returns the address of the entity that called the method that runs; false
// where a client did, or no method runs.
func (c *Call) From() (addr.Mailbox, bool) {
	if c.from == nil || c.from.Route != 0 {
		return addr.Mailbox{}, false
	}
	o := c.from
	return addr.Mailbox{Entity: o.Entity, Incarnation: o.Incarnation, Game: o.Game, Gate: o.Via}, true
}

// To returns the address, as it was given, to which the call went whose outcome the hook
// CallFailed or a reply handler hears: an addr.Mailbox, addr.Proxy or addr.Stub. False elsewhere,
// for what goes to no address (a query, a way, a save), and for a call that was under way when
// its caller's record was written.
func (c *Call) To() (addr.Target, bool) {
	if !c.hear {
		return nil, false
	}
	switch to := &c.world.sentTo; to.Kind {
	case addr.ToMailbox:
		return to.Mailbox, true
	case addr.ToProxy:
		return to.Proxy, true
	case addr.ToStub:
		return addr.Stub(to.Stub), true
	}
	return nil, false
}

// hears has To return where the call went whose outcome is heard.
func (c *Call) hears(to *addr.Address) { c.world.sentTo, c.hear = *to, true }

// Hold keeps the call that runs open: what the method returns is not its answer,
// Answer gives that later, in the handler of a timer or a reply that is handed the Held
// as its key: With{Key: uint64(held)}, and there Held(c.Key()). Held twice is held once.
// It fails with ErrFull at MaxHeld.
func (c *Call) Hold() (Held, error) {
	if c.from == nil || c.under == nil {
		panic("entity: no call runs that could be held")
	}
	if c.held != 0 {
		return c.held, nil
	}
	r := c.self
	if len(r.held) >= MaxHeld {
		return 0, ErrFull
	}
	r.lastHeld++
	r.held = append(r.held, heldCall{r.lastHeld, c.under, *c.from})
	c.held = r.lastHeld
	return c.held, nil
}

// Destroy ends an entity behind the callback under way: its client is sent away,
// its record saved. It may be called in any callback, for the entity itself too.
func (c *Call) Destroy(e Entity) { c.world.doom(c.env, e.base().resident) }

// Delete is Destroy, and the entity's record is removed for good.
func (c *Call) Delete(e Entity) {
	r := e.base().resident
	r.deleted = true
	c.world.doom(c.env, r)
}

// NewSpace makes a space on this game; kind is for people. It lives until EndSpace,
// or as long as the game does, in no record: an avatar that comes back has to be put into
// one. It fails with ErrFull at MaxSpaces.
func (c *Call) NewSpace(kind string) (addr.EntityID, error) {
	w := c.world
	if w.spaces.Len() >= MaxSpaces {
		return addr.EntityID{}, ErrFull
	}
	w.lastID++
	id := addr.EntityID{Maker: c.env.Self().Inc, N: w.lastID}
	w.spaces.Set(id, &space{id: id, kind: kind})
	return id, nil
}

// Teleport puts an area entity into a space of this game, at a place in metres
// from its origin. An avatar's client is told, and what it says of its place counts
// again once it has followed. A place that is none, a space that is not here or is ending, or an
// entity that has ended, is an error.
func (c *Call) Teleport(e Area, space addr.EntityID, at geom.Vec3, yaw float32) error {
	r := e.base().resident
	switch {
	case r.gone:
		return ErrGone
	case r.frozen:
		return ErrMoving
	}
	if !isPlace(at, yaw) {
		return ErrNoPlace
	}
	if !space.IsZero() && c.world.spaceOf(space) == nil {
		return ErrNoSpace
	}
	c.world.put(c.env, r, space, at, yaw)
	return nil
}

// In visits the area entities of a space, in the order in which they came.
func (c *Call) In(space addr.EntityID) func(yield func(Area) bool) {
	return func(yield func(Area) bool) {
		s, _ := c.world.spaces.Get(space)
		if s == nil {
			return
		}
		for id := range s.in.All() {
			r := c.world.Find(id)
			if r.dying || r.frozen {
				continue
			}
			c.world.touch(r)
			if !yield(r.entity.(Area)) {
				return
			}
		}
	}
}

// Path is a way between two places: the corner points in metres, start and end included.
type Path struct {
	Partial bool // the goal cannot be reached; the way ends as near as it can
	Length  float64
	Points  []geom.Vec3
}

// FindPath looks for a way beside the game's loop; the named handler of the
// calling entity hears it, once.
func (c *Call) FindPath(from, to geom.Vec3, then Reply[Path], with ...With) {
	c.world.await(c, string(then), with, func(num uint64) bool { return c.world.port.FindPath(c.env, num, from, to) })
}
