// Package check holds the checkers that clients run, in the simulator and in
// production bots alike: what a client saw, against what it was promised.
package check

import (
	"fmt"
	"slices"

	"messiah/core/wire"
)

// Calls follows the numbered calls of one client through one avatar. Each call
// carries its number as its payload; the avatar answers with what it has
// executed. It notices calls that were lost, doubled or executed out of order.
type Calls struct {
	sent     uint64
	number   uint64   // of the last call
	open     []uint64 // sent and without an outcome, in order
	last     uint64   // the latest number whose execution is known
	unknown  uint64   // calls whose sender was told that the outcome is unknown
	failed   uint64   // calls whose sender was told that they did not run
	done     uint64
	faults   []string
	reorders uint64
	doubles  uint64
	losses   uint64
}

// MaxOpen bounds the calls without an outcome; a client at the bound waits.
const MaxOpen = 1 << 12

// maxFaults bounds the faults that are described; all are counted.
const maxFaults = 16

// Begin sets what the numbers of calls begin after; it comes before the first Next.
func (c *Calls) Begin(base uint64) { c.number, c.last = base, base }

// Next returns the number of the next call, or false at MaxOpen.
func (c *Calls) Next() (uint64, bool) {
	if len(c.open) >= MaxOpen {
		return 0, false
	}
	c.sent++
	c.number++
	c.open = append(c.open, c.number)
	return c.number, true
}

// Open returns how many calls have no outcome yet.
func (c *Calls) Open() int { return len(c.open) }

// Sent returns how many calls were sent.
func (c *Calls) Sent() uint64 { return c.sent }

// Done returns how many calls were answered as executed.
func (c *Calls) Done() uint64 { return c.done }

// settle takes a call off the open list; false if it is not on it.
func (c *Calls) settle(n uint64) bool {
	i, found := slices.BinarySearch(c.open, n)
	if !found {
		return false
	}
	c.open = slices.Delete(c.open, i, i+1)
	return true
}

// Executed records that call n was answered as executed.
func (c *Calls) Executed(n uint64) {
	if !c.settle(n) {
		c.doubles++
		c.fault("call %d was answered twice", n)
		return
	}
	if n < c.last {
		c.reorders++
		c.fault("call %d was executed after call %d", n, c.last)
	}
	c.last = max(c.last, n)
	c.done++
}

// Answered records that call n was answered by one who may have let it wait: of when it
// ran that says nothing.
func (c *Calls) Answered(n uint64) {
	if !c.settle(n) {
		c.doubles++
		c.fault("call %d was answered twice", n)
		return
	}
	c.done++
}

// Failed records that call n is known not to have run.
func (c *Calls) Failed(n uint64) {
	if !c.settle(n) {
		c.doubles++
		c.fault("call %d ended twice", n)
		return
	}
	c.failed++
}

// Unknown records that the outcome of every open call behind one number and up to another is unknown.
func (c *Calls) Unknown(after, n uint64) {
	before := len(c.open)
	c.open = slices.DeleteFunc(c.open, func(open uint64) bool { return open > after && open <= n })
	c.unknown += uint64(before - len(c.open))
}

// AllUnknown records that the outcome of every open call is unknown.
func (c *Calls) AllUnknown() { c.Unknown(0, c.number) }

// Rest is to be called when nothing is under way any more: every call must have its outcome.
func (c *Calls) Rest() {
	for _, n := range c.open {
		c.losses++
		c.fault("call %d has no outcome", n)
	}
	c.open = nil
}

func (c *Calls) fault(format string, args ...any) {
	if len(c.faults) < maxFaults {
		c.faults = append(c.faults, fmt.Sprintf("check: "+format, args...))
	}
}

// Tally is what a checker found.
type Tally struct {
	Sent, Done, Failed, Unknown uint64
	Lost, Doubled, Reordered    uint64
	Faults                      []string
}

// Tally returns the counts so far.
func (c *Calls) Tally() Tally {
	return Tally{c.sent, c.done, c.failed, c.unknown, c.losses, c.doubles, c.reorders, slices.Clone(c.faults)}
}

// Code reads or writes the checker.
func (c *Calls) Code(w *wire.Coder) {
	w.Uint64(&c.sent)
	w.Uint64(&c.number)
	wire.Slice(w, &c.open, (*wire.Coder).Uint64)
	w.Uint64(&c.last)
	w.Uint64(&c.unknown)
	w.Uint64(&c.failed)
	w.Uint64(&c.done)
	wire.Slice(w, &c.faults, (*wire.Coder).String)
	w.Uint64(&c.reorders)
	w.Uint64(&c.doubles)
	w.Uint64(&c.losses)
}

// Ledger is the avatar's side: it executes numbered calls and notices one that
// comes twice or behind a later one. The upper 32 bits of a number say which
// client counts; another client's first call begins a new count.
type Ledger struct {
	Last      uint64 // the number executed last
	Count     uint64
	Doubled   uint64
	Reordered uint64
	Stored    uint64 // a Count that is in the store, acknowledged; whoever reads the ledger later finds no less
}

// Execute takes call n and tells whether it is the next in order; gaps are
// calls whose sender was told.
func (l *Ledger) Execute(n uint64) bool {
	l.Count++
	switch {
	case n>>32 != l.Last>>32:
	case n == l.Last:
		l.Doubled++
		return false
	case n < l.Last:
		l.Reordered++
		return false
	}
	l.Last = n
	return true
}

// Code reads or writes the ledger.
func (l *Ledger) Code(c *wire.Coder) {
	c.Uint64(&l.Last)
	c.Uint64(&l.Count)
	c.Uint64(&l.Doubled)
	c.Uint64(&l.Reordered)
	c.Uint64(&l.Stored)
}

// Stream follows numbered pushes from one avatar to its client. The numbers
// grow by one for as long as the avatar lives, whoever its client is.
type Stream struct {
	last     uint64
	running  bool // the next number must be last+1
	got      uint64
	gaps     uint64
	disorder uint64
}

// Got records push n: the first one after a Restart may have any number.
func (s *Stream) Got(n uint64) {
	s.got++
	switch {
	case !s.running:
	case n <= s.last:
		s.disorder++
		return
	case n != s.last+1:
		s.gaps += n - s.last - 1
	}
	s.last, s.running = n, true
}

// Restart begins the count anew: another login, or another life of the avatar.
func (s *Stream) Restart() { s.running = false }

// Count returns how many pushes came.
func (s *Stream) Count() uint64 { return s.got }

// Gaps returns how many pushes never came; Disorder how many came twice or late.
func (s *Stream) Gaps() uint64 { return s.gaps }

// Disorder returns how many pushes came twice or behind a later one.
func (s *Stream) Disorder() uint64 { return s.disorder }

// Code reads or writes the checker.
func (s *Stream) Code(c *wire.Coder) {
	c.Uint64(&s.last)
	c.Bool(&s.running)
	c.Uint64(&s.got)
	c.Uint64(&s.gaps)
	c.Uint64(&s.disorder)
}
