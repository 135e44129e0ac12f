package wire

import (
	"bytes"
	"math"
	"strings"
	"testing"
)

func TestOpenWritesWhatStructAndSliceWrite(t *testing.T) {
	p, names := point{X: 1, Y: -300}, []string{"a", "bc"}
	want := Append(nil, fields(func(c *Coder) { c.Struct(&p); Slice(c, &names, (*Coder).String) }))
	got := Append(nil, fields(func(c *Coder) {
		l, _ := c.Open()
		p.Code(c)
		c.Close(l)
		_, l, _ = c.OpenList(len(names))
		c.String(&names[0])
		c.String(&names[1])
		c.CloseCounted(l)
	}))
	if !bytes.Equal(got, want) {
		t.Fatalf("%x, want %x", got, want)
	}
	var read point
	var count int
	if err := Decode(got, fields(func(c *Coder) {
		l, _ := c.Open()
		c.Int64(&read.X) // The second is skipped.
		c.Close(l)
		n, l, _ := c.OpenList(0)
		count = n
		c.Skip()
		c.Skip()
		c.CloseCounted(l)
	})); err != nil || read.X != 1 || count != 2 {
		t.Error(read, count, err)
	}
}

func TestAMapOfNamesSkipsWhatIsUnknown(t *testing.T) {
	m := map[string]int64{"b": 2, "a": 1, "c": 3}
	want := Append(nil, fields(func(c *Coder) { Map(c, &m, (*Coder).String, (*Coder).Int64) }))
	got := Append(nil, fields(func(c *Coder) {
		_, l, _ := c.OpenMap(3)
		for _, key := range []string{"a", "b", "c"} {
			v := m[key]
			c.String(&key)
			c.Int64(&v)
		}
		c.CloseCounted(l)
	}))
	if !bytes.Equal(got, want) {
		t.Fatalf("%x, want %x", got, want)
	}
	var b int64
	if err := Decode(got, fields(func(c *Coder) {
		n, l, _ := c.OpenMap(0)
		for range n {
			var key string
			if c.String(&key); key == "b" {
				c.Int64(&b)
			} else {
				c.Skip()
			}
		}
		c.CloseCounted(l)
	})); err != nil || b != 2 {
		t.Error(b, err)
	}
}

func TestRawIsOneValue(t *testing.T) {
	p := point{X: 1 << 40}
	whole := Append(nil, fields(func(c *Coder) { c.Struct(&p); c.Struct(&p) }))
	var raw []byte
	var after point
	if err := Decode(whole, fields(func(c *Coder) { c.Raw(&raw); c.Struct(&after) })); err != nil || after != p {
		t.Fatal(after, err)
	}
	if !bytes.Equal(raw, Append(nil, &p)) || cap(raw) != len(raw) {
		t.Errorf("read %x", raw)
	}
	if again := Append(nil, fields(func(c *Coder) { c.Raw(&raw); c.Struct(&p) })); !bytes.Equal(again, whole) {
		t.Errorf("written again as %x", again)
	}
	if err := Decode([]byte{0x90}, fields(func(c *Coder) { c.Raw(&raw) })); err != nil || raw != nil {
		t.Errorf("no value is read as %x, %v", raw, err)
	}
	for _, in := range []string{"\x91", "\x91\xc1", "\x91\x92\x01", "\x91\xdd\xff\xff\xff\xff"} {
		if err := Decode([]byte(in), fields(func(c *Coder) { c.Raw(&raw) })); err == nil || raw != nil {
			t.Errorf("%x is read as %x", in, raw)
		}
	}
}

func TestAValueThatStandsAlone(t *testing.T) {
	var e Encoder
	var d Decoder
	n := int64(-5)
	b := []byte("x")
	e.Begin(b).Int64(&n)
	b = e.End()
	if string(b) != "x\xfb" {
		t.Fatalf("%x", b)
	}
	var got int64
	d.Begin(b[1:]).Int64(&got)
	if err := d.End(); err != nil || got != n {
		t.Error(got, err)
	}
	d.Begin([]byte{1, 2}).Int64(&got)
	if err := d.End(); err == nil {
		t.Error("bytes behind the value are taken")
	}
	c := d.Begin([]byte{1})
	c.Int64(&got)
	c.Int64(&got)
	if err := d.End(); err == nil {
		t.Error("a second value is read")
	}
}

func TestWritingAnotherCountPanics(t *testing.T) {
	one := uint8(1)
	for name, write := range map[string]func(*Encoder){
		"a list too short": func(e *Encoder) {
			c := e.Begin(nil)
			_, l, _ := c.OpenList(2)
			c.Uint8(&one)
			c.CloseCounted(l)
		},
		"nothing": func(e *Encoder) { e.Begin(nil); e.End() },
		"two":     func(e *Encoder) { c := e.Begin(nil); c.Uint8(&one); c.Uint8(&one); e.End() },
		"raw":     func(e *Encoder) { raw := []byte{1, 2}; e.Begin(nil).Raw(&raw) },
	} {
		func() {
			defer func() {
				if text, _ := recover().(string); !strings.HasPrefix(text, "wire: ") {
					t.Errorf("%s: panics with %q", name, text)
				}
			}()
			var e Encoder
			write(&e)
		}()
	}
}

func TestNarrowNumbers(t *testing.T) {
	for _, n := range []int64{0, -1, math.MinInt8, math.MaxInt8, math.MinInt16, math.MaxInt16, 128, 32768} {
		b := Append(nil, fields(func(c *Coder) { c.Int64(&n) }))
		var i8 int8
		if err := Decode(b, fields(func(c *Coder) { c.Int8(&i8) })); (err == nil) != (n == int64(int8(n))) || err == nil && int64(i8) != n {
			t.Errorf("%d as int8: %d, %v", n, i8, err)
		}
		var i16 int16
		if err := Decode(b, fields(func(c *Coder) { c.Int16(&i16) })); (err == nil) != (n == int64(int16(n))) || err == nil && int64(i16) != n {
			t.Errorf("%d as int16: %d, %v", n, i16, err)
		}
		var u uint
		if err := Decode(b, fields(func(c *Coder) { c.Uint(&u) })); (err == nil) != (n >= 0) || err == nil && int64(u) != n {
			t.Errorf("%d as uint: %d, %v", n, u, err)
		}
		if again := Append(nil, fields(func(c *Coder) { c.Int16(&i16) })); int64(i16) == n && !bytes.Equal(again, b) {
			t.Errorf("%d is written as %x and %x", n, again, b)
		}
	}
}
