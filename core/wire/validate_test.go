package wire

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/vmihailenco/msgpack/v5"
	"github.com/vmihailenco/msgpack/v5/msgpcode"
	"pgregory.net/rapid"
)

// hostile are inputs that kill, or blow up, a decoder that trusts them.
var hostile = []struct{ name, in string }{
	{"array of 2^32-1", "ddffffffff"},
	{"array of 2^32-1 and a byte", "ddffffffff00"},
	{"map of 2^32-1", "dfffffffff"},
	{"map of 2^31", "df8000000000000000"},
	{"bytes of 4 GiB", "c6ffffffff"},
	{"string of 4 GiB", "dbffffffff"},
	{"array of 65535", "dcffff"},
	{"map of 65535", "deffff"},
	{"short string", "d903aabb"},
	{"short bytes", "c50100ff"},
	{"nested beyond the limit", strings.Repeat("91", MaxDepth+1) + "c0"},
	{"1000 nested arrays of 2^32-1", strings.Repeat("ddffffffff", 1000)},
	{"100000 nested arrays", strings.Repeat("91", 100000) + "c0"},
	{"100000 nested maps", strings.Repeat("8101", 100000) + "c0"},
	{"100000 nested keys", strings.Repeat("81", 100000) + "c0"},
	{"map as key", "818001"},
	{"array as key", "819001"},
	{"long map as key", "81de000001"},
	{"bytes as key", "81c4010101"},
	{"container as second key", "82010190c0"},
	{"extension", "d40100"},
	{"long extension", "c9ffffffff01"},
	{"unused code", "c1"},
	{"nothing", ""},
	{"two values", "0101"},
	{"array without elements", "92c0"},
	{"map without value", "8101"},
	{"half a number", "cf00"},
	{"half a length", "da00"},
	{"half a count", "dd0000"},
}

