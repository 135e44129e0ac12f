package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"messiah/core/planted"
)

// build is one way of compiling this command, and what runs it here.
type build struct {
	name   string
	arch   string
	amd64  string // GOAMD64
	race   bool
	binary string   // where it was built to
	runs   []string // words before the binary's own, where this machine needs an emulator
	failed error    // why there is no binary, or nothing that runs it
	built  bool     // it has been tried
}

// cell is one way of running the range.
type cell struct {
	build *build
	procs int    // GOMAXPROCS, and worlds at once
	gogc  string // GOGC
	fresh bool   // a process for each run, else one for all of them, several times over
}

func (c *cell) name() string {
	process := "warm"
	if c.fresh {
		process = "fresh"
	}
	return fmt.Sprintf("%s/procs=%d/gogc=%s/%s", c.build.name, c.procs, c.gogc, process)
}

// matrix lists all cells. The first is that with which the others are compared.
// The build for this machine is run with every setting, the others with each
// setting at least once.
func matrix() []*cell {
	many := max(2, runtime.NumCPU())
	builds := buildsOn(runtime.GOARCH)
	var cells []*cell
	for _, fresh := range []bool{true, false} {
		for _, procs := range []int{1, many} {
			for _, gogc := range []string{"100", "1", "off"} {
				cells = append(cells, &cell{builds[0], procs, gogc, fresh})
			}
		}
	}
	for _, b := range builds[1:] {
		cells = append(cells, &cell{b, 1, "100", true}, &cell{b, many, "100", false},
			&cell{b, many, "1", false}, &cell{b, 1, "off", false})
	}
	return cells
}

// buildsOn lists the builds, that for the machine itself first.
func buildsOn(arch string) []*build {
	v1, v3 := &build{name: "amd64-v1", arch: "amd64", amd64: "v1"}, &build{name: "amd64-v3", arch: "amd64", amd64: "v3"}
	arm := &build{name: "arm64", arch: "arm64"}
	switch arch {
	case "amd64":
		return []*build{v1, {name: "amd64-v1-race", arch: "amd64", amd64: "v1", race: true}, v3, arm}
	case "arm64":
		return []*build{arm, {name: "arm64-race", arch: "arm64", race: true}, v1, v3}
	}
	return []*build{{name: arch, arch: arch}, {name: arch + "-race", arch: arch, race: true}, v1, v3, arm}
}

// emulator is a user-mode emulator by the architecture that it runs.
type emulator struct {
	names []string // of the command, the preferred one first
	args  []string
}

// emulators know the processors that the builds need.
func emulators() map[string]emulator {
	return map[string]emulator{
		"arm64": {[]string{"qemu-aarch64-static", "qemu-aarch64"}, nil},
		"amd64": {[]string{"qemu-x86_64-static", "qemu-x86_64"}, []string{"-cpu", "max"}},
	}
}

// emulate finds what runs the build on this machine.
func (b *build) emulate() error {
	if b.arch == runtime.GOARCH {
		return nil
	}
	if runtime.GOOS != "linux" {
		return fmt.Errorf("a program for linux/%s runs on Linux alone, and this is %s", b.arch, runtime.GOOS)
	}
	e := emulators()[b.arch]
	for _, name := range e.names {
		if path, err := exec.LookPath(name); err == nil {
			b.runs = append([]string{path}, e.args...)
			return nil
		}
	}
	return fmt.Errorf("there is no %s on the path; this installs it: apt-get install -y qemu-user-static", e.names[0])
}

// toolchain is where the Go tool and the module are.
type toolchain struct {
	command string
	out     string // directory of the binaries, kept from one verify to the next
}

// findToolchain fails in one line where there is no Go tool, or no source tree.
func findToolchain(ctx context.Context) (*toolchain, error) {
	command, err := exec.LookPath("go")
	if err != nil {
		return nil, usage("verify needs the Go toolchain, to build its cells: there is no `go` on the path")
	}
	mod, err := exec.CommandContext(ctx, command, "env", "GOMOD").Output()
	file := strings.TrimSpace(string(mod))
	if err != nil || filepath.Base(file) != "go.mod" {
		return nil, usage("verify has to be run inside the source tree, from which it builds its cells")
	}
	out := filepath.Join(filepath.Dir(file), "run", "verify")
	if err := os.MkdirAll(out, 0o777); err != nil {
		return nil, usage("verify cannot keep its binaries: %v", err)
	}
	return &toolchain{command, out}, nil
}

// compile builds the binary, once; the Go tool does it again only where the source has changed.
func (t *toolchain) compile(ctx context.Context, b *build) {
	if b.built {
		return
	}
	b.built = true
	if b.failed = b.emulate(); b.failed != nil {
		return
	}
	name := "messiah-sim-" + b.name
	args := []string{"build", "-buildvcs=false"}
	if b.race {
		args = append(args, "-race")
	}
	if planted.Built {
		name += "-planted"
		args = append(args, "-tags", "planted")
	}
	b.binary = filepath.Join(t.out, name)
	c := exec.CommandContext(ctx, t.command, append(args, "-o", b.binary, program.Package)...)
	c.Env = append(os.Environ(), "GOARCH="+b.arch)
	if b.amd64 != "" {
		c.Env = append(c.Env, "GOAMD64="+b.amd64)
	}
	if b.arch != runtime.GOARCH {
		c.Env = append(c.Env, "CGO_ENABLED=0")
	}
	if text, err := c.CombinedOutput(); err != nil {
		b.failed = errors.New("it does not build: " + firstLine(string(text), err))
	}
}

// firstLine returns the first line that a command wrote and that says something, or its error.
func firstLine(text string, err error) string {
	for line := range strings.Lines(text) {
		// The Go tool's heading of a package and the race detector's rule say nothing.
		if line = strings.TrimSpace(line); strings.Trim(line, "=") != "" && !strings.HasPrefix(line, "# ") {
			return line
		}
	}
	return err.Error()
}
