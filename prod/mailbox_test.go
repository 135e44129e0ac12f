package prod

import (
	"testing"
	"time"

	"messiah/core/node"
)

func newTestMailbox(most, mostBytes int) *mailbox {
	return newMailbox(most, mostBytes, newWaker(clock{time.Now()}))
}

// drain takes all that waits and returns the numbers in order.
func drain(m *mailbox, t *intake) (nums []uint64) {
	m.take(t)
	for in, ok := t.next(); ok; in, ok = t.next() {
		nums = append(nums, in.Num)
	}
	return nums
}

func TestAMailboxKeepsTheOrderOfPushedAndGiven(t *testing.T) {
	m := newTestMailbox(1000, 1<<20)
	var taken intake
	for round := range 10 {
		n := uint64(0)
		for range 3 {
			m.put(&node.Input{Num: n, Body: []byte("pushed")}, waits)
			var mail node.Mail
			mail.Push(&node.Input{Num: n + 1})
			mail.Push(&node.Input{Num: n + 2})
			m.give(&mail)
			if mail.Len() != 0 {
				t.Fatalf("the giver keeps %d inputs", mail.Len())
			}
			n += 3
		}
		got := drain(m, &taken)
		for i, num := range got {
			if num != uint64(i) {
				t.Fatalf("round %d: inputs come out as %v", round, got)
			}
		}
		if len(got) != int(n) || m.waiting.Load() != 0 {
			t.Fatalf("round %d: %d inputs of %d come out, %d still wait", round, len(got), n, m.waiting.Load())
		}
	}
}

func TestAtItsBoundAMailboxDropsForcesOrWaits(t *testing.T) {
	for _, c := range []struct {
		name            string
		most, mostBytes int
	}{{"count", 3, 1 << 20}, {"bytes", 1000, 3 * 10}} {
		t.Run(c.name, func(t *testing.T) {
			m := newTestMailbox(c.most, c.mostBytes)
			room := 0
			m.onRoom = func() { room++ }
			in := node.Input{Body: make([]byte, 10)}
			for range 3 {
				if !m.put(&in, drops) {
					t.Fatal("dropped below the bound")
				}
			}
			if m.put(&in, drops) {
				t.Error("taken at the bound from one who drops")
			}
			if !m.put(&in, forces) {
				t.Error("not taken from one who forces")
			}
			waited := make(chan bool)
			go func() { waited <- m.put(&node.Input{Num: 9}, waits) }()
			var taken intake
			if got := drain(m, &taken); len(got) != 4 {
				t.Errorf("%d inputs come out, want 4", len(got))
			}
			if !await(t, waited, "the sender that waits") {
				t.Error("the sender that waited is refused")
			}
			if got := drain(m, &taken); len(got) != 1 || got[0] != 9 {
				t.Errorf("%v comes out, want what waited", got)
			}
			if room != 1 {
				t.Errorf("room was told %d times, want once", room)
			}
		})
	}
}

func TestAClosedMailboxLetsGoOfThoseWhoWait(t *testing.T) {
	m := newTestMailbox(1, 1<<20)
	m.put(&node.Input{}, waits)
	waited := make(chan bool)
	go func() { waited <- m.put(&node.Input{}, waits) }()
	m.close()
	if await(t, waited, "the sender that waits") {
		t.Error("a closed mailbox takes an input")
	}
	if m.put(&node.Input{}, forces) {
		t.Error("a closed mailbox takes what is forced")
	}
	var mail node.Mail
	mail.Push(&node.Input{})
	if m.give(&mail); mail.Len() != 0 || m.waiting.Load() != 1 {
		t.Errorf("a closed mailbox leaves %d with the giver and holds %d", mail.Len(), m.waiting.Load())
	}
}

func TestAMailboxInSteadyStateAllocatesNothing(t *testing.T) {
	m := newTestMailbox(1000, 1<<20)
	var taken intake
	var mail node.Mail
	in := node.Input{Body: make([]byte, 100)}
	round := func() {
		for range maxSpare / 2 {
			m.put(&in, waits)
			for range 10 {
				mail.Push(&in)
			}
			m.give(&mail)
		}
		m.take(&taken)
		for _, ok := taken.next(); ok; _, ok = taken.next() {
		}
	}
	for range 10 {
		round()
	}
	if n := testing.AllocsPerRun(100, round); n > 0 {
		t.Errorf("%v allocations a round", n)
	}
}
