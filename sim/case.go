package sim

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"messiah/core/node"
	"messiah/sim/choice"
)

// Case is a small cluster in a situation from which every order of what can
// happen next is to be gone through, faults at every point included: what
// `messiah-sim enumerate` takes. Time stands still meanwhile: whatever is under
// way may take as long as it likes, and only a timer moves the clock.
type Case struct {
	Name  string
	About string // one sentence: what is gone through
	Game  Game

	// Options changes the cluster, of one gate, one game and one player's worth of
	// options; it may be nil.
	Options func(o *Options)
	// Open tells what happens before, in the one order that virtual time gives it.
	// It and Begin must leave nothing that is to be done at a later time or step.
	Open func(s *Story)
	// Begin tells what happens at the instant at which time stands still; it may be nil.
	Begin func(s *Story)

	// Lag lists the roles whose loops may leave what has reached them in their queue
	// for as long as they like, LagLanes those whose lanes may. All others handle
	// each input as it comes, which leaves out no order in which anything is
	// handled, but leaves out that something overtakes the queue.
	Lag, LagLanes []node.Kind

	// Slow tells of the ways between two processes on which things take as long as
	// they like; on all others they arrive at once, which is a bound on the orders
	// that are gone through. Nil means that all are slow.
	Slow func(from, to node.ID) bool

	// What may go wrong, each at any point: Crashes of the processes of Crash, a new
	// life of each begins when nothing else is to be done, at any point with
	// EarlyRestart, or with StayDown only where the order ends. Drops of connections of
	// the story's Players. Faults bounds both together, 0 does not.
	Crash          []node.ID
	Crashes, Drops int
	Faults         int
	EarlyRestart   bool
	StayDown       bool

	// Timers is how many timers may fire when nothing else is to be done, the
	// earliest in the cluster first; EarlyTimers is how many may fire ahead of
	// things that are under way.
	Timers, EarlyTimers int

	// Depth bounds the moves of an order; 0 is no bound.
	Depth int
}

// Still is a world whose time stands still at some point of a case: what can
// happen next is listed, and one of it done. It is not safe for concurrent use.
type Still struct {
	s    *Story
	c    *Case
	left budget
	down []bool          // by process: a crash or halt has ended its life
	was  []time.Duration // by process: after how long its supervisor starts it again
}

// budget is what the case still allows.
type budget struct{ Crashes, Drops, Faults, Timers, EarlyTimers, Depth int }

// Start brings a new world to the point at which the case begins. It fails where
// the case is not one, or where an oracle is violated before.
func (c *Case) Start() (*Still, error) {
	o := DefaultOptions()
	o.Gates, o.Games, o.Clients, o.Outstanding = 1, 1, 1, 1
	if c.Options != nil {
		c.Options(&o)
	}
	if o.Transport == KCP {
		return nil, errors.New("sim: a case goes over streams: an ARQ has no state to compare")
	}
	source := choice.Bytes(nil) // the boring choice everywhere: nothing is left to chance
	w := NewWorld(Config{Options: o, Game: c.Game, Source: source})
	w.build()
	st := &Still{
		s: &Story{World: w, draw: source.Stream("story", 0)}, c: c,
		left: budget{c.Crashes, c.Drops, c.Faults, c.Timers, c.EarlyTimers, c.Depth},
	}
	if c.Faults == 0 {
		st.left.Faults = c.Crashes + c.Drops
	}
	st.told(func() { c.Open(st.s) })
	if v := w.verdict; v != nil {
		return nil, c.cannotBegin(v)
	}
	st.stop()
	if c.Begin != nil {
		st.told(func() { c.Begin(st.s) })
	}
	if len(w.watchers) > 0 || slices.ContainsFunc(w.scripts, func(one script) bool { return one.do != nil }) {
		return nil, fmt.Errorf("sim: %s leaves something that is to be done at a later time or step", c.Name)
	}
	st.settle()
	if v := w.verdict; v != nil {
		return nil, c.cannotBegin(v)
	}
	return st, nil
}

func (c *Case) cannotBegin(v *Violation) error {
	return fmt.Errorf("sim: %s is violated before anything is gone through: %w", c.Name, v)
}

// told tells a part of a story, which may end early at a violation.
func (st *Still) told(part func()) {
	defer func() {
		if r := recover(); r != nil {
			if _, ours := r.(endOfStory); !ours {
				panic(r)
			}
		}
	}()
	part()
}
