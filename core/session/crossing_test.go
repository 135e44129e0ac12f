package session

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// plan is one interleaving: what the players, the loops and the network do.
type plan struct {
	kind   int
	player int
	n      int
}

// String names the step in a failed plan.
func (p plan) String() string {
	return fmt.Sprintf("%s(player %d, %d)", actNames[p.kind], p.player, p.n)
}

const (
	actSend = iota
	actPush
	actRun
	actHandle
	actTake // a client handles some of what has come
	actCut
	actBlock
	actHeal
	actDial
	actGrace
	actKick
	actLogout
	actAgain // a client drops its transport and dials at once
	actRefuse
	actGrant
	actLose // the next packets in one direction
	actEnd
)

var actNames = [actEnd]string{
	"send", "push", "run", "handle", "take", "cut", "block", "heal", "dial", "grace-over", "kick", "logout", "again", "refuse", "grant", "lose",
}

// A style is which acts a plan is made of, and how often.
type style struct {
	name  string
	busy  bool // the gate's loop handles only what the plan says, and no more
	slow  bool // the same of the players' loops, which have the immediate delivery
	kinds []int
}

var styles = [...]style{
	{"everything", false, false, []int{
		actSend, actSend, actSend, actPush, actPush, actPush, actRun, actRun, actRun, actRun,
		actCut, actCut, actBlock, actHeal, actHeal, actDial, actDial, actDial, actDial, actAgain, actAgain, actAgain, actLose, actLose,
		actGrace, actKick, actLogout, actRefuse, actGrant, actGrant,
	}},
	{"busy", true, false, []int{
		actSend, actSend, actPush, actPush, actRun, actRun, actRun, actRun, actHandle, actHandle, actHandle, actHandle,
		actAgain, actAgain, actAgain, actCut, actDial, actDial, actDial, actDial, actLose, actRefuse, actGrant, actGrace, actKick,
	}},
	{"slow", false, true, []int{
		actSend, actSend, actPush, actPush, actPush, actRun, actRun, actRun, actTake, actTake, actTake, actTake, actTake,
		actAgain, actCut, actDial, actDial, actDial, actDial, actLose, actRefuse, actGrant, actGrant, actGrant, actBlock, actHeal,
	}},
}

func drawPlan(t *rapid.T, kinds []int, players int) []plan {
	step := rapid.Custom(func(t *rapid.T) plan {
		return plan{
			kind:   rapid.SampledFrom(kinds).Draw(t, "act"),
			player: rapid.IntRange(0, players-1).Draw(t, "player"),
			n:      rapid.IntRange(1, 60).Draw(t, "n"),
		}
	})
	return rapid.SliceOfN(step, 20, 80).Draw(t, "plan")
}

// perform does one step of a plan.
func (w *world) perform(s plan, tr transport) {
	p := w.players[s.player]
	key := uint64(len(w.loop.logins))
	if l := w.loop.sessions[p.dialer().id]; l != nil {
		key = l.key
	}
	switch s.kind {
	case actSend:
		p.send(w, s.n%5+1)
	case actPush:
		w.tellGate(orderSend, key, uint64(s.n%5+1), 0)
	case actRun:
		w.run(time.Duration(s.n) * time.Millisecond)
	case actHandle:
		w.handle(&w.gate, nil, s.n%6+1)
	case actTake:
		w.handle(&p.side, p, s.n%6+1)
	case actCut:
		w.cut(p, time.Duration(s.n%7)*8*time.Millisecond, time.Duration(s.n/7)*8*time.Millisecond)
	case actBlock:
		p.blocked = true
		w.run(time.Duration(s.n) * 5 * time.Millisecond)
		p.blocked = s.n%8 == 0
	case actHeal:
		p.blocked = false
	case actDial:
		p.dial(w, tr, FlagResume)
		w.run(time.Duration(s.n) * time.Millisecond)
	case actGrace:
		w.tellGate(orderGrace, key, 0, 0)
	case actKick:
		if s.n%4 == 0 {
			w.tellGate(orderKick, key, uint64(ReasonKicked), 0)
		}
	case actLogout:
		if s.n%4 == 0 {
			p.task(w, TaskClose, 0)
		}
	case actAgain:
		w.cut(p, 0, time.Duration(s.n)*2*time.Millisecond)
		p.task(w, TaskAbort, 0)
		p.dial(w, tr, FlagResume)
	case actRefuse:
		w.loop.refuse = s.n%2 == 0
	case actGrant:
		w.loop.refuse = false
	case actLose:
		w.lose(p, s.n%2 == 0, s.n%4)
	}
}

