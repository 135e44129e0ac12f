package entity

import (
	"errors"
	"strings"
	"testing"
	"time"

	"messiah/core/node"
	"messiah/core/proto"
)

// saveThen has a puppet save an entity and wait for it, in one callback.
func (l *lab) saveThen(p *puppet, e Entity, with ...With) {
	l.script["poke"] = func(_ *puppet, c *Call) { c.SaveThen(e, kept, with...) }
	l.call(p, "poke", 1, encoded[int64](l.t, 1))
	l.script["poke"] = nil
	l.answers = nil
	l.events = nil
}

func (l *lab) stored(p *puppet) {
	l.do(func(env *node.Env) { l.world.Stored(env, l.resident(p)) })
}

func TestASaveIsToldOfWhenItsCopyIsInTheStore(t *testing.T) {
	l := newLab(t, false)
	p := l.load("ann", nil)
	l.record(p)
	l.saveThen(p, p, With{Key: 7}) // while the copy before is under way
	l.stored(p)
	l.happened()
	l.record(p)
	l.saveThen(p, p, With{Key: 8})
	l.stored(p)
	l.happened("kept 7")
	if l.heard != nil {
		t.Errorf("the outcome is %v", l.heard)
	}
	l.record(p)
	l.stored(p)
	l.stored(p)
	l.happened("kept 8")
	if n := l.world.Inspect().Pending; n != 0 {
		t.Errorf("%d calls wait", n)
	}
}

// Whatever becomes of the entity, who waits for its record hears one outcome.
func TestASaveThatComesToNothingIsToldOf(t *testing.T) {
	for _, tt := range []struct {
		name string
		ends func(l *lab, p *puppet)
		want error
	}{
		{"discarded", func(l *lab, p *puppet) { l.do(func(env *node.Env) { l.world.Discard(env, l.resident(p)) }) }, ErrLost},
		{"panicked", func(l *lab, p *puppet) {
			l.script["look"] = func(*puppet, *Call) { panic("no luck") }
			l.call(p, "look", 2, encoded(l.t, None{}))
		}, ErrPanicked},
		{"deleted", func(l *lab, p *puppet) {
			l.script["look"] = func(p *puppet, c *Call) { c.Delete(p) }
			l.call(p, "look", 2, encoded(l.t, None{}))
		}, ErrNoRecord},
		{"late", func(l *lab, _ *puppet) { l.wait(2 * time.Second) }, ErrTimeout},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLab(t, true)
			by, p := l.puppet("by"), l.load("ann", nil)
			l.events, l.heard = nil, nil
			l.saveThen(by, p, With{Key: 3, Within: time.Second})
			tt.ends(l, p)
			n := 0
			for _, e := range l.events {
				if e == "kept 3" {
					n++
				}
			}
			if n != 1 || !errors.Is(l.heard, tt.want) {
				t.Errorf("told %d times, at last %v, want %v", n, l.heard, tt.want)
			}
			if !l.resident(p).Gone() { // late: the save itself goes on
				l.record(p)
				l.stored(p)
			}
			if n := l.world.Inspect().Pending; n != 0 {
				t.Errorf("%d calls wait", n)
			}
		})
	}
}

// The last copy of an entity that ends has what its waiters wait for: the Port tells them.
func TestWaitersForTheLastCopyGoWithIt(t *testing.T) {
	l := newLab(t, false)
	by, p := l.puppet("by"), l.load("ann", nil)
	l.saveThen(by, p, With{Key: 3})
	l.do(func(env *node.Env) { l.world.Unload(env, l.resident(p)) })
	left := l.left[l.resident(p)]
	l.events = nil
	if len(left.Savers) != 1 {
		t.Fatalf("%d waiters are left", len(left.Savers))
	}
	l.do(func(env *node.Env) { l.world.EndSaver(env, left.Savers[0], proto.OutcomeOK, "") })
	l.happened("kept 3")
	if l.heard != nil {
		t.Errorf("the outcome is %v", l.heard)
	}
}

func TestASaveThatCannotBeginIsToldOf(t *testing.T) {
	l := newLab(t, false)
	by, p := l.puppet("by"), l.load("ann", nil)
	rock := l.rock()
	l.heard = nil
	ends := func(e Entity, want error) {
		t.Helper()
		l.saveThenTold(by, e)
		if !errors.Is(l.heard, want) {
			t.Errorf("the outcome is %v, want %v", l.heard, want)
		}
	}
	ends(rock, ErrNoRecord)
	l.do(func(env *node.Env) { l.world.Unload(env, l.resident(p)) })
	ends(p, ErrStaleMailbox)

	q := l.load("bob", nil)
	for range MaxSavers {
		l.saveThen(by, q)
	}
	ends(q, ErrFull)
	l.do(func(env *node.Env) { l.world.Discard(env, l.resident(q)) })
}

func (l *lab) saveThenTold(by *puppet, e Entity) {
	l.t.Helper()
	l.heard = nil
	l.saveThen(by, e)
}

func (l *lab) rock() (r *rock) {
	l.code(func(c *Call) { r, _ = rocks.Create(c, nil) })
	return r
}

func TestARecordOverItsBoundIsToldOf(t *testing.T) {
	l := newLab(t, false)
	p := l.load("ann", nil)
	p.Bag.Set("big", make([]byte, MaxRecord))
	l.saveThen(p, p, With{Key: 3})
	l.record(p)
	l.do(func(env *node.Env) { l.world.Settle(env) })
	l.happened("kept 3")
	var failed *Failed
	if !errors.As(l.heard, &failed) || !strings.Contains(failed.Text, "over its bound") {
		t.Errorf("the outcome is %v", l.heard)
	}
}

// A record that was read again has not the wait for itself in it: what is read is the outcome.
func TestAWaitForARecordIsNotInIt(t *testing.T) {
	l := newLab(t, false)
	p := l.load("ann", nil)
	l.saveThen(p, p, With{Key: 3})
	data := l.record(p)
	l.do(func(env *node.Env) { l.world.Discard(env, l.resident(p)) })
	l.events = nil
	l.load("ann", data)
	l.happened("loaded")
}
