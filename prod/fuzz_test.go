package prod

import (
	"bytes"
	"encoding/binary"
	"testing"

	"messiah/core/session"
)

// streamed puts the length before each packet.
func streamed(packets ...string) []byte {
	var b []byte
	for _, p := range packets {
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(p))), p...)
	}
	return b
}

// FuzzClientStream reads bytes from a client's connection, in pieces of any
// size: the packets are those that stand in the whole, and the buffer stays
// within a few times what has really come.
func FuzzClientStream(f *testing.F) {
	f.Add(uint16(1), streamed("hello"))
	f.Add(uint16(7), streamed("\x01hello", "\x03init", string(make([]byte, 5000))))
	f.Add(uint16(4096), streamed(string(make([]byte, session.MaxPacket))))
	f.Add(uint16(3), []byte{0xff, 0xff, 0xff, 0xff, 1})
	f.Add(uint16(3), []byte{0, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, piece uint16, b []byte) {
		var want [][]byte
		for rest := b; ; {
			packet, size, ok := nextPacket(rest)
			if !ok || packet == nil {
				break
			}
			want = append(want, packet)
			rest = rest[size+streamHead+len(packet):]
		}
		step := max(1, int(piece), len(b)/1024) // a long input byte by byte would show nothing more
		var got [][]byte
		buf, have := make([]byte, streamBuffer), 0
		for at := 0; at < len(b); {
			n := copy(buf[have:min(len(buf), have+step)], b[at:])
			if n == 0 {
				t.Fatalf("a buffer of %d bytes has no room behind %d", len(buf), have)
			}
			at, have = at+n, have+n
			used, next := 0, 0
			for {
				packet, size, ok := nextPacket(buf[used:have])
				if !ok {
					at = len(b) // cut off
					break
				}
				if packet == nil {
					next = size
					break
				}
				got = append(got, bytes.Clone(packet))
				used += streamHead + len(packet)
			}
			buf, have = keepRest(buf, used, have, streamRoom(have-used, next))
			if len(buf) > max(streamBuffer, 16*(have+1)) && len(buf) > 4*(streamHead+session.MaxPacket) {
				t.Fatalf("%d bytes wait in a buffer of %d", have, len(buf))
			}
		}
		if len(got) != len(want) {
			t.Fatalf("%d packets were read of %d", len(got), len(want))
		}
		for i := range got {
			if !bytes.Equal(got[i], want[i]) {
				t.Fatalf("packet %d is %x, not %x", i, got[i], want[i])
			}
		}
	})
}
