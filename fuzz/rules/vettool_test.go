package rules

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// game is a module of a game author, outside of this tree.
var game = map[string]string{
	"go.mod": "module example.org/game\n\ngo 1.26\n",
	"spawn/spawn.go": `package spawn

import "time"

// Wave is when the next wave comes.
func Wave() time.Time {
	return time.Now().Add(time.Minute)
}
`,
	"spawn/only_windows.go": "package spawn\n\nconst Slow = true\n",
	"spawn/spawn_test.go":   "package spawn\n\nimport (\n\t\"testing\"\n\t\"time\"\n)\n\nfunc TestWave(t *testing.T) { _ = time.Now() }\n",
	"loot/loot.go": `package loot

// Share is what each of n gets.
func Share(n int) int { return 100 / n }
`,
}

// TestCheckerOnAModuleOutsideTheTree: both ways to run the checker name the line of
// a violation and end with a status that is not 0; a clean package passes.
func TestCheckerOnAModuleOutsideTheTree(t *testing.T) {
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	tool, dir := checker(t, root), t.TempDir()
	for name, text := range game {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	alone := func(args ...string) (string, error) {
		cmd := exec.Command(tool, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	vet := func(args ...string) (string, error) {
		return goRun(dir, append([]string{"vet", "-vettool=" + tool}, args...)...)
	}
	for name, check := range map[string]func(...string) (string, error){"go vet": vet, "alone": alone} {
		out, err := check("./...")
		if err == nil {
			t.Errorf("%s: status 0 over a violation:\n%s", name, out)
		}
		for _, want := range []string{"spawn.go:7:9: time.Now reads the machine's clock", "only_windows.go:1:9: file is built on some machines only"} {
			if !strings.Contains(out, want) {
				t.Errorf("%s does not say %q:\n%s", name, want, out)
			}
		}
		if strings.Contains(out, "loot") || strings.Contains(out, "_test.go") {
			t.Errorf("%s finds more than there is:\n%s", name, out)
		}
		if out, err := check("./loot"); err != nil {
			t.Errorf("%s: %v over a clean package:\n%s", name, err, out)
		}
	}
	if out, err := alone("--help"); err != nil || !strings.Contains(out, "Example:") {
		t.Errorf("--help: %v\n%s", err, out)
	}
	out, err := alone("--nonsense")
	if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != 5 {
		t.Errorf("an unknown flag: %v, want exit status 5\n%s", err, out)
	}
}
