package attack

import (
	"bufio"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/flynn/noise"

	"messiah/core/arq"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/session"
	"messiah/core/wire"
)

// The session protocol as a stranger knows it: by its bytes. Nothing of what
// package session does for an honest client stands between these tests and the wire.
const (
	typeHello  = 1
	typeCookie = 2
	typeInit   = 3
	typeAccept = 4
	typeRefuse = 5
	typeSealed = 6

	kindBatch   = 1
	kindARQ     = 2
	kindLatest  = 3
	kindPing    = 4
	kindPong    = 5
	kindClose   = 6
	kindToken   = 7
	kindBegin   = 8
	kindResumed = 9
	kindRefused = 10

	helloLen  = 256
	cookieLen = 20
	headerLen = 17 // type, hint, epoch, sequence number
	tagLen    = 16
	replyHead = 13 // type, hint, random
	arqMTU    = session.MaxDatagram - headerLen - tagLen - 1
)

// errCut says that the gate has ended the connection without a word of a session.
var errCut = errors.New("attack: the gate has ended the connection")

// refused is the gate's refusal of a handshake.
type refused struct{ reason session.Reason }

func (r refused) Error() string { return "attack: refused: " + r.reason.String() }

// closed is the gate's end of a session.
type closed struct{ reason session.Reason }

func (c closed) Error() string { return "attack: closed: " + c.reason.String() }

// intruder is a client that does as it likes.
type intruder struct {
	conn    net.Conn
	stream  bool
	key     [32]byte
	version wire.Version
	random  [8]byte
	hint    uint32
	sent    int // bytes of packets
	got     int

	id      node.Session
	seq     uint64
	out, in cipher.AEAD
	arq     *arq.KCP[node.Time] // over datagrams
	again   node.Time           // when the ARQ wants to be called
	deaf    bool                // what the ARQ says of received segments is kept from the gate

	buffer   []byte
	queued   *bufio.Reader // of a stream
	messages [][]byte      // of the gate, not yet taken
	received uint64        // of its reliable messages
	token    []byte
	noResume bool  // the gate has refused to resume a login
	last     error // the gate's word on the end
}

// intrude makes a connection from an address of this machine, 127.0.0.n.
func (f *field) intrude(t testing.TB, transport string, n int) *intruder {
	t.Helper()
	i, err := f.tryIntrude(transport, n)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func (f *field) tryIntrude(transport string, n int) (*intruder, error) {
	i := &intruder{stream: transport == "tcp", key: f.key, version: f.site.Version()}
	_, _ = rand.Read(i.random[:])
	i.hint = uint32(i.random[0]) << 24
	from := net.IPv4(127, 0, 0, byte(n))
	var d net.Dialer
	network := "udp"
	d.LocalAddr = &net.UDPAddr{IP: from}
	if i.stream {
		network, d.LocalAddr = "tcp", &net.TCPAddr{IP: from}
	}
	var err error
	if i.conn, err = d.Dial(network, f.at(transport)); err == nil {
		f.mu.Lock()
		f.intruders = append(f.intruders, i)
		f.mu.Unlock()
	}
	return i, err
}

// leave gives the socket back. Over datagrams nobody would hear of that, so a session is ended with a word.
func (i *intruder) leave() {
	if i.arq != nil && i.last == nil {
		_ = i.write(i.seal([]byte{kindClose, 0, 0}))
	}
	_ = i.conn.Close()
}

// write sends one packet; an error is the gate's cut.
func (i *intruder) write(packet []byte) error {
	i.sent += len(packet)
	if i.stream {
		packet = frame(packet)
	}
	_ = i.conn.SetWriteDeadline(time.Now().Add(within))
	_, err := i.conn.Write(packet)
	return err
}

// frame puts the length before a packet, as streams have it.
func frame(packet []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(make([]byte, 0, 4+len(packet)), uint32(len(packet))), packet...)
}

