package attack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/klauspost/compress/s2"

	"messiah/core/geom"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/schema"
	"messiah/core/session"
	"messiah/core/wire"
	"messiah/scenarios/siege"
)

// bombs are payloads that claim more than they hold, or nest deeper than a stack is.
var bombs = map[string][]byte{
	"an array of 2^32-1":          {0xdd, 0xff, 0xff, 0xff, 0xff},
	"a map of 2^32-1":             {0xdf, 0xff, 0xff, 0xff, 0xff},
	"bytes of 4 GiB":              {0xc6, 0xff, 0xff, 0xff, 0xff},
	"a string of 4 GiB":           {0xdb, 0xff, 0xff, 0xff, 0xff},
	"an extension of 4 GiB":       {0xc9, 0xff, 0xff, 0xff, 0xff, 1},
	"10,000 arrays in each other": append(bytes.Repeat([]byte{0x91}, 10_000), 0xc0),
	"10,000 maps in each other":   append(bytes.Repeat([]byte{0x81, 0xc0}, 10_000), 0xc0),
	"arrays of claims":            bytes.Repeat([]byte{0xdd, 0x00, 0xff, 0xff, 0xff}, 1000),
	"nothing":                     {},
	"two values":                  {0xc0, 0xc0},
}

// crime is something that an intruder does, and what is to come of it.
type crime struct {
	name string
	do   func(i *intruder) error
	want session.Reason // of the end; none: the session goes on
}

// stays says that a session goes on.
const stays = session.ReasonNone

func call(method uint16, args []byte) []byte {
	return message(1, &proto.Call{Method: method, Args: args})
}

func journey(j siege.Journey) []byte {
	return schema.MustFor[siege.Journey]().Append(new(wire.Encoder), nil, &j)
}

// latest sends a message in the channel of those that nobody misses.
func (i *intruder) latest(m []byte) error {
	return i.write(i.seal(append(binary.AppendUvarint([]byte{kindLatest, 0}, uint64(len(m))), m...)))
}

// crimes are those that a client commits whose login has come through.
func crimes() (list []crime) {
	add := func(name string, want session.Reason, do func(i *intruder) error) {
		list = append(list, crime{name, do, want})
	}
	for name, bomb := range bombs {
		for _, typ := range []uint16{proto.TypeCall, proto.TypeMove, proto.TypeLogin, proto.TypePush} {
			add(fmt.Sprintf("%s in a message of type %d", name, typ), session.ReasonBad, func(i *intruder) error { return i.send(raw(typ, 1, bomb)) })
		}
		for _, method := range siege.Methods() {
			add(name+" as the argument of "+method, stays, func(i *intruder) error { return i.send(call(siege.Number(method), bomb)) })
		}
		add(name+" in a latest-wins message", session.ReasonBad, func(i *intruder) error {
			return i.latest(raw(proto.TypeMove, 0, bomb[:min(len(bomb), 1000)])) // as much as a datagram takes
		})
	}
	for _, method := range []uint16{0, 1, 1000, 9999, 10000, math.MaxUint16, siege.Number(siege.Counted)} {
		add(fmt.Sprintf("a call of %d", method), stays, func(i *intruder) error { return i.send(call(method, nil)) })
	}
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e300, -1e300, math.SmallestNonzeroFloat64} {
		add(fmt.Sprintf("a position at %v", x), stays, func(i *intruder) error {
			m := message(0, &proto.Move{Seq: math.MaxUint64, At: geom.Vec3{X: x, Y: x, Z: x}, Yaw: float32(x)})
			return errors.Join(i.send(m), i.latest(m))
		})
		add(fmt.Sprintf("a way from %v", x), stays, func(i *intruder) error {
			return i.send(call(siege.Number(siege.Way), journey(siege.Journey{From: geom.Vec3{X: x, Y: x, Z: x}, To: geom.Vec3{X: 5, Z: x}})))
		})
	}
	// A client may ask again while the answer is on its way; it changes nothing.
	add("a second login", stays, func(i *intruder) error { return i.send(message(0, &proto.Login{Account: "x"})) })
	add("a message without a header", session.ReasonBad, func(i *intruder) error { return i.send([]byte{1, 2, 3}) })
	add("an empty message", session.ReasonBad, func(i *intruder) error { return i.send(nil) })
	add("a message over the limit", session.ReasonBad, func(i *intruder) error {
		return i.send(raw(proto.TypeCall, 1, wire.AppendBytes(nil, make([]byte, session.MaxMessage))))
	})
	add("a message that is not whole", session.ReasonBad, func(i *intruder) error {
		b := batch(0, call(siege.Number(siege.Echo), nil))
		return i.say(b[:len(b)-1])
	})
	add("a length of 2^63", session.ReasonBad, func(i *intruder) error { return i.say(binary.AppendUvarint(batch(i.received), 1<<63)) })
	return append(list, sessionCrimes()...)
}

