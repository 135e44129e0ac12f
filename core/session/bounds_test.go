package session

import (
	"math/rand/v2"
	"testing"
	"time"

	"messiah/core/node"
)

func TestGarbageLeavesNothing(t *testing.T) {
	w := newWorld(t, options{})
	p := w.players[0]
	l := w.login(p, transports[1])
	before := *w.shard().slots[0]
	r := rand.New(rand.NewPCG(1, 2))
	sent := 0
	w.watch = func(packet node.Packet) { sent += len(packet.Bytes) }
	given := 0
	for i := range 10_000 {
		b := make([]byte, r.IntN(1300))
		for j := range b {
			b[j] = byte(r.Uint32())
		}
		if len(b) > 0 && i%4 != 0 {
			b[0] = byte(r.IntN(8))
		}
		if i%10 == 0 && len(b) >= overhead {
			putHeader(b, l.session, uint64(i)) // for the session that stands
		}
		given += len(b)
		w.inject(elsewhere(byte(i)), b)
	}
	if w.shard().Len() != 1 || w.shard().HalfOpen() != 0 || len(w.shard().inits) != 1 || len(w.shard().slots) != 1 {
		t.Fatalf("%d sessions, %d half open, %d slots", w.shard().Len(), w.shard().HalfOpen(), len(w.shard().slots))
	}
	if s := w.shard().slots[0]; s.seen != before.seen || s.heard != before.heard || s.endpoint != before.endpoint {
		t.Fatal("the session that stands was touched")
	}
	if sent > given {
		t.Fatalf("%d bytes were answered with %d", given, sent)
	}
	p.send(w, 3)
	w.tellGate(orderSend, l.key, 3, 0)
	w.run(time.Second)
	w.whole(p, l)
}

// stall makes players finish their key exchange and say nothing more.
func (w *world) stall(players []*player, tr transport, each time.Duration) {
	w.tap = func(f *flight) bool {
		if !f.up || f.packet[0] != packetSealed {
			return true
		}
		for _, p := range players {
			if p == f.p {
				return false
			}
		}
		return true
	}
	for _, p := range players {
		p.dial(w, tr, 0)
		w.run(each)
	}
}

func TestHalfOpenBound(t *testing.T) {
	over(t, func(t *testing.T, tr transport) {
		const bound, many = 8, 30
		w := newWorld(t, options{players: many + 1, shard: func(cfg *ShardConfig) { cfg.MaxHalfOpen = bound }})
		w.stall(w.players[:many], tr, 20*time.Millisecond)
		w.run(100 * time.Millisecond)
		if n := w.shard().HalfOpen(); n != bound {
			t.Fatalf("%d handshakes are half open", n)
		}
		// The oldest have made room, and know it.
		ended := 0
		for _, p := range w.players[:many] {
			for _, r := range append(p.loop.ends, p.loop.failed...) {
				if r == ReasonBusy {
					ended++
				}
			}
		}
		if ended != many-bound {
			t.Fatalf("%d of %d were told", ended, many-bound)
		}
		// An honest client is through before it is the oldest.
		w.login(w.players[many], tr)
		w.run(DefaultHandshakeWithin)
		if w.shard().Len() != 1 || w.shard().Counters().Unfinished != many {
			t.Fatalf("%d sessions are kept, %d were unfinished", w.shard().Len(), w.shard().Counters().Unfinished)
		}
	})
}

// Streams that only greet cost nothing to make, and push out none but their like.
func TestGreetingsPushOutNoHandshake(t *testing.T) {
	const bound = 8
	w := newWorld(t, options{players: 3, shard: func(cfg *ShardConfig) { cfg.MaxHalfOpen = bound }})
	slow := w.players[0]
	w.stall(w.players[:1], transports[1], 50*time.Millisecond)
	hello := func(stream uint32) {
		in := node.Input{Kind: node.InPacket, Endpoint: elsewhere(1), Body: appendHello(nil, 0, [randomLen]byte{byte(stream)})}
		in.Endpoint.Stream = stream
		w.gate.lane.Step(w.now, 0, &in)
		w.gate.lane.Sent()
	}
	for i := range uint32(50) {
		hello(1000 + i)
	}
	if w.shard().Greeted() != bound || w.shard().HalfOpen() != 1 {
		t.Fatalf("%d streams have greeted, %d handshakes are half open", w.shard().Greeted(), w.shard().HalfOpen())
	}
	w.tap = nil
	w.run(time.Second)
	if l := w.loop.sessions[slow.dialer().Session()]; l == nil {
		t.Fatal("the handshake that took its time is gone")
	}
	w.run(DefaultHandshakeWithin)
	if w.shard().Greeted() != 0 || w.shard().Len() != 1 {
		t.Fatalf("%d streams are kept, %d sessions", w.shard().Greeted(), w.shard().Len())
	}
}

