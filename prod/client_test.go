package prod

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"messiah/core/node"
	"messiah/core/session"
)

// idle is a node that stops when it is asked to.
func idle(env *node.Env, in *node.Input) {
	if in.Kind == node.InStop {
		env.Done()
	}
}

// gateWith starts a role with one client socket.
func gateWith(t testing.TB, addr string, n node.Node, lanes ...node.Lane) (*Process, string) {
	t.Helper()
	s := listenClients(t, addr)
	r := toyRole(toyGate, n, lanes...)
	r.Clients = []ClientSocket{s}
	r.Route = func(packet []byte, lanes int) int { return int(packet[0]) % lanes }
	_, hostPort, _ := strings.Cut(s.Addr(), "//")
	return start(t, r), hostPort
}

func framed(packet []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(nil, uint32(len(packet))), packet...)
}

// streamClient is a plain connection to a gate.
type streamClient struct {
	*net.TCPConn
	t testing.TB
}

func dialTCP(t testing.TB, addr string) streamClient {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return streamClient{c.(*net.TCPConn), t}
}

func (c streamClient) send(packet []byte) {
	c.t.Helper()
	if _, err := c.Write(framed(packet)); err != nil {
		c.t.Fatal(err)
	}
}

func (c streamClient) receive() []byte {
	c.t.Helper()
	head := make([]byte, streamHead)
	if _, err := io.ReadFull(c, head); err != nil {
		c.t.Fatal(err)
	}
	packet := make([]byte, binary.LittleEndian.Uint32(head))
	if _, err := io.ReadFull(c, packet); err != nil {
		c.t.Fatal(err)
	}
	return packet
}

// ended reads to the end of a connection that the gate closes.
func (c streamClient) ended() {
	c.t.Helper()
	if _, err := io.Copy(io.Discard, c); errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Fatal("the gate has not closed the connection")
	}
}

func TestStreamPacketsComeBackWholeAndInOrder(t *testing.T) {
	_, addr := gateWith(t, "tcp://127.0.0.1:0", toyNode(idle), toyLane(echoLane), toyLane(echoLane))
	c := dialTCP(t, addr)
	sizes := []int{1, 2, 100, streamBuffer - streamHead, streamBuffer, 10_000, session.MaxPacket, 8}
	go func() {
		for i, size := range sizes {
			packet := make([]byte, size)
			packet[0], packet[size-1] = byte(i), byte(i)
			// In two pieces, so that a packet's head and body may come apart.
			b := framed(packet)
			_, _ = c.Write(b[:2])
			_, _ = c.Write(b[2:])
		}
	}()
	for i, size := range sizes {
		packet := c.receive()
		if len(packet) != size || packet[0] != byte(i) || packet[size-1] != byte(i) {
			t.Errorf("packet %d came back with %d bytes, first %d", i, len(packet), packet[0])
		}
	}
}

func TestAStreamStaysWithTheLaneOfItsFirstPacket(t *testing.T) {
	say := func(env *node.LaneEnv, in *node.Input) {
		switch in.Kind {
		case node.InStreamUp:
			env.Transmit(in.Endpoint, []byte{0xff})
		case node.InPacket:
			env.Transmit(in.Endpoint, []byte{byte(env.Index())})
		}
	}
	_, addr := gateWith(t, "tcp://127.0.0.1:0", toyNode(idle), toyLane(say), toyLane(say))
	c := dialTCP(t, addr)
	c.send([]byte{1})
	if up := c.receive(); up[0] != 0xff {
		t.Errorf("the lane answers %x, want it to hear first that the stream stands", up)
	}
	for i := range byte(4) {
		if got := c.receive(); got[0] != 1 {
			t.Errorf("lane %d answers, want 1", got[0])
		}
		c.send([]byte{i})
	}
}

func TestAPacketOverTheLimitEndsItsStreamAlone(t *testing.T) {
	p, addr := gateWith(t, "tcp://127.0.0.1:0", toyNode(idle), toyLane(echoLane))
	good, bad, empty := dialTCP(t, addr), dialTCP(t, addr), dialTCP(t, addr)
	good.send([]byte("before"))
	good.receive()
	head := binary.LittleEndian.AppendUint32(nil, session.MaxPacket+1)
	if _, err := bad.Write(head); err != nil {
		t.Fatal(err)
	}
	bad.ended()
	if _, err := empty.Write(make([]byte, streamHead)); err != nil {
		t.Fatal(err)
	}
	empty.ended()
	good.send([]byte("after"))
	if got := good.receive(); string(got) != "after" {
		t.Errorf("the other client gets %q", got)
	}
	if cut := p.Counters().StreamsCut; cut != 2 {
		t.Errorf("%d streams cut, want 2", cut)
	}
}

