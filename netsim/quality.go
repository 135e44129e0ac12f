package netsim

import (
	"fmt"
	"time"

	"messiah/core/node"
)

// Million is the base of all probabilities here: Loss of 10,000 is one in a hundred.
const Million = 1_000_000

// Profile is the quality of one direction of a link. Loss, Corrupt, Duplicate,
// Reorder and Stall are chances in a million per item.
type Profile struct {
	Name      string
	Latency   time.Duration // of the fastest item
	Jitter    time.Duration // added evenly from nothing up to this
	Loss      int           // lost datagrams; on a connection each loss costs a retransmission
	Corrupt   int           // datagrams with one bit flipped; on a connection it counts as a loss
	Duplicate int           // datagrams that come twice
	Reorder   int           // datagrams that are overtaken: they take up to ReorderBy longer
	ReorderBy time.Duration
	Bandwidth int           // bytes a second, 0 for no limit
	Queue     int           // bytes that wait for bandwidth before datagrams are dropped, 0 for no limit
	Stall     int           // chance that an item finds the link stalled from then on
	StallFor  time.Duration // how long a stall lasts
}

// LAN is the network between the processes of one cluster.
func LAN() Profile {
	return Profile{Name: "lan", Latency: 60 * time.Microsecond, Jitter: 60 * time.Microsecond}
}

// WiFi is a home network with some interference.
func WiFi() Profile {
	return Profile{
		Name: "wifi", Latency: 8 * time.Millisecond, Jitter: 12 * time.Millisecond, Loss: 10_000,
		Duplicate: 500, Reorder: 5_000, ReorderBy: 20 * time.Millisecond, Bandwidth: 2 << 20, Queue: 256 << 10,
	}
}

// Mobile3G is a telephone on the move.
func Mobile3G() Profile {
	return Profile{
		Name: "3g", Latency: 70 * time.Millisecond, Jitter: 80 * time.Millisecond, Loss: 30_000,
		Corrupt: 1_000, Duplicate: 1_000, Reorder: 10_000, ReorderBy: 100 * time.Millisecond,
		Bandwidth: 128 << 10, Queue: 64 << 10,
	}
}

// Bufferbloat is a slow uplink behind a queue of seconds.
func Bufferbloat() Profile {
	return Profile{
		Name: "bufferbloat", Latency: 20 * time.Millisecond, Jitter: 10 * time.Millisecond, Loss: 1_000,
		Bandwidth: 64 << 10, Queue: 128 << 10,
	}
}

// Stalling is a good link that now and then says nothing for two seconds.
func Stalling() Profile {
	return Profile{
		Name: "stall", Latency: 15 * time.Millisecond, Jitter: 10 * time.Millisecond,
		Stall: 1_000, StallFor: 2 * time.Second,
	}
}

// Torn is a link on its last legs: much is lost, flipped, doubled and overtaken.
func Torn() Profile {
	return Profile{
		Name: "torn", Latency: 30 * time.Millisecond, Jitter: 120 * time.Millisecond, Loss: 150_000,
		Corrupt: 50_000, Duplicate: 50_000, Reorder: 150_000, ReorderBy: 300 * time.Millisecond,
	}
}

// Jittery is a link on which an item takes up to 200 ms longer than another, and nothing is lost.
func Jittery() Profile {
	return Profile{Name: "jittery", Latency: 30 * time.Millisecond, Jitter: 200 * time.Millisecond}
}

// Profiles returns the named profiles, best first.
func Profiles() []Profile {
	return []Profile{LAN(), WiFi(), Bufferbloat(), Stalling(), Mobile3G()}
}

// ProfileNamed returns the profile of that name, lossy:N included.
func ProfileNamed(name string) (Profile, error) {
	if p, ok := lossyNamed(name); ok {
		return p, nil
	}
	for _, p := range append(Profiles(), Torn(), Jittery()) {
		if p.Name == name {
			return p, nil
		}
	}
	return Profile{}, fmt.Errorf("netsim: no link profile %q", name)
}

