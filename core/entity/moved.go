package entity

import (
	"errors"
	"time"

	"messiah/core/node"
	"messiah/core/planted"
	"messiah/core/proto"
	"messiah/core/wire"
)

// The sections of the state of an entity that moves to another game.

// builtinParts are those that every entity of a class has; it has further ones by Carry.
func builtinParts(k *Class) []part {
	always := func(*Resident) bool { return true }
	return []part{
		{"properties", k.Version(), always, writeAll, readVersioned},
		{"place", 1, always, writeMovedPlace, readMovedPlace},
		{"timers", 1, always, writeHalted, readHalted},
		{"asks", 1, always, writeMovedAsks, readMovedAsks},
		{"held", 1, always, writeHeld, readHeld},
		{"player", 1, always, writePlayer, readPlayer},
		{"rates", 1, always, writeRates, readRates},
		{"copies", 1, always, writeCopies, readCopies},
	}
}

// movedParts are all sections of the state of an entity of a class.
func movedParts(k *Class) []part { return append(builtinParts(k), k.carried...) }

var errSection = errors.New("is of another class of entity")

func writeAll(_ *World, _ *node.Env, r *Resident) []byte { return r.tree.AppendAll(nil) }

// movedPlace is where an entity was, and what its client may still move it. Its times
// are from the moment at which it was written.
type movedPlace struct{ p *Place }

// Code reads or writes the place.
func (m *movedPlace) Code(c *wire.Coder) {
	m.p.space.Code(c)
	c.Float64(&m.p.at.X)
	c.Float64(&m.p.at.Y)
	c.Float64(&m.p.at.Z)
	c.Float32(&m.p.yaw)
	c.Struct(&m.p.budget)
}

func writeMovedPlace(_ *World, env *node.Env, r *Resident) []byte {
	if r.place == nil {
		return nil
	}
	p := *r.place
	p.budget = p.budget.Departed(env.Now())
	return wire.Append(nil, &movedPlace{&p})
}

func readMovedPlace(w *World, _ *node.Env, r *Resident, _ uint32, body []byte) error {
	if (r.place == nil) != (len(body) == 0) {
		return errSection
	}
	if r.place == nil {
		return nil
	}
	if err := w.decoder.Decode(body, &movedPlace{r.place}); err != nil {
		return err
	}
	if !isPlace(r.place.at, r.place.yaw) {
		return ErrNoPlace
	}
	if planted.On("move-fills-budget") { // who goes from game to game may walk as fast as it likes
		r.place.budget.SetSpeed(0, r.place.budget.Speed())
	}
	return nil
}

func writeHalted(_ *World, _ *node.Env, r *Resident) []byte {
	return timerSection(r, func(t *entityTimer) time.Duration { return t.left })
}

func readHalted(w *World, env *node.Env, r *Resident, _ uint32, body []byte) error {
	return w.readTimerSection(env, r, body, func(t *timerState) {
		if planted.On("timers-lost") { // it forgets what it was waiting for
			return
		}
		r.timers = append(r.timers, &entityTimer{r: r, name: t.name, key: t.key, every: t.every, left: t.left})
	})
}

// movedAsk is a call under way, whose outcome is carried on to the caller.
type movedAsk struct {
	origin  callKey
	method  uint16
	reply   string
	key     uint64
	brief   bool
	within  time.Duration
	left    time.Duration // until the deadline, where within is not 0
	gate    node.Peer
	game    node.Peer
	maybe   node.Peer
	through []node.Peer
}

// Code reads or writes the call.
func (a *movedAsk) Code(c *wire.Coder) {
	a.origin.Code(c)
	c.Uint16(&a.method)
	c.String(&a.reply)
	c.Uint64(&a.key)
	c.Bool(&a.brief)
	c.Int64((*int64)(&a.within))
	c.Int64((*int64)(&a.left))
	a.gate.Code(c)
	a.game.Code(c)
	a.maybe.Code(c)
	wire.Slice(c, &a.through, func(c *wire.Coder, p *node.Peer) { c.Struct(p) })
}

