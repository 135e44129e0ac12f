//go:build unix

package prod

import (
	"bytes"
	"encoding/binary"
	"net"
	"sync"
	"syscall"
	"testing"

	"messiah/core/node"
)

// processor returns how much processor time this process has used, in nanoseconds.
func processor(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano() + u.Stime.Nano())
}

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
			used := processor(b)
			start(b, q)
			await(b, c.done, "the answers")
			b.StopTimer()
			b.ReportMetric((processor(b)-used)/float64(b.N), "cpu-ns/op")
			n := p.Counters()
			b.ReportMetric(float64(n.Handlers)/float64(n.LinkWrites), "frames/write")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "echoes/s")
		})
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
	used := processor(b)
	defer func() { b.ReportMetric((processor(b)-used)/float64(b.N), "cpu-ns/op") }()
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

// BenchmarkStreamEcho is packets of 64 bytes from 100 plain connections with 20
// outstanding each, through a lane, the loop and the lane again, as a gate's messages go.
func BenchmarkStreamEcho(b *testing.B) {
	lane := func(env *node.LaneEnv, in *node.Input) {
		switch in.Kind {
		case node.InPacket:
			env.Answer(&node.Input{Kind: node.InAnswer, Endpoint: in.Endpoint, Body: in.Body})
		case node.InTask:
			env.Transmit(in.Endpoint, in.Body)
		}
	}
	loop := func(env *node.Env, in *node.Input) {
		if in.Kind == node.InAnswer {
			env.Offload(int(in.Lane), &node.Input{Endpoint: in.Endpoint, Body: in.Body})
		}
	}
	s := listenClients(b, "tcp://127.0.0.1:0")
	r := toyRole(toyGate, toyNode(loop), toyLane(lane))
	r.Clients, r.Host.Scribble = []ClientSocket{s}, false
	p := start(b, r)
	const clients, outstanding = 100, 20
	var group sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	used := processor(b)
	for range clients {
		group.Go(func() { echoStream(b, s.Addr()[len(schemeTCP):], b.N/clients, outstanding) })
	}
	group.Wait()
	b.StopTimer()
	b.ReportMetric((processor(b)-used)/float64(b.N), "cpu-ns/op")
	n := p.Counters()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "echoes/s")
	b.ReportMetric(float64(n.Handlers)/float64(n.Turns), "handlers/turn")
	b.ReportMetric(float64(n.PacketsOut)/float64(n.StreamWrites), "packets/write")
}

func echoStream(b *testing.B, addr string, total, outstanding int) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		b.Error(err)
		return
	}
	defer c.Close()
	packet := framed(make([]byte, 64))
	out := bytes.Repeat(packet, outstanding)
	in := make([]byte, len(out))
	sent, got := 0, 0
	for got < total*len(packet) {
		if more := min(got/len(packet)+outstanding, total) - sent; more > 0 {
			if _, err := c.Write(out[:more*len(packet)]); err != nil {
				b.Error(err)
				return
			}
			sent += more
		}
		n, err := c.Read(in)
		if err != nil {
			b.Error(err)
			return
		}
		got += n
	}
}
