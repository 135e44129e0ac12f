package sim

import (
	"encoding/hex"
	"fmt"
	"reflect"
	"strings"

	"messiah/core/client"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/session"
	"messiah/core/wire"

	"github.com/vmihailenco/msgpack/v5"
)

// Kind names what an entry is about in a word or two, the same for all of its like.
func (e *Entry) Kind() string {
	switch e.Sort {
	case Stored:
		return TypeName(e.Input.Type)
	case Handled:
		return kindOf(e.Where.Kind(), &e.Input)
	case Flushed:
		return "flush"
	}
	return e.Sort.String()
}

// kindOf names an input as the role that handles it understands it.
func kindOf(role node.Kind, in *node.Input) string {
	switch in.Kind {
	case node.InMessage:
		if in.Type == proto.TypeToClient || in.Type == proto.TypeClientCall {
			return clientTypeName(in.Body)
		}
		return TypeName(in.Type)
	case node.InUndelivered:
		return "undelivered " + TypeName(in.Type)
	case node.InClient:
		return clientTypeName(in.Body)
	case node.InTimer:
		return "timer " + nameAt(timerNames(role), in.Type)
	case node.InPacket:
		return "packet " + packetName(in.Body)
	case node.InTask:
		if role == node.Game {
			return "pack " + TypeName(in.Type)
		}
		if in.Type == session.TaskSend {
			return "send " + clientTypeName(in.Body)
		}
		return "session " + nameAt(sessionTasks, in.Type)
	case node.InAnswer:
		if role == node.Game {
			return "path found"
		}
		return "session " + nameAt(sessionAnswers, in.Type)
	}
	return in.Kind.String()
}

// timerNames are a role's timers, as its package numbers them.
func timerNames(role node.Kind) string {
	switch role {
	case node.Manager:
		return "? dead settle"
	case node.DB:
		return "? store"
	case node.Gate:
		return "? login enter grace again report drain"
	case node.Game:
		return "? grace retry report drain"
	case node.Client:
		return "? dial call login move"
	}
	return ""
}

// The tasks of a session lane and its answers, as package session numbers them.
const (
	sessionTasks   = "? send handled logged-in close resume refuse-resume drop dial abort"
	sessionAnswers = "? dropped resume-refused dial-failed"
)

// nameAt returns the i-th word of a list, or the number where there is none.
func nameAt(list string, i uint16) string {
	if words := strings.Fields(list); int(i) < len(words) {
		return words[i]
	}
	return fmt.Sprint(i)
}

// LaneName names where an entry happens within its process: "" for the node itself.
func (e *Entry) LaneName() string {
	switch {
	case e.Lane < 0:
		return ""
	case e.Where.Kind() == node.Game && e.Lane == 0:
		return "pack"
	case e.Where.Kind() == node.Game:
		return "paths"
	case e.Where.Kind() == node.Client && e.Lane == client.LaneSession:
		return "session"
	}
	return fmt.Sprintf("session%d", e.Lane)
}

// Message returns the message that the entry's input carries, decoded, or nil where it is
// none of package proto or was cut. Num is the client message's number, or 0.
func (e *Entry) Message() (m node.Message, num uint64) {
	if e.Size > len(e.Input.Body) {
		return nil, 0
	}
	in, body := &e.Input, e.Input.Body
	typ := in.Type
	fromClient := in.Kind == node.InClient || in.Kind == node.InTask && e.Where.Kind() != node.Game && typ == session.TaskSend
	switch {
	case fromClient, in.Kind == node.InMessage && (typ == proto.TypeToClient || typ == proto.TypeClientCall):
		var err error
		if typ, num, body, err = proto.SplitClient(in.Body); err != nil {
			return nil, 0
		}
	case in.Kind == node.InTask && e.Where.Kind() == node.Game && e.Lane == 0:
		num = in.Num
	case in.Kind != node.InMessage && in.Kind != node.InUndelivered:
		return nil, 0
	}
	if m = newMessage(typ); m == nil || wire.Decode(body, m) != nil {
		return nil, num
	}
	return m, num
}

