package entity

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"messiah/core/addr"
	"messiah/core/geom"
	"messiah/core/node"
	"messiah/core/proto"

	"pgregory.net/rapid"
)

// asker returns a puppet that, poked with 7, asks or tells whoever is given.
func (l *lab) asker(to func(c *Call) addr.Target, tells bool, with ...With) *puppet {
	p := l.puppet("asker")
	l.script["poke"] = func(p *puppet, c *Call) {
		switch {
		case l.argument != 7:
		case tells:
			poke.Tell(c, to(c), 1, with...)
		default:
			poke.Ask(c, to(c), 1, said, with...)
		}
	}
	l.events = nil
	return p
}

func TestAnAskHearsItsResult(t *testing.T) {
	l := newLab(t, false)
	q := l.puppet("bob")
	p := l.asker(func(c *Call) addr.Target { return q.Mailbox(c) }, false, With{Key: 5})
	l.script["said 5"] = func(*puppet, *Call) {
		if l.argument != 2 || l.heard != nil {
			t.Errorf("it heard %d, %v", l.argument, l.heard)
		}
	}
	l.call(p, "poke", 1, encoded[int64](t, 7))
	l.deliver()
	l.happened("poke", "poke", "said 5")
	l.ended(proto.OutcomeOK)
	l.wait(time.Hour)
	l.happened()
	l.nothingLeft(2)
}

// Every outcome is told once, as its error; the word of a method that failed with it.
func TestEveryOutcomeIsHeardOnce(t *testing.T) {
	for _, tells := range []bool{false, true} {
		for o := range proto.OutcomeOK + 40 {
			l := newLab(t, false)
			box := addr.Mailbox{Entity: addr.EntityID{Maker: 9, N: 9}, Game: elsewhere, Gate: gateOne}
			p := l.asker(func(*Call) addr.Target { return box }, tells, With{Key: 5})
			l.call(p, "poke", 1, encoded[int64](t, 7))
			num := l.sent[0].num
			body, text := encoded[int64](t, 3), ""
			if o == proto.OutcomeFailed {
				text = "no luck"
				body = []byte(text)
			}
			l.answered(num, o, body)
			l.answered(num, proto.OutcomeOK, body)
			l.wait(time.Hour)
			switch want := ErrorOf(o, text); {
			case tells && o == proto.OutcomeOK:
				l.happened("poke")
			case tells:
				l.happened("poke", "failed poke")
				wantError(t, l.heard, want)
			default:
				l.happened("poke", "said 5")
				wantError(t, l.heard, want)
			}
			if l.marks["answer-without-question"] != 1 {
				t.Errorf("a second answer left marks %v", l.marks)
			}
			l.nothingLeft(1)
		}
	}
}

func wantError(t *testing.T, got, want error) {
	t.Helper()
	var failed *Failed
	if errors.As(want, &failed) && got != nil {
		if got.Error() != want.Error() {
			t.Errorf("heard %v, want %v", got, want)
		}
		return
	}
	if !errors.Is(got, want) {
		t.Errorf("heard %v, want %v", got, want)
	}
}

func TestAnAnswerAfterTheTimeoutIsNotHeard(t *testing.T) {
	l := newLab(t, false)
	q := l.puppet("bob")
	p := l.asker(func(c *Call) addr.Target { return q.Mailbox(c) }, false, With{Within: time.Second})
	l.call(p, "poke", 1, encoded[int64](t, 7))
	l.wait(time.Second - 1)
	l.happened("poke")
	l.wait(1)
	l.happened("said 0")
	wantError(t, l.heard, ErrTimeout)
	// The number's place in the table is another call's by now.
	l.call(p, "poke", 2, encoded[int64](t, 7))
	l.answered(l.sent[0].num, proto.OutcomeOK, encoded[int64](t, 3))
	l.happened("poke")
	l.answered(l.sent[1].num, proto.OutcomeOK, encoded[int64](t, 3))
	l.happened("said 0")
	l.nothingLeft(2)
}

func TestAnAskWaitsForAskWithinUnlessItSaysOtherwise(t *testing.T) {
	l := newLab(t, false)
	p := l.asker(func(c *Call) addr.Target { return addr.Stub("bell") }, false, With{Within: -1})
	l.call(p, "poke", 1, encoded[int64](t, 7))
	l.wait(AskWithin - 1)
	l.happened("poke")
	l.wait(1)
	l.happened("said 0")
}

