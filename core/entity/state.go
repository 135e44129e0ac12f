package entity

import (
	"cmp"
	"slices"

	"messiah/core/addr"
	"messiah/core/node"
	"messiah/core/ordered"
	"messiah/core/wire"
)

// State reads or writes the whole world. Fields tagged transient are not in it.
func (w *World) State(c *wire.Coder) {
	c.Uint64(&w.lastID)
	c.Uint64(&w.lastNum)
	c.Uint64(&w.lastTimer)
	c.Uint64(&w.lastRes)
	c.Uint64(&w.panics)
	w.codeSpaces(c)
	w.codeResidents(c)
	w.codeAside(c)
	w.codePending(c)
	w.codeOnward(c)
	c.Int(&w.arriving)
}

func (w *World) codeSpaces(c *wire.Coder) {
	var all []*space
	for _, s := range w.spaces.All() {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *space) int { return compareIDs(a.id, b.id) })
	wire.Slice(c, &all, func(c *wire.Coder, s **space) {
		if *s == nil {
			*s = &space{}
		}
		c.Struct(*s)
	})
	if c.Decoding() {
		for _, s := range all {
			w.spaces.Set(s.id, s)
		}
	}
}

// Code reads or writes the space; its order of arrival matters to who walks over it.
func (s *space) Code(c *wire.Coder) {
	s.id.Code(c)
	c.String(&s.kind)
	in := slices.Collect(s.in.All())
	wire.Slice(c, &in, func(c *wire.Coder, id *addr.EntityID) { c.Struct(id) })
	if c.Decoding() {
		for _, id := range in {
			s.in.Add(id)
		}
	}
}

func compareIDs(a, b addr.EntityID) int {
	return cmp.Or(cmp.Compare(a.Maker, b.Maker), cmp.Compare(a.N, b.N))
}

func (w *World) codeResidents(c *wire.Coder) {
	var all []*Resident
	for _, r := range w.residents.All() {
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b *Resident) int { return cmp.Compare(a.number, b.number) })
	wire.Slice(c, &all, func(c *wire.Coder, r **Resident) {
		if *r == nil {
			*r = &Resident{}
		}
		c.Struct(&residentState{w, *r})
	})
	if !c.Decoding() || c.Err() != nil {
		return
	}
	for _, r := range all {
		w.residents.Set(r.id, r)
		w.byNumber[r.number] = r
		for _, t := range r.timers {
			w.timers[t.num] = t
		}
	}
}

// codeAside reads or writes the entities that do not live here, but may.
func (w *World) codeAside(c *wire.Coder) {
	var all []*Resident
	for _, r := range w.aside.All() {
		all = append(all, r)
	}
	wire.Slice(c, &all, func(c *wire.Coder, r **Resident) {
		if *r == nil {
			*r = &Resident{}
		}
		c.Struct(&residentState{w, *r})
	})
	if !c.Decoding() || c.Err() != nil {
		return
	}
	for _, r := range all {
		w.aside.Set(r.id, r)
		w.byNumber[r.number] = r
	}
}

// codeOnward reads or writes the calls whose callers live elsewhere by now.
func (w *World) codeOnward(c *wire.Coder) {
	var all []onwardState
	for key, o := range w.onward.All() {
		all = append(all, onwardState{w: w, key: key, o: o})
	}
	wire.Slice(c, &all, func(c *wire.Coder, s *onwardState) {
		s.w = w
		if s.o == nil {
			s.o = &onward{}
		}
		c.Struct(s)
	})
	if c.Decoding() {
		for i := range all {
			w.onward.Set(all[i].key, all[i].o)
		}
	}
}

// onwardState codes a call whose caller lives elsewhere within its world.
type onwardState struct {
	w   *World
	key callKey
	o   *onward
}