type movedAsks struct{ all []movedAsk }

// Code reads or writes the calls.
func (a *movedAsks) Code(c *wire.Coder) {
	wire.Slice(c, &a.all, func(c *wire.Coder, one *movedAsk) { c.Struct(one) })
}

func writeMovedAsks(_ *World, env *node.Env, r *Resident) []byte {
	var s movedAsks
	for p := r.firstCall; p != nil; p = p.after {
		through := p.through
		if !contains(through, env.Self()) {
			through = append(through[:len(through):len(through)], env.Self())
		}
		s.all = append(s.all, movedAsk{
			p.callKey(env), p.method, p.reply, p.key, p.brief, p.within, p.deadline.left, p.gate, p.game, p.maybe, through,
		})
	}
	return wire.Append(nil, &s)
}

func readMovedAsks(w *World, env *node.Env, r *Resident, _ uint32, body []byte) error {
	var s movedAsks
	if err := w.decoder.Decode(body, &s); err != nil {
		return err
	}
	if w.pending.Len()+len(s.all) > MaxPending {
		return ErrFull
	}
	for i := range s.all {
		w.adopt(env, r, &s.all[i])
	}
	return nil
}

// adopt makes a call that an entity made elsewhere one of this game's.
func (w *World) adopt(env *node.Env, r *Resident, a *movedAsk) {
	p := w.newPending()
	p.question = question{from: r, method: a.method, reply: a.reply, key: a.key}
	p.brief, p.within, p.gate, p.game, p.maybe, p.through = a.brief, a.within, a.gate, a.game, a.maybe, a.through
	p.deadline.left = a.left
	if a.origin.game == env.Self() {
		p.num = a.origin.num // it has come back to where it was made
		w.onward.Delete(a.origin)
	} else {
		w.lastNum++
		p.num, p.origin = w.lastNum, a.origin
		w.adopted[a.origin] = p
	}
	w.pending.Set(p.num, p)
	p.link()
	if p.reply != "" {
		r.asking++
	}
}

// movedHeld is a held call.
type movedHeld struct {
	held   Held
	method string
	from   Origin
}

// Code reads or writes the call.
func (h *movedHeld) Code(c *wire.Coder) {
	c.Uint64((*uint64)(&h.held))
	c.String(&h.method)
	h.from.Code(c)
}

type movedHolds struct {
	last Held
	all  []movedHeld
}

// Code reads or writes the calls.
func (h *movedHolds) Code(c *wire.Coder) {
	c.Uint64((*uint64)(&h.last))
	wire.Slice(c, &h.all, func(c *wire.Coder, one *movedHeld) { c.Struct(one) })
}

func writeHeld(_ *World, _ *node.Env, r *Resident) []byte {
	s := movedHolds{last: r.lastHeld}
	for i := range r.held {
		h := &r.held[i]
		s.all = append(s.all, movedHeld{h.held, h.handler.name, h.from})
	}
	return wire.Append(nil, &s)
}

func readHeld(w *World, _ *node.Env, r *Resident, _ uint32, body []byte) error {
	var s movedHolds
	if err := w.decoder.Decode(body, &s); err != nil {
		return err
	}
	r.lastHeld = s.last
	for _, h := range s.all {
		handler := w.named(r.class, h.method)
		if handler == nil {
			return ErrNoMethod
		}
		r.held = append(r.held, heldCall{h.held, handler, h.from})
	}
	return nil
}

// HeldFrom visits where the calls came from that the entity holds.
func (r *Resident) HeldFrom(yield func(*Origin) bool) {
	for i := range r.held {
		if !yield(&r.held[i].from) {
			return
		}
	}
}

// Code reads or writes the player's side.
func (p *Player) Code(c *wire.Coder) {
	c.String(&p.account)
	c.Struct(&p.proxy)
	p.seat.Code(c)
	c.Bool(&p.attached)
}

