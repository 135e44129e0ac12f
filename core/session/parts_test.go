package session

import (
	"bytes"
	"testing"
	"time"

	"pgregory.net/rapid"

	"messiah/core/node"
	"messiah/core/wire"
)

// The heap of deadlines agrees with a list that is searched.
func TestDeadlinesAreOrdered(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var d deadlines
		want := map[int]node.Time{}
		earliest := func() (slot int, at node.Time) {
			slot, at = -1, node.Never
			for s, w := range want {
				if w < at || w == at && slot >= 0 && s < slot {
					slot, at = s, w
				}
			}
			return slot, at
		}
		for range rapid.IntRange(1, 100).Draw(rt, "acts") {
			slot := rapid.IntRange(0, 12).Draw(rt, "slot")
			at := node.Time(rapid.IntRange(0, 30).Draw(rt, "time"))
			switch rapid.IntRange(0, 3).Draw(rt, "act") {
			case 0, 1:
				d.want(slot, at)
				if old, ok := want[slot]; !ok || at < old {
					want[slot] = at
				}
			case 2:
				d.drop(slot)
				delete(want, slot)
			case 3:
				first, when := earliest()
				got, ok := d.due(at)
				if ok != (first >= 0 && when <= at) || ok && got != first {
					rt.Fatalf("due %d %v, must be %d at %v", got, ok, first, when)
				}
				delete(want, first)
				if !ok && first >= 0 {
					want[first] = when
				}
			}
			if _, when := earliest(); d.next() != when {
				rt.Fatalf("next is %v, must be %v", d.next(), when)
			}
			for s := range 13 {
				got, ok := d.time(s)
				if w, is := want[s]; is != ok || got != w {
					rt.Fatalf("slot %d: %v %v, must be %v %v", s, got, ok, w, is)
				}
			}
		}
	})
}

func TestBucket(t *testing.T) {
	var b bucket
	now := node.Time(0)
	for i, c := range []struct {
		after time.Duration
		n     uint64
		taken bool
	}{
		{0, 10, true}, {0, 1, false}, {100 * time.Millisecond, 1, true}, {0, 1, false}, {time.Hour, 11, false}, {0, 10, true}, {time.Second, 10, true},
	} {
		now = now.Add(c.after)
		if wait := b.wait(now, c.n, 10, 10); c.n <= 10 && wait == 0 != c.taken {
			t.Errorf("step %d: the wait is %v", i, wait)
		}
		if got := b.take(now, c.n, 10, 10); got != c.taken {
			t.Errorf("step %d: taken %v", i, got)
		}
	}
}

// A flow agrees with plain lists of messages; its buffer stays within three
// times what is kept.
func TestFlowIsAList(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var f flow
		var kept [][]byte // acked+1 to sent
		var acked, written, next uint64
		next = 1
		limits := Limits{UnackedBytes: 2000, UnackedMessages: 20}
		most := 0
		for range rapid.IntRange(1, 150).Draw(rt, "acts") {
			switch rapid.IntRange(0, 4).Draw(rt, "act") {
			case 0, 1:
				body := bytes.Repeat([]byte{byte(f.sent)}, rapid.IntRange(0, 300).Draw(rt, "size"))
				size := 0
				for _, b := range kept {
					size += recordHead + len(b)
				}
				fits := len(kept) < 20 && size+recordHead+len(body) <= 2000
				if f.fits(&limits, len(body)) != fits {
					rt.Fatalf("%d messages of %d bytes: fits %v", len(kept), size, !fits)
				}
				if fits {
					f.push(f.sent+1, body)
					kept = append(kept, body)
					most = max(most, size+recordHead+len(body))
				}
			case 2:
				b := f.appendBatch(nil, rapid.IntRange(0, 700).Draw(rt, "batch"))
				list := b[1:]
				for len(list) > 0 {
					body, rest, ok := nextMessage(list)
					if !ok || !bytes.Equal(body, kept[next-acked-1]) {
						rt.Fatalf("message %d is written wrong", next)
					}
					written, next, list = max(written, next), next+1, rest
				}
			case 3:
				upTo := uint64(rapid.IntRange(0, int(f.sent)+2).Draw(rt, "ack"))
				can := upTo >= acked && upTo <= written
				if f.acknowledge(upTo) != can {
					rt.Fatalf("%d of %d written, %d acknowledged: can %v", upTo, written, acked, !can)
				}
				if can {
					kept, acked, next = kept[upTo-acked:], upTo, max(next, upTo+1)
					if acked > 0 && f.cookie != acked {
						rt.Fatalf("the cookie is %d, must be %d", f.cookie, acked)
					}
				}
			case 4:
				f.rewind()
				next = acked + 1
			}
			if f.pending() != (next <= f.sent) || f.acked != acked || f.written != written || f.due != next && f.pending() {
				rt.Fatalf("pending %v, acked %d, written %d, due %d; must be %v, %d, %d, %d",
					f.pending(), f.acked, f.written, f.due, next <= f.sent, acked, written, next)
			}
			var loaded flow
			state := wire.AppendState(nil, f.code)
			if err := wire.LoadState(state, loaded.code); err != nil || !bytes.Equal(state, wire.AppendState(nil, loaded.code)) {
				rt.Fatalf("the state is not read back: %v", err)
			}
			if loaded.pending() && loaded.due != f.due {
				rt.Fatalf("loaded with %d as the next, must be %d", loaded.due, f.due)
			}
		}
		if cap(f.kept) > 3*most+1024 {
			rt.Fatalf("a buffer of %d bytes for %d", cap(f.kept), most)
		}
	})
}

func TestNames(t *testing.T) {
	for r := range reasonEnd {
		if r.String() == "" || r != ReasonNone && r.String() == reasonNames[0] {
			t.Errorf("reason %d has no name", r)
		}
	}
	if got := reasonEnd.String(); got != "reason17" {
		t.Errorf("an unknown reason is called %q", got)
	}
	for s := range stateEnd {
		if s.String() == "" || s.String() == "state?" {
			t.Errorf("state %d has no name", s)
		}
	}
}

// Every packet of a session leads to the lane that holds it.
func TestShardOf(t *testing.T) {
	for lane := range 5 {
		s := node.NewSession(lane, 0xabcdef, 77)
		b := make([]byte, overhead)
		putHeader(b, s, 3)
		if got := ShardOf(b, 5); got != lane {
			t.Errorf("lane %d: a sealed packet leads to %d", lane, got)
		}
		if got := ShardOf(appendHello(nil, hintOf(s), [randomLen]byte{}), 5); got != lane {
			t.Errorf("lane %d: a hello leads to %d", lane, got)
		}
		if got, seq, ok := sealedName(b); !ok || got != s || seq != 3 {
			t.Errorf("%v is read back as %v with number %d", s, got, seq)
		}
	}
	for n := range prefixLen {
		if ShardOf(make([]byte, n), 5) != 0 {
			t.Errorf("a packet of %d bytes does not lead to the first lane", n)
		}
	}
}
