package entity

import (
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"messiah/core/addr"
	"messiah/core/geom"
	"messiah/core/node"
	"messiah/core/proto"
)

func TestHooksComeInOrder(t *testing.T) {
	l := newLab(t, false)
	var p *puppet
	l.do(func(env *node.Env) {
		r, err := l.world.Make(env, string(puppets), Birth{Incarnation: 3, Account: "ann"})
		if err != nil {
			t.Fatal(err)
		}
		p = r.Entity().(*puppet)
		l.happened() // hooks wait for Wake, and a client that is there sooner waits behind them
		l.world.Attach(env, r, Seat{gateOne, 5}, addr.Proxy{Gate: gateOne})
	})
	l.happened("created", "attached")
	if p.Account() != "ann" || !p.HasClient() || p.Incarnation() != 3 || l.resident(p).Seat() != (Seat{gateOne, 5}) {
		t.Errorf("the avatar is %q, %v, %d", p.Account(), p.HasClient(), p.Incarnation())
	}
	l.do(func(env *node.Env) { l.world.Detach(env, l.resident(p)) })
	l.do(func(env *node.Env) { l.world.Detach(env, l.resident(p)) })
	l.happened("lost")
	l.do(func(env *node.Env) { l.world.Unload(env, l.resident(p)) })
	l.happened("destroyed")
	left := l.left[l.resident(p)]
	if left.Data == nil || left.Deleted || left.Panicked {
		t.Errorf("what is left is %+v", left)
	}
	again := l.load("ann", left.Data)
	l.happened("loaded")
	want := []Hook{HookCreated, HookAttached, HookLost, HookCopied, HookDestroyed, HookLoaded}
	if !slices.Equal(l.hooks, want) {
		t.Errorf("the watch heard %v, want %v", l.hooks, want)
	}
	if l.live[p.ID()] || !l.live[again.ID()] {
		t.Errorf("living are %v", l.live)
	}
}

// An entity may end itself in any of its callbacks: the callback goes on, the last hook runs
// behind it, and nothing of the entity runs after that.
func TestAnEntityMayEndInAnyCallbackOfItsOwn(t *testing.T) {
	for _, event := range []string{"created", "attached", "lost", "poke", "tick 0", "said 0", "failed poke", "moved", "destroyed"} {
		for _, deletes := range []bool{false, true} {
			l := newLab(t, false)
			l.script[event] = func(p *puppet, c *Call) {
				for range 2 {
					if deletes {
						c.Delete(p)
					} else {
						c.Destroy(p)
					}
				}
				p.Gold.Set(9)
				tock.After(c, p, 0)
				poke.Tell(c, p.Mailbox(c), 1)
			}
			p := l.load("ann", nil)
			r := l.resident(p)
			l.provoke(p)
			l.deliver()
			left, ended := l.left[r]
			// A client that was there is lost before its avatar ends; nothing else is called in between.
			events := slices.DeleteFunc(slices.Clone(l.events), func(e string) bool { return e == "lost" && event != "lost" })
			if last := events[max(len(events)-2, 0):]; !ended || !r.Gone() || last[1] != "destroyed" || event != "destroyed" && last[0] != event {
				t.Errorf("ended in %s: gone %v, happened %q", event, r.Gone(), l.events)
			}
			if left.Deleted != deletes || (left.Data == nil) != deletes {
				t.Errorf("ended in %s: left is %+v", event, left)
			}
			l.nothingLeft(0)
			if deletes {
				continue
			}
			l.script = map[string]func(*puppet, *Call){}
			if again := l.load("ann", left.Data); again.Gold.Get() != 9 {
				t.Errorf("ended in %s: what it set afterwards is not saved", event)
			}
		}
	}
}

