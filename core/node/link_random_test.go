package node

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// muddle is a network of two or three processes in the hands of chance.
type muddle struct {
	*wires
	names  []Peer // every life that ever was
	dials  [][2]*proc
	byLife bool // dials name the life that they want
}

func newMuddle(t *rapid.T) *muddle {
	m := &muddle{wires: newWires(t), byLife: rapid.Bool().Draw(t, "dials name lives")}
	a, b := m.add(NewID(Gate, 1), "secret", testVersion), m.add(NewID(Game, 1), "secret", testVersion)
	m.dials = [][2]*proc{{a, b}}
	if rapid.Bool().Draw(t, "they dial each other") {
		m.dials = append(m.dials, [2]*proc{b, a})
	}
	if rapid.Bool().Draw(t, "three") {
		c := m.add(NewID(Game, 2), "secret", testVersion)
		m.dials = append(m.dials, [2]*proc{a, c}, [2]*proc{b, c})
	}
	for _, p := range m.procs {
		m.revive(p)
	}
	return m
}

// revive starts a new life, and tells the others where it is.
func (m *muddle) revive(p *proc) {
	m.start(p)
	m.names = append(m.names, p.host.Self())
	for _, d := range m.dials {
		switch from, to := d[0], d[1]; {
		case from == p && !m.byLife:
			m.connect(p, to)
		case (from == p || to == p) && m.byLife && from.host != nil && to.host != nil:
			m.tell(from, cmdConnect, to.host.Self(), 0, to.addr())
		}
	}
}

func (m *muddle) any(t *rapid.T) *proc {
	return m.procs[rapid.IntRange(0, len(m.procs)-1).Draw(t, "process")]
}

func (m *muddle) living(t *rapid.T) *proc {
	p := m.any(t)
	if p.host == nil {
		t.Skip("it is down")
	}
	return p
}

func (m *muddle) cable(t *rapid.T) *cable {
	if len(m.cables) == 0 {
		t.Skip("no connection")
	}
	return m.cables[rapid.IntRange(0, len(m.cables)-1).Draw(t, "connection")]
}

// The actions of chance. Deliveries of different connections pass each other
// freely, so old ones may deliver long after their successors stand.
func (m *muddle) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"send": func(t *rapid.T) {
			from, to := m.living(t), m.any(t)
			for range rapid.IntRange(1, 3).Draw(t, "count") {
				if rapid.Bool().Draw(t, "by lane") {
					m.sendByLane(from, to, 5)
				} else {
					m.send(from, to, 5)
				}
			}
		},
		"deliver": func(t *rapid.T) {
			c, side := m.cable(t), rapid.IntRange(0, 1).Draw(t, "side")
			for range rapid.IntRange(1, 4).Draw(t, "count") {
				m.deliver(c, side)
			}
			m.clean()
		},
		"handshake": func(t *rapid.T) {
			c := m.cable(t)
			for range rapid.IntRange(1, 8).Draw(t, "steps") {
				if !m.deliver(c, 1) {
					m.deliver(c, 0)
				}
			}
			m.clean()
		},
		"break": func(t *rapid.T) { m.breakCable(m.cable(t), rapid.Bool().Draw(t, "silently")) },
		"lose": func(t *rapid.T) { // one end hears of a break before the other
			c, side := m.cable(t), rapid.IntRange(0, 1).Draw(t, "side")
			if !c.ends[side].closed {
				c.queue[side] = append(c.queue[side], news{kind: InConnDown})
				c.cut = true
			}
		},
		"advance": func(t *rapid.T) {
			ms := rapid.OneOf(rapid.IntRange(0, 20), rapid.IntRange(0, 4000)).Draw(t, "milliseconds")
			m.advance(m.now.Add(time.Duration(ms)*time.Millisecond), nil)
		},
		"flow": func(t *rapid.T) { m.pass(0.1) },
		"crash": func(t *rapid.T) {
			m.stop(m.living(t), rapid.Bool().Draw(t, "silently"))
			m.clean()
		},
		"revive": func(t *rapid.T) {
			p := m.any(t)
			if p.host != nil {
				t.Skip("it lives")
			}
			m.revive(p)
		},
		"forget": func(t *rapid.T) { // the dead, and sometimes the living
			at, who := m.living(t), rapid.SampledFrom(m.names).Draw(t, "life")
			if who.ID == at.id {
				t.Skip("itself")
			}
			m.forget(at, who)
		},
		"": func(*rapid.T) { m.consistent() },
	}
}

