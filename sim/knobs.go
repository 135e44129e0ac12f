package sim

import (
	"time"

	"messiah/core/dbm"
	"messiah/core/game"
	"messiah/core/gate"
	"messiah/core/manager"
	"messiah/core/session"
)

// Knobs says how the time-outs and bounds of the roles are set.
type Knobs string

// The settings of the knobs. Tight and loose ones stay within what the roles promise:
// no time-out is shorter than what the ones that rely on it wait for.
const (
	Usual Knobs = "usual" // as production's defaults
	Tight Knobs = "tight" // short time-outs, small bounds and batches: what seldom fires fires often
	Loose Knobs = "loose" // long time-outs: what is given up early otherwise is waited for
	Hasty Knobs = "hasty" // for cases, in which a connection of the cluster breaks only by a death: it is one at once
)

// atLeast returns a time-out that the store's answers can keep to, as slow as it is set to be.
func (o *Options) atLeast(d time.Duration) time.Duration { return d + 6*o.StoreLatency }

func (o *Options) gateKnobs(c *gate.Config) {
	switch o.Knobs {
	case Tight:
		c.LoginWithin, c.EnterWithin, c.DrainWithin, c.RetryAfter = 2*time.Second, o.atLeast(1500*time.Millisecond), 500*time.Millisecond, 50*time.Millisecond
	case Loose:
		c.LoginWithin, c.EnterWithin, c.DrainWithin, c.RetryAfter = 30*time.Second, 10*time.Second, 15*time.Second, 2*time.Second
	}
}

func (o *Options) gameKnobs(c *game.Config) {
	switch o.Knobs {
	case Tight:
		c.RetryEvery, c.DrainWithin = 20*time.Millisecond, 500*time.Millisecond
	case Loose:
		c.RetryEvery, c.DrainWithin = 2*time.Second, 15*time.Second
	}
}

func (o *Options) managerKnobs(c *manager.Config) {
	switch o.Knobs {
	case Loose:
		c.DeadAfter, c.RecoverFor = 2*manager.DefaultDeadAfter, 2*manager.DefaultRecoverFor
	case Hasty:
		c.DeadAfter = time.Nanosecond
	}
}

func (o *Options) dbKnobs(c *dbm.Config) {
	switch o.Knobs {
	case Tight:
		c.StoreTimeout = o.atLeast(250 * time.Millisecond)
	case Loose:
		c.StoreTimeout = 6 * time.Second
	}
}

func (o *Options) sessionKnobs(c *session.ShardConfig) {
	switch o.Knobs {
	case Tight:
		c.MaxHalfOpen, c.HandshakeWithin = 2, 2*time.Second
		c.Limits.CompressFrom, c.Limits.AckDelay = 1, time.Millisecond
	case Loose:
		c.HandshakeWithin, c.Limits.AckDelay = 10*time.Second, 500*time.Millisecond
	}
}
