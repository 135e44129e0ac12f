package netsim

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"testing"
	"time"

	"messiah/core/node"
)

// sendMany sends count datagrams of four bytes, one each ms, and returns what arrives, in order, with its delay.
func sendMany(p Profile, count int, seed uint64) (got []uint32, delays []time.Duration, c Counts) {
	choose := newChance(seed)
	r := newRecorder(func(_, _ node.ID) Decider { return choose }, p)
	client, server := r.site(node.NewID(node.Client, 1)), r.server(node.NewID(node.Gate, 1))
	r.onData = func(_ *End, b []byte) {
		n := binary.LittleEndian.Uint32(b)
		got = append(got, n)
		delays = append(delays, r.now.Sub(node.Time(n)*node.Time(ms)))
	}
	for i := range count {
		r.SendDatagram(client, r.EndpointOf(server), binary.LittleEndian.AppendUint32(nil, uint32(i)))
		r.pass(ms)
	}
	r.pass(time.Hour)
	return got, delays, r.Counts()
}

// near tells whether a count of events of some chance in a million is within five standard deviations.
func near(got uint64, of int, chance int) bool {
	p := float64(chance) / Million
	return math.Abs(float64(got)-float64(of)*p) <= 5*math.Sqrt(float64(of)*p*(1-p))
}

func TestDatagramRates(t *testing.T) {
	const count = 4_000
	for _, chance := range []int{0, 1_000, 30_000, 300_000, Million} {
		for _, c := range []struct {
			name    string
			profile Profile
			events  func(Counts) uint64
		}{
			{"loss", Profile{Loss: chance}, func(c Counts) uint64 { return c.Lost }},
			{"duplicates", Profile{Duplicate: chance}, func(c Counts) uint64 { return c.Duplicated }},
			{"reorder", Profile{Reorder: chance, ReorderBy: ms}, func(c Counts) uint64 { return c.Reordered }},
			{"corruption", Profile{Corrupt: chance}, func(c Counts) uint64 { return c.Corrupted }},
		} {
			got, _, counts := sendMany(c.profile, count, 1)
			if events := c.events(counts); !near(events, count, chance) {
				t.Errorf("%s of %d in a million: %d of %d", c.name, chance, events, count)
			}
			if want := counts.Sent - counts.Lost + counts.Duplicated; uint64(len(got)) != want || counts.Delivered != want {
				t.Errorf("%s of %d in a million: %d arrive, want %d", c.name, chance, len(got), want)
			}
		}
	}
}

func TestDatagramsTakeTheirTime(t *testing.T) {
	p := Profile{Latency: 20 * ms, Jitter: 10 * ms}
	got, delays, _ := sendMany(p, 5000, 2)
	if len(got) != 5000 {
		t.Fatalf("%d arrive", len(got))
	}
	least, most := slices.Min(delays), slices.Max(delays)
	if least < p.Latency || most > p.Latency+p.Jitter || least > p.Latency+p.Jitter/100 || most < p.Latency+p.Jitter*99/100 {
		t.Errorf("delays from %v to %v, want all of %v to %v", least, most, p.Latency, p.Latency+p.Jitter)
	}
}

func TestReorderedDatagramsAreOvertaken(t *testing.T) {
	got, delays, counts := sendMany(Profile{Latency: ms, Reorder: 100_000, ReorderBy: 50 * ms}, 5000, 3)
	overtaken := 0
	for i := 1; i < len(got); i++ {
		if got[i] < got[i-1] {
			overtaken++
		}
	}
	if overtaken == 0 || uint64(overtaken) > counts.Reordered {
		t.Errorf("%d of %d come behind a later one, %d were delayed", overtaken, len(got), counts.Reordered)
	}
	if most := slices.Max(delays); most > 51*ms {
		t.Errorf("one took %v", most)
	}
}

func TestCorruptionIsOneBit(t *testing.T) {
	choose := newChance(4)
	r := newRecorder(func(_, _ node.ID) Decider { return choose }, Profile{Corrupt: Million, Duplicate: Million})
	client, server := r.site(node.NewID(node.Client, 1)), r.server(node.NewID(node.Gate, 1))
	sent := []byte{0x55, 0xaa, 0, 0xff}
	arrived := 0
	r.onData = func(_ *End, b []byte) {
		arrived++
		flipped := 0
		for i := range b {
			flipped += bits.OnesCount8(b[i] ^ sent[i])
		}
		if flipped != 1 {
			t.Fatalf("%x came as %x", sent, b)
		}
	}
	for range 100 {
		r.SendDatagram(client, r.EndpointOf(server), sent)
	}
	r.pass(0)
	r.onData = nil
	r.SendDatagram(client, r.EndpointOf(server), nil) // nothing to corrupt
	r.pass(0)
	if c := r.Counts(); arrived != 200 || c.Corrupted != 200 || c.Delivered != 202 {
		t.Errorf("%d arrived, %+v", arrived, c)
	}
}

