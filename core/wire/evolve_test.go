package wire

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// pointV2 is point as a later build has it: further fields at the end.
type pointV2 struct {
	point
	Z    float64
	Tags []string
	Sub  point
	By   map[string]int64
	ID   [16]byte
	More any
}

func (p *pointV2) Code(c *Coder) {
	p.point.Code(c)
	c.Float64(&p.Z)
	Slice(c, &p.Tags, (*Coder).String)
	c.Struct(&p.Sub)
	Map(c, &p.By, (*Coder).String, (*Coder).Int64)
	c.Bytes16(&p.ID)
	c.Any(&p.More)
}

// Two builds of one message: points as fields of a struct, in a list and in a map, and a field behind them.
type pathV1 struct {
	Start point
	Way   []point
	Named map[string]point
	Last  uint64
}

func (p *pathV1) Code(c *Coder) {
	c.Struct(&p.Start)
	Slice(c, &p.Way, func(c *Coder, p *point) { c.Struct(p) })
	Map(c, &p.Named, (*Coder).String, func(c *Coder, p *point) { c.Struct(p) })
	c.Uint64(&p.Last)
}

type pathV2 struct {
	Start pointV2
	Way   []pointV2
	Named map[string]pointV2
	Last  uint64
	Note  string
}

func (p *pathV2) Code(c *Coder) {
	c.Struct(&p.Start)
	Slice(c, &p.Way, func(c *Coder, p *pointV2) { c.Struct(p) })
	Map(c, &p.Named, (*Coder).String, func(c *Coder, p *pointV2) { c.Struct(p) })
	c.Uint64(&p.Last)
	c.String(&p.Note)
}

func (p *pathV2) old() pathV1 {
	old := pathV1{Start: p.Start.point, Named: map[string]point{}, Last: p.Last}
	for _, one := range p.Way {
		old.Way = append(old.Way, one.point)
	}
	for k, one := range p.Named {
		old.Named[k] = one.point
	}
	return old
}

// fresh is an old path as a newer build reads it: all that is new is zero.
func (p *pathV1) fresh() pathV2 {
	upgrade := func(old point) pointV2 { return pointV2{point: old, By: map[string]int64{}} }
	fresh := pathV2{Start: upgrade(p.Start), Named: map[string]pointV2{}, Last: p.Last}
	for _, one := range p.Way {
		fresh.Way = append(fresh.Way, upgrade(one))
	}
	for k, one := range p.Named {
		fresh.Named[k] = upgrade(one)
	}
	return fresh
}

func drawPath(t *rapid.T) pathV2 {
	one := rapid.Custom(func(t *rapid.T) pointV2 {
		return pointV2{
			point: point{X: drawInt(t), Y: drawInt(t)}, Z: rapid.Float64().Draw(t, "z"),
			Tags: notEmpty(rapid.SliceOfN(rapid.String(), 0, 4).Draw(t, "tags")), Sub: point{X: drawInt(t)},
			By: map[string]int64{"a": drawInt(t)}, ID: [16]byte{rapid.Byte().Draw(t, "id")}, More: []any{drawInt(t), "more"},
		}
	})
	return pathV2{
		Start: one.Draw(t, "start"), Way: notEmpty(rapid.SliceOfN(one, 0, 20).Draw(t, "way")),
		Named: rapid.MapOfN(rapid.String(), one, 0, 5).Draw(t, "named"), Last: uint64(drawInt(t)), Note: "note",
	}
}

func TestAnOlderReaderSkipsWhatIsNew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sent := drawPath(t)
		var got pathV1
		if err := Decode(Append(nil, &sent), &got); err != nil {
			t.Fatal(err)
		}
		if want := sent.old(); !reflect.DeepEqual(got, want) {
			t.Fatalf("read %+v, want %+v", got, want)
		}
	})
}

func TestANewerReaderFindsZeroValuesInPlaceOfWhatIsNew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		path := drawPath(t)
		sent := path.old()
		got := drawPath(t) // what was there before must not shine through
		if err := Decode(Append(nil, &sent), &got); err != nil {
			t.Fatal(err)
		}
		// Reading kept the room of these slices, so that they are empty and not nil.
		got.Way, got.Start.Tags = notEmpty(got.Way), notEmpty(got.Start.Tags)
		for i := range got.Way {
			got.Way[i].Tags = notEmpty(got.Way[i].Tags)
		}
		if want := sent.fresh(); !reflect.DeepEqual(got, want) {
			t.Fatalf("read %+v, want %+v", got, want)
		}
	})
}

// A message may be cut behind any of its fields.
func TestEveryPrefixOfFieldsIsAMessage(t *testing.T) {
	full := record{
		U8: 1, U16: 2, U32: 3, U64: 4, I32: 5, I64: 6, Int: 7, F32: 8, F64: 9, Yes: true, Text: "t", Bytes: []byte("b"),
		Inner: point{X: 1}, List: []point{{X: 1}}, Nums: []uint64{1}, Names: []string{"n"}, Map: map[string]int64{"k": 1},
	}
	v := reflect.ValueOf(full)
	for n := range v.NumField() {
		sent := fields(func(c *Coder) {
			c.b = append(c.b, Append(nil, &full)[3:]...) // all fields; the count below cuts them
			c.fields = v.NumField() - 1
		})
		b := cut(t, Append(nil, sent), n)
		got := full
		if err := Decode(b, &got); err != nil {
			t.Fatalf("%d fields: %v", n, err)
		}
		for i := range v.NumField() - 1 {
			field, zero := reflect.ValueOf(got).Field(i+1), i >= n
			if isZero := field.IsZero() || field.Kind() >= reflect.Map && field.Kind() <= reflect.Slice && field.Len() == 0; isZero != zero {
				t.Errorf("%d fields: field %d is %v", n, i, field)
			}
		}
	}
}

// cut keeps the first n fields of a message of more than 15.
func cut(t *testing.T, b []byte, n int) []byte {
	end, err := scan(b, 3, n, limits{MaxDepth, MaxNodes})
	if err != nil {
		t.Fatal(err)
	}
	return append(appendArrayHeader(nil, n), b[3:end]...)
}
