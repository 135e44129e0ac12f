package explain

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"messiah/core/node"
	"messiah/sim"
)

// MaxLines bounds the text of a path.
const MaxLines = 40

func utoa(n uint64) string { return strconv.FormatUint(n, 10) }

// Text returns the path as at most MaxLines lines.
func (p *Path) Text() string {
	head := p.header()
	lines := p.lines(MaxLines - len(head) - 2)
	tail := fmt.Sprintf("path: %d of %d events, %d messages between processes%s",
		len(p.Nodes()), len(p.Case.Chronicle.Entries()), p.Arrows(), p.cut())
	return strings.Join(append(append(append(head, ""), lines...), tail), "\n") + "\n"
}

func (p *Path) cut() string {
	if n := p.Case.Chronicle.Cut(); n > 0 {
		return fmt.Sprintf("; the first %d events were not kept", n)
	}
	return ""
}

func (p *Path) header() []string {
	r := &p.Case.Result
	head := []string{fmt.Sprintf("%s: %s", p.Case.Name(), r.Verdict)}
	if r.Message != "" {
		head = append(head, "  "+oneLine(r.Message, 160))
	}
	head = append(head, "  again: "+p.Case.Repro)
	if p.Near != nil {
		head = append(head, "  "+p.Near.Text())
	}
	return head
}

