package choice

import (
	"cmp"
	"slices"
)

// Replayer decides what a list says and 0 everywhere else.
type Replayer struct {
	streams map[stream][]Decision
	listed  int
	reached int
	drift   int
}

var _ Source = (*Replayer)(nil)

// Replay returns the source of a list of decisions in any order; of several for
// one place the first counts. A run that asks otherwise than the recorded one did
// drifts: where another label is asked for, the listed decision is ignored (0);
// where only its n differs, it is clamped to n-1.
func Replay(decisions []Decision) *Replayer {
	r := &Replayer{streams: map[stream][]Decision{}, listed: len(decisions)}
	sorted := slices.Clone(decisions)
	slices.SortStableFunc(sorted, func(a, b Decision) int {
		return cmp.Or(cmp.Compare(a.Purpose, b.Purpose), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Index, b.Index))
	})
	for i := 0; i < len(sorted); {
		name := stream{sorted[i].Purpose, sorted[i].ID}
		end := i + 1
		for end < len(sorted) && (stream{sorted[end].Purpose, sorted[end].ID}) == name {
			end++
		}
		r.streams[name] = sorted[i:end]
		i = end
	}
	return r
}

// Stream returns the listed decisions of a pair as a stream.
func (r *Replayer) Stream(purpose string, id uint64) Stream {
	return &replayed{replayer: r, left: r.streams[stream{purpose, id}]}
}

// Drift returns how many listed decisions met a label or an n that they were not
// made for.
func (r *Replayer) Drift() int { return r.drift }

// Unreached returns how many listed decisions the run has not asked for.
func (r *Replayer) Unreached() int { return r.listed - r.reached }

type replayed struct {
	replayer *Replayer
	left     []Decision // not reached yet, by index
	index    uint64
}

func (s *replayed) Choose(label string, n int) int {
	if n <= 0 {
		refuse(label, n)
	}
	index := s.index
	s.index++
	if len(s.left) == 0 || s.left[0].Index != index {
		return 0
	}
	d := &s.left[0]
	s.left = s.left[1:]
	s.replayer.reached++
	for len(s.left) > 0 && s.left[0].Index == index {
		s.left = s.left[1:] // a second decision for the place: never reached
	}
	return s.replayer.fit(d, label, n)
}

func (s *replayed) Happens(label string, _ int) bool { return s.Choose(label, 2) == 1 }

// fit makes a listed decision one of [0,n).
func (r *Replayer) fit(d *Decision, label string, n int) int {
	if d.Label != label {
		r.drift++
		return 0
	}
	if d.N != n {
		r.drift++
	}
	return min(max(d.Value, 0), n-1)
}
