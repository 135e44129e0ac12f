package netsim

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"messiah/core/node"

	"pgregory.net/rapid"
)

const ms = time.Millisecond

func TestConnectionCarriesBothWaysAndEndsBehindItsData(t *testing.T) {
	r, client, server := newPair(LAN())
	a, b := r.connect(t, client, server)
	r.Write(a, []byte{1})
	r.Write(b, []byte{2})
	r.pass(ms)
	r.want(t, "both ways", "gate1 data 01", "client1 data 02")
	r.Write(a, []byte{3})
	r.Close(a)
	r.Write(a, []byte{4}) // lost: this side has closed
	r.Write(b, []byte{5}) // lost: nobody reads it
	r.pass(ms)
	r.want(t, "the end", "gate1 data 03", "gate1 down stood=true num=0")
	r.Close(b)
	r.Close(a)
	r.pass(ms)
	r.want(t, "after the end")
	r.wantClean(t)
}

func TestDialThatIsNotToBeHad(t *testing.T) {
	for _, c := range []struct {
		name  string
		reach Reach
		addr  string
		after time.Duration
	}{
		{"nobody listens", Here, "nowhere", ms},
		{"the process is gone", Gone, "gate1", ms},
		{"the machine is silent", Silent, "gate1", defaultDialWithin + ms},
	} {
		r, client, server := newPair(LAN())
		r.SetReach(server, c.reach)
		r.Dial(client, 5, c.addr)
		if c.reach == Silent {
			r.pass(c.after - 2*ms)
			r.want(t, c.name+", too early")
		}
		r.pass(2 * ms)
		r.want(t, c.name, "client1 down stood=false num=5")
		if got := r.Counts(); got.Refused != 1 || got.Dials != 1 {
			t.Errorf("%s: %+v", c.name, got)
		}
		r.pass(10 * time.Second)
		r.want(t, c.name+", later")
		r.wantClean(t)
	}
}

func TestDialGivenUpByItsDialler(t *testing.T) {
	r, client, server := newPair(LAN())
	r.DialStream(client, r.EndpointOf(server), 3)
	conn, ok := r.StreamConn(client, 3, 0)
	if !ok {
		t.Fatal("the dial has no connection")
	}
	r.Close(conn)
	r.pass(10 * time.Second)
	r.want(t, "closed at once", "gate1 up dialled=false num=0 tag=0", "gate1 down stood=true num=0")
	if _, ok := r.StreamConn(client, 3, 0); ok {
		t.Error("the name of an ended stream is left")
	}
	r.wantClean(t)
}

// An answer that comes after the dialler has given up ends the accepted side too.
func TestDialAnsweredTooLate(t *testing.T) {
	r, client, server := newPair(LAN())
	r.Block(r.IDOf(server), r.IDOf(client))
	r.Dial(client, 1, "gate1")
	r.pass(defaultDialWithin + ms)
	r.want(t, "blocked answer", "gate1 up dialled=false num=0 tag=0", "client1 down stood=false num=1", "gate1 down stood=true num=0")
	r.Unblock(r.IDOf(server), r.IDOf(client))
	r.pass(time.Minute)
	r.want(t, "after the block")
	r.wantClean(t)
}

func TestStreamsHaveNames(t *testing.T) {
	r, client, server := newPair(LAN())
	to := r.EndpointOf(server)
	for i := range uint32(3) {
		to.Stream = i + 1
		r.DialStream(client, to, 9)
	}
	r.pass(ms)
	seen := map[uint32]bool{}
	for _, e := range r.ups {
		conn, ok := r.StreamConn(e.Site, e.Tag, e.Endpoint.Stream)
		if !ok || conn != e.Conn || e.Class != Stream {
			t.Errorf("%+v is found as %d, %v", e, conn, ok)
		}
		if e.Site == server {
			if seen[e.Endpoint.Stream] || e.Endpoint.Stream == 0 || SiteOf(e.Endpoint) != client {
				t.Errorf("an accepted stream is named %+v", e.Endpoint)
			}
			seen[e.Endpoint.Stream] = true
		}
	}
	if len(seen) != 3 {
		t.Fatalf("%d streams were accepted", len(seen))
	}
	r.SetReach(client, Gone)
	r.pass(ms)
	for _, e := range r.ups {
		if e.Site == server {
			r.Close(e.Conn)
		}
		if _, ok := r.StreamConn(e.Site, e.Tag, e.Endpoint.Stream); ok {
			t.Errorf("the name of %+v is left", e)
		}
	}
	r.wantClean(t)
	elsewhere := to
	elsewhere.Port++
	r.SetReach(client, Here)
	r.lines = nil
	r.DialStream(client, elsewhere, 9)
	r.pass(ms)
	r.want(t, "another port", "client1 down stood=false num=0")
}

