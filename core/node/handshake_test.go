package node

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"messiah/core/wire"
)

func TestWrongSecretIsRefused(t *testing.T) {
	w := newWires(t)
	gate, game := w.add(NewID(Gate, 1), "secret", testVersion), w.add(NewID(Game, 1), "another", testVersion)
	warned := 0
	gate.cfg.Log = func(level Level, text string, _ ...any) {
		if level == Warn && strings.Contains(text, "secret") {
			warned++
		}
	}
	w.start(gate)
	w.start(game)
	w.connect(gate, game)
	w.pass(5)
	if between(gate, game).ups+between(game, gate).ups != 0 || warned == 0 {
		t.Errorf("a link without the secret: %+v; %d warnings", *between(gate, game), warned)
	}
}

// A dialler that skips the acceptor's proof, and guesses its own, gets nowhere.
func TestProofIsDemandedOfADialler(t *testing.T) {
	game := newTestHost(Config{Self: NewID(Game, 1), Secret: []byte("secret")}, func(*Env, *Input) {})
	run(game, 0)
	deliver := func(kind InputKind, conn uint64, frame []byte) []Op {
		game.Begin(0, 0)
		game.Deliver(&Input{Kind: kind, Conn: conn, Body: frame})
		return run(game, 0)
	}
	deliver(InConnUp, 1, nil)
	m := hello{from: Peer{NewID(Gate, 1), 5}, to: Peer{ID: game.Self().ID}}
	deliver(InConnData, 1, wire.AppendFrame(nil, frameHello, 0, nil, wire.Append(nil, &m)))
	ops := deliver(InConnData, 1, wire.AppendFrame(nil, frameProof, 0, nil, wire.Append(nil, &proof{})))
	if len(ops) != 2 || ops[1].Kind != OpClose {
		t.Fatalf("operations %+v, want a refusal and a close", ops)
	}
	if f, _, _ := wire.Split(ops[0].Bytes); f.Type != frameRefuse || len(game.Links()) != 0 {
		t.Errorf("frame %d, %d links", f.Type, len(game.Links()))
	}
}

func TestVersionRefusalNamesTheOlderSide(t *testing.T) {
	for _, c := range []struct {
		gate, game wire.Version
		want       string
	}{
		{wire.Version{ProtoMin: 1, ProtoMax: 1}, wire.Version{ProtoMin: 2, ProtoMax: 3}, "no protocol in common: gate1 speaks 1 to 1, game1 speaks 2 to 3; gate1 is older: upgrade it"},
		{wire.Version{ProtoMin: 4, ProtoMax: 5}, wire.Version{ProtoMin: 2, ProtoMax: 3}, "no protocol in common: gate1 speaks 4 to 5, game1 speaks 2 to 3; game1 is older: upgrade it"},
	} {
		w := newWires(t)
		gate, game := w.add(NewID(Gate, 1), "secret", c.gate), w.add(NewID(Game, 1), "secret", c.game)
		w.start(gate)
		w.start(game)
		said := record(gate, game)
		w.connect(gate, game)
		w.pass(5)
		if got := *said; len(got) < 2 || got[0] != "game1: refused a process connection: "+c.want+" [peer gate1]" ||
			got[1] != "gate1: a process refused a link: "+c.want+" [peer game1]" {
			t.Errorf("logged were %q", got)
		}
		if n := count(*said, "gate1: "); n != 1 || len(gate.node.refused) < 2 {
			t.Errorf("the gate heard %d refusals and logged %d", len(gate.node.refused), n)
		}
		if len(gate.node.refused) == 0 || !strings.Contains(gate.node.refused[0], c.want) || gate.node.dead {
			t.Errorf("the gate heard %q, want %q", gate.node.refused, c.want)
		}
		if between(game, gate).ups != 0 {
			t.Error("the game has a link")
		}
	}
}