// provoke has every kind of callback run on a puppet, for as long as it lives.
func (l *lab) provoke(p *puppet) {
	r := l.resident(p)
	alive := func(f func(env *node.Env)) {
		l.do(func(env *node.Env) {
			if !r.gone {
				f(env)
			}
		})
	}
	alive(func(env *node.Env) { l.world.Attach(env, r, Seat{gateOne, 1}, addr.Proxy{Gate: gateOne}) })
	alive(func(env *node.Env) { l.world.Move(env, r, geom.Vec3{X: 1}, 0) })
	ask := func(c *Call) {
		if !r.gone {
			tick.After(c, p, 1)
		}
	}
	l.code(ask)
	l.wait(2)
	script := l.script["poke"]
	l.script["poke"] = func(p *puppet, c *Call) {
		if p.lab.argument == 7 {
			poke.Ask(c, p.Mailbox(c), 1, said)
			return
		}
		if script != nil {
			script(p, c)
		}
	}
	arg := encoded[int64](l.t, 7)
	alive(func(env *node.Env) { l.callHere(env, r, "poke", arg) })
	l.deliver()
	l.refuse = proto.OutcomeStaleMailbox
	l.script["tick 5"] = func(p *puppet, c *Call) { poke.Tell(c, p.Mailbox(c), 2) }
	l.code(func(c *Call) {
		if !r.gone {
			tick.After(c, p, 1, 5)
		}
	})
	l.wait(2)
	l.refuse = proto.OutcomeOK
	alive(func(env *node.Env) { l.world.Detach(env, r) })
	alive(func(env *node.Env) { l.world.Unload(env, r) })
}

func (l *lab) callHere(env *node.Env, r *Resident, method string, args []byte) {
	number, _ := l.world.table.Number(method)
	l.world.Call(env, &Incoming{From: fromServer(1), To: r, Method: number, Args: args})
}

func TestCallbacksMakeAndEndOthers(t *testing.T) {
	l := newLab(t, false)
	var child *puppet
	l.script["created"] = func(p *puppet, c *Call) {
		if child != nil {
			c.Destroy(child) // itself: it is being made
			return
		}
		if _, found := puppets.Find(c, p.ID()); !found {
			t.Error("an entity that is being created is not found")
		}
		child, _ = puppets.Create(c, func(q *puppet) { q.Gold.Set(4) })
		if _, found := puppets.Find(c, child.ID()); !found {
			t.Error("an entity that was created is not found")
		}
		c.Destroy(p)
		if _, found := puppets.Find(c, p.ID()); found {
			t.Error("an entity that ends is found")
		}
	}
	l.code(func(c *Call) {
		if _, err := puppets.Create(c, nil); err != nil {
			t.Error(err)
		}
	})
	l.happened("created", "created", "destroyed", "destroyed")
	l.nothingLeft(0)
}

func TestWhatIsMadeAndEndedAtOnceHasBothHooks(t *testing.T) {
	l := newLab(t, false)
	l.code(func(c *Call) {
		r, err := rocks.Create(c, nil)
		if err != nil {
			t.Error(err)
			return
		}
		c.Destroy(r)
		if _, found := rocks.Find(c, r.ID()); found {
			t.Error("it is found still")
		}
	})
	l.happened("rock created", "rock destroyed")
	l.nothingLeft(0)
}

func TestAStubIsNotMadeByGameCode(t *testing.T) {
	l := newLab(t, false)
	wantPanic(t, func() { l.code(func(c *Call) { _, _ = bells.Create(c, nil) }) }, "class bell is a stub")
}

