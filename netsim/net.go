// Package netsim models the network of a simulated cluster: connections between
// processes, client streams and datagrams over links of a stated quality, with
// partitions, breaks, and holding back of single items. It is sans-I/O: it asks
// its sink for calls at virtual times and tells it what arrives.
package netsim

import (
	"time"

	"messiah/core/node"
)

// Decider is one stream of decisions: Choose returns a number in [0, n), and 0
// is the boring one: no delay, no fault.
type Decider interface {
	Choose(label string, n int) int
}

// Sink is whoever runs the network: it keeps the time and takes what arrives.
// Each End and each byte slice is good until the call returns.
type Sink interface {
	// Schedule asks for Fire(event) at that time.
	Schedule(at node.Time, event Event)
	// Up says that a connection stands; Dialled tells which side this is.
	// False as for Data.
	Up(e *End) bool
	// Data hands over one item of a connection. False means that the site takes
	// nothing now; the item comes again after Kick.
	Data(e *End, b []byte) bool
	// Down says that a connection has ended or, of a dial, was not to be had.
	// False as for Data.
	Down(e *End) bool
	// Datagram hands over one datagram. False drops it, as a full socket does.
	Datagram(site Site, from node.Endpoint, b []byte) bool
}

// Event is what a network asks to be woken with.
type Event struct {
	Op    uint8
	Index uint32
	Gen   uint32
}

const (
	opHead     = iota + 1 // the head of a direction is due: Index is connection*2 + side
	opDatagram            // a datagram is due: Index is the item
	opDial                // a dial has waited long enough: Index is the connection
	opBreak               // a direction has been blocked long enough: as opHead
)

// Class tells the three kinds of transport apart.
type Class uint8

// The classes of transport. AnyClass matches all in a Match.
const (
	AnyClass Class = iota
	Process        // frames between processes
	Stream         // packets of a client over an ordered, reliable connection
	Datagrams
)

// String returns the class for people.
func (c Class) String() string {
	return [...]string{"any", "process", "stream", "datagram"}[c&3]
}

// Site is where a process runs, whatever life of it. Sites count from 1.
type Site int32

// End is one side of a connection as its site sees it.
type End struct {
	Site     Site
	Class    Class
	Dialled  bool
	Standing bool          // it was up before: a Down of a dial that never stood has false
	Conn     uint64        // of process connections: its number, unique in the world and never 0
	Num      uint64        // of dialled ones: the dialler's number
	Endpoint node.Endpoint // of streams: how the site's lanes name it
	Tag      uint32        // the sink's own, kept for the connection's life
}

// Config says what a network stands on.
type Config struct {
	Sink Sink
	// Stream returns the decisions of one direction of a link.
	Stream func(from, to node.ID) Decider
	// Quality returns the profile that a direction of a link begins with.
	Quality func(from, to node.ID) Profile
	// KindOf returns the message kind of an item, for holds. It may be nil.
	KindOf func(class Class, b []byte) uint16
	// Fault is told what is done to a direction of a link, and returns the cause that
	// its consequences have. It may be nil.
	Fault func(what string, from, to node.ID) uint64
	// BreakAfter is how long a blocked connection with data waits before it breaks.
	BreakAfter time.Duration
	// DialWithin is how long a dial without any answer waits.
	DialWithin time.Duration
}

// Bounds of what one direction of a connection holds back, in bytes. Over it the
// connection breaks, as production's output buffers do.
const (
	MaxProcessBytes = 8 << 20
	MaxStreamBytes  = 256<<10 + 160<<10
)

// Times that a zero Config field stands for.
const (
	defaultBreakAfter = 10 * time.Second
	defaultDialWithin = 3 * time.Second
)

// Counts tells what a network has done.
type Counts struct {
	Sent, Delivered, Lost, Corrupted, Duplicated, Reordered uint64
	Dials, Refused, Resets, Breaks, OverBound, Held         uint64
}

// Net is one network. It is not safe for concurrent use.
type Net struct {
	cfg   Config
	now   node.Time
	cause uint64
	pool  pool

	sites     []site // by Site; the first is nobody
	byID      map[node.ID]Site
	links     map[[2]node.ID]*Link
	profiles  []*Profile // that links began with
	listeners map[string]Site
	conns     []*conn
	uses      []use // by index of the connection
	freeConns []uint32
	holds     []*Held
	counts    Counts
}

type site struct {
	id       node.ID
	reach    Reach
	serves   bool   // it accepts client streams
	port     uint16 // of its datagrams
	lastPort uint16 // of the streams that it dialled
	stream   uint32 // last number of an accepted stream
	waiting  []dirRef
	dialled  []streamName      // streams: a site has few at once
	accepted map[uint32]uint64 // stream number: connection
}

// Reach says how a site answers the network.
type Reach uint8

// How a site may answer.
const (
	Gone   Reach = iota // no process: dials are refused, datagrams lost
	Silent              // no machine: nothing answers at all
	Here                // a process runs
)

