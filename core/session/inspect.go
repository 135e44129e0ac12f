package session

import (
	"iter"
	"time"

	"messiah/core/node"
	"messiah/core/wire"
)

// Counters count what a lane dropped or refused since its start.
type Counters struct {
	Handshakes    uint64 // key exchanges that came through
	Refused       uint64 // handshakes answered with a refusal
	BadCookies    uint64 // inits with a cookie that is not ours, too old, or of another address
	Unfinished    uint64 // handshakes that were not finished in time, or gave way to newer ones
	Nonsense      uint64 // packets of no known type or shape
	Strays        uint64 // sealed datagrams of no session here
	Forged        uint64 // sealed packets that are not authentic
	Replayed      uint64 // sealed packets that came before
	Invalid       uint64 // messages that Validate did not take
	ResumeRefused uint64 // resumes refused for their token
	LatestDropped uint64 // latest-wins messages that found no room
}

// View is what can be seen of one session of a shard.
type View struct {
	Session         node.Session
	Endpoint        node.Endpoint
	State           string
	Attached        bool // sealed packets can be sent
	LoggedIn        bool // it may be resumed
	Announced       bool // the loop has heard of it
	UnackedMessages int
	UnackedBytes    int
	RTT             time.Duration // of the last answered ping, 0 before
}

// Sessions visits the sessions of the shard by slot, unfinished and detached ones included.
func (sh *Shard) Sessions() iter.Seq[View] {
	return func(yield func(View) bool) {
		for _, s := range sh.slots {
			if s != nil && !yield(s.view()) {
				return
			}
		}
	}
}

// Some visits the sessions of at most count slots, from that slot on and around:
// those that are next in turn where all are too many.
func (sh *Shard) Some(from, count int) iter.Seq[View] {
	return func(yield func(View) bool) {
		for i := range min(count, len(sh.slots)) {
			if s := sh.slots[(from+i)%len(sh.slots)]; s != nil && !yield(s.view()) {
				return
			}
		}
	}
}

func (s *session) view() View {
	messages, bytes := s.unacked()
	return View{
		Session: s.id, Endpoint: s.endpoint, State: s.state.String(), Attached: s.attached(), LoggedIn: s.loggedIn,
		Announced: s.announced, UnackedMessages: messages, UnackedBytes: bytes, RTT: time.Duration(s.rtt),
	}
}

// Len returns how many sessions the shard holds, unfinished and detached ones included.
func (sh *Shard) Len() int { return sh.live }

// HalfOpen returns how many handshakes wait for the client's begin.
func (sh *Shard) HalfOpen() int { return sh.accepted.count }

// Greeted returns how many streams have said hello and nothing since.
func (sh *Shard) Greeted() int { return sh.greeted.count }

// Counters returns the shard's counters.
func (sh *Shard) Counters() Counters { return sh.counters }

// Counters returns the dialer's counters.
func (d *Dialer) Counters() Counters { return d.counters }

// Session returns the current epoch, or 0.
func (d *Dialer) Session() node.Session {
	if d.state != dialOpen {
		return 0
	}
	return d.id
}

// Resumable tells whether the dialer holds a token.
func (d *Dialer) Resumable() bool { return d.token != token{} }

// Unacked returns how many reliable messages, and bytes with their overhead, the server has not acknowledged.
func (d *Dialer) Unacked() (messages, bytes int) { return d.unacked() }

// RTT returns the round-trip time of the last answered ping, 0 before.
func (d *Dialer) RTT() time.Duration { return time.Duration(d.rtt) }

// code reads or writes the counters.
func (k *Counters) code(c *wire.Coder) {
	for _, n := range []*uint64{
		&k.Handshakes, &k.Refused, &k.BadCookies, &k.Unfinished, &k.Nonsense, &k.Strays,
		&k.Forged, &k.Replayed, &k.Invalid, &k.ResumeRefused, &k.LatestDropped,
	} {
		c.Uint64(n)
	}
}
