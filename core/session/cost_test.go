package session

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"messiah/core/arq"
	"messiah/core/node"
)

// wires is one session between two bare lanes, without loops: what costs there is the session's own.
type wires struct {
	shard, dialer *node.LaneHost
	at, to        node.Endpoint // what the shard and the dialer call the path between them
	session       node.Session
	now           node.Time
	got           int // messages that reached the shard's loop

	// Inputs that are used again, so that what allocates is the lanes.
	flush, wake, packet node.Input
}

func newWires(tb testing.TB, tr transport, newARQ NewARQ) *wires {
	tb.Helper()
	w := &wires{
		now: node.Time(time.Second), at: elsewhere(1), flush: node.Input{Kind: node.InFlush}, wake: node.Input{Kind: node.InWake}, packet: node.Input{Kind: node.InPacket},
	}
	w.shard = node.NewLaneHost(NewShard(ShardConfig{
		Version: testVersion, Key: testKey(1), NewARQ: newARQ, AckOnReceipt: true,
		MessageRate: 1 << 40, MessageBurst: 1 << 40, ByteRate: 1 << 30, ByteBurst: 1 << 34, HandshakeRate: 1 << 30, HandshakeBurst: 1 << 30,
	}), 0, make([]byte, node.EntropySize), nil)
	w.dialer = w.newDialer(newARQ)
	w.connect(tb, w.dialer, tr)
	return w
}

func (w *wires) newDialer(newARQ NewARQ) *node.LaneHost {
	w.at.Port++
	entropy := make([]byte, node.EntropySize)
	binary.LittleEndian.PutUint16(entropy, w.at.Port)
	return node.NewLaneHost(NewDialer(DialerConfig{
		Version: testVersion, ServerKey: testKey(1).Public, NewARQ: newARQ,
	}), 0, entropy, nil)
}

// connect makes a session of a dialer and lets it be logged in.
func (w *wires) connect(tb testing.TB, dialer *node.LaneHost, tr transport) {
	to := gateAt
	to.Stream = tr.stream
	dialer.Step(w.now, 0, &node.Input{Kind: node.InTask, Type: TaskDial, Endpoint: to})
	if tr.stream != 0 {
		w.at.Stream++
		dialer.Sent()
		dialer.Step(w.now, 0, &node.Input{Kind: node.InStreamUp, Endpoint: to})
	}
	for range 8 {
		w.carry(dialer, w.shard, w.at)
		w.carry(w.shard, dialer, to)
	}
	w.to = to
	w.session = dialer.Lane().(*Dialer).Session()
	if w.session == 0 {
		tb.Fatal("no session")
	}
	w.shard.Step(w.now, 0, &node.Input{Kind: node.InTask, Type: TaskLoggedIn, Session: w.session})
	for range 3 {
		w.carry(w.shard, dialer, to)
		w.carry(dialer, w.shard, w.at)
	}
}

// carry ends a lane's batch and brings its packets to the other, which calls its end by that name.
func (w *wires) carry(from, to *node.LaneHost, name node.Endpoint) {
	from.Step(w.now, 0, &w.flush)
	for _, p := range from.Packets() {
		if len(p.Bytes) > 0 {
			w.packet.Endpoint, w.packet.Body = name, p.Bytes
			to.Step(w.now, 0, &w.packet)
		}
	}
	from.Sent()
	answers := to.Answers()
	for {
		in, ok := answers.Pop()
		if !ok {
			break
		}
		if in.Kind == node.InClient {
			w.got++
		}
	}
	answers.Recycle()
}

// round sends a batch of messages up and what answers it down.
func (w *wires) round(task *node.Input, batch int) {
	w.now = w.now.Add(DefaultAckDelay)
	for range batch {
		w.dialer.Step(w.now, 0, task)
	}
	w.carry(w.dialer, w.shard, w.at)
	w.shard.Step(w.now, 0, &w.wake)
	w.carry(w.shard, w.dialer, w.to)
	w.dialer.Step(w.now, 0, &w.wake)
}

func realARQ(conversation uint32, mtu int) ARQ { return arq.New[node.Time](conversation, mtu) }

// incompressible fills a body with what does not compress.
func incompressible(n int) []byte {
	b := make([]byte, n)
	x := uint64(88172645463325252)
	for i := 0; i+8 <= n; i += 8 {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		binary.LittleEndian.PutUint64(b[i:], x)
	}
	return b
}

