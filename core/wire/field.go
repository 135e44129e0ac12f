package wire

import (
	"bytes"
	"math"
)

// Uint8 reads or writes an unsigned number of 8 bits.
func (c *Coder) Uint8(v *uint8) {
	if c.decoding {
		*v = uint8(c.uint(math.MaxUint8))
		return
	}
	c.fields++
	c.b = appendUint(c.b, uint64(*v))
}

// Uint16 reads or writes an unsigned number of 16 bits.
func (c *Coder) Uint16(v *uint16) {
	if c.decoding {
		*v = uint16(c.uint(math.MaxUint16))
		return
	}
	c.fields++
	c.b = appendUint(c.b, uint64(*v))
}

// Uint32 reads or writes an unsigned number of 32 bits.
func (c *Coder) Uint32(v *uint32) {
	if c.decoding {
		*v = uint32(c.uint(math.MaxUint32))
		return
	}
	c.fields++
	c.b = appendUint(c.b, uint64(*v))
}

// Uint64 reads or writes an unsigned number of 64 bits.
func (c *Coder) Uint64(v *uint64) {
	if c.decoding {
		*v = c.uint(math.MaxUint64)
		return
	}
	c.fields++
	c.b = appendUint(c.b, *v)
}

// Uint reads or writes an unsigned number of the machine's width.
func (c *Coder) Uint(v *uint) {
	if c.decoding {
		*v = uint(c.uint(math.MaxUint))
		return
	}
	c.fields++
	c.b = appendUint(c.b, uint64(*v))
}

// Int8 reads or writes a signed number of 8 bits.
func (c *Coder) Int8(v *int8) {
	if c.decoding {
		*v = int8(c.int(math.MinInt8, math.MaxInt8))
		return
	}
	c.fields++
	c.b = appendInt(c.b, int64(*v))
}

// Int16 reads or writes a signed number of 16 bits.
func (c *Coder) Int16(v *int16) {
	if c.decoding {
		*v = int16(c.int(math.MinInt16, math.MaxInt16))
		return
	}
	c.fields++
	c.b = appendInt(c.b, int64(*v))
}

// Int32 reads or writes a signed number of 32 bits.
func (c *Coder) Int32(v *int32) {
	if c.decoding {
		*v = int32(c.int(math.MinInt32, math.MaxInt32))
		return
	}
	c.fields++
	c.b = appendInt(c.b, int64(*v))
}

// Int64 reads or writes a signed number of 64 bits.
func (c *Coder) Int64(v *int64) {
	if c.decoding {
		*v = c.int(math.MinInt64, math.MaxInt64)
		return
	}
	c.fields++
	c.b = appendInt(c.b, *v)
}

// Int reads or writes a signed number of the machine's width.
func (c *Coder) Int(v *int) {
	if c.decoding {
		*v = int(c.int(math.MinInt, math.MaxInt))
		return
	}
	c.fields++
	c.b = appendInt(c.b, int64(*v))
}

// Float64 reads or writes a number of 64 bits. NaN and infinities pass: a field
// that must be finite checks for it and fails. Every NaN is written alike.
func (c *Coder) Float64(v *float64) {
	if c.decoding {
		*v = c.float64()
		return
	}
	c.fields++
	c.b = appendFloat64(c.b, *v)
}

// Float32 reads or writes a number of 32 bits, with NaN and infinities as Float64.
func (c *Coder) Float32(v *float32) {
	if c.decoding {
		*v = c.float32()
		return
	}
	c.fields++
	c.b = appendFloat32(c.b, *v)
}

// Bool reads or writes a truth value.
func (c *Coder) Bool(v *bool) {
	if c.decoding {
		*v = c.bool()
		return
	}
	c.fields++
	c.b = appendBool(c.b, *v)
}

// String reads or writes a string. What is read is a copy.
func (c *Coder) String(v *string) {
	if c.decoding {
		*v = string(c.text())
		return
	}
	c.fields++
	c.b = appendString(c.b, *v)
}

// Bytes reads or writes bytes. What is read is a copy of its own, so that it
// may be kept after the handler; no bytes read as nil.
func (c *Coder) Bytes(v *[]byte) {
	if c.decoding {
		*v = nil
		if view := c.bin(); len(view) > 0 {
			*v = bytes.Clone(view)
		}
		return
	}
	c.fields++
	c.b = AppendBytes(c.b, *v)
}

// View is Bytes without the copy: what is read is a part of the input and good
// for as long as that is, within a node until the handler returns.
func (c *Coder) View(v *[]byte) {
	if c.decoding {
		*v = nil
		if view := c.bin(); len(view) > 0 {
			*v = view[:len(view):len(view)]
		}
		return
	}
	c.fields++
	c.b = AppendBytes(c.b, *v)
}

// Bytes16 reads or writes exactly 16 bytes: an id, an address, a token.
func (c *Coder) Bytes16(v *[16]byte) {
	if !c.decoding {
		c.fields++
		c.b = AppendBytes(c.b, v[:])
		return
	}
	*v = [16]byte{}
	if !c.next() {
		return
	}
	if view := c.binBody(); len(view) == len(v) {
		copy(v[:], view)
	} else if c.err == nil {
		c.failf("%d bytes where there must be %d", len(view), len(v))
	}
}
