package node

import (
	"errors"
	"strings"
	"testing"
	"time"

	"messiah/core/wire"
)

func TestLinkCarriesBothWays(t *testing.T) {
	w, gate, game := pair(t)
	w.settle()
	for i := range 100 {
		w.send(gate, game, i)
		w.send(game, gate, 1)
		w.sendByLane(game, gate, i)
	}
	w.settle()
	if got := gate.host.env.Links(); len(got) != 1 || got[0] != game.host.Self() {
		t.Errorf("the gate has links to %v", got)
	}
	mustKnow(t, "after 100 each", gate, game, acquaintance{state: "up", sent: 100, got: 200, ups: 1})
	mustKnow(t, "after 100 each", game, gate, acquaintance{state: "up", sent: 200, got: 100, ups: 1})
}

func TestSendWithoutALink(t *testing.T) {
	w, gate, game := pair(t)
	w.send(gate, game, 0)
	if !errors.Is(gate.node.last, ErrNoLink) {
		t.Errorf("before the link stands a send says %v", gate.node.last)
	}
	undelivered := 0
	gate.node.quiet = func(_ Peer, in *Input) {
		if in.Kind == InUndelivered && in.Type == typeNumber && in.NumRoutes() == 1 {
			undelivered++
		}
	}
	w.sendByLane(gate, game, 0)
	if undelivered != 1 {
		t.Errorf("a lane's frame without a link came back %d times", undelivered)
	}
}

// What is sent while a connection is broken arrives once it is back.
func TestBrokenConnectionIsADelay(t *testing.T) {
	w, gate, game := pair(t)
	w.settle()
	for round := range 5 {
		w.send(gate, game, 10)
		w.send(game, gate, 10)
		w.breakCable(w.cables[0], false)
		w.settle()
		w.send(gate, game, 10)
		w.sendByLane(game, gate, 10)
		if got := between(gate, game); got.state != "broken" || got.broken != round+1 {
			t.Fatalf("round %d: the gate knows %+v", round, *got)
		}
		w.pass(2)
	}
	mustKnow(t, "after five breaks", gate, game, acquaintance{state: "up", sent: 10, got: 10, ups: 1, broken: 5, backed: 5})
	mustKnow(t, "after five breaks", game, gate, acquaintance{state: "up", sent: 10, got: 10, ups: 1, broken: 5, backed: 5})
}

// A connection that dies without a word is given up after some seconds, by both sides.
func TestSilentConnectionIsReplaced(t *testing.T) {
	w, gate, game := pair(t)
	w.settle()
	w.breakCable(w.cables[0], true)
	w.send(gate, game, 1)
	w.pass((silenceBreaks + 2*pingEvery).Seconds())
	mustKnow(t, "after a silent break", gate, game, acquaintance{state: "up", sent: 1, ups: 1, broken: 1, backed: 1})
	if got := between(game, gate); got.state != "up" || got.got != 1 {
		t.Errorf("the game knows %+v", *got)
	}
}

// The acceptor has not noticed that a connection broke when its successor stands.
func TestNewConnectionReplacesTheOld(t *testing.T) {
	w, gate, game := pair(t)
	w.settle()
	old := w.cables[0]
	w.send(gate, game, 1)
	w.send(game, gate, 1)
	// Only the gate hears the end; what it had sent is still under way.
	old.queue[0] = []news{{kind: InConnDown}}
	w.deliver(old, 0)
	w.advance(w.now+Time(time.Second), func() { w.settleBut(old) })
	mustKnow(t, "after the resume", gate, game, acquaintance{state: "up", sent: 1, got: 1, ups: 1, broken: 1, backed: 1})
	mustKnow(t, "after the resume", game, gate, acquaintance{state: "up", sent: 1, got: 1, ups: 1, backed: 1})
	w.settle() // the late frame comes over a connection that the game has closed
	mustKnow(t, "after the late frame", game, gate, acquaintance{state: "up", sent: 1, got: 1, ups: 1, backed: 1})
}

