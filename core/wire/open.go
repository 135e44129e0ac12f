package wire

import "fmt"

// Level is what an open array or map hides of the one around it: the methods
// that open one return it, those that close one take it.
type Level struct {
	outer level
	want  int // writing: fields that the header announces
}

// Open begins a nested value as Struct does, for one whose fields no Code
// method names; Close ends it. False says that reading has failed: then there
// is nothing to close.
func (c *Coder) Open() (Level, bool) {
	outer, ok := c.open()
	return Level{outer: outer}, ok
}

// Close ends what Open began. Reading skips the fields that only a newer writer knows.
func (c *Coder) Close(l Level) { c.close(l.outer) }

// OpenList begins an array of elements of one field each. Writing announces n
// of them; reading ignores n, and returns how many there are, each backed by a
// byte: 0 where no array is. False says that reading has failed.
func (c *Coder) OpenList(n int) (int, Level, bool) {
	return c.openCounted(containerArray, n)
}

// OpenMap begins a map of n pairs, a key and a value of one field each, as
// OpenList does. The caller sees to the order of the keys.
func (c *Coder) OpenMap(n int) (int, Level, bool) {
	n, l, ok := c.openCounted(containerMap, n*2)
	return n / 2, l, ok
}

func (c *Coder) openCounted(kind containerKind, n int) (int, Level, bool) {
	if c.decoding {
		n, outer, ok := c.enter(kind)
		if ok {
			c.fields, c.strict = n, true
		}
		return n, Level{outer: outer}, ok
	}
	l := Level{outer: level{start: len(c.b), fields: c.fields + 1}, want: n}
	c.deepen()
	if kind == containerMap {
		c.b = appendMapHeader(c.b, n/2)
	} else {
		c.b = appendArrayHeader(c.b, n)
	}
	c.fields = 0
	return n, l, true
}

// CloseCounted ends what OpenList or OpenMap began. Writing another number of
// fields than was announced is our bug and panics; reading fewer than there are fails.
func (c *Coder) CloseCounted(l Level) {
	if c.decoding {
		if c.fields > 0 {
			c.failf("%d fields more than there must be", c.fields)
		}
		c.leave(l.outer)
		return
	}
	if c.fields != l.want {
		panic(fmt.Sprintf("wire: a container of %d fields was announced with %d", c.fields, l.want))
	}
	c.depth--
	c.fields = l.outer.fields
}

// Raw reads or writes one value of any kind as its bytes. What is read is a
// view of the input, harmless as Validate says but for the number of values
// in it, and nil where no value is. Writing anything else than one value panics.
func (c *Coder) Raw(v *[]byte) {
	if c.decoding {
		*v = c.raw()
		return
	}
	if end, err := scan(*v, 0, 1, limits{MaxDepth - c.depth, len(*v)}); err != nil || end != len(*v) {
		panic(fmt.Sprintf("wire: %d raw bytes are not one value", len(*v)))
	}
	c.fields++
	c.b = append(c.b, *v...)
}

// Skip reads over one value of any kind.
func (c *Coder) Skip() { c.raw() }

func (c *Coder) raw() []byte {
	if !c.next() {
		return nil
	}
	end, err := scan(c.b, c.at, 1, c.limits())
	if err != nil {
		c.Fail(err)
		return nil
	}
	view := c.b[c.at:end:end]
	c.at = end
	return view
}

// Begin starts one value that stands alone, appended to dst, and returns the
// coder that writes it as one field; End returns the bytes.
func (e *Encoder) Begin(dst []byte) *Coder {
	e.c = Coder{b: dst}
	return &e.c
}

// End ends what Begin started. Another number of fields than one is our bug and panics.
func (e *Encoder) End() []byte {
	if e.c.fields != 1 || e.c.depth != 0 {
		panic(fmt.Sprintf("wire: a value that stands alone is %d fields", e.c.fields))
	}
	b := e.c.b
	e.c.b = nil
	return b
}

// Begin starts to read one value that is the whole of body and returns the
// coder that reads it as one field; the bounds of Decode hold.
func (d *Decoder) Begin(body []byte) *Coder {
	d.c = Coder{b: body, fields: 1, decoding: true, strict: true}
	return &d.c
}

// End returns the error of what was read since Begin; bytes left are one too.
func (d *Decoder) End() error {
	err := d.c.end()
	d.c.b = nil
	return err
}