func TestHandshakeBudgets(t *testing.T) {
	over(t, func(t *testing.T, tr transport) {
		w := newWorld(t, options{players: 40, shard: func(cfg *ShardConfig) {
			cfg.HandshakeRate, cfg.HandshakeBurst, cfg.AddressRate, cfg.AddressBurst = 10, 20, 5, 12
		}})
		crowd, lone := w.players[:20], w.players[20]
		for _, p := range crowd {
			p.at.IP, p.at.Port = crowd[0].at.IP, 4000+uint16(p.index)
			p.dial(w, tr, 0)
		}
		w.run(100 * time.Millisecond)
		up := 0
		for _, p := range crowd {
			if p.loop.up {
				up++
			} else if p.loop.failed[0] != ReasonBusy || p.loop.retry == 0 || p.loop.retry > 3000 {
				t.Fatalf("player %d failed with %v, to come again in %d ms", p.index, p.loop.failed, p.loop.retry)
			}
		}
		if up != 12 {
			t.Fatalf("%d of an address with a budget of 12 are through", up)
		}
		w.login(lone, tr) // the crowd has not used up what is there for all
		for _, p := range w.players[21:] {
			p.dial(w, tr, 0)
		}
		w.run(100 * time.Millisecond)
		if n := w.shard().Counters().Handshakes; n < 20 || n > 20+8 {
			t.Fatalf("%d key exchanges of a budget of 20 and 10 a second", n)
		}
		w.run(time.Second)
		w.login(w.players[39], tr)
	})
}

func TestFullShardRefuses(t *testing.T) {
	over(t, func(t *testing.T, tr transport) {
		w := newWorld(t, options{players: 4, shard: func(cfg *ShardConfig) { cfg.MaxSessions = 2 }})
		for _, p := range w.players[:2] {
			w.login(p, tr)
		}
		exchanges := w.shard().Counters().Handshakes
		late := w.players[2]
		late.dial(w, tr, 0)
		w.run(time.Second)
		if late.loop.up || late.loop.failed[0] != ReasonBusy || late.loop.retry == 0 || w.shard().Counters().Handshakes != exchanges {
			t.Fatalf("up %v, failed %v", late.loop.up, late.loop.failed)
		}
		w.players[0].task(w, TaskClose, 0)
		w.run(time.Second)
		w.login(late, tr)
	})
}

func TestUnfinishedHandshakeEnds(t *testing.T) {
	over(t, func(t *testing.T, tr transport) {
		w := newWorld(t, options{dialer: func(cfg *DialerConfig) { cfg.DialWithin = time.Minute }})
		w.stall(w.players, tr, DefaultHandshakeWithin+time.Second)
		w.empty()
		if w.shard().Counters().Unfinished != 1 || len(w.loop.logins) != 0 {
			t.Fatalf("%d unfinished, the loop heard of %d", w.shard().Counters().Unfinished, len(w.loop.logins))
		}
	})
}

// As many messages as the burst pass, though each is a packet too; a few more
// end the session, and nobody else's.
func TestMessageFlood(t *testing.T) {
	over(t, func(t *testing.T, tr transport) {
		const burst = 50
		for _, n := range []int{burst - 10, burst + 10} {
			w := newWorld(t, options{players: 2, shard: func(cfg *ShardConfig) { cfg.MessageRate, cfg.MessageBurst = 1, burst }})
			p, q := w.players[0], w.players[1]
			lp, lq := w.login(p, tr), w.login(q, tr)
			w.run(20 * time.Second) // all that the handshake took is there again
			at := w.now
			for range n {
				w.step(&p.side, p, &node.Input{Kind: node.InTask, Type: TaskSend, Body: numbered(nil, 1, p.loop.sent+1, 0)})
				p.loop.sent++
			}
			w.run(100 * time.Millisecond)
			flooded := n > burst
			if lp.over != flooded || flooded && (lp.reason != ReasonFlood || p.loop.ends[0] != ReasonFlood) {
				t.Fatalf("%d messages of %d in %v: over %v, reason %v, the client %v", n, burst, w.now-at, lp.over, lp.reason, p.loop.ends)
			}
			if lq.over || !q.loop.up {
				t.Fatal("another client was cut off too")
			}
		}
	})
}