// Four bytes that claim a packet of the largest size are not worth its room.
func TestTheRoomOfAStreamGrowsWithWhatCame(t *testing.T) {
	for _, size := range []int{1 + streamHead, streamBuffer, streamBuffer + 1, 30_000, streamHead + session.MaxPacket} {
		for have, room := 0, 0; have < size; have = room {
			room = streamRoom(have, size)
			if room <= have || room > max(streamBuffer, 4*have) {
				t.Fatalf("%d of %d bytes have a room of %d", have, size, room)
			}
		}
	}
}

func TestAClientThatNeverReadsIsCutOffAlone(t *testing.T) {
	down := make(chan node.Endpoint, 2)
	lane := func(env *node.LaneEnv, in *node.Input) {
		if in.Kind == node.InStreamDown {
			down <- in.Endpoint
		}
		echoLane(env, in)
	}
	p, addr := gateWith(t, "tcp://127.0.0.1:0", toyNode(idle), toyLane(lane))
	reader, hoarder := dialTCP(t, addr), dialTCP(t, addr)
	if err := hoarder.SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	go func() {
		// Until the gate closes: far over what both systems' socket buffers and the bound hold.
		packet := framed(make([]byte, 30<<10))
		for {
			if _, err := hoarder.Write(packet); err != nil {
				return
			}
		}
	}()
	for {
		reader.send([]byte("still there?"))
		if got := reader.receive(); string(got) != "still there?" {
			t.Fatalf("the other client gets %q", got)
		}
		select {
		case at := <-down:
			if port := hoarder.LocalAddr().(*net.TCPAddr).Port; int(at.Port) != port {
				t.Errorf("port %d is cut off, want that of the hoarder, %d", at.Port, port)
			}
			if cut := p.Counters().StreamsCut; cut != 1 {
				t.Errorf("%d streams cut, want 1", cut)
			}
			return
		default:
		}
	}
}

func TestCloseStreamDeliversWhatWasWritten(t *testing.T) {
	heard := make(chan node.InputKind, 10)
	lane := func(env *node.LaneEnv, in *node.Input) {
		switch in.Kind {
		case node.InPacket:
			heard <- in.Kind
			env.Transmit(in.Endpoint, make([]byte, session.MaxPacket))
			env.Transmit(in.Endpoint, []byte("farewell"))
			env.CloseStream(in.Endpoint)
		case node.InStreamDown:
			heard <- in.Kind
		}
	}
	p, addr := gateWith(t, "tcp://127.0.0.1:0", toyNode(idle), toyLane(lane))
	c := dialTCP(t, addr)
	c.send([]byte("go"))
	c.receive()
	if got := c.receive(); string(got) != "farewell" {
		t.Errorf("the last packet is %q", got)
	}
	c.ended()
	c.send([]byte("what the lane is not to hear any more"))
	_ = c.Close()
	p.Stop()
	await(t, p.Done(), "the end")
	if len(heard) != 1 {
		t.Errorf("the lane heard %d inputs of a stream that it closed at the first", len(heard))
	}
}

// dialler is a client's lane: it dials, says its word and passes on what comes.
type dialler struct {
	toyLane
	got chan string
}

func newDialler(to node.Endpoint) dialler {
	got := make(chan string, 10)
	return dialler{got: got, toyLane: func(env *node.LaneEnv, in *node.Input) {
		switch in.Kind {
		case node.InStart:
			env.DialStream(to)
		case node.InStreamUp:
			env.Transmit(in.Endpoint, []byte("hello"))
		case node.InPacket:
			got <- string(in.Body)
			env.CloseStream(in.Endpoint)
		case node.InStreamDown:
			got <- "down"
		}
	}}
}

func endpoint(t testing.TB, hostPort string, stream uint32) node.Endpoint {
	t.Helper()
	at, err := net.ResolveTCPAddr("tcp", hostPort)
	if err != nil {
		t.Fatal(err)
	}
	e := node.Endpoint{Port: uint16(at.Port), Stream: stream}
	copy(e.IP[:], at.IP.To16())
	return e
}

func TestALaneDialsAStreamByItsOwnNumber(t *testing.T) {
	_, addr := gateWith(t, "tcp://127.0.0.1:0", toyNode(idle), toyLane(echoLane))
	lane := newDialler(endpoint(t, addr, 7))
	start(t, toyRole(node.NewID(node.Client, 1), toyNode(idle), lane))
	if got := await(t, lane.got, "the echo"); got != "hello" {
		t.Errorf("the client gets %q", got)
	}
}

func TestADialThatFailsIsAnsweredByItsEnd(t *testing.T) {
	s := listenClients(t, "tcp://127.0.0.1:0")
	_, nobody, _ := strings.Cut(s.Addr(), "//")
	_ = s.Close()
	lane := newDialler(endpoint(t, nobody, 7))
	start(t, toyRole(node.NewID(node.Client, 1), toyNode(idle), lane))
	if got := await(t, lane.got, "the end of the dial"); got != "down" {
		t.Errorf("the client gets %q", got)
	}
}