// read waits for one packet.
func (i *intruder) read(patience time.Duration) ([]byte, error) {
	_ = i.conn.SetReadDeadline(time.Now().Add(patience))
	if i.buffer == nil {
		i.buffer = make([]byte, session.MaxDatagram)
	}
	if !i.stream {
		n, err := i.conn.Read(i.buffer)
		i.got += n
		return i.buffer[:n], err
	}
	if i.queued == nil {
		i.queued = bufio.NewReaderSize(i.conn, 512)
	}
	head, err := i.queued.Peek(4) // what there is stays there if the rest comes too late
	if err != nil {
		return nil, cut(err)
	}
	size := int(binary.LittleEndian.Uint32(head))
	if size > session.MaxPacket {
		return nil, fmt.Errorf("attack: a packet of %d bytes", size)
	}
	i.buffer = slices.Grow(i.buffer[:0], size)[:max(size, session.MaxDatagram)]
	_ = i.conn.SetReadDeadline(time.Now().Add(within))
	_, _ = i.queued.Discard(4)
	_, err = io.ReadFull(i.queued, i.buffer[:size])
	i.got += size
	return i.buffer[:size], cut(err)
}

// cut tells the end of a connection from a wait that was too long.
func cut(err error) error {
	var timeout net.Error
	if err == nil || errors.As(err, &timeout) && timeout.Timeout() {
		return err
	}
	return errCut
}

func (i *intruder) prefix(typ byte) []byte {
	return append(binary.LittleEndian.AppendUint32([]byte{typ}, i.hint), i.random[:]...)
}

func (i *intruder) hello() []byte {
	b := append(i.prefix(typeHello), 1, 0, 1, 0)
	return append(b, make([]byte, helloLen-len(b))...)
}

// cookie asks for a cookie until it comes: the network may lose a question.
func (i *intruder) cookie() ([]byte, error) {
	patience := within
	if !i.stream {
		patience = 100 * time.Millisecond
	}
	for deadline := time.Now().Add(within); time.Now().Before(deadline); {
		if err := i.write(i.hello()); err != nil {
			return nil, cut(err)
		}
		packet, err := i.read(patience)
		switch {
		case isTimeout(err):
			continue
		case err != nil:
			return nil, err
		case len(packet) < replyHead || [8]byte(packet[5:]) != i.random:
			// The answer to another question.
		case packet[0] == typeCookie && len(packet) == replyHead+cookieLen:
			return append([]byte(nil), packet[replyHead:]...), nil
		case packet[0] == typeRefuse:
			return nil, refused{session.Reason(binary.LittleEndian.Uint16(packet[replyHead:]))}
		}
	}
	return nil, errors.New("attack: no cookie came")
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// initPayload is what stands inside the first Noise message.
type initPayload struct {
	version wire.Version
	conv    uint32
}

func (m *initPayload) Code(c *wire.Coder) {
	m.version.Code(c)
	c.Uint32(&m.conv)
}

// acceptPayload is what stands inside the second.
type acceptPayload struct {
	session uint64
	verdict uint8
}

func (m *acceptPayload) Code(c *wire.Coder) {
	c.Uint64(&m.session)
	c.Uint8(&m.verdict)
}

// conversation is the number of every intruder's ARQ.
const conversation = 7

// init makes the packet that asks for a session, and the key exchange that waits for its answer.
func (i *intruder) init(cookie []byte) ([]byte, *noise.HandshakeState) {
	hs, err := noise.NewHandshakeState(noise.Config{
		CipherSuite: noise.NewCipherSuite(noise.DH25519, noise.CipherAESGCM, noise.HashBLAKE2s),
		Pattern:     noise.HandshakeNK, Initiator: true, PeerStatic: i.key[:],
		Prologue: append([]byte("messiah session 1 "), i.random[:]...),
	})
	if err != nil {
		panic(err)
	}
	message, _, _, err := hs.WriteMessage(nil, wire.Append(nil, &initPayload{i.version, conversation}))
	if err != nil {
		panic(err)
	}
	return append(append(i.prefix(typeInit), cookie...), message...), hs
}

// handshake exchanges keys; the session then waits for its begin.
func (i *intruder) handshake() error {
	cookie, err := i.cookie()
	if err != nil {
		return err
	}
	question, hs := i.init(cookie)
	if err := i.write(question); err != nil {
		return cut(err)
	}
	patience := within
	if !i.stream {
		patience = 100 * time.Millisecond
	}
	for deadline := time.Now().Add(within); time.Now().Before(deadline); {
		packet, err := i.read(patience)
		switch {
		case isTimeout(err) && !i.stream:
			_ = i.write(question)
			continue
		case err != nil:
			return err
		case packet[0] == typeRefuse:
			return refused{session.Reason(binary.LittleEndian.Uint16(packet[replyHead:]))}
		case packet[0] == typeAccept:
			return i.accepted(hs, packet[replyHead:])
		}
	}
	return errors.New("attack: no accept came")
}

func (i *intruder) accepted(hs *noise.HandshakeState, message []byte) error {
	plain, up, down, err := hs.ReadMessage(nil, message)
	if err != nil {
		return err
	}
	var m acceptPayload
	if err := wire.Decode(plain, &m); err != nil {
		return err
	}
	i.id = node.Session(m.session)
	i.out, i.in = aead(up.UnsafeKey()), aead(down.UnsafeKey())
	if !i.stream {
		i.arq = arq.New[node.Time](conversation, arqMTU)
	}
	return nil
}

func aead(key [32]byte) cipher.AEAD {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err)
	}
	a, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return a
}

