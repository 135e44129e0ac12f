// Package flight replays a production flight recording: a host of the same role
// begins with the recorded state, is told the recorded inputs at their recorded
// times, and what it asks for is compared, one by one, with what was recorded.
package flight

import (
	"fmt"
	"io"
	"time"

	"messiah/core/dbm"
	"messiah/core/game"
	"messiah/core/gate"
	"messiah/core/manager"
	"messiah/core/node"
	"messiah/core/record"
	"messiah/core/wire"
	"messiah/sim"
)

// Options say with what a recording is replayed.
type Options struct {
	Script  func() game.Script // the game's code, for the recording of a game
	Version wire.Version       // what this build speaks with that code
	Trace   io.Writer          // nil, or where each input handled and each thing asked for is written
	Until   uint64             // the trace ends after this event; 0 for no end
}

// Report is what a replay shows.
type Report struct {
	Head    record.Head
	Events  uint64        // handler calls
	Inputs  uint64        // that the driver handed over
	Turns   uint64        // of the loop
	Span    time.Duration // from the first turn to the last
	Compare Compared
	First   *Difference // nil: all is equal
}

// Compared counts what was compared.
type Compared struct {
	Messages uint64 // to other processes, lanes and the store
	Others   uint64 // connections made and closed, words between links, the end
	States   uint64 // whole states, at the end of segments
}

// Difference is the first place where a replay is not what was recorded.
type Difference struct {
	Event    uint64    // handler calls up to it
	At       node.Time // of the turn
	Input    string    // what was handled last
	Recorded string
	Replayed string
}

// Play replays a recording. Its errors say that it cannot be replayed by this build.
func Play(rec *record.Recording, o Options) (Report, error) {
	p := &player{opts: o, rec: rec, report: Report{Head: rec.Head}}
	if rec.Head.Version != o.Version {
		return p.report, fmt.Errorf("flight: %s recorded this with %s, and this build has %s: replay it with the build that wrote it",
			buildOf(rec), versionText(rec.Head.Version), versionText(o.Version))
	}
	n, err := newNode(rec.Head.Self.ID.Kind(), o.Script)
	if err != nil {
		return p.report, err
	}
	cfg := node.Config{
		Self: rec.Head.Self.ID, Version: rec.Head.Version, Delivery: rec.Head.Delivery, Fence: rec.Head.Fence,
		Lanes: rec.Head.Lanes, Scribble: true, Tape: p, Log: p.log,
	}
	p.host = node.NewHost(cfg, n, make([]byte, node.EntropySize))
	if err := p.load(); err != nil {
		return p.report, fmt.Errorf("flight: this build cannot read the recorded state (recorded by %s): %w", buildOf(rec), err)
	}
	p.play()
	return p.report, nil
}

func versionText(v wire.Version) string {
	return fmt.Sprintf("protocols %d to %d, schema %d, digest %016x", v.ProtoMin, v.ProtoMax, v.Schema, v.Digest)
}

func buildOf(rec *record.Recording) string {
	if rec.Head.Build == "" {
		return "an unnamed build"
	}
	return "build " + rec.Head.Build
}

// newNode makes a node whose settings are still to come.
func newNode(kind node.Kind, script func() game.Script) (node.Node, error) {
	switch kind {
	case node.Manager:
		return manager.New(manager.Config{}), nil
	case node.DB:
		return dbm.New(dbm.Config{}), nil
	case node.Gate:
		return gate.New(gate.Config{}), nil
	case node.Game:
		return game.New(game.Config{}, script()), nil
	}
	return nil, fmt.Errorf("flight: the recording is of a %v, which is no process of a cluster", kind)
}

// player drives the host and is its Tape.
type player struct {
	opts   Options
	rec    *record.Recording
	host   *node.Host
	report Report

	cursor *record.Cursor
	ahead  record.Event // the next one
	more   bool         // there is one
	began  node.Time    // of the first turn
	now    node.Time
	notes  []byte // of the trace, behind the input that led to them
	input  node.Input
}

