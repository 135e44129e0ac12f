package attack

import (
	"testing"

	"github.com/klauspost/compress/s2"

	"messiah/core/proto"
	"messiah/core/session"
	"messiah/core/wire"
	"messiah/scenarios/siege"
)

func unpack(b []byte) []byte {
	plain, err := s2.Decode(nil, b)
	if err != nil {
		panic(err)
	}
	return plain
}

// An intruder that behaves is served as anybody: what the other tests see is not due to a wrong idea of the protocol.
func TestAnIntruderThatBehavesIsServed(t *testing.T) {
	f := startField(t, nil)
	f.honest(nil)
	for _, transport := range []string{"kcp", "tcp"} {
		f.under(transport, func(f *field, t *testing.T) {
			i := f.intrude(t, transport, 2)
			if err := i.login("visitor"); err != nil {
				t.Fatal(err)
			}
			args := wire.AppendBytes(nil, make([]byte, 30_000))
			for n := range uint64(20) {
				if err := i.send(message(n, &proto.Call{Method: siege.Number(siege.Echo), Args: args})); err != nil {
					t.Fatal(err)
				}
				typ, num, payload, err := i.await()
				var r proto.Reply
				if err == nil {
					err = wire.Decode(payload, &r)
				}
				if err != nil || typ != proto.TypeReply || num != n || r.Outcome != proto.OutcomeOK || string(r.Result) != string(args) {
					t.Fatalf("call %d: type %d, number %d, outcome %v, %d bytes, %v", n, typ, num, r.Outcome, len(r.Result), err)
				}
			}
			if err := i.send(message(0, &proto.Logout{})); err != nil {
				t.Fatal(err)
			}
			if err := i.end(); err != (closed{session.ReasonLogout}) {
				t.Error(err)
			}
		})
	}
}