// Retransmission between processes is TCP's: the wait doubles from the first one
// on. After the last the item passes, since a link that never lets one through
// is a partition.
const (
	retransmitFirst = 200 * time.Millisecond
	retransmitMost  = 6
)

// arqFloor is by how much KCP's time-out is above the round-trip time at least:
// the interval of core/arq's settings.
const arqFloor = 40 * time.Millisecond

// Link is one direction between two sites.
type Link struct {
	From, To node.ID

	profile *Profile // shared by links, and never changed
	choose  Decider
	busy    node.Time // when the bandwidth is free again
	stalled node.Time // until when nothing arrives
	blocked bool
	since   node.Time // when it was blocked
	cause   uint64    // of the block
	waiting []dirRef  // directions whose head found it blocked
}

// Profile returns the link's quality.
func (l *Link) Profile() Profile { return *l.profile }

// SetProfile changes the quality for what is sent from now on.
func (l *Link) SetProfile(p Profile) { l.profile = &p }

// Blocked tells whether nothing passes.
func (l *Link) Blocked() bool { return l.blocked }

// happens draws whether something with that chance in a million does; choice 0 is
// that it does not, unless it is certain.
func (l *Link) happens(label string, chance int) bool {
	return chance > 0 && l.choose.Choose(label, Million) >= Million-chance || chance >= Million
}

// upTo draws a duration in [0, most], in microseconds where most is long.
func (l *Link) upTo(label string, most time.Duration) time.Duration {
	if most <= 0 {
		return 0
	}
	unit := time.Nanosecond
	if most > time.Second {
		unit = time.Microsecond
	}
	return time.Duration(l.choose.Choose(label, int(most/unit)+1)) * unit
}

// room tells whether the queue in front of the bandwidth takes a datagram now.
func (l *Link) room(now node.Time) bool {
	p := l.profile
	if p.Bandwidth <= 0 || p.Queue <= 0 || l.busy <= now {
		return true
	}
	return (l.busy-now)*node.Time(p.Bandwidth)/node.Time(time.Second) <= node.Time(p.Queue)
}

// leaves returns when size bytes sent now have left the sender's side, behind what waits there.
func (l *Link) leaves(now node.Time, size int) node.Time {
	p := l.profile
	if l.happens("stall", p.Stall) {
		l.stalled = max(l.stalled, now.Add(p.StallFor))
	}
	at := max(now, l.stalled)
	if p.Bandwidth <= 0 {
		return at
	}
	l.busy = max(l.busy, now) + node.Time(size)*node.Time(time.Second)/node.Time(p.Bandwidth)
	return max(at, l.busy)
}

// streamArrival returns when an item of a connection arrives: a loss costs time,
// not the item, and what the queue has no room for waits at its sender.
func (l *Link) streamArrival(now node.Time, class Class, size int) node.Time {
	p := l.profile
	at := l.leaves(now, size).Add(p.Latency + l.upTo("jitter", p.Jitter))
	wait, doubles := l.retransmission(class)
	for range retransmitMost {
		if !l.happens("loss", p.Loss+p.Corrupt) {
			break
		}
		at = at.Add(wait)
		if doubles {
			wait *= 2
		}
	}
	return at
}

// retransmission returns what the first loss of an item costs, and whether each
// further one costs twice as much as the one before.
//
// A client's stream stands for its session over KCP, which most clients use: the
// time-out is RFC 6298's, the smoothed round trip and four times its mean
// deviation (a third of the jitter, where it is even in both directions), with
// KCP's floor. KCP lengthens it by half each time, and resends sooner where
// later items are acknowledged; with messages every few tens of milliseconds the
// two come to a constant wait. The scenarios' conformance test compares.
func (l *Link) retransmission(class Class) (first time.Duration, doubles bool) {
	p := l.profile
	if class == Stream {
		return 2*p.Latency + p.Jitter + max(arqFloor, 4*p.Jitter/3), false
	}
	return max(retransmitFirst, 2*p.Latency+p.Jitter), true
}