// A crashed process's peers hear its end behind its last words; of a machine that falls silent they hear nothing.
func TestCrash(t *testing.T) {
	for _, reach := range []Reach{Gone, Silent} {
		r, client, server := newPair(LAN())
		a, b := r.connect(t, client, server)
		r.Write(b, []byte{1})
		r.Write(a, []byte{2})
		r.SetReach(server, reach)
		r.pass(time.Minute)
		if reach == Silent {
			r.want(t, "silent", "client1 data 01")
			r.Write(a, []byte{3})
			r.Close(a)
			r.pass(time.Minute)
			r.want(t, "silent, then closed")
		} else {
			r.want(t, "gone", "client1 data 01", "client1 down stood=true num=7")
		}
		r.wantClean(t)
		r.SetReach(server, Here)
		a, _ = r.connect(t, client, server)
		r.Write(a, []byte{4})
		r.pass(ms)
		r.want(t, "the next life", "gate1 data 04")
	}
}

func TestResetLosesWhatIsUnderWay(t *testing.T) {
	r, client, server := newPair(LAN())
	a, b := r.connect(t, client, server)
	r.Write(a, []byte{1})
	r.Write(b, []byte{2})
	if n := r.ResetBetween(r.IDOf(server), r.IDOf(client), Stream); n != 0 {
		t.Errorf("%d streams were reset", n)
	}
	if n := r.ResetBetween(r.IDOf(server), r.IDOf(client), Process); n != 1 {
		t.Errorf("%d connections were reset", n)
	}
	r.Write(a, []byte{3})
	r.pass(ms)
	r.want(t, "after the reset", "gate1 down stood=true num=0", "client1 down stood=true num=7")
	if got := r.Counts(); got.Lost != 3 || got.Resets != 1 {
		t.Errorf("%+v", got)
	}
	r.wantClean(t)
	r.connect(t, client, server)
	if n := r.ResetAt(r.IDOf(client), AnyClass); n != 1 {
		t.Errorf("%d connections were reset", n)
	}
	r.pass(ms)
	r.wantClean(t)
}

// A reset passes where nothing else does.
func TestResetPassesABlock(t *testing.T) {
	r, client, server := newPair(LAN())
	a, _ := r.connect(t, client, server)
	r.Block(r.IDOf(client), r.IDOf(server))
	r.Write(a, []byte{1})
	r.pass(ms)
	r.ResetAt(r.IDOf(client), Process)
	r.pass(ms)
	r.want(t, "after the reset", "gate1 down stood=true num=0", "client1 down stood=true num=7")
	r.wantClean(t)
}

func TestWriterOverItsBoundIsReset(t *testing.T) {
	r, client, server := newPair(LAN())
	a, _ := r.connect(t, client, server)
	r.stuck[server] = true
	chunk := make([]byte, 1<<20)
	for range MaxProcessBytes / len(chunk) {
		r.Write(a, chunk)
	}
	r.pass(ms)
	if got := r.Busiest(Process); got != MaxProcessBytes || r.Counts().OverBound != 0 {
		t.Fatalf("%d bytes wait, %+v", got, r.Counts())
	}
	r.Write(a, []byte{1})
	r.pass(ms)
	r.want(t, "over the bound", "client1 down stood=true num=7")
	if r.Counts().OverBound != 1 {
		t.Errorf("%+v", r.Counts())
	}
	r.stuck[server] = false
	r.Kick(server)
	r.pass(ms)
	r.want(t, "the reader", "gate1 down stood=true num=0")
	r.wantClean(t)
}

// What a site would not take comes again after Kick, in order, ends and beginnings included.
func TestKickBringsBackWhatWasRefused(t *testing.T) {
	r, client, server := newPair(LAN())
	r.stuck[server] = true
	r.Dial(client, 1, "gate1")
	r.pass(ms)
	r.want(t, "the machine accepts", "client1 up dialled=true num=1 tag=0")
	a := r.ups[0].Conn
	for i := range byte(3) {
		r.Write(a, []byte{i})
	}
	r.Close(a)
	r.pass(ms)
	r.Kick(server) // still stuck
	r.pass(ms)
	r.Kick(client) // another's
	r.pass(time.Minute)
	r.want(t, "while stuck")
	r.stuck[server] = false
	r.Kick(server)
	r.pass(0)
	r.want(t, "unstuck", "gate1 up dialled=false num=0 tag=0", "gate1 data 00", "gate1 data 01", "gate1 data 02",
		"gate1 down stood=true num=0")
	r.wantClean(t)
}

