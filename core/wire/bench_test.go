package wire

import (
	"math"
	"testing"

	"github.com/vmihailenco/msgpack/v5"
)

// call is a small RPC: whom, what, where.
type call struct {
	_msgpack struct{} `msgpack:",as_array"`

	Entity  uint64
	Method  uint16
	X, Y, Z float64
	Seq     uint32
	Args    []byte
}

// The library finds the tag by the field's name; nothing else reads it.
var _ = call{}._msgpack

func (m *call) Code(c *Coder) {
	c.Uint64(&m.Entity)
	c.Uint16(&m.Method)
	c.Float64(&m.X)
	c.Float64(&m.Y)
	c.Float64(&m.Z)
	c.Uint32(&m.Seq)
	c.View(&m.Args)
}

func sample() *call {
	return &call{Entity: 1 << 40, Method: 1234, X: 1.5, Y: math.Pi, Z: -7, Seq: 70000, Args: []byte("0123456789")}
}

func TestTheHotPathAllocatesNothing(t *testing.T) {
	var enc Encoder
	var dec Decoder
	var got call
	m, routes := sample(), []uint64{1, 2}
	body, frame := make([]byte, 0, 256), make([]byte, 0, 256)
	if allocs := testing.AllocsPerRun(100, func() {
		body = enc.Append(body[:0], m)
		frame = AppendFrame(frame[:0], 100, 0, routes, body)
		f, _, err := Split(frame)
		if err != nil || Validate(f.Payload) != nil || dec.Decode(f.Payload, &got) != nil {
			t.Fatal("cannot be read")
		}
	}); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
	if got.Y != m.Y || string(got.Args) != string(m.Args) {
		t.Errorf("read %+v", got)
	}
}

func BenchmarkEncode(b *testing.B) {
	var enc Encoder
	m, body := sample(), make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		body = enc.Append(body[:0], m)
	}
	b.SetBytes(int64(len(body)))
}

func BenchmarkEncodeByLibrary(b *testing.B) {
	m := sample()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := msgpack.Marshal(m); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	var dec Decoder
	var m call
	body := Append(nil, sample())
	b.ReportAllocs()
	for b.Loop() {
		if err := dec.Decode(body, &m); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(body)))
}

func BenchmarkDecodeByLibrary(b *testing.B) {
	var m call
	body := Append(nil, sample())
	b.ReportAllocs()
	for b.Loop() {
		if err := msgpack.Unmarshal(body, &m); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkValidate(b *testing.B) {
	body := Append(nil, sample())
	b.ReportAllocs()
	for b.Loop() {
		if err := Validate(body); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(body)))
}

func BenchmarkValidateMap(b *testing.B) {
	m := map[string]int{}
	for i := range 30 {
		m["property"+string(rune('A'+i))] = i * 1000
	}
	body := Append(nil, fields(func(c *Coder) { Map(c, &m, (*Coder).String, (*Coder).Int) }))
	b.ReportAllocs()
	for b.Loop() {
		if err := Validate(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFrame(b *testing.B) {
	body, routes := Append(nil, sample()), []uint64{1, 2}
	frame := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		frame = AppendFrame(frame[:0], 100, 0, routes, body)
		if _, _, err := Split(frame); err != nil {
			b.Fatal(err)
		}
	}
}
