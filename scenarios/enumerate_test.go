package scenarios

import (
	"math/big"
	"runtime"
	"slices"
	"strings"
	"testing"

	"messiah/core/game"
	"messiah/core/node"
	"messiah/scenarios/siege"
	"messiah/sim"
	"messiah/sim/enumerate"
)

// enumerated goes through a case and wants nothing to be violated.
func enumerated(t *testing.T, c *sim.Case, jobs, maxStates int) *enumerate.Result {
	t.Helper()
	r, err := enumerate.Run(enumerate.Config{Case: c, Jobs: jobs, MaxStates: maxStates})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range r.Violations {
		t.Errorf("violation of %s: %s\n%s", v.Oracle, v.Message, strings.Join(v.Steps, "\n"))
	}
	return r
}

func caseNamed(t *testing.T, name string) *sim.Case {
	t.Helper()
	all := Cases()
	i := slices.IndexFunc(all, func(c *sim.Case) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("there is no case %q", name)
	}
	return all[i]
}

func TestCasesAreNamedAfterScenarios(t *testing.T) {
	for _, c := range Cases() {
		tells := func(sc *sim.Scenario) bool {
			return sc.Name == c.Name || strings.HasPrefix(c.Name, sc.Name+"-") || strings.HasPrefix(sc.Name, c.Name+"-")
		}
		if !slices.ContainsFunc(All(), tells) || !strings.HasSuffix(c.About, ".") {
			t.Errorf("case %q: the name of a scenario or of some, maybe with a word more, and one sentence about it", c.Name)
		}
	}
}

// TestEveryOrderOfALogin goes through the login and call of the race of the
// source notes whole: its connection breaks or any process crashes at any point.
func TestEveryOrderOfALogin(t *testing.T) {
	c := caseNamed(t, "connect-then-disconnect")
	if testing.Short() {
		c.Crashes = 0
	}
	r := enumerated(t, c, runtime.GOMAXPROCS(0), 0)
	if !r.Complete || r.Orders.Cmp(big.NewInt(int64(r.States))) < 0 {
		t.Errorf("%d states stand for %v orders, complete: %v", r.States, r.Orders, r.Complete)
	}
	t.Logf("%d states, %d moves, %d ends stand for %v orders", r.States, r.Moves, r.Ends, r.Orders)
}

func TestEveryOrderOfASecondLogin(t *testing.T) {
	c := caseNamed(t, "second-login")
	if testing.Short() {
		c.Crashes = 0
	}
	if r := enumerated(t, c, runtime.GOMAXPROCS(0), 0); !r.Complete {
		t.Errorf("%d states, and not complete", r.States)
	}
}

// TestEveryOrderOfAMigration goes through the migration that nobody disturbs with its
// messages, and without messages through the one in which the arbiter crashes; `make
// enumerate` goes through all of them with messages.
func TestEveryOrderOfAMigration(t *testing.T) {
	for _, c := range []*sim.Case{
		caseNamed(t, "migrate"),
		caseNamed(t, "migrate-manager-down"),
		migrateWhole("migrate-gate-lost", "of which the arbiter crashes", 0, crossingSlow, crossingGate),
	} {
		if testing.Short() && len(c.Crash) > 0 {
			continue
		}
		r := enumerated(t, c, runtime.GOMAXPROCS(0), 0)
		if !r.Complete {
			t.Errorf("%s: %d states, and not complete", c.Name, r.States)
		}
		t.Logf("%s: %d states, %d moves, %d ends stand for %v orders", c.Name, r.States, r.Moves, r.Ends, r.Orders)
	}
}

// smallCases are small enough to go through their orders one by one.
func smallCases(t *testing.T) map[string]*sim.Case {
	drop := caseNamed(t, "connect-then-disconnect")
	drop.Crashes, drop.Depth = 0, 16
	crash := caseNamed(t, "connect-then-disconnect")
	crash.Drops, crash.Crash, crash.EarlyRestart, crash.Depth = 0, []node.ID{sim.GateID(1)}, true, 6
	hasty := caseNamed(t, "connect-then-disconnect")
	hasty.Crashes, hasty.Drops, hasty.Timers, hasty.EarlyTimers, hasty.Depth = 0, 0, 0, 1, 9
	rival := caseNamed(t, "second-login")
	rival.Crashes, rival.Drops, rival.Depth = 0, 0, 10
	return map[string]*sim.Case{"drop": drop, "crash": crash, "hasty": hasty, "rival": rival}
}

