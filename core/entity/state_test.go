package entity

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"messiah/core/addr"
	"messiah/core/geom"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"

	"pgregory.net/rapid"
)

// hostState is a host's State as a message.
type hostState struct{ h *node.Host }

func (s *hostState) Code(c *wire.Coder) { s.h.State(c) }

func (l *lab) state() []byte { return wire.Append(nil, &hostState{l.host}) }

// twin returns another lab in the state of this one.
func (l *lab) twin(t *rapid.T) *lab {
	other := newLab(l.t, true)
	if err := wire.Decode(l.state(), &hostState{other.host}); err != nil {
		t.Fatal(err)
	}
	other.now, other.events = l.now, nil
	other.marks = map[string]int{}
	other.fate()
	return other
}

// fate has puppets do things when they are poked, by the argument.
func (l *lab) fate() {
	var held []Held
	l.script["poke"] = func(p *puppet, c *Call) {
		switch n := l.argument; n % 10 {
		case 0:
			tick.After(c, p, time.Duration(n)*time.Microsecond, uint64(n%3))
		case 1:
			tock.Every(c, p, time.Duration(n)*time.Millisecond)
		case 2:
			tock.Cancel(c, p)
		case 3:
			poke.Ask(c, p.Mailbox(c), n+1, said, With{Key: uint64(n), Within: time.Duration(n) * time.Millisecond})
		case 4:
			poke.Tell(c, addr.Mailbox{Entity: p.ID(), Gate: gateTwo, Game: elsewhere}, n)
		case 5:
			h, _ := c.Hold()
			held = append(held, h)
		case 6:
			Answer(c, Held(n%7), n, nil)
		case 7:
			p.Gold.Set(n)
			p.Mood.Set(n)
			if q, err := puppets.Create(c, func(q *puppet) { q.Gold.Set(n) }); err == nil && n%2 == 0 {
				tick.After(c, q, 5*time.Millisecond)
			}
		case 8:
			space, err := c.NewSpace("s")
			if err == nil {
				before := p.Space()
				_ = c.Teleport(p, space, geom.Vec3{X: float64(n)}, 1)
				_ = c.EndSpace(before, space)
			}
		case 9:
			switch {
			case n%4 == 0:
				c.Destroy(p)
			case n%4 == 1:
				c.SaveThen(p, kept, With{Key: uint64(n)})
			default:
				p.Gold.Set(int64(c.Rand().IntN(100)))
			}
		}
	}
}

// act does the step that a number stands for.
func (l *lab) act(n int64) {
	var all []*Resident
	l.world.Residents(func(r *Resident) bool { all = append(all, r); return true })
	if len(all) == 0 {
		l.puppet("new")
		return
	}
	p := all[int(n)%len(all)].entity.(*puppet)
	switch {
	case n%11 == 0:
		l.wait(time.Duration(n) * time.Millisecond)
	case n%11 == 1:
		l.puppet("another")
	case n%11 == 2:
		l.do(func(env *node.Env) { l.world.Detach(env, l.resident(p)) })
	case n%11 == 3:
		l.answered(uint64(n)%8, proto.OutcomeOK, encoded[int64](l.t, n))
	case n%11 == 4:
		l.do(func(env *node.Env) { l.world.GateGone(env, gateTwo) })
	case n%11 == 5:
		l.record(p)
		if n%2 == 0 {
			l.stored(p)
		}
	case n%11 == 6 && p.seat.Route != 0:
		l.clientCall(p, p, "rated", uint64(n), encoded(l.t, None{}))
	default:
		l.call(p, "poke", uint64(n), encoded[int64](l.t, n))
	}
}

// A world that is read back is the one that was written: in bytes, and in what it does from there.
func TestAWorldGoesOnFromItsState(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.Int64Range(0, 200), 1, 60)
		l := newLab(t, true)
		l.fate()
		for _, n := range steps.Draw(rt, "before") {
			l.act(n)
		}
		other := l.twin(rt)
		if a, b := l.state(), other.state(); !bytes.Equal(a, b) {
			rt.Fatalf("the state of %d bytes reads back as one of %d", len(a), len(b))
		}
		for _, one := range []*lab{l, other} {
			one.events, one.answers, one.sent, one.stale, one.hooks = nil, nil, nil, nil, nil
			one.logs, one.pushed = nil, nil
			one.marks = map[string]int{}
		}
		for _, n := range steps.Draw(rt, "after") {
			l.act(n)
			other.act(n)
			if !slices.Equal(l.events, other.events) || !slices.Equal(l.answers, other.answers) || !slices.Equal(l.stale, other.stale) {
				rt.Fatalf("step %d: events %q and %q,\nanswers %v and %v,\nstale %v and %v",
					n, l.events, other.events, l.answers, other.answers, l.stale, other.stale)
			}
		}
		if a, b := l.state(), other.state(); !bytes.Equal(a, b) {
			rt.Fatalf("the states of %d and %d bytes have parted", len(a), len(b))
		}
		if a, b := l.world.Inspect(), other.world.Inspect(); a != b {
			rt.Fatalf("they keep %+v and %+v", a, b)
		}
	})
}
