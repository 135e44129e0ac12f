package clock

import (
	"context"
	"elsewhere"
	"time"
	. "time"
	tt "time"
)

func reads(t time.Time) {
	_ = time.Now()                      // want `time.Now reads the machine's clock: a replay reads another time; use env.Now`
	_ = tt.Now()                        // want `time.Now reads`
	_ = Now()                           // want `time.Now reads`
	now := time.Now                     // want `time.Now reads`
	_ = now()                           // The value has been refused already.
	_ = time.Since(t)                   // want `time.Since reads`
	_ = time.Until(t)                   // want `time.Until reads`
	defer func() { Now() }()            // want `time.Now reads`
	f := []func() time.Time{(time.Now)} // want `time.Now reads`
	_ = f
}

func waits(c *elsewhere.Clock) {
	time.Sleep(1)          // want `time.Sleep waits for the machine's clock`
	<-time.After(1)        // want `time.After waits`
	time.AfterFunc(1, nil) // want `time.AfterFunc waits`
	_ = time.NewTimer(1)   // want `time.NewTimer waits`
	_ = time.NewTicker(1)  // want `time.NewTicker waits`
	_ = time.Tick(1)       // want `time.Tick waits`
	c.Reset(3)             // want `time.Timer.Reset waits`
	stop := c.Timer.Stop   // want `time.Timer.Stop waits`
	_ = stop
	var t *time.Timer // want `time.Timer waits`
	_ = t
	_, _ = context.WithTimeout(context.Background(), 1) // want `context.WithTimeout waits`
}

type node struct {
	time.Ticker // want `time.Ticker waits`
}

func (n node) promoted() { n.Stop() } // want `time.Ticker.Stop waits`

func zones(t time.Time, ms int64) {
	_ = t.Local()            // want `time.Time.Local depends on the machine's time zone`
	_ = t.In(time.Local)     // want `time.Local depends`
	local := time.Time.Local // want `time.Time.Local depends`
	_ = local
	_ = time.Unix(ms, 0)          // want `time.Unix depends on the machine's time zone.*call UTC on it`
	_ = time.UnixMilli(ms).Hour() // want `time.UnixMilli depends`
	_ = time.UnixMilli(ms).UTC().Hour()
	_ = time.Unix(ms, 0).Sub(t)
	unix := time.Unix // want `time.Unix depends`
	_ = unix
	var s elsewhere.Stamp
	_ = s.Local() // want `time.Time.Local depends`
}

func generic[T interface{ After(time.Time) bool }](t T, u time.Time) bool { return t.After(u) }

type own struct{}

func (own) Now() int   { return 0 }
func (own) Sleep(int)  {}
func (own) Local() own { return own{} }

// What only computes may stay.
func fine(t time.Time) time.Time {
	time := own{}
	_ = time.Now()
	time.Sleep(1)
	time.Local()
	return t.Add(3 * tt.Second).UTC().Truncate(tt.Hour)
}
