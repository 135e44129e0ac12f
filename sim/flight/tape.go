package flight

import (
	"fmt"

	"messiah/core/node"
	"messiah/core/record"
	"messiah/sim"
)

// Born, Begin, Deliver, Step and Finish are the player's own doing.

// Born is nothing new.
func (p *player) Born(*node.Host) {}

// Begin is nothing new.
func (p *player) Begin(node.Time, int64) {}

// Deliver is nothing new.
func (p *player) Deliver(*node.Input) {}

// Step is nothing new.
func (p *player) Step() {}

// Finish is nothing new; tasks have been compared and go nowhere.
func (p *player) Finish(h *node.Host) {
	for i := range p.rec.Head.Lanes {
		h.Tasks(i).Reset()
	}
}

// Op compares an operation.
func (p *player) Op(op *node.Op) {
	p.asked(record.OutputOf(op), func(text string) string {
		switch op.Kind {
		case node.OpDial, node.OpHalt:
			return fmt.Sprintf("%s %q", text, op.Addr)
		}
		return text + preview(op.Bytes)
	})
}

// Task compares a task for a lane.
func (p *player) Task(lane int, task *node.Input) {
	p.asked(record.OutputOfTask(lane, task), func(text string) string {
		return fmt.Sprintf("%s %v num=%d%s", text, task.Session, task.Num, preview(task.Body))
	})
}

// Prove gives the host the proof that was recorded.
func (p *player) Prove(sum *[16]byte) {
	if p.report.First != nil {
		return
	}
	if !p.more || p.ahead.Kind != record.Proved {
		p.differ(p.expected(), "a proof with the cluster's secret")
		return
	}
	*sum = p.ahead.Proof
	p.advance()
}

// asked compares one output with the recorded one. The function adds to its
// description what only the replay knows.
func (p *player) asked(got record.Output, more func(string) string) {
	if p.report.First != nil {
		return
	}
	if !p.more || p.ahead.Kind != record.Asked || p.ahead.Out != got {
		p.differ(p.expected(), more(p.describe(&got)))
		return
	}
	if isMessage(&got) {
		p.report.Compare.Messages++
	} else {
		p.report.Compare.Others++
	}
	if p.traces() {
		p.notes = fmt.Appendf(p.notes, "%12v %8s  -> %s\n", p.now, "", p.describe(&got))
	}
	p.advance()
}

// expected describes what was recorded next.
func (p *player) expected() string {
	switch {
	case !p.more:
		return "nothing; the recording ends here"
	case p.ahead.Kind == record.Asked:
		return p.describe(&p.ahead.Out)
	case p.ahead.Kind == record.Proved:
		return "a proof with the cluster's secret"
	}
	return "nothing"
}

// isMessage tells whether an output is a message of nodes, not a word between links.
func isMessage(o *record.Output) bool {
	switch o.What {
	case node.OpWrite:
		return o.Type >= node.FirstType
	case node.OpStore, record.OutTask:
		return true
	}
	return false
}

// describe returns an output as one line for people.
func (p *player) describe(o *record.Output) string {
	what := ""
	switch o.What {
	case node.OpDial:
		return fmt.Sprintf("dial number %d, address of %d B, sum %08x", o.To, o.Size, o.Sum)
	case node.OpClose:
		return fmt.Sprintf("close of connection %d (%v)", o.To, p.host.PeerBehind(o.To).ID)
	case node.OpHalt:
		return fmt.Sprintf("the end, with a reason of %d B, sum %08x", o.Size, o.Sum)
	case node.OpStore:
		what = sim.TypeName(o.Type) + " to the store"
	case record.OutTask:
		what = fmt.Sprintf("task %d for lane %d", o.Type, o.To)
	case node.OpWrite:
		name := sim.TypeName(o.Type)
		if o.Type < node.FirstType {
			name = fmt.Sprintf("link frame %d", o.Type)
		}
		what = fmt.Sprintf("%s to %v (connection %d)", name, p.host.PeerBehind(o.To).ID, o.To)
	default:
		what = fmt.Sprintf("operation %d on %d", o.What, o.To)
	}
	return fmt.Sprintf("%s, %d B, sum %08x", what, o.Size, o.Sum)
}

// previewBytes is how much of a message a difference shows.
const previewBytes = 48

func preview(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if len(b) > previewBytes {
		return fmt.Sprintf(": %x…", b[:previewBytes])
	}
	return fmt.Sprintf(": %x", b)
}
