package explain

import (
	"fmt"
	"slices"
	"strings"

	"messiah/core/node"
	"messiah/sim"
)

// maxMermaid bounds a diagram, in entries: viewers refuse or shrink longer ones.
const maxMermaid = 60

// Mermaid returns the path as a sequence diagram.
func (p *Path) Mermaid() string {
	all := p.Nodes()
	keep := p.keep(all, maxMermaid)
	var b strings.Builder
	b.WriteString("sequenceDiagram\n")
	for _, name := range p.participants(all, keep) {
		fmt.Fprintf(&b, "  participant %s\n", name)
	}
	var gap []*sim.Entry
	for _, e := range all {
		if !keep[e.Num] {
			gap = append(gap, e)
			continue
		}
		p.mermaidGap(&b, gap, e)
		gap = nil
		p.mermaidEntry(&b, e)
	}
	return b.String()
}

// participants lists the processes that take part, servers behind their clients.
func (p *Path) participants(all []*sim.Entry, keep map[uint64]bool) []string {
	var ids []node.ID
	add := func(id node.ID) {
		if id != 0 && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for _, e := range all {
		if keep[e.Num] {
			add(e.Where)
			if from := p.sender(e); Arrow(from, e) {
				add(from.Where)
			}
		}
	}
	slices.SortFunc(ids, byRole)
	var names []string
	for _, id := range ids {
		names = append(names, mermaidName(id))
	}
	if len(names) == 0 {
		names = append(names, "story")
	}
	return names
}

// byRole orders processes as messages go: clients, gates, games, manager, db, store.
func byRole(a, b node.ID) int {
	if ra, rb := roleOrder(a.Kind()), roleOrder(b.Kind()); ra != rb {
		return ra - rb
	}
	return a.Index() - b.Index()
}

func roleOrder(k node.Kind) int {
	return slices.Index([]node.Kind{node.Client, node.Gate, node.Game, node.Manager, node.DB, node.Store}, k)
}

func mermaidName(id node.ID) string {
	if id.Kind() == node.Store {
		return "store"
	}
	return id.String()
}

func (p *Path) mermaidGap(b *strings.Builder, gap []*sim.Entry, next *sim.Entry) {
	if len(gap) > 0 {
		fmt.Fprintf(b, "  Note over %s: … %s\n", p.anchor(next), mermaidText(summary(gap)))
	}
}

// anchor returns where a note stands that belongs to an entry.
func (p *Path) anchor(e *sim.Entry) string {
	for _, one := range append([]*sim.Entry{e, p.Case.Chronicle.At(e.Cause)}, p.Nodes()...) {
		if one != nil && one.Where != 0 {
			return mermaidName(one.Where)
		}
	}
	return "story"
}

func (p *Path) mermaidEntry(b *strings.Builder, e *sim.Entry) {
	text := mermaidText(oneLine(p.what(e), 80))
	from := p.sender(e)
	switch {
	case e.Sort >= sim.NodeStarted:
		mark := ""
		switch e.Sort {
		case sim.Struck, sim.NodeEnded:
			if e.Text != stopped {
				mark = "⚡ "
			}
		case sim.Violated:
			mark = "✗ "
		}
		fmt.Fprintf(b, "  Note over %s: %s%s, %s\n", p.anchor(e), mark, seconds(e.At), text)
	case Arrow(from, e):
		fmt.Fprintf(b, "  %s->>%s: %s, +%s\n", mermaidName(from.Where), mermaidName(e.Where), text, short(e.At.Sub(from.At)))
	default:
		fmt.Fprintf(b, "  Note right of %s: %s\n", mermaidName(e.Where), text)
	}
}

// mermaidText takes out what has a meaning in mermaid's own language.
func mermaidText(s string) string {
	return strings.NewReplacer(";", ",", "#", "#35;", "\n", " ", "<", "‹", ">", "›").Replace(s)
}
