package entity

import (
	"strings"
	"testing"
	"time"

	"messiah/core/geom"
	"messiah/core/rpc"
)

// Each of these is wrong in one way.
type (
	bare      struct{ ServerEntity }
	bareArea  struct{ ServerAreaEntity }
	byPointer struct{ *ServerEntity }
	untagged  struct {
		ServerEntity
		near int
	}
	misspelled   struct{ ServerEntity }
	prefixed     struct{ ServerEntity }
	noArgument   struct{ ServerEntity }
	withError    struct{ ServerEntity }
	movedShort   struct{ AvatarAreaEntity }
	movedAlmost  struct{ AvatarAreaEntity }
	failedShort  struct{ ServerEntity }
	savesNothing struct{ ServerStubEntity }
)

var _ = untagged{}.near

func (*misspelled) Creatd(*Call)             {}
func (*prefixed) OnClientAttached(*Call)     {}
func (*noArgument) Created()                 {}
func (*withError) Loaded(*Call) error        { return nil }
func (*movedShort) Moved(*Call)              {}
func (*movedAlmost) Move(*Call, geom.Vec3)   {}
func (*failedShort) CallFailed(*Call, error) {}

func nothing[P Entity](P, *Call, None) (None, error) { return None{}, nil }

// A mistake in a class names the class, the place of the mistake, and what to write instead.
func TestAMistakeInAClassIsNamed(t *testing.T) {
	const b Kind[*bare] = "bare"
	m := Method[None, None]("go")
	for name, c := range map[string]struct {
		define func()
		says   []string
	}{
		"a bad class name": {func() { Define(Kind[*bare]("a b")) }, []string{`class a b`, `"a b" is no name`, "letters, digits"}},
		"no class name":    {func() { Define(Kind[*bare]("")) }, []string{`"" is no name`}},
		"a long name":      {func() { Define(Kind[*bare](strings.Repeat("x", MaxName+1))) }, []string{"is no name", "128"}},
		"a base by pointer": {func() { Define(Kind[*byPointer]("ptr")) }, []string{
			"class ptr", "ServerEntity"}},
		"a plain field": {func() { Define(Kind[*untagged]("un")) }, []string{"class un", "near", "transient"}},
		"a method twice": {func() {
			Define(b, Handle(m, nothing[*bare]), Handle(m, nothing[*bare]))
		}, []string{"class bare", "method go", "twice"}},
		"a method without a function": {func() {
			Define(b, Handle[*bare](m, nil))
		}, []string{"class bare", "method go", "nil", "give Handle a function"}},
		"a bad method name": {func() { Define(b, Handle(Method[None, None]("go!"), nothing[*bare])) }, []string{`"go!" is no name`}},
		"an argument without a codec": {func() {
			Define(b, Handle(Method[chan int, None]("go"), func(*bare, *Call, chan int) (None, error) { return None{}, nil }))
		}, []string{"class bare", "argument of method go", "chan int"}},
		"a result without a codec": {func() {
			Define(b, Handle(Method[None, map[string]int]("go"), func(*bare, *Call, None) (map[string]int, error) { return nil, nil }))
		}, []string{"class bare", "result of method go", "map[string]int"}},
		"the client of what has none": {func() { Define(b, Handle(m, nothing[*bare], OwnClient)) }, []string{"method go", "only avatars have"}},
		"seen without a place":        {func() { Define(b, Handle(m, nothing[*bare], AnyClient)) }, []string{"method go", "only area entities are"}},
		"a rate of nothing":           {func() { Define(b, Handle(m, nothing[*bare], AtMost(0, time.Second))) }, []string{"method go", "0 times in 1s", "positive"}},
		"a rate below nothing":        {func() { Define(b, Handle(m, nothing[*bare], AtMost(-1, time.Second))) }, []string{"-1 times", "positive"}},
		"a rate in no time":           {func() { Define(b, Handle(m, nothing[*bare], AtMost(1, 0))) }, []string{"1 times in 0s", "positive"}},
		"a timer twice": {func() {
			f := func(*bare, *Call) {}
			Define(b, OnTimer("t", f), OnTimer("t", f))
		}, []string{"class bare", "timer t", "twice"}},
		"a timer without a function": {func() { Define(b, OnTimer[*bare]("t", nil)) }, []string{"timer t", "nil", "OnTimer"}},
		"a reply twice": {func() {
			f := func(*bare, *Call, int64, error) {}
			Define(b, OnReply(said, f), OnReply(said, f))
		}, []string{"class bare", "reply said", "twice"}},
		"a reply without a function": {func() { Define(b, OnReply[*bare](said, nil)) }, []string{"reply said", "nil", "OnReply"}},
		"a reply without a codec": {func() {
			Define(b, OnReply(Reply[chan int]("r"), func(*bare, *Call, chan int, error) {}))
		}, []string{"class bare", "result for reply r", "chan int"}},
		"saved in no time":      {func() { Define(b, SaveWithin[*bare](0)) }, []string{"class bare", "positive"}},
		"saved without records": {func() { Define(b, SaveWithin[*bare](time.Second)) }, []string{"class bare", "saved", "tag"}},
		"shards of no stub":     {func() { Define(b, Shards[*bare](2)) }, []string{"class bare", "only a stub", "ServerStubEntity"}},
		"no shards":             {func() { Define(Kind[*savesNothing]("s"), Shards[*savesNothing](0)) }, []string{"class s", "0 shards", "256"}},
		"too many shards":       {func() { Define(Kind[*savesNothing]("s"), Shards[*savesNothing](257)) }, []string{"257 shards", "256"}},
		"a misspelled hook":     {func() { Define(Kind[*misspelled]("m")) }, []string{"class m", "Creatd(*entity.Call)", "Created", "rename"}},
		"a hook with a prefix":  {func() { Define(Kind[*prefixed]("m")) }, []string{"OnClientAttached", "ClientAttached", "rename"}},
		"a hook without a Call": {func() { Define(Kind[*noArgument]("m")) }, []string{"method Created", "write Created(*entity.Call)"}},
		"a hook with a result":  {func() { Define(Kind[*withError]("m")) }, []string{"method Loaded", "write Loaded(*entity.Call)"}},
		"a hook's argument":     {func() { Define(Kind[*movedShort]("m")) }, []string{"method Moved", "write Moved(*entity.Call, geom.Vec3)"}},
		"almost Moved":          {func() { Define(Kind[*movedAlmost]("m")) }, []string{"method Move(*entity.Call, geom.Vec3)", "hook Moved"}},
		"a short CallFailed":    {func() { Define(Kind[*failedShort]("m")) }, []string{"write CallFailed(*entity.Call, string, error)"}},
	} {
		t.Run(name, func(t *testing.T) { wantPanic(t, c.define, c.says...) })
	}
}

