package cluster

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"messiah/core/addr"
	"messiah/core/entity"
	"messiah/core/game"
	"messiah/core/node"
	"messiah/core/rpc"
)

// The game of the benchmark: callers ask a wall, which answers.
type (
	caller struct {
		entity.ServerEntity
		echo *echoes `entity:"transient"`
	}
	wall struct{ entity.ServerStubEntity }
)

const (
	callers entity.Kind[*caller]              = "caller"
	walls   entity.Kind[*wall]                = "wall"
	shout   entity.Method[[2]int64, [2]int64] = "shout" // 16 bytes
	heard   entity.Reply[[2]int64]            = "heard"
	begin   entity.Timer                      = "begin"
)

// echoes is what the callers of one run share with it.
type echoes struct {
	open  int          // calls that one caller has under way
	done  atomic.Int64 // calls that were answered
	until int64
	ended chan []time.Duration // round trips of a caller, once all are done
	trips []time.Duration      // of the one caller that is told of by one game's loop
	games atomic.Int64
}

func (w *wall) shout(_ *entity.Call, at [2]int64) ([2]int64, error) { return at, nil }

func (c *caller) begin(call *entity.Call) {
	for range c.echo.open {
		c.call(call)
	}
}

func (c *caller) call(call *entity.Call) {
	shout.Ask(call, addr.Stub(walls), [2]int64{int64(call.Now())}, heard)
}

func (c *caller) heard(call *entity.Call, at [2]int64, err error) {
	if err != nil { // the wall is not there yet
		begin.After(call, c, 20*time.Millisecond)
		return
	}
	c.echo.trips = append(c.echo.trips, call.Now().Sub(node.Time(at[0])))
	switch n := c.echo.done.Add(1); {
	case n == c.echo.until:
		c.echo.ended <- c.echo.trips
	case n < c.echo.until:
		c.call(call)
	}
}

// title is the game of one run: the second game that opens has the one caller, so
// that each call goes to another game and back unless the primary is the second.
func (e *echoes) title() Title {
	script := func() game.Script {
		return game.Script{
			Classes: []*entity.Class{
				entity.Define(birds),
				entity.Define(walls, entity.Handle(shout, (*wall).shout)),
				entity.Define(callers,
					entity.Make(func() *caller { return &caller{echo: e} }),
					entity.OnTimer(begin, (*caller).begin), entity.OnReply(heard, (*caller).heard)),
			},
			Avatar: string(birds), Table: rpc.Build([]string{string(shout)}),
			ServerOpen: func(c *entity.Call) {
				if e.games.Add(1) != 2 {
					return
				}
				one, err := callers.Create(c, nil)
				if err == nil {
					begin.After(c, one, 100*time.Millisecond)
				}
			},
		}
	}
	return Title{Script: script, RPC: rpc.Build([]string{string(shout)})}
}

// BenchmarkMail calls from a game by a gate to a stub and back.
func BenchmarkMail(b *testing.B) {
	for _, open := range []int{1, 1000} {
		b.Run(fmt.Sprintf("outstanding=%d", open), func(b *testing.B) {
			e := &echoes{open: open, until: int64(b.N), ended: make(chan []time.Duration, 1)}
			w := benched(b, e.title())
			trips := <-e.ended
			b.StopTimer()
			reportTrips(b, trips, "calls/s")
			if err := w.Stop(nil); err != nil {
				b.Error(err)
			}
		})
	}
}