func TestAFullWorldSaysSo(t *testing.T) {
	l := newLab(t, false)
	l.quiet = true
	l.do(func(env *node.Env) {
		for range MaxEntities {
			if _, err := l.world.create(env, string(rocks)); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := l.world.Make(env, string(rocks), Birth{}); !errors.Is(err, ErrFull) {
			t.Errorf("one more: %v", err)
		}
	})
	l.code(func(c *Call) {
		if _, err := rocks.Create(c, nil); !errors.Is(err, ErrFull) {
			t.Errorf("one more: %v", err)
		}
	})
}

// What game code keeps of an entity that has ended does no harm.
func TestAnEntityThatHasEndedIsInert(t *testing.T) {
	l := newLab(t, false)
	p, q := l.puppet("ann"), l.puppet("bob")
	var town addr.EntityID
	l.code(func(c *Call) {
		town, _ = c.NewSpace("town")
		c.Destroy(p)
	})
	l.events, l.stale = nil, nil
	l.code(func(c *Call) {
		c.Destroy(p)
		c.Delete(p)
		c.Save(p)
		p.Gold.Set(5)
		tick.After(c, p, 1)
		tick.Every(c, p, 1)
		tick.Cancel(c, p)
		if err := c.Teleport(p, town, geom.Vec3{}, 0); !errors.Is(err, ErrGone) {
			t.Errorf("Teleport: %v", err)
		}
		shout.Push(c, p, 1)
		if err := c.Teleport(q, town, geom.Vec3{}, 0); err != nil {
			t.Error(err)
		}
		for e := range c.In(town) {
			if e != Area(q) {
				t.Errorf("in the town is %v", e)
			}
		}
	})
	l.wait(10)
	l.happened()
	if len(l.pushed) > 0 || len(l.stale) > 0 || p.HasClient() || p.Proxy() != (addr.Proxy{}) {
		t.Errorf("pushed %v, stale %v, client %v", l.pushed, l.stale, p.HasClient())
	}
	l.nothingLeft(1)
}

func TestSpaces(t *testing.T) {
	l := newLab(t, false)
	p, q := l.puppet("ann"), l.puppet("bob")
	in := func(c *Call, space addr.EntityID) (all []Area) {
		for e := range c.In(space) {
			all = append(all, e)
		}
		return all
	}
	l.code(func(c *Call) {
		a, errA := c.NewSpace("town")
		b, errB := c.NewSpace("wood")
		if errA != nil || errB != nil || a == b || a.IsZero() {
			t.Fatalf("spaces %v, %v: %v, %v", a, b, errA, errB)
		}
		for _, e := range []*puppet{p, q} {
			if err := c.Teleport(e, a, geom.Vec3{X: 1}, 2); err != nil {
				t.Error(err)
			}
		}
		if p.Space() != a || p.Position() != (geom.Vec3{X: 1}) || p.Yaw() != 2 {
			t.Errorf("it is in %v at %v, %v", p.Space(), p.Position(), p.Yaw())
		}
		if got := in(c, a); !slices.Equal(got, []Area{p, q}) {
			t.Errorf("in the town: %v", got)
		}
		for e := range c.In(a) { // who leaves and who ends meanwhile is met once or not at all
			if e == Area(p) {
				_ = c.Teleport(p, b, geom.Vec3{}, 0)
				_ = c.Teleport(p, a, geom.Vec3{}, 0)
				c.Destroy(q)
			} else {
				t.Errorf("%v ends and is met", e)
			}
		}
		if got := in(c, a); !slices.Equal(got, []Area{p}) {
			t.Errorf("in the town: %v", got)
		}
		if got := in(c, addr.EntityID{N: 999}); got != nil {
			t.Errorf("in no space: %v", got)
		}
		for _, bad := range []geom.Vec3{{X: math.NaN()}, {Y: math.Inf(1)}, {Z: MaxCoord * 2}} {
			if err := c.Teleport(p, a, bad, 0); !errors.Is(err, ErrNoPlace) {
				t.Errorf("to %v: %v", bad, err)
			}
		}
		if err := c.Teleport(p, a, geom.Vec3{}, float32(math.NaN())); !errors.Is(err, ErrNoPlace) {
			t.Errorf("looking nowhere: %v", err)
		}
		if err := c.Teleport(p, addr.EntityID{N: 999}, geom.Vec3{}, 0); !errors.Is(err, ErrNoSpace) {
			t.Errorf("to no space: %v", err)
		}
		if err := c.Teleport(p, addr.EntityID{}, geom.Vec3{}, 0); err != nil || len(in(c, a)) > 0 {
			t.Errorf("out of every space: %v, left %v", err, in(c, a))
		}
	})
	l.code(func(c *Call) {
		for l.world.spaces.Len() < MaxSpaces {
			if _, err := c.NewSpace(""); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := c.NewSpace(""); !errors.Is(err, ErrFull) {
			t.Errorf("one space more: %v", err)
		}
	})
}

// A change is stale once, whoever's callback made it; Save writes what the callback ends with.
func TestChangesAreSavedBehindTheCallback(t *testing.T) {
	l := newLab(t, false)
	p := l.puppet("ann")
	if !slices.Equal(l.stale, []time.Duration{DefaultSaveWithin}) {
		t.Fatalf("a new entity is to be saved %v", l.stale)
	}
	l.record(p)
	l.stale = nil
	l.code(func(c *Call) { p.Mood.Set(1) })
	if len(l.stale) > 0 {
		t.Errorf("a change that is not saved: %v", l.stale)
	}
	l.code(func(c *Call) {
		p.Gold.Set(5) // another entity than the callback's
		if len(l.stale) > 0 {
			t.Error("saved in the middle of a callback")
		}
	})
	l.code(func(c *Call) { p.Gold.Set(6) })
	if !slices.Equal(l.stale, []time.Duration{DefaultSaveWithin}) {
		t.Errorf("changes are saved within %v", l.stale)
	}
	l.code(func(c *Call) {
		c.Save(p)
		if len(l.stale) > 1 {
			t.Error("saved in the middle of a callback")
		}
		p.Gold.Set(7)
	})
	if len(l.stale) != 2 || l.stale[1] != 0 {
		t.Errorf("Save: %v", l.stale)
	}
	l.record(p)
	l.code(func(c *Call) { p.Gold.Set(8) })
	if len(l.stale) != 3 {
		t.Errorf("a change after the record was taken: %v", l.stale)
	}
}

// An entity that was loaded with a timer in its record is saved like any other.
func TestALoadedEntityIsSavedWhenItChanges(t *testing.T) {
	l := newLab(t, false)
	p := l.puppet("ann")
	l.code(func(c *Call) { tick.After(c, p, 100) })
	data := l.record(p)
	l.code(func(c *Call) { c.Destroy(p) })
	again := l.load("ann", data)
	l.stale = nil
	l.code(func(c *Call) { again.Gold.Set(5) })
	if !slices.Equal(l.stale, []time.Duration{DefaultSaveWithin}) {
		t.Errorf("its change is saved %v", l.stale)
	}
}

// An endless chain of callbacks is the end of its entity, or of a run.
func TestCallbacksWithoutEndAreStopped(t *testing.T) {
	retry := func(p *puppet, c *Call) { poke.Ask(c, p.Mailbox(c), 1, said) }
	l := newLab(t, true)
	p, q := l.puppet("ann"), l.puppet("bob")
	l.refuse = proto.OutcomeNoStub
	l.script["said 0"], l.script["poke"] = retry, retry
	l.call(p, "poke", 1, encoded[int64](t, 1))
	if !l.resident(p).Gone() || !l.left[l.resident(p)].Panicked || l.resident(q).Gone() {
		t.Errorf("gone: %v, %v", l.resident(p).Gone(), l.resident(q).Gone())
	}
	l.nothingLeft(1)
	l = newLab(t, false)
	p = l.puppet("ann")
	l.refuse = proto.OutcomeNoStub
	l.script["said 0"], l.script["poke"] = retry, retry
	wantPanic(t, func() { l.call(p, "poke", 1, encoded[int64](t, 1)) }, "without end", "puppet")
}

// How many callbacks one brings about does not matter, only how long a chain is.
func TestManyRefusedCallsAreHeardOf(t *testing.T) {
	const n = 3 * settleDeepest
	l := newLab(t, true)
	p := l.puppet("ann")
	heard := 0
	l.script["said 0"] = func(*puppet, *Call) { heard++ }
	l.script["poke"] = func(p *puppet, c *Call) {
		for range n {
			poke.Ask(c, p.Mailbox(c), 1, said)
		}
	}
	l.refuse = proto.OutcomeFull
	l.call(p, "poke", 1, encoded[int64](t, 1))
	l.refuse = proto.OutcomeOK
	l.call(p, "poke", 2, encoded[int64](t, 1))
	l.do(func(env *node.Env) { l.world.GateGone(env, gateOne) })
	if heard != 2*n || l.resident(p).Gone() {
		t.Errorf("%d of %d outcomes were heard", heard, 2*n)
	}
	l.nothingLeft(1)
}
