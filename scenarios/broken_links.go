package scenarios

import (
	"time"

	"messiah/core/node"
	"messiah/core/proto"
	"messiah/netsim"
	"messiah/sim"
)

// What broken processes do while a process of the cluster dials them.

// stands answers a process that has dialled until the link stands.
func (b *breaker) stands(c *sim.RawConn) {
	c.Frame(sim.FrameChallenge, c.Challenge())
	b.awaits(c, sim.FrameProof)
	c.Frame(sim.FrameReady, c.Ready(0))
	b.Go(20 * time.Millisecond)
	if c.Down {
		b.Violate("progress", "a good handshake was ended")
	}
	c.Stand()
}

// from counts the connections that a process has made.
func from(r *sim.RawPeer, id node.ID) int {
	n := 0
	for _, c := range r.Accepted {
		if c.From() == id {
			n++
		}
	}
	return n
}

// dialledBoth: the link stands over the gate's connection, is taken over by one
// of the other side, and when that ends the gate makes its own again.
func (b *breaker) dialledBoth() {
	r, lead := b.joined()
	first := b.dialledBy(r, 0)
	gate := first.From()
	b.stands(first)
	second := b.linked(r, gate, first.Received, true)
	b.dropped(first, "another connection of the same link", sim.FrameRefuse)
	before := from(r, gate)
	second.Close()
	b.Must("the gate dials again", func() bool { return from(r, gate) > before }, 3*time.Second)
	b.leaves(r, lead)
}

// dialledFirst: the link stands before the gate hears of the address. It dials only when that link breaks.
func (b *breaker) dialledFirst() {
	r := b.RawPeer(b.life(node.Game))
	r.Listen(rawAddr)
	gate := sim.GateID(1 + b.Pick("gate", b.Options().Gates))
	own := b.linked(r, gate, 0, false)
	lead := b.linked(r, sim.ManagerID, 0, false)
	lead.Say(&proto.Register{Addr: rawAddr})
	b.Go(500 * time.Millisecond)
	if from(r, gate) > 0 {
		b.Violate("progress", "%v dials a process to which its link stands", gate)
	}
	own.Close()
	b.Must("the gate dials", func() bool { return from(r, gate) > 0 }, 3*time.Second)
	b.leaves(r, lead)
}

// overtaking: the gate's connection is answered after another one has made the link.
func (b *breaker) overtaking() {
	r, lead := b.joined()
	late := b.dialledBy(r, 0)
	gate := late.From()
	never := uint16(sim.FrameProof)
	if b.Pick("late-ready", 2) == 1 {
		late.Frame(sim.FrameChallenge, late.Challenge())
		b.awaits(late, sim.FrameProof)
		never = sim.FrameRefuse
	}
	own := b.linked(r, gate, 0, false)
	if never == sim.FrameProof {
		late.Frame(sim.FrameChallenge, late.Challenge())
	} else {
		late.Frame(sim.FrameReady, late.Ready(0))
	}
	b.dropped(late, "a link that stands already", never)
	b.Go(100 * time.Millisecond)
	if own.Down {
		b.Violate("progress", "a link that stood was broken by a late answer")
	}
	b.leaves(r, lead)
}

// goneMeanwhile: it leaves the cluster between the gate's proof and its own last word.
func (b *breaker) goneMeanwhile() {
	r, lead := b.joined()
	c := b.dialledBy(r, 0)
	c.Frame(sim.FrameChallenge, c.Challenge())
	b.awaits(c, sim.FrameProof)
	lead.Say(&proto.Leave{})
	b.Go(200 * time.Millisecond)
	if c.Down {
		return // nobody says that the gate has to wait for the word
	}
	c.Frame(sim.FrameReady, c.Ready(0))
	b.dropped(c, "the end of the process that it comes from", sim.FrameRefuse)
	r.Vanish()
}

// goneBeforeUp: it leaves the cluster before the gate's connection to it is made.
func (b *breaker) goneBeforeUp() {
	gate := sim.GateID(1)
	r := b.RawPeer(b.life(node.Game))
	far := netsim.LAN()
	far.Latency = 100 * time.Millisecond
	b.Net().Link(gate, r.Place()).SetProfile(far)
	r.Listen(rawAddr)
	lead := b.linked(r, sim.ManagerID, 0, false)
	lead.Say(&proto.Register{Addr: rawAddr})
	b.Go(20 * time.Millisecond)
	lead.Say(&proto.Leave{})
	b.Go(time.Second)
	for _, c := range r.Accepted {
		if c.From() == 0 && !c.Down { // whoever said hello before waits for the answer a little longer
			b.Violate("progress", "a connection is kept to a process that left before it was made")
		}
	}
	r.Vanish()
}

// heldDial: while a gate waits for an answer, new lists of the manager make it dial no second time.
func (b *breaker) heldDial() {
	r, lead := b.joined()
	c := b.dialledBy(r, 0)
	for i := range 3 {
		lead.Say(&proto.Ready{Version: uint64(1 + i)})
		lead.Say(&proto.StubsMade{})
		b.Go(50 * time.Millisecond)
	}
	if n := from(r, c.From()); n > 1 && !c.Down {
		b.Violate("progress", "%v dials one address %d times at once", c.From(), n)
	}
	b.leaves(r, lead)
}

// squatter: before the cluster starts, somebody else answers at the manager's
// address, under several lives. Everybody finds the true one in the end.
func (b *breaker) squatter() {
	r := b.RawPeer(node.Peer{ID: sim.ManagerID, Inc: b.life(node.Game).Inc})
	r.Answer(false)
	r.Listen(sim.ManagerID.String())
	b.StartCluster(0)
	b.Go(150 * time.Millisecond)
	r.Answer(true)
	b.Go(60 * time.Millisecond)
	// Whoever found nobody has tried again soon, for it may be starting as they are.
	if want := b.Options().Gates + b.Options().Games + 1; len(r.Accepted) < want {
		b.Violate("progress", "%d of %d processes have dialled an address that answers for 60 ms now", len(r.Accepted), want)
	}
	first := b.dialledBy(r, 0)
	who := first.From()
	// The link to one life is made while another life is still to answer the dial.
	present, past := node.Peer{ID: sim.ManagerID, Inc: b.life(node.Game).Inc}, r.Self
	r.Self = present
	link := b.linked(r, who, 0, false)
	r.Self = past
	first.Frame(sim.FrameChallenge, first.Challenge())
	b.dropped(first, "a link to another life, made later", sim.FrameProof)
	// The link breaks, is made again while the next dial is to be answered, and a later life answers that.
	before := from(r, who)
	link.Close()
	b.Must("it dials again", func() bool { return from(r, who) > before }, 3*time.Second)
	var dial *sim.RawConn
	for _, c := range r.Accepted {
		if c.From() == who {
			dial = c
		}
	}
	r.Self = present
	link = b.linked(r, who, link.Received, true)
	r.Self = node.Peer{ID: sim.ManagerID, Inc: b.life(node.Game).Inc}
	dial.Frame(sim.FrameChallenge, dial.Challenge())
	b.awaits(dial, sim.FrameProof)
	b.dropped(link, "a later life that answers where it listened", sim.FrameRefuse)
	r.Vanish()
	r.Yield(sim.ManagerID)
}
