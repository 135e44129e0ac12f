// Package enumerate goes through every order of what can happen in a small case:
// each delivery, each handling where a queue may lag, each crash and break at
// each point. Orders that lead to equal states of the whole cluster are gone
// through once from there on.
//
// A state is reached again by doing its moves again from the opening on, since an
// opening of a small cluster takes less than a millisecond; from there on a world
// goes on as long as it comes by moves that were not done. States are found in
// rounds of a fixed number of worlds that do not hear of each other, so that the
// outcome is the same on any number of processors. Where a world comes by a state
// of which all is known, it does one more move: that this leads where it led in
// another order is the check that equal states are equal.
package enumerate

import (
	"fmt"
	"math/big"
	"slices"
	"sync"

	"messiah/sim"
)

// Config says what is gone through and how far.
type Config struct {
	Case      *sim.Case
	MaxStates int             // no round begins with so many; 0 is no bound
	Jobs      int             // goroutines; at least 1
	Progress  func(*Progress) // told after each round; may be nil
}

// Progress is how far it has got.
type Progress struct {
	States, Ends  int // found
	Done, Waiting int // moves
}

// Result is what was found.
type Result struct {
	States     int
	Moves      int      // between two states
	Ends       int      // states at which an order ends
	Orders     *big.Int // orders that the states stand for, from the opening to an end
	Longest    int      // moves of the longest order
	Complete   bool     // nothing was left out, and nothing was violated
	Violations []Violation
	EndStates  []sim.Digest // sorted
}

// Violation is an order that an oracle does not let pass: the shortest, of those found.
type Violation struct {
	Oracle, Message string
	AtRest          bool     // it shows only when the cluster is let come to rest
	Path            []int    // which of the moves is done in each state
	Steps           []string // the order for people, at most MaxSteps lines
}

// batch is how many worlds a round has. More than most machines have processors,
// and few, since the worlds of one round do not hear of each other.
const batch = 16

// maxMoves bounds an order; over it the case is refused. Real ones have some dozens.
const maxMoves = 10_000

// state is one state of the cluster.
type state struct {
	digest sim.Digest
	from   int32   // the state from which it was found first, -1 for the first one
	via    int32   // by which of its moves
	next   []int32 // the state that each move leads to, -1 while it was not done
	end    bool    // an order may end here
	bad    *bad
	depth  int // moves by which it was found first
}

// bad is a violation at a state.
type bad struct {
	*sim.Violation
	atRest bool
}

// job is one move that was not done yet.
type job struct {
	state int32
	move  int32
}

// search is one enumeration under way.
type search struct {
	cfg    Config
	states []state
	index  map[sim.Digest]int32
	queue  [][]job // by the depth of their states: one from above comes by many below
	queued int
	ends   int
	bads   int
	done   int // moves
}

// Run goes through the case. It fails where the case cannot begin, or where two
// runs of the same moves differ.
func Run(cfg Config) (*Result, error) {
	first, err := cfg.Case.Start()
	if err != nil {
		return nil, err
	}
	s := &search{cfg: cfg, index: map[sim.Digest]int32{}}
	root := look(first)
	root.rest(first)
	s.add(&root, -1, -1)
	for s.queued > 0 && s.bads == 0 && (cfg.MaxStates == 0 || len(s.states) < cfg.MaxStates) {
		if err := s.round(); err != nil {
			return nil, err
		}
		if cfg.Progress != nil {
			cfg.Progress(&Progress{len(s.states), s.ends, s.done, s.queued})
		}
	}
	return s.result()
}

// seen is one state as a world shows it.
type seen struct {
	digest sim.Digest
	moves  int
	end    bool
	bad    *bad
}

// chain is what one world has shown: the state behind its job's move, and those
// behind the moves that it did from there on.
type chain struct {
	found []seen
	via   []int32 // by which move the next of found was reached
	err   error
}

// look looks at the present state.
func look(w *sim.Still) seen {
	if v := w.Verdict(); v != nil {
		return seen{digest: w.Digest(), end: true, bad: &bad{v, false}}
	}
	moves, end := w.Moves()
	return seen{digest: w.Digest(), moves: len(moves), end: end}
}

