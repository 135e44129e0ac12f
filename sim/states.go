package sim

import (
	"math/bits"

	"messiah/core/node"
)

// States of the cluster, as far as a sweep counts them: what a role has just been
// through (the kinds of its last four inputs, timers and turns of lanes left out)
// while how many faults lasted. A sweep that finds no new ones any more has seen
// what its scenarios have to show; one that does is worth going on with.

// maxStates bounds the states that one run counts.
const maxStates = 1 << 16

// states is what a run has been through.
type states struct {
	seen   map[uint64]struct{}
	active int // faults that last
}

// enter counts the state that an input leads to.
func (s *states) enter(p *process, in *node.Input) {
	if s.seen == nil {
		return
	}
	switch in.Kind {
	case node.InTimer, node.InAnswer, node.InConnData:
		return
	}
	p.past = p.past<<16 | uint64(in.Kind)<<11 ^ uint64(in.Type)
	h := uint64(p.id.Kind())<<8 | uint64(min(s.active, 3))
	hi, lo := bits.Mul64(p.past^h*mixA, mixB)
	if len(s.seen) < maxStates {
		s.seen[hi^lo^h] = struct{}{}
	}
}
