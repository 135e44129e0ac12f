package decoders

import (
	"runtime/metrics"
	"testing"
)

// What a decoder may allocate for n bytes: a share of each byte, and what stands
// in no relation to them. The runtime counts small objects a span at a time,
// which the fixed part covers.
const (
	spentFixed   = 4 << 20
	spentPerByte = 256
)

// bounded runs a decoder on n bytes and fails if it allocates more than they are worth.
func bounded(t *testing.T, n int, decode func()) {
	t.Helper()
	before := allocated()
	decode()
	if spent := allocated() - before; spent > spentFixed+spentPerByte*uint64(n) {
		t.Fatalf("%d bytes made the decoder allocate %d", n, spent)
	}
}

// allocated returns how many bytes this process has allocated so far.
func allocated() uint64 {
	sample := [1]metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample[:])
	return sample[0].Value.Uint64()
}

func TestTheBoundNoticesAnAllocation(t *testing.T) {
	before := allocated()
	kept = make([]byte, 2*spentFixed)
	if spent := allocated() - before; spent < 2*spentFixed {
		t.Errorf("%d bytes were counted of %d", spent, 2*spentFixed)
	}
	kept = nil
}

// kept keeps an allocation from being optimised away.
var kept []byte