func TestARefusedCallHasOneOutcomeBehindTheCallback(t *testing.T) {
	l := newLab(t, false)
	box := addr.Mailbox{Gate: gateOne}
	p := l.asker(func(*Call) addr.Target { return box }, false)
	l.refuse = proto.OutcomeStaleMailbox
	l.script["said 0"] = func(p *puppet, c *Call) { poke.Tell(c, box, 1, With{Key: 8}) }
	l.script["failed poke"] = func(_ *puppet, c *Call) {
		if c.Key() != 8 {
			t.Errorf("the key is %d", c.Key())
		}
	}
	l.call(p, "poke", 1, encoded[int64](t, 7))
	l.happened("poke", "said 0", "failed poke")
	wantError(t, l.heard, ErrStaleMailbox)
	l.nothingLeft(1)
}

func TestTooManyCallsUnderWayAreRefused(t *testing.T) {
	l := newLab(t, false)
	p := l.puppet("ann")
	l.quiet = true
	l.code(func(c *Call) {
		for range MaxPending {
			poke.Tell(c, p.Mailbox(c), 1)
		}
	})
	l.quiet = false
	l.events = nil
	q := l.asker(func(c *Call) addr.Target { return p.Mailbox(c) }, false)
	l.call(q, "poke", 1, encoded[int64](t, 7))
	l.happened("poke", "said 0")
	wantError(t, l.heard, ErrFull)
	l.script["poke"] = func(p *puppet, c *Call) { c.FindPath(geom.Vec3{}, geom.Vec3{}, way) }
	l.call(q, "poke", 1, encoded[int64](t, 7))
	l.happened("poke", "way")
	wantError(t, l.heard, ErrFull)
	if n := l.world.Inspect().Pending; n != MaxPending {
		t.Errorf("%d calls are under way", n)
	}
	l.do(func(env *node.Env) { l.world.GateGone(env, gateOne) })
	l.nothingLeft(2)
}

func TestTheEndOfACallerIsTheEndOfItsCalls(t *testing.T) {
	l := newLab(t, false)
	q := l.puppet("bob")
	p := l.asker(func(c *Call) addr.Target { return q.Mailbox(c) }, false)
	l.call(p, "poke", 1, encoded[int64](t, 7))
	l.call(p, "poke", 1, encoded[int64](t, 7))
	l.code(func(c *Call) { c.Destroy(p) })
	l.deliver()
	l.wait(time.Hour)
	l.happened("poke", "poke", "lost", "destroyed", "poke", "poke")
	l.nothingLeft(1)
}

// A gate or a game that dies ends the calls that went by it, and no others.
func TestCallsByADeadGateOrGameAreLost(t *testing.T) {
	type end func(env *node.Env, w *World)
	gate := func(p node.Peer) end { return func(env *node.Env, w *World) { w.GateGone(env, p) } }
	game := func(g, p node.Peer) end { return func(env *node.Env, w *World) { w.GameGone(env, g, p) } }
	box := addr.Mailbox{Game: elsewhere, Gate: gateOne}
	for name, c := range map[string]struct {
		to   addr.Target
		end  end
		lost bool
	}{
		"its gate":            {box, gate(gateOne), true},
		"another gate":        {box, gate(gateTwo), false},
		"its game":            {box, game(gateOne, elsewhere), true},
		"by another gate":     {box, game(gateTwo, elsewhere), false},
		"another game":        {box, game(gateOne, node.Peer{ID: 5, Inc: 5}), false},
		"a proxy's gate":      {addr.Proxy{Gate: gateTwo}, gate(gateTwo), true},
		"another proxy's":     {addr.Proxy{Gate: gateTwo}, gate(gateOne), false},
		"an older life of it": {box, gate(node.Peer{ID: gateOne.ID, Inc: 1}), false},
	} {
		l := newLab(t, false)
		p := l.asker(func(*Call) addr.Target { return c.to }, false)
		l.call(p, "poke", 1, encoded[int64](t, 7))
		l.heard = nil
		l.do(func(env *node.Env) { c.end(env, l.world) })
		if lost := errors.Is(l.heard, ErrLost); lost != c.lost {
			t.Errorf("%s: heard %v", name, l.heard)
		}
	}
}

func TestACallWithoutAHandlerOfItsReplyIsTheAuthorsBug(t *testing.T) {
	l := newLab(t, true)
	p := l.puppet("ann")
	l.script["poke"] = func(p *puppet, c *Call) { poke.Ask(c, p.Mailbox(c), 1, Reply[int64]("nobody")) }
	l.call(p, "poke", 1, encoded[int64](t, 1))
	if !l.left[l.resident(p)].Panicked || !strings.Contains(strings.Join(l.logs, " "), "no handler of reply nobody") {
		t.Errorf("left %+v, logs %q", l.left[l.resident(p)], l.logs)
	}
	l.code(func(c *Call) { poke.Ask(c, addr.Stub("bell"), 1, said) })
	if l.world.Inspect().Panics != 2 || l.world.Inspect().Pending != 0 {
		t.Errorf("an Ask of nobody: %+v", l.world.Inspect())
	}
}

