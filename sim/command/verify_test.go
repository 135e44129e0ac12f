package command

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"messiah/sim"
	"messiah/sim/compare"
)

// verify runs the command and reads its document.
func verify(t *testing.T, args ...string) (v verified, status int, people string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status = run(append([]string{"verify", "--json"}, args...), &stdout, &stderr)
	if err := json.Unmarshal(stdout.Bytes(), &v); err != nil && stdout.Len() > 0 {
		t.Fatalf("%v in %s", err, stdout.String())
	}
	return v, status, stderr.String()
}

// TestEveryCellIsEqual runs the whole matrix over one scenario on both
// transports. A cell that cannot be run here fails with what it lacks.
func TestEveryCellIsEqual(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds this command four times; the run without -short does it")
	}
	v, status, people := verify(t, "second-login", "--seeds", "1")
	if status != exitPass || !v.OK || v.FirstDifference != nil {
		t.Fatalf("exit %d:\n%s", status, people)
	}
	var names []string
	for _, c := range v.Cells {
		names = append(names, c.Name)
		if !c.OK || c.Hash == nil || *c.Hash != *v.Cells[0].Hash || c.Reason != nil {
			t.Errorf("cell %+v", c)
		}
	}
	if v.Runs != 2 || !slices.Equal(v.Transports, []string{"stream", "kcp"}) {
		t.Errorf("%d runs over %v", v.Runs, v.Transports)
	}
	for _, part := range []string{"procs=1/", "gogc=1/", "gogc=100/", "gogc=off/", "/fresh", "/warm", "-race/", "amd64-v1/", "amd64-v3/", "arm64/"} {
		if runtime.GOARCH != "amd64" && strings.HasPrefix(part, "amd64") {
			continue
		}
		if !slices.ContainsFunc(names, func(name string) bool { return strings.Contains(name, part) }) {
			t.Errorf("no cell is %s: %v", part, names)
		}
	}
}

func TestCellsHaveNamesOfTheirOwn(t *testing.T) {
	for _, arch := range []string{"amd64", "arm64", "riscv64"} {
		var names []string
		for _, b := range buildsOn(arch) {
			names = append(names, b.name)
		}
		for _, want := range []string{arch, "amd64-v1", "amd64-v3", "arm64"} {
			if !slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, want) }) {
				t.Errorf("on %s no build is %s: %v", arch, want, names)
			}
		}
		if !strings.HasPrefix(names[0], arch) {
			t.Errorf("on %s the build to compare with is %s", arch, names[0])
		}
	}
	seen := map[string]bool{}
	for _, c := range matrix() {
		if seen[c.name()] {
			t.Errorf("two cells are named %s", c.name())
		}
		seen[c.name()] = true
	}
}

func TestCellWithoutItsEmulatorSaysWhatInstallsIt(t *testing.T) {
	if runtime.GOOS != "linux" || testing.Short() {
		t.Skip("user-mode emulation is Linux's alone, and it builds this command; the run without -short does it")
	}
	t.Setenv("PATH", pathWithout(t, "qemu-"))
	foreign := map[string]string{"amd64": "arm64", "arm64": "amd64-v1"}[runtime.GOARCH]
	native := buildsOn(runtime.GOARCH)[0].name
	v, status, people := verify(t, "second-login", "--seeds", "1", "--cells", native+"/procs=1/gogc=100/fresh", "--cells", foreign+"/procs=1/gogc=100/fresh")
	if status != exitUsage || v.OK || len(v.Cells) != 2 || !v.Cells[0].OK || v.FirstDifference != nil {
		t.Fatalf("exit %d, %+v:\n%s", status, v, people)
	}
	if c := v.Cells[1]; c.OK || c.Hash != nil || c.Reason == nil || !strings.Contains(*c.Reason, "apt-get install -y qemu-user-static") {
		t.Errorf("cell %+v", c)
	}
	if !strings.Contains(people, "1 of 2 cells could not be run") {
		t.Errorf("it says %q", people)
	}
}

// pathWithout returns a search path on which every command is but those whose
// names begin as given.
func pathWithout(t *testing.T, prefix string) string {
	t.Helper()
	dir := t.TempDir()
	for _, from := range filepath.SplitList(os.Getenv("PATH")) {
		entries, _ := os.ReadDir(from) // a directory of the path need not exist
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), prefix) {
				continue
			}
			if err := os.Symlink(filepath.Join(from, e.Name()), filepath.Join(dir, e.Name())); err != nil && !os.IsExist(err) {
				t.Fatal(err)
			}
		}
	}
	return dir
}