// TestMergedStatesStandForEveryOrder counts the orders of small cases one by one,
// each from the opening on: as many as the merged states stand for, with the same ends.
func TestMergedStatesStandForEveryOrder(t *testing.T) {
	for name, c := range smallCases(t) {
		if testing.Short() && name != "hasty" {
			continue // one is enough for the race detector
		}
		r := enumerated(t, c, 2, 0)
		orders, ends, err := enumerate.Unmerged(c, 5000)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if r.Orders.Cmp(big.NewInt(int64(orders))) != 0 || !slices.Equal(ends, r.EndStates) {
			t.Errorf("%s: one by one %d orders with %d ends, merged %v with %d", name, orders, len(ends), r.Orders, r.Ends)
		}
		if r.Moves < r.States && name != "hasty" {
			t.Errorf("%s: %d moves between %d states, so that no two orders were merged", name, r.Moves, r.States)
		}
		t.Logf("%s: %d states, %d orders, %d ends", name, r.States, orders, r.Ends)
	}
}

func TestOutcomeDoesNotDependOnProcessors(t *testing.T) {
	c := smallCases(t)["drop"]
	for _, most := range []int{0, 30} {
		a, b := enumerated(t, c, 1, most), enumerated(t, c, 3, most)
		if a.States != b.States || a.Orders.Cmp(b.Orders) != 0 || a.Complete != b.Complete || !slices.Equal(a.EndStates, b.EndStates) {
			t.Errorf("at most %d: %d states and %v orders by one, %d and %v by three", most, a.States, a.Orders, b.States, b.Orders)
		}
		if a.Complete != (most == 0) {
			t.Errorf("at most %d states: complete is %v", most, a.Complete)
		}
	}
}

// TestOracleFailsInACase: a game whose code runs each call twice is noticed, by
// an order that can be gone through again.
func TestOracleFailsInACase(t *testing.T) {
	c := caseNamed(t, "connect-then-disconnect")
	c.Crashes, c.Drops = 0, 0
	c.Game.Script = func(o sim.Observer) game.Script {
		seen := siege.Observer{Executed: o.Executed}
		once := seen.Executed
		seen.Executed = func(account string, n, count uint64) { once(account, n, count); once(account, n, count) }
		return siege.Script(&seen)
	}
	r, err := enumerate.Run(enumerate.Config{Case: c, Jobs: 2})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Violations) != 1 || r.Complete {
		t.Fatalf("%d violations, complete: %v", len(r.Violations), r.Complete)
	}
	v := &r.Violations[0]
	if v.Oracle != "delivered-or-told" || !strings.Contains(v.Message, "was executed twice") || len(v.Steps) == 0 || len(v.Steps) > enumerate.MaxSteps {
		t.Errorf("%s: %s, told in %d lines", v.Oracle, v.Message, len(v.Steps))
	}
	_, _, again, err := enumerate.Tell(c, v.Path)
	if err != nil || again == nil || again.Oracle != v.Oracle || again.Text != v.Message {
		t.Errorf("the same order again: %v, %v", again, err)
	}
}

func TestCaseThatCannotBegin(t *testing.T) {
	late := caseNamed(t, "connect-then-disconnect")
	late.Open = func(s *sim.Story) { s.After(1, func() {}) }
	wrong := caseNamed(t, "connect-then-disconnect")
	wrong.Open = func(s *sim.Story) { s.Violate("admission", "the story says so") }
	kcp := caseNamed(t, "second-login")
	kcp.Options = func(o *sim.Options) { o.Transport = sim.KCP }
	for want, c := range map[string]*sim.Case{
		"leaves something that is to be done at a later time": late, "is violated before anything is gone through: admission": wrong, "goes over streams": kcp,
	} {
		if _, err := c.Start(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	if _, err := enumerate.Replay(caseNamed(t, "second-login"), []int{99}); err == nil || !strings.Contains(err.Error(), "step 1 of the path is move 99") {
		t.Errorf("a path that is none: %v", err)
	}
}