// New makes an empty network.
func New(cfg Config) *Net {
	if cfg.BreakAfter == 0 {
		cfg.BreakAfter = defaultBreakAfter
	}
	if cfg.DialWithin == 0 {
		cfg.DialWithin = defaultDialWithin
	}
	return &Net{
		cfg: cfg, sites: make([]site, 1), byID: map[node.ID]Site{},
		links: map[[2]node.ID]*Link{}, listeners: map[string]Site{},
	}
}

// AddSite makes the site of a process; it is gone until SetReach.
func (n *Net) AddSite(id node.ID) Site {
	n.sites = append(n.sites, site{id: id, port: firstPort, lastPort: firstPort})
	s := Site(len(n.sites) - 1)
	n.byID[id] = s
	return s
}

// Listen makes a site accept process connections at an address.
func (n *Net) Listen(s Site, addr string) { n.listeners[addr] = s }

// Serve makes a site accept client streams at its endpoint.
func (n *Net) Serve(s Site) { n.sites[s].serves = true }

// SetReach says how a site answers from now on. Leaving Here ends all its
// connections: from Gone the peers hear of it behind what was sent, from Silent
// they hear nothing.
func (n *Net) SetReach(s Site, r Reach) {
	was := n.sites[s].reach
	n.sites[s].reach = r
	if was != Here || r == Here {
		return
	}
	n.sites[s].waiting = n.sites[s].waiting[:0]
	for i, u := range n.uses {
		if u.sites[0] != s && u.sites[1] != s {
			continue
		}
		c := n.conns[i]
		for side := range c.ends {
			if c.live && c.ends[side].Site == s && c.ends[side].state != endClosed {
				n.leave(c, side, r == Gone)
			}
		}
	}
}

// Link returns one direction between two sites, which is made at its first use.
func (n *Net) Link(from, to node.ID) *Link {
	key := [2]node.ID{from, to}
	l := n.links[key]
	if l == nil {
		l = &Link{From: from, To: to, choose: n.cfg.Stream(from, to), profile: n.quality(from, to)}
		n.links[key] = l
	}
	return l
}

// quality returns the profile that a link begins with, one for all that are alike.
func (n *Net) quality(from, to node.ID) *Profile {
	p := n.cfg.Quality(from, to)
	for _, known := range n.profiles {
		if *known == p {
			return known
		}
	}
	n.profiles = append(n.profiles, &p)
	return &p
}

// Block lets nothing pass in one direction: stream data waits, as it would be
// retransmitted, datagrams are lost.
func (n *Net) Block(from, to node.ID) {
	l := n.Link(from, to)
	if !l.blocked {
		l.blocked, l.since = true, n.now
		n.fault("block", from, to)
		l.cause = n.cause
	}
}

// Unblock ends a Block.
func (n *Net) Unblock(from, to node.ID) {
	l := n.Link(from, to)
	if l.blocked {
		n.fault("unblock", from, to)
	}
	l.blocked = false
	waiting := l.waiting
	l.waiting = nil
	n.wake(waiting)
}

// fault makes what was done to a link the cause of what follows.
func (n *Net) fault(what string, from, to node.ID) {
	if n.cfg.Fault != nil {
		n.cause = n.cfg.Fault(what, from, to)
	}
}

// Kick tries again what the sink would not take at a site.
func (n *Net) Kick(s Site) {
	if len(n.sites[s].waiting) == 0 {
		return
	}
	waiting := n.sites[s].waiting
	n.sites[s].waiting = nil
	n.wake(waiting)
}

// At sets the time and the cause, an event number, of what the caller does next.
func (n *Net) At(now node.Time, cause uint64) { n.now, n.cause = now, cause }

// Cause returns the cause of what is being delivered.
func (n *Net) Cause() uint64 { return n.cause }

// Fire carries out an event that was scheduled.
func (n *Net) Fire(now node.Time, e Event) {
	n.now = now
	switch e.Op {
	case opHead:
		n.fireHead(e.Index, e.Gen)
	case opDatagram:
		n.fireDatagram(int32(e.Index))
	case opDial:
		if c := n.conns[e.Index]; c.gen == e.Gen && c.live && c.ends[0].state == endOpening {
			n.cause = c.cause
			n.abandon(c)
		}
	case opBreak:
		n.fireBreak(e.Index, e.Gen)
	}
}

// Counts returns what the network has done so far.
func (n *Net) Counts() Counts { return n.counts }

// InFlight returns how many items and bytes are under way or held.
func (n *Net) InFlight() (items, bytes int) { return n.pool.live, n.pool.bytes }

// Busiest returns the most bytes that any direction of a connection of the class holds.
func (n *Net) Busiest(class Class) int {
	most := 0
	for i, u := range n.uses {
		if u.class == class {
			c := n.conns[i]
			most = max(most, c.dirs[0].bytes, c.dirs[1].bytes)
		}
	}
	return most
}

// Conns returns how many connections stand or are being made.
func (n *Net) Conns() int { return len(n.conns) - len(n.freeConns) }

// IDOf returns which process a site belongs to.
func (n *Net) IDOf(s Site) node.ID { return n.sites[s].id }