func writePlayer(_ *World, _ *node.Env, r *Resident) []byte {
	if r.player == nil {
		return nil
	}
	return wire.Append(nil, r.player)
}

func readPlayer(w *World, _ *node.Env, r *Resident, _ uint32, body []byte) error {
	if (r.player == nil) != (len(body) == 0) {
		return errSection
	}
	if r.player == nil {
		return nil
	}
	return w.decoder.Decode(body, r.player)
}

// movedRate is how much of a method's rate is used: its bucket is full again after so long.
type movedRate struct {
	method string
	full   time.Duration
}

// Code reads or writes the rate.
func (m *movedRate) Code(c *wire.Coder) {
	c.String(&m.method)
	c.Int64((*int64)(&m.full))
}

type movedRates struct{ all []movedRate }

// Code reads or writes the rates.
func (m *movedRates) Code(c *wire.Coder) {
	wire.Slice(c, &m.all, func(c *wire.Coder, one *movedRate) { c.Struct(one) })
}

func writeRates(w *World, env *node.Env, r *Resident) []byte {
	var s movedRates
	for _, m := range r.class.class.methods {
		h := w.named(r.class, m.name)
		if full, used := r.buckets[h.place]; used && full > env.Now() {
			s.all = append(s.all, movedRate{m.name, full.Sub(env.Now())})
		}
	}
	return wire.Append(nil, &s)
}

func readRates(w *World, env *node.Env, r *Resident, _ uint32, body []byte) error {
	var s movedRates
	if err := w.decoder.Decode(body, &s); err != nil {
		return err
	}
	for _, m := range s.all {
		if h := w.named(r.class, m.method); h != nil {
			if r.buckets == nil {
				r.buckets = map[uint16]node.Time{}
			}
			r.buckets[h.place] = env.Now().Add(min(max(m.full, 0), maxDelay))
		}
	}
	return nil
}

// named returns a method of the class by its name, nil without one.
func (w *World) named(b *bound, method string) *handler {
	number, known := w.table.Number(method)
	if !known {
		return nil
	}
	return b.methods[number]
}

// movedCopies is what is known of the entity's record.
type movedCopies struct {
	copies, stored, lastMove uint64
	savers                   []movedSaver
}

// movedSaver is a call of the entity that waits for its own record.
type movedSaver struct {
	call callKey
	copy uint64
}

// Code reads or writes the call.
func (m *movedSaver) Code(c *wire.Coder) {
	m.call.Code(c)
	c.Uint64(&m.copy)
}

// Code reads or writes the numbers.
func (m *movedCopies) Code(c *wire.Coder) {
	c.Uint64(&m.copies)
	c.Uint64(&m.stored)
	c.Uint64(&m.lastMove)
	wire.Slice(c, &m.savers, func(c *wire.Coder, s *movedSaver) { c.Struct(s) })
}

func writeCopies(w *World, env *node.Env, r *Resident) []byte {
	m := movedCopies{copies: r.copies, stored: r.stored, lastMove: r.migrations()}
	for _, s := range r.savers {
		if p, waits := w.pending.Get(s.num); waits && p.from == r {
			m.savers = append(m.savers, movedSaver{p.callKey(env), s.copy})
		}
	}
	return wire.Append(nil, &m)
}

func readCopies(w *World, env *node.Env, r *Resident, _ uint32, body []byte) error {
	var m movedCopies
	if err := w.decoder.Decode(body, &m); err != nil {
		return err
	}
	r.copies, r.stored, r.lastMove = m.copies, m.stored, m.lastMove
	for _, s := range m.savers {
		num := s.call.num
		if s.call.game != env.Self() {
			p := w.adopted[s.call]
			if p == nil {
				return errors.New("waits for a call that has not come")
			}
			num = p.num
		}
		r.savers = append(r.savers, saver{num, s.copy})
	}
	return nil
}

