package entity

import (
	"errors"
	"time"
	"unicode/utf8"

	"messiah/core/addr"
	"messiah/core/node"
	"messiah/core/proto"
)

// question is what a caller hears of when its call ends.
type question struct {
	from   *Resident // nil for a call of the game's own
	method uint16
	reply  string // the handler of the outcome; "" for a Tell
	key    uint64
	to     addr.Address // as the caller gave it
	brief  bool         // the wait is not in its caller's record
}

// pending is a call of an entity here whose outcome has not come.
type pending struct {
	question
	num           uint64
	within        time.Duration
	deadline      entityTimer // its num is 0 without one
	gate          node.Peer   // by which it went
	game          node.Peer   // who answers, where that is known
	maybe         node.Peer   // or who
	through       []node.Peer // games by which the outcome comes, of a caller that has moved
	origin        callKey     // of a call that another game made
	before, after *pending    // of the same caller
}

// ask sends a call and remembers that its outcome is owed.
func (w *World) ask(c *Call, to *addr.Address, method uint16, args []byte, q question, within time.Duration) {
	q.from, q.method, q.to = c.self, method, *to
	if w.pending.Len() >= MaxPending {
		w.owe(c.env, &q, proto.OutcomeFull)
		return
	}
	w.lastNum++
	num := w.lastNum
	if c.self != nil && c.self.quiet {
		w.keep(c.env, num, &q, within)
		c.self.outbox = append(c.self.outbox, unsaid{to: *to, num: num, method: method, body: append([]byte(nil), args...)})
		return
	}
	w.mail = Mail{To: *to, From: c.self, Num: num, Method: method, Args: args}
	o := w.port.Send(c.env, &w.mail)
	if o != proto.OutcomeOK {
		w.owe(c.env, &q, o)
		return
	}
	p := w.keep(c.env, num, &q, within)
	p.gate, p.game = gateOf(&w.mail.To), w.mail.To.Mailbox.Game
	if c.self != nil {
		c.self.sentBy(p.gate)
	}
}

// keep remembers a call that is under way, and sets its deadline.
func (w *World) keep(env *node.Env, num uint64, q *question, within time.Duration) *pending {
	p := w.newPending()
	p.question, p.num, p.within = *q, num, within
	w.pending.Set(num, p)
	p.link()
	if p.reply != "" && p.from != nil {
		p.from.asking++
		if within > 0 {
			p.deadline.left = within
			if !p.from.quiet { // goOn starts it
				p.deadline.ask = num
				w.arm(env, &p.deadline, within)
			}
		}
	}
	return p
}

func gateOf(to *addr.Address) node.Peer {
	if to.Kind == addr.ToProxy {
		return to.Proxy.Gate
	}
	return to.Mailbox.Gate
}

func (w *World) newPending() *pending {
	if n := len(w.freeAsk); n > 0 {
		p := w.freeAsk[n-1]
		w.freeAsk = w.freeAsk[:n-1]
		return p
	}
	return &pending{}
}

// link puts the call behind the others of its caller.
func (p *pending) link() {
	r := p.from
	if r == nil {
		return
	}
	if p.before = r.lastCall; p.before != nil {
		p.before.after = p
	} else {
		r.firstCall = p
	}
	r.lastCall = p
}

// unlink takes the call from those of its caller.
func (p *pending) unlink() {
	r := p.from
	if r == nil {
		return
	}
	if p.before != nil {
		p.before.after = p.after
	} else {
		r.firstCall = p.after
	}
	if p.after != nil {
		p.after.before = p.before
	} else {
		r.lastCall = p.before
	}
}

// forget takes a call from the table of those under way and returns what its
// caller waits for.
func (w *World) forget(env *node.Env, p *pending) question {
	w.pending.Delete(p.num)
	if p.origin != (callKey{}) {
		delete(w.adopted, p.origin)
	}
	p.unlink()
	if p.reply != "" && p.from != nil {
		p.from.asking--
	}
	if p.deadline.num != 0 {
		w.dropTimer(env, &p.deadline)
	}
	q := p.question
	*p = pending{}
	w.freeAsk = append(w.freeAsk, p)
	return q
}

