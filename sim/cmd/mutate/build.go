package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// The environment through which a mutated binary hears which guard is deleted
// and in which runs that can matter, or where it writes which guards each run takes.
const (
	envDeleted = "MESSIAH_GUARD_DELETED"
	envRuns    = "MESSIAH_GUARD_RUNS"
	envTaken   = "MESSIAH_GUARDS_TAKEN"
)

// switchSource is the file that the overlay adds to core/planted: there is one
// build for all guards, and which one is deleted is decided when it starts.
const switchSource = `package planted

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
)

var deleted, _ = strconv.Atoi(os.Getenv("` + envDeleted + `"))

// Of a sweep that watches, which runs one world at a time.
var (
	out   *bufio.Writer
	taken map[int]bool
	now   string
)

// wanted are the runs that are to be made; nil is all.
var wanted map[string]bool

func init() {
	if name := os.Getenv("` + envTaken + `"); name != "" {
		f, err := os.Create(name)
		if err != nil {
			panic(err)
		}
		out = bufio.NewWriter(f)
	}
	if name := os.Getenv("` + envRuns + `"); name != "" {
		b, err := os.ReadFile(name)
		if err != nil {
			panic(err)
		}
		wanted = map[string]bool{}
		for line := range strings.Lines(string(b)) {
			wanted[strings.TrimSpace(line)] = true
		}
	}
}

// Begin tells whether a run is to be made, and that it begins.
func Begin(scenario string, seed uint64) bool {
	run := fmt.Sprintf("%s %d", scenario, seed)
	if out != nil {
		taken, now = map[int]bool{}, run
		out.Flush()
	}
	return wanted == nil || wanted[run]
}

// End ends a watching sweep.
func End() {
	if out != nil {
		out.Flush()
	}
}

// Stands tells whether a guard, whose condition holds, has not been deleted.
func Stands(number int) bool {
	if out != nil && !taken[number] {
		taken[number] = true
		fmt.Fprintln(out, number, now)
	}
	return number != deleted
}
`

// The places of the sources, beside the guards, where the overlay speaks to its switch.
var hooks = [...]struct{ file, before, after string }{
	{"sim/scenario.go", "func (sc *Scenario) Run(cfg RunConfig) (Result, error) {\n",
		"\tif !guards.Begin(sc.Name, cfg.Seed) {\n\t\treturn Result{Scenario: sc.Name, Seed: cfg.Seed, Verdict: Pass}, nil\n\t}\n"},
	{"sim/command/main.go", "func run(args []string, stdout, stderr io.Writer) (status int) {\n", "\tdefer guards.End()\n"},
}

// hooked returns a source with what comes after a place that must be there once.
func hooked(source []byte, before, after string) ([]byte, error) {
	if bytes.Count(source, []byte(before)) != 1 {
		return nil, fmt.Errorf("there is no %q", strings.TrimSpace(before))
	}
	text := strings.Replace(string(source), before, before+after, 1)
	line, rest, _ := strings.Cut(text, "\nimport (")
	return []byte(line + "\nimport guards \"messiah/core/planted\"\nimport (" + rest), nil
}

// moduleRoot returns the root of the module that the working directory is in.
func moduleRoot() (string, error) {
	b, err := exec.Command("go", "env", "GOMOD").Output()
	file := strings.TrimSpace(string(b))
	if err != nil || file == "" || file == os.DevNull {
		return "", errors.New("mutate has to be run inside the source tree, with the Go toolchain on the path")
	}
	return filepath.Dir(file), nil
}

// mutable is what is built once for all guards.
type mutable struct {
	sim    string            // a messiah-sim in which each guard can be deleted
	tests  map[string]string // the test binaries of the guards' packages, by package
	guards []guard
}

// buildMutable builds a messiah-sim, and the tests of each package, in which each
// guard can be deleted. The tree is not touched: the changed files stand in an overlay.
func buildMutable(root, dir string) (*mutable, error) {
	m := &mutable{sim: filepath.Join(dir, "messiah-sim"), tests: map[string]string{}}
	overlay, err := m.overlay(root, dir)
	if err != nil {
		return nil, err
	}
	build := func(args ...string) error {
		c := exec.Command("go", append([]string{args[0], "-buildvcs=false", "-overlay", overlay}, args[1:]...)...)
		c.Dir = root
		if text, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("the mutated source does not build: %w\n%s", err, bytes.TrimSpace(text))
		}
		return nil
	}
	if err := build("build", "-o", m.sim, "./sim/cmd/messiah-sim"); err != nil {
		return nil, err
	}
	for _, t := range targets {
		pkg := path.Dir(t.file)
		if tests, _ := filepath.Glob(filepath.Join(root, pkg, "*_test.go")); len(tests) == 0 || m.tests[pkg] != "" {
			continue
		}
		m.tests[pkg] = filepath.Join(dir, strings.ReplaceAll(pkg, "/", "-")+".test")
		if err := build("test", "-c", "-o", m.tests[pkg], "./"+pkg); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// overlay writes the changed files and their list, and returns the list's name.
func (m *mutable) overlay(root, dir string) (string, error) {
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	put := func(file string, source []byte) error {
		changed := filepath.Join(dir, fmt.Sprintf("%d.go", len(overlay.Replace)))
		overlay.Replace[filepath.Join(root, file)] = changed
		return os.WriteFile(changed, source, 0o600)
	}
	if err := put("core/planted/guards.go", []byte(switchSource)); err != nil {
		return "", err
	}
	for _, t := range targets {
		found, source, err := findGuards(root, t, len(m.guards)+1)
		if err != nil {
			return "", err
		}
		if err := put(t.file, source); err != nil {
			return "", err
		}
		m.guards = append(m.guards, found...)
	}
	for _, h := range hooks {
		source, err := os.ReadFile(filepath.Join(root, h.file))
		if err == nil {
			source, err = hooked(source, h.before, h.after)
		}
		if err == nil {
			err = put(h.file, source)
		}
		if err != nil {
			return "", fmt.Errorf("%s: %w", h.file, err)
		}
	}
	index, err := json.Marshal(overlay)
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "overlay.json")
	return file, os.WriteFile(file, index, 0o600)
}
