package session

import (
	"bytes"
	"testing"
	"time"

	"pgregory.net/rapid"

	"messiah/core/node"
)

// The window agrees with a set of all numbers that were ever seen.
func TestWindowIsExact(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var w window
		seen := map[uint64]bool{}
		at := uint64(rapid.SampledFrom([]int{0, 1, 500, 1 << 40}).Draw(rt, "start"))
		for range rapid.IntRange(1, 200).Draw(rt, "packets") {
			step := rapid.SampledFrom([]int{1, 1, 1, 2, 63, 64, 65, 1022, 1023, 1024, 1025, 3000}).Draw(rt, "step")
			if rapid.Bool().Draw(rt, "back") {
				step = -step
			}
			seq := uint64(max(0, int64(at)+int64(step)))
			want := seq != 0 && !seen[seq] && (seq > w.newest || w.newest-seq < replayWindow)
			if got := w.fresh(seq); got != want {
				rt.Fatalf("number %d with %d as the newest: fresh %v, must be %v", seq, w.newest, got, want)
			}
			if want {
				w.add(seq)
				seen[seq] = true
				at = max(at, seq)
			}
		}
	})
}

// Every datagram comes twice more, and changed in one bit: all of that is
// counted, and nothing comes of it.
func TestReplayedAndForgedDatagrams(t *testing.T) {
	w := newWorld(t, options{})
	p := w.players[0]
	sealed := [2]uint64{}
	w.tap = func(f *flight) bool {
		if f.packet[0] != packetSealed {
			return true
		}
		side := 0
		if f.up {
			side = 1
		}
		sealed[side]++
		for i := range 2 {
			again := *f
			again.at = w.now.Add(time.Duration(30+i*500) * time.Millisecond)
			w.launch(&again)
		}
		forged := *f
		forged.packet, forged.at = clone(f.packet), w.now.Add(time.Millisecond)
		forged.packet[headerLen+int(sealed[side])%(len(f.packet)-headerLen)] ^= 0x10
		w.launch(&forged)
		return true
	}
	l := w.login(p, transports[1])
	for range 20 {
		p.send(w, 3)
		w.tellGate(orderSend, l.key, 3, 0)
		w.run(20 * time.Millisecond)
	}
	w.tap = nil
	w.run(2 * time.Second)
	w.whole(p, l)
	shard, dialer := w.shard().Counters(), p.dialer().Counters()
	if shard.Replayed != 2*sealed[1] || shard.Forged != sealed[1] || dialer.Replayed != 2*sealed[0] || dialer.Forged != sealed[0] {
		t.Fatalf("of %d packets up: %d replayed, %d forged; of %d down: %d and %d",
			sealed[1], shard.Replayed, shard.Forged, sealed[0], dialer.Replayed, dialer.Forged)
	}
	if !p.loop.up || l.lost {
		t.Fatal("the session has not lasted")
	}
}

// A packet of one session is nothing in another, and none is any where it came from.
func TestPacketsOfOtherSessions(t *testing.T) {
	w := newWorld(t, options{players: 2})
	p, q := w.players[0], w.players[1]
	lp, lq := w.login(p, transports[1]), w.login(q, transports[1])
	p.send(w, 1)
	up := w.catch(packetSealed, time.Second)
	before := w.shard().Counters()
	putHeader(up, lq.session, 900)
	w.inject(q.at, up)
	if n := w.shard().Counters().Forged - before.Forged; n != 1 {
		t.Fatalf("%d of 1 forged packets were counted", n)
	}
	putHeader(up, node.NewSession(0, 0, 99), 900)
	w.inject(p.at, up)
	putHeader(up, node.NewSession(0, 500, 1), 900)
	w.inject(p.at, up)
	if n := w.shard().Counters().Strays - before.Strays; n != 2 {
		t.Fatalf("%d of 2 strays were counted", n)
	}
	// The gate's own packet, sent back to it.
	w.tellGate(orderSend, lp.key, 1, 0)
	down := w.catch(packetSealed, time.Second)
	putHeader(down, lp.session, 900)
	w.inject(p.at, down)
	if n := w.shard().Counters().Forged - before.Forged; n != 2 {
		t.Fatalf("%d of 2 forged packets were counted", n)
	}
}

