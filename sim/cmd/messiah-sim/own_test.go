package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestAGameOfItsOwn builds a module outside this tree with its own game, scenario,
// main and test, as a game author has them, and runs both.
func TestAGameOfItsOwn(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", "..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, file := range map[string]string{
		"go.mod": "go.mod.txt", "tavern.go": "tavern.go.txt", "tavern_test.go": "tavern_test.go.txt", "cmd/tavern-sim/main.go": "main.go.txt",
	} {
		b, err := os.ReadFile(filepath.Join("testdata", "own", file))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), bytes.ReplaceAll(b, []byte("MESSIAH"), []byte(root)))
	}
	// The versions are those of this module, so that nothing has to be looked up.
	for _, name := range []string{"go.mod", "go.sum"} {
		own, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if name == "go.sum" {
			write(t, filepath.Join(dir, name), own)
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		_, requires, _ := strings.Cut(string(own), "\nrequire ")
		write(t, filepath.Join(dir, name), append(b, "\nrequire "+requires...))
	}
	goTool(t, dir, "test", "-mod=mod", "./...")
	binary := filepath.Join(dir, "tavern-sim")
	goTool(t, dir, "build", "-mod=mod", "-o", binary, "./cmd/tavern-sim")
	var swept struct {
		Runs, Failed int
		Failures     []struct{ Message string }
	}
	out, err := exec.Command(binary, "sweep", "--seeds", "1-50", "--json").Output()
	if err != nil {
		t.Fatalf("the sweep: %v\n%s", err, out)
	}
	if err := json.Unmarshal(out, &swept); err != nil || swept.Runs != 50 || swept.Failed != 0 {
		t.Errorf("%v; %d runs, %d failed: %v", err, swept.Runs, swept.Failed, swept.Failures)
	}
	if out, err := exec.Command(binary, "list").Output(); err != nil || !strings.Contains(string(out), "last-orders") {
		t.Errorf("the list: %v\n%s", err, out)
	}
}

func write(t *testing.T, file string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func goTool(t *testing.T, dir string, args ...string) {
	t.Helper()
	c := exec.Command("go", args...)
	c.Dir = dir
	c.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}