func TestDatagramsThatNobodyTakes(t *testing.T) {
	r, client, server := newPair(Profile{Latency: ms})
	to := r.EndpointOf(server)
	lost := func(what string, cause, heal func()) {
		t.Helper()
		cause()
		before := r.Counts().Lost
		r.SendDatagram(client, to, []byte{1})
		r.pass(2 * ms)
		r.want(t, what)
		if got := r.Counts().Lost; got != before+1 {
			t.Errorf("%s: %d lost", what, got-before)
		}
		heal()
		r.SendDatagram(client, to, []byte{2})
		r.pass(2 * ms)
		r.want(t, what+", healed", "gate1 datagram 02 from port 40000")
	}
	lost("blocked", func() { r.Block(r.IDOf(client), r.IDOf(server)) }, func() { r.Unblock(r.IDOf(client), r.IDOf(server)) })
	lost("gone", func() { r.SetReach(server, Gone) }, func() { r.SetReach(server, Here) })
	lost("silent", func() { r.SetReach(server, Silent) }, func() { r.SetReach(server, Here) })
	lost("full socket", func() { r.full[server] = true }, func() { r.full[server] = false })
	real := to
	lost("another port", func() { to.Port++ }, func() { to = real })
	lost("another address", func() { to.IP[12] = 11 }, func() { to = real })
	lost("no such site", func() { to.IP[14] = 9 }, func() { to = real })
	r.SendDatagram(client, to, []byte{1})
	r.Block(r.IDOf(client), r.IDOf(server))
	r.pass(2 * ms)
	r.want(t, "blocked while under way")
	if items, n := r.InFlight(); items+n != 0 {
		t.Errorf("left over: %d items of %d bytes", items, n)
	}
}

// A NAT that forgot a site: answers to its old port are lost, and it speaks from a new one.
func TestRebind(t *testing.T) {
	r, client, server := newPair(Profile{})
	old := r.EndpointOf(client)
	r.Rebind(client)
	r.SendDatagram(server, old, []byte{1})
	r.SendDatagram(client, r.EndpointOf(server), []byte{2})
	r.SendDatagram(server, r.EndpointOf(client), []byte{3})
	r.pass(0)
	r.want(t, "after the rebind", "gate1 datagram 02 from port 40001", "client1 datagram 03 from port 7000")
	for range 1 << 16 {
		r.Rebind(client)
		if p := r.EndpointOf(client).Port; p < firstPort {
			t.Fatalf("port %d", p)
		}
	}
}

func TestEndpointsNameSites(t *testing.T) {
	r, _, _ := newPair(Profile{})
	for range 300 {
		s := r.AddSite(node.NewID(node.Client, int(len(r.sites))))
		if SiteOf(r.EndpointOf(s)) != s {
			t.Fatalf("site %d is %+v", s, r.EndpointOf(s))
		}
	}
	if SiteOf(node.Endpoint{}) != nowhere {
		t.Error("an empty address names a site")
	}
}

// Bandwidth delays datagrams behind each other; over the queue they are lost.
func TestDatagramBandwidth(t *testing.T) {
	const size, rate, queue = 1000 - headerBytes, 100_000, 20_000
	for _, bounded := range []bool{false, true} {
		p := Profile{Bandwidth: rate}
		if bounded {
			p.Queue = queue
		}
		r, client, server := newPair(p)
		var times []node.Time
		r.onData = func(*End, []byte) { times = append(times, r.now) }
		for range 100 {
			r.SendDatagram(client, r.EndpointOf(server), make([]byte, size))
		}
		r.pass(time.Minute)
		want := 100
		if bounded {
			want = queue/1000 + 1 // and the one that finds the queue just full
		}
		if len(times) != want {
			t.Errorf("bounded %v: %d arrive, want %d", bounded, len(times), want)
		}
		for i, at := range times {
			if at != node.Time(i+1)*node.Time(10*ms) {
				t.Fatalf("datagram %d arrives at %v", i, at)
			}
		}
		r.SendDatagram(client, r.EndpointOf(server), make([]byte, size))
		r.pass(time.Minute)
		if len(times) != want+1 {
			t.Errorf("bounded %v: the queue does not empty", bounded)
		}
	}
}

func TestStall(t *testing.T) {
	r, client, server := newPair(Profile{Latency: ms})
	a, _ := r.connect(t, client, server)
	l := r.Link(r.IDOf(client), r.IDOf(server))
	l.SetProfile(Profile{Latency: ms, Stall: Million, StallFor: 2 * time.Second})
	l.choose = newChance(1)
	r.Write(a, []byte{1})
	r.SendDatagram(client, r.EndpointOf(server), []byte{2})
	r.pass(2 * time.Second)
	r.want(t, "stalled")
	r.pass(ms)
	r.want(t, "after the stall", "gate1 data 01", "gate1 datagram 02 from port 40000")
}

func TestProfilesHaveNames(t *testing.T) {
	for _, p := range Profiles() {
		got, err := ProfileNamed(p.Name)
		if err != nil || got != p || p.Name == "" {
			t.Errorf("%q: %+v, %v", p.Name, got, err)
		}
		for _, chance := range []int{p.Loss, p.Corrupt, p.Duplicate, p.Reorder, p.Stall} {
			if chance < 0 || chance > Million/2 {
				t.Errorf("%q has a chance of %d in a million", p.Name, chance)
			}
		}
	}
	if _, err := ProfileNamed("perfect"); err == nil {
		t.Error("a profile that does not exist has a quality")
	}
}

// The boring decision, 0, is that nothing happens, whatever the profile.
func TestBoringDecisionsAreNoFault(t *testing.T) {
	for _, p := range Profiles() {
		r, client, server := newPair(p)
		for range 100 {
			r.SendDatagram(client, r.EndpointOf(server), []byte{1})
			r.pass(time.Second)
		}
		if c := r.Counts(); c.Delivered != 100 || c.Lost+c.Corrupted+c.Duplicated+c.Reordered != 0 {
			t.Errorf("%s: %+v", p.Name, c)
		}
	}
}
