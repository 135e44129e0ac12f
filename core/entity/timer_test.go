package entity

import (
	"math"
	"testing"
	"time"
)

func TestATimerFiresOnceAndMovesWhenItIsSetAgain(t *testing.T) {
	l := newLab(t, false)
	p := l.puppet("ann")
	l.code(func(c *Call) {
		tick.After(c, p, 10)
		tick.After(c, p, 30) // moved
		tick.After(c, p, 20, 4)
		tock.After(c, p, 25)
	})
	l.events = nil
	l.wait(15)
	l.happened()
	l.wait(15)
	l.happened("tick 4", "tock 0", "tick 0")
	l.wait(1000)
	l.happened()
	l.nothingLeft(1)
}

func TestATimerMayBeForNowAndForNever(t *testing.T) {
	l := newLab(t, false)
	p := l.puppet("ann")
	l.events = nil
	l.code(func(c *Call) {
		tick.After(c, p, -5)
		tock.After(c, p, math.MaxInt64)
		l.happened() // never within the callback
	})
	l.wait(time.Hour)
	l.happened("tick 0")
}

func TestATimerRepeatsUntilItIsCancelled(t *testing.T) {
	l := newLab(t, false)
	p := l.puppet("ann")
	l.events = nil
	l.code(func(c *Call) {
		tick.Every(c, p, 10*time.Millisecond)
		tock.Every(c, p, 0) // at least a millisecond
	})
	l.wait(3 * time.Millisecond)
	l.happened("tock 0", "tock 0", "tock 0")
	l.code(func(c *Call) {
		tock.Cancel(c, p)
		tock.Cancel(c, p)
		tick.Cancel(c, p, 9) // of another key
	})
	rounds := 0
	l.script["tick 0"] = func(p *puppet, c *Call) {
		if rounds++; rounds == 3 {
			tick.Cancel(c, p) // in its own handler
		}
	}
	l.wait(time.Second)
	l.happened("tick 0", "tick 0", "tick 0")
	l.nothingLeft(1)
}

func TestAHandlerMayTurnItsTimerIntoAnother(t *testing.T) {
	l := newLab(t, false)
	p := l.puppet("ann")
	l.events = nil
	rounds := 0
	l.script["tick 0"] = func(p *puppet, c *Call) {
		switch rounds++; rounds {
		case 1: // a repeated one ends
			tick.After(c, p, 5)
		case 2: // one that fires once begins to repeat
			tick.Every(c, p, time.Millisecond)
		case 4:
			tick.Cancel(c, p)
		}
	}
	l.code(func(c *Call) { tick.Every(c, p, time.Millisecond) })
	l.wait(time.Second)
	if rounds != 4 {
		t.Errorf("it fired %d times", rounds)
	}
	l.nothingLeft(1)
}

func TestTimersHaveABoundAndAHandler(t *testing.T) {
	l := newLab(t, true)
	p, q := l.puppet("ann"), l.puppet("bob")
	l.script["poke"] = func(p *puppet, c *Call) {
		for i := range uint64(MaxTimers) {
			tick.After(c, p, time.Second, i)
		}
		tick.After(c, p, time.Second, 0) // one that is set is no further one
	}
	l.call(p, "poke", 1, encoded[int64](t, 0))
	if n := l.world.Inspect().Timers; n != MaxTimers || l.resident(p).Gone() {
		t.Fatalf("%d timers are set, gone %v", n, l.resident(p).Gone())
	}
	l.script["poke"] = func(p *puppet, c *Call) { tick.After(c, p, time.Second, MaxTimers) }
	l.call(p, "poke", 2, encoded[int64](t, 0))
	l.script["poke"] = func(p *puppet, c *Call) { Timer("gong").After(c, p, time.Second) }
	l.call(q, "poke", 3, encoded[int64](t, 0))
	if !l.left[l.resident(p)].Panicked || !l.left[l.resident(q)].Panicked {
		t.Error("a timer too many, and one without a handler, were set")
	}
	l.nothingLeft(0)
}

// Timers do not run while their entity does not live, and go on where they were.
func TestTimersAreSavedWithTheTimeThatIsLeft(t *testing.T) {
	l := newLab(t, false)
	p := l.puppet("ann")
	l.code(func(c *Call) {
		tick.After(c, p, 100*time.Millisecond, 3)
		tock.Every(c, p, 40*time.Millisecond)
		tick.After(c, p, time.Millisecond)
	})
	l.wait(60 * time.Millisecond) // 40 are left, and 20 until the next tock
	l.events = nil
	l.code(func(c *Call) { c.Destroy(p) })
	l.wait(time.Hour)
	l.happened("lost", "destroyed")
	l.nothingLeft(0)
	l.load("ann", l.left[l.resident(p)].Data)
	l.wait(19 * time.Millisecond)
	l.happened("loaded")
	l.wait(time.Millisecond)
	l.happened("tock 0")
	l.wait(19 * time.Millisecond)
	l.happened()
	l.wait(time.Millisecond)
	l.happened("tick 3")
	l.wait(100 * time.Millisecond)
	l.happened("tock 0", "tock 0", "tock 0")
}

// What a record says of timers is not true any more once one is cancelled or has fired.
func TestARecordIsBehindWhenATimerEnds(t *testing.T) {
	l := newLab(t, false)
	p := l.puppet("ann")
	l.code(func(c *Call) {
		tick.After(c, p, 10)
		tock.After(c, p, time.Second)
	})
	for name, end := range map[string]func(){
		"fired":     func() { l.wait(20) },
		"cancelled": func() { l.code(func(c *Call) { tock.Cancel(c, p) }) },
	} {
		l.record(p)
		l.stale = nil
		end()
		if len(l.stale) != 1 {
			t.Errorf("when a timer has %s the record is behind %d times", name, len(l.stale))
		}
	}
}
