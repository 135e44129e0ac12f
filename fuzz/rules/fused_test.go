package rules

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestNoFusedOperations looks through the simulator's binary, where calls are
// inlined across packages, and through the archive of each package, where the
// functions are that the simulator does not link.
func TestNoFusedOperations(t *testing.T) {
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	all, err := DeterministicPackages(root)
	if err != nil {
		t.Fatal(err)
	}
	want := func(pkg string) bool {
		own, ok := strings.CutPrefix(pkg, Module+"/")
		return ok && Unfused(own)
	}
	packages := slices.DeleteFunc(all, func(p string) bool { return !want(p) })
	for _, a := range fusing {
		t.Run(a.Name, func(t *testing.T) {
			binary := filepath.Join(t.TempDir(), "messiah-sim")
			if err := BuildFor(root, a, binary, "./sim/cmd/messiah-sim"); err != nil {
				t.Fatal(err)
			}
			if n := refuseFused(t, binary, want); n < 1000 {
				t.Errorf("the binary has %d functions of the core and the simulator only", n)
			}
			archives, err := ArchivesFor(root, a, packages...)
			if err != nil {
				t.Fatal(err)
			}
			// A package of nothing but generics has its functions where they are used.
			functions := 0
			for _, archive := range archives {
				functions += refuseFused(t, archive, want)
			}
			if len(archives) != len(packages) || functions < 2000 {
				t.Errorf("%d archives of %d packages with %d functions", len(archives), len(packages), functions)
			}
		})
	}
}

// refuseFused fails for each fused operation in a file and returns how many
// functions it looked through.
func refuseFused(t *testing.T, file string, want func(string) bool) int {
	t.Helper()
	found, functions, err := FindFused(file, Module, want)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		t.Errorf("%s (fence the product, float64(x*y))", f)
	}
	return functions
}

// TestFusedOperationsAreFound plants multiply-adds and looks for them the same way.
func TestFusedOperationsAreFound(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module planted\n\ngo 1.26\n",
		"core/core.go": `package core

func Sum(x, y, z float64) float64        { return x*y + z }
func Narrow(x, y, z float32) float32     { return x*y + z }
func Later(x, y, z float64) float64      { p := x * y; return p + z }
func product(x, y float64) float64       { return x * y }
func Inlined(x, y, z float64) float64    { return product(x, y) + z }
func Difference(x, y, z float64) float64 { return float64(x*y) - float64(y*z) }
func Fenced(x, y, z float64) float64     { return float64(x*y) + z }
`,
		"main.go": "package main\n\nimport \"planted/core\"\n\nfunc main() { println(core.Inlined(float64(len(`a`)), 3, 4)) }\n",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, a := range fusing {
		archives, err := ArchivesFor(dir, a, "./core")
		if err != nil {
			t.Fatal(err)
		}
		found, _, err := FindFused(archives["planted/core"], "planted", func(p string) bool { return p == "planted/core" })
		if err != nil {
			t.Fatal(err)
		}
		var in []string
		for _, f := range found {
			in = append(in, strings.TrimPrefix(f.Func, "planted/core."))
		}
		slices.Sort(in)
		if want := []string{"Inlined", "Later", "Narrow", "Sum"}; !slices.Equal(in, want) {
			t.Errorf("%s: fused operations in %v, want %v", a.Name, in, want)
		}
	}
	for _, m := range mayFuse {
		if m.reason == "" {
			t.Errorf("%s may fuse without a reason", m.dir)
		}
	}
}

func TestUnfusedPackages(t *testing.T) {
	for pkg, want := range map[string]bool{
		"core/geom": true, "core/nav": true, "sim": true, "netsim": true, "scenarios/siege": true,
		"core/nav/recast": false, "prod": false, "sim/cmd/messiah-sim": false,
	} {
		if Unfused(pkg) != want {
			t.Errorf("Unfused(%q) = %v, want %v", pkg, !want, want)
		}
	}
	for symbol, want := range map[string]string{
		"messiah/core/geom.Vec3.Add":                                  "messiah/core/geom",
		"messiah/core/ordered.(*Map[go.shape.int,messiah/sim.x]).Get": "messiah/core/ordered",
		"example.org/a.b/c.d.e":                                       "example.org/a.b/c",
		"main.main":                                                   "main",
	} {
		if got := packageOf(symbol); got != want {
			t.Errorf("packageOf(%q) = %q, want %q", symbol, got, want)
		}
	}
}
