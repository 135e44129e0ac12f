package node

import (
	"testing"

	"pgregory.net/rapid"
)

// Queues that share a room hold what was pushed into each, in order, as queues of
// their own do; an empty one leaves its buffers behind.
func TestMailsOfOneRoomDoNotMix(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var room Room
		var mails [3]Mail
		var want [3][]byte
		for i := range mails {
			mails[i].Share(&room)
		}
		which := rapid.IntRange(0, len(mails)-1)
		next := byte(0)
		t.Repeat(map[string]func(*rapid.T){
			"push": func(t *rapid.T) {
				i := which.Draw(t, "mail")
				next++
				mails[i].Push(&Input{Kind: InTask, Num: uint64(next), Body: []byte{next}})
				want[i] = append(want[i], next)
			},
			"pop": func(t *rapid.T) {
				i := which.Draw(t, "mail")
				in, ok := mails[i].Pop()
				if ok != (len(want[i]) > 0) {
					t.Fatalf("pop of %d waiting says %v", len(want[i]), ok)
				}
				if ok {
					if in.Num != uint64(want[i][0]) || in.Body[0] != want[i][0] {
						t.Fatalf("popped %d with body %d, want %d", in.Num, in.Body[0], want[i][0])
					}
					want[i] = want[i][1:]
				}
				mails[i].Recycle()
			},
			"take all": func(t *rapid.T) {
				to, from := which.Draw(t, "to"), which.Draw(t, "from")
				if to == from {
					return
				}
				mails[to].TakeAll(&mails[from])
				want[to], want[from] = append(want[to], want[from]...), nil
			},
			"": func(t *rapid.T) {
				for i := range mails {
					if mails[i].Len() != len(want[i]) {
						t.Fatalf("%d wait in mail %d, want %d", mails[i].Len(), i, len(want[i]))
					}
				}
				if len(room.mails) > maxRooms {
					t.Fatalf("the room keeps %d buffers", len(room.mails))
				}
			},
		})
	})
}

func TestARoomServesOneMailAfterTheOther(t *testing.T) {
	var room Room
	mails := make([]Mail, 1000)
	for i := range mails {
		mails[i].Share(&room)
	}
	in := Input{Kind: InTask, Body: make([]byte, 100)}
	round := func() {
		for i := range mails {
			mails[i].Push(&in)
			mails[i].Pop()
			mails[i].Recycle()
		}
	}
	round()
	if len(room.mails) != 1 {
		t.Errorf("%d buffers served mails of which one at a time was in use, want 1", len(room.mails))
	}
	if n := testing.AllocsPerRun(3, round); n != 0 {
		t.Errorf("a round allocates %v times", n)
	}
}