// rest lets a world that is at an end come to rest, which uses it up.
func (s *seen) rest(w *sim.Still) {
	if !s.end || s.bad != nil {
		return
	}
	if v := w.Rest(); v != nil {
		s.bad, s.moves = &bad{v, true}, 0
	}
}

// round does a batch of moves on all goroutines and takes what they have found, in order.
func (s *search) round() error {
	jobs := s.next()
	chains := make([]chain, len(jobs))
	var wait sync.WaitGroup
	for worker := range max(s.cfg.Jobs, 1) {
		wait.Go(func() {
			for i := worker; i < len(jobs); i += max(s.cfg.Jobs, 1) {
				chains[i] = s.follow(jobs[i], i)
			}
		})
	}
	wait.Wait()
	for i := range chains {
		if err := s.take(jobs[i], &chains[i]); err != nil {
			return err
		}
	}
	return nil
}

// next takes a batch of jobs that no other has done on its way.
func (s *search) next() []job {
	var jobs []job
	for depth := 0; depth < len(s.queue) && len(jobs) < batch; {
		q := s.queue[depth]
		if len(q) == 0 {
			depth++
			continue
		}
		if j := q[0]; s.states[j.state].next[j.move] < 0 {
			jobs = append(jobs, j)
		}
		s.queue[depth] = q[1:]
		s.queued--
	}
	return jobs
}

// follow does a job in a world of its own and goes on from there as long as it
// finds moves that nobody had done when the round began. Of the search it only reads.
func (s *search) follow(j job, salt int) (c chain) {
	w, err := Replay(s.cfg.Case, append(s.path(j.state), int(j.move)))
	if err != nil {
		c.err = err
		return c
	}
	did := map[job]bool{}
	for audited := false; ; {
		one := look(w)
		at, known := s.index[one.digest]
		again := slices.ContainsFunc(c.found, func(f seen) bool { return f.digest == one.digest })
		if one.end && !known && !again {
			one.rest(w)
			c.found = append(c.found, one)
			return c
		}
		c.found = append(c.found, one)
		if again || one.moves == 0 {
			return c
		}
		if len(c.found) > maxMoves {
			c.err = fmt.Errorf("enumerate: an order goes on for more than %d moves: what never rests needs a Depth", maxMoves)
			return c
		}
		move := int32(0)
		if known {
			var fresh bool
			move, fresh = s.undone(at, one.moves, salt, did)
			if !fresh && audited {
				if !s.walk(w, &c, at, salt, did) {
					return c
				}
				continue
			}
			audited = audited || !fresh
			did[job{at, move}] = true
		}
		c.via = append(c.via, move)
		moves, _ := w.Moves()
		w.Do(&moves[move])
	}
}

// walk leads a world from a known state, of which all moves were done, to one that
// has a move left, by moves whose outcome is known: that costs less than a new
// world. False says that there is none nearby. The last of the moves is left to
// the caller to look at, which is a check of all of them.
func (s *search) walk(w *sim.Still, c *chain, at int32, salt int, did map[job]bool) bool {
	steps := s.towards(at, salt, did)
	for i, move := range steps {
		moves, _ := w.Moves()
		if int(move) >= len(moves) {
			c.err = fmt.Errorf("enumerate: move %d is not possible behind %v: the order decides what the state does not tell", move, s.path(at))
			return false
		}
		w.Do(&moves[move])
		c.via = append(c.via, move)
		at = s.states[at].next[move]
		if to := &s.states[at]; i < len(steps)-1 {
			c.found = append(c.found, seen{digest: to.digest, moves: len(to.next), end: to.end})
		}
	}
	return len(steps) > 0
}

// maxWalk bounds the states among which towards looks, and maxChoice those that it
// chooses among, so that worlds of one round do not all go to the same.
const (
	maxWalk   = 4096
	maxChoice = batch
)