// callKey names a call: the game that made it, and its number there.
type callKey struct {
	game node.Peer
	num  uint64
}

// Code reads or writes the key.
func (k *callKey) Code(c *wire.Coder) {
	k.game.Code(c)
	c.Uint64(&k.num)
}

// key names the call wherever its caller goes.
func (p *pending) callKey(env *node.Env) callKey {
	if p.origin != (callKey{}) {
		return p.origin
	}
	return callKey{env.Self(), p.num}
}

// onward is a call whose caller lives on another game by now.
type onward struct {
	to      node.Peer
	gate    node.Peer // by which its outcome comes and is carried on
	at      node.Peer // who answers
	p       *pending  // until the caller has arrived
	done    bool      // the outcome went on, and is kept for a caller that may come back
	outcome proto.Outcome
	body    []byte
}

// passOn carries an outcome on to where the caller lives.
func (w *World) passOn(env *node.Env, key callKey, o proto.Outcome, body []byte) {
	to, known := w.onward.Get(key)
	if !known || to.done {
		env.Mark("answer-without-question")
		return
	}
	w.port.PassOn(env, to.gate, to.to, key.game, key.num, o, body)
	if to.p == nil {
		w.onward.Delete(key)
		return
	}
	to.done, to.outcome, to.body = true, o, append([]byte(nil), body...)
}

// PassedOn hears the outcome of a call that another game had made for an entity that
// came here.
func (w *World) PassedOn(env *node.Env, game node.Peer, num uint64, o proto.Outcome, body []byte) {
	key := callKey{game, num}
	if game == env.Self() {
		w.Answered(env, num, o, body)
		return
	}
	if p := w.adopted[key]; p != nil {
		w.Answered(env, p.num, o, body)
		return
	}
	w.passOn(env, key, o, body)
}

// MailMoved hears that a call of an entity here is answered by another game from now
// on, or may be.
func (w *World) MailMoved(env *node.Env, num uint64, game node.Peer, maybe bool) {
	p, waits := w.pending.Get(num)
	switch {
	case !waits:
		if o, known := w.onward.Get(callKey{env.Self(), num}); known {
			w.port.MovedOn(env, o.gate, o.to, env.Self(), num, game, maybe)
		}
	case maybe:
		p.maybe = game
	default:
		p.game, p.maybe = game, node.Peer{}
	}
}

// MovedOn is MailMoved for a call that another game had made.
func (w *World) MovedOn(env *node.Env, origin node.Peer, num uint64, game node.Peer, maybe bool) {
	key := callKey{origin, num}
	if p := w.adopted[key]; p != nil {
		w.MailMoved(env, p.num, game, maybe)
		return
	}
	if origin == env.Self() {
		w.MailMoved(env, num, game, maybe)
		return
	}
	if o, known := w.onward.Get(key); known {
		w.port.MovedOn(env, o.gate, o.to, origin, num, game, maybe)
	}
}

// Awaits visits which games the calls of an entity depend on, with the gate of each call.
func (r *Resident) Awaits(yield func(gate, game node.Peer) bool) {
	for p := r.firstCall; p != nil; p = p.after {
		for _, game := range append([]node.Peer{p.game, p.maybe}, p.through...) {
			if game != (node.Peer{}) && !yield(p.gate, game) {
				return
			}
		}
	}
}

// WentBy gives the calls of an entity that went by no gate one, by which their outcomes are carried on.
func (r *Resident) WentBy(gate node.Peer) {
	for p := r.firstCall; p != nil; p = p.after {
		if p.gate == (node.Peer{}) {
			p.gate = gate
		}
	}
}

// lostOn tells whether the end of a game loses the call.
func (p *pending) lostOn(game node.Peer) bool {
	return p.game == game || p.maybe == game || contains(p.through, game)
}

func contains(all []node.Peer, one node.Peer) bool {
	for _, p := range all {
		if p == one {
			return true
		}
	}
	return false
}
