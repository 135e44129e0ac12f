package wire

import "pgregory.net/rapid"

// record has one field of every kind; the tags make the library write and
// read it in the same format.
type record struct {
	_msgpack struct{} `msgpack:",as_array"`

	U8    uint8
	U16   uint16
	U32   uint32
	U64   uint64
	I32   int32
	I64   int64
	Int   int
	F32   float32
	F64   float64
	Yes   bool
	Text  string
	Bytes []byte
	Inner point
	List  []point
	Nums  []uint64
	Names []string
	Map   map[string]int64
}

func (r *record) Code(c *Coder) {
	c.Uint8(&r.U8)
	c.Uint16(&r.U16)
	c.Uint32(&r.U32)
	c.Uint64(&r.U64)
	c.Int32(&r.I32)
	c.Int64(&r.I64)
	c.Int(&r.Int)
	c.Float32(&r.F32)
	c.Float64(&r.F64)
	c.Bool(&r.Yes)
	c.String(&r.Text)
	c.Bytes(&r.Bytes)
	c.Struct(&r.Inner)
	Slice(c, &r.List, func(c *Coder, p *point) { c.Struct(p) })
	Slice(c, &r.Nums, (*Coder).Uint64)
	Slice(c, &r.Names, (*Coder).String)
	Map(c, &r.Map, (*Coder).String, (*Coder).Int64)
}

type point struct {
	_msgpack struct{} `msgpack:",as_array"`

	X, Y int64
}

// The library finds the tag by the field's name; nothing else reads it.
var _, _ = point{}._msgpack, record{}._msgpack

func (p *point) Code(c *Coder) {
	c.Int64(&p.X)
	c.Int64(&p.Y)
}

// The rapid generators draw numbers of every width, and texts on both sides of each length class.
func drawRecord(t *rapid.T) record {
	text := rapid.OneOf(rapid.String(), rapid.StringOfN(rapid.RuneFrom([]rune("ab")), 0, 300, -1))
	point := rapid.Custom(func(t *rapid.T) point { return point{X: drawInt(t), Y: drawInt(t)} })
	return record{
		U8: rapid.Uint8().Draw(t, "u8"), U16: rapid.Uint16().Draw(t, "u16"),
		U32: rapid.Uint32().Draw(t, "u32"), U64: uint64(drawInt(t)),
		I32: rapid.Int32().Draw(t, "i32"), I64: drawInt(t), Int: int(drawInt(t)),
		F32: rapid.Float32().Draw(t, "f32"), F64: rapid.Float64().Draw(t, "f64"),
		Yes: rapid.Bool().Draw(t, "yes"), Text: text.Draw(t, "text"),
		Bytes: notEmpty(rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "bytes")),
		Inner: point.Draw(t, "inner"), List: notEmpty(rapid.SliceOfN(point, 0, 20).Draw(t, "list")),
		Nums:  notEmpty(rapid.SliceOf(rapid.Uint64()).Draw(t, "nums")),
		Names: notEmpty(rapid.SliceOf(text).Draw(t, "names")),
		Map:   rapid.MapOf(text, rapid.Int64()).Draw(t, "map"),
	}
}

// drawInt makes every width of integer as likely.
func drawInt(t *rapid.T) int64 {
	return rapid.Int64().Draw(t, "int") >> rapid.IntRange(0, 63).Draw(t, "shift")
}

// notEmpty makes no elements nil, as they are read.
func notEmpty[T any](s []T) []T {
	if len(s) == 0 {
		return nil
	}
	return s
}

// fields is a message made of a function.
type fields func(*Coder)

func (f fields) Code(c *Coder) { f(c) }