// lose drops the player's next datagrams in one direction. A stream does not
// lose single packets, so that there the whole stream is blocked from the next one on.
func (w *world) lose(p *player, up bool, n int) {
	w.tap = func(f *flight) bool {
		if f.p != p || f.up != up || n < 0 {
			return true
		}
		if n--; f.conn != nil {
			w.cut(p, 30*time.Millisecond, 50*time.Millisecond)
			n = -1
		}
		return false
	}
}

// settle ends all faults and lets every player come back; then nothing may be missing.
func (w *world) settle(tr transport) {
	w.tap, w.noise, w.busy, w.loop.refuse = nil, noiseLevel{}, false, false
	for _, p := range w.players {
		p.blocked, p.busy = false, false
		w.handle(&p.side, p, -1)
	}
	w.handle(&w.gate, nil, -1)
	for range 4 {
		w.run(12 * time.Second)
		for _, p := range w.players {
			p.dial(w, tr, FlagResume)
		}
	}
	w.run(5 * time.Second)
	for _, p := range w.players {
		c, l := p.loop, w.loop.sessions[p.dialer().Session()]
		if !c.up || l == nil {
			w.fail("player %d is not back: failed %v, ended %v, login %+v", p.index, c.failed, c.ends, l)
			return
		}
		if l.got.last != c.sent || c.got.last != l.sent {
			w.fail("player %d: %d of %d up, %d of %d down", p.index, l.got.last, c.sent, c.got.last, l.sent)
		}
		if l.got.last > 0 && l.got.life != c.life || c.got.last > 0 && c.got.life != l.key {
			w.fail("player %d in life %d has login %d, which has life %d", p.index, c.life, l.key, l.got.life)
		}
	}
}

// leave logs all players out and forgets what was lost; then nothing may stay.
func (w *world) leave() {
	for _, p := range w.players {
		p.task(w, TaskClose, 0)
	}
	for _, l := range w.loop.logins {
		w.tellGate(orderGrace, l.key, 0, 0)
	}
	w.run(40 * time.Second)
}

// crossing checks any interleaving: what is delivered in a login is what was
// sent in it, once and in order, and in the end all of it.
func crossing(rt *rapid.T, tr transport, st style, o options) *world {
	o.players, o.immediate = 2, st.slow
	o.seed = rapid.Uint64().Draw(rt, "seed of the noise")
	w := newWorld(rt, o)
	w.honest = true
	w.loop.tell = rapid.Bool().Draw(rt, "tell")
	start := rapid.SampledFrom([]int{300, 300, 300, 65, 55, 0}).Draw(rt, "start")
	steps := drawPlan(rt, st.kinds, o.players)
	if tr.stream == 0 {
		w.noise = noiseLevel{loss: 10, duplicate: 10, reorder: 30}
	}
	tells := rapid.Bool().Draw(rt, "players tell")
	for _, p := range w.players {
		p.loop.tells = tells
		p.dial(w, tr, 0)
	}
	w.run(time.Duration(start) * time.Millisecond)
	w.busy = st.busy
	for _, p := range w.players {
		p.busy = st.slow
	}
	for _, s := range steps {
		w.perform(s, tr)
	}
	w.settle(tr)
	if w.failure == "" {
		w.leave()
		w.empty()
	}
	if w.failure != "" {
		rt.Fatal(w.failure)
	}
	return w
}

func TestResumeLosesAndDoublesNothing(t *testing.T) {
	over(t, func(t *testing.T, tr transport) {
		for _, st := range styles {
			t.Run(st.name, func(t *testing.T) {
				rapid.Check(t, func(rt *rapid.T) { crossing(rt, tr, st, options{}) })
			})
		}
	})
}
