package entity

import (
	"fmt"
	"time"

	"messiah/core/addr"
	"messiah/core/proto"
)

// Kind is the name of a class and the type of its entities: game code declares
// one constant for each class, `const Monsters entity.Kind[*Monster] = "monster"`.
type Kind[P Entity] string

// Method is the name of a server method, the type A of its argument and R of its
// result. Caller and callee share the constant; nothing else has to agree.
type Method[A, R any] string

// Push is the name of a method of the client, and the type of its argument.
type Push[A any] string

// Timer is the name of a timer of an entity. It is saved and moves with it.
type Timer string

// Reply is the name of a handler for the outcome of a call whose result is an R.
// It is saved with the entity that waits, and moves with it.
type Reply[R any] string

// None is the argument or result of a method that has none.
type None = struct{}

// With is what a call may say beside its argument.
type With struct {
	Key    uint64        // handed to the reply handler: Call.Key
	Within time.Duration // the outcome is ErrTimeout after so long; 0 is AskWithin
}

// AskWithin is how long a caller waits that does not say otherwise.
const AskWithin = 10 * time.Second

// Tell calls a method without waiting for its result. If it did not run, or that
// is not known, the caller's hook CallFailed hears why, once; With.Key is its Call.Key.
func (m Method[A, R]) Tell(c *Call, to addr.Target, args A, with ...With) {
	var q question
	if len(with) > 0 {
		q.key = with[0].Key
	}
	a := addr.Of(to)
	send(c, string(m), &a, &args, q, 0)
}

// Ask calls a method; the named handler of the calling entity hears its result,
// an error or ErrTimeout, exactly once, wherever the two entities are by then.
func (m Method[A, R]) Ask(c *Call, to addr.Target, args A, then Reply[R], with ...With) {
	q, within := question{reply: string(then)}, AskWithin
	if len(with) > 0 {
		q.key = with[0].Key
		if with[0].Within > 0 {
			within = with[0].Within
		}
	}
	c.mustHear(q.reply)
	a := addr.Of(to)
	send(c, string(m), &a, &args, q, within)
}

// send writes an argument and has the world send the call.
func send[A any](c *Call, name string, to *addr.Address, args *A, q question, within time.Duration) {
	o := outgoingOf[A](c.world, name)
	c.world.ask(c, to, o.number, o.write(c.world, args), q, within)
}

// mustHear holds game code to ask for an outcome only where a handler hears it.
func (c *Call) mustHear(reply string) {
	if c.self == nil {
		panic("entity: no entity calls that could hear reply " + reply)
	}
	if c.self.class.replies[reply] == nil {
		panic("entity: class " + c.self.className() + " has no handler of reply " + reply + ": give Define an OnReply")
	}
}

// Answer gives the result, or the error, of a call that was held, once; later
// answers, and one to a call that has ended otherwise by now, do nothing. A result
// of another type than the method's is the author's bug.
func Answer[R any](c *Call, held Held, result R, err error) {
	w := c.world
	h, waits := c.self.heldCall(held)
	if !waits {
		return
	}
	b, ok := h.handler.bound.(answerer[R])
	if !ok {
		panic(fmt.Sprintf("entity: %T is not the result of method %s", result, h.handler.name))
	}
	var e ending
	if err != nil {
		e = failure(err, h.from.Route != 0)
	} else {
		*b.room() = result
		e = ending{proto.OutcomeOK, b.encode(w)}
	}
	w.answered = h.from
	c.self.takeHeld(held)
	w.answer(c.env, c.self, &w.answered, e.outcome, e.body)
}

// Push calls a method of an avatar's own client. While the client is away it is
// kept for its return, within the session's bound; an avatar without one drops it.
func (p Push[A]) Push(c *Call, e Avatar, args A) {
	o := outgoingOf[A](c.world, string(p))
	c.world.push(c, e.client(), o.number, o.write(c.world, &args))
}

// Tell calls a method of the client behind a proxy. A mailbox or a stub leads to
// no client: ErrNoClient at once. Later failures go to the hook CallFailed;
// With.Key is its Call.Key.
func (p Push[A]) Tell(c *Call, to addr.Target, args A, with ...With) error {
	a := addr.Of(to)
	if a.Kind != addr.ToProxy {
		return ErrNoClient
	}
	a.Client = true
	var q question
	if len(with) > 0 {
		q.key = with[0].Key
	}
	send(c, string(p), &a, &args, q, 0)
	return nil
}

// After sets the timer of an entity to fire once, d from now, behind whatever
// runs now; setting it again with the same key moves it.
func (t Timer) After(c *Call, e Entity, d time.Duration, key ...uint64) {
	c.world.setTimer(c.env, e.base().resident, string(t), first(key), d, 0)
}

// Every sets the timer of an entity to fire each d, at least a millisecond, until
// it is cancelled.
func (t Timer) Every(c *Call, e Entity, d time.Duration, key ...uint64) {
	d = max(d, time.Millisecond)
	c.world.setTimer(c.env, e.base().resident, string(t), first(key), d, d)
}

// Cancel takes the timer of an entity back, if it is set.
func (t Timer) Cancel(c *Call, e Entity, key ...uint64) {
	c.world.cancelTimer(c.env, e.base().resident, string(t), first(key))
}

func first(key []uint64) uint64 {
	if len(key) == 0 {
		return 0
	}
	return key[0]
}

// Create makes an entity on this game. The function, which may be nil, sets it up; its
// hook Created runs behind the callback under way. It fails with ErrFull at the game's
// bound. A class that saves has its record written as after any change, within the time
// of SaveWithin: until then a crash takes the entity along, and no query finds it;
// Call.Save has it written at once. A stub is not made so: the cluster makes each once;
// nor is an avatar: a login makes it.
func (k Kind[P]) Create(c *Call, setUp func(P)) (P, error) {
	r, err := c.world.create(c.env, string(k))
	if err != nil {
		var none P
		return none, err
	}
	e := r.entity.(P)
	if setUp != nil {
		r.halfMade = true
		setUp(e)
		r.halfMade = false
	}
	return e, nil
}

// Find returns an entity of the class that lives on this game.
func (k Kind[P]) Find(c *Call, id addr.EntityID) (P, bool) {
	r, _ := c.world.residents.Get(id)
	if r == nil || r.dying || r.frozen {
		var none P
		return none, false
	}
	e, ok := r.entity.(P)
	return e, ok
}
