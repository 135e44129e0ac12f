package netsim

import (
	"slices"
	"testing"
	"time"
)

func TestHoldStopsAKindAndWhatIsBehindIt(t *testing.T) {
	r, client, server := newPair(LAN())
	a, b := r.connect(t, client, server)
	h := r.Hold(Match{Kind: 2})
	for kind := range byte(4) {
		r.Write(a, []byte{kind})
	}
	r.Write(b, []byte{1})
	r.pass(time.Minute)
	r.want(t, "held", "gate1 data 00", "client1 data 01", "gate1 data 01")
	items := h.Items()
	if len(items) != 1 || h.Len() != 1 || items[0].Kind != 2 || items[0].Size != 1 || items[0].Class != Process ||
		items[0].From != r.IDOf(client) || items[0].To != r.IDOf(server) {
		t.Errorf("held: %+v", items)
	}
	h.Release()
	h.Release()
	r.pass(0)
	r.want(t, "released", "gate1 data 02", "gate1 data 03")
	r.Write(a, []byte{2})
	r.pass(ms)
	r.want(t, "after the release", "gate1 data 02")
}

func TestHoldStopsWhatIsUnderWay(t *testing.T) {
	r, client, server := newPair(LAN())
	a, _ := r.connect(t, client, server)
	r.Write(a, []byte{1})
	r.SendDatagram(client, r.EndpointOf(server), []byte{2})
	h := r.Hold(Match{})
	r.pass(time.Second)
	r.want(t, "held")
	if h.Len() != 2 {
		t.Errorf("%d items are held", h.Len())
	}
	h.Release()
	r.pass(ms)
	r.want(t, "released", "gate1 data 01", "gate1 datagram 02 from port 40000")
}

// Each item of a connection is let go on its own; those behind meet the hold again.
func TestReleaseOneItem(t *testing.T) {
	r, client, server := newPair(LAN())
	a, _ := r.connect(t, client, server)
	h := r.Hold(Match{Kind: 1})
	for i := range byte(3) {
		r.Write(a, []byte{1, i})
	}
	for i := range byte(3) {
		r.SendDatagram(client, r.EndpointOf(server), []byte{1, 10 + i})
	}
	r.pass(ms)
	if h.Len() != 4 {
		t.Fatalf("%d items are held: %+v", h.Len(), h.Items())
	}
	h.ReleaseItem(0)
	r.pass(ms)
	r.want(t, "the first of the connection", "gate1 data 0100")
	if h.Len() != 4 {
		t.Fatalf("%d items are held: %+v", h.Len(), h.Items())
	}
	h.ReleaseItem(2) // the second datagram passes the first
	r.pass(ms)
	r.want(t, "a datagram", "gate1 datagram 010b from port 40000")
	h.Release()
	r.pass(ms)
	slices.Sort(r.lines)
	r.want(t, "the rest", "gate1 data 0101", "gate1 data 0102", "gate1 datagram 010a from port 40000", "gate1 datagram 010c from port 40000")
}

// A datagram can be dropped; a connection that loses an item is reset.
func TestDropHeldItems(t *testing.T) {
	r, client, server := newPair(LAN())
	a, _ := r.connect(t, client, server)
	h := r.Hold(Match{Kind: 1})
	r.Write(a, []byte{1})
	r.Write(a, []byte{2})
	r.SendDatagram(client, r.EndpointOf(server), []byte{1})
	r.SendDatagram(client, r.EndpointOf(server), []byte{1, 1})
	r.pass(ms)
	h.DropItem(1)
	h.DropItem(0)
	r.pass(ms)
	r.want(t, "after the drop", "gate1 down stood=true num=0", "client1 down stood=true num=7")
	if h.Len() != 1 {
		t.Errorf("%d items are held", h.Len())
	}
	h.Release()
	r.pass(ms)
	r.want(t, "the other datagram", "gate1 datagram 0101 from port 40000")
	r.wantClean(t)
}

func TestHoldsMatch(t *testing.T) {
	r, client, server := newPair(LAN())
	a, _ := r.connect(t, client, server)
	big := func(it *Item, b []byte) bool { return it.Size == len(b) && len(b) > 2 }
	for _, c := range []struct {
		name  string
		match Match
		stops bool
	}{
		{"anything", Match{}, true},
		{"its direction", Match{From: r.IDOf(client), To: r.IDOf(server)}, true},
		{"the other direction", Match{From: r.IDOf(server)}, false},
		{"its receiver", Match{To: r.IDOf(server)}, true},
		{"another receiver", Match{To: r.IDOf(client)}, false},
		{"its class", Match{Class: Process}, true},
		{"another class", Match{Class: Datagrams}, false},
		{"its kind", Match{Kind: 5}, true},
		{"another kind", Match{Kind: 6}, false},
		{"what it says", Match{When: big}, true},
		{"what it does not say", Match{When: func(it *Item, b []byte) bool { return !big(it, b) }}, false},
	} {
		h := r.Hold(c.match)
		r.Write(a, []byte{5, 5, 5})
		r.pass(ms)
		if stops := h.Len() == 1; stops != c.stops || stops == (len(r.lines) == 1) {
			t.Errorf("%s: stopped %v, heard %q", c.name, stops, r.lines)
		}
		h.Release()
		r.pass(ms)
		r.want(t, c.name, "gate1 data 050505")
	}
}

