package session

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"messiah/core/node"
	"messiah/core/wire"
)

// describe names a packet: its type, for a sealed one also the kind of what is in it, and its length.
func (w *world) describe(f *flight) string {
	b := f.packet
	name := map[byte]string{
		packetHello: "hello", packetCookie: "cookie", packetInit: "init", packetAccept: "accept", packetRefuse: "refuse",
	}[b[0]]
	if b[0] == packetSealed {
		name = "sealed " + w.kindOf(f)
	}
	return fmt.Sprintf("%s %d", name, len(b))
}

// keyName says whose keys they are: an epoch's, in one direction.
type keyName struct {
	id node.Session
	up bool
}

// rememberKeys keeps the keys of all sessions, so that packets can be read that end theirs.
func (w *world) rememberKeys() {
	for _, p := range w.players {
		if d := p.dialer(); d.out.aead != nil {
			w.keys[keyName{d.id, true}] = d.out
		}
	}
	for _, s := range w.shard().slots {
		if s != nil && s.out.aead != nil {
			w.keys[keyName{s.id, false}] = s.out
		}
	}
}

// kindOf opens a sealed packet with the keys of the side that sent it.
func (w *world) kindOf(f *flight) string {
	w.rememberKeys()
	id, seq, _ := sealedName(f.packet)
	s, known := w.keys[keyName{id, f.up}]
	if !known {
		return "?"
	}
	plain, ok := s.open(nil, f.packet, seq)
	if !ok {
		return "?"
	}
	return map[byte]string{
		kindBatch: "batch", kindARQ: "arq", kindLatest: "latest", kindPing: "ping", kindPong: "pong", kindClose: "close",
		kindToken: "token", kindBegin: "begin", kindResumed: "resumed", kindRefused: "refused",
	}[plain[0]]
}

// record writes down each packet as it leaves.
func (w *world) record() *strings.Builder {
	text := &strings.Builder{}
	w.tap = func(f *flight) bool {
		arrow := "<-"
		if f.up {
			arrow = "->"
		}
		fmt.Fprintf(text, "%3d ms %s %s\n", (w.now-node.Time(time.Second))/node.Time(time.Millisecond), arrow, w.describe(f))
		return true
	}
	return text
}

const goldenStream = `
 10 ms -> hello 256
 20 ms <- cookie 33
 30 ms -> init 91
 40 ms <- accept 69
 50 ms -> sealed begin 67
 50 ms -> sealed batch 42
 60 ms <- sealed token 50
 90 ms -> sealed batch 53
110 ms <- sealed batch 53
130 ms -> sealed close 36
`

const goldenDatagram = `
  0 ms -> hello 256
 10 ms <- cookie 33
 20 ms -> init 91
 30 ms <- accept 69
 40 ms -> sealed arq 77
 40 ms -> sealed arq 52
 50 ms <- sealed arq 43
 50 ms <- sealed arq 43
 50 ms <- sealed arq 60
 60 ms -> sealed arq 43
 90 ms -> sealed arq 63
100 ms <- sealed arq 43
110 ms <- sealed arq 63
120 ms -> sealed arq 43
130 ms -> sealed arq 46
140 ms <- sealed arq 43
140 ms <- sealed close 36
140 ms -> sealed arq 46
`

// One whole session: handshake, login, one message each way, logout.
func TestGoldenSession(t *testing.T) {
	for i, golden := range []string{goldenStream, goldenDatagram} {
		t.Run(transports[i].name, func(t *testing.T) {
			w := newWorld(t, options{
				shard:  func(cfg *ShardConfig) { cfg.Limits.AckDelay = 20 * time.Millisecond },
				dialer: func(cfg *DialerConfig) { cfg.Limits.AckDelay = 20 * time.Millisecond },
			})
			text := w.record()
			p := w.players[0]
			p.dial(w, transports[i], 0)
			w.run(90 * time.Millisecond)
			p.send(w, 1)
			w.run(20 * time.Millisecond)
			w.tellGate(orderSend, 1, 1, 0)
			w.run(20 * time.Millisecond)
			p.task(w, TaskClose, 0)
			w.run(time.Second)
			if got := "\n" + text.String(); got != golden {
				t.Fatalf("got:%s\nwant:%s", got, golden)
			}
			w.empty()
		})
	}
}

func TestVersionRefusedNamesTheOlderSide(t *testing.T) {
	over(t, func(t *testing.T, tr transport) {
		for _, c := range []struct {
			server, client uint16
			older          string
		}{{2, 1, OlderClient}, {1, 2, OlderServer}} {
			w := newWorld(t, options{
				shard:  func(cfg *ShardConfig) { cfg.Version.ProtoMin, cfg.Version.ProtoMax = c.server, c.server },
				dialer: func(cfg *DialerConfig) { cfg.Version.ProtoMin, cfg.Version.ProtoMax = c.client, c.client },
			})
			p := w.players[0]
			p.dial(w, tr, 0)
			w.run(time.Second)
			if len(p.loop.failed) != 1 || p.loop.failed[0] != ReasonVersion || p.loop.older != c.older {
				t.Fatalf("server %d, client %d: failed %v, the older side is %q", c.server, c.client, p.loop.failed, p.loop.older)
			}
			w.empty()
		}
	})
}