// sessionCrimes break the protocol of sessions, below the messages.
func sessionCrimes() (list []crime) {
	add := func(name string, want session.Reason, do func(i *intruder) error) {
		list = append(list, crime{name, do, want})
	}
	for _, ack := range []uint64{2, 1 << 40, 1 << 63} {
		add(fmt.Sprintf("an acknowledgement of %d messages", ack), session.ReasonBad, func(i *intruder) error { return i.say(batch(i.received + ack)) })
	}
	add("an acknowledgement that is taken back", session.ReasonBad, func(i *intruder) error {
		return errors.Join(i.say(batch(i.received)), i.say(batch(0)))
	})
	for kind := range 256 {
		switch {
		case kind >= kindBatch && kind <= kindClose || kind > 16 && kind < 255 && !thorough:
			continue
		}
		add(fmt.Sprintf("the kind %d in order", kind), session.ReasonBad, func(i *intruder) error { return i.say([]byte{byte(kind), 0, 0}) })
		if kind != kindBegin || thorough {
			add(fmt.Sprintf("the kind %d out of order", kind), session.ReasonBad, func(i *intruder) error { return i.write(i.seal([]byte{byte(kind), 0, 0})) })
		}
	}
	add("a second begin", session.ReasonBad, (*intruder).begin)
	add("a resume of its own session", session.ReasonBad, func(i *intruder) error { return i.resume([16]byte(i.token), i.id, 0) })
	add("a ping without a body", session.ReasonBad, func(i *intruder) error { return i.write(i.seal([]byte{kindPing})) })
	add("a pong of no ping", stays, func(i *intruder) error { return i.write(i.seal(append([]byte{kindPong}, make([]byte, 8)...))) })
	add("a flush that began before the first packet", session.ReasonBad, func(i *intruder) error { return i.write(i.seal([]byte{kindLatest, 255})) })
	add("a flag of no batch", session.ReasonBad, func(i *intruder) error { return i.say([]byte{kindBatch, 2, 0}) })
	add("a batch without a body", session.ReasonBad, func(i *intruder) error { return i.say([]byte{kindBatch}) })
	packed := func(b []byte) []byte { return append([]byte{kindBatch, 1}, b...) }
	zeros := s2.Encode(nil, make([]byte, session.MaxMessage))
	add("64 KiB of zeros, packed", session.ReasonBad, func(i *intruder) error { return i.say(packed(zeros)) })
	add("1 GiB of zeros, packed", session.ReasonBad, func(i *intruder) error { return i.say(packed(s2Bomb(1 << 30))) })
	for _, n := range []uint64{1 << 20, 1<<32 - 1, 1 << 40} {
		add(fmt.Sprintf("%d bytes, as it claims", n), session.ReasonBad, func(i *intruder) error { return i.say(packed(binary.AppendUvarint(nil, n))) })
	}
	add("noise, packed", session.ReasonBad, func(i *intruder) error {
		return i.say(packed(append(binary.AppendUvarint(nil, 1000), bytesFrom(rand.New(rand.NewPCG(6, 6)), 500)...)))
	})
	add("a logout", session.ReasonLogout, func(i *intruder) error { return i.send(message(0, &proto.Logout{})) })
	return list
}

// s2Bomb is a block that unpacks to n zeros: one literal and copies of it.
func s2Bomb(n int) []byte {
	b := binary.AppendUvarint(nil, uint64(n))
	b = append(b, 0x00, 0x00) // a literal of one zero
	for n--; n > 0; n -= 64 {
		b = append(b, 63<<2|2, 1, 0) // 64 bytes from one byte back
		if len(b) > 32<<10 {
			break
		}
	}
	return b
}