// newMessage returns an empty message of a type, or nil.
func newMessage(typ uint16) node.Message {
	for _, m := range []node.Message{
		&proto.Register{}, &proto.Processes{}, &proto.GateConnected{}, &proto.Ready{}, &proto.BePrimary{}, &proto.StubsMade{},
		&proto.Admit{}, &proto.Report{}, &proto.Leave{}, &proto.Kick{},
		&proto.Operate{}, &proto.Drain{}, &proto.Draining{}, &proto.Shed{}, &proto.HasShed{}, &proto.Farewell{}, &proto.Farewelled{},
		&proto.Verify{}, &proto.Verified{},
		&proto.Enter{}, &proto.Entered{}, &proto.EnterFailed{}, &proto.ClientLost{}, &proto.ClientBack{}, &proto.Exit{},
		&proto.Exited{}, &proto.KickClient{},
		&proto.Claim{}, &proto.Claimed{}, &proto.Held{}, &proto.Save{}, &proto.Saved{}, &proto.Release{}, &proto.NoSave{},
		&proto.StoreGet{}, &proto.StorePut{}, &proto.StoreGot{}, &proto.StoreDid{},
		&proto.StoreDelete{}, &proto.StoreFind{}, &proto.StoreListed{},
		&proto.Query{}, &proto.Found{}, &proto.TakeName{}, &proto.NameTaken{}, &proto.DropName{}, &proto.NameDropped{},
		&proto.Login{}, &proto.LoggedIn{}, &proto.LoginRefused{}, &proto.Logout{}, &proto.Call{}, &proto.Reply{}, &proto.Push{},
		&proto.GameLost{}, &proto.Kicked{}, &proto.Move{}, &proto.Correct{}, &proto.Workload{},
	} {
		if m.Type() == typ {
			return m
		}
	}
	return nil
}

// Payload returns what the entry carries as lines for people: the fields of its
// input and of its message, "" where it carries nothing.
func (e *Entry) Payload() string {
	if e.Text != "" {
		return e.Text
	}
	var b strings.Builder
	e.head(&b)
	m, num := e.Message()
	if num != 0 {
		fmt.Fprintf(&b, "number  %d\n", num)
	}
	if m != nil {
		v := reflect.ValueOf(m).Elem()
		b.WriteString(v.Type().Name() + "\n")
		writeFields(&b, v, "  ")
	}
	return b.String()
}

// head writes the fields of the input itself, those that say something.
func (e *Entry) head(b *strings.Builder) {
	in := &e.Input
	b.WriteString(Describe(in) + "\n")
	if in.From != 0 {
		fmt.Fprintf(b, "from    %v, life %x\n", in.From, uint64(in.Inc))
	}
	if in.Session != 0 {
		fmt.Fprintf(b, "session %v\n", in.Session)
	}
	if in.Kind == node.InDisconnected {
		fmt.Fprintf(b, "reason  %v\n", session.Reason(in.Type))
	}
	for i := range min(in.NumRoutes(), 8) {
		fmt.Fprintf(b, "route   %d\n", in.Route(i))
	}
	if more := in.NumRoutes() - 8; more > 0 {
		fmt.Fprintf(b, "… and %s\n", count(more, "more routes"))
	}
}

// writeFields writes the fields of a struct, one a line, those of embedded structs as its own.
func writeFields(b *strings.Builder, v reflect.Value, indent string) {
	for i := range v.NumField() {
		f, t := v.Field(i), v.Type().Field(i)
		if !t.IsExported() {
			continue
		}
		if t.Anonymous && f.Kind() == reflect.Struct {
			writeFields(b, f, indent)
			continue
		}
		fmt.Fprintf(b, "%s%-9s %s\n", indent, t.Name, fieldText(f))
	}
}

// fieldText writes one field; bytes are read as one encoded value where they are one.
func fieldText(f reflect.Value) string {
	if f.Kind() == reflect.Slice && f.Type().Elem().Kind() == reflect.Uint8 {
		return bytesText(f.Bytes())
	}
	if f.Kind() == reflect.String {
		return fmt.Sprintf("%q", f.String())
	}
	return fmt.Sprintf("%+v", f.Interface())
}

// textBytes is how many bytes of a value are written in hex.
const textBytes = 64

func bytesText(raw []byte) string {
	if len(raw) == 0 {
		return "(empty)"
	}
	if wire.Validate(raw) == nil {
		var v any
		if err := msgpack.Unmarshal(raw, &v); err == nil {
			text := fmt.Sprintf("%v", v)
			if b, ok := v.([]byte); ok {
				text = hex.EncodeToString(b[:min(len(b), textBytes)])
			}
			return fmt.Sprintf("%s (%d B)", clip(text, 160), len(raw))
		}
	}
	return fmt.Sprintf("%s (%d B)", hex.EncodeToString(raw[:min(len(raw), textBytes)]), len(raw))
}

// clip shortens a text for people, between two runes.
func clip(s string, most int) string {
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	return string(r[:most-1]) + "…"
}

// Hex returns the kept bytes of the body in lines of sixteen, with what is printable beside.
func (e *Entry) Hex() string {
	text := hex.Dump(e.Input.Body)
	if more := e.Size - len(e.Input.Body); more > 0 {
		text += fmt.Sprintf("… %d B more were not kept\n", more)
	}
	return text
}