// wantPanic checks that f panics with a text that says all of this.
func wantPanic(t *testing.T, f func(), says ...string) {
	t.Helper()
	defer func() {
		t.Helper()
		cause := recover()
		text, _ := cause.(string)
		if err, is := cause.(error); is {
			text = err.Error()
		}
		for _, s := range append(says, "entity") {
			if !strings.Contains(text, s) {
				t.Errorf("panicked with %v, which does not say %q", cause, s)
			}
		}
	}()
	f()
}

func TestAWorldRefusesClassesThatDoNotFitTogether(t *testing.T) {
	const other Kind[*bareArea] = "other"
	table := rpc.Build([]string{"go"})
	number := Define(Kind[*bare]("bare"), Handle(Method[int64, None]("go"), func(*bare, *Call, int64) (None, error) { return None{}, nil }))
	text := Define(other, Handle(Method[string, None]("go"), func(*bareArea, *Call, string) (None, error) { return None{}, nil }))
	wantPanic(t, func() { NewWorld(Config{Classes: []*Class{number, text}, Table: table}, nil) },
		"method go", "int64 in class bare", "string in class other", "another name")
	wantPanic(t, func() { NewWorld(Config{Classes: []*Class{number}, Table: rpc.Build([]string{"x"})}, nil) },
		"method go of class bare", "messiah rpcindex")
}

func TestShardsHaveNamesOfTheirOwn(t *testing.T) {
	k := Define(Kind[*savesNothing]("chat"), Shards[*savesNothing](2))
	if got := strings.Join(k.StubNames(), " "); got != "chat/0 chat/1" {
		t.Errorf("shards are %q", got)
	}
	if k := Define(Kind[*savesNothing]("chat")); len(k.StubNames()) != 1 || k.StubNames()[0] != "chat" || k.Saves() || !k.IsStub() {
		t.Errorf("one stub is %q", k.StubNames())
	}
}
