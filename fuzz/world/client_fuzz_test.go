package world

import (
	"encoding/binary"
	"testing"
	"time"

	"messiah/core/client"
	"messiah/core/game"
	"messiah/core/proto"
	"messiah/core/wire"
	"messiah/scenarios/siege"
	"messiah/sim"
)

// said makes an input of FuzzHostileClient: messages, each with its length in two bytes before it.
func said(messages ...[]byte) []byte {
	var b []byte
	for _, m := range messages {
		b = append(binary.LittleEndian.AppendUint16(b, uint16(len(m))), m...)
	}
	return b
}

// seedClient adds good messages, and good ones at the wrong time or twice.
func seedClient(f *testing.F) {
	one := func(typ uint16, num uint64, m wire.Message) []byte {
		return wire.Append(proto.AppendClient(nil, typ, num), m)
	}
	call := func(method uint16, args []byte) []byte {
		return one(proto.TypeCall, 1, &proto.Call{Method: method, Args: args})
	}
	echo, count := siege.Number(siege.Echo), siege.Number(siege.Count)
	login := one(proto.TypeLogin, 0, &proto.Login{Account: "mallory"})
	logout := one(proto.TypeLogout, 0, &proto.Logout{})
	f.Add(said(login))
	f.Add(said(login, login, logout, login))
	f.Add(said(login, call(echo, []byte{0xc0}), call(echo, nil), call(0, nil)))
	f.Add(said(login, call(siege.Number(siege.Way), []byte{0x92, 0x90, 0x90}), call(siege.Number(siege.Where), []byte{0x90}), logout))
	f.Add(said(login, call(count, client.AppendNumber(nil, 1<<63, 0)), call(count, []byte{0xdd, 0xff, 0xff, 0xff, 0xff})))
	f.Add(said(call(echo, nil), login))
	f.Add(said(one(proto.TypeLogin, 0, &proto.Login{Account: "honest"}))) // a second login, which takes the honest one's place
	f.Add(said(login, one(proto.TypeMove, 0, &proto.Move{Seq: 1 << 63}), one(proto.TypeEnter, 0, &proto.Enter{}), one(proto.TypeKick, 0, &proto.Kick{Client: "honest"})))
	f.Add(said([]byte{}, []byte{1}, make([]byte, proto.ClientHeader)))
}

// FuzzHostileClient lets a client with a session say whatever it likes to its
// gate and, through it, to its avatar. Nobody else notices: the honest player on
// the same gate and game goes on being answered, no oracle has anything to say,
// and nothing is kept of the hostile one.
func FuzzHostileClient(f *testing.F) {
	seedClient(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		sc := town(func(o *sim.Options) { o.Gates, o.Games, o.CallEvery = 1, 1, 50*time.Millisecond })
		// The hostile one may count with any number, the honest one's included: nobody keeps count here.
		sc.Game.Script = func(o sim.Observer) game.Script {
			o.Executed = nil
			return siege.Script(&siege.Observer{Executed: o.Executed})
		}
		d, err := sim.Begin(sc, sim.RunConfig{Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		honest := d.NewPlayer("honest", func(c *client.Config) { c.Method = string(siege.Echo) })
		// It knows an account of its own, and makes no calls but those of the input.
		hostile := d.NewPlayer("mallory", func(c *client.Config) {
			c.Method, c.CallEvery, c.StayKicked = string(siege.Echo), time.Hour, true
		})
		d.BreaksProtocol(hostile)
		d.Tell(func() {
			d.SessionsMayEnd()
			d.Open()
			honest.Start()
			hostile.Start()
			d.Must("both are in", d.AllIn, 10*time.Second)
			for len(b) >= 2 {
				n := min(int(binary.LittleEndian.Uint16(b)), len(b)-2)
				hostile.Say(b[2 : 2+n])
				b = b[2+n:]
				d.Go(5 * time.Millisecond)
			}
			d.Go(500 * time.Millisecond)
			before := honest.Status().Calls.Done
			d.Must("the honest player is answered", func() bool { return honest.Status().Calls.Done > before+2 }, 30*time.Second)
			hostile.Crash()
		})
		if r := d.Finish(); r.Verdict != sim.Pass {
			t.Fatal(r.Message)
		}
	})
}
