package rules

import (
	"go/token"
	"path"
	"strings"
	"testing"
)

func TestDeterminismExemptions(t *testing.T) {
	for pkg, want := range map[string]bool{
		"core/node": true, "sim": true, "sim/world": true, "netsim": true, "scenarios/siege": true,
		"sim/cmd/messiah-sim": false, "sim/sweep": false, "core/arq": false, "prod": false, "fuzz": false,
		"core/arquebus": true, "simulacrum": false, "sim/vet": true,
	} {
		if Deterministic(pkg) != want {
			t.Errorf("Deterministic(%q) = %v, want %v", pkg, !want, want)
		}
	}
	for _, e := range exempt {
		if e.reason == "" {
			t.Errorf("exempt package %s has no reason", e.dir)
		}
	}
}

func TestBuildConstraintsHideNothing(t *testing.T) {
	for _, tt := range []struct {
		name, src string
		want      []string
	}{
		{"core/game/a.go", "//go:build debug\n\npackage game\n", []string{"hides the file"}},
		{"core/game/a.go", "//go:build !debug\n\npackage game\n", []string{"hides the file"}},
		{"core/game/a.go", "package game\n", nil},
		{"core/game/a_test.go", "//go:build debug\n\npackage game\n", nil},
		{"core/planted/a.go", "//go:build planted\n\npackage planted\n", nil},
		{"prod/a.go", "//go:build linux\n\npackage prod\n", nil},
	} {
		f := snippet(t, token.NewFileSet(), tt.name, tt.src)
		expect(t, CheckConstraint(f, path.Dir(tt.name)), tt.want...)
	}
}

func TestPlantedTagStaysAtHome(t *testing.T) {
	tests := []struct {
		name, src string
		want      []string
	}{
		{"core/game/a.go", "//go:build planted\n\npackage game\n", []string{"belongs to core/planted alone"}},
		{"core/game/a.go", "//go:build !planted\n\npackage game\n", []string{"belongs to core/planted alone"}},
		{"core/game/a.go", "//go:build linux && (planted || amd64)\n\npackage game\n", []string{"belongs to core/planted alone"}},
		{"core/game/a_test.go", "//go:build planted\n\npackage game\n", nil},
		{"core/game/a.go", "//go:build linux\n\npackage game\n", nil},
		{"core/planted/a.go", "//go:build planted\n\npackage planted\n", nil},
	}
	for _, tt := range tests {
		f := snippet(t, token.NewFileSet(), tt.name, tt.src)
		expect(t, CheckPlantedTag(f, tt.name[:strings.LastIndex(tt.name, "/")]), tt.want...)
	}
}

func TestPlantedOnIsPlainlyFalse(t *testing.T) {
	const tagged = "//go:build planted\n\npackage planted\nfunc On(n string) bool { return n == chosen }\nvar chosen string\n"
	for src, want := range map[string][]string{
		"package planted\nfunc On(string) bool { return false }\n":              nil,
		"package planted\nfunc On(n string) bool { return n == \"x\" }\n":       {"must be only `return false`"},
		"package planted\nfunc On(string) bool { f(); return false }\n":         {"must be only `return false`"},
		"package planted\nfunc Off(string) bool { return false }\n":             {"has no On"},
		"package planted\ntype t int\nfunc (t) On(string) bool { return true }": {"has no On"},
	} {
		fset := token.NewFileSet()
		files := []*File{snippet(t, fset, "core/planted/on.go", tagged), snippet(t, fset, "core/planted/off.go", src)}
		expect(t, CheckPlantedOff(files), want...)
	}
}
