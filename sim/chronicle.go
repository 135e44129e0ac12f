package sim

import (
	"slices"
	"strings"

	"messiah/core/node"
)

// Bounds of a chronicle. At either of the first two the oldest entries are dropped
// and counted; of a longer body the first bytes are kept.
const (
	MaxChronicle      = 1 << 18  // entries, unless NewChronicle is told less
	MaxChronicleBytes = 64 << 20 // of routes and bodies
	MaxChronicleBody  = 2 << 10  // bytes of one body
)

// Sort says what an entry of a chronicle is.
type Sort uint8

// The sorts of entries.
const (
	Handled     Sort = iota // a node or lane handled an input
	Flushed                 // a lane sent what several inputs had left
	Stored                  // the record store carried out an operation
	NodeStarted             // a life of a process began
	NodeEnded               // one ended: a crash, or its own word
	Struck                  // something was done to the cluster
	Healed                  // something that was done is over
	Violated                // an oracle says that something is wrong
)

// String returns the sort's name.
func (s Sort) String() string {
	return [...]string{"handled", "flushed", "stored", "started", "ended", "fault", "healed", "violated"}[s&7]
}

// Entry is one event of a run with what caused it. Numbers of entries count from 1;
// 0 stands for nothing.
type Entry struct {
	Num    uint64   // place in the chronicle
	Event  uint64   // number in the trace; 0 for what is no input
	Cause  uint64   // the entry whose handler sent, set, asked or did it; 0 is the story
	Before uint64   // the entry before it on the same node or lane of the same life
	Heard  []uint64 // causes of what else was delivered to the node since Before: it may wait in its queue
	At     node.Time
	Sort   Sort
	Lane   int        // -1 for the node itself
	Where  node.ID    // 0 for what happens to no one process
	Place  int        // tells the processes of one name apart: a duplicate has another
	Input  node.Input // with bytes of its own, the body cut at MaxChronicleBody
	Size   int        // bytes of the whole body
	Text   string     // of what is no input
}

// Chronicle keeps the events of one run, each with what caused it. The nil
// Chronicle keeps nothing and costs nothing. It never alters the run.
type Chronicle struct {
	most    int
	entries []Entry
	first   int // in entries: those before it were dropped
	bytes   int
	last    uint64            // number of the latest entry
	thread  map[uint64]uint64 // by place and lane: its latest entry
	wrong   uint64            // what was being done when an oracle spoke
}

// NewChronicle makes a chronicle of at most so many entries; 0 is MaxChronicle.
func NewChronicle(most int) *Chronicle {
	if most <= 0 || most > MaxChronicle {
		most = MaxChronicle
	}
	return &Chronicle{most: most, thread: map[uint64]uint64{}}
}

// Entries returns what was kept, oldest first.
func (c *Chronicle) Entries() []Entry { return c.entries[c.first:] }

// Cut returns how many entries were dropped at the bounds.
func (c *Chronicle) Cut() uint64 { return c.last - uint64(len(c.Entries())) }

// At returns the entry of that number, or nil where it was dropped or never was.
func (c *Chronicle) At(num uint64) *Entry {
	if cut := c.Cut(); num > cut && num <= c.last {
		return &c.entries[c.first+int(num-cut)-1]
	}
	return nil
}

// next returns the number of the next entry: what a handler sends is caused by it
// before it is written down. Without a chronicle it is 0.
func (c *Chronicle) next() uint64 {
	if c == nil {
		return 0
	}
	return c.last + 1
}

// add writes an entry down and drops what is over the bounds.
func (c *Chronicle) add(e Entry) *Entry {
	c.last++
	e.Num = c.last
	c.bytes += len(e.Input.Body) + len(e.Input.Routes)
	c.entries = append(c.entries, e)
	for len(c.entries)-c.first > c.most || c.bytes > MaxChronicleBytes {
		old := &c.entries[c.first]
		c.bytes -= len(old.Input.Body) + len(old.Input.Routes)
		*old = Entry{}
		c.first++
	}
	if c.first > c.most {
		c.entries = slices.Delete(c.entries, 0, c.first)
		c.first = 0
	}
	return &c.entries[len(c.entries)-1]
}

// threadOf names the line of a node or lane in which its entries follow each other.
func threadOf(place uint32, lane int) uint64 { return uint64(place)<<8 | uint64(uint8(lane+1)) }

// delivered remembers that something reached a process, which may alter what its
// host does before a handler sees it.
func (c *Chronicle) delivered(p *process, in *node.Input) {
	if c != nil && in.Cause != 0 {
		p.heard = append(p.heard, in.Cause)
	}
}

