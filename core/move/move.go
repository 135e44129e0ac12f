// Package move judges where clients say that their avatars are. Its Budget is the
// first of the movement checks: a speed budget in the server's time. What is to
// come beside it in this package: the history of allowed speeds, so that a buff
// that ends is no cheat; the way on the mesh of core/nav; the long-term statistic.
package move

import (
	"math"
	"time"

	"messiah/core/geom"
	"messiah/core/must"
	"messiah/core/node"
	"messiah/core/planted"
	"messiah/core/wire"
)

// Gain is by how much a client may exceed its speed in the long run: 3 %. It is
// room for a clock that runs fast and for rounding, not for a faster walk.
const Gain = 0.03

// DefaultSlack is how late a move may be against the one before it: 200 ms of
// jitter, the 100 ms between two moves at 10 Hz, and two lost moves of 100 ms. A
// move that is later than that looks faster than it was.
const DefaultSlack = 500 * time.Millisecond

// Bounds of a budget; more is the author's bug.
const (
	MaxSlack     = 10 * time.Second
	MaxSpeed     = 1e4              // metres a second
	MaxAllowance = 1e3              // metres that are open at one time; what is beyond is lost
	MaxAllowFor  = 10 * time.Second // so long an allowance may stay open
)

// Verdict says what becomes of a position.
type Verdict uint8

// The verdicts.
const (
	Good    Verdict = iota // it counts
	Early                  // the client has not followed the latest correction yet: it is dropped
	Refused                // faster than the budget: the client is corrected
)

// Budget is how far a client may move its avatar: metres that come back with the
// server's time at the speed and Gain more, up to what Slack of them makes. In any
// stretch T of the server's time the positions that count are at most
//
//	speed × (1 + Gain) × (T + slack) + allowances
//
// apart along their way, however many they are. A stall up to the slack takes
// nothing from an honest client; how often a client speaks changes nothing. (It is
// the token bucket of ITU-T I.371, in metres.) The zero Budget checks no speed.
type Budget struct {
	speed float64       // metres a second; 0 checks nothing
	slack time.Duration // 0 is DefaultSlack
	left  float64       // metres, as of last
	last  node.Time

	extra float64 // metres that are allowed beside, until then
	until node.Time

	num uint32 // of the latest correction; 0 is none
}

// SetSpeed sets the speed in metres a second from now on, and a full budget; 0 checks nothing.
func (b *Budget) SetSpeed(now node.Time, speed float64) {
	must.True(speed >= 0 && speed <= MaxSpeed, "a speed of %v m/s: 0 to %v are possible", speed, float64(MaxSpeed))
	b.speed, b.last = speed, now
	b.left = b.most()
}

// SetSlack sets how late a move may be against the one before it. It gains nothing at once.
func (b *Budget) SetSlack(now node.Time, slack time.Duration) {
	must.True(slack > 0 && slack <= MaxSlack, "a slack of %v: up to %v is possible", slack, time.Duration(MaxSlack))
	b.refill(now)
	b.slack = slack
	b.left = min(b.left, b.most())
}

// Speed returns the speed in metres a second; 0 checks nothing.
func (b *Budget) Speed() float64 { return b.speed }

// Slack returns how late a move may be against the one before it.
func (b *Budget) Slack() time.Duration {
	if b.slack == 0 {
		return DefaultSlack
	}
	return b.slack
}

// Correction returns the number of the latest correction, 0 before the first.
func (b *Budget) Correction() uint32 { return b.num }

// Correct begins a correction and returns its number: positions count again once
// the client has acknowledged it.
func (b *Budget) Correct() uint32 {
	if b.num++; b.num == 0 {
		b.num = 1 // 0 is what a client says that was never corrected
	}
	return b.num
}

