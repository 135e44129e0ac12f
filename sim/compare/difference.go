package compare

import (
	"fmt"
	"strings"

	"messiah/sim"
)

// Difference is the first moment in which two runs differ. A side is nil if its
// run had ended there.
type Difference struct {
	Event uint64 // its number on side A, on B where A had ended
	A, B  *sim.Moment
}

// ended is the line of a side whose run has no such moment.
const ended = "(the run has ended)"

// Lines returns what either side says of the moment: the trace's lines, and
// where these are equal what they leave out, fields or payload.
func (d Difference) Lines() (a, b string) {
	a, b = line(d.A), line(d.B)
	if d.A == nil || d.B == nil || a != b {
		return a, b
	}
	if d.A.Fields != d.B.Fields {
		return a + " " + d.A.Fields, b + " " + d.B.Fields
	}
	at := firstByte(d.A.Body, d.B.Body)
	return a + payload(d.A.Body, at), b + payload(d.B.Body, at)
}

func line(m *sim.Moment) string {
	if m == nil {
		return ended
	}
	return strings.Join(strings.Fields(m.Line), " ")
}

// firstByte returns the index of the first byte that differs.
func firstByte(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// Bytes of a payload that are printed before and behind the first that differs.
const (
	bytesBefore = 24
	bytesBehind = 40
)

// payload writes the part of a body around a byte, as hex and as text, and the
// values of a message.
func payload(body []byte, at int) string {
	from, to := max(0, at-bytesBefore), min(len(body), at+bytesBehind)
	part := body[from:to]
	s := fmt.Sprintf(" byte %d differs; bytes %d-%d: %x |%s|", at, from, to, part, text(part))
	if v := values(body); v != "" {
		s += " " + v
	}
	return s
}

// text writes bytes as text, a dot for each that is no letter, digit or sign.
func text(b []byte) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '.'
		}
		return r
	}, latin(b))
}

// latin reads each byte as one character.
func latin(b []byte) string {
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}