// header is that of a sealed packet.
func header(id node.Session, seq uint64) []byte {
	b := binary.LittleEndian.AppendUint32([]byte{typeSealed}, uint32(id.Shard())<<24|uint32(id.Slot()))
	b = binary.LittleEndian.AppendUint32(b, id.Epoch())
	return binary.LittleEndian.AppendUint64(b, seq)
}

// seal makes the next sealed packet.
func (i *intruder) seal(plain []byte) []byte {
	i.seq++
	return i.sealAs(i.id, i.seq, plain)
}

func (i *intruder) sealAs(id node.Session, seq uint64, plain []byte) []byte {
	var nonce [12]byte
	binary.BigEndian.PutUint64(nonce[4:], seq)
	b := header(id, seq)
	return i.out.Seal(b, nonce[:], plain, b)
}

// open returns the plaintext of a packet of the gate's, or nil.
func (i *intruder) open(packet []byte) []byte {
	if len(packet) < headerLen+tagLen || packet[0] != typeSealed {
		return nil
	}
	var nonce [12]byte
	binary.BigEndian.PutUint64(nonce[4:], binary.LittleEndian.Uint64(packet[9:]))
	plain, err := i.in.Open(nil, nonce[:], packet[headerLen:], packet[:headerLen])
	if err != nil {
		return nil
	}
	return plain
}

// say sends what comes in order: a batch, a begin, a close.
func (i *intruder) say(payload []byte) error {
	if i.stream {
		return i.write(i.seal(payload))
	}
	i.arq.Send(payload)
	return i.flush()
}

// now is the time for the ARQ, which has a clock of its own.
func now() node.Time { return node.Time(arq.Clock()) }

// flush sends what the ARQ has due.
func (i *intruder) flush() error {
	var failed error
	i.again, _ = i.arq.Flush(now(), func(segments []byte) {
		if i.deaf {
			segments = deafen(segments)
		}
		if len(segments) > 0 {
			failed = errors.Join(failed, i.write(i.seal(append([]byte{kindARQ}, segments...))))
		}
	})
	return failed
}

// deafen takes out of segments whatever says that something has arrived.
func deafen(segments []byte) []byte {
	const head, push, una = 24, 81, 16
	var kept []byte
	for len(segments) >= head {
		size := head + int(binary.LittleEndian.Uint32(segments[20:]))
		one := append([]byte(nil), segments[:size]...)
		if segments = segments[size:]; one[4] == push {
			clear(one[una : una+4])
			kept = append(kept, one...)
		}
	}
	return kept
}

// begin says that the client is new.
func (i *intruder) begin() error { return i.say(append([]byte{kindBegin}, make([]byte, 33)...)) }

// resume claims another's login.
func (i *intruder) resume(token [16]byte, id node.Session, received uint64) error {
	b := append([]byte{kindBegin, 1}, token[:]...)
	b = binary.LittleEndian.AppendUint64(b, uint64(id))
	return i.say(binary.LittleEndian.AppendUint64(b, received))
}

