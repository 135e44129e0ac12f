package netsim

import (
	"testing"
	"time"

	"messiah/core/node"
)

// ring is a sink that keeps its events in order of time, as cheap as can be: all links here have one latency.
type ring struct {
	events []due
	head   int
	got    int
}

func (r *ring) Schedule(at node.Time, event Event) {
	if event.Op != opDial { // every dial here is answered
		r.events = append(r.events, due{at: at, event: event})
	}
}

func (r *ring) Up(*End) bool           { return true }
func (r *ring) Data(*End, []byte) bool { r.got++; return true }
func (r *ring) Down(*End) bool         { return true }
func (r *ring) Datagram(Site, node.Endpoint, []byte) bool {
	r.got++
	return true
}

func (r *ring) drain(n *Net) {
	for r.head < len(r.events) {
		d := r.events[r.head]
		r.head++
		n.Fire(d.at, d.event)
	}
	r.events, r.head = r.events[:0], 0
}

// One item through a network of LAN quality: in and out, with the event that carries it.
func BenchmarkItem(b *testing.B) {
	for _, datagrams := range []bool{false, true} {
		name := "connection"
		if datagrams {
			name = "datagram"
		}
		b.Run(name, func(b *testing.B) {
			sink := &ring{}
			choose := newChance(1)
			n := New(Config{
				Sink: sink, Stream: func(_, _ node.ID) Decider { return choose },
				Quality: func(_, _ node.ID) Profile { return Profile{Latency: 60 * time.Microsecond} },
			})
			client, server := n.AddSite(node.NewID(node.Game, 1)), n.AddSite(node.NewID(node.Gate, 1))
			n.SetReach(client, Here)
			n.SetReach(server, Here)
			n.Listen(server, "gate1")
			n.Serve(server)
			n.Dial(client, 1, "gate1")
			sink.drain(n)
			conn := uint64(n.conns[0].gen)<<32 | uint64(n.conns[0].index)<<1
			body, to := make([]byte, 100), n.EndpointOf(server)
			now, before, sent := node.Time(time.Minute), sink.got, 0
			b.ReportAllocs()
			for b.Loop() {
				now += 1000
				n.At(now, 0)
				if datagrams {
					n.SendDatagram(client, to, body)
				} else {
					n.Write(conn, body)
				}
				if sent++; sent%8 == 0 {
					sink.drain(n)
				}
			}
			sink.drain(n)
			if sink.got-before != sent {
				b.Fatalf("%d of %d arrive", sink.got-before, sent)
			}
		})
	}
}
