package entity

import (
	"time"

	"messiah/core/addr"
	"messiah/core/node"
	"messiah/core/proto"
)

// pending is a call of an entity here whose outcome has not come.
type pending struct {
	from   *Resident
	method uint16
	reply  string // the handler of the outcome; "" for a Tell
	key    uint64
	within time.Duration
	timer  uint64    // number of the deadline's timer, 0 without one
	gate   node.Peer // by which it went
	game   node.Peer // to which, where the address says
}

// ask sends a call and remembers that its outcome is owed.
func (w *World) ask(c *Call, to addr.Address, method uint16, args []byte, p pending) {
	p.from, p.method = c.self, method
	if w.pending.Len() >= MaxPending {
		w.owe(c.env, &p, proto.OutcomeFull)
		return
	}
	w.lastNum++
	num := w.lastNum
	m := Mail{To: to, From: c.self, Num: num, Method: method, Args: args}
	o := w.port.Send(c.env, &m)
	p.gate, p.game = gateOf(m.To), m.To.Mailbox.Game
	if o != proto.OutcomeOK {
		w.owe(c.env, &p, o)
		return
	}
	w.keep(c.env, num, p)
}

// keep remembers a call that is under way, and sets its deadline.
func (w *World) keep(env *node.Env, num uint64, p pending) {
	kept := w.newPending(p)
	w.pending.Set(num, kept)
	if p.reply == "" || p.from == nil {
		return
	}
	p.from.asking++
	if p.within > 0 {
		t := &entityTimer{ask: num}
		w.arm(env, t, p.within)
		kept.timer = t.num
	}
}

func gateOf(to addr.Address) node.Peer {
	if to.Kind == addr.ToProxy {
		return to.Proxy.Gate
	}
	return to.Mailbox.Gate
}

func (w *World) newPending(p pending) *pending {
	if n := len(w.freeAsk); n > 0 {
		kept := w.freeAsk[n-1]
		w.freeAsk = w.freeAsk[:n-1]
		*kept = p
		return kept
	}
	return &p
}

// forget takes a call from the table of those under way.
func (w *World) forget(env *node.Env, num uint64, p *pending) {
	w.pending.Delete(num)
	if p.reply != "" && p.from != nil {
		p.from.asking--
	}
	if t := w.timers[p.timer]; t != nil {
		w.dropTimer(env, t)
	}
	w.freeAsk = append(w.freeAsk, p)
}

// owe has the caller hear, behind the callback under way, that its call did not come about.
func (w *World) owe(env *node.Env, p *pending, o proto.Outcome) {
	if p.from == nil {
		return
	}
	w.after = append(w.after, chore{kind: choreOutcome, r: p.from, ask: *p, outcome: o})
}

// Answered hears the outcome of a call under way.
func (w *World) Answered(env *node.Env, num uint64, o proto.Outcome, body []byte) {
	p, waits := w.pending.Get(num)
	if !waits {
		env.Mark("answer-without-question")
		return
	}
	ask := *p
	w.forget(env, num, p)
	w.conclude(env, &ask, o, body)
	w.settle(env)
}

// late ends a call whose time is over. What comes of it later finds nobody.
func (w *World) late(env *node.Env, num uint64) {
	p, waits := w.pending.Get(num)
	if !waits {
		return
	}
	env.Mark("call-timed-out")
	ask := *p
	ask.timer = 0
	p.timer = 0
	w.forget(env, num, p)
	w.conclude(env, &ask, proto.OutcomeTimeout, nil)
}

// conclude tells the caller of a call its outcome.
func (w *World) conclude(env *node.Env, p *pending, o proto.Outcome, body []byte) {
	r := p.from
	if r == nil || r.gone {
		env.Mark("outcome-for-nobody")
		return
	}
	if p.reply == "" {
		if o != proto.OutcomeOK {
			name, _ := w.table.Name(p.method)
			w.later(chore{kind: choreFailed, r: r, text: name, err: ErrorOf(o, ""), ask: pending{key: p.key}})
		}
		return
	}
	text := ""
	if o == proto.OutcomeFailed {
		text = string(body)
	}
	err := ErrorOf(o, text)
	handle := r.class.replies[p.reply]
	if handle == nil {
		env.Log(node.Error, "a reply has no handler", "class", r.className(), "reply", p.reply)
		return
	}
	w.run(env, r, func(c *Call) {
		c.key = p.key
		handle.reply(r.entity, c, body, err)
	})
}

// GateGone ends the calls that went by a gate that is dead: their outcome is not known.
func (w *World) GateGone(env *node.Env, gate node.Peer) {
	w.lose(env, func(p *pending) bool { return p.gate == gate })
}

// GameGone ends the calls to a dead game that went by a gate, on the gate's word
// that nothing more will come from there.
func (w *World) GameGone(env *node.Env, gate, game node.Peer) {
	w.lose(env, func(p *pending) bool { return p.gate == gate && p.game == game })
}

func (w *World) lose(env *node.Env, of func(*pending) bool) {
	for num, p := range w.pending.All() {
		if of(p) {
			ask := *p
			w.forget(env, num, p)
			w.owe(env, &ask, proto.OutcomeUnknown)
		}
	}
	w.settle(env)
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
	r := in.To
	h := r.class.methods[in.Method]
	o := w.allowed(env, in, h)
	if o != proto.OutcomeOK {
		w.port.Answer(env, &in.From, o, nil)
		return
	}
	w.invoke(env, r, h, in)
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
	if h.who&AnyClient == 0 || a == nil || b == nil || a.space != b.space {
		return false
	}
	return a.at.Distance(b.at) <= ViewRadius
}

func (w *World) invoke(env *node.Env, r *Resident, h *handler, in *Incoming) {
	c := w.enter(env, r)
	c.from, c.under = &in.From, h
	result, err, ok := w.callMethod(env, r, c, h, in.Args)
	held := c.held
	w.leave(env)
	switch {
	case !ok:
		w.port.Answer(env, &in.From, proto.OutcomePanicked, nil)
		if held {
			r.held = r.held[:len(r.held)-1] // it is answered
		}
		w.panicked(env, r)
	case err != nil:
		if held {
			r.takeHeld(r.lastHeld)
		}
		w.answer(env, &in.From, outcomeOf(err), nil, err)
	case !held:
		w.port.Answer(env, &in.From, proto.OutcomeOK, result)
	}
}

// callMethod is World.run for methods, which run too often for a closure each.
func (w *World) callMethod(env *node.Env, r *Resident, c *Call, h *handler, args []byte) (result []byte, err error, ok bool) {
	if w.cfg.Contain {
		defer w.caught(env, r)
	}
	result, err = h.bound.invoke(r.entity, c, args)
	return result, err, true
}

// answer sends an outcome, with an error's text for those who may read it.
func (w *World) answer(env *node.Env, to *Origin, o proto.Outcome, body []byte, err error) {
	if o == proto.OutcomeFailed {
		body = nil
		if refusal, public := err.(Refusal); public || to.Route == 0 {
			text := err.Error()
			if public {
				text = string(refusal)
			}
			body = []byte(text[:min(len(text), maxErrorText)])
		}
	}
	w.port.Answer(env, to, o, body)
}

// push calls a method of an avatar's own client.
func (w *World) push(c *Call, p *Player, method uint16, args []byte) {
	if p.seat == (Seat{}) {
		c.env.Mark("push-without-client")
		return
	}
	w.port.Push(c.env, p.seat, method, args)
}