// A client of another protocol than this package's is told so before anything is kept for it.
func TestProtocolRangeInHello(t *testing.T) {
	for _, c := range []struct {
		least, most uint16
		older       byte
	}{{protocolMax + 1, protocolMax + 3, olderServer}, {0, protocolMin - 1, olderClient}} {
		w := newWorld(t, options{})
		hello := appendHello(nil, 0, [randomLen]byte{1})
		binary.LittleEndian.PutUint16(hello[prefixLen+randomLen:], c.least)
		binary.LittleEndian.PutUint16(hello[prefixLen+randomLen+2:], c.most)
		var answer []byte
		w.tap = func(f *flight) bool { answer = clone(f.packet); return true }
		w.inject(w.players[0].at, hello)
		r, ok := parseRefuse(answer)
		if !ok || answer[0] != packetRefuse || r.reason != ReasonVersion || r.older != c.older {
			t.Fatalf("range %d to %d is answered with %+v", c.least, c.most, r)
		}
		w.empty()
	}
}

func TestVerdictIsTold(t *testing.T) {
	over(t, func(t *testing.T, tr transport) {
		for _, c := range []struct {
			schema uint32
			digest uint64
			want   wire.Verdict
			older  string
		}{
			{testVersion.Schema, testVersion.Digest, wire.Equal, ""},
			{testVersion.Schema, testVersion.Digest + 1, wire.Compatible, ""},
			{testVersion.Schema + 1, testVersion.Digest, wire.Compatible, OlderServer},
			{testVersion.Schema - 1, testVersion.Digest, wire.Compatible, OlderClient},
		} {
			w := newWorld(t, options{dialer: func(cfg *DialerConfig) {
				cfg.Version.Schema, cfg.Version.Digest = c.schema, c.digest
			}})
			w.login(w.players[0], tr)
			if loop := w.players[0].loop; loop.verdict != c.want || loop.older != c.older {
				t.Fatalf("schema %d against %d is %v; the older side is %q", c.schema, testVersion.Schema, loop.verdict, loop.older)
			}
		}
	})
}

func TestWrongPinnedKey(t *testing.T) {
	over(t, func(t *testing.T, tr transport) {
		w := newWorld(t, options{dialer: func(cfg *DialerConfig) { cfg.ServerKey = testKey(2).Public }})
		p := w.players[0]
		p.dial(w, tr, 0)
		w.run(time.Second)
		if len(p.loop.failed) != 1 || p.loop.failed[0] != ReasonKey {
			t.Fatalf("failed with %v", p.loop.failed)
		}
		w.empty()
	})
}

// inject gives the gate a datagram, whoever sent it.
func (w *world) inject(from node.Endpoint, b []byte) {
	w.step(&w.gate, nil, &node.Input{Kind: node.InPacket, Endpoint: from, Body: clone(b)})
}

// catch returns the next packet of a type that somebody sends while time passes, and lets it go on its way.
func (w *world) catch(typ byte, within time.Duration) (caught []byte) {
	before := w.tap
	w.tap = func(f *flight) bool {
		if caught == nil && f.packet[0] == typ {
			caught = clone(f.packet)
		}
		return before == nil || before(f)
	}
	w.run(within)
	w.tap = before
	if caught == nil {
		w.t.Fatalf("no packet of type %d was sent", typ)
	}
	return caught
}

func elsewhere(n byte) node.Endpoint {
	return node.Endpoint{IP: [16]byte{10: 0xff, 11: 0xff, 12: 192, 13: 0, 14: 2, 15: n}, Port: 999}
}

func TestCookieIsBoundToItsAddress(t *testing.T) {
	w := newWorld(t, options{})
	p := w.players[0]
	p.dial(w, transports[1], 0)
	init := w.catch(packetInit, 25*time.Millisecond)
	bad := func(what string, from node.Endpoint, b []byte) {
		t.Helper()
		before, kept := w.shard().Counters(), w.shard().Len()
		w.inject(from, b)
		if now := w.shard().Counters(); now.BadCookies != before.BadCookies+1 || w.shard().Len() != kept {
			t.Fatalf("%s: %d cookies were refused, %d sessions are kept", what, now.BadCookies-before.BadCookies, w.shard().Len())
		}
	}
	port := p.at
	port.Port++
	bad("another address", elsewhere(1), init)
	bad("another port", port, init)
	random := clone(init)
	random[prefixLen]++
	bad("another random number", p.at, random)
	code := clone(init)
	code[initHead-1]++
	bad("another code", p.at, code)
	future := clone(init)
	binary.LittleEndian.PutUint32(future[prefixLen+randomLen:], binary.LittleEndian.Uint32(future[prefixLen+randomLen:])+1)
	bad("another time", p.at, future)
	w.run(cookieFor + 7*time.Second)
	p.task(w, TaskClose, 0)
	w.run(5 * time.Second)
	bad("too late", p.at, init)
	w.empty()
}

