package arq

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	kcp "github.com/xtaci/kcp-go/v5"
)

// forge makes one segment. A length below 0 stands for that of the data.
func forge(command, fragments byte, number, expected uint32, length int64, data []byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, testConversation)
	b = append(b, command, fragments, Window, 0)
	b = append(b, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, number)
	b = binary.LittleEndian.AppendUint32(b, expected)
	if length < 0 {
		length = int64(len(data))
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(length))
	return append(b, data...)
}

func push(fragments byte, number uint32, data []byte) []byte {
	return forge(kcp.IKCP_CMD_PUSH, fragments, number, 0, -1, data)
}

func TestInputRefuses(t *testing.T) {
	good := push(0, 0, []byte("x"))
	foreign := bytes.Clone(good)
	foreign[0]++
	table := map[string][]byte{
		"nothing":                    nil,
		"less than a head":           good[:headLen-1],
		"less than it says":          good[:headLen],
		"a length of 4 GiB":          forge(kcp.IKCP_CMD_PUSH, 0, 0, 0, 1<<32-1, []byte("x")),
		"a length of 2 GiB":          forge(kcp.IKCP_CMD_PUSH, 0, 0, 0, 1<<31, []byte("x")),
		"rubbish behind":             append(bytes.Clone(good), 1, 2, 3),
		"another conversation":       foreign,
		"an unknown command":         forge(80, 0, 0, 0, -1, nil),
		"data with a probe":          forge(kcp.IKCP_CMD_WASK, 0, 0, 0, -1, []byte("x")),
		"more than the MTU":          push(0, 0, make([]byte, testMTU-headLen+1)),
		"more than a library buffer": push(0, 0, make([]byte, 1501)),
		"more fragments than fit":    push(Window, 0, []byte("x")),
		"255 fragments to follow":    push(255, 0, []byte("x")),
		"an ack of what was unsent":  forge(kcp.IKCP_CMD_ACK, 0, 0, 0, -1, nil),
		"expects what was unsent":    forge(kcp.IKCP_CMD_WINS, 0, 0, 1, -1, nil),
		"good, then bad":             append(bytes.Clone(good), foreign...),
	}
	for name, b := range table {
		a := New[instant](testConversation, testMTU)
		if a.Input(0, b) {
			t.Errorf("%s: accepted", name)
		}
		if _, ok := a.Receive(nil); ok || a.Stats().Malformed != 1 {
			t.Errorf("%s: something came of it: %+v", name, a.Stats())
		}
	}
	if !New[instant](testConversation, testMTU).Input(0, good) {
		t.Error("the good one is refused")
	}
}

// TestFragmentsThatDoNotAddUp: those of a liar neither panic nor stop up the window.
func TestFragmentsThatDoNotAddUp(t *testing.T) {
	for fragments := range Window {
		a := New[instant](testConversation, testMTU)
		received := 0
		for n := range uint32(4 * Window) {
			if !a.Input(0, push(byte(fragments), n, []byte("x"))) {
				t.Fatalf("%d to follow: fragment %d is refused", fragments, n)
			}
			for {
				m, ok := a.Receive(nil)
				if !ok {
					break
				}
				received += len(m)
			}
		}
		if left := 4*Window - received; left > fragments {
			t.Errorf("%d to follow: %d fragments stay", fragments, left)
		}
	}
}