// await has the Port begin something other than a call, under a number by which
// Answered ends it; the named handler hears how. Without a time in With it has no deadline.
func (w *World) await(c *Call, then string, with []With, begin func(num uint64) bool) {
	q, within := c.awaits(then, with)
	if w.pending.Len() >= MaxPending || !begin(w.lastNum+1) {
		w.owe(c.env, &q, proto.OutcomeFull)
		return
	}
	w.lastNum++
	w.keep(c.env, w.lastNum, &q, within)
}

// awaits is what the calling entity is to hear, and within what time; 0 is no deadline.
func (c *Call) awaits(then string, with []With) (q question, within time.Duration) {
	c.mustHear(then)
	q = question{from: c.self, reply: then}
	if len(with) > 0 {
		q.key, within = with[0].Key, with[0].Within
	}
	return q, within
}

// owe has the caller hear, behind the callback under way, that its call did not come about.
func (w *World) owe(env *node.Env, q *question, o proto.Outcome) {
	if q.from == nil {
		env.Mark("outcome-for-nobody")
		return
	}
	w.later(chore{kind: choreOutcome, r: q.from, ask: *q, outcome: o})
}

// Answered hears the outcome of a call under way.
func (w *World) Answered(env *node.Env, num uint64, o proto.Outcome, body []byte) {
	p, waits := w.pending.Get(num)
	if !waits {
		w.passOn(env, callKey{env.Self(), num}, o, body)
		return
	}
	if p.waits() {
		p.from.late = append(p.from.late, lateOutcome{num, o, append([]byte(nil), body...)})
		return
	}
	q := w.forget(env, p)
	w.conclude(env, &q, o, body)
	w.settle(env)
}

// late ends a call whose time is over. What comes of it later finds nobody.
func (w *World) late(env *node.Env, num uint64) {
	p, waits := w.pending.Get(num)
	if !waits {
		return
	}
	env.Mark("call-timed-out")
	q := w.forget(env, p)
	w.conclude(env, &q, proto.OutcomeTimeout, nil)
}

// conclude tells the caller of a call its outcome.
func (w *World) conclude(env *node.Env, q *question, o proto.Outcome, body []byte) {
	r := q.from
	if r == nil || r.gone {
		env.Mark("outcome-for-nobody")
		return
	}
	if q.reply == "" {
		if o != proto.OutcomeOK {
			w.later(chore{kind: choreFailed, r: r, ask: *q, outcome: o, text: failureText(o, body)})
		}
		return
	}
	err := ErrorOf(o, failureText(o, body))
	handle := r.class.replies[q.reply]
	if handle == nil {
		env.Log(node.Error, "a reply has no handler", "class", r.className(), "reply", q.reply)
		return
	}
	w.run(env, r, func(c *Call) {
		c.key = q.key
		c.hears(&q.to)
		handle.reply(r.entity, c, body, err)
	})
}

func failureText(o proto.Outcome, body []byte) string {
	if o != proto.OutcomeFailed {
		return ""
	}
	return string(body)
}

// GateGone ends the calls that went by a gate that is dead: their outcome is not known.
func (w *World) GateGone(env *node.Env, gate node.Peer) {
	w.lose(env, func(p *pending) bool { return p.gate == gate })
	w.loseOnward(func(o *onward) bool { return o.gate == gate })
}

// GameGone ends the calls to a dead game that went by a gate, on the gate's word
// that nothing more will come from there.
func (w *World) GameGone(env *node.Env, gate, game node.Peer) {
	w.lose(env, func(p *pending) bool { return p.gate == gate && p.lostOn(game) })
	w.loseOnward(func(o *onward) bool { return o.gate == gate && (o.at == game || o.to == game) })
}

func (w *World) lose(env *node.Env, of func(*pending) bool) {
	for _, p := range w.pending.All() {
		switch {
		case !of(p):
		case p.waits():
			p.from.late = append(p.from.late, lateOutcome{p.num, proto.OutcomeUnknown, nil})
		default:
			q := w.forget(env, p)
			w.owe(env, &q, proto.OutcomeUnknown)
		}
	}
	w.settle(env)
}

// waits tells whether the call's caller hears no outcome now, as it is on its way.
func (p *pending) waits() bool { return p.from != nil && (p.from.frozen || p.from.quiet) }

// loseOnward forgets calls whose outcomes can no longer be carried on; who takes the
// caller over knows what it has lost. One that may come back here is to hear of it.
func (w *World) loseOnward(of func(*onward) bool) {
	for key, o := range w.onward.All() {
		switch {
		case !of(o) || o.done:
		case o.p == nil:
			w.onward.Delete(key)
		default:
			o.done, o.outcome = true, proto.OutcomeUnknown
		}
	}
}