// A connection that ends before a paused process has heard of its beginning is none for it.
func TestConnectionThatEndsUnheard(t *testing.T) {
	r, client, server := newPair(LAN())
	r.stuck[server] = true
	r.Dial(client, 1, "gate1")
	r.pass(ms)
	r.ResetAt(r.IDOf(client), Process)
	r.pass(ms)
	r.stuck[server] = false
	r.Kick(server)
	r.pass(ms)
	r.want(t, "after the reset", "client1 up dialled=true num=1 tag=0", "client1 down stood=true num=1")
	r.wantClean(t)
}

// A dialler that takes nothing hears of a refusal later, and it counts once.
func TestRefusalThatIsNotTaken(t *testing.T) {
	r, client, _ := newPair(LAN())
	r.stuck[client] = true
	r.Dial(client, 1, "nowhere")
	for range 3 {
		r.pass(ms)
		r.Kick(client)
	}
	r.stuck[client] = false
	r.pass(ms)
	r.Kick(client)
	r.pass(ms)
	r.want(t, "the refusal", "client1 down stood=false num=1")
	if got := r.Counts().Refused; got != 1 {
		t.Errorf("one refusal counts %d times", got)
	}
	r.wantClean(t)
}

// A partition stops one direction; what was sent waits and comes in order, if the partition ends in time.
func TestBlockedConnectionWaits(t *testing.T) {
	r, client, server := newPair(LAN())
	a, b := r.connect(t, client, server)
	from, to := r.IDOf(client), r.IDOf(server)
	r.Write(a, []byte{0})
	r.Block(from, to)
	r.Write(a, []byte{1})
	r.Write(b, []byte{2})
	r.pass(defaultBreakAfter - time.Second)
	r.want(t, "blocked", "client1 data 02")
	if !r.Link(from, to).Blocked() || r.Link(to, from).Blocked() {
		t.Error("the wrong direction is blocked")
	}
	r.Unblock(from, to)
	r.pass(0)
	r.want(t, "unblocked", "gate1 data 00", "gate1 data 01")
	r.pass(time.Minute)
	r.want(t, "later")
	if r.Counts().Breaks != 0 || r.Link(from, to).Blocked() {
		t.Errorf("%+v", r.Counts())
	}
}

// A connection with data breaks when the partition has lasted: its writer hears that at once, its reader when something passes again.
func TestBlockedConnectionBreaks(t *testing.T) {
	r, client, server := newPair(LAN())
	a, b := r.connect(t, client, server)
	idle, _ := r.connect(t, client, server)
	from, to := r.IDOf(client), r.IDOf(server)
	r.Block(from, to)
	r.pass(defaultBreakAfter / 2)
	r.Write(a, []byte{1})
	r.pass(defaultBreakAfter - time.Second)
	r.Block(from, to) // it is: this begins nothing anew
	r.pass(time.Second - ms)
	r.want(t, "before")
	r.pass(2 * ms)
	r.want(t, "broken", "client1 down stood=true num=7")
	r.Write(b, []byte{2})
	r.pass(ms)
	r.want(t, "to a writer that has gone")
	r.Unblock(from, to)
	r.pass(ms)
	r.want(t, "unblocked", "gate1 down stood=true num=0")
	r.Write(idle, []byte{3})
	r.pass(ms)
	r.want(t, "the idle one", "gate1 data 03")
	if got := r.Counts(); got.Breaks != 1 {
		t.Errorf("%+v", got)
	}
}

// A second, shorter partition does not inherit the first one's age.
func TestBreakCountsFromTheLatestBlock(t *testing.T) {
	r, client, server := newPair(LAN())
	a, _ := r.connect(t, client, server)
	from, to := r.IDOf(client), r.IDOf(server)
	r.Block(from, to)
	r.Write(a, []byte{1})
	r.pass(defaultBreakAfter - time.Second)
	r.Unblock(from, to)
	r.pass(ms)
	r.Block(from, to)
	r.Write(a, []byte{2})
	r.pass(defaultBreakAfter - time.Second)
	r.want(t, "two partitions", "gate1 data 01")
	r.Unblock(from, to)
	r.pass(ms)
	r.want(t, "after both", "gate1 data 02")
}