func TestAPathIsFoundRefusedOrLost(t *testing.T) {
	l := newLab(t, false)
	p := l.puppet("ann")
	l.script["poke"] = func(p *puppet, c *Call) { c.FindPath(geom.Vec3{}, geom.Vec3{X: 1}, way) }
	for i, c := range []struct {
		refuse bool
		o      proto.Outcome
		want   error
	}{
		{false, proto.OutcomeOK, nil}, {true, 0, ErrFull}, {false, proto.OutcomeFailed, &Failed{""}},
	} {
		l.noWay, l.events = c.refuse, nil
		l.call(p, "poke", uint64(i), encoded[int64](t, 1))
		if !c.refuse {
			var body []byte
			if c.want == nil {
				body = encoded(t, Path{Length: 1})
			}
			l.answered(l.world.lastNum, c.o, body)
		}
		l.happened("poke", "way")
		wantError(t, l.heard, c.want)
	}
	l.nothingLeft(1)
}

func TestAPushLeadsToAClientAlone(t *testing.T) {
	l := newLab(t, false)
	p := l.puppet("ann")
	l.code(func(c *Call) {
		shout.Push(c, p, 1)
		for _, to := range []addr.Target{p.Mailbox(c), addr.Stub("bell")} {
			if err := shout.Tell(c, to, 1); !errors.Is(err, ErrNoClient) {
				t.Errorf("to %T: %v", to, err)
			}
		}
		if err := shout.Tell(c, p.Proxy(), 1); err != nil {
			t.Error(err)
		}
	})
	if !slices.Equal(l.pushed, []Seat{p.seat}) || len(l.sent) != 1 || !l.sent[0].to.Client {
		t.Errorf("pushed to %v, sent %+v", l.pushed, l.sent)
	}
	l.do(func(*node.Env) { l.world.Unseat(l.resident(p)) })
	l.code(func(c *Call) { shout.Push(c, p, 1) })
	if len(l.pushed) != 1 || l.marks["push-without-client"] != 1 {
		t.Errorf("pushed to %v", l.pushed)
	}
}

func TestWhoMayCall(t *testing.T) {
	l := newLab(t, false)
	p, q := l.puppet("ann"), l.puppet("bob")
	none, number := encoded(t, None{}), encoded[int64](t, 1)
	try := func(name string, by, to *puppet, method string, args []byte, want proto.Outcome) {
		t.Helper()
		l.clientCall(by, to, method, 1, args)
		if len(l.answers) != 1 || l.answers[0].outcome != want || l.answers[0].to.Route != by.seat.Route {
			t.Errorf("%s: answers %+v, want %v", name, l.answers, want)
		}
		l.answers = nil
	}
	const ok, denied = proto.OutcomeOK, proto.OutcomeDenied
	try("its own", p, p, "mine", number, ok)
	try("another's", p, q, "mine", number, denied)
	try("what is for servers", p, p, "poke", number, denied)
	try("no method of the class", p, p, "ding", nil, proto.OutcomeNoMethod)
	try("no method", p, p, "nothing", nil, proto.OutcomeNoMethod)
	try("itself, anywhere", p, p, "look", none, ok)
	try("at the same place in no space", p, q, "look", none, denied)
	var town, wood addr.EntityID
	l.code(func(c *Call) {
		town, _ = c.NewSpace("town")
		wood, _ = c.NewSpace("wood")
	})
	place := func(e Area, space addr.EntityID, x float64) {
		l.code(func(c *Call) {
			if err := c.Teleport(e, space, geom.Vec3{X: x}, 0); err != nil {
				t.Fatal(err)
			}
		})
	}
	place(p, town, 0)
	place(q, town, ViewRadius)
	try("within sight", p, q, "look", none, ok)
	place(q, town, ViewRadius+0.001)
	try("out of sight", p, q, "look", none, denied)
	place(q, wood, 0)
	try("in another space", p, q, "look", none, denied)
	l.call(q, "look", 1, none)
	l.call(p, "poke", 1, number)
	l.ended(ok, ok)
}

func TestTheAnswerOfAnEntityThatEnds(t *testing.T) {
	l := newLab(t, false)
	p := l.puppet("ann")
	l.do(func(env *node.Env) {
		l.world.doom(env, l.resident(p))
		l.callHere(env, l.resident(p), "poke", encoded[int64](t, 1))
		l.world.settle(env)
	})
	l.ended(proto.OutcomeStaleMailbox)
}