func TestDatagramsMakeTheRoundTripInBatches(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "[::1]", "[::]"} {
		t.Run(host, func(t *testing.T) {
			addr := schemeKCP + host + ":0"
			s, err := ListenClients(addr)
			if err != nil && strings.Contains(host, ":") {
				t.Logf("no IPv6 here: %v", err)
				return
			}
			_ = s.Close()
			p, hostPort := gateWith(t, addr, toyNode(idle), toyLane(echoLane), toyLane(echoLane))
			hostPort = strings.Replace(hostPort, "[::]", "127.0.0.1", 1)
			c, err := net.Dial("udp", hostPort)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			echoDatagrams(t, c, 4000, 50)
			for i := range p.Lanes() {
				p.DoLane(i, func(*node.LaneHost) {}) // both have counted what they sent
			}
			n := p.Counters()
			if n.PacketsIn != 4000 || n.PacketsOut != 4000 || n.PacketsDropped != 0 {
				t.Errorf("%d in, %d out, %d dropped, want 4000, 4000, 0", n.PacketsIn, n.PacketsOut, n.PacketsDropped)
			}
		})
	}
}

// echoDatagrams sends numbered datagrams, so many outstanding, and expects each
// back once; loopback loses none while they fit into the sockets' buffers.
func echoDatagrams(t *testing.T, c net.Conn, total, outstanding int) {
	t.Helper()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	seen := make([]bool, total)
	b := make([]byte, 2048)
	for sent, got := 0, 0; got < total; got++ {
		for ; sent < total && sent < got+outstanding; sent++ {
			if _, err := c.Write(numbered(uint64(sent), 8+sent%1000)); err != nil {
				t.Fatal(err)
			}
		}
		n, err := c.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		i := number(b[:n])
		if i >= uint64(total) || seen[i] || n != 8+int(i)%1000 {
			t.Fatalf("datagram %d of %d bytes came back", i, n)
		}
		seen[i] = true
	}
}

func TestADatagramOverTheLimitIsCountedAndNotDelivered(t *testing.T) {
	sizes := make(chan int, 10)
	p, addr := gateWith(t, "kcp://127.0.0.1:0", toyNode(idle), toyLane(func(_ *node.LaneEnv, in *node.Input) {
		if in.Kind == node.InPacket {
			sizes <- len(in.Body)
		}
	}))
	c, err := net.Dial("udp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, size := range []int{0, session.MaxDatagram + 1, 9000, session.MaxDatagram, 1} {
		if _, err := c.Write(make([]byte, size)); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []int{session.MaxDatagram, 1} {
		if got := await(t, sizes, "a datagram"); got != want {
			t.Errorf("a datagram of %d bytes is delivered, want %d", got, want)
		}
	}
	if c := p.Counters(); c.PacketsDropped != 3 {
		t.Errorf("%d datagrams are counted as dropped, want 3", c.PacketsDropped)
	}
}

// The loop makes tasks of answers and the lane makes answers of tasks and
// packets, each more than its bound lets wait: neither may wait for the other.
func TestLoopAndLaneDoNotStopEachOther(t *testing.T) {
	const packets, tasksEach = 4 * maxMailbox, 4
	lane := func(env *node.LaneEnv, in *node.Input) {
		switch in.Kind {
		case node.InPacket:
			env.Answer(&node.Input{Kind: node.InAnswer, Type: 1, Body: in.Body})
		case node.InTask:
			env.Answer(&node.Input{Kind: node.InAnswer, Type: 2, Body: in.Body})
		}
	}
	done := make(chan int, 1)
	answers := 0
	loop := func(env *node.Env, in *node.Input) {
		if in.Kind != node.InAnswer {
			return
		}
		if in.Type == 1 {
			for range tasksEach {
				env.Offload(0, &node.Input{Body: in.Body})
			}
			return
		}
		if answers++; answers == packets*tasksEach {
			done <- answers
		}
	}
	_, addr := gateWith(t, "tcp://127.0.0.1:0", toyNode(loop), toyLane(lane))
	c := dialTCP(t, addr)
	batch := make([]byte, 0, 1024*(streamHead+16))
	for i := range packets {
		batch = append(batch, framed(numbered(uint64(i), 16))...)
		if len(batch) == cap(batch) || i == packets-1 {
			if _, err := c.Write(batch); err != nil {
				t.Fatal(err)
			}
			batch = batch[:0]
		}
	}
	await(t, done, "the last answer")
}

func TestALaneWakesAtItsTime(t *testing.T) {
	woken := make(chan time.Duration, 1)
	start(t, toyRole(toyGate, toyNode(idle), toyLane(func(env *node.LaneEnv, in *node.Input) {
		switch in.Kind {
		case node.InStart:
			env.WakeAt(env.Now().Add(20 * time.Millisecond))
		case node.InWake:
			woken <- time.Duration(env.Now())
		}
	})))
	if at := await(t, woken, "the wake-up"); at < 20*time.Millisecond {
		t.Errorf("woken after %v, want 20 ms", at)
	}
}
