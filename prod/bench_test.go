package prod

import (
	"encoding/binary"
	"net"
	"testing"

	"messiah/core/node"
)

// BenchmarkLinkEcho is one frame there and back between two processes over
// loopback; ns/op is for both ways.
func BenchmarkLinkEcho(b *testing.B) {
	for _, c := range []struct {
		name        string
		outstanding uint64
	}{{"1", 1}, {"100", 100}, {"4000", 4000}} {
		b.Run(c.name, func(b *testing.B) {
			l := listenLinks(b)
			r := toyRole(toyGate, newAnswerer())
			r.Links, r.Host.Scribble = l, false
			p := start(b, r)
			c := newCaller(toyGate, l.Addr().String(), uint64(b.N), c.outstanding, 64)
			q := toyRole(toyGame, c)
			q.Host.Scribble = false
			b.ResetTimer()
			start(b, q)
			await(b, c.done, "the answers")
			b.StopTimer()
			n := p.Counters()
			b.ReportMetric(float64(n.Handlers)/float64(n.LinkWrites), "frames/write")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "echoes/s")
		})
	}
}

// echoLane sends each packet back where it came from.
func echoLane(env *node.LaneEnv, in *node.Input) {
	if in.Kind == node.InPacket {
		env.Transmit(in.Endpoint, in.Body)
	}
}

// BenchmarkDatagramEcho is datagrams of 100 bytes through two lanes that send
// them back, from a plain socket with 64 outstanding.
func BenchmarkDatagramEcho(b *testing.B) {
	s := listenClients(b, "kcp://127.0.0.1:0")
	r := toyRole(toyGate, toyNode(func(*node.Env, *node.Input) {}), toyLane(echoLane), toyLane(echoLane))
	r.Clients, r.Host.Scribble = []ClientSocket{s}, false
	r.Route = func(packet []byte, lanes int) int { return int(packet[0]) % lanes }
	start(b, r)
	c, err := net.Dial("udp", s.Addr()[len(schemeKCP):])
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	out, in := make([]byte, 100), make([]byte, 2048)
	b.ReportAllocs()
	b.ResetTimer()
	for sent, got := 0, 0; got < b.N; {
		for ; sent < b.N && sent < got+64; sent++ {
			binary.LittleEndian.PutUint32(out, uint32(sent))
			if _, err := c.Write(out); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := c.Read(in); err != nil {
			b.Fatal(err)
		}
		got++
	}
}