// lossless is an ARQ for a path that loses nothing. It allocates nothing, as the
// real one does for each segment, so that what allocates is the session.
type lossless struct {
	out, in []byte // segments with two bytes of length before each
	taken   int
}

func newLossless(uint32, int) ARQ { return &lossless{} }

func (a *lossless) Send(message []byte) {
	a.out = append(binary.LittleEndian.AppendUint16(a.out, uint16(len(message))), message...)
}

func (a *lossless) Input(_ node.Time, b []byte) bool {
	a.in = append(binary.LittleEndian.AppendUint16(a.in, uint16(len(b))), b...)
	return true
}

func (a *lossless) Receive(dst []byte) ([]byte, bool) {
	if a.taken == len(a.in) {
		a.in, a.taken = a.in[:0], 0
		return dst, false
	}
	n := int(binary.LittleEndian.Uint16(a.in[a.taken:]))
	dst = append(dst, a.in[a.taken+2:a.taken+2+n]...)
	a.taken += 2 + n
	return dst, true
}

func (a *lossless) Flush(_ node.Time, output func([]byte)) (node.Time, bool) {
	for at := 0; at < len(a.out); {
		n := int(binary.LittleEndian.Uint16(a.out[at:]))
		output(a.out[at+2 : at+2+n])
		at += 2 + n
	}
	a.out = a.out[:0]
	return node.Never, false
}

func (a *lossless) Waiting() int { return 0 }

// One message in steady state: taken, batched, sealed, opened, delivered and acknowledged.
func TestMessagesAllocateNothing(t *testing.T) {
	over(t, func(t *testing.T, tr transport) {
		for _, batch := range []int{1, 20} {
			w := newWires(t, tr, newLossless)
			for _, body := range [][]byte{incompressible(100), make([]byte, 100)} {
				task := &node.Input{Kind: node.InTask, Type: TaskSend, Body: body}
				for range 200 {
					w.round(task, batch)
				}
				before := w.got
				if n := testing.AllocsPerRun(100, func() { w.round(task, batch) }); n != 0 {
					t.Errorf("%s, batches of %d: %v allocations a round", tr.name, batch, n)
				}
				if w.got != before+101*batch {
					t.Errorf("%s, batches of %d: %d of %d messages came", tr.name, batch, w.got-before, 101*batch)
				}
			}
		}
	})
}

// BenchmarkMessage is one message through both lanes, its share of the
// acknowledgement included.
func BenchmarkMessage(b *testing.B) {
	for _, tr := range transports {
		for _, size := range []int{16, 100} {
			for _, batch := range []int{1, 20} {
				b.Run(fmt.Sprintf("%s/%dB/batch%d", tr.name, size, batch), func(b *testing.B) {
					w := newWires(b, tr, realARQ)
					task := &node.Input{Kind: node.InTask, Type: TaskSend, Body: incompressible(size)}
					b.ReportAllocs()
					b.SetBytes(int64(size))
					for range b.N/batch + 1 {
						w.round(task, batch)
					}
				})
			}
		}
	}
}

// BenchmarkHandshake is one whole handshake and login, both sides.
func BenchmarkHandshake(b *testing.B) {
	for _, tr := range transports {
		b.Run(tr.name, func(b *testing.B) {
			w := newWires(b, tr, realARQ)
			b.ReportAllocs()
			for range b.N {
				w.now = w.now.Add(time.Millisecond)
				dialer := w.newDialer(realARQ)
				w.connect(b, dialer, tr)
				dialer.Step(w.now, 0, &node.Input{Kind: node.InTask, Type: TaskClose})
				w.carry(dialer, w.shard, w.at)
				w.shard.Step(w.now, 0, &node.Input{Kind: node.InTask, Type: TaskClose, Session: w.session})
				w.carry(w.shard, dialer, w.to)
			}
		})
	}
}

// BenchmarkPing is one heartbeat and its answer.
func BenchmarkPing(b *testing.B) {
	w := newWires(b, transports[0], realARQ)
	b.ReportAllocs()
	for range b.N {
		w.now = w.now.Add(DefaultHeartbeat)
		w.shard.Step(w.now, 0, &w.wake)
		w.carry(w.shard, w.dialer, w.to)
		w.carry(w.dialer, w.shard, w.at)
	}
}
