package choice

import "fmt"

// Decision is one choice that was not boring: the Index-th (from 0) of the
// stream (Purpose, ID) chose Value of [0,N).
type Decision struct {
	Purpose string
	ID      uint64
	Index   uint64
	Label   string
	N       int
	Value   int
}

// MaxDecisions bounds what a recorder keeps, a replay takes and a file holds;
// beyond it, a recorder only counts.
const MaxDecisions = 1 << 20

// stream is the name of a stream.
type stream struct {
	purpose string
	id      uint64
}

// Recorder passes another source's decisions on and keeps those that are not 0.
type Recorder struct {
	source    Source
	asked     map[stream]struct{}
	decisions []Decision
	lost      uint64
}

// NewRecorder returns a recorder of a source.
func NewRecorder(source Source) *Recorder {
	return &Recorder{source: source, asked: map[stream]struct{}{}}
}

// Stream returns the source's stream, recorded. It panics where a pair is asked
// for a second time: a replay could not tell the two apart.
func (r *Recorder) Stream(purpose string, id uint64) Stream {
	name := stream{purpose, id}
	if _, ok := r.asked[name]; ok {
		panic(fmt.Sprintf("choice: stream %s %d is asked for twice", purpose, id))
	}
	r.asked[name] = struct{}{}
	return &recorded{recorder: r, inner: r.source.Stream(purpose, id), name: name}
}

// Decisions returns a copy of what was kept, in the order in which it was decided.
func (r *Recorder) Decisions() []Decision { return append([]Decision(nil), r.decisions...) }

// Lost returns how many decisions were not kept for being past MaxDecisions; a
// recording that lost any does not replay the run.
func (r *Recorder) Lost() uint64 { return r.lost }

type recorded struct {
	recorder *Recorder
	inner    Stream
	name     stream
	index    uint64
}

func (s *recorded) Choose(label string, n int) int {
	v := s.inner.Choose(label, n)
	s.keep(label, n, v)
	return v
}

func (s *recorded) Happens(label string, perMillion int) bool {
	happens := Chance(s.inner, label, perMillion)
	if happens && perMillion < million { // what is certain is no decision
		s.keep(label, 2, 1)
	} else {
		s.keep(label, 2, 0)
	}
	return happens
}

// keep counts a decision and notes it if it is not boring.
func (s *recorded) keep(label string, n, value int) {
	index := s.index
	s.index++
	if value == 0 {
		return
	}
	r := s.recorder
	if len(r.decisions) >= MaxDecisions {
		r.lost++
		return
	}
	r.decisions = append(r.decisions, Decision{s.name.purpose, s.name.id, index, label, n, value})
}