// Before its cookie is shown, an address is sent no more than it sent, and nothing is kept for it.
func TestNoAnswerIsLongerThanItsQuestion(t *testing.T) {
	w := newWorld(t, options{})
	p := w.players[0]
	p.dial(w, transports[1], 0)
	init := w.catch(packetInit, 20*time.Millisecond)
	hello := appendHello(nil, 0, [randomLen]byte{9})
	other := clone(hello)
	binary.LittleEndian.PutUint16(other[prefixLen+randomLen:], 77)
	answered := 0
	for _, question := range [][]byte{hello, other, init, make([]byte, 24), make([]byte, 1200)} {
		for typ := range byte(8) {
			for i := range 2 * len(question) {
				n := i
				if i > len(question) {
					n = 2*len(question) - i // down again, with whatever the whole one has left behind
				}
				b := clone(question[:n])
				if n > 0 {
					b[0] = typ
				}
				size := 0
				w.tap = func(f *flight) bool { size += len(f.packet); return false }
				w.inject(p.at, b)
				if size > n {
					t.Fatalf("a packet of type %d and %d bytes is answered with %d", typ, n, size)
				}
				answered += min(size, 1)
			}
		}
	}
	if answered == 0 {
		t.Fatal("nothing was answered at all")
	}
}

func TestForgedAcceptIsIgnored(t *testing.T) {
	w := newWorld(t, options{})
	p := w.players[0]
	forged := 0
	w.tap = func(f *flight) bool {
		if f.packet[0] != packetAccept {
			return true
		}
		for _, change := range []func(b []byte) []byte{
			func(b []byte) []byte { b[len(b)-1]++; return b },
			func(b []byte) []byte { b[acceptHead]++; return b },
			func(b []byte) []byte { clear(b[acceptHead : acceptHead+32]); return b }, // a point of low order
			func(b []byte) []byte { return b[:acceptHead+5] },
			func(b []byte) []byte { return append(b, 0) },
		} {
			w.launch(&flight{p: p, from: gateAt, packet: change(clone(f.packet)), at: w.now.Add(time.Millisecond)})
			forged++
		}
		return true
	}
	p.dial(w, transports[1], 0)
	w.run(time.Second)
	if !p.loop.up || p.dialer().Counters().Forged != uint64(forged) || forged == 0 {
		t.Fatalf("up %v, %d of %d forged accepts were counted", p.loop.up, p.dialer().Counters().Forged, forged)
	}
	p.send(w, 3)
	w.run(time.Second)
	if w.loop.logins[0].got.last != 3 {
		t.Fatal("the session does not work")
	}
}

func TestRefusalOfSomebodyWhoGuesses(t *testing.T) {
	w := newWorld(t, options{})
	p := w.players[0]
	w.tap = func(f *flight) bool {
		if f.up && f.packet[0] == packetHello {
			var random [randomLen]byte
			w.launch(&flight{p: p, from: gateAt, packet: appendRefuse(nil, 0, random[:], refusal{reason: ReasonBusy}), at: w.now.Add(1)})
		}
		return true
	}
	p.dial(w, transports[1], 0)
	w.run(time.Second)
	if !p.loop.up || len(p.loop.failed) != 0 {
		t.Fatalf("up %v, failed %v", p.loop.up, p.loop.failed)
	}
}

// Each packet of the handshake is lost once, in every combination.
func TestLostHandshakePacketsAreRepeated(t *testing.T) {
	for lost := range 1 << 4 {
		w := newWorld(t, options{})
		p := w.players[0]
		w.tap = func(f *flight) bool {
			bit := int(f.packet[0]) - packetHello
			drop := bit < 4 && lost&(1<<bit) != 0
			lost &^= 1 << bit
			return !drop
		}
		p.dial(w, transports[1], 0)
		w.run(3 * time.Second)
		if !p.loop.up || w.shard().Counters().Handshakes != 1 {
			t.Fatalf("up %v after %d key exchanges", p.loop.up, w.shard().Counters().Handshakes)
		}
	}
}

// Nothing stays of a client that vanishes after any packet, and it can come again.
func TestVanishAfterEachPacket(t *testing.T) {
	over(t, func(t *testing.T, tr transport) {
		for n := range 24 {
			w := newWorld(t, options{})
			p := w.players[0]
			left := n
			w.tap = func(*flight) bool {
				if left--; left < 0 {
					p.blocked = true
				}
				return true
			}
			p.dial(w, tr, 0)
			w.run(90 * time.Millisecond)
			p.send(w, 2)
			w.tellGate(orderSend, 1, 2, 0)
			w.run(time.Minute)
			if left >= 0 {
				t.Fatalf("only %d packets were sent", n-left)
			}
			w.empty()
			if p.loop.up || p.dialer().state != dialIdle {
				t.Fatalf("after %d packets the client is still up", n)
			}
			p.blocked, w.tap = false, nil
			l := w.login(p, tr)
			p.send(w, 2)
			w.run(time.Second)
			if l.got.last != 2 {
				t.Fatalf("after %d packets: %d of 2 messages of the new login", n, l.got.last)
			}
		}
	})
}
