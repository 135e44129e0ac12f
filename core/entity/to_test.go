package entity

import (
	"testing"

	"messiah/core/addr"
	"messiah/core/node"
	"messiah/core/proto"
)

// Whoever hears how a call ended is told to which address it went, of whatever kind.
func TestWhoHearsAnOutcomeKnowsWhereTheCallWent(t *testing.T) {
	box := addr.Mailbox{Entity: addr.EntityID{Maker: 21, N: 1}, Incarnation: 3, Game: elsewhere, Gate: gateOne}
	proxy := addr.Proxy{Client: addr.ClientID{1}, Gate: gateTwo}
	for _, to := range []addr.Target{box, proxy, addr.Stub("bell")} {
		for _, refused := range []bool{true, false} { // at once, or later
			l := newLab(t, false)
			p := l.puppet("ann")
			heard := map[string]addr.Target{}
			for _, event := range []string{"failed poke", "said 4"} {
				l.script[event] = func(_ *puppet, c *Call) { heard[event], _ = c.To() }
			}
			if refused {
				l.refuse = proto.OutcomeNoStub
			}
			l.script["look"] = func(_ *puppet, c *Call) {
				if _, has := c.To(); has {
					t.Error("a method has an address to which a call went")
				}
				poke.Tell(c, to, 1)
				poke.Ask(c, to, 2, said, With{Key: 4})
			}
			l.call(p, "look", 1, encoded(t, None{}))
			for _, m := range l.sent {
				l.answered(m.num, proto.OutcomeStaleMailbox, nil)
			}
			if heard["failed poke"] != to || heard["said 4"] != to {
				t.Errorf("to %v, refused at once %v: heard %v", to, refused, heard)
			}
		}
	}
}

// What goes to no address has none.
func TestAWayHasNoAddress(t *testing.T) {
	l := newLab(t, false)
	p := l.puppet("ann")
	l.script["look"] = func(_ *puppet, c *Call) {
		poke.Ask(c, addr.Stub("bell"), 2, said)
		c.FindPath(p.Position(), p.Position(), way)
	}
	l.call(p, "look", 1, encoded(t, None{}))
	l.answered(l.sent[0].num, proto.OutcomeNoStub, nil)
	told := true
	l.script["way"] = func(_ *puppet, c *Call) { _, told = c.To() }
	l.do(func(env *node.Env) { l.world.Answered(env, l.sent[0].num+1, proto.OutcomeFailed, nil) })
	if told {
		t.Error("a way has an address")
	}
}
