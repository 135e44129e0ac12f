package node

import (
	"testing"

	"messiah/core/wire"

	"pgregory.net/rapid"
)

func TestIDNames(t *testing.T) {
	for _, c := range []struct {
		kind  Kind
		index int
		name  string
	}{
		{Manager, 1, "manager1"}, {DB, 2, "db2"}, {Gate, 10, "gate10"}, {Game, 3, "game3"},
		{Client, MaxIndex, "client16777215"}, {Store, 1, "store1"},
	} {
		id := NewID(c.kind, c.index)
		if id.Kind() != c.kind || id.Index() != c.index || id.String() != c.name {
			t.Errorf("NewID(%v, %d) is %v %d %q, want %q", c.kind, c.index, id.Kind(), id.Index(), id.String(), c.name)
		}
		if got, err := ParseID(c.name); got != id || err != nil {
			t.Errorf("ParseID(%q) = %v, %v", c.name, got, err)
		}
	}
	if ID(0).String() != "nobody" || Kind(99).String() != "kind99" {
		t.Errorf("an ID of 0 is %q, kind 99 is %q", ID(0).String(), Kind(99).String())
	}
}

func TestParseIDRefusesOtherNames(t *testing.T) {
	for _, name := range []string{
		"", "gate", "gate0", "gate-1", "gate+1", "gate01", "gate 1", "gate1 ", "gate1.0", "gate16777216",
		"gate99999999999999999999", "none1", "nobody", "Gate1", "1", "gateway1", "dbm1",
	} {
		if id, err := ParseID(name); err == nil {
			t.Errorf("ParseID(%q) = %v, want an error", name, id)
		}
	}
}

func TestSessionNames(t *testing.T) {
	for _, c := range []struct {
		shard, slot int
		epoch       uint32
		name        string
	}{
		{0, 0, 1, "s0.0#1"}, {3, 12, 7, "s3.12#7"}, {255, 1<<24 - 1, 1<<32 - 1, "s255.16777215#4294967295"},
	} {
		s := NewSession(c.shard, c.slot, c.epoch)
		if s.Shard() != c.shard || s.Slot() != c.slot || s.Epoch() != c.epoch || s.String() != c.name {
			t.Errorf("NewSession(%d, %d, %d) reads back as %d, %d, %d, %q",
				c.shard, c.slot, c.epoch, s.Shard(), s.Slot(), s.Epoch(), s.String())
		}
	}
}

func TestNamesOfKindsAndLevels(t *testing.T) {
	for k := InNone; k < inputEnd; k++ {
		if k.String() == "" || k.String() == "unknown" {
			t.Errorf("input kind %d has no name", k)
		}
	}
	if inputEnd.String() != "unknown" {
		t.Errorf("a kind over the last is %q", inputEnd.String())
	}
	for level, want := range map[Level]string{Debug: "DEBUG", Error: "ERROR", 9: "LEVEL?"} {
		if level.String() != want {
			t.Errorf("level %d is %q, want %q", level, level.String(), want)
		}
	}
}

func TestInputRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		in.Flags, in.Lane = rapid.Uint8().Draw(t, "flags"), rapid.Uint8().Draw(t, "lane")
		in.From, in.Inc = ID(rapid.Uint32().Draw(t, "from")), Incarnation(rapid.Uint64().Draw(t, "inc"))
		in.Conn = rapid.Uint64().Draw(t, "conn")
		in.Endpoint.Port, in.Endpoint.Stream = rapid.Uint16().Draw(t, "port"), rapid.Uint32().Draw(t, "stream")
		in.Endpoint.IP[rapid.IntRange(0, 15).Draw(t, "ip")] = rapid.Byte().Draw(t, "ip byte")
		in.Routes = rapid.SliceOfN(rapid.Byte(), 0, 32).Draw(t, "routes")
		var out Input
		if err := wire.Decode(wire.Append(nil, &in), &out); err != nil {
			t.Fatal(err)
		}
		if !sameInput(&in, &out) {
			t.Fatalf("%+v came back as %+v", in, out)
		}
	})
}

func TestRoutesOfAnInput(t *testing.T) {
	in := Input{Routes: []byte{1, 0, 0, 0, 0, 0, 0, 0x80, 2, 0, 0, 0, 0, 0, 0, 0}}
	if in.NumRoutes() != 2 || in.Route(0) != 1<<63|1 || in.Route(1) != 2 {
		t.Errorf("%d routes: %x, %x", in.NumRoutes(), in.Route(0), in.Route(1))
	}
}
