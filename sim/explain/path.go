package explain

import (
	"slices"
	"strings"

	"messiah/core/node"
	"messiah/sim"
)

// Case is a run with its chronicle.
type Case struct {
	Result    sim.Result
	Chronicle *sim.Chronicle
	Repro     string // the command that runs it again
	Note      string // how it differs from the run that is explained; "" for that one itself
}

// Name says which run it is.
func (c *Case) Name() string {
	return c.Result.Scenario + ", seed " + utoa(c.Result.Seed)
}

// Path is what led to the end of a run: of all ancestors of its last entries, those
// that people need to see.
type Path struct {
	Case     *Case
	Near     *Nearest // the nearest run that passes, or nil
	About    map[uint64]Subject
	Roots    []uint64        // the entries in which it ends
	Ancestor map[uint64]bool // everything that came before them by cause or on the same node
	Spine    map[uint64]bool // the chain of senders alone
	late     map[uint64]bool // its last entries of nodes
	Calls    map[uint64]bool // numbers of client messages that the end is about
	Shown    []*sim.Entry    // by number; a subset of the ancestors, the roots and the faults
}

// parts tells whether the nearest run that passes has something else in an entry's place.
func (p *Path) parts(e *sim.Entry) bool {
	return p.Near != nil && p.Near.First != nil && p.Near.First.Num == e.Num
}

// maxShown bounds a path, in entries: what is furthest from its end is left out first.
const maxShown = 5000

// Until returns the path to an entry that a trace numbers so; 0 is the violation or,
// of a run that passed, the last event. Near may be nil.
func Until(c *Case, event uint64, near *Nearest) *Path {
	p := &Path{Case: c, Near: near, About: Subjects(c.Chronicle), Ancestor: map[uint64]bool{}, Spine: map[uint64]bool{}, late: map[uint64]bool{}}
	p.Calls = p.calls()
	p.Roots = p.roots(event)
	p.climb()
	p.choose()
	return p
}

// roots finds where the path ends.
func (p *Path) roots(event uint64) []uint64 {
	entries := p.Case.Chronicle.Entries()
	if event > 0 {
		for i := range entries {
			if entries[i].Event == event && entries[i].Sort == sim.Handled {
				return []uint64{entries[i].Num}
			}
		}
	}
	v := p.Case.Chronicle.Violation()
	switch {
	case v == nil && len(entries) == 0:
		return nil
	case v == nil:
		return []uint64{entries[len(entries)-1].Num}
	case v.Cause != 0:
		return []uint64{v.Num}
	}
	// It was noticed at rest, in no handler: the path ends in the last word about
	// each of those whom it names.
	return append(p.lastWords(v), v.Num)
}

// lastWords returns the last entry of each process that a violation names, and of
// each client and call.
func (p *Path) lastWords(v *sim.Entry) []uint64 {
	entries := p.Case.Chronicle.Entries()
	words := mentioned(v.Text)
	seen := map[string]bool{}
	var roots []uint64
	for i := len(entries) - 1; i >= 0; i-- {
		e := &entries[i]
		who := p.About[e.Num]
		if e.Sort == sim.Violated || idle(e) || e.Lane >= 0 && !p.Calls[who.Call] {
			continue
		}
		for _, name := range []string{e.Where.String(), who.Account, callWord(who.Call)} {
			if (words[name] || name != "" && p.Calls[who.Call] && name == callWord(who.Call)) && !seen[name] {
				seen[name] = true
				roots = append(roots, e.Num)
			}
		}
	}
	slices.Sort(roots)
	return slices.Compact(roots)
}

// idle tells whether an entry is of what goes on by itself all the time.
func idle(e *sim.Entry) bool {
	return e.Sort == sim.Handled && (e.Input.Kind == node.InTimer || e.Input.Kind == node.InWake ||
		e.Kind() == "move" || e.Kind() == "client-move" || e.Kind() == "report")
}

// calls returns the calls that a violation names, and those of the clients that it
// names that have no outcome.
func (p *Path) calls() map[uint64]bool {
	calls := map[uint64]bool{}
	v := p.Case.Chronicle.Violation()
	if v == nil {
		return calls
	}
	words := mentioned(v.Text)
	entries := p.Case.Chronicle.Entries()
	for i := range entries {
		e, call := &entries[i], p.About[entries[i].Num].Call
		if call == 0 {
			continue
		}
		switch kind := e.Kind(); {
		case words[utoa(call)]:
			calls[call] = true
		case e.Where.Kind() != node.Client || !words[e.Where.String()]:
		case kind == "send call":
			calls[call] = true
		case kind == "reply" && e.Lane < 0:
			delete(calls, call)
		}
	}
	return calls
}

// callWord is how a violation names a call.
func callWord(n uint64) string {
	if n == 0 {
		return ""
	}
	return utoa(n)
}

// mentioned splits a text into its words.
func mentioned(text string) map[string]bool {
	words := map[string]bool{}
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" :,.;()[]{}\"'→", r) }) {
		words[w] = true
	}
	return words
}