// Allow opens a way of so many metres beside the budget, for what the server does to
// the avatar: it stays open for a time, and is used where the budget is at its end.
func (b *Budget) Allow(now node.Time, metres float64, within time.Duration) {
	must.True(metres >= 0 && metres <= MaxAllowance, "an allowance of %v m: 0 to %v are possible", metres, float64(MaxAllowance))
	must.True(within > 0 && within <= MaxAllowFor, "an allowance for %v: up to %v is possible", within, time.Duration(MaxAllowFor))
	if now > b.until {
		b.extra = 0
	}
	b.extra = min(b.extra+metres, MaxAllowance)
	b.until = max(b.until, now.Add(within))
}

// Departed returns the budget for another process, whose clock is another: its times
// are from now on.
func (b Budget) Departed(now node.Time) Budget {
	b.refill(now)
	if b.until <= now {
		b.extra = 0
	}
	b.last, b.until = 0, max(b.until-now, 0)
	return b
}

// Arrived goes on with a budget that departed elsewhere. The client went on while the
// entity was on its way for so long: that time earns what it would have earned there. What
// goes beyond a full budget is an allowance, as the moves of all that time come at once.
func (b *Budget) Arrived(now node.Time, away time.Duration) {
	b.last, b.until = now, now.Add(time.Duration(b.until))
	has := b.left + b.earned(min(max(away, 0), MaxAllowFor))
	b.left = min(has, b.most())
	if beyond := has - b.left; beyond > 0 {
		b.Allow(now, min(beyond, MaxAllowance), b.Slack())
	}
}

// Judge says what becomes of a client's move from the latest position that counted
// to another one; ack is the correction that the client has followed. Only a move
// that counts costs anything; after Refused the correction is Correction's.
func (b *Budget) Judge(now node.Time, from, to geom.Vec3, ack uint32) Verdict {
	if b.num != 0 && ack != b.num {
		return Early
	}
	if b.speed == 0 {
		return Good
	}
	b.refill(now)
	if planted.On("move-judged-alone") { // each has a whole budget to itself
		b.left = b.most()
	}
	if planted.On("budget-without-slack") { // what is late has come too fast
		b.left = min(b.left, b.earned(DefaultSlack/10))
	}
	metres := from.Distance(to)
	if metres <= b.left {
		b.left -= metres
		return Good
	}
	if beyond := metres - b.left; now <= b.until && beyond <= b.extra {
		b.left = 0
		b.extra -= beyond
		return Good
	}
	b.Correct()
	return Refused
}

// refill earns what the time since the last refill is worth.
func (b *Budget) refill(now node.Time) {
	if now <= b.last {
		return
	}
	b.left = min(b.left+b.earned(now.Sub(b.last)), b.most())
	b.last = now
}

// earned returns what a time is worth, in metres.
func (b *Budget) earned(d time.Duration) float64 {
	seconds := float64(d) / float64(time.Second)
	return float64(Rate(b.speed) * seconds)
}

// most returns what a full budget has, in metres.
func (b *Budget) most() float64 { return b.earned(b.Slack()) }

// Rate returns how fast the budget of a speed comes back, both in metres a second.
func Rate(speed float64) float64 { return float64(speed * (1 + Gain)) }

// Code reads or writes the budget. Its times are of this process's clock: another
// one calls Arrived.
func (b *Budget) Code(c *wire.Coder) {
	c.Float64(&b.speed)
	c.Int64((*int64)(&b.slack))
	c.Float64(&b.left)
	c.Int64((*int64)(&b.last))
	c.Float64(&b.extra)
	c.Int64((*int64)(&b.until))
	c.Uint32(&b.num)
	if c.Decoding() && c.Err() == nil && !b.sound() {
		c.Fail(errBudget)
	}
}

// sound tells whether the budget is one that the functions above can have made.
func (b *Budget) sound() bool {
	within := func(x, most float64) bool { return !math.IsNaN(x) && x >= 0 && x <= most }
	return within(b.speed, MaxSpeed) && b.slack >= 0 && b.slack <= MaxSlack && within(b.left, b.most()) && within(b.extra, MaxAllowance)
}
