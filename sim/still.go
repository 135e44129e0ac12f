package sim

import (
	"fmt"
	"slices"
	"time"

	"messiah/core/node"
	"messiah/netsim"
	"messiah/sim/queue"
)

// Move is one thing that can happen next.
type Move struct {
	kind moveKind
	proc uint32 // index of the process
	lane int    // -1 is the loop
	item uint32 // index among what is under way to or from the store
	head netsim.Head
	at   node.Time
}

type moveKind uint8

const (
	moveArrive moveKind = iota // the first item of a connection arrives
	moveHandle                 // a loop handles the next input of its queue, or a lane its batch
	moveStore                  // the store carries its next operation out
	moveAnswer                 // the store's next answer arrives
	moveStart                  // a process that is down begins a new life
	moveTimer                  // the clock goes on to the next timer
	moveCrash                  // a process crashes
	moveDrop                   // a player's connection breaks
)

// Moves lists what can happen next, in an order that depends on the state alone.
// At rest nothing is left to happen but faults: an order may end here.
func (st *Still) Moves() (moves []Move, rest bool) {
	w := st.s.World
	if st.c.Depth > 0 && st.left.Depth == 0 {
		return nil, true
	}
	for _, h := range w.net.Heads() {
		moves = append(moves, Move{kind: moveArrive, head: h})
	}
	moves = st.handling(moves)
	moves = w.stores[0].moves(moves)
	idle := len(moves) == 0
	if (idle || st.c.EarlyRestart) && !st.c.StayDown {
		for i, down := range st.down {
			if down {
				moves = append(moves, Move{kind: moveStart, proc: uint32(i)})
			}
		}
	}
	if idle && st.left.Timers > 0 || st.left.EarlyTimers > 0 {
		if at := st.nextTimer(); at != node.Never {
			moves = append(moves, Move{kind: moveTimer, at: at})
		}
	}
	rest = len(moves) == 0
	return st.faults(moves), rest
}

// handling lists the loops and lanes that lag behind their queues.
func (st *Still) handling(moves []Move) []Move {
	for _, p := range st.s.procs[1:] {
		if p.host == nil {
			continue
		}
		if st.lags(p, -1) && p.pending() {
			moves = append(moves, Move{kind: moveHandle, proc: p.index, lane: -1})
		}
		for _, l := range p.lanes {
			if st.lags(p, int(l.index)) && l.ready() {
				moves = append(moves, Move{kind: moveHandle, proc: p.index, lane: int(l.index)})
			}
		}
	}
	return moves
}

// faults adds what may go wrong.
func (st *Still) faults(moves []Move) []Move {
	w := st.s.World
	if st.left.Faults == 0 {
		return moves
	}
	if st.left.Crashes > 0 {
		for _, id := range st.c.Crash {
			if p := w.byID[id]; p.host != nil {
				moves = append(moves, Move{kind: moveCrash, proc: p.index})
			}
		}
	}
	if st.left.Drops > 0 {
		for _, c := range st.s.Players {
			if c.p.host != nil {
				moves = append(moves, Move{kind: moveDrop, proc: c.p.index})
			}
		}
	}
	return moves
}

// lags tells whether a loop (lane -1) or lane may be behind with its queue.
func (st *Still) lags(p *process, lane int) bool {
	if lane < 0 {
		return slices.Contains(st.c.Lag, p.id.Kind())
	}
	return slices.Contains(st.c.LagLanes, p.id.Kind())
}

// pending tells whether a loop has something to do now; it may not know yet what time it is.
func (p *process) pending() bool { return p.host.Pending() || p.host.NextTimer() <= p.w.now }

// ready tells whether a lane has something to do now.
func (l *lane) ready() bool { return l.mail.Len() > 0 || l.host.Wake() <= l.p.w.now }

// nextTimer returns when the next timer in the cluster is due, or Never.
func (st *Still) nextTimer() node.Time {
	w, next := st.s.World, node.Never
	consider := func(at node.Time) {
		if at > w.now {
			next = min(next, at)
		}
	}
	for _, p := range w.procs[1:] {
		if p.host == nil {
			continue
		}
		consider(p.host.NextTimer())
		for _, l := range p.lanes {
			consider(l.host.Wake())
		}
	}
	return next
}

// Do does one move of those that Moves has listed in this state.
func (st *Still) Do(m *Move) {
	w := st.s.World
	w.net.At(w.now, w.netCause)
	st.left.Depth--
	switch m.kind {
	case moveArrive:
		w.net.Arrive(&m.head)
	case moveHandle:
		if p := w.procs[m.proc]; m.lane < 0 {
			p.handle()
		} else {
			p.lanes[m.lane].handle()
		}
	case moveStore, moveAnswer:
		w.stores[0].fire(m.item)
	case moveStart:
		w.procs[m.proc].start()
		st.down[m.proc] = false
	case moveTimer:
		if st.idle() && st.left.Timers > 0 {
			st.left.Timers--
		} else {
			st.left.EarlyTimers--
		}
		w.advance(m.at)
	case moveCrash:
		st.left.Crashes--
		st.left.Faults--
		w.procs[m.proc].crash(netsim.Gone)
	case moveDrop:
		st.left.Drops--
		st.left.Faults--
		(&Player{w: w, p: w.procs[m.proc]}).Drop()
	}
	st.settle()
}