// A proof that was under way when its connection was given up names an old count.
func TestLateProofDoesNotDouble(t *testing.T) {
	w, gate, game := pair(t)
	slow := w.cables[0]
	for w.frameToward(slow, 1) != frameProof {
		if !w.deliver(slow, 1) && !w.deliver(slow, 0) {
			t.Fatal("no proof came")
		}
	}
	// The gate gives the connection up while its proof is under way, and makes another.
	held := slow.queue[1]
	slow.queue[1] = nil
	w.breakCable(slow, false)
	w.deliver(slow, 0)
	slow.cut, slow.ends[1].closed = false, false
	w.advance(w.now+Time(time.Second), func() { w.settleBut(slow) })
	for range 10 {
		w.send(game, gate, 1)
		w.send(gate, game, 1)
		w.settleBut(slow)
	}
	slow.queue[1] = append(held, news{kind: InConnDown})
	w.pass(2)
	for range 10 {
		w.send(game, gate, 1)
	}
	w.pass(2)
	if got := between(gate, game); got.got != 20 || got.state != "up" {
		t.Errorf("the gate knows %+v, want 20 messages", *got)
	}
	if got := between(game, gate); got.got != 10 || got.state != "up" {
		t.Errorf("the game knows %+v, want 10 messages", *got)
	}
}

// frameToward returns the type of the first frame under way toward an end.
func (w *wires) frameToward(c *cable, side int) uint16 {
	if len(c.queue[side]) == 0 || c.queue[side][0].kind != InConnData {
		return 0
	}
	f, _, _ := wire.Split(c.queue[side][0].bytes)
	return f.Type
}

// Both may dial each other: nothing is doubled whatever connection wins, and one link stands in the end.
func TestBothDialAtOnce(t *testing.T) {
	w, gate, game := pair(t)
	w.connect(game, gate)
	w.pass(30)
	for range 10 {
		w.send(gate, game, 1)
		w.send(game, gate, 1)
		for _, c := range w.cables {
			w.breakCable(c, false)
		}
		w.pass(10)
	}
	for _, p := range [][2]*proc{{gate, game}, {game, gate}} {
		if got := between(p[0], p[1]); got.state != "up" || got.got != 10 || got.ups != 1 || got.downs != 0 {
			t.Errorf("%v knows of %v: %+v", p[0].id, p[1].id, *got)
		}
		if dials := len(p[0].host.dials); dials != 1 {
			t.Errorf("%v keeps %d dials", p[0].id, dials)
		}
	}
	if len(w.cables) != 1 {
		t.Errorf("%d connections stand, want 1", len(w.cables))
	}
}

// Two processes dial each other. While the gate's proof, with its count of what it
// has, is under way, the game's own connection stands and carries more.
func TestProofOvertakenByThePeersConnection(t *testing.T) {
	w, gate, game := pair(t)
	w.settle()
	w.connect(game, gate)
	w.breakCable(w.cables[0], false)
	w.settle()
	w.advance(w.now+Time(20*time.Millisecond), nil)
	if len(w.cables) != 2 {
		t.Fatalf("%d connections are being made, want 2", len(w.cables))
	}
	ours, theirs := w.cables[0], w.cables[1]
	if ours.ends[0].proc != gate {
		ours, theirs = theirs, ours
	}
	for w.frameToward(ours, 1) != frameProof {
		if !w.deliver(ours, 1) && !w.deliver(ours, 0) {
			t.Fatal("no proof came")
		}
	}
	w.settleBut(ours)
	w.send(game, gate, 1)
	w.settleBut(ours)
	if got := between(gate, game); got.state != "up" || got.got != 1 || theirs.ends[0].closed {
		t.Fatalf("before the late proof the gate knows %+v", *got)
	}
	for range 5 {
		w.deliver(ours, 1)
		w.deliver(ours, 0)
	}
	w.pass(5)
	if got := between(gate, game); got.state != "up" || got.got != 1 {
		t.Errorf("after the late proof the gate knows %+v", *got)
	}
}