// consistent checks what must hold of a host's tables at every moment.
func (m *muddle) consistent() {
	for _, p := range m.procs {
		if p.host == nil {
			continue
		}
		h := p.host
		if len(h.links) != len(h.order) || len(h.current) != len(h.order) {
			m.t.Fatalf("%v: %d links, %d current, %d in order", p.id, len(h.links), len(h.current), len(h.order))
		}
		for _, l := range h.order {
			if h.links[l.peer] != l || h.current[l.peer.ID] != l {
				m.t.Fatalf("%v: the link to %v is not in the tables", p.id, l.peer)
			}
			if c := h.conns[l.conn]; (l.conn != 0) != (c != nil) || c != nil && c.link != l {
				m.t.Fatalf("%v: the link to %v is on connection %d, which is another's", p.id, l.peer, l.conn)
			}
			if h.dead(l.peer) && l.conn == 0 {
				m.t.Fatalf("%v: the link to %v, forgotten, has no connection and stays", p.id, l.peer)
			}
		}
		for id, c := range h.conns {
			if c.state == connReady && (c.link == nil || c.link.conn != id) {
				m.t.Fatalf("%v: connection %d is ready and no link's", p.id, id)
			}
		}
		for _, d := range h.dials {
			_, waits := h.timers.find(timerKey{timerRedial, d.num})
			l := h.current[d.to.ID]
			if !d.busy && !waits && (l == nil || l.conn == 0) {
				m.t.Fatalf("%v: the dial to %v does nothing", p.id, d.to)
			}
			if d.busy && waits {
				m.t.Fatalf("%v: the dial to %v is made and will be made", p.id, d.to)
			}
			if d.busy && !slices.ContainsFunc(m.cables, func(c *cable) bool {
				return c.ends[0].host == h && c.ends[0].num == d.num && !c.ends[0].closed
			}) {
				m.t.Fatalf("%v: the dial to %v waits for an answer that will not come", p.id, d.to)
			}
			if d.to.Inc != 0 && h.dead(d.to) {
				m.t.Fatalf("%v: the dial to %v, which is dead, goes on", p.id, d.to)
			}
		}
		m.timersOwned(p)
	}
}

// timersOwned checks that each of a host's own timers is about something that exists.
func (m *muddle) timersOwned(p *proc) {
	h := p.host
	for _, one := range h.timers.heap {
		owned := false
		switch one.name {
		case timerPing, timerForget:
			l := h.linkByNum(one.key)
			owned = l != nil && l.conn != 0
		case timerRedial:
			owned = h.dialByNum(one.key) != nil
		case timerHandshake:
			c := h.conns[one.key]
			owned = c != nil && c.state != connReady
		}
		if !owned {
			m.t.Fatalf("%v: timer %x of %d is left over", p.id, one.name, one.key)
		}
	}
}

// rest lets faults end and the dead be known, as the manager sees to, and time pass.
func (m *muddle) rest() {
	for _, p := range m.procs {
		if p.host == nil {
			m.revive(p)
		}
	}
	for _, p := range m.procs {
		for _, other := range m.procs {
			for _, life := range other.past {
				if other != p {
					m.forget(p, life)
				}
			}
		}
	}
	for range 60 {
		m.pass(1)
		m.consistent()
	}
}

// Whatever happens to connections and processes, between two lives nothing is
// lost, doubled or reordered (the talkers check the latter two at each step), and
// each end of a link is told once.
func TestLinksUnderChance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMuddle(t)
		t.Repeat(m.actions())
		m.rest()
		for _, d := range m.dials {
			a, b := d[0], d[1]
			if a.host.dead(b.host.Self()) || b.host.dead(a.host.Self()) {
				continue
			}
			for _, p := range [][2]*proc{{a, b}, {b, a}} {
				here, there := between(p[0], p[1]), between(p[1], p[0])
				l := p[0].host.current[p[1].id]
				if here.state != "up" || here.got != there.sent || l.size() != 0 {
					t.Fatalf("at rest %v knows of %v: %+v; the other way %+v", p[0].id, p[1].id, *here, *there)
				}
			}
		}
		for _, p := range m.procs {
			for _, life := range m.names {
				a := p.node.of(life)
				if linked := slices.ContainsFunc(p.host.order, func(l *link) bool { return l.peer == life }); linked != (a.ups > a.downs) {
					t.Fatalf("at rest %v knows of %v: %+v; linked: %v", p.id, life, *a, linked)
				}
				if p.host.dead(life) && a.ups != a.downs {
					t.Fatalf("%v forgot %v and knows %+v", p.id, life, *a)
				}
			}
		}
	})
}