// Code reads or writes the call.
func (s *onwardState) Code(c *wire.Coder) {
	o := s.o
	s.key.Code(c)
	o.to.Code(c)
	o.gate.Code(c)
	o.at.Code(c)
	c.Bool(&o.done)
	c.Uint8((*uint8)(&o.outcome))
	c.Bytes(&o.body)
	kept := o.p != nil
	c.Bool(&kept)
	if !kept {
		return
	}
	if c.Decoding() {
		o.p = &pending{}
	}
	c.Uint64(&o.p.num)
	c.Struct(&pendingState{s.w, o.p})
	if c.Decoding() {
		o.p.link()
	}
}

// residentState codes a resident within its world.
type residentState struct {
	w *World
	r *Resident
}

// Code reads or writes the resident.
func (s *residentState) Code(c *wire.Coder) {
	w, r := s.w, s.r
	r.id.Code(c)
	c.Uint64(&r.incarnation)
	c.Uint64(&r.born)
	c.Uint64(&r.number)
	class := r.className()
	c.String(&class)
	if c.Decoding() {
		if r.class = w.classes[class]; r.class == nil {
			c.Fail(errNoClass)
			return
		}
		r.entity = r.class.class.fresh()
		w.bindResident(r)
	}
	c.String(&r.stub)
	s.codePlayer(c)
	s.codePlace(c)
	s.codeTree(c)
	s.codeTimers(c)
	s.codeHeld(c)
	c.Uint64((*uint64)(&r.lastHeld))
	wire.Map(c, &r.buckets, (*wire.Coder).Uint16, func(c *wire.Coder, t *node.Time) { c.Int64((*int64)(t)) })
	c.Bool(&r.dirty)
	c.Bool(&r.awake)
	c.Int(&r.asking)
	c.Uint64(&r.copies)
	c.Uint64(&r.stored)
	wire.Slice(c, &r.savers, func(c *wire.Coder, s *saver) {
		c.Uint64(&s.num)
		c.Uint64(&s.copy)
	})
	s.codeMoving(c)
}

// codeMoving reads or writes what concerns migrations.
func (s *residentState) codeMoving(c *wire.Coder) {
	r := s.r
	c.Uint64(&r.lastMove)
	wire.Slice(c, &r.via, func(c *wire.Coder, p *node.Peer) { c.Struct(p) })
	wire.Slice(c, &r.late, func(c *wire.Coder, l *lateOutcome) { c.Struct(l) })
	wire.Slice(c, &r.outbox, func(c *wire.Coder, u *unsaid) { c.Struct(u) })
	c.Bool(&r.frozen)
	c.Int64((*int64)(&r.frozenAt))
	c.Bool(&r.left)
	c.Bool(&r.quiet)
	c.Bool(&r.doomed)
}

// Code reads or writes the outcome.
func (l *lateOutcome) Code(c *wire.Coder) {
	c.Uint64(&l.num)
	c.Uint8((*uint8)(&l.outcome))
	c.Bytes(&l.body)
}

// Code reads or writes what was not said yet.
func (u *unsaid) Code(c *wire.Coder) {
	c.Bool(&u.answer)
	kind := uint8(u.to.Kind)
	c.Uint8(&kind)
	u.to.Kind = addr.AddressKind(kind)
	c.Bool(&u.to.Client)
	c.Struct(&u.to.Mailbox)
	c.Struct(&u.to.Proxy)
	c.String(&u.to.Stub)
	c.Uint64(&u.num)
	c.Uint16(&u.method)
	u.origin.Code(c)
	c.Uint8((*uint8)(&u.outcome))
	c.Bytes(&u.body)
}

func (s *residentState) codePlayer(c *wire.Coder) {
	p := s.r.player
	if p == nil {
		return
	}
	c.String(&p.account)
	c.Struct(&p.proxy)
	p.seat.Code(c)
	c.Bool(&p.attached)
}

// Code reads or writes the seat as three fields.
func (s *Seat) Code(c *wire.Coder) {
	s.Gate.Code(c)
	c.Uint64(&s.Route)
}

func (s *residentState) codePlace(c *wire.Coder) {
	p := s.r.place
	if p == nil {
		return
	}
	p.space.Code(c)
	c.Float64(&p.at.X)
	c.Float64(&p.at.Y)
	c.Float64(&p.at.Z)
	c.Float32(&p.yaw)
	c.Struct(&p.budget)
}