// load begins with the first segment's state. A state that no host can have may make the node panic.
func (p *player) load() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	if len(p.rec.Segments) == 0 {
		return fmt.Errorf("the recording has no state to begin with")
	}
	return wire.LoadState(p.rec.Segments[0].Snapshot, p.host.Snapshot)
}

// play replays all segments or as far as they are equal.
func (p *player) play() {
	defer func() {
		if r := recover(); r != nil {
			p.differ("it went on", fmt.Sprintf("panic: %v", r))
		}
	}()
	for i := range p.rec.Segments {
		p.cursor = p.rec.Segments[i].Read()
		p.advance()
		for p.more && p.report.First == nil {
			p.act()
		}
		if p.report.First != nil {
			return
		}
		want := p.rec.Closing
		if i+1 < len(p.rec.Segments) {
			want = p.rec.Segments[i+1].Snapshot
		}
		p.compareState(want)
	}
}

// advance reads the next event.
func (p *player) advance() {
	var err error
	if p.more, err = p.cursor.Next(&p.ahead); err != nil {
		p.differ(err.Error(), "it goes on") // record.Read lets no such thing through
	}
}

// act carries out the next event of the driver's. What the host asks for comes back by the Tape.
func (p *player) act() {
	e := p.ahead
	if e.Kind == record.Asked || e.Kind == record.Proved {
		p.differ(p.expected(), "nothing")
		return
	}
	p.advance()
	switch e.Kind {
	case record.Begin:
		if p.report.Turns == 0 {
			p.began = e.Now
		}
		p.report.Turns++
		p.now = e.Now
		p.report.Span = p.now.Sub(p.began)
		p.host.Begin(e.Now, e.Wall)
	case record.Deliver:
		p.report.Inputs++
		// Scribbling is for the host's own copy; what arrives here is a view of the recording.
		p.input = e.Input
		p.host.Deliver(&p.input)
	case record.Step:
		p.step()
	case record.Finish:
		p.host.Finish()
	}
	if len(p.notes) > 0 {
		_, _ = p.opts.Trace.Write(p.notes) // who prints the trace checks its writer
		p.notes = p.notes[:0]
	}
}

// step runs at most one handler.
func (p *player) step() {
	in, ok := p.host.Step()
	if !ok {
		return
	}
	p.report.Events++
	if p.report.First != nil && p.report.First.Input == "" {
		p.report.First.Input, p.report.First.Event = sim.Describe(in), p.report.Events
	}
	if p.traces() {
		fmt.Fprintf(p.opts.Trace, "%12v #%-7d %-10v %s\n", p.now, p.report.Events, p.rec.Head.Self.ID, sim.Describe(in))
	}
	p.host.Settle(in)
}

func (p *player) traces() bool {
	return p.opts.Trace != nil && (p.opts.Until == 0 || p.report.Events <= p.opts.Until)
}

// compareState compares the whole state with the recorded one.
func (p *player) compareState(want []byte) {
	got := wire.AppendState(nil, p.host.Snapshot)
	p.report.Compare.States++
	at := 0
	for at < min(len(got), len(want)) && got[at] == want[at] {
		at++
	}
	if at < max(len(got), len(want)) {
		p.differ(stateText(want, at), stateText(got, at))
	}
}

// stateText names a place in a state.
func stateText(b []byte, at int) string {
	const around = 12
	from, to := max(at-around, 0), min(at+around, len(b))
	return fmt.Sprintf("a state of %d bytes with %x | %x at byte %d", len(b), b[min(from, len(b)):min(at, len(b))], b[min(at, len(b)):to], at)
}

func (p *player) differ(recorded, replayed string) {
	if p.report.First == nil {
		p.report.First = &Difference{Event: p.report.Events, At: p.now, Recorded: recorded, Replayed: replayed}
	}
}

// log puts a node's log lines into the trace.
func (p *player) log(level node.Level, text string, pairs ...any) {
	if p.traces() {
		p.notes = fmt.Appendf(p.notes, "%12v %8s  %v %s %v\n", p.now, "", level, text, pairs)
	}
}
