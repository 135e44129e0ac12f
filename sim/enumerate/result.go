package enumerate

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"messiah/sim"
)

// result sums up the graph of states.
func (s *search) result() (*Result, error) {
	r := &Result{States: len(s.states), Complete: s.queued == 0 && s.bads == 0}
	for i := range s.states {
		one := &s.states[i]
		for _, to := range one.next {
			if to >= 0 {
				r.Moves++
			}
		}
		if one.end {
			r.Ends++
			r.EndStates = append(r.EndStates, one.digest)
		}
	}
	slices.SortFunc(r.EndStates, func(a, b sim.Digest) int { return bytes.Compare(a[:], b[:]) })
	if err := s.count(r); err != nil {
		return nil, err
	}
	return r, s.violations(r)
}

// errCycle says that moves lead back to a state: orders would have no end.
var errCycle = errors.New("enumerate: some moves lead back to the state before them, so that orders have no end")

// count counts the orders that go through the graph, from its ends back.
func (s *search) count(r *Result) error {
	order, err := s.topological()
	if err != nil {
		return err
	}
	orders := make([]*big.Int, len(s.states))
	longest := make([]int, len(s.states))
	for _, at := range order {
		one, n := &s.states[at], new(big.Int)
		if one.end {
			n.SetInt64(1)
		}
		for _, to := range one.next {
			if to >= 0 {
				n.Add(n, orders[to])
				longest[at] = max(longest[at], longest[to]+1)
			}
		}
		orders[at] = n
	}
	r.Orders, r.Longest = orders[0], longest[0]
	return nil
}

// topological lists the states, each behind all that its moves lead to.
func (s *search) topological() ([]int32, error) {
	type frame struct {
		at int32
		i  int
	}
	const under, done = 1, 2
	mark := make([]uint8, len(s.states))
	order := make([]int32, 0, len(s.states))
	stack := []frame{{0, 0}}
	mark[0] = under
	for len(stack) > 0 {
		top := &stack[len(stack)-1]
		next := s.states[top.at].next
		if top.i == len(next) {
			mark[top.at] = done
			order = append(order, top.at)
			stack = stack[:len(stack)-1]
			continue
		}
		to := next[top.i]
		top.i++
		switch {
		case to < 0 || mark[to] == done:
		case mark[to] == under:
			return nil, errCycle
		default:
			mark[to] = under
			stack = append(stack, frame{to, 0})
		}
	}
	return order, nil
}

// violations keeps, for each oracle, the shortest order that it does not let pass.
func (s *search) violations(r *Result) error {
	if s.bads == 0 {
		return nil
	}
	from, via := s.shortest()
	best := map[string]int{}
	for i := range s.states {
		one := &s.states[i]
		if one.bad == nil {
			continue
		}
		var path []int
		for at := int32(i); from[at] >= 0; at = from[at] {
			path = append(path, int(via[at]))
		}
		slices.Reverse(path)
		v := Violation{Oracle: one.bad.Oracle, Message: one.bad.Text, AtRest: one.bad.atRest, Path: path}
		k, known := best[v.Oracle]
		switch {
		case !known:
			best[v.Oracle] = len(r.Violations)
			r.Violations = append(r.Violations, v)
		case len(path) < len(r.Violations[k].Path):
			r.Violations[k] = v
		}
	}
	for i := range r.Violations {
		var err error
		if r.Violations[i].Steps, err = steps(s.cfg.Case, r.Violations[i].Path); err != nil {
			return err
		}
	}
	return nil
}

// shortest returns for each state the move before it on a shortest way to it.
func (s *search) shortest() (from, via []int32) {
	from, via = make([]int32, len(s.states)), make([]int32, len(s.states))
	for i := range from {
		from[i] = -2
	}
	from[0] = -1
	queue := []int32{0}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		for i, to := range s.states[at].next {
			if to >= 0 && from[to] == -2 {
				from[to], via[to] = at, int32(i)
				queue = append(queue, to)
			}
		}
	}
	return from, via
}

// MaxSteps bounds the lines of an order for people.
const MaxSteps = 36

// steps tells an order for people in at most MaxSteps lines: of a long one the beginning is left out.
func steps(c *sim.Case, path []int) ([]string, error) {
	all, _, _, err := Tell(c, path)
	if over := len(all) - MaxSteps; over > 0 {
		all = append([]string{fmt.Sprintf("     (%d moves before)", over+1)}, all[over+1:]...)
	}
	return all, err
}

// Tell tells an order for people, a line for each move and what handles it, and
// what is violated behind it or, where an order may end there, at rest.
func Tell(c *sim.Case, path []int) (lines []string, end bool, v *sim.Violation, err error) {
	w, err := c.Start()
	if err != nil {
		return nil, false, nil, err
	}
	handled := ""
	w.Tell(func(at, what string) {
		if handled != "" {
			handled += ";"
		}
		handled += " " + at + " " + what
	})
	for i, n := range path {
		moves, _ := w.Moves()
		if n < 0 || n >= len(moves) {
			return nil, false, nil, noMove(i, n, len(moves))
		}
		text := w.Text(&moves[n])
		handled = ""
		w.Do(&moves[n])
		if handled != "" {
			text += " ⇒" + handled
		}
		lines = append(lines, fmt.Sprintf("%3d. %s", i+1, text))
	}
	w.Tell(nil)
	if v = w.Verdict(); v == nil {
		if _, end = w.Moves(); end {
			v = w.Rest()
		}
	}
	return lines, end, v, nil
}

// Unmerged goes through every order one by one, each from the opening on, and
// takes no two states for one: what a small case is checked with. It fails over
// the limit of orders.
func Unmerged(c *sim.Case, limit int) (orders int, ends []sim.Digest, err error) {
	all := map[sim.Digest]bool{}
	var walk func(path []int) error
	walk = func(path []int) error {
		w, err := Replay(c, path)
		if err != nil {
			return err
		}
		if v := w.Verdict(); v != nil {
			return v
		}
		moves, end := w.Moves()
		if end {
			all[w.Digest()] = true
			if orders++; orders > limit {
				return fmt.Errorf("enumerate: more than %d orders", limit)
			}
		}
		for i := range moves {
			if err := walk(append(path[:len(path):len(path)], i)); err != nil {
				return err
			}
		}
		return nil
	}
	err = walk(nil)
	for d := range all {
		ends = append(ends, d)
	}
	slices.SortFunc(ends, func(a, b sim.Digest) int { return bytes.Compare(a[:], b[:]) })
	return orders, ends, err
}
