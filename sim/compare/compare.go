// Package compare finds the first event in which two runs of one seed differ:
// which 4,096 events by binary search over the checkpoints of the trace hash,
// then which of these by the hash behind each.
package compare

import (
	"errors"
	"math"

	"messiah/sim"
)

// Side runs a seed in one way and records the moments of a window; every call is a run.
type Side func(w Window) (Recording, error)

// Window is a part of a run: events, both included. The zero Window is none of it.
type Window struct {
	From  uint64 `json:"from"`
	Until uint64 `json:"until"`
}

// Whole is the window of a whole run.
func Whole() Window { return Window{1, math.MaxUint64} }

// Recording is what one run of a side showed.
type Recording struct {
	Hash        uint64       `json:"hash"`
	Checkpoints []uint64     `json:"checkpoints"`
	Moments     []sim.Moment `json:"moments"` // of the window that was asked for
}

// Tries is how often Find runs both sides. Two that differ in the same event
// each time need two; what differs by chance may agree often.
const Tries = 24

// patience is after how many windows that were the wrong ones whole runs are
// recorded: runs that differ by chance part somewhere else each time.
const patience = 2

// ErrAgree says that the sides did not differ in any of the tries.
var ErrAgree = errors.New("compare: the two sides agreed in every try")

// errUnseen cannot be: a hash differs and no moment's hash does.
var errUnseen = errors.New("compare: two trace hashes differ and no event behind them does")

// Find returns the first difference between two sides. It fails with ErrAgree
// if it saw none, and with the error of a side that could not run.
func Find(a, b Side) (Difference, error) {
	var window Window
	misses := 0
	for range Tries {
		ra, err := a(window)
		if err != nil {
			return Difference{}, err
		}
		rb, err := b(window)
		if err != nil {
			return Difference{}, err
		}
		if ra.Hash == rb.Hash {
			continue
		}
		parting := parting(ra.Checkpoints, rb.Checkpoints)
		if window.From <= parting.From && parting.Until <= window.Until {
			return first(&ra, &rb)
		}
		window = parting
		if misses++; misses > patience {
			window = Whole()
		}
	}
	return Difference{}, ErrAgree
}

// parting returns the events between the last checkpoint that two runs have in
// common and the next one.
func parting(a, b []uint64) Window {
	lo, hi := 0, min(len(a), len(b))
	for lo < hi {
		mid := (lo + hi) / 2
		if a[mid] == b[mid] {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return Window{uint64(lo)*sim.CheckpointEvery + 1, uint64(lo+1) * sim.CheckpointEvery}
}

// first walks two recordings to the first moment that differs.
func first(a, b *Recording) (Difference, error) {
	for i := 0; ; i++ {
		var d Difference
		if i < len(a.Moments) {
			d.A = &a.Moments[i]
		}
		if i < len(b.Moments) {
			d.B = &b.Moments[i]
		}
		switch {
		case d.A == nil && d.B == nil:
			return d, errUnseen
		case d.A == nil:
			d.Event = d.B.Event
		case d.B == nil || d.A.Hash != d.B.Hash:
			d.Event = d.A.Event
		default:
			continue
		}
		return d, nil
	}
}
