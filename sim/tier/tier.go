// Package tier runs scenarios on either transport. The KCP tier needs the ARQ
// library's clock to be virtual time: each of its worlds runs alone in a
// testing/synctest bubble, whose clock the world moves by sleeping.
package tier

import (
	"fmt"
	"runtime/debug"
	"testing"
	"testing/synctest"
	"time"

	"messiah/core/arq"
	"messiah/core/node"
	"messiah/core/session"
	"messiah/sim"
)

// Exec runs a scenario once, in a bubble where its options ask for the KCP
// tier. It fails for a bad configuration alone.
func Exec(sc *sim.Scenario, cfg sim.RunConfig) (res sim.Result, err error) {
	cfg.Tier = func() (session.NewARQ, sim.Clock) { return nil, nil }
	o, _, err := sc.Prepare(cfg)
	if err != nil {
		return res, err
	}
	if o.Transport != sim.KCP {
		return guarded(sc, cfg)
	}
	// A zero T serves: the bubble takes its name and nothing else from it.
	synctest.Test(&testing.T{}, func(*testing.T) {
		clock := &bubble{}
		cfg.Tier = func() (session.NewARQ, sim.Clock) { return clock.newARQ, clock }
		res, err = guarded(sc, cfg)
	})
	return res, err
}

// guarded runs a scenario and turns a panic into a violation, so that one seed's
// panic is reported like any other failure and a sweep goes on.
func guarded(sc *sim.Scenario, cfg sim.RunConfig) (res sim.Result, err error) {
	defer func() {
		if r := recover(); r != nil {
			res = sim.Result{
				Scenario: sc.Name, Seed: cfg.Seed, Verdict: sim.Failed, Oracle: "panic",
				Message: fmt.Sprintf("panic: %v\n%s", r, debug.Stack()),
			}
		}
	}()
	return sc.Run(cfg)
}

// bubble is a clock inside a synctest bubble, which begins at the library's epoch.
type bubble struct {
	shown node.Time
	drift error
}

// Advance lets the bubble's time pass up to t.
func (b *bubble) Advance(t node.Time) {
	if t > b.shown {
		time.Sleep(t.Sub(b.shown))
		b.shown = t
	}
}

// Check returns the first difference that was seen between the library's clock and virtual time.
func (b *bubble) Check(t node.Time) error {
	if b.drift == nil && arq.Clock() != time.Duration(t) {
		b.drift = fmt.Errorf("it shows %v at %v", arq.Clock(), t)
	}
	return b.drift
}

func (b *bubble) newARQ(conversation uint32, mtu int) session.ARQ {
	return arq.NewSimulated(conversation, mtu, func(now node.Time, clock time.Duration) {
		if b.drift == nil {
			b.drift = fmt.Errorf("an ARQ saw %v at %v", clock, now)
		}
	})
}
