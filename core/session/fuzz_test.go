package session

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/klauspost/compress/s2"

	"messiah/core/node"
)

// A fuzz input is the number of a transport, then packets one after the other:
// how it comes, a length of two bytes, and as many bytes.
const (
	fuzzStranger = iota // from an address that was never seen, or on a new stream
	fuzzRaw             // from the other side's address
	fuzzSealed          // sealed by the other side
	fuzzOrdered         // sealed, and over datagrams put together by the ARQ
	fuzzTime            // time passes: as many ms as there are bytes
	fuzzEnd
)

// fuzzPackets visits the packets of an input.
func fuzzPackets(data []byte, visit func(how byte, packet []byte)) {
	for len(data) >= 3 {
		how, n := data[0]%fuzzEnd, int(binary.LittleEndian.Uint16(data[1:]))
		n = min(n, len(data)-3)
		visit(how, data[3:3+n])
		data = data[3+n:]
	}
}

// fuzzInput makes an input.
func fuzzInput(transport byte, packets ...any) []byte {
	data := []byte{transport}
	for i := 0; i < len(packets); i += 2 {
		b := packets[i+1].([]byte)
		data = append(data, byte(packets[i].(int)))
		data = binary.LittleEndian.AppendUint16(data, uint16(len(b)))
		data = append(data, b...)
	}
	return data
}

// plaintexts are good packets' contents, to begin from.
func plaintexts() [][]byte {
	batch := append([]byte{kindBatch, 0, 1, 5}, loginWord...)
	packed, _ := pack(nil, append([]byte{1, 100}, make([]byte, 100)...))
	return [][]byte{
		batch, append([]byte{kindBatch, batchPacked}, packed...), append([]byte{kindLatest, 0, 3}, "abc"...),
		append([]byte{kindPing}, make([]byte, 8)...), append([]byte{kindPong}, make([]byte, 8)...),
		appendReason(nil, kindClose, ReasonKicked), append([]byte{kindToken}, make([]byte, 16)...),
		appendBegin(nil, beginFresh, claim{}), appendBegin(nil, beginResume, claim{token: token{1}, session: node.NewSession(0, 0, 1)}),
		appendResumed(nil, 1, token{2}), appendReason(nil, kindRefused, ReasonGone),
		append([]byte{kindARQ}, fragmentOf(0, 1, batch)...),
	}
}

// fragmentOf is a whole message as a segment of the test's ARQ.
func fragmentOf(ack, number uint32, message []byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, ack)
	b = binary.LittleEndian.AppendUint32(b, number)
	return append(append(b, 1), message...)
}

func seedFuzz(f *testing.F) {
	f.Add([]byte{})
	for tr := range byte(2) {
		f.Add(fuzzInput(tr, fuzzStranger, appendHello(nil, 0, [randomLen]byte{}), fuzzRaw, make([]byte, initHead+96), fuzzRaw, make([]byte, overhead+5)))
		for _, plain := range plaintexts() {
			f.Add(fuzzInput(tr, fuzzSealed, plain, fuzzOrdered, plain, fuzzTime, make([]byte, 300)))
		}
	}
}

// fuzzed is a session that stands, at one of whose sides the packets come in.
type fuzzed struct {
	*world
	p      *player
	tr     transport
	number uint32 // of the next segment of the ARQ
}

func newFuzzed(t *testing.T, data []byte) (f *fuzzed, packets []byte) {
	f = &fuzzed{world: newWorld(t, options{}), tr: transports[0]}
	f.p = f.players[0]
	if len(data) > 0 {
		f.tr, packets = transports[data[0]%2], data[1:]
	}
	f.login(f.p, f.tr)
	f.loop.lenient, f.p.loop.lenient = true, true
	return f, packets
}

// seal seals a plaintext as a side would, without sending it.
func (f *fuzzed) seal(p *peer, how byte, plain []byte) []byte {
	if how == fuzzOrdered && f.tr.stream == 0 {
		plain = append([]byte{kindARQ}, fragmentOf(0, f.number, plain)...)
		f.number++
	}
	b := append(make([]byte, headerLen), plain...)
	p.sealed++
	putHeader(b, p.id, p.sealed)
	return p.out.seal(b, p.sealed)
}

// atRest checks that nothing stays of anybody, and that a client can still log in.
func (f *fuzzed) atRest() {
	f.p.blocked = true
	f.run(2 * (DefaultDeadAfter + DefaultGrace + graceMargin))
	f.empty()
	if f.p.loop.up || f.p.dialer().state != dialIdle {
		f.t.Fatalf("the client is still up")
	}
	f.p.blocked = false
	f.login(f.p, f.tr)
}

func FuzzShardPacket(f *testing.F) {
	seedFuzz(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		w, packets := newFuzzed(t, data)
		at, other := w.p.at, elsewhere(1)
		at.Stream, other.Stream = w.tr.stream, 900*w.tr.stream
		side := &w.p.dialer().peer
		w.number = 2
		fuzzPackets(packets, func(how byte, b []byte) {
			in := node.Input{Kind: node.InPacket, Endpoint: at, Body: clone(b)}
			switch {
			case how == fuzzTime:
				w.run(time.Duration(len(b)) * time.Millisecond)
				return
			case how == fuzzStranger:
				in.Endpoint = other
			case how != fuzzRaw && side.out.aead != nil:
				in.Body = w.seal(side, how, b)
			}
			w.step(&w.gate, nil, &in)
		})
		w.atRest()
	})
}

func FuzzDialerPacket(f *testing.F) {
	seedFuzz(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		w, packets := newFuzzed(t, data)
		at := gateAt
		at.Stream = w.tr.stream
		side := &w.shard().slots[0].peer
		w.number = 1
		fuzzPackets(packets, func(how byte, b []byte) {
			in := node.Input{Kind: node.InPacket, Endpoint: at, Body: clone(b)}
			switch {
			case how == fuzzTime:
				w.run(time.Duration(len(b)) * time.Millisecond)
				return
			case how == fuzzStranger:
				// An answer to the next handshake; whoever sends it has seen the question.
				w.p.dial(w.world, w.tr, FlagResume)
				in.Body = append(in.Body, make([]byte, acceptHead)...)
				copy(in.Body[prefixLen:], w.p.dialer().random[:])
				in.Endpoint.Stream = w.p.dialer().endpoint.Stream
			case how != fuzzRaw && side.out.aead != nil:
				in.Body = w.seal(side, how, b)
			}
			w.step(&w.p.side, w.p, &in)
		})
		w.atRest()
	})
}

func FuzzUnpack(f *testing.F) {
	f.Add([]byte{})
	f.Add(s2.Encode(nil, make([]byte, 100)))
	f.Add(s2.Encode(nil, []byte("avatar.move avatar.move avatar.move avatar.stop")))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x0f, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		content, ok := unpack(nil, data)
		if len(content) > maxBatch || len(content) > inflateRatio*len(data) {
			t.Fatalf("%d bytes unpack to %d", len(data), len(content))
		}
		if !ok {
			return
		}
		if packed, smaller := pack(nil, content); smaller {
			if again, ok := unpack(nil, packed); !ok || string(again) != string(content) {
				t.Fatal("what was unpacked does not come back")
			}
		}
	})
}