// Clients read refusals; servers read everything, cut off between two letters.
func TestWhoReadsAnErrorsText(t *testing.T) {
	long := strings.Repeat("ä", maxErrorText)
	for name, c := range map[string]struct {
		fault          error
		client, server string
	}{
		"a refusal":         {Refusal("no gold"), "no gold", "no gold"},
		"a wrapped refusal": {fmt.Errorf("row 5: %w", Refusal("no gold")), "no gold", "row 5: no gold"},
		"another error":     {errors.New("row 5 is broken"), "", "row 5 is broken"},
		"another's failure": {&Failed{"secret"}, "", "secret"},
		"a long refusal":    {Refusal("x" + long), "x" + long[:maxErrorText-2], "x" + long[:maxErrorText-2]},
	} {
		l := newLab(t, false)
		p := l.puppet("ann")
		l.fault = c.fault
		l.clientCall(p, p, "mine", 1, encoded[int64](t, 1))
		l.call(p, "mine", 2, encoded[int64](t, 1))
		for i, want := range []string{c.client, c.server} {
			if got := l.answers[i]; got.outcome != proto.OutcomeFailed || got.body != want {
				t.Errorf("%s: %+v, want %q", name, got, want)
			}
		}
	}
}

// A client calls as often as a bucket of n calls lets it that refills one each n-th part of per.
func TestAClientCallsAtMostSoOften(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rate{rapid.IntRange(1, 12).Draw(t, "n"), time.Duration(rapid.IntRange(1, 60).Draw(t, "per"))}
		h := &handler{rate: r}
		var resident Resident
		each := (int64(r.per) + int64(r.n) - 1) / int64(r.n)
		room, now := int64(r.n)*each, node.Time(0)
		ran := []node.Time{}
		for range 60 {
			pause := rapid.Int64Range(0, int64(r.per)).Draw(t, "pause") * rapid.Int64Range(0, 1).Draw(t, "pauses")
			now = now.Add(time.Duration(pause))
			room = min(room+pause, int64(r.n)*each)
			may := room >= each
			if may {
				room -= each
				ran = append(ran, now)
			}
			if got := resident.spend(h, now); got != may {
				t.Fatalf("call at %d: %v, want %v", now, got, may)
			}
		}
		for i := range ran {
			for j := i; j < len(ran); j++ {
				if n, most := j-i+1, int64(r.n)+int64(ran[j]-ran[i])/each; int64(n) > most {
					t.Fatalf("%d calls from %d to %d, want %d at most", n, ran[i], ran[j], most)
				}
			}
		}
	})
}

func TestARateIsOfEachClientAndNotOfServers(t *testing.T) {
	l := newLab(t, false)
	p, q := l.puppet("ann"), l.puppet("bob")
	none := encoded(t, None{})
	for range 4 {
		l.clientCall(p, p, "rated", 1, none)
	}
	l.clientCall(q, q, "rated", 1, none)
	for range 5 {
		l.call(p, "rated", 1, none)
	}
	const ok, often = proto.OutcomeOK, proto.OutcomeTooOften
	l.ended(ok, ok, ok, often, ok, ok, ok, ok, ok, ok)
	l.wait(time.Second/3 + 1)
	l.clientCall(p, p, "rated", 1, none)
	l.clientCall(p, p, "rated", 1, none)
	l.ended(ok, often)
}

func TestBadArgumentsAreNotSeenByGameCode(t *testing.T) {
	l := newLab(t, false)
	p := l.puppet("ann")
	l.events = nil
	for _, args := range [][]byte{nil, {}, {0xc1}, encoded(t, "text"), append(encoded[int64](t, 1), 0)} {
		l.clientCall(p, p, "mine", 1, args)
		l.call(p, "mine", 1, args)
		l.ended(proto.OutcomeBadArgs, proto.OutcomeBadArgs)
	}
	l.happened()
}

// Whatever bytes a client sends as an argument, its method runs with a value of the
// argument's type, or not at all and the client is told.
func FuzzArguments(f *testing.F) {
	f.Add([]byte{}, false)
	f.Add(encoded[int64](f, 5), false)
	f.Add(encoded(f, "some text"), true)
	f.Add([]byte{0xdd, 0xff, 0xff, 0xff, 0xff}, true)
	f.Fuzz(func(t *testing.T, args []byte, text bool) {
		l := newLab(t, false)
		p := l.puppet("ann")
		l.events = nil
		method, event := "mine", "poke"
		if text {
			method, event = "spare", "spare"
		}
		l.clientCall(p, p, method, 1, args)
		if len(l.answers) != 1 {
			t.Fatalf("%d answers", len(l.answers))
		}
		switch o := l.answers[0].outcome; o {
		case proto.OutcomeOK:
			l.happened(event)
		case proto.OutcomeBadArgs:
			l.happened()
		default:
			t.Fatalf("outcome %v", o)
		}
	})
}