// datagramCrimes are those against the ARQ.
func datagramCrimes() (list []crime) {
	add := func(name string, want session.Reason, do func(i *intruder) error) {
		list = append(list, crime{name, do, want})
	}
	segments := func(i *intruder, b []byte) error { return i.write(i.seal(append([]byte{kindARQ}, b...))) }
	add("a batch outside of the ARQ", session.ReasonBad, func(i *intruder) error { return i.write(i.seal(batch(0))) })
	add("no segments", session.ReasonBad, func(i *intruder) error { return segments(i, nil) })
	add("half a segment", session.ReasonBad, func(i *intruder) error { return segments(i, segment(81, 0, 0, 0, nil)[:20]) })
	add("a segment of another conversation", session.ReasonBad, func(i *intruder) error {
		b := segment(81, 0, 100, 0, nil)
		b[0]++
		return segments(i, b)
	})
	add("a segment of 4 GiB", session.ReasonBad, func(i *intruder) error {
		b := segment(81, 0, 100, 0, nil)
		binary.LittleEndian.PutUint32(b[20:], math.MaxUint32)
		return segments(i, b)
	})
	add("an acknowledgement of a segment that was not sent", session.ReasonBad, func(i *intruder) error { return segments(i, segment(82, 0, 5000, 0, nil)) })
	add("the expectation of a segment that was not sent", session.ReasonBad, func(i *intruder) error { return segments(i, segment(84, 0, 0, 5000, nil)) })
	add("a message of nothing", session.ReasonBad, func(i *intruder) error { return segments(i, segment(81, 0, 2, 0, nil)) })
	add("segments far ahead", stays, func(i *intruder) error { return segments(i, segment(81, 0, 1<<31-1, 0, []byte("x"))) })
	add("a window of nothing", stays, func(i *intruder) error { return segments(i, segment(84, 0, 0, 0, nil)) })
	return list
}

// segment is one of KCP, of the intruders' conversation.
func segment(command, fragments byte, number, expected uint32, data []byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, conversation)
	b = append(b, command, fragments, 128, 0, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, number)
	b = binary.LittleEndian.AppendUint32(b, expected)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	return append(b, data...)
}

// greetingCrimes are those of a client that has not logged in.
func greetingCrimes() (list []crime) {
	add := func(name string, want session.Reason, do func(i *intruder) error) {
		list = append(list, crime{name, do, want})
	}
	for name, bomb := range bombs {
		add(name+" in a login", session.ReasonBad, func(i *intruder) error { return i.send(raw(proto.TypeLogin, 0, bomb)) })
	}
	for _, size := range []int{proto.MaxName + 1, 60_000} {
		add(fmt.Sprintf("an account of %d bytes", size), session.ReasonBad, func(i *intruder) error {
			return i.send(message(0, &proto.Login{Account: strings.Repeat("x", size)}))
		})
	}
	add("a login of other fields", session.ReasonBad, func(i *intruder) error { return i.send(raw(proto.TypeLogin, 0, []byte{0x93, 1, 2, 3})) })
	add("a call", session.ReasonBad, func(i *intruder) error { return i.send(call(siege.Number(siege.Echo), nil)) })
	add("a packed batch", session.ReasonBad, func(i *intruder) error {
		b := batch(0, message(0, &proto.Login{Account: "x"}))
		return i.say(append([]byte{kindBatch, 1}, s2.Encode(nil, b[2:])...))
	})
	add("logins without an account", session.ReasonKicked, func(i *intruder) error {
		var all error
		for range 10 {
			all = errors.Join(all, i.send(message(0, &proto.Login{})))
		}
		return all
	})
	add("a begin that is none", session.ReasonBad, func(i *intruder) error { return i.say([]byte{kindBegin, 7}) })
	return list
}

func TestHostileMessages(t *testing.T) {
	f := startField(t, unlimited)
	f.honest(nil)
	in := func(i *intruder) error { return i.login(fmt.Sprintf("villain-%x", i.random)) }
	for _, transport := range []string{"kcp", "tcp"} {
		f.under("logged in over "+transport, func(f *field, t *testing.T) {
			f.commit(transport, crimes(), in)
		})
		f.under("greeting over "+transport, func(f *field, t *testing.T) {
			f.commit(transport, greetingCrimes(), func(i *intruder) error { return errors.Join(i.handshake(), i.begin()) })
		})
		f.under("every type over "+transport, func(f *field, t *testing.T) { everyType(f, t, transport) })
		f.under("sessions of others over "+transport, func(f *field, t *testing.T) { othersSessions(f, t, transport) })
	}
	f.under("segments", func(f *field, t *testing.T) { f.commit("kcp", datagramCrimes(), in) })
}

