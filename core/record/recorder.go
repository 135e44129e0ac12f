package record

import (
	"slices"

	"messiah/core/node"
	"messiah/core/wire"
)

// Bounds of a Recorder beside the limit that it is made with.
const (
	// MaxSnapshot bounds a snapshot in bytes. A role whose state is larger is not recorded any further.
	MaxSnapshot = 64 << 20
	// MinLimit is the least limit that a Recorder takes, in bytes.
	MinLimit = 4 << 10

	firstRoom = 64 << 10
	// A snapshot is not made again before so many times its size of events, so
	// that the snapshots of a large state cost no more than the events.
	snapshotShare = 2
)

// Recorder is the flight recorder of one life of a host: the latest events,
// behind a snapshot of the state that they began with. It keeps two segments;
// when the present one has half the limit in events, the one before is
// forgotten, so that between half the limit and all of it is there. A segment
// ends at a turn's end, and so may be longer by one turn's inputs; where the
// state is larger than a quarter of the limit, segments are as many times longer.
//
// Once both segments are full, nothing is allocated for an event.
type Recorder struct {
	half    int
	host    *node.Host
	head    Head
	present Segment
	before  Segment // no snapshot: there is none
	clock   clock
	out     Output
	lost    uint64 // segments that were forgotten
	off     bool   // the state is over MaxSnapshot
}

// NewRecorder makes a recorder that keeps up to limit bytes of events. It is the
// Tape of the host that cfg is for.
func NewRecorder(limit int, cfg *node.Config) *Recorder {
	return &Recorder{
		half: max(limit, MinLimit) / 2,
		head: Head{Self: node.Peer{ID: cfg.Self}, Version: cfg.Version, Delivery: cfg.Delivery, Fence: cfg.Fence, Lanes: cfg.Lanes},
	}
}

// Born begins the first segment.
func (r *Recorder) Born(h *node.Host) {
	r.host, r.head.Self = h, h.Self()
	r.present.Events = make([]byte, 0, firstRoom)
	r.snapshot()
}

// Begin records the beginning of a turn.
func (r *Recorder) Begin(now node.Time, wall int64) {
	if !r.off {
		r.present.Events = r.clock.append(r.present.Events, now, wall)
	}
}

// Deliver records an input.
func (r *Recorder) Deliver(in *node.Input) {
	if !r.off {
		appendInput(&r.present.Events, in)
	}
}

// Step records that a step was asked for.
func (r *Recorder) Step() {
	if !r.off {
		r.present.Events = append(r.present.Events, byte(Step))
	}
}

// Op records an operation by its sum.
func (r *Recorder) Op(op *node.Op) {
	if !r.off {
		r.out.setOp(op)
		appendOutput(&r.present.Events, &r.out)
	}
}

// Task records a task by its sum.
func (r *Recorder) Task(lane int, task *node.Input) {
	if !r.off {
		r.out.setTask(lane, task)
		appendOutput(&r.present.Events, &r.out)
	}
}

// Prove records a proof, which cannot be made without the cluster's secret.
func (r *Recorder) Prove(sum *[16]byte) {
	if !r.off {
		r.present.Events = append(append(r.present.Events, byte(Proved)), sum[:]...)
	}
}

// Finish records the end of a turn, and begins the next segment where this one is full.
func (r *Recorder) Finish(*node.Host) {
	if r.off {
		return
	}
	r.present.Events = append(r.present.Events, byte(Finish))
	if len(r.present.Events) < max(r.half, snapshotShare*len(r.present.Snapshot)) {
		return
	}
	if r.before.Snapshot != nil {
		r.lost++
	}
	r.before, r.present = r.present, Segment{r.before.Snapshot[:0], r.before.Events[:0]}
	if cap(r.present.Events) > 4*r.half {
		r.present.Events = nil // it was one long turn's
	}
	r.clock = clock{}
	r.snapshot()
}

// snapshot begins a segment with the state as it is.
func (r *Recorder) snapshot() {
	r.present.Snapshot = wire.AppendState(r.present.Snapshot, r.host.Snapshot)
	if len(r.present.Snapshot) > MaxSnapshot {
		r.off, r.before, r.present = true, Segment{}, Segment{}
	}
}

// Take returns what is recorded, with the state as it is now, or false where the
// state is over MaxSnapshot. It is called where the host is, between its steps,
// and says when in nanoseconds since 1970.
func (r *Recorder) Take(wall int64) (*Recording, bool) {
	closing := wire.AppendState(nil, r.host.Snapshot)
	if r.off || len(closing) > MaxSnapshot {
		return nil, false
	}
	head := r.head
	head.Taken, head.Lost = wall, r.lost
	rec := &Recording{Head: head, Closing: closing}
	for _, s := range []*Segment{&r.before, &r.present} {
		if s.Snapshot != nil {
			rec.Segments = append(rec.Segments, Segment{slices.Clone(s.Snapshot), slices.Clone(s.Events)})
		}
	}
	return rec, true
}
