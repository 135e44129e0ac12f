// Package choice is the one source of decisions of a simulated world: each
// decision is a number below a bound, and 0 is the boring one (least delay, no
// fault, first in first out), so that a run without decisions is a calm run.
package choice

import "fmt"

// Stream is a sequence of decisions for one purpose and one subject.
type Stream interface {
	// Choose returns a number in [0,n), 0 being the boring choice; n must be
	// positive. The label names the decision to people and to replays.
	Choose(label string, n int) int
}

// Source splits decisions into streams by purpose and id (an entity, a link, an
// event), so that a draw more in one does not move the others.
type Source interface {
	// Stream returns the stream of a pair from its first decision. In one run a
	// pair is asked for once: whoever needs a stream keeps it.
	Stream(purpose string, id uint64) Stream
}

// Weighted is a stream that can decide between no (0) and yes (1) at a given
// weight. Recorded through it, a thing that did not happen is a 0 and needs no
// line; drawn from a plain Stream, nearly every no would be a number of its own.
type Weighted interface {
	Stream
	// Happens decides between no and yes, which has perMillion in 1,000,000.
	Happens(label string, perMillion int) bool
}

// million is the whole of a chance.
const million = 1_000_000

// Chance tells whether something happens that has perMillion in 1,000,000; that
// it does not is choice 0. At 1,000,000 it is certain, whatever the stream says:
// a plan whose choices are the plain ones leaves no room for what must happen.
func Chance(s Stream, label string, perMillion int) bool {
	certain := perMillion >= million
	if w, ok := s.(Weighted); ok {
		return w.Happens(label, perMillion) || certain
	}
	v := s.Choose(label, million)
	return v > 0 && v <= perMillion || certain
}

// Between returns a number from lo to hi, both included; lo is choice 0. The
// numbers in between must be fewer than an int holds.
func Between[T ~int | ~int32 | ~int64](s Stream, label string, lo, hi T) T {
	n := int(hi-lo) + 1
	if lo > hi || n <= 0 || T(n-1) != hi-lo {
		panic(fmt.Sprintf("choice: %q is between %d and %d", label, lo, hi))
	}
	return lo + T(s.Choose(label, n))
}

// Pick returns one of the values in from, which must not be empty; the first is
// choice 0.
func Pick[T any](s Stream, label string, from []T) T {
	return from[s.Choose(label, len(from))]
}

// refuse panics for a decision without a choice.
func refuse(label string, n int) {
	panic(fmt.Sprintf("choice: %q offers %d choices", label, n))
}
