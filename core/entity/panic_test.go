package entity

import (
	"slices"
	"strings"
	"testing"

	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
)

// A panic in any callback ends its entity without a save, is counted, and touches nobody else.
func TestAPanicEndsItsEntityAlone(t *testing.T) {
	for _, event := range []string{"created", "attached", "lost", "poke", "tick 0", "said 0", "failed poke", "moved", "destroyed"} {
		l := newLab(t, true)
		q := l.puppet("bob")
		l.record(q)
		l.script[event] = func(p *puppet, c *Call) {
			if p == q {
				return
			}
			p.Gold.Set(9)
			q.Gold.Set(9)
			tock.After(c, p, 5)
			c.Save(p)
			poke.Tell(c, q.Mailbox(c), 1)
			panic("game code is wrong")
		}
		l.stale = nil
		l.events, l.hooks = nil, nil
		p := l.load("ann", nil)
		r := l.resident(p)
		l.provoke(p)
		for _, want := range l.stale {
			if want == 0 {
				t.Errorf("%s: an entity that failed is saved", event)
			}
		}
		l.deliver()
		left := l.left[r]
		if !r.Gone() || !left.Panicked || left.Data != nil || left.Index != nil || l.world.Inspect().Panics != 1 {
			t.Errorf("%s: gone %v, left %+v, %d panics", event, r.Gone(), left, l.world.Inspect().Panics)
		}
		after := l.events[slices.Index(l.events, event)+1:]
		if event == "poke" {
			after = after[:1]
		}
		if len(after) > 1 || len(after) == 1 && after[0] != "poke" { // what it sent before
			t.Errorf("%s: happened %q", event, l.events)
		}
		if l.resident(q).Gone() || q.Gold.Get() != 9 || !l.resident(q).dirty {
			t.Errorf("%s: another entity suffered", event)
		}
		if l.marks["game-code-panicked"] != 1 || !strings.Contains(strings.Join(l.logs, ""), "game code is wrong") {
			t.Errorf("%s: logs %q", event, l.logs)
		}
		l.nothingLeft(1)
	}
}

func TestWithoutContainmentAPanicGoesOn(t *testing.T) {
	l := newLab(t, false)
	p := l.puppet("ann")
	l.script["poke"] = func(*puppet, *Call) { panic("entity: game code is wrong") }
	wantPanic(t, func() { l.call(p, "poke", 1, encoded[int64](t, 1)) }, "game code is wrong")
}

// broken is an error whose own methods fail, as those of a nil pointer do.
type broken struct{ text *string }

func (b *broken) Error() string { return *b.text }

func TestCallersHearOfAPanic(t *testing.T) {
	for name, do := range map[string]func(l *lab) func(*puppet, *Call){
		"a panic":         func(*lab) func(*puppet, *Call) { return func(*puppet, *Call) { panic("no") } },
		"an error's text": func(l *lab) func(*puppet, *Call) { return func(*puppet, *Call) { l.fault = (*broken)(nil) } },
		"a nil dereference": func(*lab) func(*puppet, *Call) {
			return func(*puppet, *Call) { var p *puppet; p.Gold.Set(1) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, true)
			p, q := l.puppet("ann"), l.puppet("bob")
			l.script["poke"] = func(_ *puppet, c *Call) { _, _ = c.Hold() }
			l.call(p, "poke", 1, encoded[int64](t, 1))
			l.script["poke"] = do(l)
			l.call(p, "poke", 2, encoded[int64](t, 1))
			l.ended(proto.OutcomePanicked, proto.OutcomePanicked)
			l.fault = nil
			l.script["poke"] = nil
			l.call(q, "poke", 3, encoded[int64](t, 1))
			l.ended(proto.OutcomeOK)
			l.nothingLeft(1)
		})
	}
}

func TestAPanicOfWhatSetsUpAnEntityEndsBoth(t *testing.T) {
	l := newLab(t, true)
	p := l.puppet("ann")
	l.events = nil
	l.script["poke"] = func(p *puppet, c *Call) {
		_, _ = rocks.Create(c, func(r *rock) {
			c.Destroy(r)
			panic("no")
		})
	}
	l.call(p, "poke", 1, encoded[int64](t, 1))
	l.happened("poke")
	l.nothingLeft(0)
	if len(l.left) != 2 {
		t.Errorf("retired are %v", l.left)
	}
}

func TestAPanicOfTheServersOpenCodeIsCounted(t *testing.T) {
	l := newLab(t, true)
	l.code(func(*Call) { panic("no") })
	if n := l.world.Inspect().Panics; n != 1 {
		t.Errorf("%d panics are counted", n)
	}
	l.do(func(env *node.Env) { l.world.Open(env, nil) })
	l.nothingLeft(0)
}

// fuse is a value whose own Code method panics once it is lit.
type fuse struct{ Lit bool }

// Code reads or writes the fuse.
func (f *fuse) Code(c *wire.Coder) {
	if f.Lit {
		panic("the fuse was lit")
	}
	c.Bool(&f.Lit)
}

type firework struct {
	ServerEntity
	Fuse Value[fuse] `entity:"saved"`
}

const fireworks Kind[*firework] = "firework"

// A value's own Code method is game code wherever it runs: behind a callback, or where a record is written.
func TestAPanicOfAValuesOwnCodeEndsItsEntityAlone(t *testing.T) {
	l := newLab(t, true)
	l.world = NewWorld(Config{Classes: []*Class{Define(fireworks)}, Table: puppetTable(), Contain: true}, l)
	var behind, written *firework
	l.code(func(c *Call) {
		behind, _ = fireworks.Create(c, nil)
		written, _ = fireworks.Create(c, nil)
	})
	l.code(func(*Call) { behind.Fuse.Set(fuse{Lit: true}) })
	if !behind.resident.Gone() {
		t.Error("an entity whose change cannot be written lives on")
	}
	written.Fuse.v.Lit = true
	l.do(func(env *node.Env) {
		if data, _ := l.world.Record(env, written.resident); data != nil {
			t.Errorf("a record of %d bytes was written", len(data))
		}
	})
	if !written.resident.Gone() {
		t.Error("an entity whose record cannot be written lives on")
	}
	if n := l.world.Inspect().Panics; n != 2 {
		t.Errorf("%d panics are counted, and two happened", n)
	}
}