func TestSendRefuses(t *testing.T) {
	a := New[instant](testConversation, testMTU)
	largest := Window * (testMTU - headLen)
	if err := a.TrySend(nil); !errors.Is(err, ErrEmpty) {
		t.Errorf("nothing: %v", err)
	}
	if err := a.TrySend(make([]byte, largest+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	for range MaxWaiting / Window {
		if err := a.TrySend(make([]byte, largest)); err != nil {
			t.Errorf("largest: %v", err)
		}
	}
	if err := a.TrySend([]byte("x")); !errors.Is(err, ErrFull) {
		t.Errorf("full: %v", err)
	}
	if _, isDead := a.Flush(0, func([]byte) {}); isDead || a.Waiting() != MaxWaiting {
		t.Errorf("after TrySend: dead %v, %d wait", isDead, a.Waiting())
	}
	a.Send([]byte("x"))
	if _, isDead := a.Flush(0, func([]byte) {}); !isDead || a.Waiting() != MaxWaiting {
		t.Errorf("after Send: dead %v, %d wait", isDead, a.Waiting())
	}
	if err := a.TrySend([]byte("x")); !errors.Is(err, ErrClosed) {
		t.Errorf("broken: %v", err)
	}
}

func TestClosedDoesNothing(t *testing.T) {
	a := New[instant](testConversation, testMTU)
	a.Send([]byte("x"))
	a.Close()
	again, isDead := a.Flush(0, func([]byte) { t.Error("put something out") })
	if again != never || !isDead || a.Waiting() != 0 || !a.Stats().Dead {
		t.Errorf("again %d, dead %v, %+v", again, isDead, a.Stats())
	}
	if a.Input(0, push(0, 0, []byte("x"))) {
		t.Error("takes input")
	}
	if m, ok := a.Receive([]byte("y")); ok || string(m) != "y" {
		t.Errorf("receives %q", m)
	}
	if err := a.TrySend([]byte("x")); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	a.Close()
}

func TestMTUOutOfRangePanics(t *testing.T) {
	for _, mtu := range []int{-1, MinMTU - 1, MaxMTU + 1} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("MTU %d is accepted", mtu)
				}
			}()
			New[instant](1, mtu)
		}()
	}
}

// FuzzInput feeds a side with what the fuzzer makes up, as datagrams of which
// each begins with a byte for its length and one for what happens after it. Bytes
// may be well-formed heads, so the conversation number is written for it.
func FuzzInput(f *testing.F) {
	entry := func(after byte, b []byte) []byte { return append([]byte{byte(len(b)), after}, b...) }
	f.Add(entry(0, push(0, 0, []byte("hello"))))
	f.Add(append(entry(1, push(1, 0, []byte("he"))), entry(2, push(0, 1, []byte("llo")))...))
	f.Add(entry(3, forge(kcp.IKCP_CMD_ACK, 0, 0, 1, -1, nil)))
	f.Add(append(entry(17, nil), entry(3, forge(kcp.IKCP_CMD_ACK, 0, 1, 0, -1, nil))...))
	f.Add(entry(7, append(forge(kcp.IKCP_CMD_WASK, 0, 0, 0, -1, nil), push(255, 7, []byte("x"))...)))
	f.Fuzz(func(t *testing.T, script []byte) {
		synctest.Test(t, func(t *testing.T) { playScript(t, script) })
	})
}

// What happens after a datagram of a script.
const (
	thenFlush = 1 << iota
	thenReceive
	thenSend
	foreign // the conversation number is the fuzzer's
	thenWait
)

func playScript(t *testing.T, script []byte) {
	a := New[instant](testConversation, testMTU)
	a.Send(make([]byte, 5000))
	discard := func(b []byte) {
		if len(b) == 0 || len(b) > testMTU {
			t.Fatalf("datagram of %d bytes", len(b))
		}
	}
	for len(script) >= 2 {
		after := script[1]
		n := min(int(script[0]), len(script)-2)
		b := bytes.Clone(script[2 : 2+n])
		script = script[2+n:]
		if n >= headLen && after&foreign == 0 {
			binary.LittleEndian.PutUint32(b, testConversation)
		}
		a.Input(now(), b)
		if after&thenFlush != 0 {
			a.Flush(now(), discard)
		}
		for ok := after&thenReceive != 0; ok; {
			_, ok = a.Receive(nil)
		}
		if after&thenSend != 0 {
			a.Send([]byte("x"))
		}
		if after&thenWait != 0 {
			time.Sleep(70 * time.Millisecond)
		}
	}
	a.Flush(now(), discard)
	if n := a.Stats().Waiting; n > MaxWaiting {
		t.Fatalf("%d segments wait", n)
	}
}
