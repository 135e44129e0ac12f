package command

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"messiah/core/game"
	"messiah/scenarios"
	"messiah/sim"
	"messiah/sim/choice"
)

// broken is a scenario whose game code panics at its third call.
func broken() *sim.Scenario {
	town := scenarios.Town()
	script := town.Script
	town.Script = func(o sim.Observer) game.Script {
		calls := 0
		executed := o.Executed
		o.Executed = func(account string, n, count uint64) {
			if calls++; calls == 3 {
				panic("the third call")
			}
			executed(account, n, count)
		}
		return script(o)
	}
	return &sim.Scenario{
		Name: "broken", Game: town,
		Options: func(o *sim.Options, _ choice.Stream) { o.Clients = 2 },
		Play:    func(s *sim.Story) { s.Open(); s.Join(); s.Go(s.Options().Duration) },
	}
}

// TestAPanicOfGameCode shows that a run in which game code panics is a failure
// like any other: with its events, a plan that can be read, and what led to it.
func TestAPanicOfGameCode(t *testing.T) {
	t.Chdir(t.TempDir())
	p := Program{Name: "broken-sim", Scenarios: []*sim.Scenario{broken()}}
	defer func() { program = sample() }()
	ask := func(args ...string) string {
		var out, people bytes.Buffer
		if status := Run(p, args, &out, &people); status != exitViolation {
			t.Fatalf("%v: status %d\n%s%s", args, status, &out, &people)
		}
		return out.String() + people.String()
	}
	for _, transport := range []string{"stream", "kcp"} {
		said := ask("run", "broken", "--seed", "1", "--set", "transport="+transport)
		if !strings.Contains(said, "panic: the third call, in command.broken.") || strings.Contains(said, " 0 handler calls") {
			t.Errorf("%s: the run says:\n%s", transport, said)
		}
		plan := filepath.Join("messiah-plans", "broken-panic-1.plan")
		if text, err := os.ReadFile(plan); err != nil || strings.Contains(string(text), "fault ") {
			t.Errorf("%s: the plan is not small: %v\n%s", transport, err, text)
		}
		if said := ask("replay", plan); !strings.Contains(said, "the third call") {
			t.Errorf("%s: the replay says:\n%s", transport, said)
		}
		said = ask("explain", plan)
		if !strings.Contains(said, "← gate1") || !strings.Contains(said, "✗") {
			t.Errorf("%s: what led to it:\n%s", transport, said)
		}
	}
}