// Incoming is a call that has come. Args is good until World.Call returns.
type Incoming struct {
	From   Origin
	To     *Resident
	Sender *Resident // of a client's call, its own avatar
	Method uint16
	Args   []byte
}

// Call runs a method of an entity here and answers the call.
func (w *World) Call(env *node.Env, in *Incoming) {
	w.from = in.From
	h := in.To.class.methods[in.Method]
	o := w.allowed(env, in, h)
	if o != proto.OutcomeOK {
		w.answer(env, in.To, &w.from, o, nil)
		return
	}
	w.invoke(env, in.To, h, in.Args)
	w.settle(env)
}

// allowed says whether a call may run.
func (w *World) allowed(env *node.Env, in *Incoming, h *handler) proto.Outcome {
	client := in.From.Route != 0
	switch {
	case in.To.dying:
		return proto.OutcomeStaleMailbox
	case h == nil:
		return proto.OutcomeNoMethod
	case !client:
		return proto.OutcomeOK
	case !w.mayCall(in, h):
		env.Mark("client-call-denied")
		return proto.OutcomeDenied
	case h.rate.n > 0 && !in.Sender.spend(h, env.Now()):
		env.Mark("client-call-too-often")
		return proto.OutcomeTooOften
	}
	return proto.OutcomeOK
}

// mayCall tells whether a client may call a method: of its own avatar, or of an entity that it sees.
func (w *World) mayCall(in *Incoming, h *handler) bool {
	if in.Sender == in.To {
		return h.who&(OwnClient|AnyClient) != 0
	}
	a, b := in.Sender.place, in.To.place
	if h.who&AnyClient == 0 || a == nil || b == nil || a.space.IsZero() || a.space != b.space {
		return false
	}
	return a.at.Distance(b.at) <= ViewRadius
}

// invoke runs a method for the call whose origin is w.from. One that was held is answered
// here only if it is not answered yet and its method has failed.
func (w *World) invoke(env *node.Env, r *Resident, h *handler, args []byte) {
	c := w.enter(env, r)
	c.from, c.under = &w.from, h
	e, ok := w.callMethod(env, r, c, h, args)
	held, open := c.held, true
	if held != 0 {
		open = r.holds(held)
	}
	if !ok {
		w.leave(env, r)
		if open {
			r.takeHeld(held)
			w.answer(env, r, &w.from, proto.OutcomePanicked, nil)
		}
		w.panicked(env, r)
		return
	}
	w.leave(env, nil)
	if open && (held == 0 || e.outcome != proto.OutcomeOK) {
		r.takeHeld(held)
		w.answer(env, r, &w.from, e.outcome, e.body)
	}
}

// ending is how a method ended: the bytes of its result, or of its error's text.
type ending struct {
	outcome proto.Outcome
	body    []byte
}

// callMethod is World.run for methods, which run too often for a closure each. An
// error's own methods are game code too.
func (w *World) callMethod(env *node.Env, r *Resident, c *Call, h *handler, args []byte) (e ending, ok bool) {
	if w.cfg.Contain {
		defer w.caught(env, r)
	}
	result, err := h.bound.invoke(r.entity, c, args)
	if err != nil {
		return failure(err, c.from.Route != 0), true
	}
	return ending{proto.OutcomeOK, result}, true
}

// failure returns how an error ends a call, with its text for those who may read it.
func failure(err error, client bool) ending {
	e := ending{outcome: outcomeOf(err)}
	if e.outcome != proto.OutcomeFailed {
		return e
	}
	var refusal Refusal
	switch {
	case !client:
		e.body = errorText(err.Error())
	case errors.As(err, &refusal):
		e.body = errorText(string(refusal))
	}
	return e
}

// errorText cuts a text to its bound, between two runes.
func errorText(text string) []byte {
	n := min(len(text), maxErrorText)
	for n > 0 && n < len(text) && !utf8.RuneStart(text[n]) {
		n--
	}
	return []byte(text[:n])
}

// push calls a method of an avatar's own client.
func (w *World) push(c *Call, p *Player, method uint16, args []byte) {
	if p.seat == (Seat{}) {
		c.env.Mark("push-without-client")
		return
	}
	w.port.Push(c.env, p.seat, method, args)
}