// idle tells whether nothing is under way and no queue is left to be handled.
func (st *Still) idle() bool {
	return len(st.s.net.Heads())+len(st.handling(nil))+len(st.s.stores[0].moves(nil)) == 0
}

// handle runs the loop for one input.
func (p *process) handle() {
	p.freeAt = p.w.now
	p.turn()
}

// handle runs the lane for its batch, and its wake-up where it is due.
func (l *lane) handle() {
	if l.mail.Len() > 0 {
		l.run()
		return
	}
	l.wakeAt = l.p.w.now
	l.wake()
}

// maxRounds bounds how often one move lets each loop handle an input: no message
// is worth so many.
const maxRounds = 10_000

// settle lets all that does not lag handle what has reached it. What one of them
// does reaches another only as a move, so that their order does not matter.
func (st *Still) settle() {
	w := st.s.World
	rounds := 0
	for again := true; again && w.verdict == nil; rounds++ {
		again = false
		if rounds == maxRounds {
			w.Violate("progress", "handlers go on for ever at one instant: %d rounds of them", rounds)
		}
		for _, p := range w.procs[1:] {
			again = st.settleOne(p) || again
		}
		if !again {
			again = st.hurry()
		}
		if !again && st.soon() {
			w.advance(w.now + 1)
			again = true
		}
	}
	for _, p := range w.procs[1:] {
		if int(p.index) < len(st.down) && p.id.Kind() != node.Client && p.host == nil && !p.gone {
			st.down[p.index] = true
		}
	}
	// What was scheduled meanwhile is listed by Moves instead.
	w.queue = queue.Queue[event]{}
}

// hurry lets the first thing arrive that is on a connection which is not slow.
func (st *Still) hurry() bool {
	w := st.s.World
	if st.c.Slow == nil {
		return false
	}
	for _, h := range w.net.Heads() {
		if !st.c.Slow(h.From, h.To) {
			w.net.Arrive(&h)
			return true
		}
	}
	if all := w.stores[0].moves(nil); len(all) > 0 && !st.c.Slow(DBID, node.NewID(node.Store, 1)) {
		w.stores[0].fire(all[0].item)
		return true
	}
	return false
}

// soon tells whether a handler has asked to be called again at once, which is as
// soon as the clock has moved at all.
func (st *Still) soon() bool { return st.nextTimer() == st.s.now+1 }

func (st *Still) settleOne(p *process) (did bool) {
	for i := 0; p.host != nil && i < len(p.lanes); i++ {
		if l := p.lanes[i]; !st.lags(p, i) && l.ready() {
			l.handle()
			did = true
		}
	}
	if p.host != nil && !st.lags(p, -1) && p.pending() {
		p.handle()
		did = true
	}
	return did
}

// stop makes time stand still: from here on nothing happens but moves.
func (st *Still) stop() {
	w := st.s.World
	w.queue = queue.Queue[event]{}
	st.down = make([]bool, len(w.procs))
	for _, p := range w.procs[1:] {
		st.was = append(st.was, p.restart)
		p.restart = 0 // a new life is a move
	}
}

// Verdict returns the violation that the moves so far have led to, or nil.
func (st *Still) Verdict() *Violation { return st.s.verdict }

// Rest lets time go on, everything heal, and the cluster come to rest, as at the
// end of every story, and returns what was violated, or nil. The world is used up.
func (st *Still) Rest() *Violation {
	w := st.s.World
	w.queue = queue.Queue[event]{}
	w.advance(w.now)
	for i, p := range w.procs[1:] {
		if i < len(st.was) {
			p.restart = st.was[i]
		}
		p.turnAt, p.freeAt = node.Never, w.now
		if p.host == nil {
			continue
		}
		p.schedule()
		for _, l := range p.lanes {
			l.due, l.wakeAt = false, node.Never
			if l.mail.Len() > 0 {
				l.schedule()
			}
			l.want()
		}
	}
	w.net.At(w.now, w.netCause)
	w.net.Rearm()
	w.stores[0].rearm()
	st.told(st.s.rest)
	return w.verdict
}

// Text returns a move for people, to be asked before it is done.
func (st *Still) Text(m *Move) string {
	w := st.s.World
	switch m.kind {
	case moveArrive:
		what := m.head.What
		if what == "data" {
			what = kindName(m.head.Class, m.head.Kind)
		}
		return fmt.Sprintf("%v → %v: %s", m.head.From, m.head.To, what)
	case moveHandle:
		if m.lane < 0 {
			return fmt.Sprintf("%v takes the next of %d in its queue", w.procs[m.proc].id, w.procs[m.proc].host.Load().Inputs)
		}
		return fmt.Sprintf("%v/%d handles its batch", w.procs[m.proc].id, m.lane)
	case moveStore:
		return "the store carries out " + TypeName(w.stores[0].pending[m.item].typ)
	case moveAnswer:
		return "store → db: " + TypeName(w.stores[0].pending[m.item].typ)
	case moveStart:
		return fmt.Sprintf("%v starts again", w.procs[m.proc].id)
	case moveTimer:
		return fmt.Sprintf("%v pass until the next timer", m.at.Sub(w.now).Round(time.Microsecond))
	case moveCrash:
		return fmt.Sprintf("%v CRASHES", w.procs[m.proc].id)
	}
	return fmt.Sprintf("the connection of %v BREAKS", w.procs[m.proc].id)
}

// Tell makes every handler that runs from here on known by who runs it and what it handles.
func (st *Still) Tell(tell func(at, what string)) { st.s.trace.tell = tell }
