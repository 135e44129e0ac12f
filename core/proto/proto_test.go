package proto

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"messiah/core/geom"
	"messiah/core/node"
	"messiah/core/rpc"
	"messiah/core/wire"

	"pgregory.net/rapid"
)

// messages makes one of each message. TestEveryMessageIsListed sees to it that none is missing.
var messages = []func() node.Message{
	func() node.Message { return new(Register) }, func() node.Message { return new(Processes) },
	func() node.Message { return new(GateConnected) }, func() node.Message { return new(Ready) },
	func() node.Message { return new(BePrimary) }, func() node.Message { return new(StubsMade) },
	func() node.Message { return new(Admit) }, func() node.Message { return new(Report) },
	func() node.Message { return new(Leave) }, func() node.Message { return new(Kick) },
	func() node.Message { return new(Operate) }, func() node.Message { return new(Drain) }, func() node.Message { return new(Draining) },
	func() node.Message { return new(Shed) }, func() node.Message { return new(HasShed) },
	func() node.Message { return new(Farewell) }, func() node.Message { return new(Farewelled) },
	func() node.Message { return new(Enter) }, func() node.Message { return new(Entered) },
	func() node.Message { return new(EnterFailed) }, func() node.Message { return new(ClientLost) },
	func() node.Message { return new(ClientBack) }, func() node.Message { return new(Exit) },
	func() node.Message { return new(Exited) }, func() node.Message { return new(KickClient) },
	func() node.Message { return new(Verify) }, func() node.Message { return new(Verified) },
	func() node.Message { return new(Claim) }, func() node.Message { return new(Claimed) },
	func() node.Message { return new(Held) }, func() node.Message { return new(Save) },
	func() node.Message { return new(Saved) }, func() node.Message { return new(Release) },
	func() node.Message { return new(NoSave) },
	func() node.Message { return new(StoreGet) }, func() node.Message { return new(StorePut) },
	func() node.Message { return new(StoreGot) }, func() node.Message { return new(StoreDid) },
	func() node.Message { return new(Query) }, func() node.Message { return new(Found) },
	func() node.Message { return new(TakeName) }, func() node.Message { return new(NameTaken) },
	func() node.Message { return new(DropName) }, func() node.Message { return new(NameDropped) },
	func() node.Message { return new(StoreFind) }, func() node.Message { return new(StoreListed) },
	func() node.Message { return new(StoreDelete) },
	func() node.Message { return new(Login) }, func() node.Message { return new(LoggedIn) },
	func() node.Message { return new(LoginRefused) }, func() node.Message { return new(Logout) },
	func() node.Message { return new(Call) }, func() node.Message { return new(Reply) },
	func() node.Message { return new(Push) }, func() node.Message { return new(GameLost) },
	func() node.Message { return new(Kicked) }, func() node.Message { return new(Move) },
	func() node.Message { return new(Expect) },
	func() node.Message { return new(Expected) },
	func() node.Message { return new(Unexpect) },
	func() node.Message { return new(Take) },
	func() node.Message { return new(Announced) },
	func() node.Message { return new(PreReq) },
	func() node.Message { return new(AskGone) },
	func() node.Message { return new(GameMoved) },
	func() node.Message { return new(Workload) }, func() node.Message { return new(Mail) },
	func() node.Message { return new(MailEnd) }, func() node.Message { return new(GameGone) }, func() node.Message { return new(Correct) }, func() node.Message { return new(Ask) },
}

func nameOf(m node.Message) string { return reflect.TypeOf(m).Elem().Name() }