func oneLine(s string, most int) string {
	s, _, _ = strings.Cut(s, "\n")
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// withLanes tells whether the path is so short that its lanes are shown too.
func (p *Path) withLanes() bool { return len(p.Shown) <= fewShown }

// sender returns the shown kind of entry that an entry came from.
func (p *Path) sender(e *sim.Entry) *sim.Entry {
	if p.withLanes() {
		return p.Case.Chronicle.At(e.Cause)
	}
	return Sender(p.Case.Chronicle, e)
}

// fewShown is how short a path is that is shown with its lanes.
const fewShown = 30

// Nodes returns what is shown without the lanes, which only carry on what nodes say.
// A lane in which the path ends is kept, what lanes do with the calls that it is
// about, and all of it where the path is short.
func (p *Path) Nodes() []*sim.Entry {
	var all []*sim.Entry
	for _, e := range p.Shown {
		if e.Lane < 0 || p.withLanes() || p.Calls[p.About[e.Num].Call] || slices.Contains(p.Roots, e.Num) {
			all = append(all, e)
		}
	}
	return all
}

// Arrows returns how many messages between processes the path shows.
func (p *Path) Arrows() int {
	shown := map[uint64]bool{}
	for _, e := range p.Nodes() {
		shown[e.Num] = true
	}
	n := 0
	for _, e := range p.Nodes() {
		if from := p.sender(e); Arrow(from, e) && shown[from.Num] {
			n++
		}
	}
	return n
}

// lines writes the path in at most so many lines; what is left out is summed up where it was.
func (p *Path) lines(most int) []string {
	all := p.Nodes()
	keep := p.keep(all, most)
	width, fromWidth := 0, 0
	for _, e := range all {
		if keep[e.Num] {
			width = max(width, len(PlaceName(e)))
			fromWidth = max(fromWidth, utf8.RuneCountInString(p.from(e)))
		}
	}
	var lines []string
	var gap []*sim.Entry
	flush := func() {
		if len(gap) > 0 {
			lines = append(lines, "  … "+summary(gap))
			gap = nil
		}
	}
	for _, e := range all {
		if !keep[e.Num] {
			gap = append(gap, e)
			continue
		}
		flush()
		lines = append(lines, p.line(e, width, fromWidth))
	}
	flush()
	return lines
}

// keep picks the entries that get a line of their own: the most telling first, while
// they and the gaps between them fit.
func (p *Path) keep(all []*sim.Entry, most int) map[uint64]bool {
	order := slices.Clone(all)
	often := map[string]int{}
	for _, e := range all {
		often[e.Kind()]++
	}
	slices.SortStableFunc(order, func(a, b *sim.Entry) int {
		return cmp.Or(cmp.Compare(p.rank(a, often), p.rank(b, often)), cmp.Compare(p.far(a, all), p.far(b, all)), cmp.Compare(b.Num, a.Num))
	})
	keep := map[uint64]bool{}
	for _, e := range order {
		keep[e.Num] = true
		if lineCount(all, keep) > most {
			delete(keep, e.Num)
		}
	}
	return keep
}

func lineCount(all []*sim.Entry, keep map[uint64]bool) int {
	n, gap := 0, false
	for _, e := range all {
		if keep[e.Num] {
			n++
			gap = false
		} else if !gap {
			n++
			gap = true
		}
	}
	return n
}

// rank says how telling an entry is, 0 the most.
func (p *Path) rank(e *sim.Entry, often map[string]int) int {
	switch {
	case e.Sort == sim.Violated || p.parts(e) || slices.Contains(p.Roots, e.Num):
		return 0
	case e.Sort == sim.Struck || e.Sort == sim.NodeEnded && e.Text != stopped:
		return 1
	case p.Calls[p.About[e.Num].Call]:
		return 2
	case p.late[e.Num] && !idle(e):
		return 3
	case e.Sort >= sim.NodeStarted:
		return 5
	case idle(e):
		return 7
	case often[e.Kind()] > routine:
		return 6
	}
	return 5
}

// routine is how often a kind may stand in a path and still be out of the ordinary.
const routine = 12

// far says how far an entry is from where something was decided: the end, or where
// the runs part.
func (p *Path) far(e *sim.Entry, all []*sim.Entry) uint64 {
	far := all[len(all)-1].Num - min(e.Num, all[len(all)-1].Num)
	if p.Near != nil && p.Near.First != nil {
		first := p.Near.First.Num
		far = min(far, max(first, e.Num)-min(first, e.Num))
	}
	return far
}

// stopped is how a life ends that was asked to.
const stopped = "halt: stopped"

// summary sums entries up by kind: "12 call, 3 reply".
func summary(gap []*sim.Entry) string {
	counts := map[string]int{}
	var kinds []string
	for _, e := range gap {
		k := e.Kind()
		if counts[k] == 0 {
			kinds = append(kinds, k)
		}
		counts[k]++
	}
	slices.SortStableFunc(kinds, func(a, b string) int { return cmp.Compare(counts[b], counts[a]) })
	var parts []string
	for i, k := range kinds {
		if i == 4 {
			parts = append(parts, fmt.Sprintf("%d other kinds", len(kinds)-i))
			break
		}
		parts = append(parts, fmt.Sprintf("%d × %s", counts[k], k))
	}
	return strings.Join(parts, ", ")
}

// from says whom an entry came from, and how long it was on its way.
func (p *Path) from(e *sim.Entry) string {
	if s := p.sender(e); Arrow(s, e) {
		return "← " + PlaceName(s) + " " + short(e.At.Sub(s.At))
	}
	return ""
}

// line writes one entry: when, where, from whom, what.
func (p *Path) line(e *sim.Entry, width, fromWidth int) string {
	num := ""
	if e.Event > 0 && e.Sort == sim.Handled {
		num = "#" + utoa(e.Event)
	}
	mark := " "
	switch e.Sort {
	case sim.Struck, sim.NodeEnded:
		if e.Text != stopped {
			mark = "!"
		}
	case sim.Violated:
		mark = "✗"
	}
	if p.parts(e) {
		mark = "≠"
	}
	return strings.TrimRight(fmt.Sprintf("%s %13s %7s %-*s  %-*s  %s",
		mark, seconds(e.At), num, width, PlaceName(e), fromWidth, p.from(e), p.what(e)), " ")
}

// what says what an entry is, and about whom.
func (p *Path) what(e *sim.Entry) string {
	if e.Sort == sim.Violated {
		return "violation of " + oneLine(e.Text, 120)
	}
	if e.Text != "" {
		if why := p.Case.Chronicle.At(e.Cause); why != nil && why.Sort == sim.Struck && why.Where == 0 && why.Text != e.Text {
			return e.Text + " (fault " + why.Text + ")"
		}
		return e.Text
	}
	s := Label(e)
	who := p.About[e.Num]
	if who.Call != 0 {
		s += " " + utoa(who.Call)
	}
	switch {
	case who.Account != "" && e.Where.Kind() == node.Client:
		s += " (" + who.Account + ")"
	case who.Account != "" && who.Client != 0:
		s += " (" + who.Account + " of " + who.Client.String() + ")"
	case who.Account != "":
		s += " (" + who.Account + ")"
	case who.Client != 0 && who.Client != e.Where:
		s += " (" + who.Client.String() + ")"
	}
	return s
}

// Label names what an entry is in a few words.
func Label(e *sim.Entry) string {
	if e.Text != "" {
		return e.Text
	}
	s := e.Kind()
	if e.Sort != sim.Handled {
		return s
	}
	switch e.Input.Kind {
	case node.InLinkUp, node.InLinkDown, node.InLinkBroken, node.InLinkBack, node.InLinkRefused:
		s += " " + e.Input.From.String()
	case node.InConnected, node.InDisconnected:
		if e.Input.Session != 0 {
			s += " " + e.Input.Session.String()
		}
	}
	return s
}

// PlaceName names the process of an entry; "" is the story's own.
func PlaceName(e *sim.Entry) string {
	if e.Where == 0 {
		return ""
	}
	s := e.Where.String()
	if e.Where.Kind() == node.Store {
		s = "store"
	}
	if l := e.LaneName(); l != "" {
		s += "/" + l
	}
	return s
}

func seconds(t node.Time) string { return fmt.Sprintf("%.6f s", time.Duration(t).Seconds()) }

// short writes a span for people.
func short(d time.Duration) string {
	switch {
	case d >= time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d >= time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%d µs", d.Microseconds())
}
