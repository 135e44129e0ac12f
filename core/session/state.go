package session

import (
	"errors"
	"slices"

	"messiah/core/node"
	"messiah/core/wire"
)

// Errors of loading a state.
var (
	errState    = errors.New("session: a state that does not hold together")
	errARQState = errors.New("session: a session over datagrams cannot be loaded: its ARQ has no state to write")
)

// fixed reads or writes bytes whose number both sides know.
func fixed(c *wire.Coder, b []byte) {
	view := b
	c.View(&view)
	if !c.Decoding() || c.Err() != nil {
		return
	}
	// No bytes at all read as nil.
	if len(view) != len(b) {
		c.Fail(errState)
		return
	}
	copy(b, view)
}

func codeTime(c *wire.Coder, t *node.Time) { c.Int64((*int64)(t)) }

func codeSession(c *wire.Coder, s *node.Session) { c.Uint64((*uint64)(s)) }

func codeReason(c *wire.Coder, r *Reason) { c.Uint16((*uint16)(r)) }

func codeToken(c *wire.Coder, t *token) { c.Bytes16((*[16]byte)(t)) }

// State reads or writes the whole state between two steps, its configuration
// aside: what is read goes into a lane that was just made with the same one. A
// session over datagrams that has an ARQ is written, so that states can be
// compared, but a state with one is refused when it is read. Keys are part of the
// state: of all that hold one state, only one may go on with it.
func (sh *Shard) State(c *wire.Coder) {
	sh.cookies.state(c)
	sh.shares.code(c)
	codeTime(c, &sh.handshakes.full)
	sh.counters.code(c)
	wire.Slice(c, &sh.epochs, (*wire.Coder).Uint32)
	wire.Slice(c, &sh.free, (*wire.Coder).Int32)
	live := slices.DeleteFunc(slices.Clone(sh.slots), func(s *session) bool { return s == nil })
	wire.Slice(c, &live, func(c *wire.Coder, one **session) {
		if c.Decoding() {
			*one = &session{peer: peer{st: &sh.station}}
		}
		c.Struct(*one)
	})
	lists := [...][]int32{slotsOf(&sh.greeted), slotsOf(&sh.accepted), sh.dirtySlots()}
	times, claims := sh.lookTimes(), claimsOf(live)
	for i := range lists {
		wire.Slice(c, &lists[i], (*wire.Coder).Int32)
	}
	wire.Slice(c, &times, codeTime)
	wire.Slice(c, &claims, codeSession)
	if !c.Decoding() || c.Err() != nil {
		return
	}
	if !sh.place(live) || !sh.link(live) || !sh.join(live, claims) || !sh.list(lists[0], lists[1], lists[2]) || !sh.lookAt(live, times) {
		c.Fail(errState)
	}
}

// slotsOf returns the slots of a list of unfinished handshakes, oldest first.
func slotsOf(l *halfList) (slots []int32) {
	for s := l.first; s != nil; s = s.newerHalf {
		slots = append(slots, int32(s.id.Slot()))
	}
	return slots
}

// dirtySlots returns the slots of the sessions that wait for the flush; those that have ended do so for nothing.
func (sh *Shard) dirtySlots() (slots []int32) {
	for _, s := range sh.dirty {
		if s.state != stateEnd {
			slots = append(slots, int32(s.id.Slot()))
		}
	}
	return slots
}

// lookTimes returns when each session comes up, by slot. That may be earlier
// than the session wants by now, and an early look is a step like any other.
func (sh *Shard) lookTimes() (times []node.Time) {
	for slot, s := range sh.slots {
		if s == nil {
			continue
		}
		at, ok := sh.deadlines.time(slot)
		if !ok {
			at = node.Never
		}
		times = append(times, at)
	}
	return times
}

// place puts sessions that were read into their slots.
func (sh *Shard) place(live []*session) bool {
	if len(live)+len(sh.free) != len(sh.epochs) || len(live) > sh.cfg.MaxSessions {
		return false
	}
	sh.slots, sh.live = make([]*session, len(sh.epochs)), len(live)
	last := -1
	for _, s := range live {
		slot := s.id.Slot()
		if slot <= last || slot >= len(sh.slots) || s.id.Epoch() != sh.epochs[slot] || !s.sound() {
			return false
		}
		sh.slots[slot], last = s, slot
	}
	seen := make([]bool, len(sh.slots))
	for _, slot := range sh.free {
		if slot < 0 || int(slot) >= len(sh.slots) || sh.slots[slot] != nil || seen[slot] {
			return false
		}
		seen[slot] = true
	}
	return true
}

// link files the sessions under their other names.
func (sh *Shard) link(live []*session) bool {
	sh.streams, sh.inits = map[uint32]*session{}, map[initKey]*session{}
	sh.aliases = map[node.Session]*session{}
	for _, s := range live {
		if stream := s.endpoint.Stream; stream != 0 {
			if sh.streams[stream] != nil {
				return false
			}
			sh.streams[stream] = s
		}
		if s.init != (initKey{}) {
			if sh.inits[s.init] != nil {
				return false
			}
			sh.inits[s.init] = s
		}
		if s.oldID != 0 {
			if sh.aliases[s.oldID] != nil {
				return false
			}
			sh.aliases[s.oldID] = s
		}
	}
	return true
}

// claimsOf returns the logins that the sessions ask to resume, or 0.
func claimsOf(live []*session) (claims []node.Session) {
	for _, s := range live {
		var claim node.Session
		if s.claimed != nil {
			claim = s.claimed.id
		}
		claims = append(claims, claim)
	}
	return claims
}

// join leads sessions to the logins that they ask to resume.
func (sh *Shard) join(live []*session, claims []node.Session) bool {
	if len(claims) != len(live) {
		return false
	}
	for i, s := range live {
		if claims[i] == 0 {
			if s.state == stateWaiting {
				return false
			}
			continue
		}
		old := sh.lookup(claims[i])
		if old == nil || old.state != stateDetached {
			return false
		}
		s.claimed = old
		switch {
		case s.state == stateResuming && old.claimant == nil:
			old.claimant = s
		case s.state == stateWaiting && old.waiter == nil:
			old.waiter = s
		default:
			return false
		}
	}
	return true
}

// list makes the lists of sessions from their slots.
func (sh *Shard) list(greeted, accepted, dirty []int32) bool {
	sh.greeted, sh.accepted, sh.dirty = halfList{}, halfList{}, nil
	for i, slots := range [...][]int32{greeted, accepted} {
		l := [...]*halfList{&sh.greeted, &sh.accepted}[i]
		for _, slot := range slots {
			s := sh.at(slot)
			if s == nil || s.half != nil || s.state > stateWaiting || sh.halfOf(s) != l {
				return false
			}
			l.add(s)
		}
	}
	for _, slot := range dirty {
		s := sh.at(slot)
		if s == nil || s.dirty {
			return false
		}
		sh.touch(s)
	}
	return true
}

func (sh *Shard) at(slot int32) *session {
	if slot < 0 || int(slot) >= len(sh.slots) {
		return nil
	}
	return sh.slots[slot]
}

// lookAt builds the deadlines.
func (sh *Shard) lookAt(live []*session, times []node.Time) bool {
	if len(times) != len(live) {
		return false
	}
	sh.deadlines = deadlines{}
	for i, s := range live {
		if times[i] != node.Never {
			sh.deadlines.want(s.id.Slot(), times[i])
		}
	}
	return true
}