// A limit counts items, each once, whatever else stood in their way.
func TestHoldLimit(t *testing.T) {
	r, client, server := newPair(LAN())
	a, _ := r.connect(t, client, server)
	h := r.Hold(Match{Kind: 1, Limit: 2})
	for i := range byte(4) {
		r.SendDatagram(client, r.EndpointOf(server), []byte{1, i})
	}
	r.Write(a, []byte{1})
	r.pass(ms)
	r.want(t, "over the limit", "gate1 datagram 0102 from port 40000", "gate1 datagram 0103 from port 40000", "gate1 data 01")
	if h.Len() != 2 || r.Counts().Held != 2 {
		t.Errorf("%d held, %+v", h.Len(), r.Counts())
	}
	h.Release()
	r.pass(ms)
}

// A direction that was parked for a partition, cleared, and is held now is not
// woken by the partition's end: its item would count twice against the limit.
func TestHoldOutlivesAnEarlierPartition(t *testing.T) {
	r, client, server := newPair(LAN())
	a, _ := r.connect(t, client, server)
	from, to := r.IDOf(client), r.IDOf(server)
	l := r.Link(from, to)
	r.Block(from, to)
	r.Write(a, []byte{3})
	r.pass(ms) // parked by the partition
	h := r.Hold(Match{Kind: 1, Limit: 2})
	r.clear(r.conns[0], 0)
	l.blocked = false
	r.Write(a, []byte{1})
	r.pass(ms) // parked by the hold
	r.Unblock(from, to)
	r.pass(ms)
	if h.Len() != 1 || r.Counts().Held != 1 {
		t.Errorf("%d held, counted %d times", h.Len(), r.Counts().Held)
	}
	h.Release()
	r.pass(ms)
	r.want(t, "released", "gate1 data 01")
}

// A hold does not keep what has ended: a crash or reset takes its items away.
func TestHeldConnectionMayEnd(t *testing.T) {
	r, client, server := newPair(LAN())
	a, _ := r.connect(t, client, server)
	h := r.Hold(Match{Kind: 1})
	r.Write(a, []byte{1})
	r.pass(ms)
	r.ResetAt(r.IDOf(client), AnyClass)
	if h.Len() != 0 || len(h.Items()) != 0 {
		t.Errorf("after a reset %d are held", h.Len())
	}
	r.pass(ms)
	r.want(t, "the reset", "gate1 down stood=true num=0", "client1 down stood=true num=7")
	a, _ = r.connect(t, client, server)
	r.Write(a, []byte{1})
	r.pass(ms)
	r.SetReach(server, Gone)
	if h.Len() != 0 {
		t.Errorf("after a crash %d are held", h.Len())
	}
	h.Release()
	r.pass(ms)
	r.want(t, "the crash", "client1 down stood=true num=7")
	r.wantClean(t)
}

// Dials and ends have no kind, and are stopped by a hold that names none.
func TestHoldStopsDialsAndEnds(t *testing.T) {
	r, client, server := newPair(LAN())
	h := r.Hold(Match{To: r.IDOf(server), Limit: 1})
	r.Dial(client, 7, "gate1")
	r.pass(ms)
	r.want(t, "a held dial")
	h.Release()
	r.pass(ms)
	r.want(t, "a released dial", "gate1 up dialled=false num=0 tag=0", "client1 up dialled=true num=7 tag=0")
	h = r.Hold(Match{To: r.IDOf(server)})
	r.Close(r.ups[1].Conn)
	r.pass(ms)
	r.want(t, "a held end")
	h.Release()
	r.pass(ms)
	r.want(t, "a released end", "gate1 down stood=true num=0")
	r.wantClean(t)
}

// What a hold lets go may still meet a partition, and comes after it.
func TestReleaseIntoAPartition(t *testing.T) {
	r, client, server := newPair(LAN())
	a, _ := r.connect(t, client, server)
	h := r.Hold(Match{Kind: 1})
	r.Write(a, []byte{1})
	r.pass(ms)
	r.Block(r.IDOf(client), r.IDOf(server))
	h.Release()
	r.pass(ms)
	r.want(t, "released into a partition")
	r.Unblock(r.IDOf(client), r.IDOf(server))
	r.pass(ms)
	r.want(t, "after it", "gate1 data 01")
}
