package session

import (
	"encoding/binary"

	"messiah/core/planted"
	"messiah/core/wire"
)

// flow is the numbering of one login, which outlives its epochs. Messages of
// each direction count from 1.
type flow struct {
	// What we send. The kept messages are numbers acked+1 to sent.
	kept    []byte // records: cookie, length, body; those before head are acknowledged
	head    int
	next    int    // where the first message stands that this epoch has not written yet
	sent    uint64 // number of the last message taken
	written uint64 // number of the last message written in any epoch
	acked   uint64 // number of the last message the other side acknowledged
	cookie  uint64 // the last cookie among the acknowledged; zero cookies do not count
	due     uint64 // number of the message at next

	// What they send.
	received uint64 // number of the last message delivered
	handled  uint64 // number of the last message that may be acknowledged
	told     uint64 // the last acknowledgement written in this epoch
}

// recordHead is what a kept message costs beside its body: cookie and length.
const recordHead = 8 + 4

// unacked returns how much is kept for the other side.
func (f *flow) unacked() (messages int, bytes int) {
	return int(f.sent - f.acked), len(f.kept) - f.head
}

// fits tells whether one more message keeps to the bounds.
func (f *flow) fits(l *Limits, body int) bool {
	messages, bytes := f.unacked()
	return messages < l.UnackedMessages && bytes+recordHead+body <= l.UnackedBytes
}

// push keeps one more message for the other side.
func (f *flow) push(cookie uint64, body []byte) {
	if f.head > len(f.kept)/2 && len(f.kept)+recordHead+len(body) > cap(f.kept) {
		// The dead half makes room, so that the buffer stays within twice the bound.
		n := copy(f.kept, f.kept[f.head:])
		f.kept, f.next, f.head = f.kept[:n], f.next-f.head, 0
	}
	if f.sent == f.acked {
		f.due = f.sent + 1
	}
	f.kept = binary.LittleEndian.AppendUint64(f.kept, cookie)
	f.kept = binary.LittleEndian.AppendUint32(f.kept, uint32(len(body)))
	f.kept = append(f.kept, body...)
	f.sent++
}

// acknowledge frees what the other side has; false says that it cannot have that.
func (f *flow) acknowledge(upTo uint64) bool {
	if upTo > f.written || upTo < f.acked {
		return false
	}
	for f.acked < upTo {
		record := f.kept[f.head:]
		if cookie := binary.LittleEndian.Uint64(record); cookie != 0 {
			f.cookie = cookie
		}
		f.head += recordHead + int(binary.LittleEndian.Uint32(record[8:]))
		f.acked++
	}
	if f.next < f.head {
		f.next, f.due = f.head, f.acked+1
	}
	if f.head == len(f.kept) {
		f.kept, f.head, f.next = f.kept[:0], 0, 0
	}
	return true
}

// rewind begins a new epoch: all that is unacknowledged is to be written again.
func (f *flow) rewind() {
	if !planted.On("resume-skips-resend") { // what the old connection lost stays lost
		f.next, f.due = f.head, f.acked+1
	}
	f.told = 0
}

// pending tells whether a message waits to be written.
func (f *flow) pending() bool { return f.next < len(f.kept) }

// unsaid is how many messages may be acknowledged and are not yet.
func (f *flow) unsaid() uint64 { return f.handled - f.told }

// handle notes that the loop has handled messages up to a number; false says that it cannot have.
func (f *flow) handle(upTo uint64) bool {
	if upTo > f.received {
		return false
	}
	f.handled = max(f.handled, upTo)
	return true
}

// appendBatch writes the acknowledgement and as many messages as one batch of
// the size takes, at least one if any waits.
func (f *flow) appendBatch(b []byte, size int) []byte {
	start := len(b)
	b = binary.AppendUvarint(b, f.handled)
	f.told = f.handled
	for first := true; f.pending(); first = false {
		record := f.kept[f.next:]
		n := int(binary.LittleEndian.Uint32(record[8:]))
		if !first && len(b)-start+n+binary.MaxVarintLen32 > size {
			break
		}
		b = binary.AppendUvarint(b, uint64(n))
		b = append(b, record[recordHead:recordHead+n]...)
		f.next += recordHead + n
		f.written = max(f.written, f.due)
		f.due++
	}
	return b
}

// nextMessage takes the first message off a list of them; ok is false where the list is malformed.
func nextMessage(list []byte) (body, rest []byte, ok bool) {
	n, width := binary.Uvarint(list)
	if width <= 0 || n > MaxMessage || n > uint64(len(list)-width) {
		return nil, nil, false
	}
	end := width + int(n)
	return list[width:end:end], list[end:], true
}

// keepBytes is the room that an idle buffer keeps.
const keepBytes = 512

// trim gives back the room that a busy time left behind.
func trim(b []byte) []byte {
	if len(b) == 0 && cap(b) > keepBytes {
		return nil
	}
	return b
}

// code reads or writes the flow; where the buffer stands in memory is not part of it.
func (f *flow) code(c *wire.Coder) {
	kept := f.kept[f.head:]
	next := uint64(f.next - f.head)
	c.Bytes(&kept)
	c.Uint64(&next)
	for _, n := range []*uint64{&f.sent, &f.written, &f.acked, &f.cookie, &f.received, &f.handled, &f.told} {
		c.Uint64(n)
	}
	if !c.Decoding() {
		return
	}
	f.kept, f.head, f.next = kept, 0, int(min(next, maxBuffer))
	if !f.sound() {
		c.Fail(errState)
	}
}

// maxBuffer is more than a buffer that can be read back holds.
const maxBuffer = 1 << 31

// sound tells whether a flow that was read back holds together, and finds the
// number of the message to be written next.
func (f *flow) sound() bool {
	if f.acked > f.written || f.written > f.sent || f.handled > f.received || f.told > f.handled {
		return false
	}
	at, n, found := 0, f.acked, false
	for {
		if at == f.next {
			f.due, found = n+1, true
		}
		if at == len(f.kept) {
			return n == f.sent && found
		}
		if len(f.kept)-at < recordHead {
			return false
		}
		size := binary.LittleEndian.Uint32(f.kept[at+8:])
		if size > MaxMessage || int(size) > len(f.kept)-at-recordHead {
			return false
		}
		at += recordHead + int(size)
		n++
	}
}
