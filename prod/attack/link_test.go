package attack

import (
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
	"messiah/prod/config"
)

// The handshake of a link between processes, by its bytes.
const (
	linkHello     = 1
	linkChallenge = 2
	linkProof     = 3
	linkReady     = 4
	linkRefuse    = 5
	linkPing      = 6
)

type helloFrame struct {
	version  wire.Version
	from, to node.Peer
	nonce    [16]byte
}

func (m *helloFrame) Code(c *wire.Coder) {
	m.version.Code(c)
	m.from.Code(c)
	m.to.Code(c)
	c.Bytes16(&m.nonce)
}

type proofFrame struct {
	proof    [16]byte
	received uint64
	resumes  bool
}

func (m *proofFrame) Code(c *wire.Coder) {
	c.Bytes16(&m.proof)
	c.Uint64(&m.received)
	c.Bool(&m.resumes)
}

// links lists where the roles of the cluster take other processes.
func (f *field) links() (list []string) {
	for _, m := range f.whole.Members() {
		if m.Listen() != "" {
			list = append(list, m.Listen())
		}
	}
	return list
}

// linked checks that every role still has the links that it had, and no other,
// once the intruders' connections are gone.
func (f *field) linked() {
	f.t.Helper()
	gates, games := len(f.whole.Gates), len(f.whole.Games)
	want := map[node.Kind]int{
		node.Manager: gates + games + 1, node.DB: games + 1, node.Game: gates + 2, node.Gate: games + 1,
	}
	for _, m := range f.whole.Members() {
		f.until(m.ID().String()+" has its links alone", func() bool {
			up := 0
			m.Inspect(func(h *node.Host) {
				for _, l := range h.Links() {
					if l.Up {
						up++
					}
				}
			})
			return up == want[m.ID().Kind()] && m.Process().Counters().LinksOpen == int64(up)
		})
	}
}

// linkNonsense is the n-th piece of garbage for a link: noise, or a frame of
// any type whose payload is noise.
func linkNonsense(r *rand.Rand, n int) []byte {
	b := bytesFrom(r, r.IntN(300))
	switch n % 3 {
	case 1:
		return wire.AppendFrame(nil, uint16(r.IntN(256)), uint8(r.Uint32()), nil, b)
	case 2:
		m := helloFrame{from: node.Peer{ID: node.ID(r.Uint32()), Inc: 1}, to: node.Peer{ID: node.NewID(node.Kind(r.IntN(7)), 1)}}
		return wire.AppendFrame(nil, linkHello, 0, nil, append(wire.Append(nil, &m), b[:r.IntN(2)*len(b)]...))
	}
	return b
}

// stranger is a connection to a link port.
type stranger struct {
	net.Conn
	t *testing.T
}

func dialLink(t *testing.T, addr string) stranger {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.SetDeadline(time.Now().Add(within))
	t.Cleanup(func() { _ = c.Close() })
	return stranger{c, t}
}

func (s stranger) frame(typ uint16, payload []byte) {
	s.t.Helper()
	if _, err := s.Write(wire.AppendFrame(nil, typ, 0, nil, payload)); err != nil {
		s.t.Fatal(err)
	}
}

// answer reads one frame; its type is 0 where the connection is cut.
func (s stranger) answer() (typ uint16, payload []byte) {
	s.t.Helper()
	var size [4]byte
	if _, err := io.ReadFull(s, size[:]); err != nil {
		if isTimeout(err) {
			s.t.Fatal("neither an answer nor an end")
		}
		return 0, nil
	}
	b := append(size[:], make([]byte, binary.LittleEndian.Uint32(size[:]))...)
	if _, err := io.ReadFull(s, b[4:]); err != nil {
		s.t.Fatal(err)
	}
	f, _, err := wire.Split(b)
	if err != nil {
		s.t.Fatal(err)
	}
	return f.Type, f.Payload
}

// hello speaks as a process of the cluster would.
func (f *field) hello(from node.ID, to node.ID) []byte {
	m := helloFrame{version: f.site.Version(), from: node.Peer{ID: from, Inc: 5}, to: node.Peer{ID: to}}
	return wire.Append(nil, &m)
}