func unhex(t testing.TB, s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestHostileBytesAreRefused(t *testing.T) {
	for _, test := range hostile {
		t.Run(test.name, func(t *testing.T) {
			in := unhex(t, test.in)
			if err := Validate(in); err == nil || !strings.HasPrefix(err.Error(), "wire: ") {
				t.Errorf("Validate: %v", err)
			}
			// As a message of its own, as a field that nobody knows and as one of every kind.
			for _, b := range [][]byte{in, append([]byte{0x91}, in...)} {
				for name, m := range readers() {
					before := allocated()
					if err := Decode(b, m); err == nil {
						t.Errorf("Decode of %s: no error", name)
					}
					if grown := allocated() - before; grown > 1<<16+64*uint64(len(b)) {
						t.Errorf("Decode of %s: allocates %d bytes for %d", name, grown, len(b))
					}
				}
			}
		})
	}
}

// readers are messages whose first field is of every kind that has a length or a depth.
func readers() map[string]Message {
	var r record
	var list []uint64
	var tree tree
	var v any
	return map[string]Message{
		"nothing": fields(func(*Coder) {}),
		"string":  fields(func(c *Coder) { c.String(&r.Text) }),
		"bytes":   fields(func(c *Coder) { c.Bytes(&r.Bytes) }),
		"view":    fields(func(c *Coder) { c.View(&r.Bytes) }),
		"number":  fields(func(c *Coder) { c.Uint64(&r.U64) }),
		"list":    fields(func(c *Coder) { Slice(c, &list, (*Coder).Uint64) }),
		"map":     fields(func(c *Coder) { Map(c, &r.Map, (*Coder).String, (*Coder).Int64) }),
		"any":     fields(func(c *Coder) { c.Any(&v) }),
		"tree":    &tree,
	}
}

// tree nests as deep as its bytes want.
type tree struct{ kids []tree }

func (n *tree) Code(c *Coder) { Slice(c, &n.kids, func(c *Coder, kid *tree) { c.Struct(kid) }) }

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func TestErrorsSayWhatAndWhere(t *testing.T) {
	for _, test := range []struct {
		in   string
		want error
		text string
	}{
		{"ddffffffff", errCount, "wire: at byte 0: a count over the bytes that are left"},
		{"92c0c6ffffffff", errLength, "wire: at byte 2: a length over the bytes that are left"},
		{"9281c001d40100", errExtension, "wire: at byte 4: an extension type"},
		{"818001", errKey, "wire: at byte 1: a key of a map that is an array, a map or bytes"},
		{strings.Repeat("91", 99), errDepth, "wire: at byte 32: arrays and maps nest deeper than 32"},
		{"cf00", errLength, "wire: at byte 0: a length over the bytes that are left"},
	} {
		if err := Validate(unhex(t, test.in)); !errors.Is(err, test.want) || err.Error() != test.text {
			t.Errorf("%.20s: %v", test.in, err)
		}
	}
}

func TestLimitsAreReached(t *testing.T) {
	deepest := append(bytes.Repeat([]byte{0x91}, MaxDepth-1), 0x90)
	if err := Validate(deepest); err != nil {
		t.Error(err)
	}
	if err := Validate(append([]byte{0x91}, deepest...)); !errors.Is(err, errDepth) {
		t.Error(err)
	}
	most := binary.BigEndian.AppendUint32([]byte{msgpcode.Array32}, MaxNodes-1)
	most = append(most, make([]byte, MaxNodes-1)...)
	if err := Validate(most); err != nil {
		t.Error(err)
	}
	binary.BigEndian.PutUint32(most[1:], MaxNodes)
	if err := Validate(append(most, 0)); !errors.Is(err, errNodes) {
		t.Error(err)
	}
}

// reference is Validate in its plainest form: recursive, one case a line. It returns what is left.
func reference(b []byte, depth int, nodes *int) ([]byte, bool) {
	if *nodes++; len(b) == 0 || *nodes > MaxNodes {
		return nil, false
	}
	code, b := b[0], b[1:]
	size, count, each := 0, -1, 1
	switch {
	case code <= 0x7f, code >= 0xe0, code == 0xc0, code == 0xc2, code == 0xc3:
	case code <= 0x8f:
		count, each = int(code&15), 2
	case code <= 0x9f:
		count = int(code & 15)
	case code <= 0xbf:
		size = int(code & 31)
	case code == 0xca, code == 0xcb:
		size = 4 << (code - 0xca)
	case code >= 0xcc && code <= 0xd3:
		size = 1 << (code & 3)
	case code >= 0xd9 && code <= 0xdb, code >= 0xc4 && code <= 0xc6:
		width := map[byte]int{0xc4: 1, 0xc5: 2, 0xc6: 4, 0xd9: 1, 0xda: 2, 0xdb: 4}[code]
		if size, b = length(b, width); size < 0 {
			return nil, false
		}
	case code >= 0xdc:
		if code >= 0xde {
			each = 2
		}
		if count, b = length(b, 2<<(code&1)); count < 0 {
			return nil, false
		}
	default:
		return nil, false
	}
	if size > len(b) {
		return nil, false
	}
	if count >= 0 && depth == MaxDepth {
		return nil, false
	}
	b = b[size:]
	for i := range max(count, 0) * each {
		isKey := each == 2 && i%2 == 0
		if isKey && len(b) > 0 && (b[0] >= 0x80 && b[0] <= 0x9f || b[0] >= 0xdc && b[0] <= 0xdf || b[0] >= 0xc4 && b[0] <= 0xc6) {
			return nil, false
		}
		ok := false
		if b, ok = reference(b, depth+1, nodes); !ok {
			return nil, false
		}
	}
	return b, true
}

func length(b []byte, width int) (int, []byte) {
	if len(b) < width {
		return -1, nil
	}
	n := 0
	for _, digit := range b[:width] {
		n = n<<8 | int(digit)
	}
	return n, b[width:]
}

// checkValidate holds Validate against the reference and the library.
func checkValidate(t interface{ Fatalf(string, ...any) }, b []byte) {
	nodes := 0
	rest, ok := reference(b, 0, &nodes)
	ok = ok && len(rest) == 0
	if err := Validate(b); (err == nil) != ok {
		t.Fatalf("%x: Validate says %v, the reference %v", b, err, ok)
	}
	if !ok {
		return
	}
	dec := msgpack.NewDecoder(bytes.NewReader(b))
	if err := dec.Skip(); err != nil {
		t.Fatalf("%x: the library cannot skip what is valid: %v", b, err)
	}
	if _, err := dec.PeekCode(); err == nil {
		t.Fatalf("%x: the library sees more than one value", b)
	}
	dec.Reset(bytes.NewReader(b))
	dec.SetMapDecoder(func(d *msgpack.Decoder) (any, error) { return d.DecodeUntypedMap() })
	if _, err := dec.DecodeInterface(); err != nil {
		t.Fatalf("%x: the library cannot decode what is valid: %v", b, err)
	}
}

// drawBytes makes bytes of which many are valid or nearly so.
func drawBytes(t *rapid.T) []byte {
	v := drawAny(t, 5)
	b := Append(nil, fields(func(c *Coder) { c.Any(&v) }))
	for range rapid.IntRange(0, 3).Draw(t, "changes") {
		at := rapid.IntRange(0, len(b)-1).Draw(t, "at")
		switch rapid.IntRange(0, 2).Draw(t, "how") {
		case 0:
			b[at] = rapid.Byte().Draw(t, "byte")
		case 1:
			b = b[:at+1]
		case 2:
			b = append(b, rapid.Byte().Draw(t, "byte"))
		}
	}
	return b
}

func TestValidateIsItsReference(t *testing.T) {
	for _, test := range hostile {
		if len(test.in) < 1<<12 {
			checkValidate(t, unhex(t, test.in))
		}
	}
	for code := range 256 {
		for n := range 20 {
			checkValidate(t, append([]byte{byte(code)}, make([]byte, n)...))
			checkValidate(t, append([]byte{0x81, byte(code)}, make([]byte, n)...))
		}
	}
	rapid.Check(t, func(t *rapid.T) { checkValidate(t, drawBytes(t)) })
}

func TestValidateAllocatesNothing(t *testing.T) {
	b := Append(nil, &record{Text: "a text", F64: math.Pi})
	if got := testing.AllocsPerRun(100, func() {
		if err := Validate(b); err != nil {
			t.Fatal(err)
		}
	}); got != 0 {
		t.Errorf("%v allocations", got)
	}
}
