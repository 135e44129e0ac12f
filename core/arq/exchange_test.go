package arq

import (
	"fmt"
	"testing"
	"time"
)

var paths = map[string]path{
	"lossless":  {latency: 25 * time.Millisecond},
	"jittery":   {latency: 25 * time.Millisecond, jitter: 20 * time.Millisecond},
	"lossy":     {latency: 25 * time.Millisecond, jitter: 5 * time.Millisecond, loss: 0.1, repeat: 0.05},
	"miserable": {latency: 60 * time.Millisecond, jitter: 100 * time.Millisecond, loss: 0.3, repeat: 0.2},
}

func TestExchangeIsWholeInOrderOnce(t *testing.T) {
	for name, p := range paths {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, 1, p, func(l *lab) { l.exchange(200) })
		})
	}
}

func TestSameSeedSameDatagrams(t *testing.T) {
	for name, p := range paths {
		for seed := range uint64(2) {
			t.Run(fmt.Sprint(name, seed), func(t *testing.T) {
				t.Parallel()
				play := func(l *lab) { l.exchange(100) }
				one, two := inBubble(t, seed, p, play), inBubble(t, seed, p, play)
				if one.trace.Sum64() != two.trace.Sum64() {
					t.Errorf("two runs gave %x and %x", one.trace.Sum64(), two.trace.Sum64())
				}
				other := inBubble(t, seed+100, p, play)
				if p.loss > 0 && other.trace.Sum64() == one.trace.Sum64() {
					t.Error("another seed gave the same datagrams")
				}
			})
		}
	}
}

func TestClockWrapsWithoutAStall(t *testing.T) {
	wrap := time.Duration(1<<32) * time.Millisecond
	for name, p := range paths {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, 1, p, func(l *lab) {
				time.Sleep(wrap - time.Second)
				l.exchange(200)
				if Clock() < wrap {
					t.Errorf("the clock stands at %v, before the wrap", Clock())
				}
				// Worse than 1 s after it, the timeout would have been taken from a wrong difference.
				if timeout := l.sides[0].Stats().Timeout; timeout > time.Second {
					t.Errorf("timeout of %v after the wrap", timeout)
				}
			})
		})
	}
}

// TestWrapWhileInFlight has the timers of segments that were lost before the wrap end after it.
func TestWrapWhileInFlight(t *testing.T) {
	wrap := time.Duration(1<<32) * time.Millisecond
	inBubble(t, 1, path{latency: 25 * time.Millisecond}, func(l *lab) {
		time.Sleep(wrap - 100*time.Millisecond)
		l.path.loss = 1
		l.sides[0].Send(message(0))
		l.turn(0)
		l.path.loss = 0
		l.run(300 * time.Millisecond)
		l.checkReceived(1, 1)
		if l.sides[0].Stats().Resent != 1 {
			t.Errorf("resent %d times", l.sides[0].Stats().Resent)
		}
	})
}

func TestLoneMessageLeavesAtOnce(t *testing.T) {
	inBubble(t, 1, path{latency: 25 * time.Millisecond}, func(l *lab) {
		l.run(7 * time.Millisecond)
		for n := range 3 {
			start, sent, calls := now(), l.sent, l.calls
			l.sides[0].Send(message(n))
			l.turn(0)
			if l.sent != sent+1 {
				t.Fatalf("%d datagrams left at once", l.sent-sent)
			}
			l.run(time.Second)
			l.checkReceived(1, n+1)
			// One datagram and its acknowledgement; then both sides sleep.
			if l.sent != sent+2 || l.wake != [2]instant{never, never} {
				t.Errorf("%d datagrams; to be called at %v", l.sent-sent, l.wake)
			}
			// Once for the message, once when its acknowledgement has waited long enough.
			if c := l.calls[1] - calls[1]; c != 2 {
				t.Errorf("the receiver was called %d times from %v on", c, start)
			}
		}
	})
}

