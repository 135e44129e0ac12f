package sim

import (
	"messiah/core/client"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
)

// calls follows every numbered call from its client into game code and back:
// executed once and in order, or its sender told.
type calls struct {
	deaf
	w       *World
	by      map[uint64]*callsOf // by client: the upper 32 bits of its numbers
	decoder wire.Decoder
	reply   proto.Reply // that is being looked at
	excused bool        // something happened after which outcomes may be unknown
}

// callsOf is what is known of one client's calls.
type callsOf struct {
	last     uint64   // the latest number executed
	executed []uint64 // a bit for each number
	settled  []uint64 // a bit for each number whose sender was told how it ended
}

func newCalls(w *World) *calls { return &calls{w: w, by: map[uint64]*callsOf{}} }

func (o *calls) of(n uint64) *callsOf {
	c := o.by[n>>32]
	if c == nil {
		c = &callsOf{}
		o.by[n>>32] = c
	}
	return c
}

func bit(set []uint64, n uint64) bool {
	i := n & 0xffffffff / 64
	return i < uint64(len(set)) && set[i]&(1<<(n%64)) != 0
}

func setBit(set *[]uint64, n uint64) {
	i := n & 0xffffffff / 64
	for uint64(len(*set)) <= i {
		*set = append(*set, 0)
	}
	(*set)[i] |= 1 << (n % 64)
}

// clearAbove takes all numbers above one out of a set.
func clearAbove(set []uint64, n uint64) {
	i := n & 0xffffffff / 64
	if i >= uint64(len(set)) {
		return
	}
	set[i] &= 2<<(n%64) - 1
	clear(set[i+1:])
}

func (o *calls) Saw(s Sight) {
	if s.What != SawExecuted {
		return
	}
	c := o.of(s.N)
	switch {
	case bit(c.executed, s.N):
		o.w.Violate("delivered-or-told", "call %d of %s was executed twice, the second time on %v", s.N&0xffffffff, s.Account, s.By.id)
	case s.N < c.last:
		o.w.Violate("order", "call %d of %s was executed after call %d, on %v", s.N&0xffffffff, s.Account, c.last&0xffffffff, s.By.id)
	}
	setBit(&c.executed, s.N)
	c.last = max(c.last, s.N)
}

func (o *calls) Handled(p *process, in *node.Input) {
	if in.Kind != node.InClient || p.id.Kind() != node.Client || o.w.rude[p.id] {
		return // who breaks the protocol may give two calls one number
	}
	typ, n, payload, err := proto.SplitClient(in.Body)
	if err != nil || typ != proto.TypeReply {
		return
	}
	m := &o.reply
	if o.decoder.Decode(payload, m) != nil {
		return
	}
	c := o.of(n)
	switch {
	case bit(c.settled, n):
		o.w.Violate("delivered-or-told", "%v was told twice how its call %d ended", p.id, n&0xffffffff)
	case m.Outcome == proto.OutcomeOK && o.w.counts[n>>32] && !bit(c.executed, n) && !asked(p, n):
		o.w.Violate("delivered-or-told", "%v was told that its call %d ran, and it did not", p.id, n&0xffffffff)
	case m.Outcome != proto.OutcomeOK && m.Outcome != proto.OutcomeUnknown && bit(c.executed, n):
		o.w.Violate("delivered-or-told", "%v was told that its call %d did not run (%v), and it did", p.id, n&0xffffffff, m.Outcome)
	}
	setBit(&c.settled, n)
}

// asked tells whether a client has just heard the answer to a call that a story had it make: such a
// call has no count.
func asked(p *process, n uint64) bool {
	all := p.host.Node().(*client.Client).Inspect().Answers
	return len(all) > 0 && all[len(all)-1].Num == n
}

// Ended excuses unknown outcomes: a crash may hide whether a call ran. That a game was drained excuses nothing.
func (o *calls) Ended(p *process) {
	o.excused = o.excused || p.id.Kind() != node.Client && !p.drained()
}

// Calm wants every call of every client to have had its one end.
func (o *calls) Calm() {
	for _, p := range o.w.clients() {
		if p.host == nil || o.w.rude[p.id] {
			continue
		}
		st := p.host.Node().(*client.Client).Inspect()
		o.tally(p, &st)
	}
}

func (o *calls) tally(p *process, st *client.Status) {
	w, t := o.w, &st.Calls
	switch {
	case st.Open > 0:
		w.Violate("delivered-or-told", "%v waits for the outcome of %d calls", p.id, st.Open)
	case t.Sent != t.Done+t.Failed+t.Unknown:
		w.Violate("delivered-or-told", "%v sent %d calls: %d done, %d failed, %d unknown", p.id, t.Sent, t.Done, t.Failed, t.Unknown)
	case t.Doubled > 0:
		w.Violate("delivered-or-told", "%v: %v", p.id, t.Faults)
	case t.Reordered > 0:
		w.Violate("order", "%v: %v", p.id, t.Faults)
	case st.Rejected > 0:
		w.Violate("delivered-or-told", "%v was told %d times that its avatar takes no such call", p.id, st.Rejected)
	case st.LedgerFaults > 0:
		w.Violate("order", "%v found %d ledgers of its avatar out of step", p.id, st.LedgerFaults)
	case st.Forgotten > 0:
		w.Violate("durable", "%v was told %d times less than what its avatar had said to be in the store", p.id, st.Forgotten)
	case st.PushDisorder > 0:
		w.Violate("order", "%v got %d pushes twice or late", p.id, st.PushDisorder)
	case st.PushGaps > 0 && !o.excused && st.Losses == 0:
		w.Violate("delivered-or-told", "%v missed %d pushes", p.id, st.PushGaps)
	case t.Unknown > 0 && !o.excused && st.Kicks == 0 && !w.sessionsMayEnd:
		w.Violate("delivered-or-told", "%v has %d calls of unknown outcome, and nothing crashed", p.id, t.Unknown)
	}
}
