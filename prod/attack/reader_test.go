package attack

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"testing"

	"messiah/core/arq"
	"messiah/core/proto"
	"messiah/core/session"
	"messiah/core/wire"
	"messiah/prod/config"
	"messiah/scenarios/siege"
)

// What a client sends that never reads, as in the table of attacks that peers fall to.
const (
	echoes   = 2000
	echoSize = 30 << 10
)

func TestClientsThatNeverRead(t *testing.T) {
	f := startField(t, nil)
	f.honest(nil)
	f.under("echoes over tcp", unreadEchoes)
	f.under("echoes over kcp", unheardEchoes)
	f.under("segments that wait for one that never comes", keptBack)
}

// The bounds on what waits for a client hold without any budget of what it may ask.
func TestClientsThatNeverReadWithoutABudget(t *testing.T) {
	f := startField(t, func(c *config.Config) {
		c.Players.BytesPerSecond, c.Players.ByteBurst = 1<<30, 1<<30
		c.Players.MessagesPerSecond, c.Players.MessageBurst = 1<<22, 1<<22
	})
	f.honest(nil)
	f.under("pings over tcp", unreadPings)
	f.under("echoes that are acknowledged unread", blindAcks)
}

func echo(num uint64) []byte {
	return message(num, &proto.Call{Method: siege.Number(siege.Echo), Args: wire.AppendBytes(nil, make([]byte, echoSize))})
}

// unreadEchoes calls over a stream and reads nothing of it.
func unreadEchoes(f *field, t *testing.T) {
	i := f.intrude(t, "tcp", 2)
	if err := i.login("deaf"); err != nil {
		t.Fatal(err)
	}
	for n := range uint64(echoes) {
		if i.send(echo(n)) != nil {
			t.Logf("the gate has ended the connection after %d echoes", n)
			break
		}
	}
	f.until("the client is cut off", func() bool { return f.look().gate.Clients == f.honestCount() })
	if s := f.look(); s.sessions != f.honestCount() || s.process.StreamsOpen > perSwarm+1 {
		t.Errorf("%d sessions, %d streams", s.sessions, s.process.StreamsOpen)
	}
	// What was written before the cut may be read now; the reason stands behind it, if there was room. Where the
	// questions come faster than answers are made, it is they that are too many.
	if err := i.end(); err != (closed{session.ReasonSlow}) && err != (closed{session.ReasonFlood}) && !errors.Is(err, errCut) {
		t.Errorf("the gate said %v", err)
	}
}

// unheardEchoes calls over datagrams: it hears what the gate has of its own
// segments, and says of none of the gate's that it has come.
func unheardEchoes(f *field, t *testing.T) {
	i := f.intrude(t, "kcp", 2)
	if err := i.login("deaf"); err != nil {
		t.Fatal(err)
	}
	i.deaf = true
	var err error
	for n := uint64(0); n < echoes && err == nil; n++ {
		for err == nil && i.arq.Waiting() > 64 {
			if err = i.step(within); isTimeout(err) {
				err = nil
			}
		}
		if err == nil {
			err = i.send(echo(n))
		}
	}
	if err == nil {
		err = i.end()
	}
	if err != (closed{session.ReasonSlow}) {
		t.Errorf("the gate said %v", err)
	}
	f.until("the client is cut off", func() bool { return f.look().gate.Clients == f.honestCount() })
	// It goes on all the same.
	for n := range uint64(echoes) {
		_ = i.write(i.seal(binary.LittleEndian.AppendUint64([]byte{kindPing}, n)))
	}
}

// keptBack never sends the first segment of a message, and behind it as many
// and as small ones as there can be: what costs a sender a few bytes costs the
// library a buffer.
func keptBack(f *field, t *testing.T) {
	const sessions, most = 50, 2*arq.Window*1500 + 64<<10
	before, _ := memory()
	for n := range sessions {
		i := f.intrude(t, "kcp", 2+n)
		if err := i.login(fmt.Sprintf("villain-%x", i.random)); err != nil {
			t.Fatal(err)
		}
		i.arq = nil // from here on by hand
		for num := uint32(3); num < 3+arq.Window; {
			b := []byte{kindARQ}
			for ; len(b) < 1100 && num < 3+arq.Window; num++ {
				b = append(b, segment(81, 1, num, 0, []byte("x"))...)
			}
			if err := i.write(i.seal(b)); err != nil {
				t.Fatal(err)
			}
		}
		_ = i.write(i.seal([]byte{kindPing, 1, 2, 3, 4, 5, 6, 7, 8}))
		if err := i.pong(); err != nil {
			t.Fatal(err)
		}
	}
	after, _ := memory()
	t.Logf("%d bytes a session", (int64(after)-int64(before))/sessions)
	if after > before+sessions*most {
		t.Errorf("%d sessions hold %d KiB", sessions, (after-before)>>10)
	}
	for _, i := range f.intruders {
		_ = i.write(i.seal([]byte{kindClose, 0, 0}))
	}
}

// pong waits for the answer to a ping.
func (i *intruder) pong() error {
	for {
		packet, err := i.read(within)
		if err != nil {
			return err
		}
		if plain := i.open(packet); plain != nil && plain[0] == kindPong {
			return nil
		}
	}
}

// unreadPings asks for pongs, which no bound of messages holds, and reads none.
func unreadPings(f *field, t *testing.T) {
	i := f.intrude(t, "tcp", 2)
	if err := i.login("deaf"); err != nil {
		t.Fatal(err)
	}
	_ = i.conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	before := f.look().process.StreamsCut
	var b []byte
	sent := 0
	for err := error(nil); err == nil; _, err = i.conn.Write(b) {
		b = b[:0]
		for range 500 {
			b = append(b, frame(i.seal(binary.LittleEndian.AppendUint64([]byte{kindPing}, 1)))...)
		}
		if sent += len(b); sent > 256<<20 {
			t.Fatalf("after %d MiB of pings the client is not cut off", sent>>20)
		}
	}
	t.Logf("cut off after %d KiB of pings", sent>>10)
	f.until("the cut is counted", func() bool { return f.look().process.StreamsCut == before+1 })
}

// blindAcks acknowledges answers that it has not read, as many as there can be.
func blindAcks(f *field, t *testing.T) {
	i := f.intrude(t, "tcp", 2)
	if err := i.login("blind"); err != nil {
		t.Fatal(err)
	}
	_ = i.conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	before := f.look().process.StreamsCut
	id, n := i.id, uint64(0)
	if err := i.say(batch(i.received)); err != nil {
		t.Fatal(err)
	}
	f.until("what was read is acknowledged", func() bool { return f.unacked(id) == 0 })
	for ; f.unacked(id) >= 0; n++ {
		if n == echoes {
			t.Fatal("the client is not cut off")
		}
		if i.say(batch(i.received+n, echo(n))) != nil {
			break
		}
		// As good a guess as an attacker can make: this test asks the gate.
		f.until("the answer is written", func() bool { return f.unacked(id) != 0 })
		if i.say(batch(i.received+n+1)) != nil {
			break
		}
		f.until("the acknowledgement has come", func() bool { return f.unacked(id) <= 0 })
	}
	t.Logf("cut off after %d echoes", n)
	f.until("the cut is counted", func() bool { return f.look().process.StreamsCut == before+1 })
}