func TestVerifyRefuses(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"second-login"}, "--seeds"},
		{[]string{"second-login", "--seeds", "2-1"}, `--seeds "2-1" is not a range`},
		{[]string{"no-such", "--seeds", "1"}, `no scenario "no-such"`},
		{[]string{"second-login", "--seeds", "1", "--set", "gats=1"}, `no option "gats"`},
		{[]string{"second-login", "--seeds", "1", "--set", "gates"}, `"gates" is not KEY=VALUE`},
		{[]string{"--seeds", "0-900000"}, "takes at most"},
		{[]string{"second-login", "--seeds", "1", "--cells", "vax"}, "this leaves 0"},
	} {
		v, status, people := verify(t, tt.args...)
		if status != exitUsage || v.Cells != nil || strings.Count(people, "\n") != 1 || !strings.Contains(people, tt.want) {
			t.Errorf("verify %v: exit %d, it says %q", tt.args, status, people)
		}
	}
	t.Setenv("PATH", t.TempDir())
	if _, status, people := verify(t, "second-login", "--seeds", "1"); status != exitUsage || !strings.Contains(people, "verify needs the Go toolchain") {
		t.Errorf("without a toolchain: exit %d, it says %q", status, people)
	}
}

// TestErrandBehindOthers lets one process do several runs, several times over,
// and record the last: it is as it is alone.
func TestErrandBehindOthers(t *testing.T) {
	var runs []oneRun
	for _, set := range []string{"transport=stream", "transport=kcp"} {
		runs = append(runs, oneRun{"second-login", 3, []string{set}}, oneRun{"gate-lost", 4, []string{set}})
	}
	window := compare.Window{From: 100, Until: 200}
	for _, last := range runs {
		warm := errand{Runs: append(slices.Clone(runs), last), Passes: 3, Record: &window}
		alone := errand{Runs: []oneRun{last}, Passes: 1, Record: &window}
		a, err1 := warm.carryOut()
		b, err2 := alone.carryOut()
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		if len(a.Runs) != len(runs) || len(b.Runs) != 0 || slices.Contains(a.Runs, toldRun{}) {
			t.Fatalf("it answered %+v and %+v", a.Runs, b.Runs)
		}
		ra, rb := a.Recorded, b.Recorded
		if ra.Hash != rb.Hash || !slices.Equal(ra.Checkpoints, rb.Checkpoints) || ra.Hash != a.Runs[slices.IndexFunc(runs, func(r oneRun) bool { return r.String() == last.String() })].Hash {
			t.Errorf("%v: recorded as %016x behind others and as %016x alone", last, ra.Hash, rb.Hash)
		}
		if n := len(rb.Moments); n < 101 || rb.Moments[0].Event != 100 || rb.Moments[n-1].Event != 200 {
			t.Errorf("%v: %d moments of events 100 to 200, from %+v", last, n, rb.Moments[0])
		}
	}
}

// TestReplayPrintsAWindow compares a part of a trace with the whole.
func TestReplayPrintsAWindow(t *testing.T) {
	replay := func(args ...string) string {
		var stdout, stderr bytes.Buffer
		if status := run(append([]string{"replay", "gate-lost", "--seed", "7"}, args...), &stdout, &stderr); status != exitPass {
			t.Fatalf("replay %v: exit %d: %s", args, status, stderr.String())
		}
		return stdout.String()
	}
	whole := replay()
	head, middle := replay("--until", "199"), replay("--from", "200", "--until", "400")
	tail := replay("--from", "401")
	if whole != head+middle+tail {
		t.Errorf("the parts of %d, %d and %d bytes are not the whole of %d", len(head), len(middle), len(tail), len(whole))
	}
	if !strings.Contains(middle, "#200 ") || !strings.Contains(middle, "#400 ") {
		t.Errorf("the middle lacks its ends:\n%.300s", middle)
	}
	one := replay("--from", "200", "--until", "200", "--payload")
	if !strings.Contains(one, "kind=") || !strings.Contains(one, "body=") {
		t.Errorf("event 200 with its payload:\n%s", one)
	}
}

