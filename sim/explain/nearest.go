package explain

import (
	"fmt"

	"messiah/core/node"
	"messiah/sim"
)

// Nearest is the run that passes and is most like the one that is explained.
type Nearest struct {
	Case   *Case
	Common int        // node events that both have in common, node by node from the start
	First  *sim.Entry // of the explained run: the first that the other has not, or nil
	Other  *sim.Entry // of the other run: what stands in its place, or nil
	Exact  bool       // the runs were compared with their times: one is the other without its bug
}

// act is what a node does, as far as two runs of different seeds can be compared.
type act struct {
	at    node.Time // 0 where times are not compared
	place int
	kind  string
	from  node.ID
}

// Compare compares two runs node by node: a difference is the first entry, in the
// order of the explained run, at which a node does something else than there. Exact
// compares the times as well, as for two runs of one seed.
func Compare(a, b *Case, exact bool) *Nearest {
	n := &Nearest{Case: b, Exact: exact}
	others := map[int][]*sim.Entry{}
	entries := b.Chronicle.Entries()
	for i := range entries {
		if e := &entries[i]; compared(e) {
			others[e.Place] = append(others[e.Place], e)
		}
	}
	done := map[int]int{}
	parted := map[int]bool{}
	mine := a.Chronicle.Entries()
	for i := range mine {
		e := &mine[i]
		if !compared(e) || parted[e.Place] {
			continue
		}
		there := others[e.Place]
		at := done[e.Place]
		if at < len(there) && actOf(e, exact) == actOf(there[at], exact) {
			done[e.Place]++
			n.Common++
			continue
		}
		parted[e.Place] = true
		if n.First == nil {
			n.First = e
			if at < len(there) {
				n.Other = there[at]
			}
		}
	}
	return n
}

func compared(e *sim.Entry) bool {
	return e.Lane < 0 && e.Where != 0 && e.Sort != sim.Violated
}

func actOf(e *sim.Entry, exact bool) act {
	a := act{place: e.Place, kind: e.Kind() + e.Text, from: e.Input.From}
	if exact {
		a.at = e.At
	}
	return a
}

// Text says in one line which run it is and where the two part.
func (n *Nearest) Text() string {
	s := fmt.Sprintf("nearest pass: %s", n.Case.Name())
	if n.Case.Note != "" {
		s += " " + n.Case.Note
	}
	if n.First == nil {
		return s + "; no node does anything else there"
	}
	s += fmt.Sprintf("; they part at %s on %s: %s here", seconds(n.First.At), PlaceName(n.First), Label(n.First))
	switch {
	case n.Other != nil && Label(n.Other) == Label(n.First):
		s += " and at " + seconds(n.Other.At) + " there"
	case n.Other != nil:
		s += ", " + Label(n.Other) + " there"
	}
	return s
}