// lateSteps is how much of a chain of senders counts as its end, in entries of nodes.
const lateSteps = 6

// climb finds the ancestors and the chain of senders of the roots.
func (p *Path) climb() {
	c := p.Case.Chronicle
	for _, root := range p.Roots {
		steps := 0
		for num := root; c.At(num) != nil && !p.Spine[num]; num = c.At(num).Cause {
			p.Spine[num] = true
			if e := c.At(num); e.Lane < 0 && steps < lateSteps {
				p.late[num] = true
				steps++
			}
		}
	}
	open := slices.Clone(p.Roots)
	for len(open) > 0 {
		num := open[len(open)-1]
		open = open[:len(open)-1]
		e := c.At(num)
		if e == nil || p.Ancestor[num] {
			continue
		}
		p.Ancestor[num] = true
		open = append(append(open, e.Cause, e.Before), e.Heard...)
	}
}

// choose picks what is shown: the chain of senders, faults and lives, and what
// ancestors say about those whom the end is about.
func (p *Path) choose() {
	whom := p.whom()
	entries := p.Case.Chronicle.Entries()
	end := uint64(0)
	for _, root := range p.Roots {
		end = max(end, root)
	}
	opened := false // before the first client everything is the start of the cluster
	for i := range entries {
		e := &entries[i]
		if e.Num > end {
			break
		}
		opened = opened || e.Where.Kind() == node.Client
		switch {
		case p.Spine[e.Num], slices.Contains(p.Roots, e.Num), p.parts(e):
		case effect(entries[i:]):
			continue // what it did says it as well
		case e.Sort == sim.Struck || e.Sort == sim.Healed:
		case lives(e) && whom.has(Subject{Client: e.Where}), e.Sort == sim.NodeEnded && e.Text != stopped:
		case lives(e) && opened && e.Where.Kind() != node.Client:
		case !p.Ancestor[e.Num] || !whom.has(p.About[e.Num]):
			continue
		}
		p.Shown = append(p.Shown, e)
	}
	if over := len(p.Shown) - maxShown; over > 0 {
		p.Shown = slices.DeleteFunc(p.Shown, func(e *sim.Entry) bool {
			drop := over > 0 && !p.Spine[e.Num] && !p.parts(e) && e.Sort <= sim.Stored
			if drop {
				over--
			}
			return drop
		})
	}
}

// lives tells whether a life begins or ends.
func lives(e *sim.Entry) bool { return e.Sort == sim.NodeStarted || e.Sort == sim.NodeEnded }

// effect tells whether the first of some entries is a fault of which the next one says what it did.
func effect(entries []sim.Entry) bool {
	e := &entries[0]
	return e.Sort == sim.Struck && e.Where == 0 && len(entries) > 1 && entries[1].Cause == e.Num &&
		(entries[1].Sort == sim.Struck || entries[1].Sort == sim.NodeEnded)
}

// circle is a set of subjects.
type circle struct {
	clients  map[node.ID]bool
	accounts map[string]bool
}

func (c circle) add(s Subject) {
	if s.Client != 0 {
		c.clients[s.Client] = true
	}
	if s.Account != "" {
		c.accounts[s.Account] = true
	}
}

func (c circle) has(s Subject) bool {
	return s.Client != 0 && c.clients[s.Client] || s.Account != "" && c.accounts[s.Account]
}

// whom returns those whom the end of the path is about, and their rivals: the other
// clients of the same accounts.
func (p *Path) whom() circle {
	c := circle{map[node.ID]bool{}, map[string]bool{}}
	entries := p.Case.Chronicle.Entries()
	words := map[string]bool{}
	if v := p.Case.Chronicle.Violation(); v != nil {
		words = mentioned(v.Text)
	}
	for i := range entries {
		who := p.About[entries[i].Num]
		root := slices.Contains(p.Roots, entries[i].Num)
		if root || p.Calls[who.Call] || words[who.Client.String()] || who.Account != "" && words[who.Account] {
			c.add(who)
		}
	}
	if v := p.Case.Chronicle.Violation(); v != nil && len(c.clients) == 0 {
		c.add(p.About[v.Cause])
	}
	return c
}

// Sender returns the entry of a node, a store or the story that an entry came from:
// lanes, which carry a message on, are passed over. Nil where none is known.
func Sender(c *sim.Chronicle, e *sim.Entry) *sim.Entry {
	from := c.At(e.Cause)
	for from != nil && from.Lane >= 0 {
		from = c.At(from.Cause)
	}
	return from
}

// Arrow tells whether an entry is the end of an arrow: its sender is a process
// other than its own.
func Arrow(from, e *sim.Entry) bool {
	return from != nil && e.Sort <= sim.Stored && from.Where != 0 && e.Where != 0 &&
		(from.Where != e.Where || from.Place != e.Place) && from.Sort != sim.Violated
}
