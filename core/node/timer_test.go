package node

import (
	"slices"
	"testing"
	"time"

	"messiah/core/wire"

	"pgregory.net/rapid"
)

// sortedTimers is the oracle: a list in which each key stands at most once.
type sortedTimers struct {
	list []timer
	seq  uint64
}

func (s *sortedTimers) cancel(key timerKey) {
	s.list = slices.DeleteFunc(s.list, func(one timer) bool { return one.timerKey == key })
}

func (s *sortedTimers) set(at Time, key timerKey) {
	s.cancel(key)
	s.seq++
	i := 0
	for i < len(s.list) && s.list[i].at <= at {
		i++
	}
	s.list = slices.Insert(s.list, i, timer{at: at, seq: s.seq, timerKey: key})
}

func (s *sortedTimers) due(now Time) (timer, bool) {
	if len(s.list) == 0 || s.list[0].at > now {
		return timer{}, false
	}
	first := s.list[0]
	s.list = s.list[1:]
	return first, true
}

// Timers fire in the order of their times, equal ones in the order in which they
// were set; setting one again moves it; a copy by State fires alike.
func TestTimersAgainstASortedList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var heap timers
		var list sortedTimers
		key := func(t *rapid.T) timerKey {
			return timerKey{rapid.Uint16Range(1, 3).Draw(t, "name"), rapid.Uint64Range(0, 4).Draw(t, "key")}
		}
		at := rapid.Custom(func(t *rapid.T) Time { return Time(rapid.Int64Range(0, 20).Draw(t, "at")) })
		t.Repeat(map[string]func(*rapid.T){
			"set": func(t *rapid.T) {
				k, when := key(t), at.Draw(t, "when")
				heap.set(when, k)
				list.set(when, k)
			},
			"cancel": func(t *rapid.T) {
				k := key(t)
				heap.cancel(k)
				list.cancel(k)
			},
			"due": func(t *rapid.T) {
				now := at.Draw(t, "now")
				for {
					got, ok := heap.due(now)
					want, wantOK := list.due(now)
					if ok != wantOK || got.at != want.at || got.timerKey != want.timerKey {
						t.Fatalf("due(%d) = %+v, %v, want %+v, %v", now, got, ok, want, wantOK)
					}
					if !ok {
						break
					}
				}
			},
			"copy": func(t *rapid.T) {
				var loaded timers
				state := wire.AppendState(nil, heap.code)
				if err := wire.LoadState(state, loaded.code); err != nil {
					t.Fatal(err)
				}
				if again := wire.AppendState(nil, loaded.code); !slices.Equal(again, state) {
					t.Fatalf("the state of a copy is %x, want %x", again, state)
				}
				heap = loaded
			},
			"": func(t *rapid.T) {
				want := Never
				if len(list.list) > 0 {
					want = list.list[0].at
				}
				if got := heap.next(); got != want {
					t.Fatalf("next() = %d, want %d", got, want)
				}
				if heap.place != nil && len(heap.place) != len(list.list) || len(heap.heap) != len(list.list) {
					t.Fatalf("%d places and %d timers, want %d", len(heap.place), len(heap.heap), len(list.list))
				}
			},
		})
	})
}

func TestTimersOfOneTimeFireInTheOrderOfSetting(t *testing.T) {
	var heap timers
	for key := range uint64(50) {
		heap.set(5, timerKey{1, key})
	}
	heap.set(5, timerKey{1, 0}) // moves behind the others
	for i := range uint64(50) {
		one, ok := heap.due(5)
		if want := (i + 1) % 50; !ok || one.key != want {
			t.Fatalf("firing %d is of key %d, %v, want %d", i, one.key, ok, want)
		}
	}
}

func TestTimeArithmetic(t *testing.T) {
	if got := Time(5).Add(3 * time.Second).Sub(5); got != 3*time.Second {
		t.Errorf("got %v", got)
	}
	if got := Time(1_500_000).String(); got != "1.5ms" {
		t.Errorf("String() = %q", got)
	}
}

// A timer for now fires in the next turn, or its own handler could starve the queue for ever.
func TestATimerSetForNowLetsTheQueueGoOn(t *testing.T) {
	const again = 1
	fired, handled := 0, 0
	h := newTestHost(Config{Self: NewID(Game, 1)}, func(env *Env, in *Input) {
		switch in.Kind {
		case InStart:
			env.After(0, again, 0)
		case InTimer:
			fired++
			env.After(0, again, 0)
		case InAnswer:
			handled++
		}
	})
	for range 3 {
		h.Deliver(&Input{Kind: InAnswer})
	}
	for now := Time(0); now < 4; now++ {
		run(h, now)
	}
	if handled != 3 || fired != 3 {
		t.Errorf("in four turns %d of 3 inputs were handled and the timer fired %d times, want 3", handled, fired)
	}
}
