package netsim

import "messiah/core/node"

type endState uint8

const (
	endOpening endState = iota // dialled and unanswered, or not accepted yet
	endUp
	endClosed
)

type end struct {
	End
	state  endState
	untold bool // its machine has accepted, and its process has not heard of it yet
}

// conn is one connection. Side 0 dialled; dirs[i] carries what ends[i] sends.
type conn struct {
	index uint32
	gen   uint32
	born  uint64 // how many there had been
	live  bool
	cause uint64 // of the dial
	busy  int    // deliveries under way, during which it is not given back
	ends  [2]end
	dirs  [2]dir
}

// use is what a connection serves, kept apart so that a search among ten
// thousand reads little. A free one has AnyClass.
type use struct {
	class Class
	sites [2]Site
}

// dir is one direction: a queue of items of which only the head is scheduled.
type dir struct {
	link       *Link
	head, tail int32
	bytes      int
	last       node.Time // the latest arrival: later items do not overtake
	scheduled  bool
	due        node.Time // of what is scheduled
	breaking   bool      // an opBreak is under way
	parked     bool      // on a list of a link, site or hold that will wake it
	held       *Held
}

// dirRef names a direction of one use of a connection.
type dirRef struct{ index, gen uint32 }

func (c *conn) ref(side int) dirRef { return dirRef{c.index<<1 | uint32(side), c.gen} }

func (n *Net) conn(r dirRef) (c *conn, side int, ok bool) {
	c = n.conns[r.index>>1]
	return c, int(r.index & 1), c.live && c.gen == r.gen
}

// wake lets directions go on that had to wait. One that was cleared since and is
// held now stays: it was to be woken for what it carried before.
func (n *Net) wake(waiting []dirRef) {
	for _, r := range waiting {
		if c, side, ok := n.conn(r); ok && c.dirs[side].parked && c.dirs[side].held == nil {
			c.dirs[side].parked = false
			n.schedule(c, side)
		}
	}
}

func (n *Net) newConn(class Class, from, to Site) *conn {
	var c *conn
	if last := len(n.freeConns) - 1; last >= 0 {
		c = n.conns[n.freeConns[last]]
		n.freeConns = n.freeConns[:last]
		*c = conn{index: c.index, gen: c.gen + 1}
	} else {
		c = &conn{index: uint32(len(n.conns)), gen: 1}
		n.conns = append(n.conns, c)
		n.uses = append(n.uses, use{})
	}
	n.uses[c.index] = use{class, [2]Site{from, to}}
	c.live, c.cause = true, n.cause
	c.ends[0].End = End{Site: from, Class: class, Dialled: true}
	c.ends[1].End = End{Site: to, Class: class}
	a, b := n.sites[from].id, n.sites[to].id
	c.dirs[0].link, c.dirs[1].link = n.Link(a, b), n.Link(b, a)
	for side := range c.ends {
		c.ends[side].Conn = uint64(c.gen)<<32 | uint64(c.index)<<1 | uint64(side)
	}
	c.born = n.counts.Dials
	n.counts.Dials++
	return c
}

// byNumber finds the end that a site calls by that connection number.
func (n *Net) byNumber(num uint64) (c *conn, side int, ok bool) {
	r := dirRef{uint32(num), uint32(num >> 32)}
	if int(r.index>>1) >= len(n.conns) {
		return nil, 0, false
	}
	return n.conn(r)
}

// nowhere is where addresses lead that nobody listens at.
const nowhere Site = 0

// Dial begins a process connection. The dialler hears Up or Down with its num.
func (n *Net) Dial(from Site, num uint64, addr string) {
	c := n.newConn(Process, from, n.listeners[addr])
	c.ends[0].Num = num
	n.begin(c)
}

// DialStream begins a client stream to an endpoint. The dialler hears Up or Down
// with the endpoint as it named it, its own Stream number included, and its tag.
func (n *Net) DialStream(from Site, to node.Endpoint, tag uint32) {
	target := SiteOf(to)
	if int(target) >= len(n.sites) || !n.sites[target].serves || to.Port != ServicePort {
		target = nowhere
	}
	c := n.newConn(Stream, from, target)
	c.ends[0].Endpoint, c.ends[0].Tag = to, tag
	n.sites[from].nameDialled(tag, to.Stream, c.ends[0].Conn)
	n.begin(c)
}