// A peer's connection that stands already is not given up for one that is only being made.
func TestStandingConnectionIsKept(t *testing.T) {
	w, gate, game := pair(t)
	w.connect(game, gate)
	ours, theirs := w.cables[0], w.cables[1]
	for w.frameToward(ours, 0) != frameChallenge {
		if !w.deliver(ours, 1) && !w.deliver(ours, 0) {
			t.Fatal("no challenge came")
		}
	}
	w.settleBut(ours)
	w.pass(5)
	for _, p := range [][2]*proc{{gate, game}, {game, gate}} {
		mustKnow(t, "in the end", p[0], p[1], acquaintance{state: "up", ups: 1})
	}
	if len(w.cables) != 1 || w.cables[0] != theirs {
		t.Errorf("%d connections stand", len(w.cables))
	}
}

// A dial whose link stands on the peer's connection takes over when that ends and the peer dials no more.
func TestOvertakenDialComesBack(t *testing.T) {
	for _, byLife := range []bool{false, true} {
		w, gate, game := pair(t)
		w.settle()
		to := Peer{ID: gate.id}
		if byLife {
			to = gate.host.Self()
		}
		w.tell(game, cmdConnect, to, 0, gate.addr()) // the link stands: no second connection
		w.settle()
		if len(w.cables) != 1 || game.dials != 0 {
			t.Fatalf("%d connections, %d dials of the game", len(w.cables), game.dials)
		}
		gate.host.endDial(gate.host.dials[0])
		w.breakCable(w.cables[0], false)
		w.send(gate, game, 1)
		w.pass(2)
		if got := between(game, gate); got.state != "up" || got.got != 1 || game.dials != 1 {
			t.Errorf("the game knows %+v after %d dials", *got, game.dials)
		}
	}
}

// A handshake with an earlier life that ends late must not touch the link to its successor.
func TestLateAnswerOfAnEarlierLife(t *testing.T) {
	for i := range 16 {
		steps, broken := i/2, i%2 == 1
		w, gate, game := pair(t)
		old := game.host.Self()
		w.tell(gate, cmdConnect, old, 0, game.addr()) // instead of the dial to whoever lives there
		late := w.cables[1]
		for range steps {
			if !w.deliver(late, 1) {
				w.deliver(late, 0)
			}
		}
		w.stop(game, false)
		w.start(game)
		w.tell(gate, cmdConnect, game.host.Self(), 0, game.addr())
		w.settleBut(late)
		w.send(gate, game, 1)
		w.send(game, gate, 1)
		if broken { // the end of the new connection comes first, then the old one's news
			c := w.cables[len(w.cables)-1]
			w.breakCable(c, false)
			w.deliver(c, 0)
			w.settle()
		}
		w.pass(5)
		got, breaks := between(gate, game), 0
		if broken {
			breaks = 1
		}
		if got.state != "up" || got.ups != 1 || got.broken != breaks || got.got != 1 {
			t.Errorf("after %d steps with the old life the gate knows %+v", steps, *got)
		}
		if got := gate.node.of(old); got.ups != got.downs {
			t.Errorf("after %d steps with the old life the gate knows of it %+v", steps, *got)
		}
	}
}