func (s *residentState) codeTree(c *wire.Coder) {
	var body []byte
	if !c.Decoding() {
		body = s.r.tree.AppendAll(nil)
	}
	c.Bytes(&body)
	behind := s.r.tree.SavedChanged()
	c.Bool(&behind)
	if !c.Decoding() || c.Err() != nil {
		return
	}
	if err := s.r.tree.Load(body); err != nil {
		c.Fail(err)
	}
	if behind {
		s.r.tree.MarkSavedChanged()
	}
}

func (s *residentState) codeTimers(c *wire.Coder) {
	all := s.r.sortedTimers()
	wire.Slice(c, &all, func(c *wire.Coder, t **entityTimer) {
		if *t == nil {
			*t = &entityTimer{r: s.r}
		}
		c.Struct(*t)
	})
	if c.Decoding() {
		s.r.timers = all
	}
}

// Code reads or writes the timer.
func (t *entityTimer) Code(c *wire.Coder) {
	c.Uint64(&t.num)
	c.String(&t.name)
	c.Uint64(&t.key)
	c.Int64((*int64)(&t.due))
	c.Int64((*int64)(&t.every))
	c.Int64((*int64)(&t.left))
}

func (s *residentState) codeHeld(c *wire.Coder) {
	wire.Slice(c, &s.r.held, func(c *wire.Coder, h *heldCall) {
		c.Struct(&heldState{s, h})
	})
}

// heldState codes a held call within its resident.
type heldState struct {
	s *residentState
	h *heldCall
}

// Code reads or writes the held call.
func (s *heldState) Code(c *wire.Coder) {
	c.Uint64((*uint64)(&s.h.held))
	s.h.from.Code(c)
	var number uint16
	if !c.Decoding() {
		number = s.h.handler.number
	}
	c.Uint16(&number)
	if c.Decoding() {
		s.h.handler = s.s.r.class.methods[number]
	}
}

func (w *World) codePending(c *wire.Coder) {
	calls := map[uint64]*pending{}
	if !c.Decoding() {
		for num, p := range w.pending.All() {
			calls[num] = p
		}
	}
	wire.Map(c, &calls, (*wire.Coder).Uint64, func(c *wire.Coder, p **pending) {
		if *p == nil {
			*p = &pending{}
		}
		c.Struct(&pendingState{w, *p})
	})
	if !c.Decoding() {
		return
	}
	for _, num := range ordered.Keys(calls) {
		p := calls[num]
		p.num = num
		w.pending.Set(num, p)
		p.link()
		if p.origin != (callKey{}) {
			w.adopted[p.origin] = p
		}
		if p.deadline.num != 0 {
			p.deadline.ask = num
			w.timers[p.deadline.num] = &p.deadline
		}
	}
}

func codeAddress(c *wire.Coder, a *addr.Address) {
	c.Uint8((*uint8)(&a.Kind))
	c.Bool(&a.Client)
	a.Mailbox.Code(c)
	a.Proxy.Code(c)
	c.String(&a.Stub)
}

// pendingState codes a call under way within its world.
type pendingState struct {
	w *World
	p *pending
}

// Code reads or writes the call.
func (s *pendingState) Code(c *wire.Coder) {
	p := s.p
	var from uint64
	if p.from != nil {
		from = p.from.number
	}
	c.Uint64(&from)
	if c.Decoding() {
		p.from = s.w.byNumber[from]
	}
	c.Uint16(&p.method)
	c.String(&p.reply)
	c.Uint64(&p.key)
	c.Bool(&p.brief)
	codeAddress(c, &p.to)
	c.Int64((*int64)(&p.within))
	c.Uint64(&p.deadline.num)
	c.Int64((*int64)(&p.deadline.left))
	p.gate.Code(c)
	p.game.Code(c)
	p.maybe.Code(c)
	wire.Slice(c, &p.through, func(c *wire.Coder, one *node.Peer) { c.Struct(one) })
	p.origin.Code(c)
}
