package netsim

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"messiah/core/node"

	"pgregory.net/rapid"
)

// action is one thing that is done to a network; what its numbers mean depends on the network's state.
type action struct{ What, A, B, N int }

// actions draws a list of actions.
func actions(t *rapid.T) []action {
	one := rapid.Custom(func(t *rapid.T) action {
		return action{
			What: rapid.IntRange(0, 15).Draw(t, "what"), A: rapid.IntRange(0, 5).Draw(t, "a"),
			B: rapid.IntRange(0, 5).Draw(t, "b"), N: rapid.IntRange(0, 1000).Draw(t, "n"),
		}
	})
	return rapid.SliceOfN(one, 40, 80).Draw(t, "actions")
}

// play is a run of a list of actions on three sites of mixed quality.
type play struct {
	*recorder
	sites []Site
	holds []*Held
	order map[[2]uint64]uint32 // by receiving connection: the last number heard
	sent  uint32
	wrong string
}

func newPlay(seed uint64) *play {
	p := &play{order: map[[2]uint64]uint32{}}
	profiles := Profiles()
	p.recorder = newRecorder(func(from, to node.ID) Decider {
		return newChance(seed ^ uint64(from)<<32 ^ uint64(to))
	}, Profile{})
	p.cfg.Quality = func(from, to node.ID) Profile { return profiles[int(from^to)%len(profiles)] }
	for i, kind := range []node.Kind{node.Gate, node.Game, node.Client} {
		p.sites = append(p.sites, p.server(node.NewID(kind, i+1)))
	}
	p.onData = p.heard
	for i, s := range p.sites { // something to disturb
		to := p.EndpointOf(p.sites[(i+1)%3])
		to.Stream = 1
		p.Dial(s, 1, p.IDOf(p.sites[(i+1)%3]).String())
		p.DialStream(s, to, 1)
	}
	p.pass(time.Second)
	return p
}

// heard checks that numbers on a connection only grow, and answers now and then from within the delivery.
func (p *play) heard(e *End, b []byte) {
	if e.Class == Datagrams || len(b) < 5 {
		return
	}
	n := uint32(b[1]) | uint32(b[2])<<8 | uint32(b[3])<<16
	key := [2]uint64{uint64(e.Site), e.Conn}
	if last := p.order[key]; n <= last {
		p.wrong = fmt.Sprintf("number %d behind %d", n, last)
	}
	p.order[key] = n
	if n%3 == 0 {
		p.Write(e.Conn, p.numbered(n%4))
	}
	if n%17 == 0 {
		p.Close(e.Conn)
	}
}

func (p *play) numbered(kind uint32) []byte {
	p.sent++
	return []byte{byte(kind), byte(p.sent), byte(p.sent >> 8), byte(p.sent >> 16), 0}
}

func (p *play) do(a action) {
	s, other := p.sites[a.A%len(p.sites)], p.sites[a.B%len(p.sites)]
	id, otherID := p.IDOf(s), p.IDOf(other)
	switch a.What {
	case 0:
		if s != other && p.reachable(s) {
			p.Dial(s, uint64(a.N), otherID.String())
		}
	case 1:
		if s != other && p.reachable(s) {
			to := p.EndpointOf(other)
			to.Stream = uint32(a.N)
			p.DialStream(s, to, uint32(a.B))
		}
	case 2, 3, 4, 5:
		if len(p.ups) > 0 {
			p.Write(p.ups[a.N%len(p.ups)].Conn, append(p.numbered(uint32(a.A)), make([]byte, a.N)...))
		}
	case 6:
		p.SendDatagram(s, p.EndpointOf(other), append(p.numbered(uint32(a.B)), make([]byte, a.N)...))
	case 7:
		if len(p.ups) > 0 {
			p.Close(p.ups[a.N%len(p.ups)].Conn)
		}
	case 8:
		p.SetReach(s, Reach(a.N%3))
	case 9:
		p.Block(id, otherID)
	case 10:
		p.Unblock(id, otherID)
	case 11:
		p.holds = append(p.holds, p.Hold(Match{From: id, Kind: uint16(a.B), Limit: a.N % 4}))
	case 12:
		p.doHold(a)
	case 13:
		p.stuck[s] = !p.stuck[s]
		p.Kick(s)
	case 14:
		p.ResetBetween(id, otherID, Class(a.N%3))
	case 15:
		p.Rebind(s)
	}
	p.pass(time.Duration(a.N) * time.Duration(a.N) * time.Microsecond)
}

func (p *play) reachable(s Site) bool { return p.Net.sites[s].reach == Here }

func (p *play) doHold(a action) {
	if len(p.holds) == 0 {
		return
	}
	h := p.holds[a.A%len(p.holds)]
	switch n := h.Len(); {
	case n == 0 || a.N%3 == 0:
		h.Release()
	case a.N%3 == 1:
		h.ReleaseItem(a.B % n)
	default:
		h.DropItem(a.B % n)
	}
}

// rest heals everything and ends every connection.
func (p *play) rest() {
	for _, h := range p.holds {
		h.Release()
	}
	for _, a := range p.sites {
		p.stuck[a] = false
		for _, b := range p.sites {
			p.Unblock(p.IDOf(a), p.IDOf(b))
		}
	}
	for _, a := range p.sites {
		p.Kick(a)
	}
	p.pass(time.Hour)
	for _, a := range p.sites {
		p.SetReach(a, Here)
		p.SetReach(a, Gone)
	}
	p.pass(time.Hour)
}

// The same decisions and the same actions lead to the same calls in the same
// order; on the way numbers on a connection only grow, each end lives once, as the
// recorder sees to, and at rest nothing is left.
func TestRunsAreEqual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed, list := rapid.Uint64().Draw(t, "seed"), actions(t)
		var first []string
		for range 2 {
			p := newPlay(seed)
			for _, a := range list {
				p.do(a)
			}
			p.rest()
			if p.wrong != "" {
				t.Fatal(p.wrong)
			}
			if items, bytes := p.InFlight(); items != 0 || bytes != 0 || p.Conns() != 0 {
				t.Fatalf("at rest %d items of %d bytes, %d connections", items, bytes, p.Conns())
			}
			for i := range p.Net.sites {
				if s := &p.Net.sites[i]; len(s.accepted)+len(s.dialled) != 0 {
					t.Fatalf("at rest site %d names %d streams", i, len(s.accepted)+len(s.dialled))
				}
			}
			if first == nil {
				first = p.lines
			} else if !slices.Equal(first, p.lines) {
				t.Fatalf("two runs differ:\n%q\n%q", first, p.lines)
			}
		}
	})
}