// bare are the numbers of frames without a message of that name: they carry a client's
// bytes as they are, or say all that they say by their header and number.
var bare = map[string]uint16{
	"TypeClientCall": TypeClientCall,
	"TypeToClient":   TypeToClient,
	"TypeClientMove": TypeClientMove,
	"TypeProxyMail":  TypeProxyMail,
	"TypeProxyPush":  TypeProxyPush,
	"TypePreOK":      TypePreOK,
	"TypePreNo":      TypePreNo,
	"TypeHold":       TypeHold,
	"TypeHoldMark":   TypeHoldMark,
	"TypeState":      TypeState,
	"TypeBuilt":      TypeBuilt,
	"TypeNotBuilt":   TypeNotBuilt,
	"TypeFlush":      TypeFlush,
	"TypeFlushed":    TypeFlushed,
	"TypeHeldMail":   TypeHeldMail,
	"TypeCommit":     TypeCommit,
	"TypeLive":       TypeLive,
	"TypeLiveAck":    TypeLiveAck,
	"TypeLiveHeard":  TypeLiveHeard,
	"TypeAbort":      TypeAbort,
	"TypeAborted":    TypeAborted,
	"TypeCancel":     TypeCancel,
	"TypeThawed":     TypeThawed,
	"TypeUndo":       TypeUndo,
	"TypeOrphan":     TypeOrphan,
	"TypeAdopted":    TypeAdopted,
	"TypeRelayed":    TypeRelayed,
	"TypeWhatOf":     TypeWhatOf,
	"TypeMailMoved":  TypeMailMoved,
	"TypeForwarded":  TypeForwarded,
}

// Every type of this package with a number is in the list above, and every number has its type.
func TestEveryMessageIsListed(t *testing.T) {
	types, numbers := declared(t)
	listed := map[string]bool{}
	for _, fresh := range messages {
		listed[nameOf(fresh())] = true
	}
	for _, name := range types {
		if !listed[name] {
			t.Errorf("message %s is not in the list", name)
		}
		if !slices.Contains(numbers, "Type"+name) {
			t.Errorf("message %s has no number of its name", name)
		}
	}
	if len(listed) != len(messages) || len(types) != len(messages) {
		t.Errorf("%d messages in the list, %d of them different, %d are declared", len(messages), len(listed), len(types))
	}
	for _, name := range numbers {
		if !listed[strings.TrimPrefix(name, "Type")] && bare[name] == 0 {
			t.Errorf("number %s has no message", name)
		}
	}
}

// declared reads from the source which types have a Type method, and which numbers there are.
func declared(t *testing.T) (types, numbers []string) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), entry.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.Name == "Type" && d.Recv != nil {
					types = append(types, d.Recv.List[0].Type.(*ast.StarExpr).X.(*ast.Ident).Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if v, ok := spec.(*ast.ValueSpec); ok && d.Tok == token.CONST && strings.HasPrefix(v.Names[0].Name, "Type") {
						numbers = append(numbers, v.Names[0].Name)
					}
				}
			}
		}
	}
	return types, numbers
}

func TestNumbersAreUnique(t *testing.T) {
	seen := map[uint16]string{}
	for name, number := range bare {
		seen[number] = name
	}
	if len(seen) != len(bare) {
		t.Fatalf("numbers of bare frames: %v", seen)
	}
	for _, fresh := range messages {
		m := fresh()
		if other, taken := seen[m.Type()]; taken {
			t.Errorf("%s and %s have number %d", nameOf(m), other, m.Type())
		}
		seen[m.Type()] = nameOf(m)
	}
	for number, name := range seen {
		if number < node.FirstType {
			t.Errorf("%s has number %d, which is a link's", name, number)
		}
	}
}

// fill draws a value for every field of a message, however deep.
func fill(t *rapid.T, v reflect.Value, name string) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), v.Type().Field(i).Name)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes(rapid.SliceOfN(rapid.Byte(), 0, 50).Draw(t, name))
			return
		}
		n := rapid.IntRange(0, 20).Draw(t, name)
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			fill(t, v.Index(i), name)
		}
	case reflect.String:
		v.SetString(rapid.String().Draw(t, name))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, name))
	case reflect.Float64, reflect.Float32:
		v.SetFloat(rapid.Float64Range(-MaxCoord, MaxCoord).Draw(t, name))
	default:
		if v.CanInt() {
			v.SetInt(rapid.Int64().Draw(t, name))
		} else {
			v.SetUint(rapid.Uint64().Draw(t, name))
		}
	}
}

func drawMessage(t *rapid.T) (m node.Message, fresh func() node.Message) {
	fresh = messages[rapid.IntRange(0, len(messages)-1).Draw(t, "message")]
	m = fresh()
	fill(t, reflect.ValueOf(m).Elem(), nameOf(m))
	if refused, ok := m.(*LoginRefused); ok {
		refused.RetryAfter = time.Duration(rapid.Uint32().Draw(t, "ms")) * time.Millisecond
	}
	return m, fresh
}