// handled writes down that a node or lane handles an input.
func (c *Chronicle) handled(w *World, p *process, lane int, in *node.Input) {
	if c == nil {
		return
	}
	e := Entry{Event: w.trace.events, Cause: in.Cause, At: w.now, Where: p.id, Place: int(p.index), Lane: lane, Size: len(in.Body)}
	if in.Kind == node.InFlush {
		e.Sort, e.Event = Flushed, 0
	}
	if lane < 0 {
		e.Heard = slices.DeleteFunc(slices.Clone(p.heard), func(num uint64) bool { return num == in.Cause })
		p.heard = p.heard[:0]
	}
	e.Input = *in
	e.Input.Routes = slices.Clone(in.Routes)
	e.Input.Body = slices.Clone(in.Body[:min(len(in.Body), MaxChronicleBody)])
	thread := threadOf(p.index, lane)
	e.Before = c.thread[thread]
	c.thread[thread] = c.add(e).Num
}

// stored writes down that the record store carries an operation out.
func (c *Chronicle) stored(w *World, it *storeItem) {
	if c == nil {
		return
	}
	e := Entry{Sort: Stored, Cause: it.cause, At: w.now, Where: node.NewID(node.Store, 1), Lane: -1, Size: len(it.body)}
	body := slices.Clone(it.body[:min(len(it.body), MaxChronicleBody)])
	e.Input = node.Input{Kind: node.InMessage, Type: it.typ, From: it.db.id, Body: body}
	e.Before = c.thread[threadOf(0, 0)]
	c.thread[threadOf(0, 0)] = c.add(e).Num
}

// doing says what is the cause of all that follows, 0 for the story itself.
func (w *World) doing(num uint64) {
	w.netCause, w.noteCause, w.outerCause = num, num, num
}

// during makes an entry the cause of what is done until the returned function is called.
func (w *World) during(num uint64) (over func()) {
	if w.chronicle == nil {
		return func() {}
	}
	before := w.netCause
	w.netCause = num
	return func() { w.netCause = before }
}

// noted writes down that something happens to a process, and returns its number.
func (w *World) noted(sort Sort, p *process, text string) uint64 {
	c := w.chronicle
	if c == nil {
		return 0
	}
	if last := c.At(c.last); sort == NodeEnded && last != nil && last.Sort == sort && last.Place == int(p.index) && last.At == w.now {
		return last.Num // it halted, and this is how
	}
	thread := threadOf(p.index, -1)
	e := Entry{Sort: sort, Cause: w.noteCause, At: w.now, Where: p.id, Place: int(p.index), Lane: -1, Text: text}
	if sort != NodeStarted {
		e.Before = c.thread[thread]
	} else if end := c.At(c.thread[thread]); end != nil && end.Sort == NodeEnded {
		e.Cause = end.Num // it is started again
	}
	num := c.add(e).Num
	if sort == NodeStarted || sort == NodeEnded {
		// Another life knows nothing of this one's.
		for lane := range 8 {
			c.thread[threadOf(p.index, lane)] = num
		}
	}
	c.thread[thread] = num
	return num
}

// linkFault writes down what is done to a direction of a link: both directions, and
// the links that are hit in one go, are one entry.
func (w *World) linkFault(what string, from, to node.ID) uint64 {
	c := w.chronicle
	if c == nil {
		return w.netCause
	}
	pair := from.String() + "→" + to.String()
	if last := c.At(c.last); last != nil && last.At == w.now && last.Cause == w.noteCause && strings.HasPrefix(last.Text, what+" ") {
		if !strings.Contains(last.Text, pair) {
			last.Text += ", " + pair
		}
		return last.Num
	}
	sort := Struck
	if what == "unblock" {
		sort = Healed
	}
	return c.add(Entry{Sort: sort, Cause: w.noteCause, At: w.now, Lane: -1, Text: what + " " + pair}).Num
}

// storyNote returns what writes the trace's notes into the chronicle, or nil. Those
// about the lives of processes come by noted.
func (w *World) storyNote() func(text string) {
	c := w.chronicle
	if c == nil {
		return nil
	}
	return func(text string) {
		verb, rest, _ := strings.Cut(text, " ")
		e := Entry{Sort: Struck, Cause: w.outerCause, At: w.now, Lane: -1, Text: text}
		switch verb {
		case "start", "crash", "halt":
			return
		case "heal":
			e.Sort = Healed
		case "fault":
			e.Text = rest
		default:
			if i := slices.IndexFunc(w.procs[1:], func(p *process) bool { return p.id.String() == rest }); i >= 0 {
				e.Where, e.Place, e.Text, e.Cause = w.procs[1+i].id, 1+i, verb, w.noteCause
			}
		}
		w.netCause = c.add(e).Num
		if e.Where == 0 {
			w.noteCause = w.netCause // what it does to processes comes of it
		}
	}
}

// violated remembers what was being done when an oracle spoke.
func (c *Chronicle) violated(w *World) {
	if c != nil {
		c.wrong = w.netCause
	}
}

// end writes the verdict down, behind all that happened.
func (c *Chronicle) end(v *Violation) {
	if c != nil && v != nil {
		c.add(Entry{Sort: Violated, Cause: c.wrong, Event: v.Event, At: v.At, Lane: -1, Text: v.Oracle + ": " + v.Text})
	}
}

// Violation returns the entry of the violation, or nil for a run without one.
func (c *Chronicle) Violation() *Entry {
	if last := c.At(c.last); last != nil && last.Sort == Violated {
		return last
	}
	return nil
}
