package sim

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
	"strings"

	"messiah/core/node"
)

// CheckpointEvery is after how many events the trace hash is kept, so that two
// runs that differ can be compared by binary search.
const CheckpointEvery = 4096

// trace is the rolling hash over all that happens, and its text where wanted.
type trace struct {
	hash        uint64
	events      uint64
	checkpoints []uint64
	out         io.Writer
	startAt     uint64 // text begins with this event
	stopAt      uint64 // text ends after this event; 0 for no end
	payload     bool   // text has every field of an input, its body as hex
	record      *Recorder
	noted       func(text string) // a chronicle's, or nil
	tell        func(at, what string)
}

// Odd constants of the hash: the golden ratio and two from MurmurHash3's
// finaliser (Austin Appleby, public domain).
const (
	mixA = 0x9e3779b97f4a7c15
	mixB = 0xff51afd7ed558ccd
	mixC = 0xc4ceb9fe1a85ec53
)

func (t *trace) init(out io.Writer) { t.out, t.hash = out, mixA }

// word folds one word into the hash by a full multiplication, whose two halves
// depend on all bits of both.
func (t *trace) word(v uint64) {
	hi, lo := bits.Mul64(t.hash^v, mixB)
	t.hash = hi ^ lo ^ mixC + v
}

func (t *trace) bytes(b []byte) {
	t.word(uint64(len(b)))
	for ; len(b) >= 8; b = b[8:] {
		t.word(binary.LittleEndian.Uint64(b))
	}
	if len(b) > 0 {
		var rest [8]byte
		copy(rest[:], b)
		t.word(binary.LittleEndian.Uint64(rest[:]))
	}
}

// where says who handles an event: a node, or one of its lanes.
type where struct {
	id   node.ID
	lane int // -1 for the node itself
}

func (w where) String() string {
	if w.lane < 0 {
		return w.id.String()
	}
	return fmt.Sprintf("%v/%d", w.id, w.lane)
}

// input records that a node or lane handles an input.
func (t *trace) input(now node.Time, at where, in *node.Input) {
	t.events++
	t.word(uint64(now))
	t.word(uint64(at.id)<<32 | uint64(uint16(at.lane))<<16 | uint64(in.Kind)<<8 | uint64(in.Flags))
	t.word(uint64(in.Type)<<32 | uint64(in.From))
	t.word(uint64(in.Session) ^ bits.RotateLeft64(in.Num, 32) ^ in.Conn)
	t.bytes(in.Routes)
	t.bytes(in.Body)
	if t.events%CheckpointEvery == 0 {
		t.checkpoints = append(t.checkpoints, t.hash)
	}
	if t.printed(t.events) {
		t.print(now, at, in)
	}
	if t.record.wants(t.events) {
		t.record.input(t, now, at, in)
	}
	if t.tell != nil {
		t.tell(at.String(), Describe(in))
	}
}

// printed tells whether the text has what happens at an event.
func (t *trace) printed(event uint64) bool {
	return t.out != nil && event >= t.startAt && (t.stopAt == 0 || event <= t.stopAt)
}

// note records something that is not an input: a fault, a step of a scenario.
func (t *trace) note(now node.Time, text string) {
	t.word(uint64(now))
	t.bytes([]byte(text))
	if t.noted != nil {
		t.noted(text)
	}
	if t.printed(t.events + 1) {
		fmt.Fprintln(t.out, noteLine(now, text))
	}
	if t.record.wants(t.events + 1) {
		t.record.note(t, now, text)
	}
}

func (t *trace) log(now node.Time, id node.ID, level node.Level, text string, pairs []any) {
	if t.printed(t.events) {
		fmt.Fprintf(t.out, "%12v %8s %-10v %v %s %s\n", now, "", id, level, text, joinPairs(pairs))
	}
}

// joinPairs writes key-value pairs as log/slog does.
func joinPairs(pairs []any) string {
	var b strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		fmt.Fprintf(&b, "%v=%v ", pairs[i], pairs[i+1])
	}
	return strings.TrimSpace(b.String())
}

func (t *trace) print(now node.Time, at where, in *node.Input) {
	fmt.Fprintln(t.out, inputLine(now, t.events, at, in))
	if t.payload {
		fmt.Fprintf(t.out, "%12s %8s %-10s %s\n", "", "", "", fieldsOf(in))
		fmt.Fprintf(t.out, "%12s %8s %-10s body=%x\n", "", "", "", in.Body)
	}
}

func inputLine(now node.Time, event uint64, at where, in *node.Input) string {
	return fmt.Sprintf("%12v #%-7d %-10v %s", now, event, at, Describe(in))
}

func noteLine(now node.Time, text string) string {
	return fmt.Sprintf("%12v %8s  -- %s", now, "", text)
}

// fieldsOf writes what the trace hash covers of an input besides its body.
func fieldsOf(in *node.Input) string {
	return fmt.Sprintf("kind=%d flags=%d type=%d from=%v session=%d num=%d conn=%d routes=%x",
		in.Kind, in.Flags, in.Type, in.From, in.Session, in.Num, in.Conn, in.Routes)
}

// Describe returns an input as one line for people.
func Describe(in *node.Input) string {
	s := in.Kind.String()
	switch in.Kind {
	case node.InMessage, node.InUndelivered:
		s = fmt.Sprintf("%v %s from %v", in.Kind, TypeName(in.Type), in.From)
	case node.InClient:
		s = fmt.Sprintf("client %s %v n=%d", clientTypeName(in.Body), in.Session, in.Num)
	case node.InConnected, node.InDisconnected:
		s = fmt.Sprintf("%v %v num=%d type=%d alive=%v", in.Kind, in.Session, in.Num, in.Type, in.Alive())
	case node.InTimer:
		s = fmt.Sprintf("timer %d key=%d", in.Type, in.Num)
	case node.InAnswer, node.InTask:
		s = fmt.Sprintf("%v %d %v num=%d", in.Kind, in.Type, in.Session, in.Num)
	case node.InLinkUp, node.InLinkDown, node.InLinkBroken, node.InLinkBack, node.InLinkRefused:
		s = fmt.Sprintf("%v %v", in.Kind, in.From)
	case node.InPacket:
		s = fmt.Sprintf("packet %s port=%d stream=%d", packetName(in.Body), in.Endpoint.Port, in.Endpoint.Stream)
	}
	if len(in.Body) > 0 {
		s += fmt.Sprintf(" (%d B)", len(in.Body))
	}
	return s
}

// count writes a number of things for people.
func count(n int, what string) string { return fmt.Sprintf("%d %s", n, what) }
