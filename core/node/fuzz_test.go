package node

import (
	"encoding/binary"
	"testing"

	"messiah/core/wire"
)

// handshakeSteps is more deliveries than a handshake takes.
const handshakeSteps = 8

// FuzzConnData gives a host arbitrary bytes on a process connection, at any step
// of its life on either side. Nothing may panic; before the sender has proven itself,
// nothing may stay either, and the true peer's link stands and loses nothing.
func FuzzConnData(f *testing.F) {
	for _, seed := range hostileSeeds() {
		for step := range uint8(handshakeSteps) {
			f.Add(step, seed)
			f.Add(step|0x80, seed)
		}
	}
	f.Fuzz(func(t *testing.T, step uint8, data []byte) {
		w, gate, game := pair(t)
		c := w.cables[0]
		for range step & 0x7f % (handshakeSteps + 1) {
			if !w.deliver(c, 1) {
				w.deliver(c, 0)
			}
		}
		side := int(step >> 7)
		victim := c.ends[side].proc
		hc := victim.host.conns[c.ends[side].conn]
		trusted := hc != nil && hc.state == connReady
		if trusted {
			// It has the secret: it may say anything, and what it says is its own affair.
			c.ends[0].proc.node.t, c.ends[1].proc.node.t = nobody{}, nobody{}
			w.t = nobody{}
		}
		w.turn(victim, &Input{Kind: InConnData, Conn: c.ends[side].conn, Body: data})
		w.pass(5)
		if trusted {
			return
		}
		w.send(gate, game, 1)
		w.send(game, gate, 1)
		w.pass(5)
		for _, p := range [][2]*proc{{gate, game}, {game, gate}} {
			if got := between(p[0], p[1]); got.state != "up" || got.got != 1 || got.ups != 1 {
				t.Fatalf("afterwards %v knows of %v: %+v", p[0].id, p[1].id, *got)
			}
			if n := len(p[0].host.conns); n != 1 {
				t.Fatalf("%v has %d connections", p[0].id, n)
			}
		}
	})
}

// nobody is complained to in vain.
type nobody struct{}

func (nobody) Fatalf(string, ...any) {}

// hostileSeeds are frames of links, whole, cut and claiming too much.
func hostileSeeds() [][]byte {
	to := Peer{ID: NewID(Game, 1)}
	from := Peer{NewID(Gate, 1), 9}
	bodies := map[uint16][]byte{
		frameHello:     wire.Append(nil, &hello{version: testVersion, from: from, to: to}),
		frameChallenge: wire.Append(nil, &challenge{from: from}),
		frameProof:     wire.Append(nil, &proof{received: 1 << 60, resumes: true}),
		frameReady:     wire.Append(nil, &ready{received: 3}),
		frameRefuse:    wire.Append(nil, &refuse{reasonDead}),
		framePing:      binary.LittleEndian.AppendUint64(nil, 1<<63),
		typeNumber:     wire.Append(nil, &number{n: 1, to: to}),
		0:              nil,
		FirstType - 1:  {1, 2, 3},
	}
	var seeds [][]byte
	for typ := range uint16(FirstType + 1) {
		body, known := bodies[typ]
		if !known {
			continue
		}
		frame := wire.AppendFrame(nil, typ, 0, nil, body)
		seeds = append(seeds, frame, frame[:len(frame)-1], append(frame, frame...))
	}
	return append(seeds,
		wire.AppendFrame(nil, framePing, 0, nil, nil),
		wire.AppendFrame(nil, frameHello, 0, []uint64{1}, []byte{0xdd, 0xff, 0xff, 0xff, 0xff}),
		[]byte{0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0, 0, 0},
		make([]byte, 64),
	)
}