// What was sealed for one way does not count on another.
func TestPacketsOnAnotherWay(t *testing.T) {
	w := newWorld(t, options{players: 2})
	p, q := w.players[0], w.players[1]
	lp, lq := w.login(p, transports[0]), w.login(q, transports[1])
	before := w.shard().Counters()
	b := append(append(make([]byte, headerLen), kindPing), make([]byte, 8)...)
	seal := func(p *player) []byte {
		d, b := p.dialer(), clone(b)
		putHeader(b, d.id, d.sealed+1)
		return d.out.seal(b, d.sealed+1)
	}
	w.inject(p.at, seal(p)) // the stream's as a datagram
	if n := w.shard().Counters().Strays - before.Strays; n != 1 {
		t.Fatalf("%d of 1 strays were counted", n)
	}
	other := elsewhere(1)
	other.Stream = 900
	w.inject(other, seal(q)) // the datagram on a stream
	if n := w.shard().Counters().Nonsense - before.Nonsense; n != 1 {
		t.Fatalf("%d of 1 were counted as nonsense", n)
	}
	for i, l := range []*login{lp, lq} {
		w.players[i].send(w, 2)
		w.run(time.Second)
		w.whole(w.players[i], l)
	}
}

// On a stream nothing gets lost, doubled or changed by itself, so that any of it
// ends the session; the login can be resumed and misses nothing.
func TestTamperedStream(t *testing.T) {
	for name, tamper := range map[string]func(f *flight) [][]byte{
		"dropped":  func(*flight) [][]byte { return nil },
		"repeated": func(f *flight) [][]byte { return [][]byte{f.packet, f.packet} },
		"changed":  func(f *flight) [][]byte { f.packet[headerLen] ^= 1; return [][]byte{f.packet} },
		"short":    func(f *flight) [][]byte { return [][]byte{f.packet[:overhead-1]} },
		"foreign":  func(f *flight) [][]byte { return [][]byte{{0xff, 0, 0, 0, 0, 0}, f.packet} },
		"empty":    func(f *flight) [][]byte { return [][]byte{{}, f.packet} },
	} {
		for _, up := range []bool{true, false} {
			if !up && (name == "short" || name == "foreign" || name == "empty") {
				continue // a client counts what is none of its session's, and goes on
			}
			w := newWorld(t, options{})
			p := w.players[0]
			l := w.login(p, transports[0])
			n := 0
			w.tap = func(f *flight) bool {
				if f.up != up || f.packet[0] != packetSealed {
					return true
				}
				if n++; n != 2 {
					return true
				}
				for _, b := range tamper(f) {
					one := *f
					one.packet = b
					w.launch(&one)
				}
				return false
			}
			for range 4 {
				p.send(w, 1)
				w.tellGate(orderSend, l.key, 1, 0)
				w.run(5 * time.Millisecond)
			}
			w.run(time.Second)
			if len(p.loop.ends) != 1 || !p.loop.resume {
				t.Fatalf("%s, up %v: ended with %v, may resume %v", name, up, p.loop.ends, p.loop.resume)
			}
			if reason := l.reason; up && reason != ReasonForged || !up && p.loop.ends[0] != ReasonForged {
				t.Fatalf("%s, up %v: the server's reason is %v, the client's %v", name, up, reason, p.loop.ends)
			}
			w.tap = nil
			w.resume(p, transports[0])
			w.whole(p, l)
		}
	}
}

// No two different packets are ever sealed with the same key and number.
func TestNoNonceRepeats(t *testing.T) {
	type name struct {
		keyName
		key key
		seq uint64
	}
	over(t, func(t *testing.T, tr transport) {
		rapid.Check(t, func(rt *rapid.T) {
			w := newWorld(rt, options{players: 1, seed: rapid.Uint64().Draw(rt, "seed of the noise")})
			sent := map[name][]byte{}
			w.tap = func(f *flight) bool {
				if f.packet[0] != packetSealed || w.kindOf(f) == "?" {
					return true
				}
				id, seq, _ := sealedName(f.packet)
				n := name{keyName{id, f.up}, w.keys[keyName{id, f.up}].key, seq}
				if before, ok := sent[n]; ok && !bytes.Equal(before, f.packet) {
					w.fail("%v, up %v: number %d is used twice", id, f.up, seq)
				}
				sent[n] = clone(f.packet)
				return true
			}
			p := w.players[0]
			l := w.login(p, tr)
			if tr.stream == 0 {
				w.noise = noiseLevel{loss: 10, duplicate: 10, reorder: 30}
			}
			for range rapid.IntRange(1, 12).Draw(rt, "acts") {
				p.send(w, 3)
				w.tellGate(orderSend, l.key, 3, 0)
				w.run(time.Duration(rapid.IntRange(0, 40).Draw(rt, "ms")) * time.Millisecond)
				switch rapid.IntRange(0, 2).Draw(rt, "act") {
				case 0:
					w.cut(p, 0, 0)
					p.task(w, TaskAbort, 0)
					p.dial(w, tr, FlagResume)
				case 1:
					if tr.stream == 0 {
						p.at.Port++
					}
				}
				w.run(time.Duration(rapid.IntRange(0, 90).Draw(rt, "ms")) * time.Millisecond)
			}
			if w.failure != "" {
				rt.Fatal(w.failure)
			}
			if len(sent) == 0 {
				rt.Fatal("no packet was looked at")
			}
		})
	})
}