// Each message of a batch counts, packed or not.
func TestMessageFloodInOneBatch(t *testing.T) {
	w := newWorld(t, options{shard: func(cfg *ShardConfig) { cfg.MessageRate, cfg.MessageBurst = 1, 500 }})
	p := w.players[0]
	l := w.login(p, transports[0])
	p.send(w, 1000)
	for range 1000 {
		p.lane.Step(w.now, 0, &node.Input{Kind: node.InTask, Type: TaskSend})
	}
	w.step(&p.side, p, &node.Input{Kind: node.InFlush})
	w.run(time.Second)
	if l.reason != ReasonFlood {
		t.Fatalf("ended with %v", l.reason)
	}
}

func TestByteFlood(t *testing.T) {
	over(t, func(t *testing.T, tr transport) {
		w := newWorld(t, options{
			shard:  func(cfg *ShardConfig) { cfg.ByteRate, cfg.ByteBurst = 1000, 40_000 },
			dialer: func(cfg *DialerConfig) { cfg.Limits.CompressFrom = -1 },
		})
		p := w.players[0]
		l := w.login(p, tr)
		p.loop.padding = 1000
		p.send(w, 30)
		w.run(200 * time.Millisecond)
		if l.over || l.got.last != 30 {
			t.Fatalf("30 KB of 40: over %v with %v, %d messages", l.over, l.reason, l.got.last)
		}
		p.send(w, 15)
		w.run(200 * time.Millisecond)
		if !l.over || l.reason != ReasonFlood {
			t.Fatalf("45 KB of 40: over %v with %v", l.over, l.reason)
		}
	})
}

// What compresses well is charged with what it unpacks to.
func TestByteFloodPacked(t *testing.T) {
	w := newWorld(t, options{shard: func(cfg *ShardConfig) { cfg.ByteRate, cfg.ByteBurst = 1000, 40_000 }})
	p := w.players[0]
	l := w.login(p, transports[0])
	p.loop.padding = 700
	wire := 0
	w.tap = func(f *flight) bool { wire += len(f.packet); return true }
	for range 60 {
		p.send(w, 1)
	}
	w.run(time.Second)
	if wire > 20_000 || l.reason != ReasonFlood {
		t.Fatalf("%d bytes on the wire, ended with %v", wire, l.reason)
	}
}

func TestPingFlood(t *testing.T) {
	w := newWorld(t, options{shard: func(cfg *ShardConfig) { cfg.MessageRate, cfg.MessageBurst = 10, 100 }})
	p := w.players[0]
	l := w.login(p, transports[1])
	d := p.dialer()
	for range 150 {
		p.lane.Step(w.now, 0, &node.Input{Kind: node.InFlush})
		b := append(append(make([]byte, headerLen), kindPing), make([]byte, 8)...)
		d.sealed++
		putHeader(b, d.id, d.sealed)
		w.inject(p.at, d.out.seal(b, d.sealed))
	}
	if l.reason != ReasonFlood {
		t.Fatalf("over %v with %v", l.over, l.reason)
	}
}

// A client that takes nothing in is cut off when the bound is reached, and
// nobody else is; until then the shard keeps no more for it than the bound.
func TestSlowReader(t *testing.T) {
	over(t, func(t *testing.T, tr transport) {
		const bound = 64 << 10
		w := newWorld(t, options{players: 2, shard: func(cfg *ShardConfig) { cfg.Limits.UnackedBytes = bound }})
		p, q := w.players[0], w.players[1]
		lp, lq := w.login(p, tr), w.login(q, tr)
		w.loop.padding = 3000
		w.tap = func(f *flight) bool { return f.p != p || !f.up } // nothing is acknowledged
		written, most := 0, 0
		w.watch = func(packet node.Packet) { written += len(packet.Bytes) }
		for range 400 {
			w.tellGate(orderSend, lp.key, 1, 0)
			w.tellGate(orderSend, lq.key, 1, 0)
			q.send(w, 1)
			w.run(2 * time.Millisecond)
			for v := range w.shard().Sessions() {
				if v.UnackedBytes > bound {
					t.Fatalf("%d bytes are kept for %v", v.UnackedBytes, v.Session)
				}
			}
			for _, s := range w.shard().slots {
				if s != nil {
					most = max(most, cap(s.kept))
				}
			}
			if lp.over && lp.sent == lp.acked {
				break
			}
		}
		if !lp.over || lp.reason != ReasonSlow {
			t.Fatalf("the slow one: over %v with %v after %d messages", lp.over, lp.reason, lp.sent)
		}
		if lq.over || !q.loop.up {
			t.Fatal("the other was cut off too")
		}
		if most > 3*bound {
			t.Fatalf("a buffer of %d bytes for a bound of %d", most, bound)
		}
		w.tap = nil
		w.run(time.Second)
		w.whole(q, lq)
	})
}