// towards returns the moves from a known state to one nearby that has a move left.
func (s *search) towards(at int32, salt int, did map[job]bool) []int32 {
	type step struct {
		at, before int32 // before is a place among the steps
		move       int32
	}
	steps := []step{{at, -1, -1}}
	been := map[int32]bool{at: true}
	var choice []int32
	for i := 0; i < len(steps) && len(steps) < maxWalk && len(choice) < maxChoice; i++ {
		for move, to := range s.states[steps[i].at].next {
			if to < 0 || been[to] {
				continue
			}
			been[to] = true
			steps = append(steps, step{to, int32(i), int32(move)})
			if s.left(to, 0, did) >= 0 {
				choice = append(choice, int32(len(steps)-1))
			}
		}
	}
	if len(choice) == 0 {
		return nil
	}
	var path []int32
	for i := choice[salt%len(choice)]; steps[i].before >= 0; i = steps[i].before {
		path = append(path, steps[i].move)
	}
	slices.Reverse(path)
	return path
}

// undone picks a move of a known state that was not done yet; where all were, one
// to do again: that it leads to the same state by another order shows that the
// states are rightly taken for equal.
func (s *search) undone(at int32, moves, salt int, did map[job]bool) (move int32, fresh bool) {
	if move = s.left(at, salt, did); move >= 0 {
		return move, true
	}
	return int32(salt % moves), false
}

// left returns a move of a known state that neither was done when the round began nor
// is among those of did, -1 without one.
func (s *search) left(at int32, salt int, did map[job]bool) int32 {
	next := s.states[at].next
	for i := range next {
		if k := (i + salt) % len(next); next[k] < 0 && !did[job{at, int32(k)}] {
			return int32(k)
		}
	}
	return -1
}

// Replay does the moves of a path from the opening of a case on, each given as
// its place among those that are possible. It fails where there is none there.
func Replay(c *sim.Case, path []int) (*sim.Still, error) {
	w, err := c.Start()
	if err != nil {
		return nil, err
	}
	for i, n := range path {
		moves, _ := w.Moves()
		if n < 0 || n >= len(moves) {
			return nil, noMove(i, n, len(moves))
		}
		w.Do(&moves[n])
	}
	return w, nil
}

func noMove(step, n, of int) error {
	return fmt.Errorf("enumerate: step %d of the path is move %d, and %d are possible there", step+1, n, of)
}

// path returns the moves by which a state was found first.
func (s *search) path(at int32) []int {
	var path []int
	for ; s.states[at].from >= 0; at = s.states[at].from {
		path = append(path, int(s.states[at].via))
	}
	slices.Reverse(path)
	return path
}

// take files what a job has found.
func (s *search) take(j job, c *chain) error {
	if c.err != nil {
		return c.err
	}
	at, via := j.state, j.move
	for i := range c.found {
		one := &c.found[i]
		to, known := s.index[one.digest]
		if !known {
			to = s.add(one, at, via)
		}
		next := s.states[at].next
		if int(via) >= len(next) || next[via] >= 0 && next[via] != to {
			return fmt.Errorf("enumerate: move %d behind %v leads to two states: the order decides what the state does not tell", via, s.path(at))
		}
		if next[via] < 0 {
			next[via] = to
			s.done++
		}
		if before := &s.states[to]; len(before.next) != one.moves && before.bad == nil {
			return fmt.Errorf("enumerate: %d or %d moves are possible behind %v: the order decides what the state does not tell", len(before.next), one.moves, s.path(to))
		}
		if i < len(c.via) {
			at, via = to, c.via[i]
		}
	}
	return nil
}

// add files a new state and asks for its moves.
func (s *search) add(one *seen, from, via int32) int32 {
	to := int32(len(s.states))
	depth := 0
	if from >= 0 {
		depth = s.states[from].depth + 1
	}
	for len(s.queue) <= depth {
		s.queue = append(s.queue, nil)
	}
	next := make([]int32, one.moves)
	for i := range next {
		next[i] = -1
		s.queue[depth] = append(s.queue[depth], job{to, int32(i)})
		s.queued++
	}
	s.states = append(s.states, state{one.digest, from, via, next, one.end, one.bad, depth})
	s.index[one.digest] = to
	if one.end {
		s.ends++
	}
	if one.bad != nil {
		s.bads++
	}
	return to
}