func TestStrangersOnLinks(t *testing.T) {
	f := startField(t, func(c *config.Config) { c.Manager.DeadAfter = within })
	f.honest(nil)
	manager := f.whole.Manager
	register := wire.Append(nil, &proto.Register{Addr: "127.0.0.1:1"})
	f.under("without the secret", func(f *field, t *testing.T) {
		for n := range 200 {
			s := dialLink(t, manager.Listen())
			s.frame(linkHello, f.hello(node.NewID(node.Game, 9), manager.ID()))
			if typ, _ := s.answer(); typ != linkChallenge {
				t.Fatalf("answer %d to a hello", typ)
			}
			m := proofFrame{received: uint64(n % 2), resumes: n%2 == 0}
			s.frame(linkProof, wire.Append(nil, &m))
			if typ, _ := s.answer(); typ != linkRefuse {
				t.Fatalf("answer %d to a false proof", typ)
			}
			if typ, _ := s.answer(); typ != 0 {
				t.Fatalf("answer %d behind the refusal", typ)
			}
			_ = s.Close()
		}
		f.linked()
	})
	f.under("before the handshake", func(f *field, t *testing.T) {
		for n := range 200 {
			s := dialLink(t, manager.Listen())
			if n%2 == 0 {
				s.frame(linkHello, f.hello(node.NewID(node.Game, 9), manager.ID()))
				s.answer()
			}
			typ := []uint16{proto.TypeRegister, linkReady, linkPing, linkProof + 40, 0}[n/2%5]
			s.frame(typ, register)
			for typ, _ := s.answer(); typ != 0; typ, _ = s.answer() {
			}
			_ = s.Close()
		}
		f.linked()
		manager.Inspect(func(h *node.Host) {
			for _, l := range h.Links() {
				if l.Peer.ID == node.NewID(node.Game, 9) {
					t.Error("a stranger has a link")
				}
			}
		})
	})
	f.under("lengths that are claimed", func(f *field, t *testing.T) {
		for _, addr := range f.links() {
			for _, size := range []uint32{1<<32 - 1, 1 << 31, wire.MaxFrame + 1, 0, 5} {
				s := dialLink(t, addr)
				_, _ = s.Write(binary.LittleEndian.AppendUint32(nil, size))
				if typ, _ := s.answer(); typ != 0 {
					t.Errorf("answer %d to a length of %d", typ, size)
				}
			}
		}
		f.linked()
	})
	f.under("frames of the largest size", largeFrames)
	f.under("thousands of connections", manyLinks)
}

// largeFrames sends as much of frames of the largest size as the other side takes, on many connections at once.
func largeFrames(f *field, t *testing.T) {
	done := make(chan int64)
	const connections = 16
	for range connections {
		s := dialLink(t, f.whole.Games[0].Listen())
		go func() {
			head := binary.LittleEndian.AppendUint32(nil, wire.MaxFrame)
			_, _ = s.Write(append(head, proto.TypeRegister, 0, 0, 0, 0, 0))
			chunk, sent := make([]byte, 64<<10), int64(0)
			for sent < wire.MaxFrame-1<<20 {
				n, err := s.Write(chunk)
				if sent += int64(n); err != nil {
					break
				}
			}
			_, _ = io.Copy(io.Discard, s)
			done <- sent
		}()
	}
	taken := int64(0)
	for range connections {
		taken += <-done
	}
	t.Logf("%d MiB taken", taken>>20)
	f.linked()
}

// manyLinks keeps more connections open than a process takes.
func manyLinks(f *field, t *testing.T) {
	connections := many(2000)
	var all []stranger
	for range connections {
		all = append(all, dialLink(t, f.whole.Games[0].Listen()))
	}
	for _, s := range all {
		if typ, _ := s.answer(); typ != 0 {
			t.Fatalf("answer %d to nothing", typ)
		}
	}
	f.linked()
}