// TestAnswerSharesADatagram: what the library puts out in Input, here an
// acknowledgement, leaves with what the turn sends.
func TestAnswerSharesADatagram(t *testing.T) {
	inBubble(t, 1, path{latency: 25 * time.Millisecond}, func(l *lab) {
		for n := range 4 {
			side := n % 2
			l.sides[side].Send([]byte{1})
			l.flush(side)
			if l.sent != n+1 {
				t.Fatalf("turn %d put out %d datagrams", n, l.sent-n)
			}
			d := l.flying[0]
			l.flying = l.flying[1:]
			time.Sleep(time.Duration(d.at - now()))
			l.sides[d.to].Input(now(), d.body)
		}
	})
}

func TestStatsOfALosslessPath(t *testing.T) {
	l := inBubble(t, 1, path{latency: 25 * time.Millisecond}, func(l *lab) { l.exchange(100) })
	for i, side := range l.sides {
		s := side.Stats()
		if s.RTT != 50*time.Millisecond || s.Resent != 0 || s.LossPermille != 0 || s.Dead || s.Waiting != 0 {
			t.Errorf("side %d: %+v", i, s)
		}
		if s.Sent == 0 || s.Sent != l.sides[1-i].Stats().Received {
			t.Errorf("side %d sent %d segments, the other received %d", i, s.Sent, l.sides[1-i].Stats().Received)
		}
	}
}

func TestLossEstimate(t *testing.T) {
	for _, loss := range []float64{0.05, 0.2} {
		sum, n := 0, 0
		inBubble(t, 1, path{latency: 25 * time.Millisecond, loss: loss}, func(l *lab) {
			for i := range 3000 {
				l.sides[0].Send(message(i % 9))
				l.turn(0)
				l.run(10 * time.Millisecond)
				if i > 100 {
					sum, n = sum+l.sides[0].Stats().LossPermille, n+1
				}
			}
		})
		// Lost acknowledgements and early retransmissions add to it.
		if mean, want := sum/n, int(1000*loss); mean < want/2 || mean > want*2 {
			t.Errorf("estimate of %d ‰ at a loss of %d ‰", mean, want)
		}
	}
}

func TestDeadLinkIsTold(t *testing.T) {
	inBubble(t, 1, path{loss: 1}, func(l *lab) {
		l.sides[0].Send(message(0))
		l.turn(0)
		for !l.dead[0] && now() < instant(time.Minute) {
			l.run(100 * time.Millisecond)
		}
		s := l.sides[0].Stats()
		if !s.Dead || s.Sent != 20 || now() < instant(15*time.Second) || now() > instant(30*time.Second) {
			t.Errorf("after %v: %+v", time.Duration(now()), s)
		}
		if l.calls[0] > 300 {
			t.Errorf("called %d times for it", l.calls[0])
		}
	})
}

// TestClosedWindowOpens: a receiver that does not take its messages stops the
// sender, and starts it again.
func TestClosedWindowOpens(t *testing.T) {
	inBubble(t, 1, path{latency: 25 * time.Millisecond}, func(l *lab) {
		const n = 3 * Window
		for i := range n {
			if err := l.sides[0].TrySend([]byte{byte(i)}); err != nil {
				t.Fatal(err)
			}
		}
		l.flush(0)
		for range 40 { // deliver, without receiving
			time.Sleep(25 * time.Millisecond)
			flying := l.flying
			l.flying = nil
			for _, d := range flying {
				l.sides[d.to].Input(now(), d.body)
			}
			l.flush(0)
			l.flush(1)
		}
		if w := l.sides[0].Waiting(); w < n-2*Window {
			t.Fatalf("%d segments wait, past a closed window", w)
		}
		l.turn(1)
		l.run(5 * time.Second)
		if len(l.got[1]) != n || l.sides[0].Waiting() != 0 {
			t.Errorf("%d of %d messages arrived, %d segments wait", len(l.got[1]), n, l.sides[0].Waiting())
		}
	})
}

func TestDriftIsReported(t *testing.T) {
	inBubble(t, 1, path{}, func(l *lab) {
		var reported []string
		a := NewSimulated(1, testMTU, func(now instant, clock time.Duration) {
			reported = append(reported, fmt.Sprint(int64(now), " ", clock))
		})
		time.Sleep(5 * time.Nanosecond)
		a.Flush(5, func([]byte) {})
		a.Flush(4, func([]byte) {})
		if fmt.Sprint(reported) != "[4 5ns]" {
			t.Error(reported)
		}
	})
}
