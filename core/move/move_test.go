package move

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"messiah/core/geom"
	"messiah/core/node"
	"messiah/core/wire"
)

const ms = time.Millisecond

// at is a point on a line, which is as long as the way along it.
func at(metres float64) geom.Vec3 { return geom.Vec3{X: metres} }

func budget(speed float64, slack time.Duration) *Budget {
	b := &Budget{}
	b.SetSpeed(0, speed)
	b.SetSlack(0, slack)
	return b
}

// step is one move as the server gets it.
type step struct {
	at    node.Time
	place geom.Vec3
}

// judged returns how many of the steps are refused to a client that follows each
// correction at once, as its walk goes on from where it was put.
func judged(b *Budget, steps []step) (refused int) {
	var good, last geom.Vec3
	for _, s := range steps {
		to := good.Add(s.place.Sub(last))
		last = s.place
		switch b.Judge(s.at, good, to, b.Correction()) {
		case Good:
			good = to
		case Refused:
			refused++
		}
	}
	return refused
}

// walk draws where a client is at each of its moves: the speed may change with each
// and is up to fast, and so may the direction.
func walk(t *rapid.T, fast float64, every, lateBy time.Duration) []step {
	n := rapid.IntRange(1, 200).Draw(t, "moves")
	steps := make([]step, n)
	sent, arrived := time.Duration(0), time.Duration(0)
	var place geom.Vec3
	for i := range steps {
		gap := time.Duration(rapid.Int64Range(int64(every/20), int64(every)).Draw(t, "gap"))
		sent += gap
		share := rapid.Float64Range(0, 1).Draw(t, "share")
		angle := rapid.Float64Range(0, 2*math.Pi).Draw(t, "angle")
		way := geom.Vec3{X: math.Cos(angle), Z: math.Sin(angle)}
		place = place.Add(way.Scale(float64(fast * share * gap.Seconds())))
		late := time.Duration(rapid.Int64Range(0, int64(lateBy)).Draw(t, "late"))
		arrived = max(arrived, sent+late) // in order: what is overtaken never gets here
		steps[i] = step{node.Time(arrived), place}
	}
	return steps
}

func TestHonestMovesWithinTheSlackAreNeverRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		speed := rapid.Float64Range(0.1, 100).Draw(t, "speed")
		every := time.Duration(rapid.IntRange(10, 250).Draw(t, "every")) * ms
		jitter := time.Duration(rapid.IntRange(0, 250).Draw(t, "jitter")) * ms
		steps := walk(t, speed, every, jitter)
		if n := judged(budget(speed, every+jitter), steps); n > 0 {
			t.Fatalf("%d of %d honest moves refused: at most %v m/s, a move each %v at most, up to %v late", n, len(steps), speed, every, jitter)
		}
	})
}

// TestWhatIsBeyondTheGainIsRefused draws any schedule, and wants a refusal where the
// way in some stretch of time is longer than the budget's formula allows.
func TestWhatIsBeyondTheGainIsRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		speed := rapid.Float64Range(0.1, 100).Draw(t, "speed")
		slack := time.Duration(rapid.IntRange(50, 1000).Draw(t, "slack")) * ms
		steps := walk(t, 3*speed, 250*ms, 300*ms)
		b := budget(speed, slack)
		refused := judged(b, steps)
		if most := beyond(steps, speed, slack); most > 1e-6 && refused == 0 {
			t.Fatalf("no move refused, and some stretch is %v m longer than is allowed at %v m/s with a slack of %v", most, speed, slack)
		}
	})
}

// beyond returns by how many metres the way in the worst stretch of time is longer
// than allowed: every pair of moves is looked at.
func beyond(steps []step, speed float64, slack time.Duration) float64 {
	most := math.Inf(-1)
	for i := range steps {
		way := 0.0
		for j := i; j < len(steps); j++ {
			before := geom.Vec3{}
			if j > 0 {
				before = steps[j-1].place
			}
			way += before.Distance(steps[j].place)
			stretch := steps[j].at.Sub(steps[i].at) + slack
			most = max(most, way-float64(Rate(speed)*stretch.Seconds()))
		}
	}
	return most
}

// TestWhatCountsKeepsToTheFormula lets a client that ignores every rule gain no more than is stated.
func TestWhatCountsKeepsToTheFormula(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		speed := rapid.Float64Range(0.1, 100).Draw(t, "speed")
		slack := time.Duration(rapid.IntRange(50, 1000).Draw(t, "slack")) * ms
		b := budget(speed, slack)
		var good geom.Vec3
		var counted []step
		for _, s := range walk(t, 10*speed, 250*ms, 300*ms) {
			if b.Judge(s.at, good, s.place, b.Correction()) == Good {
				good = s.place
				counted = append(counted, s)
			}
		}
		if most := beyond(counted, speed, slack); len(counted) > 0 && most > 1e-6 {
			t.Fatalf("what counts is %v m longer than is allowed at %v m/s with a slack of %v", most, speed, slack)
		}
	})
}

func TestGainOfASteadyWalk(t *testing.T) {
	for _, tt := range []struct {
		faster  float64 // than the speed
		refused bool
	}{{1, false}, {1.02, false}, {1 + Gain - 1e-6, false}, {1.05, true}, {1.5, true}} {
		b := budget(4, DefaultSlack)
		var steps []step
		for i := range 6000 { // ten minutes
			steps = append(steps, step{node.Time(i) * node.Time(100*ms), at(float64(4 * tt.faster * 0.1 * float64(i)))})
		}
		if n := judged(b, steps); (n > 0) != tt.refused {
			t.Errorf("%v times the speed for ten minutes: %d moves refused", tt.faster, n)
		}
	}
}

