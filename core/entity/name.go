package entity

import (
	"fmt"
	"time"

	"messiah/core/addr"
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
	o := outgoingOf[A](c.world, string(m))
	var p pending
	if len(with) > 0 {
		p.key = with[0].Key
	}
	c.world.ask(c, to.Address(), o.number, appendArgs(c.world, o, &args), p)
}

// Ask calls a method; the named handler of the calling entity hears its result,
// an error or ErrTimeout, exactly once, wherever the two entities are by then.
func (m Method[A, R]) Ask(c *Call, to addr.Target, args A, then Reply[R], with ...With) {
	o := outgoingOf[A](c.world, string(m))
	p := pending{reply: string(then), within: AskWithin}
	if len(with) > 0 {
		p.key = with[0].Key
		if with[0].Within > 0 {
			p.within = with[0].Within
		}
	}
	c.world.ask(c, to.Address(), o.number, appendArgs(c.world, o, &args), p)
}

// Answer gives the result, or the error, of a call that was held, once; later
// answers, and one to a call that has ended otherwise by now, do nothing. A result
// of another type than the method's is the author's bug.
func Answer[R any](c *Call, held Held, result R, err error) {
	w := c.world
	h, waits := c.self.takeHeld(held)
	if !waits {
		return
	}
	b, ok := h.handler.bound.(interface{ encode(w *World, r *R) []byte })
	if !ok {
		panic(fmt.Sprintf("entity: %T is not the result of method %s", result, h.handler.name))
	}
	var body []byte
	if err == nil {
		body = b.encode(w, &result)
	}
	w.answer(c.env, &h.from, outcomeOf(err), body, err)
}

// Push calls a method of an avatar's own client. While the client is away it is
// kept for its return, within the session's bound; an avatar without one drops it.
func (p Push[A]) Push(c *Call, e Avatar, args A) {
	o := outgoingOf[A](c.world, string(p))
	c.world.push(c, e.client(), o.number, appendArgs(c.world, o, &args))
}

// Tell calls a method of the client behind a proxy. A mailbox or a stub leads to
// no client: ErrNoClient at once. Later failures go to the hook CallFailed;
// With.Key is its Call.Key.
func (p Push[A]) Tell(c *Call, to addr.Target, args A, with ...With) error {
	a := to.Address()
	if a.Kind != addr.ToProxy {
		return ErrNoClient
	}
	o := outgoingOf[A](c.world, string(p))
	a.Client = true
	var failed pending
	if len(with) > 0 {
		failed.key = with[0].Key
	}
	c.world.ask(c, a, o.number, appendArgs(c.world, o, &args), failed)
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

// Create makes an entity on this game. The function sets it up; its hook Created
// runs behind the callback under way. It fails with ErrFull at the game's bound.
func (k Kind[P]) Create(c *Call, setUp func(P)) (P, error) {
	r, err := c.world.create(c.env, string(k))
	if err != nil {
		var none P
		return none, err
	}
	e := r.entity.(P)
	if setUp != nil {
		setUp(e)
	}
	return e, nil
}

// Find returns an entity of the class that lives on this game.
func (k Kind[P]) Find(c *Call, id addr.EntityID) (P, bool) {
	r, _ := c.world.residents.Get(id)
	if r == nil || r.dying {
		var none P
		return none, false
	}
	e, ok := r.entity.(P)
	return e, ok
}