func TestDetachedOverTheBound(t *testing.T) {
	w := newWorld(t, options{shard: func(cfg *ShardConfig) { cfg.Limits.UnackedMessages = 20 }})
	p := w.players[0]
	l := w.login(p, transports[0])
	w.tellGate(orderSend, l.key, 5, 0)
	w.run(time.Second)
	p.task(w, TaskAbort, 0)
	w.run(time.Second)
	w.tellGate(orderSend, l.key, 20, 0)
	if l.over {
		t.Fatal("over at the bound")
	}
	w.tellGate(orderSend, l.key, 1, 0)
	if !l.over || l.acked != 5 {
		t.Fatalf("over %v, acknowledged %d", l.over, l.acked)
	}
	w.empty()
	p.dial(w, transports[0], FlagResume)
	w.run(time.Second)
	if p.loop.refused != 1 {
		t.Fatal("the client was not told")
	}
}

func TestClientOverItsBound(t *testing.T) {
	w := newWorld(t, options{dialer: func(cfg *DialerConfig) { cfg.Limits.UnackedMessages = 20 }})
	p := w.players[0]
	l := w.login(p, transports[0])
	p.send(w, 21)
	w.run(time.Second)
	if p.loop.up || p.loop.resume || p.loop.ends[0] != ReasonSlow || !l.over {
		t.Fatalf("up %v, may resume %v, ended with %v", p.loop.up, p.loop.resume, p.loop.ends)
	}
	w.login(p, transports[0])
	p.task(w, TaskAbort, 0)
	p.send(w, 21)
	if p.loop.resume || p.dialer().Resumable() || len(p.dialer().kept) != 0 {
		t.Fatal("the login is not given up")
	}
}

func TestTooLargeMessages(t *testing.T) {
	over(t, func(t *testing.T, tr transport) {
		w := newWorld(t, options{
			shard:  func(cfg *ShardConfig) { cfg.Limits.CompressFrom = -1 },
			dialer: func(cfg *DialerConfig) { cfg.Limits.CompressFrom = -1 },
		})
		p := w.players[0]
		l := w.login(p, tr)
		longest := 0
		w.tap = func(f *flight) bool { longest = max(longest, len(f.packet)); return true }
		p.loop.padding, w.loop.padding = MaxMessage-16, MaxMessage-16
		p.send(w, 1)
		w.tellGate(orderSend, l.key, 1, 0)
		w.run(3 * time.Second)
		w.whole(p, l)
		most := MaxPacket
		if tr.stream == 0 {
			most = MaxDatagram
		}
		if longest > most {
			t.Fatalf("a packet of %d bytes, the longest is %d", longest, most)
		}
		w.loop.padding++
		w.tellGate(orderSend, l.key, 1, 0)
		w.run(time.Second)
		if !l.over || l.reason != ReasonTooLarge || p.loop.ends[0] != ReasonTooLarge {
			t.Fatalf("the gate's: over %v with %v, the client %v", l.over, l.reason, p.loop.ends)
		}
		l = w.login(p, tr)
		p.loop.padding++
		p.send(w, 1)
		w.run(time.Second)
		if p.loop.up || p.loop.ends[1] != ReasonTooLarge || !l.over {
			t.Fatalf("the client's: ended with %v, over %v", p.loop.ends, l.over)
		}
	})
}

// A client's message that the gate's validator does not take ends its session.
func TestInvalidMessage(t *testing.T) {
	w := newWorld(t, options{shard: func(cfg *ShardConfig) {
		cfg.Validate = func(body []byte) error {
			if len(body) == 17 {
				return errState
			}
			return nil
		}
	}})
	p := w.players[0]
	l := w.login(p, transports[0])
	p.send(w, 3)
	w.run(time.Second)
	p.loop.padding = 1
	p.send(w, 1)
	w.run(time.Second)
	if l.got.last != 3 || l.reason != ReasonBad || w.shard().Counters().Invalid != 1 || p.loop.ends[0] != ReasonBad {
		t.Fatalf("%d messages, reason %v, %d invalid, the client %v", l.got.last, l.reason, w.shard().Counters().Invalid, p.loop.ends)
	}
}
