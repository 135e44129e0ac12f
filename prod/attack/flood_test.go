package attack

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"messiah/core/proto"
	"messiah/core/session"
	"messiah/core/wire"
	"messiah/prod/bots"
	"messiah/prod/config"
	"messiah/scenarios/siege"
)

func TestFloods(t *testing.T) {
	f := startField(t, func(c *config.Config) { c.Players.HandshakesPerSecond, c.Players.HandshakeBurst = 5, 30 })
	f.honest(nil)
	f.under("logins", loginFlood)
	for _, transport := range []string{"kcp", "tcp"} {
		f.under("messages over "+transport, func(f *field, t *testing.T) { messageFlood(f, t, transport) })
	}
	f.under("connections that do nothing or little", slowConnections)
}

// loginFlood logs in with random accounts, over more connections and faster
// than key exchanges are granted.
func loginFlood(f *field, t *testing.T) {
	workers, each := 12, many(150)
	before := f.look()
	var all sync.WaitGroup
	var in, busy atomic.Int64
	for w := range workers {
		all.Go(func() {
			for n := range each {
				i, err := f.tryIntrude([]string{"kcp", "tcp"}[n%2], 2+(w*each+n)%40)
				if err == nil {
					err = i.login(fmt.Sprintf("flood-%x", i.random))
				}
				switch {
				case err == nil:
					in.Add(1)
				case err == refused{session.ReasonBusy}:
					busy.Add(1)
				default:
					t.Errorf("login %d of %d: %v", n, w, err)
					return
				}
			}
		})
	}
	all.Wait()
	s := f.look()
	t.Logf("%d came in, %d were told to come later", in.Load(), busy.Load())
	if in.Load() == 0 || busy.Load() == 0 || s.counters.Refused-before.counters.Refused < uint64(busy.Load()) {
		t.Errorf("%d came in, %d were refused, %d counted", in.Load(), busy.Load(), s.counters.Refused-before.counters.Refused)
	}
	f.leave()
	latecomer, err := bots.Start(bots.Config{
		Gates: f.whole.Clients("kcp"), ServerKey: f.key, Version: f.site.Version(), Clients: 1, Prefix: "latecomer-", RPC: siege.RPC(), Method: string(siege.Count), Loops: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	if !latecomer.AllIn(ctx) {
		t.Error("who comes behind the flood does not come in")
	}
	latecomer.Finish()
}

// messageFlood sends calls, positions and pings faster than one client may.
func messageFlood(f *field, t *testing.T, transport string) {
	const many = 50 * 1000
	ping := binary.LittleEndian.AppendUint64([]byte{kindPing}, 1)
	move := message(0, &proto.Move{Seq: 1})
	calls := batch(1)
	for n := range uint64(100) {
		m := message(n, &proto.Call{Method: siege.Number(siege.Echo), Args: wire.AppendBytes(nil, nil)})
		calls = append(binary.AppendUvarint(calls, uint64(len(m))), m...)
	}
	for name, send := range map[string]func(i *intruder) error{
		"calls":     func(i *intruder) error { return i.say(calls) },
		"positions": func(i *intruder) error { return i.latest(move) },
		"pings":     func(i *intruder) error { return i.write(i.seal(ping)) },
	} {
		i := f.intrude(t, transport, calm)
		if err := f.comeIn(i); err != nil {
			t.Fatal(err)
		}
		err := error(nil)
		for n := 0; n < many && err == nil && i.last == nil; n++ {
			if err = send(i); err != nil || n%20 != 19 {
				continue
			}
			if f.unacked(i.id) < 0 {
				break // the gate knows it no more
			}
			if !i.stream { // the ARQ is to hear what has come
				if err = i.step(time.Microsecond); isTimeout(err) {
					err = nil
				}
			}
		}
		f.until("the client is cut off for "+name, func() bool { return f.unacked(i.id) < 0 })
		// The last word may be lost between pongs that nobody reads.
		if err := i.lastWord(); err != nil && err != (closed{session.ReasonFlood}) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// lastWord reads what is there and returns the gate's word on the end, if it has come.
func (i *intruder) lastWord() error {
	for i.last == nil {
		packet, err := i.read(50 * time.Millisecond)
		if err != nil {
			break
		}
		if plain := i.open(packet); plain != nil && plain[0] == kindClose {
			_ = i.ordered(plain)
		}
	}
	return i.last
}

// calm is an address that has not been over its share, and the first of several.
const calm = 100

// comeIn logs in, however often it has to try.
func (f *field) comeIn(i *intruder) (err error) {
	for deadline := time.Now().Add(within); time.Now().Before(deadline); {
		if err = i.login(fmt.Sprintf("villain-%x", i.random)); err != (refused{session.ReasonBusy}) {
			return err
		}
		if i.stream {
			i.leave()
			fresh, err := f.tryIntrude("tcp", calm)
			if err != nil {
				return err
			}
			*i = *fresh
		}
	}
	return err
}

// mostIdle is how far the heap may be off between two looks in which nothing happens, in bytes.
const mostIdle = 8 << 20

// slowConnections keeps thousands of connections open that say nothing, the
// length of a packet and no more, or one byte now and then, at every stage of a login.
func slowConnections(f *field, t *testing.T) {
	silent, lengths, slow := many(1000), many(1000), many(200)
	var quiet []*intruder
	for n := range silent + lengths {
		i := f.intrude(t, "tcp", 2+n%20)
		if n >= silent {
			if _, err := i.conn.Write(binary.LittleEndian.AppendUint32(nil, session.MaxPacket)); err != nil {
				t.Fatal(err)
			}
		}
		quiet = append(quiet, i)
	}
	f.until("all connections stand", func() bool { return f.look().process.StreamsOpen == int64(perSwarm+silent+lengths) })
	heap, _ := memory()
	t.Logf("%d bytes a connection, both ends", (heap-f.heap)/uint64(silent+lengths))
	if heap > f.heap+mostIdle+uint64(silent+lengths)*24<<10 {
		t.Errorf("%d connections hold %d KiB", silent+lengths, (heap-f.heap)>>10)
	}
	var trickles []trickle
	for n := range slow {
		i := f.intrude(t, "tcp", calm+n%20)
		rest := frame(i.hello())
		if n == 0 {
			if err := f.comeIn(i); err != nil {
				t.Fatal(err)
			}
			rest = frame(i.seal(make([]byte, 60_000)))
		}
		trickles = append(trickles, trickle{i.conn, rest})
	}
	f.drip(trickles)
	deadline := time.Now().Add(within)
	for n, i := range quiet {
		if _, err := i.read(time.Until(deadline)); !errors.Is(err, errCut) {
			t.Fatalf("silent connection %d: %v", n, err)
		}
	}
}

// trickle is what is to be written to a connection, one byte at a time.
type trickle struct {
	conn net.Conn
	rest []byte
}

// drip writes a byte to each connection again and again until each is cut.
func (f *field) drip(all []trickle) {
	f.t.Helper()
	var cut atomic.Int64
	for _, one := range all {
		go func() {
			b := make([]byte, 4096)
			for {
				if _, err := one.conn.Read(b); err != nil {
					cut.Add(1)
					return
				}
			}
		}()
	}
	// The hello of 256 bytes takes twice the time in which its connection is to bring it.
	tick := time.NewTicker(40 * time.Millisecond)
	defer tick.Stop()
	for n, late := 0, time.After(within); cut.Load() < int64(len(all)); n++ {
		for _, one := range all {
			_, _ = one.conn.Write(one.rest[n : n+1])
		}
		select {
		case <-tick.C:
		case <-late:
			f.t.Fatalf("%d of %d slow connections are cut off", cut.Load(), len(all))
		}
	}
}