// Whatever jitter, loss and bandwidth do, a connection keeps order and loses nothing.
func TestConnectionKeepsOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Profile{
			Latency: time.Duration(rapid.IntRange(0, 50).Draw(t, "latency")) * ms,
			Jitter:  time.Duration(rapid.IntRange(0, 100).Draw(t, "jitter")) * ms,
			Loss:    rapid.IntRange(0, Million/2).Draw(t, "loss"), Corrupt: rapid.IntRange(0, Million/10).Draw(t, "corrupt"),
			Bandwidth: rapid.IntRange(0, 1).Draw(t, "limited") * rapid.IntRange(1000, 1<<20).Draw(t, "bandwidth"),
			Queue:     rapid.IntRange(0, 10_000).Draw(t, "queue"),
			Stall:     rapid.IntRange(0, Million/20).Draw(t, "stall"), StallFor: time.Second,
		}
		choose := newChance(rapid.Uint64().Draw(t, "seed"))
		r := newRecorder(func(_, _ node.ID) Decider { return choose }, p)
		client, server := r.site(node.NewID(node.Client, 1)), r.server(node.NewID(node.Gate, 1))
		r.cfg.DialWithin = time.Hour
		r.Dial(client, 1, "gate1")
		r.pass(time.Hour)
		conn := map[Site]uint64{}
		for _, e := range r.ups {
			conn[e.Site] = e.Conn
		}
		got, sent := map[Site]uint32{}, map[Site]uint32{}
		r.onData = func(e *End, b []byte) {
			if n := binary.LittleEndian.Uint32(b); n != got[e.Site] {
				t.Fatalf("item %d comes as the %d-th", n, got[e.Site])
			}
			got[e.Site]++
		}
		for range rapid.IntRange(1, 60).Draw(t, "items") {
			from, to := client, server
			if rapid.Bool().Draw(t, "back") {
				from, to = to, from
			}
			b := binary.LittleEndian.AppendUint32(nil, sent[to])
			sent[to]++
			r.Write(conn[from], append(b, make([]byte, rapid.IntRange(0, 2000).Draw(t, "size"))...))
			if rapid.Bool().Draw(t, "wait") {
				r.pass(time.Duration(rapid.IntRange(0, 300).Draw(t, "ms")) * ms)
			}
		}
		r.pass(24 * time.Hour)
		if got[client] != sent[client] || got[server] != sent[server] {
			t.Fatalf("sent %v, arrived %v", sent, got)
		}
	})
}

// A stream is as fast as its link, however much waits: what the queue has no room for waits at the sender.
func TestStreamIsAsFastAsItsLink(t *testing.T) {
	const size, count, rate = 1000 - headerBytes, 200, 100_000
	r, client, server := newPair(Profile{Latency: ms, Bandwidth: rate, Queue: 10_000})
	a, _ := r.connect(t, client, server)
	start := r.now
	var last node.Time
	arrived := 0
	r.onData = func(*End, []byte) { arrived, last = arrived+1, r.now }
	for range count {
		r.Write(a, make([]byte, size))
	}
	r.pass(time.Minute)
	want := count * time.Second * 1000 / rate
	if took := last.Sub(start) - ms; arrived != count || took != want {
		t.Errorf("%d of %d items, the last after %v, want %v", arrived, count, took, want)
	}
}

// unlucky decides for every fault, and for no delay but that.
type unlucky struct{}

func (unlucky) Choose(label string, n int) int {
	if label == "loss" {
		return n - 1
	}
	return 0
}

// Between processes each loss costs twice the wait of the last, and the item comes in the end.
func TestLossBetweenProcessesCostsTime(t *testing.T) {
	r := newRecorder(func(_, _ node.ID) Decider { return unlucky{} }, Profile{Latency: 10 * ms, Loss: Million / 2})
	one := r.site(node.NewID(node.Game, 1))
	r.server(node.NewID(node.Gate, 1))
	r.cfg.DialWithin = time.Hour
	r.Dial(one, 1, "gate1")
	wait := 10*ms + retransmitFirst*(1<<retransmitMost-1)
	r.pass(wait - 1)
	r.want(t, "too early")
	r.pass(1)
	r.want(t, "in time", "gate1 up dialled=false num=0 tag=0")
}

