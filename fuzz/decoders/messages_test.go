package decoders

import (
	"bytes"
	"encoding/binary"
	"testing"

	"messiah/core/addr"
	"messiah/core/check"
	"messiah/core/client"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
)

// typed makes one of each message with a number.
var typed = []func() node.Message{
	func() node.Message { return new(proto.Register) }, func() node.Message { return new(proto.Processes) },
	func() node.Message { return new(proto.GateConnected) }, func() node.Message { return new(proto.Ready) },
	func() node.Message { return new(proto.BePrimary) }, func() node.Message { return new(proto.StubsMade) },
	func() node.Message { return new(proto.Admit) }, func() node.Message { return new(proto.Report) },
	func() node.Message { return new(proto.Leave) }, func() node.Message { return new(proto.Kick) },
	func() node.Message { return new(proto.Enter) }, func() node.Message { return new(proto.Entered) },
	func() node.Message { return new(proto.EnterFailed) }, func() node.Message { return new(proto.ClientLost) },
	func() node.Message { return new(proto.ClientBack) }, func() node.Message { return new(proto.Exit) },
	func() node.Message { return new(proto.Exited) }, func() node.Message { return new(proto.KickClient) },
	func() node.Message { return new(proto.Verify) }, func() node.Message { return new(proto.Verified) },
	func() node.Message { return new(proto.Claim) }, func() node.Message { return new(proto.Claimed) },
	func() node.Message { return new(proto.Held) }, func() node.Message { return new(proto.Save) },
	func() node.Message { return new(proto.Saved) }, func() node.Message { return new(proto.Release) },
	func() node.Message { return new(proto.NoSave) },
	func() node.Message { return new(proto.StoreGet) }, func() node.Message { return new(proto.StorePut) },
	func() node.Message { return new(proto.StoreGot) }, func() node.Message { return new(proto.StoreDid) },
	func() node.Message { return new(proto.Query) }, func() node.Message { return new(proto.Found) },
	func() node.Message { return new(proto.TakeName) }, func() node.Message { return new(proto.NameTaken) },
	func() node.Message { return new(proto.DropName) }, func() node.Message { return new(proto.NameDropped) },
	func() node.Message { return new(proto.StoreFind) }, func() node.Message { return new(proto.StoreListed) },
	func() node.Message { return new(proto.StoreDelete) },
	func() node.Message { return new(proto.Expect) },
	func() node.Message { return new(proto.Expected) },
	func() node.Message { return new(proto.Unexpect) },
	func() node.Message { return new(proto.Take) },
	func() node.Message { return new(proto.Announced) },
	func() node.Message { return new(proto.PreReq) },
	func() node.Message { return new(proto.AskGone) },
	func() node.Message { return new(proto.GameMoved) },
	func() node.Message { return new(proto.Login) }, func() node.Message { return new(proto.LoggedIn) },
	func() node.Message { return new(proto.LoginRefused) }, func() node.Message { return new(proto.Logout) },
	func() node.Message { return new(proto.Call) }, func() node.Message { return new(proto.Reply) },
	func() node.Message { return new(proto.Push) }, func() node.Message { return new(proto.GameLost) },
	func() node.Message { return new(proto.Kicked) }, func() node.Message { return new(proto.Move) },
	func() node.Message { return new(proto.Workload) }, func() node.Message { return new(proto.Mail) },
	func() node.Message { return new(proto.MailEnd) }, func() node.Message { return new(proto.GameGone) },
	func() node.Message { return new(proto.Correct) }, func() node.Message { return new(proto.Ask) },
}

// untyped makes one of each value that travels inside a message.
var untyped = []func() wire.Message{
	func() wire.Message { return new(wire.Version) }, func() wire.Message { return new(node.Peer) },
	func() wire.Message { return new(addr.EntityID) }, func() wire.Message { return new(addr.Proxy) },
	func() wire.Message { return new(addr.Mailbox) },
	func() wire.Message { return new(check.Ledger) }, func() wire.Message { return new(check.Calls) },
	func() wire.Message { return new(check.Stream) },
}

