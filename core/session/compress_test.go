package session

import (
	"bytes"
	"encoding/binary"
	"hash/fnv"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/klauspost/compress/s2"
	"pgregory.net/rapid"
)

// speech makes bytes that compress as calls do.
func speech(r *rand.Rand, n int) []byte {
	var b []byte
	for len(b) < n {
		switch r.IntN(3) {
		case 0:
			b = binary.LittleEndian.AppendUint64(b, uint64(r.IntN(1000)))
		case 1:
			b = append(b, "avatar.move.position.update"[:r.IntN(28)]...)
		case 2:
			b = append(b, byte(r.Uint32()))
		}
	}
	return b[:n]
}

func TestPackedIsSmaller(t *testing.T) {
	over(t, func(t *testing.T, tr transport) {
		sizes := map[int]int{}
		for _, from := range []int{-1, DefaultCompressFrom} {
			w := newWorld(t, options{
				shard:  func(cfg *ShardConfig) { cfg.Limits.CompressFrom = from },
				dialer: func(cfg *DialerConfig) { cfg.Limits.CompressFrom = from },
			})
			p := w.players[0]
			l := w.login(p, tr)
			w.tap = func(f *flight) bool { sizes[from] += len(f.packet); return true }
			p.loop.padding, w.loop.padding = 400, 400
			p.send(w, 40)
			w.tellGate(orderSend, l.key, 40, 0)
			w.run(time.Second)
			w.whole(p, l)
		}
		if 2*sizes[DefaultCompressFrom] > sizes[-1] {
			t.Fatalf("%d bytes packed, %d plain", sizes[DefaultCompressFrom], sizes[-1])
		}
	})
}

// Before the login is through nothing is packed, and a packed batch ends the session.
func TestNothingIsPackedBeforeTheLogin(t *testing.T) {
	w := newWorld(t, options{})
	w.loop.loginOn = false
	p := w.players[0]
	l := w.login(p, transports[0])
	p.loop.padding, w.loop.padding = 2000, 2000
	w.tap = func(f *flight) bool {
		if w.kindOf(f) == "batch" && len(f.packet) < 2000 && len(f.packet) > 300 {
			w.fail("a batch of %d bytes", len(f.packet))
		}
		return true
	}
	p.send(w, 1)
	w.tellGate(orderSend, l.key, 1, 0)
	w.run(time.Second)
	w.whole(p, l)
	w.tap = nil
	content := append(binary.AppendUvarint(nil, p.dialer().handled), binary.AppendUvarint(nil, 300)...)
	packed := s2.Encode(nil, append(content, make([]byte, 300)...))
	b := append(append(make([]byte, headerLen), kindBatch, batchPacked), packed...)
	d := p.dialer()
	d.sealed++
	putHeader(b, d.id, d.sealed)
	w.launch(&flight{p: p, up: true, conn: w.conns[0], packet: d.out.seal(b, d.sealed)})
	w.run(time.Second)
	if l.reason != ReasonBad {
		t.Fatalf("ended with %v", l.reason)
	}
}

func TestUnpackRefusesBombs(t *testing.T) {
	claim := func(n uint64, rest ...byte) []byte { return append(binary.AppendUvarint(nil, n), rest...) }
	for name, b := range map[string][]byte{
		"nothing":           {},
		"4 GiB":             claim(1<<32-1, 0),
		"over a batch":      claim(maxBatch+1, bytes.Repeat([]byte{0}, maxBatch)...),
		"over the ratio":    claim(64*4+1, 0, 0),
		"no length":         {0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"less than claimed": claim(50, 0, 'x'),
		"more than a batch": s2.Encode(nil, speech(rand.New(rand.NewPCG(1, 2)), maxBatch+1)),
		"zeros":             s2.Encode(nil, make([]byte, maxBatch)),
	} {
		var content []byte
		ok := true
		if allocated := testing.AllocsPerRun(1, func() { content, ok = unpack(nil, b) }); allocated > 1 || ok {
			t.Errorf("%s: unpacked to %d bytes in %v allocations", name, len(content), allocated)
		}
	}
}

func TestPackingIsFaithful(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
		content := speech(r, rapid.IntRange(0, maxBatch).Draw(rt, "length"))
		if rapid.Bool().Draw(rt, "zeros") {
			clear(content)
		}
		packed, smaller := pack(nil, content)
		if !smaller {
			return
		}
		got, ok := unpack(make([]byte, 10), packed)
		if len(packed) >= len(content) || !ok || !bytes.Equal(got, content) {
			rt.Fatalf("%d bytes packed to %d, unpacked %v to %d", len(content), len(packed), ok, len(got))
		}
	})
}

// The packed bytes are a part of every trace. They are the same on amd64 of each
// level and on arm64, where the library has assembler from one source; its plain Go is another
// encoder (build tag noasm), and so may be its next version.
func TestPackedBytesAreTheSameEverywhere(t *testing.T) {
	r, h := rand.New(rand.NewPCG(1, 2)), fnv.New64a()
	for range 300 {
		packed, _ := pack(nil, speech(r, 200+r.IntN(16_000)))
		h.Write(packed)
	}
	if got := h.Sum64(); got != 0xe2bd62e27ceccf34 {
		t.Fatalf("the packed bytes hash to %#x", got)
	}
}