// Of a client's stream each loss costs KCP's time-out: the round trip and 40 ms,
// or more where the round trips differ.
func TestLossOnAStreamCostsTimeOuts(t *testing.T) {
	for _, test := range []struct {
		profile Profile
		timeout time.Duration
	}{
		{Profile{Latency: 10 * ms}, 60 * ms},
		{Profile{Latency: 10 * ms, Jitter: 30 * ms}, 90 * ms},
		{Profile{Latency: 10 * ms, Jitter: 60 * ms}, 160 * ms},
	} {
		test.profile.Loss = Million / 2
		r := newRecorder(func(_, _ node.ID) Decider { return unlucky{} }, test.profile)
		client := r.site(node.NewID(node.Client, 1))
		gate := r.server(node.NewID(node.Gate, 1))
		r.DialStream(client, r.EndpointOf(gate), 1)
		r.pass(10*ms + retransmitMost*test.timeout - 1)
		r.want(t, "too early")
		r.pass(1)
		if len(r.lines) != 1 {
			t.Errorf("%+v: %q in time", test.profile, r.lines)
		}
	}
}

// However much waits in a connection, only its next item has an event.
func TestWaitingItemsCostNoEvents(t *testing.T) {
	r, client, server := newPair(LAN())
	a, _ := r.connect(t, client, server)
	r.pass(time.Minute)
	for i := range 100 {
		r.Write(a, []byte{byte(i)})
	}
	if len(r.queue) != 1 {
		t.Errorf("100 items have %d events", len(r.queue))
	}
	r.pass(ms)
	if len(r.lines) != 100 || len(r.queue) != 0 {
		t.Errorf("%d items came, %d events are left", len(r.lines), len(r.queue))
	}
}

func TestItemsCarryTheirCause(t *testing.T) {
	r, client, server := newPair(LAN())
	a, _ := r.connect(t, client, server)
	var causes []uint64
	r.onData = func(*End, []byte) { causes = append(causes, r.Cause()) }
	for cause := range uint64(3) {
		r.At(r.now, 10+cause)
		r.Write(a, []byte{1})
	}
	r.pass(ms)
	if fmt.Sprint(causes) != "[10 11 12]" {
		t.Errorf("the causes are %v", causes)
	}
}

// A number of a connection that was given back does not reach its successor.
func TestConnectionNumbersAreNotUsedAgain(t *testing.T) {
	r, client, server := newPair(LAN())
	seen := map[uint64]bool{}
	for range 100 {
		a, b := r.connect(t, client, server)
		if seen[a] || seen[b] || a == b || a == 0 || b == 0 {
			t.Fatalf("connection numbers %d and %d", a, b)
		}
		seen[a], seen[b] = true, true
		r.Close(a)
		r.pass(ms)
		r.Write(a, []byte{1})
		r.Write(b, []byte{1})
		r.Close(b)
		r.SetTag(a, 3)
	}
	r.lines = nil
	_, live := r.connect(t, client, server)
	for old := range seen {
		r.Write(old, []byte{9})
		r.Close(old)
	}
	r.Write(live, []byte{1})
	r.pass(ms)
	r.want(t, "the living one", "client1 data 01")
	if len(r.conns) != 1 {
		t.Errorf("101 connections, one after the other, took %d places", len(r.conns))
	}
}

// What is written is copied, and what arrives is nobody else's, also while more is sent from within a delivery.
func TestBuffersAreNotShared(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, client, server := newPair(Profile{Latency: ms})
		r.Dial(client, 1, "gate1")
		r.pass(time.Second)
		conns := [2]uint64{r.ups[0].Conn, r.ups[1].Conn}
		scratch := make([]byte, 5000)
		left := 300
		send := func(side int, size int) {
			b := scratch[:size+1]
			for i := range b {
				b[i] = byte(left)
			}
			if size%3 == 0 {
				r.SendDatagram(client, r.EndpointOf(server), b)
			} else {
				r.Write(conns[side], b)
			}
			clear(scratch)
			left--
		}
		sizes := rapid.SliceOfN(rapid.IntRange(0, 4999), 10, 10).Draw(t, "sizes")
		r.onData = func(e *End, b []byte) {
			before := bytes.Clone(b)
			for i := range 2 {
				if left > 0 {
					send(i, sizes[(left+i)%len(sizes)])
				}
			}
			if !bytes.Equal(before, b) {
				t.Fatal("bytes changed while they were delivered")
			}
			if bytes.Count(b, b[:1]) != len(b) {
				t.Fatalf("bytes of another item in %x", b)
			}
		}
		for i, size := range sizes {
			send(i%2, size)
		}
		r.pass(time.Minute)
		if items, n := r.InFlight(); left > 0 || items+n != 0 {
			t.Fatalf("%d to send, %d items of %d bytes left", left, items, n)
		}
	})
}