// commit has an intruder of its own commit each crime.
func (f *field) commit(transport string, list []crime, prepare func(i *intruder) error) {
	f.t.Helper()
	for n, c := range list {
		if testing.Short() && n%5 != 0 {
			continue // a sample
		}
		i := f.intrude(f.t, transport, 2)
		if err := prepare(i); err != nil {
			f.t.Fatalf("%s: %v", c.name, err)
		}
		if err := c.do(i); err != nil && i.last == nil && !i.stream {
			f.t.Errorf("%s: %v", c.name, err)
		}
		if c.want == stays {
			if err := i.answered(); err != nil {
				f.t.Errorf("%s: %v", c.name, err)
			}
		} else if err := i.end(); err != (closed{c.want}) {
			f.t.Errorf("%s: %v, want %v", c.name, err, closed{c.want})
		}
		i.leave()
	}
}

// answered calls and waits for the reply: the session goes on.
func (i *intruder) answered() error {
	const num = 1 << 50
	if err := i.send(message(num, &proto.Call{Method: siege.Number(siege.Echo), Args: wire.AppendBytes(nil, []byte("still here"))})); err != nil {
		return err
	}
	for {
		typ, n, _, err := i.await()
		if err != nil || typ == proto.TypeReply && n == num {
			return err
		}
	}
}

// everyType sends a message of every type, with noise and with a sound value.
func everyType(f *field, t *testing.T, transport string) {
	r := rand.New(rand.NewPCG(7, 7))
	for typ := range uint16(256) {
		if !thorough && typ%16 != 0 && (typ < proto.TypeLogin-1 || typ > proto.TypeMove+1) {
			continue // those that there are, and every sixteenth of the others
		}
		i := f.intrude(t, transport, 2)
		if err := i.login(fmt.Sprintf("villain-%x", i.random)); err != nil {
			t.Fatal(err)
		}
		payload := bytesFrom(r, r.IntN(200))
		if typ%2 == 0 {
			payload = wire.AppendBytes(nil, payload)
		}
		err := errors.Join(i.send(raw(typ, r.Uint64(), payload)), i.answered())
		sound := wire.Validate(payload) == nil
		switch {
		case sound && (typ == proto.TypeCall || typ == proto.TypeMove || typ == proto.TypeLogin):
			if err != nil {
				t.Errorf("type %d: %v", typ, err)
			}
		case err == nil || i.end() != closed{session.ReasonBad} && !(sound && typ == proto.TypeLogout):
			t.Errorf("type %d: %v, then %v", typ, err, i.last)
		}
		i.leave()
	}
}

// othersSessions names the sessions of the honest: in sealed packets, and in
// claims to resume them.
func othersSessions(f *field, t *testing.T, transport string) {
	var honest []node.Session
	p := f.gate.Process()
	for lane := range p.Lanes() {
		p.DoLane(lane, func(l *node.LaneHost) {
			for v := range l.Lane().(*session.Shard).Sessions() {
				honest = append(honest, v.Session)
			}
		})
	}
	before := f.look()
	for n, id := range honest {
		i := f.intrude(t, transport, 2)
		if err := i.handshake(); err != nil {
			t.Fatal(err)
		}
		// The hint leads to the lane of the session, the rest of the name to the session itself.
		token := [16]byte{byte(n)}
		if err := i.resume(token, id, uint64(n)); err != nil {
			t.Fatal(err)
		}
		if err := i.refusedToResume(); err != nil {
			t.Errorf("%v: %v", id, err)
		}
		_ = i.write(i.sealAs(id, 1<<30, []byte{kindClose, 0, 0}))
		_ = i.write(i.sealAs(id, 1, append([]byte{kindBegin}, make([]byte, 33)...)))
		if transport == "tcp" {
			if err := i.end(); !errors.Is(err, errCut) {
				t.Errorf("%v: a stream with a packet for another: %v", id, err)
			}
		}
		i.leave()
	}
	f.until("the claims are counted", func() bool {
		return f.look().counters.ResumeRefused >= before.counters.ResumeRefused+uint64(len(honest))
	})
}

// refusedToResume waits for the gate's word that there is nothing to resume.
func (i *intruder) refusedToResume() error {
	for !i.noResume {
		if err := i.step(within); err != nil {
			return err
		}
	}
	return nil
}
