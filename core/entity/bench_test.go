package entity

import (
	"testing"

	"messiah/core/addr"
	"messiah/core/node"
	"messiah/core/proto"
)

// anvil is an entity that does nothing but what a benchmark measures.
type anvil struct {
	ServerEntity
	Gold Value[int64]  `entity:"saved"`
	do   func(c *Call) `entity:"transient"`
	sum  int64         `entity:"transient"`
}

// blow is an argument of fixed size.
type blow struct {
	Skill, Target uint64
	X, Y          float32
}

func (a *anvil) hit(c *Call, b blow) (int64, error) {
	a.sum += int64(b.Skill)
	if a.do != nil {
		a.do(c)
	}
	return a.sum & 127, nil
}

func (a *anvil) heard(_ *Call, n int64, err error) {
	if err == nil {
		a.sum += n
	}
}

// road is a world between whose callbacks nothing stands: calls come, and are counted.
type road struct {
	l     *lab
	p     *anvil
	proxy addr.Proxy
	box   addr.Mailbox
	in    Incoming
	reply []byte
}

func newRoad(tb testing.TB, contain bool) *road {
	l := newLab(tb, contain)
	r := &road{l: l, proxy: addr.Proxy{Gate: gateOne}}
	l.do(func(env *node.Env) {
		res, err := l.world.Make(env, string(anvils), Birth{Incarnation: 1})
		if err != nil {
			tb.Fatal(err)
		}
		l.world.Wake(env, res)
		r.p = res.Entity().(*anvil)
	})
	number, _ := l.world.table.Number("hit")
	r.in = Incoming{From: fromServer(1), To: l.resident(r.p), Method: number, Args: encoded(tb, blow{1, 2, 3, 4})}
	r.reply = encoded[int64](tb, 6)
	l.code(func(c *Call) { r.box = r.p.Mailbox(c) })
	l.quiet = true
	return r
}

func (r *road) call(env *node.Env) { r.l.world.Call(env, &r.in) }

// within has f run by game code, as often as it is called.
func (r *road) within(f func(c *Call)) func(env *node.Env) {
	r.p.do = f
	return r.call
}

// Finding a method by its number and running it between enter and leave, codecs and answer aside.
func BenchmarkFindAndRun(b *testing.B) {
	r := newRoad(b, true)
	res := r.in.To
	r.l.do(func(env *node.Env) {
		b.ReportAllocs()
		for b.Loop() {
			h := res.class.methods[r.in.Method]
			c := r.l.world.enter(env, res)
			n, err := h.bound.(*binding[*anvil, blow, int64]).f(res.entity.(*anvil), c, blow{Skill: 1})
			r.l.world.leave(env, nil)
			if n < 0 || err != nil {
				b.Fatal(n, err)
			}
		}
	})
}

// ways are the roads that are measured and have to cost no allocation.
var ways = []struct {
	name string
	do   func(r *road) func(env *node.Env)
}{
	{"Call", func(r *road) func(*node.Env) { return r.call }},
	{"Tell", func(r *road) func(*node.Env) {
		call := r.within(func(c *Call) { hit.Tell(c, r.box, blow{1, 2, 3, 4}) })
		return func(env *node.Env) {
			call(env)
			r.l.world.Answered(env, r.l.world.lastNum, proto.OutcomeOK, nil)
		}
	}},
	{"TellProxy", func(r *road) func(*node.Env) {
		call := r.within(func(c *Call) { hit.Tell(c, r.proxy, blow{1, 2, 3, 4}) })
		return func(env *node.Env) {
			call(env)
			r.l.world.Answered(env, r.l.world.lastNum, proto.OutcomeOK, nil)
		}
	}},
	{"Ask", func(r *road) func(*node.Env) {
		call := r.within(func(c *Call) { hit.Ask(c, r.box, blow{1, 2, 3, 4}, said, With{Key: 1}) })
		return func(env *node.Env) {
			call(env)
			r.l.world.Answered(env, r.l.world.lastNum, proto.OutcomeOK, r.reply)
		}
	}},
	{"AskRefused", func(r *road) func(*node.Env) {
		r.l.refuse = proto.OutcomeStaleMailbox
		return r.within(func(c *Call) { hit.Ask(c, r.box, blow{1, 2, 3, 4}, said) })
	}},
	{"HoldAnswer", func(r *road) func(*node.Env) {
		return r.within(func(c *Call) {
			h, _ := c.Hold()
			Answer(c, h, int64(5), nil)
		})
	}},
	{"Change", func(r *road) func(*node.Env) {
		n := int64(0)
		return r.within(func(*Call) { n++; r.p.Gold.Set(n & 127) })
	}},
}

func BenchmarkRoads(b *testing.B) {
	for _, way := range ways {
		for _, contain := range []bool{false, true} {
			name := way.name
			if contain {
				name += "/contained"
			}
			b.Run(name, func(b *testing.B) {
				r := newRoad(b, contain)
				do := way.do(r)
				r.l.do(func(env *node.Env) {
					do(env)
					b.ReportAllocs()
					b.ResetTimer()
					for range b.N {
						do(env)
					}
				})
			})
		}
	}
}

// Calls with arguments of fixed size, and their answers, cost no allocation.
func TestCallsAllocateNothing(t *testing.T) {
	for _, way := range ways {
		for _, contain := range []bool{false, true} {
			r := newRoad(t, contain)
			do := way.do(r)
			r.l.do(func(env *node.Env) {
				if n := testing.AllocsPerRun(2000, func() { do(env) }); n > 0 {
					t.Errorf("%s, contained %v: %v allocations", way.name, contain, n)
				}
			})
		}
	}
}

// An entity ends beside sixty thousand calls of others that are under way.
func BenchmarkEndBesideManyCalls(b *testing.B) {
	r := newRoad(b, true)
	r.l.do(func(env *node.Env) {
		r.l.world.Open(env, func(c *Call) {
			for range MaxPending - 1 {
				hit.Tell(c, r.box, blow{1, 2, 3, 4})
			}
		})
		for b.Loop() {
			e, err := r.l.world.create(env, string(rocks))
			if err != nil {
				b.Fatal(err)
			}
			r.l.world.Unload(env, e)
			clear(r.l.left)
		}
	})
}
