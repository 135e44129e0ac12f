package attack

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"messiah/prod/bots"
	"messiah/prod/config"
	"messiah/scenarios/siege"
)

func TestReplaysAndForgeries(t *testing.T) {
	// The victims of a broken stream come back; however busy the machine is, they come in time.
	f := startField(t, func(c *config.Config) { c.Players.Grace = within })
	over := proxyDatagrams(t, f.at("kcp"))
	f.honest(map[string]string{"kcp": over.addr})
	f.until("every client has a tape", func() bool {
		paths := over.all()
		for _, p := range paths {
			if up, down := p.tapes(); len(up) < 100 || len(down) < 100 {
				return false
			}
		}
		return len(paths) >= perSwarm
	})
	f.under("replayed datagrams", func(f *field, t *testing.T) { replayDatagrams(f, t, over) })
	f.under("forged datagrams", func(f *field, t *testing.T) { forgeDatagrams(f, t, over) })
	f.under("streams of others", func(f *field, t *testing.T) { foreignStreams(f, t, over) })
	f.under("packets put into streams", putIntoStreams)
}

// replayDatagrams sends all that honest clients and the gate have said to each
// other again: in order, backwards and in no order, from the true address and from another.
func replayDatagrams(f *field, t *testing.T, over *proxy) {
	r := rand.New(rand.NewPCG(3, 3))
	before := f.look()
	stranger := f.intrude(t, "kcp", 2)
	sent := 0
	for _, p := range over.all() {
		up, down := p.tapes()
		for round := range 3 {
			switch round {
			case 1:
				slices.Reverse(up)
				slices.Reverse(down)
			case 2:
				r.Shuffle(len(up), func(a, b int) { up[a], up[b] = up[b], up[a] })
				r.Shuffle(len(down), func(a, b int) { down[a], down[b] = down[b], down[a] })
			}
			for n, packet := range up {
				p.toGate(packet)
				sent++
				if n%garbageBatch == 0 {
					if _, err := stranger.cookie(); err != nil {
						t.Fatal(err)
					}
				}
				_ = stranger.write(packet)
				sent++
			}
			for _, packet := range down {
				p.toClient(packet)
				_ = stranger.write(packet) // the gate's own words, back to it
			}
		}
	}
	s := f.look()
	if n := s.counters.Replayed - before.counters.Replayed; n < uint64(sent)/2 {
		t.Errorf("%d of %d replayed datagrams were counted as such", n, sent)
	}
	if s.counters.Handshakes != before.counters.Handshakes || s.sessions != before.sessions {
		t.Errorf("%d handshakes and %d sessions by replays", s.counters.Handshakes-before.counters.Handshakes, s.sessions-before.sessions)
	}
}

// forgeries are ways to make another packet of a true one.
func forgeries(r *rand.Rand, packet []byte) (list [][]byte) {
	change := func(f func(b []byte) []byte) { list = append(list, f(append([]byte(nil), packet...))) }
	flip := func(at int) {
		change(func(b []byte) []byte {
			b[at] ^= 1 << r.IntN(8)
			return b
		})
	}
	for at := range headerLen {
		flip(at)
	}
	flip(headerLen + r.IntN(len(packet)-headerLen-tagLen))
	for range 3 {
		flip(len(packet) - 1 - r.IntN(tagLen))
	}
	change(func(b []byte) []byte { return b[:len(b)-1] })
	change(func(b []byte) []byte { return b[:headerLen+tagLen] })
	change(func(b []byte) []byte { return append(b, 0) })
	change(func(b []byte) []byte { // a number that is new, and far ahead
		binary.LittleEndian.PutUint64(b[9:], binary.LittleEndian.Uint64(b[9:])+1<<40)
		return b
	})
	change(func(b []byte) []byte {
		copy(b[headerLen:], bytesFrom(r, len(b)))
		return b
	})
	return list
}

