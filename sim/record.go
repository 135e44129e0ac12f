package sim

import (
	"slices"

	"messiah/core/node"
)

// maxMoments bounds what a Recorder takes. At it the recording ends: who
// compares two of them finds no difference behind that.
const maxMoments = 1 << 20

// Moment is one thing that the trace hash covers: an input that a node or a lane
// handles, or a note on a fault or on a step of the story.
type Moment struct {
	Event  uint64 `json:"event"` // number of the input; a note has that of the next one
	Hash   uint64 `json:"hash"`  // the trace hash behind it
	Line   string `json:"line"`  // as the trace's text has it
	Fields string `json:"fields,omitempty"`
	Body   []byte `json:"body,omitempty"`
}

// Recorder takes the moments of a part of a run.
type Recorder struct {
	From, Until uint64 // events, both included; none where both are 0
	Moments     []Moment
}

func (r *Recorder) wants(event uint64) bool {
	return r != nil && event >= r.From && event <= r.Until && len(r.Moments) < maxMoments
}

func (r *Recorder) input(t *trace, now node.Time, at where, in *node.Input) {
	r.Moments = append(r.Moments, Moment{t.events, t.hash, inputLine(now, t.events, at, in), fieldsOf(in), slices.Clone(in.Body)})
}

func (r *Recorder) note(t *trace, now node.Time, text string) {
	r.Moments = append(r.Moments, Moment{Event: t.events + 1, Hash: t.hash, Line: noteLine(now, text)})
}

// show lets the trace print and record what a run's configuration asks for.
func (t *trace) show(cfg *RunConfig) {
	t.startAt, t.stopAt, t.payload, t.record = cfg.StartAt, cfg.StopAt, cfg.Payload, cfg.Record
}
