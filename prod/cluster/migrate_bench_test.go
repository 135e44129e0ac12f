package cluster

import (
	"fmt"

	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"messiah/core/entity"
	"messiah/core/game"
	"messiah/core/node"
	"messiah/core/rpc"
)

// hopper is an entity without a client that goes from game to game.
type hopper struct {
	entity.ServerEntity
	luggage luggage `entity:"transient"` // carried
	hops    *hops   `entity:"transient"`
}

// luggage is what a hopper has with it.
type luggage struct {
	SetOff int64 // nanoseconds since the hops began
	Bulk   []byte
}

const (
	hoppers entity.Kind[*hopper] = "hopper"
	hop     entity.Timer         = "hop"
)

// hops is what the hoppers of one run share with it.
type hops struct {
	under, bulk int // migrations under way at once; bytes that each carries
	until       int64
	done        atomic.Int64
	failed      atomic.Int64
	began       time.Time
	ended       chan struct{}
	games       atomic.Int64

	mu    sync.Mutex
	trips []time.Duration
}

// hop goes to the other game.
func (h *hopper) hop(c *entity.Call) {
	games := slices.DeleteFunc(c.Games(), func(p node.Peer) bool { return p == c.Here() })
	if len(games) == 0 {
		hop.After(c, h, 20*time.Millisecond)
		return
	}
	h.luggage.SetOff = int64(time.Since(h.hops.began))
	if c.Migrate(h, entity.Destination{Game: games[0], Stay: true}) != nil {
		h.hops.failed.Add(1)
		hop.After(c, h, time.Millisecond)
	}
}

// Arrived notes how long the way took, and goes back.
func (h *hopper) Arrived(c *entity.Call) {
	o := h.hops
	took := time.Since(o.began) - time.Duration(h.luggage.SetOff)
	o.mu.Lock()
	o.trips = append(o.trips, took)
	o.mu.Unlock()
	switch n := o.done.Add(1); {
	case n == o.until:
		close(o.ended)
	case n < o.until:
		hop.After(c, h, 0)
	}
}

// MigrationFailed tries again.
func (h *hopper) MigrationFailed(c *entity.Call, _ error) {
	h.hops.failed.Add(1)
	hop.After(c, h, time.Millisecond)
}

func (o *hops) title() Title {
	script := func() game.Script {
		return game.Script{
			Classes: []*entity.Class{
				entity.Define(birds),
				entity.Define(hoppers,
					entity.Make(func() *hopper { return &hopper{hops: o} }),
					entity.Carry("luggage", 1, func(h *hopper) *luggage { return &h.luggage }),
					entity.OnTimer(hop, (*hopper).hop)),
			},
			Avatar: string(birds), Table: rpc.Build(nil),
			ServerOpen: func(c *entity.Call) {
				if o.games.Add(1) != 2 {
					return
				}
				for range o.under {
					one, err := hoppers.Create(c, func(h *hopper) { h.luggage.Bulk = make([]byte, o.bulk) })
					if err == nil {
						hop.After(c, one, 100*time.Millisecond)
					}
				}
			},
		}
	}
	return Title{Script: script, RPC: rpc.Build(nil)}
}

// BenchmarkMigration has entities without a client go from one game to another and back,
// by a gate: ns/op is for one migration, the percentiles from the call of Migrate until the
// hook Arrived.
func BenchmarkMigration(b *testing.B) {
	for _, run := range []struct{ under, bulk int }{{1, 0}, {100, 0}, {1000, 0}, {1000, 1000}} {
		b.Run(fmt.Sprintf("under way=%d/bytes=%d", run.under, run.bulk), func(b *testing.B) {
			o := &hops{under: run.under, bulk: run.bulk, until: int64(b.N), began: time.Now(), ended: make(chan struct{})}
			w := benched(b, o.title())
			<-o.ended
			b.StopTimer()
			o.mu.Lock()
			trips := slices.Clone(o.trips)
			o.mu.Unlock()
			reportTrips(b, trips, "migrations/s")
			b.ReportMetric(float64(o.failed.Load()), "failed")
			if err := w.Stop(nil); err != nil {
				b.Error(err)
			}
		})
	}
}
