package arq

import (
	"runtime"
	"testing"
)

// BenchmarkMessage is one message of 100 bytes to the other side, its
// acknowledgement, and all the flushes between.
func BenchmarkMessage(b *testing.B) {
	one, two := New[instant](1, testMTU), New[instant](1, testMTU)
	toTwo := func(s []byte) { two.Input(0, s) }
	toOne := func(s []byte) { one.Input(0, s) }
	body, into := make([]byte, 100), make([]byte, 0, 2048)
	b.ReportAllocs()
	for b.Loop() {
		one.Send(body)
		one.Flush(0, toTwo)
		if _, ok := two.Receive(into); !ok {
			b.Fatal("nothing arrived")
		}
		two.Flush(0, toOne)
	}
	if one.Waiting() != 0 {
		b.Fatal("unacknowledged")
	}
}

// BenchmarkLargeMessage is the same with 64 KiB.
func BenchmarkLargeMessage(b *testing.B) {
	one, two := New[instant](1, testMTU), New[instant](1, testMTU)
	toTwo := func(s []byte) { two.Input(0, s) }
	toOne := func(s []byte) { one.Input(0, s) }
	body, into := make([]byte, 64<<10), make([]byte, 0, 64<<10)
	// Before the first word of the other side, its window counts as 32.
	two.Send([]byte("x"))
	two.Flush(0, toOne)
	one.Receive(into)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		one.Send(body)
		one.Flush(0, toTwo)
		if _, ok := two.Receive(into); !ok {
			b.Fatal("nothing arrived")
		}
		two.Flush(0, toOne)
	}
}

// BenchmarkIdleFlush is the flush of a conversation with nothing to send.
func BenchmarkIdleFlush(b *testing.B) {
	a := New[instant](1, testMTU)
	for b.Loop() {
		a.Flush(0, func([]byte) {})
	}
}

// heldBytes is what n conversations hold, each, after a message in each direction.
func heldBytes(n int) int {
	kept := make([]*KCP[instant], n)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range kept {
		kept[i] = New[instant](1, testMTU)
		one, two := kept[i], New[instant](1, testMTU)
		for range 2 {
			one.Send(make([]byte, 100))
			one.Flush(0, func(s []byte) { two.Input(0, s) })
			two.Receive(nil)
			two.Flush(0, func(s []byte) { one.Input(0, s) })
			one, two = two, one
		}
		kept[i].Flush(0, func([]byte) {})
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(kept)
	return int(after.HeapAlloc-before.HeapAlloc) / n
}

func BenchmarkConversationBytes(b *testing.B) {
	held := 0
	for b.Loop() {
		held = heldBytes(1000)
	}
	b.ReportMetric(float64(held), "B/conversation")
}

func TestConversationIsSmall(t *testing.T) {
	if held := heldBytes(200); held > 20<<10 {
		t.Errorf("%d bytes a conversation", held)
	}
}
