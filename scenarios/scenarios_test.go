package scenarios

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"messiah/sim"
	"messiah/sim/tier"
)

// seeds is how many seeds of each scenario an ordinary test run plays; under the
// race detector, where each takes ten times as long, it is a few.
func seeds() uint64 {
	if testing.Short() {
		return 2
	}
	return 15
}

// some are all scenarios; under the race detector every fourth, for tests that go through
// the same code with each.
func some() (list []*sim.Scenario) {
	for i, sc := range All() {
		if !testing.Short() || i%4 == 0 {
			list = append(list, sc)
		}
	}
	return list
}

// play runs a scenario once and reports what failed with the command that repeats it.
func play(t *testing.T, sc *sim.Scenario, cfg sim.RunConfig) sim.Result {
	t.Helper()
	res, err := tier.Exec(sc, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if res.Verdict != sim.Pass {
		t.Errorf("seed %d %v: %s: %s\nagain: messiah-sim run %s --seed %d", cfg.Seed, cfg.Set, res.Verdict, res.Message, sc.Name, cfg.Seed)
	}
	return res
}

func TestScenariosPass(t *testing.T) {
	for _, sc := range All() {
		t.Run(sc.Name, func(t *testing.T) {
			t.Parallel()
			for seed := range seeds() {
				play(t, sc, sim.RunConfig{Seed: seed})
			}
		})
	}
}

func TestScenariosPassOverKCP(t *testing.T) {
	for _, sc := range some() {
		t.Run(sc.Name, func(t *testing.T) {
			t.Parallel()
			for seed := range seeds() / 5 {
				play(t, sc, sim.RunConfig{Seed: seed, Set: []string{"transport=kcp"}})
			}
		})
	}
}

func TestSameSeedSameTrace(t *testing.T) {
	for _, sc := range some() {
		for _, set := range [][]string{nil, {"transport=kcp"}} {
			t.Run(fmt.Sprint(sc.Name, set), func(t *testing.T) {
				t.Parallel()
				a := play(t, sc, sim.RunConfig{Seed: 7, Set: set})
				b := play(t, sc, sim.RunConfig{Seed: 7, Set: set})
				if a.Hash != b.Hash || a.Events != b.Events {
					t.Errorf("two runs: %016x after %d handlers, %016x after %d", a.Hash, a.Events, b.Hash, b.Events)
				}
			})
		}
	}
}

func TestAnotherSeedIsAnotherRun(t *testing.T) {
	sc := All()[0]
	if a, b := play(t, sc, sim.RunConfig{Seed: 1}), play(t, sc, sim.RunConfig{Seed: 2}); a.Hash == b.Hash {
		t.Errorf("seeds 1 and 2 have the same trace hash %016x", a.Hash)
	}
}

// TestGoldenHashes makes a change of behaviour visible in review, on either
// transport. A hash that changes is to be changed by hand, in the commit that
// says why.
func TestGoldenHashes(t *testing.T) {
	for file, set := range map[string][]string{"golden.txt": nil, "golden_kcp.txt": {"transport=kcp"}} {
		golden := goldenHashes(t, file)
		for _, sc := range All() {
			res := play(t, sc, sim.RunConfig{Seed: 1, Set: set})
			if got := fmt.Sprintf("%016x", res.Hash); got != golden[sc.Name] {
				t.Errorf("%s, seed 1 %v: trace hash %s, and testdata/%s has %q", sc.Name, set, got, file, golden[sc.Name])
			}
		}
		if len(golden) != len(All()) {
			t.Errorf("testdata/%s has %d scenarios, and there are %d", file, len(golden), len(All()))
		}
	}
}

// goldenHashes reads the trace hash that is committed for each scenario.
func goldenHashes(t *testing.T, file string) map[string]string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	golden := map[string]string{}
	for line := range strings.Lines(string(b)) {
		if name, hash, ok := strings.Cut(strings.TrimSpace(line), " "); ok && !strings.HasPrefix(name, "#") {
			golden[name] = strings.TrimSpace(hash)
		}
	}
	return golden
}

func TestNamesAndStories(t *testing.T) {
	seen := map[string]bool{}
	for _, sc := range All() {
		if sc.Name == "" || seen[sc.Name] || !strings.HasSuffix(sc.About, ".") || sc.Play == nil {
			t.Errorf("scenario %q: a name of its own, one sentence about it and a story", sc.Name)
		}
		seen[sc.Name] = true
		for _, mark := range sc.Marks {
			if !known(mark) {
				t.Errorf("%s: no code makes the mark %q", sc.Name, mark)
			}
		}
	}
}

func known(mark string) bool {
	for _, m := range sim.KnownMarks() {
		if m == mark {
			return true
		}
	}
	return false
}

func TestOverridesAreChecked(t *testing.T) {
	sc := All()[0]
	for _, tt := range []struct{ set, want string }{
		{"gates", `"gates" is not KEY=VALUE`},
		{"gats=2", `no option "gats"; there are gates, games`},
		{"gates=0", `option gates: "0" is not a number from 1 to 16`},
		{"client-link=isdn", `option client-link: "isdn" is none of lan, wifi`},
		{"service=-1s", `option service: "-1s" is not a duration`},
		{"transport=udp", `option transport: "udp" is none of kcp, stream`},
	} {
		_, err := tier.Exec(sc, sim.RunConfig{Set: []string{tt.set}})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("--set %s: error %v, want one with %q", tt.set, err, tt.want)
		}
	}
}
