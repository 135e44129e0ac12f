package attack

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"messiah/core/arq"
	"messiah/core/dbm"
	"messiah/core/game"
	"messiah/core/gate"
	"messiah/core/nav"
	"messiah/core/nav/recast"
	"messiah/core/node"
	"messiah/core/session"
	"messiah/prod"
	"messiah/prod/bots"
	"messiah/prod/cluster"
	"messiah/prod/config"
	"messiah/scenarios/siege"
)

// within bounds every wait of these tests.
const within = 30 * time.Second

// lookEvery is the time between two looks at what is waited for.
const lookEvery = 2 * time.Millisecond

// shards is how many lanes of sessions the attacked gate has.
const shards = 2

// perSwarm is how many honest bots there are over each transport.
const perSwarm = 8

// What an attack may leave behind in the heap, and by how much it may raise
// the heap's highest level, attackers and bots included, in bytes.
const (
	mostLeft = 64 << 20
	mostPeak = 384 << 20
)

// mostLogged is how many lines an attack may make all processes log, however many packets it has.
const mostLogged = 300

// field is a whole cluster with one gate, honest bots in it over both
// transports, and a memory of how it was before the attack.
type field struct {
	t      *testing.T
	site   *cluster.Site
	whole  *cluster.Whole
	gate   *cluster.Member
	key    [32]byte
	lines  *lineCount
	swarms map[string]*bots.Swarm // by transport

	mu        sync.Mutex
	intruders []*intruder // that have not left

	heap, peak uint64 // in use after a collection, and ever taken from the system, at the start
	logged     int64  // lines at the start
}

// startField runs a cluster until the test ends. The function, which may be
// nil, changes the configuration.
func startField(t *testing.T, change func(*config.Config)) *field {
	t.Helper()
	others := goleak.IgnoreCurrent()
	f := &field{t: t, lines: &lineCount{}, swarms: map[string]*bots.Swarm{}}
	c := configOf(t)
	if change != nil {
		change(&c)
	}
	var err error
	if f.site, err = cluster.Open(c, title(), slog.New(slog.NewTextHandler(f.lines, nil))); err != nil {
		t.Fatal(err)
	}
	if f.whole, err = f.site.StartWhole(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.whole.Stop(nil); err != nil {
			t.Error(err)
		}
		goleak.VerifyNone(t, others)
	})
	f.gate = f.whole.Gates[0]
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	for _, m := range f.whole.Members() {
		if !m.WaitReady(ctx) {
			t.Fatalf("%v is not ready", m.ID())
		}
	}
	if f.key, err = c.ServerKey(""); err != nil {
		t.Fatal(err)
	}
	return f
}

func configOf(t *testing.T) config.Config {
	c := config.Default()
	c.State = filepath.Join(t.TempDir(), "state")
	c.SetGates(1)
	c.SetGames(2)
	free := "127.0.0.1:0"
	c.DB.Listen, c.Manager.Listen = free, freeAddr(t)
	for i := range c.Games {
		c.Games[i].Listen = free
	}
	c.Gates[0].Clients = []string{"kcp://" + free, "tcp://" + free}
	c.Players.Shards = shards
	// The flight recorder's rings have a bound of their own, and would hide what an attack leaves.
	c.Record = 0
	// Nobody of the attackers comes back; what is kept for them goes soon.
	c.Players.Grace = 500 * time.Millisecond
	return c
}

// title is the sample game with its real world.
func title() cluster.Title {
	return cluster.Title{
		Script: func() game.Script { return siege.Script(nil) },
		RPC:    siege.RPC(),
		Paths:  func() (nav.Pathfinder, error) { return recast.Courtyard(), nil },
	}
}

// freeAddr is a loopback address that nothing listens on now.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// lineCount counts what is logged.
type lineCount struct {
	lines, errors atomic.Int64
}

func (c *lineCount) Write(b []byte) (int, error) {
	c.lines.Add(1)
	if bytes.Contains(b, []byte("level=ERROR")) {
		c.errors.Add(1)
	}
	return len(b), nil
}

// at is where the gate takes clients of a transport: host:port.
func (f *field) at(transport string) string {
	_, addr, _ := strings.Cut(f.whole.Clients(transport)[0], "://")
	return addr
}