// Tables of RPC names that differ keep no link from being made, and the side
// that was dialled says which one is older: once a link, not once a connection.
func TestVersionsWithAProtocolInCommonAreLinked(t *testing.T) {
	for _, c := range []struct {
		gate, game wire.Version
		want       []string
	}{
		{wire.Version{ProtoMin: 1, ProtoMax: 1, Schema: 3}, wire.Version{ProtoMin: 1, ProtoMax: 2, Schema: 4}, []string{
			"game1: linked to a process of another version of the game [peer gate1 older gate1 schema 4 peer_schema 3]"}},
		{wire.Version{ProtoMin: 1, ProtoMax: 1, Schema: 5}, wire.Version{ProtoMin: 1, ProtoMax: 1, Schema: 4}, []string{
			"game1: linked to a process of another version of the game [peer gate1 older game1 schema 4 peer_schema 5]"}},
		{wire.Version{ProtoMin: 1, ProtoMax: 1, Digest: 1}, wire.Version{ProtoMin: 1, ProtoMax: 1, Digest: 2}, []string{
			"game1: linked to a process of another version of the game [peer gate1 older neither schema 0 peer_schema 0]"}},
		{testVersion, testVersion, nil},
	} {
		w := newWires(t)
		gate, game := w.add(NewID(Gate, 1), "secret", c.gate), w.add(NewID(Game, 1), "secret", c.game)
		w.start(gate)
		w.start(game)
		said := record(gate, game)
		w.connect(gate, game)
		w.settle()
		w.send(gate, game, 3)
		w.send(game, gate, 3)
		w.settle()
		w.breakCable(w.cables[0], false)
		w.pass(5)
		if a, b := between(gate, game), between(game, gate); a.ups != 1 || b.ups != 1 || a.backed != 1 || a.got != 1 || b.got != 1 {
			t.Errorf("the gate knows %+v, the game %+v", *a, *b)
		}
		if !slices.Equal(*said, c.want) {
			t.Errorf("logged were %q, want %q", *said, c.want)
		}
	}
}

// record writes down what the processes log from now on.
func record(procs ...*proc) *[]string {
	said := new([]string)
	for _, p := range procs {
		p.host.cfg.Log = func(_ Level, text string, pairs ...any) {
			*said = append(*said, fmt.Sprintf("%v: %s %v", p.id, text, pairs))
		}
	}
	return said
}

// count returns how many lines begin so.
func count(lines []string, prefix string) (n int) {
	for _, line := range lines {
		if strings.HasPrefix(line, prefix) {
			n++
		}
	}
	return n
}

// Only a peer that has shown its proof may say that this process is dead.
func TestStrangerCannotEndAProcess(t *testing.T) {
	w, gate, _ := pair(t)
	c := w.cables[0]
	w.deliver(c, 1)
	c.queue[0] = append(c.queue[0], news{InConnData,
		wire.AppendFrame(nil, frameRefuse, 0, nil, wire.Append(nil, &refuse{reasonDead}))})
	w.deliver(c, 0)
	w.deliver(c, 0)
	if len(gate.node.refused) != 1 || gate.node.dead {
		t.Errorf("the gate heard %q; dead: %v", gate.node.refused, gate.node.dead)
	}
}

// However a dial fails, it is not made again without a wait that grows to about a second.
func TestRedialBacksOff(t *testing.T) {
	const seconds = 60
	for _, c := range []struct {
		name string
		spin func(w *wires, gate, game *proc)
	}{
		{"nobody listens", func(w *wires, gate, game *proc) { w.stop(game, false) }},
		{"refused as dead", func(w *wires, gate, game *proc) { w.forget(game, gate.host.Self()) }},
		{"answered by a dead life", func(w *wires, gate, game *proc) { w.forget(gate, game.host.Self()) }},
		{"another life of ours is linked", func(w *wires, gate, game *proc) {
			w.settle()
			w.stop(gate, false)
			w.start(gate)
			w.connect(gate, game)
		}},
		{"a peer that lost its memory", func(w *wires, gate, game *proc) {
			w.settle()
			w.send(game, gate, 1)
			w.pass(2) // acknowledged
			l := game.host.links[gate.host.Self()]
			l.next, l.base, l.received = 0, 0, 0
			w.breakCable(w.cables[0], false)
		}},
		{"lost as soon as it stands", func(w *wires, gate, game *proc) {
			game.node.quiet = func(_ Peer, in *Input) {
				if in.Kind == InLinkUp || in.Kind == InLinkBack {
					game.host.dropConn(game.host.conns[game.host.order[0].conn])
				}
			}
		}},
	} {
		w, gate, game := pair(t)
		c.spin(w, gate, game)
		gate.dials = 0
		w.pass(seconds)
		if gate.dials < seconds/3 || gate.dials > seconds+12 {
			t.Errorf("%s: %d dials in %d seconds", c.name, gate.dials, seconds)
		}
	}
}