// byType finds a message by its number.
var byType = func() map[uint16]func() node.Message {
	all := map[uint16]func() node.Message{}
	for _, fresh := range typed {
		all[fresh().Type()] = fresh
	}
	return all
}()

// messageOf is the kind of message that a number picks: the one that has it, else any.
func messageOf(number uint16) func() wire.Message {
	if fresh, known := byType[number]; known {
		return func() wire.Message { return fresh() }
	}
	return untyped[int(number)%len(untyped)]
}

// decode reads a payload as the message that a number picks. What was read is
// written and read again as the same; writing is the judge, since a message may
// hold numbers that are not equal to themselves.
func decode(t *testing.T, number uint16, payload []byte) {
	t.Helper()
	fresh := messageOf(number)
	m, again := fresh(), fresh()
	input := bytes.Clone(payload)
	var err error
	bounded(t, len(payload), func() { err = wire.Decode(payload, m) })
	if !bytes.Equal(payload, input) {
		t.Fatal("reading changed the input")
	}
	if err != nil {
		return
	}
	written := wire.Append(nil, m)
	if err := wire.Decode(written, again); err != nil {
		t.Fatalf("%T %+v, read from %x, is written as %x and not read again: %v", m, m, payload, written, err)
	}
	if twice := wire.Append(nil, again); !bytes.Equal(written, twice) {
		t.Fatalf("%T is written as %x, then as %x", m, written, twice)
	}
}

// FuzzMessage takes two bytes as a message's number and the rest as its payload.
func FuzzMessage(f *testing.F) {
	number := func(n uint16, payload []byte) []byte {
		return append(binary.LittleEndian.AppendUint16(nil, n), payload...)
	}
	for _, b := range recorded().frames {
		frame, _, _ := wire.Split(b)
		f.Add(number(frame.Type, frame.Payload))
	}
	for _, b := range recorded().clients {
		typ, _, payload, _ := proto.SplitClient(b)
		f.Add(number(typ, payload))
	}
	for n, fresh := range untyped {
		f.Add(number(uint16(n), wire.Append(nil, fresh())))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) >= 2 {
			decode(t, binary.LittleEndian.Uint16(b), b[2:])
		}
	})
}

// FuzzFrames takes bytes as what a stream between processes brings: whole frames
// come off one after the other, and each payload is read as what its number says.
func FuzzFrames(f *testing.F) {
	for _, b := range recorded().frames {
		f.Add(b)
	}
	f.Add(bytes.Join(recorded().frames[:8], nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		whole, err := wire.Whole(b)
		if whole > len(b) {
			t.Fatalf("%d of %d bytes are whole", whole, len(b))
		}
		for rest := b[:whole]; len(rest) > 0; {
			frame, behind, bad := wire.Split(rest)
			if bad != nil {
				return // its header names more routes than it holds
			}
			if len(behind) >= len(rest) {
				t.Fatal("a frame takes no bytes")
			}
			_ = wire.Validate(frame.Payload)
			decode(t, frame.Type, frame.Payload)
			rest = behind
		}
		if _, _, bad := wire.Split(b[whole:]); err == nil && bad == nil {
			t.Fatalf("behind %d whole bytes is another frame", whole)
		}
	})
}

// FuzzClientMessage takes bytes as what a client sends inside its session: past
// the validator, everything that game code may do with them ends.
func FuzzClientMessage(f *testing.F) {
	for _, b := range recorded().clients {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var err error
		bounded(t, 0, func() { err = proto.ValidateClient(b) })
		if err != nil {
			return
		}
		typ, _, payload, err := proto.SplitClient(b)
		if err != nil {
			t.Fatalf("a sound message comes apart as none: %v", err)
		}
		decode(t, typ, payload)
		var call proto.Call
		if wire.Decode(payload, &call) != nil {
			return
		}
		for n := range untyped {
			decode(t, uint16(n), call.Args)
		}
		bounded(t, len(call.Args), func() { _, _ = client.Number(call.Args) })
	})
}
