package decoders

import (
	"bytes"
	"testing"
	"time"

	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/session"
)

// lanes is more than a gate has here.
const lanes = 8

// FuzzStranger takes bytes as the first packet that a gate's lane sees of an
// address, as a datagram and as a stream's. A stranger's datagram is answered with
// no more than it sent, and nothing is kept of it before it has proven its address;
// what it sent falls to one of the lanes that there are.
func FuzzStranger(f *testing.F) {
	for _, b := range recorded().packets {
		f.Add(b)
	}
	f.Add([]byte{})
	key, err := session.KeyPairOf([32]byte{1})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for n := 1; n <= lanes; n++ {
			if at := session.ShardOf(b, n); at < 0 || at >= n {
				t.Fatalf("lane %d of %d", at, n)
			}
		}
		for _, stream := range []uint32{0, 7} {
			shard := session.NewShard(session.ShardConfig{Version: proto.Version(0, 0), Key: key, Validate: proto.ValidateClient})
			host := node.NewLaneHost(shard, 0, make([]byte, node.EntropySize), func(string) {})
			now := node.Time(time.Second)
			in := node.Input{Kind: node.InPacket, Endpoint: node.Endpoint{Port: 1, Stream: stream}, Body: bytes.Clone(b)}
			bounded(t, len(b), func() {
				host.Step(now, int64(now), &in)
				host.Step(now, int64(now), &node.Input{Kind: node.InFlush})
			})
			answered := 0
			for _, p := range host.Packets() {
				answered += len(p.Bytes)
			}
			if stream == 0 && answered > len(b) {
				t.Fatalf("%d bytes from a stranger are answered with %d", len(b), answered)
			}
			// A stream that has greeted has a place, of which there are few; a datagram's sender has none.
			if shard.Len() != shard.Greeted() || shard.HalfOpen() != 0 || stream == 0 && shard.Greeted() != 0 {
				t.Fatalf("the lane keeps %d sessions, %d and %d half open", shard.Len(), shard.HalfOpen(), shard.Greeted())
			}
		}
	})
}