// honest sends the honest bots in, by way of addresses of their own choice
// where the test has some, and remembers how the process is then.
func (f *field) honest(gates map[string]string) {
	f.t.Helper()
	for _, transport := range []string{"kcp", "tcp"} {
		url := f.whole.Clients(transport)[0]
		if gates[transport] != "" {
			url = transport + "://" + gates[transport]
		}
		s, err := bots.Start(bots.Config{
			Gates: []string{url}, ServerKey: f.key, Version: f.site.Version(), Clients: perSwarm,
			Prefix: "honest-" + transport + "-", RPC: siege.RPC(), Method: string(siege.Count), Outstanding: 8, Every: 5 * time.Millisecond, Loops: 1,
			DeadAfter: within, // however busy the machine is
		})
		if err != nil {
			f.t.Fatal(err)
		}
		f.swarms[transport] = s
	}
	f.t.Cleanup(f.farewell)
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	for transport, s := range f.swarms {
		if !s.AllIn(ctx) {
			f.t.Fatalf("the honest bots over %s are not in: %+v", transport, s.Tally())
		}
	}
	f.rest()
	f.heap, f.peak = memory()
	f.logged = f.lines.lines.Load()
}

// farewell logs the honest bots out.
func (f *field) farewell() {
	for transport, s := range f.swarms {
		if lost, last := s.Finish(); lost != 0 || last.Ended != perSwarm {
			f.t.Errorf("honest bots over %s: %d calls without an outcome, %d logged out", transport, lost, last.Ended)
		}
	}
}

// memory returns the heap in use after a collection, and the most that it ever took from the system.
func memory() (heap, peak uint64) {
	runtime.GC()
	runtime.GC() // what finalisers kept for one more round
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc, m.HeapSys
}

// until waits for a condition.
func (f *field) until(what string, is func() bool) {
	f.t.Helper()
	until(f.t, what, is)
}

func until(t testing.TB, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for late := time.After(within); !is(); {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("not within %v: %s", within, what)
		}
	}
}

// seen is what inspection shows of the gate.
type seen struct {
	gate     gate.Status
	sessions int // of all shards, unfinished and detached ones included
	halfOpen int
	greeted  int
	counters session.Counters // sums
	process  prod.Counters
}

func (f *field) look() (s seen) {
	p := f.gate.Process()
	p.Do(func(h *node.Host) { s.gate = h.Node().(*gate.Gate).Inspect() })
	for i := range p.Lanes() {
		p.DoLane(i, func(l *node.LaneHost) {
			sh := l.Lane().(*session.Shard)
			s.sessions += sh.Len()
			s.halfOpen += sh.HalfOpen()
			s.greeted += sh.Greeted()
			s.counters = sum(s.counters, sh.Counters())
		})
	}
	s.process = p.Counters()
	return s
}

// unacked returns how many messages of the gate's a session has not acknowledged, -1 where there is no such session.
func (f *field) unacked(id node.Session) (messages int) {
	messages = -1
	f.gate.Process().DoLane(id.Shard(), func(l *node.LaneHost) {
		for v := range l.Lane().(*session.Shard).Sessions() {
			if v.Session == id && v.Attached {
				messages = v.UnackedMessages
			}
		}
	})
	return messages
}

func sum(a, b session.Counters) session.Counters {
	for _, pair := range [][2]*uint64{
		{&a.Handshakes, &b.Handshakes}, {&a.Refused, &b.Refused}, {&a.BadCookies, &b.BadCookies},
		{&a.Unfinished, &b.Unfinished}, {&a.Nonsense, &b.Nonsense}, {&a.Strays, &b.Strays}, {&a.Forged, &b.Forged},
		{&a.Replayed, &b.Replayed}, {&a.Invalid, &b.Invalid}, {&a.ResumeRefused, &b.ResumeRefused},
		{&a.LatestDropped, &b.LatestDropped},
	} {
		*pair[0] += *pair[1]
	}
	return a
}

// honestCount is how many honest bots are in.
func (f *field) honestCount() int { return perSwarm * len(f.swarms) }