// same compares messages; an empty slice is as good as none.
func same(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.Pointer:
		return same(a.Elem(), b.Elem())
	case reflect.Struct:
		for i := range a.NumField() {
			if !same(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Slice:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !same(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	}
	return a.Equal(b)
}

func mustDecode(t *rapid.T, b []byte, m node.Message) {
	if err := wire.Decode(b, m); err != nil {
		t.Fatalf("%s: %v", nameOf(m), err)
	}
}

func TestMessagesRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in, fresh := drawMessage(t)
		b := wire.Append(nil, in)
		if err := wire.Validate(b); err != nil {
			t.Fatalf("%s does not pass as a stranger's: %v", nameOf(in), err)
		}
		out := fresh()
		fill(t, reflect.ValueOf(out).Elem(), "before") // reading overwrites whatever was there
		mustDecode(t, b, out)
		if !same(reflect.ValueOf(in), reflect.ValueOf(out)) {
			t.Fatalf("%+v came back as %+v", in, out)
		}
	})
}

// values takes an encoded message apart into its fields.
func values(t *rapid.T, b []byte) (fields [][]byte) {
	b = b[headerSize(b):]
	for len(b) > 0 {
		end := 1
		for wire.Validate(b[:end]) != nil {
			if end++; end > len(b) {
				t.Fatalf("no value in %x", b)
			}
		}
		fields, b = append(fields, b[:end]), b[end:]
	}
	return fields
}

func headerSize(b []byte) int {
	if b[0] == 0xdc {
		return 3
	}
	return 1
}

// join puts fields together as one message.
func join(fields ...[]byte) []byte {
	n := len(fields)
	return append([]byte{0xdc, byte(n >> 8), byte(n)}, slices.Concat(fields...)...)
}

// An older build skips fields that it does not know; a newer one reads zero where a field is not there.
func TestOlderAndNewerBuilds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in, fresh := drawMessage(t)
		fields := values(t, wire.Append(nil, in))
		extra := rapid.SampledFrom([][]byte{{0x01}, {0xc0}, {0xa1, 'x'}, {0xc4, 1, 9}, {0x92, 1, 0x91, 0xc3}, {0x81, 1, 2}})
		newer := append(slices.Clone(fields), rapid.SliceOfN(extra, 1, 5).Draw(t, "extra")...)
		out := fresh()
		mustDecode(t, join(newer...), out)
		if !same(reflect.ValueOf(in), reflect.ValueOf(out)) {
			t.Fatalf("with more fields %+v came back as %+v", in, out)
		}
		keep := rapid.IntRange(0, len(fields)).Draw(t, "fields of the older build")
		short, padded := fresh(), fresh()
		mustDecode(t, join(fields[:keep]...), short)
		// The fields that are there are read as ever; encoding the result shows the others as zero.
		got := values(t, wire.Append(nil, short))
		zero := values(t, wire.Append(nil, padded))
		for i := range fields {
			want := fields[i]
			if i >= keep {
				want = zero[i]
			}
			if !slices.Equal(got[i], want) {
				t.Fatalf("%s of %d fields: field %d is %x, want %x", nameOf(in), keep, i, got[i], want)
			}
		}
	})
}

func TestPositionsThatAreNoPlace(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		at  geom.Vec3
		yaw float64
		ok  bool
	}{
		{geom.Vec3{X: MaxCoord, Y: -MaxCoord}, 3, true},
		{geom.Vec3{X: nan}, 0, false}, {geom.Vec3{Y: inf}, 0, false}, {geom.Vec3{Z: -inf}, 0, false},
		{geom.Vec3{X: MaxCoord * 1.01}, 0, false}, {geom.Vec3{Z: -math.MaxFloat64}, 0, false},
		{geom.Vec3{}, nan, false}, {geom.Vec3{}, inf, false}, {geom.Vec3{}, -inf, false},
	} {
		b := wire.Append(nil, &Move{At: c.at, Yaw: float32(c.yaw)})
		err := wire.Decode(b, new(Move))
		if (err == nil) != c.ok || err != nil && !errors.Is(err, ErrPosition) {
			t.Errorf("a move to %v, yaw %v: %v", c.at, c.yaw, err)
		}
	}
}