func (n *Net) begin(c *conn) {
	n.put(c, 0, itemSyn, nil)
	n.cfg.Sink.Schedule(n.now.Add(n.cfg.DialWithin), Event{opDial, c.index, c.gen})
}

// abandon ends a dial that had no answer in time.
func (n *Net) abandon(c *conn) {
	n.counts.Refused++
	n.clear(c, 1)
	n.put(c, 1, itemReset, nil)
	if c.ends[1].state == endUp {
		n.put(c, 0, itemEnd, nil)
		return
	}
	n.clear(c, 0)
	c.ends[1].state = endClosed
}

// Write sends one item, a whole frame or packet, copying b. What is written to a
// connection that is not standing is lost, as the peer's end is on its way.
func (n *Net) Write(conn uint64, b []byte) {
	c, side, ok := n.byNumber(conn)
	if !ok || c.ends[side].state != endUp {
		n.counts.Lost++
		return
	}
	bound := MaxProcessBytes
	if c.ends[0].Class == Stream {
		bound = MaxStreamBytes
	}
	if c.dirs[side].bytes+len(b) > bound {
		n.counts.OverBound++
		n.reset(c)
		return
	}
	n.put(c, side, itemData, b)
}

// Close ends a connection from one side: the peer hears of it behind what was
// written, this side hears nothing more.
func (n *Net) Close(conn uint64) {
	if c, side, ok := n.byNumber(conn); ok && c.ends[side].state != endClosed {
		n.leave(c, side, true)
	}
}

// SetTag changes the sink's own word for an end.
func (n *Net) SetTag(conn uint64, tag uint32) {
	if c, side, ok := n.byNumber(conn); ok {
		c.ends[side].Tag = tag
	}
}

// leave closes one end; the other hears of it only where it is told.
func (n *Net) leave(c *conn, side int, tell bool) {
	c.ends[side].state = endClosed
	n.clear(c, 1-side)
	if tell && c.ends[1-side].state != endClosed {
		n.put(c, side, itemEnd, nil)
	}
	n.release(c)
}

// reset breaks a connection at once: what is under way is lost and both ends
// hear of it, whatever the links between them let through.
func (n *Net) reset(c *conn) {
	n.counts.Resets++
	for side := range c.dirs {
		n.clear(c, side)
		if c.ends[1-side].state != endClosed {
			n.put(c, side, itemReset, nil)
		}
	}
}

// ResetBetween breaks all connections of a class between two processes and
// returns how many there were.
func (n *Net) ResetBetween(a, b node.ID, class Class) int {
	return n.resetIf(class, func(from, to node.ID) bool {
		return from == a && to == b || from == b && to == a
	})
}

// ResetAt breaks all connections of a class at one process.
func (n *Net) ResetAt(id node.ID, class Class) int {
	return n.resetIf(class, func(from, to node.ID) bool { return from == id || to == id })
}

func (n *Net) resetIf(class Class, is func(from, to node.ID) bool) int {
	count := 0
	for i, u := range n.uses {
		if u.class == AnyClass || class != AnyClass && class != u.class {
			continue
		}
		c := n.conns[i]
		if l := c.dirs[0].link; is(l.From, l.To) {
			n.fault("reset", l.From, l.To)
			n.reset(c)
			count++
		}
	}
	return count
}

// put queues an item behind what its direction carries already.
func (n *Net) put(c *conn, side int, kind itemKind, b []byte) {
	d := &c.dirs[side]
	i := n.pool.take(kind, b)
	it := &n.pool.items[i]
	it.cause = n.cause
	it.at = n.now
	if kind != itemReset {
		it.at = max(d.last, d.link.streamArrival(n.now, c.ends[0].Class, len(b)+headerBytes))
		d.last = it.at
	}
	n.counts.Sent++
	d.bytes += len(b)
	if d.tail != 0 {
		n.pool.items[d.tail].next = i
		d.tail = i
		return
	}
	d.head, d.tail = i, i
	if !d.parked {
		n.schedule(c, side)
	}
}

// headerBytes is what an item costs on the wire beside its bytes.
const headerBytes = 40