func forgeDatagrams(f *field, t *testing.T, over *proxy) {
	r := rand.New(rand.NewPCG(4, 4))
	before := f.look()
	stranger := f.intrude(t, "kcp", 2)
	sent := 0
	sealed := func(tape [][]byte) [][]byte {
		latest := slices.DeleteFunc(tape, func(b []byte) bool { return b[0] != typeSealed || len(b) <= headerLen+tagLen })
		return latest[max(0, len(latest)-60):]
	}
	for _, p := range over.all() {
		up, down := p.tapes()
		for _, packet := range sealed(up) {
			for _, forged := range forgeries(r, packet) {
				p.toGate(forged)
				_ = stranger.write(forged)
				sent += 2
			}
			if _, err := stranger.cookie(); err != nil {
				t.Fatal(err)
			}
		}
		for _, packet := range sealed(down) {
			for _, forged := range forgeries(r, packet) {
				p.toClient(forged)
			}
		}
	}
	s := f.look()
	if n := s.counters.Forged - before.counters.Forged; n < uint64(sent)/10 {
		t.Errorf("%d of %d forged datagrams were counted as such", n, sent)
	}
	if s.sessions != before.sessions {
		t.Errorf("%d sessions by forgeries", s.sessions-before.sessions)
	}
}

// foreignStreams brings packets of other clients' sessions over streams of its own.
func foreignStreams(f *field, t *testing.T, over *proxy) {
	before := f.look()
	tried := uint64(0)
	for _, p := range over.all() {
		up, down := p.tapes()
		for n, packet := range append(up[:min(20, len(up))], down[:min(20, len(down))]...) {
			if packet[0] != typeSealed {
				continue
			}
			i := f.intrude(t, "tcp", 2)
			if n%2 == 0 {
				if _, err := i.cookie(); err != nil {
					t.Fatal(err)
				}
			}
			_ = i.write(packet)
			if _, err := i.read(within); err == nil {
				t.Fatal("a stream with another's packets is answered")
			}
			i.leave()
			tried++
		}
	}
	f.until("each is counted", func() bool { return f.look().counters.Nonsense == before.counters.Nonsense+tried })
}

// putIntoStreams repeats and forges packets inside the streams of victims, as
// only who sits on the way can. A stream breaks by it; the session does not.
func putIntoStreams(f *field, t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	over := proxyStreams(t, f.at("tcp"))
	victims, err := bots.Start(bots.Config{
		Gates: []string{"tcp://" + over.addr}, ServerKey: f.key, Version: f.site.Version(), Clients: perSwarm,
		Prefix: "victim-", RPC: siege.RPC(), Method: string(siege.Count), Outstanding: 8, Every: 5 * time.Millisecond, Loops: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	if !victims.AllIn(ctx) {
		t.Fatalf("the victims are not in: %+v", victims.Tally())
	}
	before := f.look()
	resumes := uint64(0)
	for _, put := range []struct {
		breaks uint64 // streams for certain; a client passes over what is not for it
		in     func(p *path, up, down []byte)
	}{
		{perSwarm, func(p *path, up, _ []byte) { p.toGate(up) }},
		{perSwarm, func(p *path, up, _ []byte) { p.toGate(forgeries(r, up)[r.IntN(headerLen)]) }},
		{perSwarm, func(p *path, _, down []byte) { p.toClient(down) }},
		{0, func(p *path, _, down []byte) { p.toClient(forgeries(r, down)[r.IntN(headerLen)]) }},
		{perSwarm, func(p *path, _, _ []byte) { p.toGate(bytesFrom(r, 100)) }},
	} {
		for _, p := range over.all() {
			var up, down [][]byte
			f.until("a path has a tape", func() bool {
				up, down = p.tapes()
				return len(up) > 10 && len(down) > 10
			})
			put.in(p, up[len(up)-1-r.IntN(5)], down[len(down)-1-r.IntN(5)])
		}
		resumes += put.breaks
		f.until("every victim is back", func() bool {
			t := victims.Count()
			return t.In == perSwarm && t.Resumes >= resumes && len(over.all()) == perSwarm
		})
	}
	s := f.look()
	if n := s.counters.Forged + s.counters.Replayed + s.counters.Nonsense - before.counters.Forged - before.counters.Replayed - before.counters.Nonsense; n < 2*perSwarm {
		t.Errorf("%d packets were noticed", n)
	}
	lost, last := victims.Finish()
	if lost+last.Lost+last.Doubled+last.Reordered+last.Failed+last.Unknown+last.Kicks != 0 || last.Ended != perSwarm {
		t.Errorf("the victims: %d without an outcome, %+v", lost, last)
	}
}