// A dial is tried again soon after a connection that lasted, whatever came before.
func TestBackOffEndsWithAConnectionThatLasts(t *testing.T) {
	w, gate, game := pair(t)
	w.stop(game, false)
	w.pass(20)
	w.start(game)
	w.pass(5)
	broken := w.now
	w.breakCable(w.cables[0], false)
	w.pass(0.02)
	if got := between(gate, game); got.state != "up" || got.backed != 1 {
		t.Errorf("%v after the break the gate knows %+v", w.now.Sub(broken), *got)
	}
}

// News of a connection that was given up before must not start a second attempt.
func TestLateNewsOfADialIsIgnored(t *testing.T) {
	w, gate, game := pair(t)
	w.settle()
	c := w.cables[0]
	conn, num := c.ends[0].conn, c.ends[0].num
	gate.host.Begin(w.now, 0)
	gate.host.dropConn(gate.host.conns[conn])
	w.work(gate, 0)
	late := Input{Kind: InConnDown, Conn: conn, Num: num}
	w.turn(gate, &late) // while the dial waits
	w.advance(w.now+Time(8*time.Millisecond), nil)
	dials := gate.dials
	w.turn(gate, &late) // while the next attempt is under way
	w.pass(2)
	if gate.dials != dials || dials != 2 || between(gate, game).state != "up" {
		t.Errorf("%d dials, then %d, want 2; the gate knows %+v", dials, gate.dials, *between(gate, game))
	}
	if len(gate.host.conns) != 1 || len(game.host.conns) != 1 {
		t.Errorf("%d and %d connections stand", len(gate.host.conns), len(game.host.conns))
	}
	w.turn(gate, &Input{Kind: InConnUp, Conn: 999, Num: num})
	if len(gate.host.conns) != 1 {
		t.Error("a late connection of an earlier attempt was taken")
	}
}

// A connection on which nothing is said is given up, at whatever step of the handshake.
func TestHandshakeMustEnd(t *testing.T) {
	for steps := 1; steps < 6; steps++ {
		w, gate, game := pair(t)
		c := w.cables[0]
		for range steps {
			if !w.deliver(c, 1) {
				w.deliver(c, 0)
			}
		}
		w.breakCable(c, true)
		w.pass(0)
		stood := len(gate.host.conns) + len(game.host.conns)
		w.advance(w.now+Time(handshakeWithin)+1, nil)
		for _, p := range []*proc{gate, game} {
			for id, c := range p.host.conns {
				if c.state != connReady {
					t.Errorf("after %d steps: %v keeps connection %d (of %d) unfinished", steps, p.id, id, stood)
				}
			}
		}
	}
}

// What a newer peer says on a link, beside messages, is skipped where it is not known and read where it grew.
func TestNewerPeerIsUnderstood(t *testing.T) {
	w, gate, game := pair(t)
	w.settle()
	w.send(gate, game, 1)
	w.settle()
	count := []byte{1, 0, 0, 0, 0, 0, 0, 0, 99}
	c := w.cables[0]
	c.queue[0] = []news{
		{InConnData, wire.AppendFrame(nil, framePing, 0, nil, count)},
		{InConnData, wire.AppendFrame(nil, FirstType-1, 0, nil, []byte("new"))},
	}
	w.settle()
	if got := gate.host.Links()[0]; !got.Up || got.Unacked != 0 {
		t.Errorf("the gate's link is %+v", got)
	}
}

// Strangers may connect; what they say before they have proven themselves is small, or the connection ends.
func TestStrangersStaySmall(t *testing.T) {
	game := newTestHost(Config{Self: NewID(Game, 1), Secret: []byte("secret")}, func(*Env, *Input) {})
	run(game, 0)
	body := wire.Append(nil, &hello{to: Peer{ID: game.Self().ID}})
	body[0]++ // one field more, which only a newer peer knows
	for _, c := range []struct {
		extra int
		stays bool
	}{{10, true}, {maxHandshake, false}} {
		game.Begin(0, 0)
		game.Deliver(&Input{Kind: InConnUp, Conn: 1})
		game.Deliver(&Input{Kind: InConnData, Conn: 1, Body: wire.AppendFrame(nil, frameHello, 0, nil, wire.AppendBytes(body, make([]byte, c.extra)))})
		run(game, 0)
		if stays := game.conns[1] != nil; stays != c.stays {
			t.Errorf("a hello with %d bytes more: the connection stays: %v", c.extra, stays)
		}
		game.Deliver(&Input{Kind: InConnDown, Conn: 1})
	}
}