func TestClientMessages(t *testing.T) {
	body := wire.Append(nil, &Call{Method: 1000, Args: []byte{1, 2}})
	b := append(AppendClient(nil, TypeCall, 1<<60), body...)
	if typ, num, payload, err := SplitClient(b); typ != TypeCall || num != 1<<60 || !slices.Equal(payload, body) || err != nil {
		t.Errorf("SplitClient: %d, %d, %x, %v", typ, num, payload, err)
	}
	if err := ValidateClient(b); err != nil {
		t.Error(err)
	}
	for name, bad := range map[string][]byte{
		"nothing": nil, "half a header": b[:ClientHeader-1], "no payload": b[:ClientHeader],
		"half a payload": b[:len(b)-1], "two payloads": append(slices.Clone(b), 1),
		"a bomb": append(AppendClient(nil, TypeCall, 1), 0xdd, 0xff, 0xff, 0xff, 0xff),
	} {
		if ValidateClient(bad) == nil {
			t.Errorf("%s passes", name)
		}
	}
	if _, _, _, err := SplitClient(b[:3]); !errors.Is(err, ErrShortClient) {
		t.Errorf("three bytes: %v", err)
	}
}

// Each number of a closed list has a name of its own, and one over the last says that it has none.
func TestNames(t *testing.T) {
	unique := func(what string, count int, name func(int) string) {
		seen := map[string]bool{}
		for i := range count {
			if s := name(i); s == "" || seen[s] {
				t.Errorf("%s %d is %q", what, i, s)
			} else {
				seen[s] = true
			}
		}
		if seen[name(count)] && what != "step" {
			t.Errorf("%s over the last is %q", what, name(count))
		}
	}
	unique("outcome", int(outcomeEnd), func(i int) string { return Outcome(i).String() })
	unique("refusal", int(refusalEnd), func(i int) string { return Refusal(i).String() })
	unique("order", int(orderEnd), func(i int) string { return GameOrder(i).String() })
	unique("migrate refusal", int(migrateRefusalEnd), func(i int) string { return MigrateRefusal(i).String() })
	unique("step", int(StepAdmit), func(i int) string { return Step(i + 1).String() })
	if Step(0).String() != "none" || (StepAdmit+1).String() != "none" {
		t.Errorf("no step is %q", Step(0).String())
	}
	if StepAdmit != 9 {
		t.Errorf("the last of the nine steps is number %d", StepAdmit)
	}
}

func TestVersionTellsTablesApart(t *testing.T) {
	older, newer := rpc.Build([]string{"echo"}), rpc.Build([]string{"echo"})
	newer, err := rpc.Extend(newer, []string{"echo", "move"})
	if err != nil {
		t.Fatal(err)
	}
	of := func(t *rpc.Table) wire.Version { return Version(t.Schema(), t.Digest()) }
	other := of(rpc.Build([]string{"move"}))
	for _, c := range []struct {
		ours, theirs wire.Version
		verdict      wire.Verdict
		older        wire.Side
	}{
		{of(older), of(rpc.Build([]string{"echo"})), wire.Equal, wire.Neither},
		{of(older), of(newer), wire.Compatible, wire.First},
		{of(newer), of(older), wire.Compatible, wire.Second},
		{of(older), other, wire.Compatible, wire.Neither},
	} {
		if verdict, older := wire.Compare(c.ours, c.theirs); verdict != c.verdict || older != c.older {
			t.Errorf("%+v and %+v are %v, older is %v", c.ours, c.theirs, verdict, older)
		}
	}
}

// FuzzMessages decodes arbitrary bytes as each message: no panic, and what was
// understood is understood again when it is written by us.
func FuzzMessages(f *testing.F) {
	for i, fresh := range messages {
		f.Add(uint8(i), wire.Append(nil, fresh()))
	}
	f.Add(uint8(0), []byte{0xdd, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, which uint8, b []byte) {
		fresh := messages[int(which)%len(messages)]
		m, again := fresh(), fresh()
		_ = ValidateClient(b)
		if wire.Decode(b, m) != nil {
			return
		}
		written := wire.Append(nil, m)
		if err := wire.Decode(written, again); err != nil {
			t.Fatalf("%+v, read from %x, is written as %x: %v", m, b, written, err)
		}
		if !same(reflect.ValueOf(m), reflect.ValueOf(again)) {
			t.Fatalf("%+v came back as %+v", m, again)
		}
	})
}