// clear loses everything under way in one direction.
func (n *Net) clear(c *conn, side int) {
	d := &c.dirs[side]
	for i := d.head; i != 0; {
		next := n.pool.items[i].next
		if n.pool.items[i].kind == itemData {
			n.counts.Lost++
		}
		n.pool.give(i)
		i = next
	}
	d.head, d.tail, d.bytes, d.last = 0, 0, 0, 0
	d.parked, d.held = false, nil
}

// schedule asks for the head of a direction when it is due.
func (n *Net) schedule(c *conn, side int) {
	d := &c.dirs[side]
	if d.head == 0 {
		return
	}
	at := max(n.now, n.pool.items[d.head].at)
	if d.scheduled && d.due <= at {
		return
	}
	d.scheduled, d.due = true, at
	n.cfg.Sink.Schedule(at, Event{opHead, c.index<<1 | uint32(side), c.gen})
}

// fireHead delivers the head of a direction, or parks the direction until
// whatever stands in its way is gone.
func (n *Net) fireHead(index, gen uint32) {
	c, side, ok := n.conn(dirRef{index, gen})
	if !ok {
		return
	}
	d := &c.dirs[side]
	if !d.scheduled || d.due != n.now {
		return // an earlier head has taken this one's place
	}
	d.scheduled = false
	if d.parked || d.head == 0 {
		return
	}
	i := d.head
	if n.pool.items[i].at > n.now {
		n.schedule(c, side)
		return
	}
	if n.pool.items[i].kind != itemReset && (n.stopped(c, side) || n.holdHead(c, side)) {
		return
	}
	n.unlink(d)
	c.busy++
	n.cause = n.pool.items[i].cause
	taken := n.deliver(c, side, i)
	c.busy--
	if !taken {
		n.relink(d, i)
		d.parked = true
		at := &n.sites[c.ends[1-side].Site]
		at.waiting = append(at.waiting, c.ref(side))
		return
	}
	n.pool.give(i)
	if !n.release(c) && !d.parked {
		n.schedule(c, side)
	}
}

func (n *Net) unlink(d *dir) {
	it := &n.pool.items[d.head]
	d.bytes -= len(it.buf)
	if d.head = it.next; d.head == 0 {
		d.tail = 0
	}
	it.next = 0
}

func (n *Net) relink(d *dir, i int32) {
	it := &n.pool.items[i]
	d.bytes += len(it.buf)
	it.next = d.head
	if d.head = i; d.tail == 0 {
		d.tail = i
	}
}

// stopped parks a direction whose link lets nothing pass.
func (n *Net) stopped(c *conn, side int) bool {
	d := &c.dirs[side]
	if !d.link.blocked {
		return false
	}
	d.parked = true
	d.link.waiting = append(d.link.waiting, c.ref(side))
	if !d.breaking && c.ends[side].state != endClosed {
		d.breaking = true
		n.cfg.Sink.Schedule(n.now.Add(n.cfg.BreakAfter), Event{opBreak, c.index<<1 | uint32(side), c.gen})
	}
	return true
}

// fireBreak ends a connection whose sender has retransmitted in vain: the sender
// hears it now, the receiver when something passes again.
func (n *Net) fireBreak(index, gen uint32) {
	c, side, ok := n.conn(dirRef{index, gen})
	if !ok {
		return
	}
	d := &c.dirs[side]
	d.breaking = false
	if !d.link.blocked || !d.parked || c.ends[side].state == endClosed {
		return
	}
	if over := d.link.since.Add(n.cfg.BreakAfter); over > n.now {
		d.breaking = true
		n.cfg.Sink.Schedule(over, Event{opBreak, index, gen})
		return
	}
	n.counts.Breaks++
	n.cause = d.link.cause
	n.clear(c, side)
	n.clear(c, 1-side)
	n.put(c, 1-side, itemReset, nil)
	if c.ends[1-side].state == endUp {
		n.put(c, side, itemEnd, nil)
	}
}

// release gives a connection back that both ends are done with.
func (n *Net) release(c *conn) bool {
	if !c.live || c.busy > 0 || c.ends[0].state != endClosed || c.ends[1].state != endClosed {
		return !c.live
	}
	n.clear(c, 0)
	n.clear(c, 1)
	n.forgetNames(c)
	c.live = false
	n.uses[c.index] = use{}
	n.freeConns = append(n.freeConns, c.index)
	return true
}