func TestRaisedFrameRateGainsNothing(t *testing.T) {
	for _, every := range []time.Duration{time.Millisecond, 10 * ms, 100 * ms} {
		b := budget(4, DefaultSlack)
		good, n := 0.0, int(20*time.Second/every)
		for i := range n {
			to := good + float64(6*every.Seconds()) // one and a half times the speed, for ever
			if b.Judge(node.Time(i)*node.Time(every), at(good), at(to), b.Correction()) == Good {
				good = to
			}
		}
		if most := Rate(4) * 20.5; good > most || good < 0.95*most {
			t.Errorf("a move each %v: %v m in 20 s, and %v m are allowed", every, good, most)
		}
	}
}

func TestBurstAfterAStall(t *testing.T) {
	for _, tt := range []struct {
		stall   time.Duration
		refused bool
	}{{200 * ms, false}, {400 * ms, false}, {600 * ms, true}} {
		b := budget(4, DefaultSlack)
		var steps []step
		for i := range 40 {
			sent := time.Duration(i) * 100 * ms
			arrived := sent
			if end := 2*time.Second + tt.stall; sent > 2*time.Second && sent < end {
				arrived = end // all that was sent meanwhile comes at once
			}
			steps = append(steps, step{node.Time(arrived), at(4.12 * sent.Seconds())})
		}
		if n := judged(b, steps); (n > 0) != tt.refused {
			t.Errorf("a stall of %v: %d moves refused", tt.stall, n)
		}
	}
}

func TestMovesCountAgainBehindTheAcknowledgement(t *testing.T) {
	b := budget(4, DefaultSlack)
	for i, tt := range []struct {
		to   float64
		ack  uint32
		want Verdict
	}{
		{1, 0, Good},
		{50, 0, Refused},
		{1.1, 0, Early}, // on its way when the correction was sent
		{1.1, 2, Early}, // a correction that there is not
		{1.1, 1, Good},
		{60, 1, Refused},
		{1.2, 1, Early},
		{1.2, 2, Good},
	} {
		if got := b.Judge(node.Time(i), at(1), at(tt.to), tt.ack); got != tt.want {
			t.Errorf("move %d to %v m, acknowledging %d: %v, want %v", i, tt.to, tt.ack, got, tt.want)
		}
	}
	if b.Correction() != 2 {
		t.Errorf("the latest correction is %d", b.Correction())
	}
}

func TestCorrectionsSkipZero(t *testing.T) {
	b := Budget{num: math.MaxUint32}
	if n := b.Correct(); n != 1 {
		t.Errorf("behind the last number comes %d", n)
	}
}

func TestUncheckedUntilItHasASpeed(t *testing.T) {
	var b Budget
	if v := b.Judge(0, at(0), at(1e6), 7); v != Good {
		t.Errorf("without a speed: %v", v)
	}
	b.SetSpeed(0, 4)
	if v := b.Judge(0, at(0), at(3), 0); v != Refused {
		t.Errorf("at 4 m/s, 3 m at once: %v", v)
	}
	b.SetSpeed(0, 0)
	if v := b.Judge(0, at(0), at(1e6), 1); v != Good {
		t.Errorf("without a speed again: %v", v)
	}
}

func TestAllowance(t *testing.T) {
	b := budget(4, DefaultSlack)
	b.Allow(0, 10, time.Second)
	b.Allow(0, MaxAllowance, time.Second)
	if b.extra != MaxAllowance {
		t.Errorf("%v m are allowed, which is not bounded", b.extra)
	}
	b.extra = 10
	if v := b.Judge(node.Time(time.Second), at(0), at(12), 0); v != Good {
		t.Errorf("12 m, of which 10 are allowed: %v", v)
	}
	if v := b.Judge(node.Time(time.Second), at(0), at(0.1), 0); v != Refused {
		t.Errorf("0.1 m at the same time, with %v m of budget and %v m of allowance: %v", b.left, b.extra, v)
	}
	b = budget(4, DefaultSlack)
	b.Allow(0, 10, time.Second)
	if v := b.Judge(node.Time(time.Second)+1, at(0), at(12), 0); v != Refused {
		t.Errorf("behind its time: %v", v)
	}
}

func TestArrivedFromAnotherClock(t *testing.T) {
	b := budget(4, DefaultSlack)
	b.Judge(node.Time(time.Hour), at(0), at(2), 0)
	departed := b.Departed(node.Time(time.Hour))
	var moved Budget
	if err := wire.Decode(wire.Append(nil, &departed), &moved); err != nil || moved != departed {
		t.Fatalf("%+v was read as %+v: %v", departed, moved, err)
	}
	moved.Arrived(node.Time(time.Second), 300*ms)
	if v := moved.Judge(node.Time(time.Second), at(0), at(4*0.3), 0); v != Good {
		t.Errorf("the way of the 300 ms on its way, all else being used up before: %v", v)
	}
	if v := moved.Judge(node.Time(time.Second), at(0), at(0.5), 0); v != Refused {
		t.Errorf("and 0.5 m more at once: %v", v)
	}
}

func TestSpoiledBudgetIsRefused(t *testing.T) {
	for _, b := range []Budget{
		{speed: math.NaN()}, {speed: -1}, {speed: math.Inf(1)}, {slack: -1}, {slack: MaxSlack + 1},
		{speed: 1, left: 10}, {left: math.NaN()}, {extra: math.NaN()}, {extra: MaxAllowance + 1},
	} {
		var read Budget
		if err := wire.Decode(wire.Append(nil, &b), &read); err == nil {
			t.Errorf("%+v was read", b)
		}
	}
}
