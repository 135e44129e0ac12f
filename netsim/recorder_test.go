package netsim

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"messiah/core/node"
)

// boring decides for nothing to happen.
type boring struct{}

func (boring) Choose(string, int) int { return 0 }

// chance is a seeded stream of decisions.
type chance struct{ rng *rand.Rand }

func (c chance) Choose(_ string, n int) int { return c.rng.IntN(n) }

func newChance(seed uint64) chance { return chance{rand.New(rand.NewPCG(seed, 1))} }

// recorder runs a network: it keeps its time and writes down what arrives.
type recorder struct {
	*Net
	now    node.Time
	seq    uint64
	queue  []due
	lines  []string
	stuck  map[Site]bool // takes nothing
	full   map[Site]bool // drops datagrams
	ups    []End
	life   map[uint64]string // of each end, by connection number: "", "up", "down"
	onData func(e *End, b []byte)
}

type due struct {
	at    node.Time
	seq   uint64
	event Event
}

func newRecorder(choose func(from, to node.ID) Decider, quality Profile) *recorder {
	r := &recorder{stuck: map[Site]bool{}, full: map[Site]bool{}, life: map[uint64]string{}}
	r.Net = New(Config{
		Sink: r, Stream: choose,
		Quality: func(_, _ node.ID) Profile { return quality },
		KindOf: func(_ Class, b []byte) uint16 {
			if len(b) == 0 {
				return 0
			}
			return uint16(b[0])
		},
	})
	return r
}

// newPair is a network of two sites, of which the second accepts everything, with a quality that nothing disturbs.
func newPair(p Profile) (r *recorder, client, server Site) {
	r = newRecorder(func(_, _ node.ID) Decider { return boring{} }, p)
	return r, r.site(node.NewID(node.Client, 1)), r.server(node.NewID(node.Gate, 1))
}

func (r *recorder) site(id node.ID) Site {
	s := r.AddSite(id)
	r.SetReach(s, Here)
	return s
}

func (r *recorder) server(id node.ID) Site {
	s := r.site(id)
	r.Listen(s, id.String())
	r.Serve(s)
	return s
}

func (r *recorder) Schedule(at node.Time, event Event) {
	if at < r.now {
		panic(fmt.Sprintf("an event at %v, and it is %v", at, r.now))
	}
	r.seq++
	d := due{at, r.seq, event}
	i, _ := slices.BinarySearchFunc(r.queue, d, func(a, b due) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.seq, b.seq))
	})
	r.queue = slices.Insert(r.queue, i, d)
}

func (r *recorder) say(format string, args ...any) {
	r.lines = append(r.lines, fmt.Sprintf("%v ", r.now)+fmt.Sprintf(format, args...))
}

// turn moves an end on in its life, which has one beginning and one end.
func (r *recorder) turn(e *End, to string, from ...string) {
	if was := r.life[e.Conn]; !slices.Contains(from, was) {
		panic(fmt.Sprintf("%v hears %s of connection %d, which is %q", r.IDOf(e.Site), to, e.Conn, was))
	}
	r.life[e.Conn] = to
}

func (r *recorder) Up(e *End) bool {
	if r.stuck[e.Site] {
		return false
	}
	r.turn(e, "up", "")
	r.ups = append(r.ups, *e)
	r.say("%v up dialled=%v num=%d tag=%d", r.IDOf(e.Site), e.Dialled, e.Num, e.Tag)
	return true
}

func (r *recorder) Data(e *End, b []byte) bool {
	if r.stuck[e.Site] {
		return false
	}
	r.turn(e, "up", "up")
	r.say("%v data %x", r.IDOf(e.Site), b)
	if r.onData != nil {
		r.onData(e, b)
	}
	return true
}

func (r *recorder) Down(e *End) bool {
	if r.stuck[e.Site] {
		return false
	}
	if e.Standing {
		r.turn(e, "down", "up")
	} else {
		r.turn(e, "down", "")
	}
	r.say("%v down stood=%v num=%d", r.IDOf(e.Site), e.Standing, e.Num)
	return true
}

func (r *recorder) Datagram(site Site, from node.Endpoint, b []byte) bool {
	if r.full[site] {
		return false
	}
	r.say("%v datagram %x from port %d", r.IDOf(site), b, from.Port)
	if r.onData != nil {
		r.onData(&End{Site: site, Class: Datagrams, Endpoint: from}, b)
	}
	return true
}

// pass lets time go by.
func (r *recorder) pass(d time.Duration) {
	until := r.now.Add(d)
	for len(r.queue) > 0 && r.queue[0].at <= until {
		first := r.queue[0]
		r.queue = slices.Delete(r.queue, 0, 1)
		r.now = first.at
		r.Fire(r.now, first.event)
	}
	r.now = until
	r.At(r.now, 0)
}

// connect dials from client to server by process class and returns both connection numbers.
func (r *recorder) connect(t *testing.T, client, server Site) (a, b uint64) {
	t.Helper()
	r.ups = nil
	r.Dial(client, 7, r.IDOf(server).String())
	r.pass(time.Second)
	if len(r.ups) != 2 || r.ups[0].Site != server || r.ups[1].Site != client {
		t.Fatalf("a dial leads to %+v", r.ups)
	}
	a, b = r.ups[1].Conn, r.ups[0].Conn
	r.lines = nil
	return a, b
}

// want checks what was heard since the last call, times left out.
func (r *recorder) want(t *testing.T, what string, lines ...string) {
	t.Helper()
	got := make([]string, len(r.lines))
	for i, line := range r.lines {
		for j := range line {
			if line[j] == ' ' {
				got[i] = line[j+1:]
				break
			}
		}
	}
	if !slices.Equal(got, lines) {
		t.Errorf("%s:\ngot  %q\nwant %q", what, got, lines)
	}
	r.lines = nil
}

// wantClean checks that nothing is left of what was under way.
func (r *recorder) wantClean(t *testing.T) {
	t.Helper()
	if items, bytes := r.InFlight(); items != 0 || bytes != 0 || r.Conns() != 0 {
		t.Errorf("left over: %d items of %d bytes, %d connections", items, bytes, r.Conns())
	}
}