// TestMomentsAreWhatTheHashCovers takes a whole run: the hash behind the last
// moment is that of the run, and those at the checkpoints are the checkpoints.
func TestMomentsAreWhatTheHashCovers(t *testing.T) {
	sc, err := scenarioNamed("link-breaks")
	if err != nil {
		t.Fatal(err)
	}
	whole := &sim.Recorder{From: 1, Until: math.MaxUint64}
	res, err := execute(sc, sim.RunConfig{Seed: 5, Record: whole})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Checkpoints) == 0 || whole.Moments[len(whole.Moments)-1].Hash != res.Hash {
		t.Fatalf("%d moments, %d checkpoints, hash %016x", len(whole.Moments), len(res.Checkpoints), res.Hash)
	}
	for i, want := range res.Checkpoints {
		at := slices.IndexFunc(whole.Moments, func(m sim.Moment) bool { return m.Event == uint64(i+1)*sim.CheckpointEvery && m.Fields != "" })
		if at < 0 || whole.Moments[at].Hash != want {
			t.Errorf("checkpoint %d is %016x, and no moment is", i, want)
		}
	}
}

// runPlanted runs a command of a binary that carries the bugs.
func runPlanted(t *testing.T, args ...string) (stdout []byte, status int) {
	t.Helper()
	var people bytes.Buffer
	binary, remove, err := plantedBinary(context.Background(), &people)
	if err != nil {
		t.Fatal(err)
	}
	defer remove()
	child := exec.Command(binary, args...)
	stdout, _ = child.Output()
	return stdout, child.ProcessState.ExitCode()
}

// TestMapOrderIsLocated plants a range over a map that picks the game of an avatar.
func TestMapOrderIsLocated(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds binaries; the run without -short does it")
	}
	native := buildsOn(runtime.GOARCH)[0].name
	document, status := runPlanted(t, "verify", "second-login", "--seeds", "1-3", "--set", "games=3", "--plant", "map-order-picks-the-game",
		"--cells", native+"/procs=1/gogc=100", "--json")
	var v verified
	if err := json.Unmarshal(document, &v); err != nil {
		t.Fatalf("exit %d: %v in %s", status, err, document)
	}
	d := v.FirstDifference
	if status != exitNondeterminism || v.OK || d == nil || d.Event == nil {
		t.Fatalf("exit %d: %s", status, document)
	}
	// The first thing that a gate does with its choice is to send the avatar there.
	if *d.A.Line == *d.B.Line || !strings.Contains(*d.A.Line+*d.B.Line, "message enter from gate") {
		t.Errorf("at event %d\n%s\n%s", *d.Event, *d.A.Line, *d.B.Line)
	}
}

// TestFusedMultiplyAddIsLocated plants x*y+z in the walk of a client and wants
// `bugs` to name the first move of which two machines have different coordinates.
func TestFusedMultiplyAddIsLocated(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds binaries; the run without -short does it")
	}
	var stdout, stderr bytes.Buffer
	if status := run([]string{"bugs", "--bug", "fused-multiply-add", "--json"}, &stdout, &stderr); status != exitPass {
		t.Fatalf("exit %d: %s", status, stderr.String())
	}
	var all []caught
	if err := json.Unmarshal(stdout.Bytes(), &all); err != nil || len(all) != 1 {
		t.Fatalf("%v in %s", err, stdout.String())
	}
	one := all[0]
	if !one.Found || one.Oracle != "replay" || one.Message == nil || one.Repro == nil {
		t.Fatalf("it was not found as it should be: %+v", one)
	}
	// Step 11 of the walk: 11 × 0.4 + 0.4 ÷ 3, rounded once and twice.
	for _, want := range []string{"the cells part at event ", "task", "[11 4.533333333333334 0 0 0 0]", "[11 4.533333333333333 0 0 0 0]"} {
		if !strings.Contains(*one.Message, want) {
			t.Errorf("no %q in\n%s", want, *one.Message)
		}
	}
	if want := "go run -tags planted messiah/sim/cmd/messiah-sim verify second-login --seeds 1 --cells "; !strings.HasPrefix(*one.Repro, want) {
		t.Errorf("the command to run it again is %s", *one.Repro)
	}
}
