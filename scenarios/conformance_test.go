package scenarios

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"messiah/core/client"
	"messiah/core/game"
	"messiah/core/node"
	"messiah/netsim"
	"messiah/sim"
	"messiah/sim/choice"
	"messiah/sim/tier"
)

// How far the default link model may be from the KCP tier. The half of the calls
// to which nothing happens is as fast; where most round trips meet a loss or
// wait behind one the median is in the slope of the curve. A tail is a step for
// each loss in a row, and a quantile next to a step falls on either side of it.
const (
	medianWithin     = 1.10 // one way
	roundTripsWithin = 1.35 // the median of both ways
	tailWithin       = 2.00 // p99 and p99.9
)

// TestConformance compares the default link model with the real ARQ: how long
// calls take on their way up and down and there and back, at 50 ms there and
// back, each client calling every 50 ms. With -v it prints both.
func TestConformance(t *testing.T) {
	losses, lasting := []int{0, 1, 5, 10, 20}, 80*time.Second
	if testing.Short() {
		losses, lasting = []int{5}, 20*time.Second
	}
	var table strings.Builder
	fmt.Fprintf(&table, "loss  tier        up: p50   p99 p99.9     down: p50   p99 p99.9    round: p50   p99 p99.9\n")
	for _, loss := range losses {
		model, kcp := measure(t, "stream", loss, lasting), measure(t, "kcp", loss, lasting)
		for _, one := range []*latencies{model, kcp} {
			fmt.Fprintf(&table, "%3d%%  %-6s %v %v %v\n", loss, one.tier, one.up, one.down, one.round)
		}
		model.up.near(t, model, kcp.up, medianWithin)
		model.down.near(t, model, kcp.down, medianWithin)
		model.round.near(t, model, kcp.round, roundTripsWithin)
		// What is lost is as much in the one direction as in the other.
		model.up.near(t, model, model.down, medianWithin)
		kcp.up.near(t, kcp, kcp.down, medianWithin)
	}
	t.Log("milliseconds\n" + table.String())
}

// latencies are what one run measured.
type latencies struct {
	tier            string
	loss            int
	up, down, round times // client to game code, game code to client, both
}

// times are how long each call took.
type times []time.Duration

// quantile returns the time within which a share of the calls was done, of sorted times.
func (l times) quantile(share float64) time.Duration {
	return l[max(0, int(math.Ceil(share*float64(len(l))))-1)]
}

// String returns three columns of the table.
func (l times) String() string {
	return fmt.Sprintf("%12d %5d %5d", l.quantile(0.5).Milliseconds(), l.quantile(0.99).Milliseconds(), l.quantile(0.999).Milliseconds())
}

// near fails where the quantiles of two measurements are too far from each other.
func (l times) near(t *testing.T, of *latencies, want times, medianWithin float64) {
	t.Helper()
	for _, q := range []struct{ share, within float64 }{{0.5, medianWithin}, {0.99, tailWithin}, {0.999, tailWithin}} {
		a, b := l.quantile(q.share), want.quantile(q.share)
		if ratio := float64(a) / float64(b); ratio > q.within || ratio < 1/q.within {
			t.Errorf("%d %% loss, %s: p%v is %v against %v, more than a factor of %v", of.loss, of.tier, 100*q.share, a, b, q.within)
		}
	}
}

// measure runs a cluster whose clients call, on one tier at one loss.
func measure(t *testing.T, transport string, loss int, lasting time.Duration) *latencies {
	t.Helper()
	l := &latencies{tier: transport, loss: loss}
	set := []string{"transport=" + transport, fmt.Sprintf("client-link=lossy:%d", loss), "duration=" + lasting.String()}
	res, err := tier.Exec(calling(l), sim.RunConfig{Seed: 1, Set: set})
	if err != nil || res.Verdict != sim.Pass || res.Options["client-link"] != netsim.Lossy(loss).Name {
		t.Fatalf("%v: %v, %s", set, err, res.Message)
	}
	if calls := len(l.round); calls < int(lasting/callingEvery)*callingClients*9/10 {
		t.Fatalf("%v: %d calls are too few", set, calls)
	}
	for _, one := range []times{l.up, l.down, l.round} {
		slices.Sort(one)
	}
	return l
}

// The workload of calling.
const (
	callingClients = 16
	callingEvery   = 50 * time.Millisecond
)

// calling is a scenario in which all that happens is calls; how long each took goes to l.
func calling(l *latencies) *sim.Scenario {
	var now func() node.Time
	executed := map[string][]node.Time{} // by account: when calls ran that are not answered yet
	begun := false                       // the measurement has
	sc := &sim.Scenario{Name: "calling", Game: Town()}
	plain := sc.Game.Script
	sc.Game.Script = func(o sim.Observer) game.Script {
		tell := o.Executed
		o.Executed = func(account string, n, count uint64) {
			executed[account] = append(executed[account], now())
			tell(account, n, count)
		}
		return plain(o)
	}
	sc.Options = func(o *sim.Options, _ choice.Stream) {
		o.Gates, o.Games, o.Clients = 1, 1, callingClients
		o.CallEvery, o.Outstanding = callingEvery, 1024 // what waits behind a loss is not to thin the calls out
	}
	answered := func(account string, round time.Duration) {
		// Answers come in the order of the calls, which is that of their execution.
		ran := executed[account][0]
		executed[account] = executed[account][1:]
		if begun {
			down := now().Sub(ran)
			l.up, l.down, l.round = append(l.up, round-down), append(l.down, down), append(l.round, round)
		}
	}
	sc.Play = func(s *sim.Story) {
		now = s.Now
		s.Open()
		for i := range s.Options().Clients {
			account := sim.Account(i + 1)
			s.NewPlayer(account, func(c *client.Config) {
				c.RTT = func(round time.Duration) { answered(account, round) }
			}).Start()
			s.Go(callingEvery / callingClients) // out of step with each other
		}
		s.Must("all players are in", s.AllIn, 30*time.Second)
		s.Go(2 * time.Second)
		begun = true
		s.Go(s.Options().Duration)
		begun = false
	}
	return sc
}
