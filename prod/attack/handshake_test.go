package attack

import (
	"encoding/binary"
	"errors"
	"sync"
	"testing"
	"time"

	"messiah/core/session"
	"messiah/prod/config"
)

// unlimited lifts the budget of key exchanges, so that it is the other bounds that hold.
func unlimited(c *config.Config) {
	c.Players.HandshakesPerSecond, c.Players.HandshakeBurst = 1<<20, 1<<20
}

func TestHandshakesThatAreNotFinished(t *testing.T) {
	f := startField(t, func(c *config.Config) {
		unlimited(c)
		c.Players.Shards = 1 // so that the bounds are in reach
	})
	f.honest(nil)
	f.under("hellos alone", hellosAlone)
	f.under("cookies of others", cookiesOfOthers)
	f.under("refused in the end", refusedInTheEnd)
	f.under("inits without a begin", func(f *field, t *testing.T) {
		// Both wait for the same time limit.
		before := f.look()
		var all sync.WaitGroup
		all.Go(func() { initsWithoutBegin(f, t) })
		all.Go(func() { streamsThatGreet(f, t) })
		all.Wait()
		f.until("each is given up", func() bool {
			return f.look().counters.Unfinished >= before.counters.Unfinished+uint64(many(halfOpen)+many(greeting))
		})
	})
}

// How many handshakes stop after the keys, and how many connections after the hello: more than there may be.
const (
	halfOpen = 1300
	greeting = 1300
)

// hellosAlone asks for thousands of cookies and never shows one.
func hellosAlone(f *field, t *testing.T) {
	sources, hellos := many(50), 100
	before := f.look()
	for n := range sources {
		i := f.intrude(t, "kcp", 2+n)
		for k := range hellos {
			binary.LittleEndian.PutUint64(i.random[:], uint64(k))
			if _, err := i.cookie(); err != nil {
				t.Fatal(err)
			}
		}
		// Whose address it is is not known yet: what goes there must be no more than what came.
		if i.got > i.sent {
			t.Errorf("%d bytes came back for %d", i.got, i.sent)
		}
	}
	if s := f.look(); s.sessions != before.sessions || s.halfOpen+s.greeted != 0 {
		t.Errorf("hellos left %d sessions, %d half open", s.sessions-before.sessions, s.halfOpen+s.greeted)
	}
}

// cookiesOfOthers shows cookies that were made for another address, port or
// random number, and false ones.
func cookiesOfOthers(f *field, t *testing.T) {
	before := f.look()
	victim := f.intrude(t, "kcp", 2)
	cookie, err := victim.cookie()
	if err != nil {
		t.Fatal(err)
	}
	shown := uint64(0)
	show := func(i *intruder, cookie []byte) {
		t.Helper()
		question, _ := i.init(cookie)
		if err := i.write(question); err != nil {
			t.Fatal(err)
		}
		shown++
		// The next that comes is the answer to this.
		if _, err := i.cookie(); err != nil {
			t.Fatal(err)
		}
		f.until("the cookie is counted", func() bool {
			return f.look().counters.BadCookies == before.counters.BadCookies+shown
		})
	}
	for _, n := range []int{2, 3} { // another port, another address
		i := f.intrude(t, "kcp", n)
		i.random, i.hint = victim.random, victim.hint
		show(i, cookie)
	}
	for bit := range 8 * len(cookie) {
		flipped := append([]byte(nil), cookie...)
		flipped[bit/8] ^= 1 << (bit % 8)
		show(victim, flipped)
	}
	other := victim.random
	victim.random[0]++
	show(victim, cookie)
	victim.random = other
	if s := f.look(); s.counters.Handshakes != before.counters.Handshakes || s.sessions != before.sessions {
		t.Errorf("%d handshakes, %d sessions by false cookies", s.counters.Handshakes-before.counters.Handshakes, s.sessions-before.sessions)
	}
	if err := victim.handshake(); err != nil {
		t.Errorf("the one whose cookie it is: %v", err)
	}
}

// refusedInTheEnd exchanges keys wrongly: for another server, without any
// content, with a point that keys cannot be made with.
func refusedInTheEnd(f *field, t *testing.T) {
	for _, transport := range []string{"kcp", "tcp"} {
		for n := range 4 {
			i := f.intrude(t, transport, 2)
			cookie, err := i.cookie()
			if err != nil {
				t.Fatal(err)
			}
			i.key[n]++
			question, _ := i.init(cookie)
			switch n {
			case 1:
				question = append(question[:replyHead+cookieLen], make([]byte, 64)...)
			case 2:
				question = question[:replyHead+cookieLen]
			case 3:
				i.key = f.key
				i.version.ProtoMin, i.version.ProtoMax = 77, 77
				question, _ = i.init(cookie)
			}
			if err := i.write(question); err != nil {
				t.Fatal(err)
			}
			packet, err := i.read(within)
			if err != nil || packet[0] != typeRefuse || len(packet) > len(question) {
				t.Errorf("%s %d: an answer of type %v and %d bytes to %d, %v", transport, n, packet[:1], len(packet), len(question), err)
			}
		}
	}
}

// initsWithoutBegin exchanges keys over datagrams, thousands of times, and
// never begins. At the bound the oldest goes.
func initsWithoutBegin(f *field, t *testing.T) {
	sources, each := 10, many(halfOpen)/10
	var all sync.WaitGroup
	for n := range sources {
		i, err := f.tryIntrude("kcp", 2+n)
		if err != nil {
			t.Error(err)
			return
		}
		all.Go(func() {
			for k := range each {
				binary.LittleEndian.PutUint32(i.random[:], uint32(k))
				i.hint = uint32(k) << 24
				if err := i.handshake(); err != nil {
					t.Errorf("handshake %d: %v", k, err)
					return
				}
			}
		})
	}
	all.Wait()
	s := f.look()
	if s.halfOpen == 0 || s.halfOpen > session.DefaultMaxHalfOpen || s.sessions > f.honestCount()+2*session.DefaultMaxHalfOpen {
		t.Errorf("%d sessions, %d half open", s.sessions, s.halfOpen)
	}
}

// streamsThatGreet says hello over thousands of connections, and no more.
func streamsThatGreet(f *field, t *testing.T) {
	connections := many(greeting)
	var list []*intruder
	for n := range connections {
		i, err := f.tryIntrude("tcp", 2+n%10)
		if err == nil {
			_, err = i.cookie()
		}
		if err != nil {
			t.Errorf("connection %d: %v", n, err)
			return
		}
		list = append(list, i)
	}
	if s := f.look(); s.greeted == 0 || s.greeted > session.DefaultMaxHalfOpen {
		t.Errorf("%d connections have greeted", s.greeted)
	}
	deadline := time.Now().Add(within)
	for n, i := range list {
		if _, err := i.read(time.Until(deadline)); !errors.Is(err, errCut) {
			t.Errorf("connection %d: %v", n, err)
			return
		}
	}
}