func TestForgetEndsALinkOnce(t *testing.T) {
	for _, c := range []struct {
		name     string
		dialler  bool // who forgets
		standing bool // or the connection is broken at the time
	}{{"dialler, standing", true, true}, {"dialler, broken", true, false}, {"acceptor, standing", false, true}, {"acceptor, broken", false, false}} {
		w, gate, game := pair(t)
		w.settle()
		at, dead := gate, game
		if !c.dialler {
			at, dead = game, gate
		}
		for range 3 {
			w.send(dead, at, 1)
		}
		if !c.standing {
			w.settle()
		}
		life := dead.host.Self()
		w.stop(dead, false)
		if !c.standing {
			w.settle()
		}
		for range 3 { // each list of the manager names the dead again
			w.forget(at, life)
		}
		w.pass(5)
		if got := *at.node.of(life); got.state != "down" || got.got != 3 || got.downs != 1 {
			t.Errorf("%s: %v knows %+v", c.name, at.id, got)
		}
		if got := at.host.Links(); len(got) != 0 || len(at.host.conns) != 0 || at.host.NextTimer() != Never && !c.dialler {
			t.Errorf("%s: %d links, %d connections, next timer %v", c.name, len(got), len(at.host.conns), at.host.NextTimer())
		}
	}
}

// A dead process whose connection does not end: what is under way still comes, within a bound.
func TestForgetWaitsForWhatWasSent(t *testing.T) {
	w, gate, game := pair(t)
	w.settle()
	for range 3 {
		w.send(game, gate, 1)
	}
	life := game.host.Self()
	w.stop(game, true)
	w.forget(gate, life)
	w.advance(w.now+Time(forgottenWithin/2), nil)
	w.forget(gate, life) // once more, as each list does: it does not move the bound
	w.settle()
	if got := *gate.node.of(life); got.got != 3 || got.downs != 0 {
		t.Errorf("before the bound the gate knows %+v", got)
	}
	w.pass(forgottenWithin.Seconds() / 2)
	if got := *gate.node.of(life); got.state != "down" || got.downs != 1 {
		t.Errorf("after the bound the gate knows %+v", got)
	}
}

// A process that was forgotten alive is told so, whenever it comes back, and never linked again.
func TestForgottenProcessIsToldThatItIsDead(t *testing.T) {
	w, gate, game := pair(t)
	w.settle()
	w.send(gate, game, 1)
	w.send(game, gate, 1)
	w.settle()
	w.forget(game, gate.host.Self())
	w.pass(10)
	if !gate.node.dead {
		t.Errorf("the gate heard %q", gate.node.refused)
	}
	if got := between(game, gate); got.ups != 1 || got.downs != 1 {
		t.Errorf("the game knows %+v", *got)
	}
}

// Many lives of one process may die; each is remembered, not only the latest.
func TestEarlierDeadLivesStayDead(t *testing.T) {
	w, gate, game := pair(t)
	w.breakCable(w.cables[0], false) // no link yet
	zombie := gate.host.Self()
	w.forget(game, zombie)
	w.forget(game, Peer{gate.id, zombie.Inc + 2})
	w.pass(5)
	if !gate.node.dead || between(game, gate).ups != 0 {
		t.Errorf("dead: %v; the game knows %+v", gate.node.dead, *between(game, gate))
	}
}

// The memory of dead lives is bounded. One that fell out of it still has its link and is told by that.
func TestDeadLifeIsKnownByItsLink(t *testing.T) {
	w, gate, game := pair(t)
	w.settle() // the link stands, and nothing was ever sent
	w.forget(game, gate.host.Self())
	for i := range maxForgotten {
		w.forget(game, Peer{NewID(Gate, 2), Incarnation(i + 1)})
	}
	if len(game.host.forgotten) != maxForgotten {
		t.Errorf("%d dead lives are remembered, the bound is %d", len(game.host.forgotten), maxForgotten)
	}
	w.pass(5)
	if !gate.node.dead || between(game, gate).ups != 1 {
		t.Errorf("dead: %v; the game knows %+v", gate.node.dead, *between(game, gate))
	}
}

