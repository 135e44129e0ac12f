// Package wire is how values become bytes: payloads in msgpack, frames around
// them, the validator for bytes from strangers, and the versions of two peers.
//
// A struct is a msgpack array of its fields, in the order in which its Code
// method names them. Fields are only ever added at the end: an older reader
// skips the ones that it does not know, a newer one finds zero values in the
// place of those that the writer did not have.
package wire

import (
	"fmt"
	"math"
)

// MaxDepth bounds how deep arrays and maps nest, the outermost one included.
// Deeper bytes are refused; writing a deeper value is our bug and panics.
const MaxDepth = 32

// Message is a value with a codec: one method for both directions.
type Message interface {
	// Code names every field of the value to the coder, always in the same order.
	Code(c *Coder)
}

// Coder reads or writes the fields that a Code method names: writing takes them
// from the pointers, reading puts them there. After an error reading goes on
// with zero values, so that Code methods need no checks; what was read is then
// not to be used.
//
// In state mode (AppendState, LoadState) the bytes are canonical, so that equal
// states are equal bytes, and the version rule is off: reading refuses a state
// with a field too many or too few, or with a map out of order.
type Coder struct {
	b        []byte // writing: the output so far; reading: the input
	at       int    // reading: where the next value stands
	fields   int    // writing: values written into the open array; reading: values left in it
	depth    int
	decoding bool
	state    bool
	strict   bool // reading: a field that is not there is an error
	err      error
}

// Decoding tells whether the coder reads.
func (c *Coder) Decoding() bool { return c.decoding }

// Err returns the first error of reading, or nil.
func (c *Coder) Err() error { return c.err }

// Fail makes reading end with an error: the fields read so far do not make
// sense together. While writing it panics, since the value is our own.
func (c *Coder) Fail(err error) {
	if !c.decoding {
		panic(fmt.Errorf("wire: a value that cannot be written: %w", err))
	}
	if c.err == nil && err != nil {
		c.err = err
	}
	if c.err != nil {
		c.fields, c.at = 0, len(c.b)
	}
}

// failf is Fail for bytes that are wrong at the current place.
func (c *Coder) failf(format string, args ...any) {
	c.Fail(fmt.Errorf("wire: at byte %d: %s", c.at, fmt.Sprintf(format, args...)))
}

// Struct reads or writes a nested value as one field, an array of its own, so
// that it may get further fields later.
func (c *Coder) Struct(m Message) {
	outer, ok := c.open()
	if !ok {
		return
	}
	m.Code(c)
	c.close(outer)
}

// level is what an open array hides of the one around it.
type level struct {
	start  int // writing: where the header stands
	fields int
	strict bool
}

// open begins a struct; false says that reading has failed.
func (c *Coder) open() (outer level, ok bool) {
	if !c.decoding {
		outer = level{start: len(c.b), fields: c.fields + 1}
		c.deepen()
		c.b = append(c.b, codeFixArray)
		c.fields = 0
		return outer, true
	}
	n, outer, ok := c.enter(containerArray)
	if !ok {
		return outer, false
	}
	c.fields, c.strict = n, c.state
	return outer, true
}

// close ends a struct: writing counts its fields, reading skips those that
// only a newer writer knows.
func (c *Coder) close(outer level) {
	if !c.decoding {
		c.closeArray(outer, 1)
		return
	}
	if c.fields > 0 {
		c.surplus()
	}
	c.leave(outer)
}

// surplus deals with the fields behind the last one that this build knows.
func (c *Coder) surplus() {
	if c.state {
		c.failf("the state has %d fields more than this build knows", c.fields)
		return
	}
	end, err := scan(c.b, c.at, c.fields, c.limits())
	if err != nil {
		c.Fail(err)
		return
	}
	c.at = end
}

// limits are those of a value that scan is to step over here.
func (c *Coder) limits() limits {
	return limits{MaxDepth - c.depth, min(len(c.b), math.MaxInt32)}
}

// enter begins to read a container and returns its count. One that is not
// there reads as empty.
func (c *Coder) enter(kind containerKind) (n int, outer level, ok bool) {
	if c.next() {
		n = c.count(kind)
	}
	outer = level{fields: c.fields, strict: c.strict}
	if c.depth == MaxDepth {
		c.failf("arrays nest deeper than %d", MaxDepth)
		return 0, outer, false
	}
	c.depth++
	return n, outer, true
}

// leave goes back to the container around the one that was read.
func (c *Coder) leave(outer level) {
	c.depth--
	c.fields, c.strict = outer.fields, outer.strict
	if c.err != nil {
		c.fields = 0
	}
}

// deepen counts one more open container while writing.
func (c *Coder) deepen() {
	if c.depth == MaxDepth {
		panic(fmt.Sprintf("wire: a value nests deeper than %d", MaxDepth))
	}
	c.depth++
}

// closeArray puts the count into the header of an array that has been written;
// size is the room that was left for it, which grows where the count needs more.
func (c *Coder) closeArray(outer level, size int) {
	if need := arrayHeaderSize(c.fields); need > size {
		var room [4]byte
		end := len(c.b)
		c.b = append(c.b, room[:need-size]...)
		copy(c.b[outer.start+need:], c.b[outer.start+size:end])
	}
	appendArrayHeader(c.b[outer.start:outer.start], c.fields)
	c.depth--
	c.fields = outer.fields
}