// batch is a batch of messages with an acknowledgement.
func batch(ack uint64, messages ...[]byte) []byte {
	b := binary.AppendUvarint([]byte{kindBatch, 0}, ack)
	for _, m := range messages {
		b = append(binary.AppendUvarint(b, uint64(len(m))), m...)
	}
	return b
}

// send sends messages that are to be delivered.
func (i *intruder) send(messages ...[]byte) error { return i.say(batch(i.received, messages...)) }

func message(num uint64, m node.Message) []byte {
	return wire.Append(proto.AppendClient(nil, m.Type(), num), m)
}

func raw(typ uint16, num uint64, payload []byte) []byte {
	return append(proto.AppendClient(nil, typ, num), payload...)
}

// step takes one packet of the gate's, if one comes in time; over datagrams it
// repeats what got lost.
func (i *intruder) step(patience time.Duration) error {
	if i.arq != nil {
		patience = min(patience, max(0, i.again.Sub(now())))
	}
	packet, err := i.read(patience)
	if isTimeout(err) && i.arq != nil {
		return i.flush()
	}
	if err != nil {
		return err
	}
	plain := i.open(packet)
	if plain == nil {
		return nil
	}
	switch plain[0] {
	case kindARQ:
		i.arq.Input(now(), plain[1:])
		for {
			m, ok := i.arq.Receive(nil)
			if !ok {
				break
			}
			if err := i.ordered(m); err != nil {
				return err
			}
		}
		return i.flush()
	case kindPing:
		return i.write(i.seal(append([]byte{kindPong}, plain[1:]...)))
	}
	return i.ordered(plain)
}

func (i *intruder) ordered(b []byte) error {
	switch b[0] {
	case kindClose:
		i.last = closed{session.Reason(binary.LittleEndian.Uint16(b[1:]))}
		_ = i.write(i.seal([]byte{kindClose, 0, 0})) // that it has come, so that nothing is kept for longer
		return i.last
	case kindRefused:
		i.noResume = true
	case kindToken:
		i.token = append([]byte(nil), b[1:]...)
	case kindBatch:
		list := b[2:]
		if b[1] != 0 {
			list = unpack(list)
		}
		_, n := binary.Uvarint(list)
		for list = list[n:]; len(list) > 0; {
			size, n := binary.Uvarint(list)
			i.messages = append(i.messages, append([]byte(nil), list[n:n+int(size)]...))
			i.received++
			list = list[n+int(size):]
		}
	}
	return nil
}

// await returns the next message of the gate's.
func (i *intruder) await() (typ uint16, num uint64, payload []byte, err error) {
	for deadline := time.Now().Add(within); len(i.messages) == 0; {
		if err := i.step(50 * time.Millisecond); err != nil && !isTimeout(err) {
			return 0, 0, nil, err
		}
		if time.Now().After(deadline) {
			return 0, 0, nil, errors.New("attack: no message came")
		}
	}
	m := i.messages[0]
	i.messages = i.messages[1:]
	return proto.SplitClient(m)
}

// end reads to the end that the gate makes and returns its word on it, or errCut.
func (i *intruder) end() error {
	if i.last != nil {
		return i.last
	}
	for deadline := time.Now().Add(within); time.Now().Before(deadline); {
		err := i.step(50 * time.Millisecond)
		if err != nil && !isTimeout(err) {
			if i.last != nil {
				return i.last
			}
			return err
		}
	}
	return errors.New("attack: the gate has not ended the session")
}

// login comes all the way in.
func (i *intruder) login(account string) error {
	if err := i.handshake(); err != nil {
		return err
	}
	if err := i.begin(); err != nil {
		return err
	}
	m := proto.Login{Account: account, Credentials: account}
	return errors.Join(i.send(message(0, &m)), i.welcomed())
}

func (i *intruder) welcomed() error {
	for {
		typ, _, _, err := i.await()
		switch {
		case err != nil:
			return err
		case typ == proto.TypeLoggedIn:
			return nil
		case typ == proto.TypeLoginRefused:
			return errors.New("attack: the login is refused")
		}
	}
}