// The dialler forgets a life while its connection to it is being made.
func TestForgetDuringTheHandshake(t *testing.T) {
	for steps := range 8 {
		w, gate, game := pair(t)
		c := w.cables[0]
		for range steps {
			if !w.deliver(c, 1) {
				w.deliver(c, 0)
			}
		}
		w.forget(gate, game.host.Self())
		w.pass(10)
		got := between(gate, game)
		if got.ups != got.downs || len(gate.host.Links()) != 0 {
			t.Errorf("forgotten after %d steps: the gate knows %+v, %d links", steps, *got, len(gate.host.Links()))
		}
		if limit := 20; gate.dials > limit {
			t.Errorf("forgotten after %d steps: %d dials in ten seconds", steps, gate.dials)
		}
		if game := between(game, gate); steps < 4 && game.ups != 0 {
			t.Errorf("forgotten after %d steps: the game knows %+v", steps, *game)
		}
	}
}

// A new life at the old address supersedes the one that a dial had found there.
func TestNewLifeSupersedesTheOld(t *testing.T) {
	for _, silently := range []bool{false, true} {
		w, gate, game := pair(t)
		w.settle()
		w.send(game, gate, 1)
		w.settle()
		old := game.host.Self()
		w.stop(game, silently)
		w.start(game)
		w.pass(10)
		if got := gate.node.of(old); got.state != "down" || got.downs != 1 || got.got != 1 || !gate.host.dead(old) {
			t.Errorf("silently %v: of the old life the gate knows %+v; dead: %v", silently, *got, gate.host.dead(old))
		}
		w.send(gate, game, 1)
		w.settle()
		mustKnow(t, "of the new life", gate, game, acquaintance{state: "up", sent: 1, ups: 1})
		mustKnow(t, "in the new life", game, gate, acquaintance{state: "up", got: 1, ups: 1})
	}
}

// The acceptor takes a new life of a dialler only when the old one is known dead.
func TestNewLifeWaitsForTheOldToBeForgotten(t *testing.T) {
	w, gate, game := pair(t)
	w.settle()
	old := gate.host.Self()
	w.stop(gate, false)
	w.start(gate)
	w.connect(gate, game)
	w.pass(5)
	if between(gate, game).ups != 0 || len(gate.node.refused) == 0 || gate.node.dead {
		t.Fatalf("before: the gate knows %+v and heard %q", *between(gate, game), gate.node.refused)
	}
	w.forget(game, old)
	w.pass(5)
	mustKnow(t, "after", game, gate, acquaintance{state: "up", ups: 1})
	if got := game.node.of(old); got.downs != 1 {
		t.Errorf("of the old life the game knows %+v", *got)
	}
}

// A dial that names a life does not take another one for it.
func TestDialOfALifeRefusesAnother(t *testing.T) {
	w, gate, game := pair(t)
	w.settle()
	old := game.host.Self()
	w.tell(gate, cmdConnect, old, 0, game.addr())
	w.stop(game, false)
	w.start(game)
	w.pass(5)
	if between(gate, game).ups != 0 || len(gate.node.refused) == 0 || !strings.Contains(gate.node.refused[0], "another life") {
		t.Errorf("the gate knows %+v and heard %q", *between(gate, game), gate.node.refused)
	}
	w.forget(gate, old)
	w.tell(gate, cmdConnect, game.host.Self(), 0, game.addr())
	w.pass(5)
	mustKnow(t, "after the new address", gate, game, acquaintance{state: "up", ups: 1})
	if dials := len(gate.host.dials); dials != 1 {
		t.Errorf("%d dials are left", dials)
	}
}

// The same life at another address: the link lives on.
func TestPeerThatMovesKeepsItsLink(t *testing.T) {
	w, gate, game := pair(t)
	w.settle()
	w.send(gate, game, 1)
	w.tell(gate, cmdConnect, game.host.Self(), 0, game.addr())
	w.breakCable(w.cables[0], false)
	w.send(gate, game, 1)
	w.pass(2)
	if got := between(game, gate); got.state != "up" || got.got != 2 || got.ups != 1 {
		t.Errorf("the game knows %+v", *got)
	}
}