// rest waits until nothing of the attackers is left anywhere in the cluster.
func (f *field) rest() {
	f.t.Helper()
	var last string
	is := func() bool {
		s, want := f.look(), f.honestCount()
		avatars, seats, busy := f.kept()
		last = fmt.Sprintf("%d sessions, %d half open, %d greeted, gate %+v, %d streams, %d avatars, %d seats, %d accounts busy",
			s.sessions, s.halfOpen, s.greeted, s.gate, s.process.StreamsOpen, avatars, seats, busy)
		return s.sessions == want && s.halfOpen == 0 && s.greeted == 0 && s.gate.Clients == want && s.gate.Sessions == want &&
			s.gate.Accounts == want && s.gate.Routes == want && s.process.StreamsOpen == perSwarm &&
			avatars == want && seats == want && busy == 0
	}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for late := time.After(within); !is(); {
		select {
		case <-tick.C:
		case <-late:
			f.t.Fatalf("the cluster keeps something of the attackers: %s", last)
		}
	}
}

// kept is what games and db hold.
func (f *field) kept() (avatars, seats, busy int) {
	for _, g := range f.whole.Games {
		g.Inspect(func(h *node.Host) {
			s := h.Node().(*game.Game).Inspect()
			avatars += s.Avatars
			seats += s.Seats
		})
	}
	f.whole.DB.Inspect(func(h *node.Host) { busy = h.Node().(*dbm.DB).Inspect().Busy })
	return avatars, seats, busy
}

// under runs an attack while the honest bots go on, and checks that they and
// the cluster have not suffered from it.
func (f *field) under(name string, attack func(f *field, t *testing.T)) {
	f.t.Helper()
	f.t.Run(name, func(t *testing.T) {
		outer := f.t
		f.t = t
		defer func() { f.t = outer }()
		for _, s := range f.swarms {
			s.Restart()
		}
		defer f.leave() // also where the attack ends the test
		attack(f, t)
		f.leave()
		f.rest()
		f.unharmed()
	})
}

// leave takes the intruders away.
func (f *field) leave() {
	for _, i := range f.intruders {
		i.leave()
	}
	f.intruders = nil
}

// unharmed checks that every role is in its first life, that every honest bot
// is in its first session, and that all of them still call and are answered.
func (f *field) unharmed() {
	f.t.Helper()
	for _, m := range f.whole.Members() {
		if err := m.Process().Err(); m.Lives() != 1 || err != nil {
			f.t.Errorf("%v is in life %d: %v", m.ID(), m.Lives(), err)
		}
	}
	for transport, s := range f.swarms {
		before := s.Count()
		f.until("further calls over "+transport, func() bool { return s.Count().Done >= before.Done+perSwarm })
		f.innocent(transport, s.Count())
		p := s.Percentiles()
		f.t.Logf("honest bots over %s: %d calls, p50 %v, p99 %v, longest %v", transport, before.Done, p.At(0.5), p.At(0.99), p.Most())
	}
	if n := f.lines.errors.Swap(0); n != 0 {
		f.t.Errorf("%d lines were logged at ERROR", n)
	}
	lines := f.lines.lines.Load() - f.logged
	if f.logged += lines; lines > mostLogged {
		f.t.Errorf("%d lines were logged", lines)
	}
	heap, peak := memory()
	f.t.Logf("heap: %+d KiB, its peak %+d KiB; %d lines logged", (int64(heap)-int64(f.heap))>>10, (int64(peak)-int64(f.peak))>>10, lines)
	if heap > f.heap+mostLeft {
		f.t.Errorf("the attack left %d MiB in the heap", (heap-f.heap)>>20)
	}
	if peak > f.peak+mostPeak {
		f.t.Errorf("the attack raised the heap's peak by %d MiB", (peak-f.peak)>>20)
	}
	f.peak = peak
}

// innocent checks what honest bots have seen.
func (f *field) innocent(transport string, t bots.Tally) {
	f.t.Helper()
	if t.In != perSwarm || t.Logins != perSwarm || t.Lost+t.Doubled+t.Reordered+t.Failed+t.Unknown+t.Kicks+t.Resumes+t.Loss != 0 {
		f.t.Errorf("honest bots over %s: %+v", transport, t)
	}
}

// goroutines of libraries that idle for ever.
func TestMain(m *testing.M) {
	var idle []goleak.Option
	for _, name := range arq.Goroutines() {
		idle = append(idle, goleak.IgnoreTopFunction(name))
	}
	goleak.VerifyTestMain(m, idle...)
}
