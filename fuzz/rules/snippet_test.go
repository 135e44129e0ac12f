package rules

import (
	"go/parser"
	"go/token"
	"path"
	"strings"
	"testing"
)

// snippet parses source as a file of the given name.
func snippet(t *testing.T, fset *token.FileSet, name, src string) *File {
	t.Helper()
	parsed, err := parser.ParseFile(fset, name, src, parser.ParseComments)
	if err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	return newFile(fset, name, parsed)
}

// expect compares findings with wanted texts, each "line: part of the text";
// every finding must be wanted and every want found.
func expect(t *testing.T, findings []Finding, want ...string) {
	t.Helper()
	if len(findings) != len(want) {
		t.Errorf("%d findings, want %d", len(findings), len(want))
	}
	for i, f := range findings {
		switch {
		case i >= len(want):
			t.Errorf("unexpected: %s", f)
		case !strings.Contains(f.String(), want[i]):
			t.Errorf("finding %q, want one with %q", f, want[i])
		}
	}
	for _, w := range want[min(len(want), len(findings)):] {
		t.Errorf("nothing found with %q", w)
	}
}

func TestImportTableRefuses(t *testing.T) {
	tests := []struct {
		file, imports string
		want          string // "" if allowed.
	}{
		{"core/wire/a.go", "messiah/core/node", "core/wire may not import core/node"},
		{"core/wire/a.go", "github.com/vmihailenco/msgpack/v5", ""},
		{"core/geom/a.go", "github.com/vmihailenco/msgpack/v5", "may not import the module"},
		{"core/geom/a.go", "math", ""},
		{"core/node/a.go", "messiah/core/wire", ""},
		{"core/node/a.go", "messiah/core/game", "core/node may not import core/game"},
		{"core/node/a_test.go", "pgregory.net/rapid", ""},
		{"core/node/a.go", "pgregory.net/rapid", "may not import the module"},
		{"core/node/a_test.go", "messiah/core/proto", ""},
		{"core/node/a_test.go", "messiah/core/gate", "core/node may not import core/gate"},
		{"core/node/a_test.go", "messiah/sim", "core/node may not import sim"},
		{"core/proto/a.go", "messiah/core/entity", "core/proto may not import core/entity"},
		{"core/entity/a.go", "messiah/core/proto", ""},
		{"core/aoi/a.go", "messiah/core/proto", "core/aoi may not import core/proto"},
		{"core/game/a.go", "messiah/core/gate", "role core/game may not import role core/gate"},
		{"core/game/a_test.go", "messiah/core/gate", "role core/game may not import role core/gate"},
		{"core/game/a.go", "messiah/core/entity", ""},
		{"core/game/a.go", "github.com/xtaci/kcp-go/v5", "may not import the module"},
		{"core/arq/a.go", "github.com/xtaci/kcp-go/v5", ""},
		{"core/session/a.go", "github.com/flynn/noise", ""},
		{"core/session/a.go", "github.com/flynn/noisebox", "may not import the module"},
		{"core/link/a.go", "messiah/core/ordered", ""},
		{"core/check/a.go", "messiah/core/entity", "core/check may not import core/entity"},
		{"core/brandnew/a.go", "math", "core/brandnew has no row"},
		{"core/nav/recast/a.go", "github.com/arl/go-detour/detour", ""},
		{"core/nav/a.go", "github.com/arl/go-detour/detour", "may not import the module"},
		{"netsim/a.go", "messiah/core/session", ""},
		{"netsim/a.go", "messiah/sim", "netsim may not import sim"},
		{"netsim/a.go", "messiah/prod", "netsim may not import prod"},
		{"sim/world/a.go", "messiah/netsim", ""},
		{"sim/a.go", "messiah/prod/store", "sim may not import prod/store"},
		{"sim/a.go", "messiah/scenarios", "sim may not import scenarios"},
		{"sim/cmd/messiah-sim/a.go", "messiah/scenarios", ""},
		{"prod/loop/a.go", "messiah/core/game", ""},
		{"prod/loop/a.go", "messiah/sim", "prod/loop may not import sim"},
		{"prod/loop/a_test.go", "messiah/netsim", "prod/loop may not import netsim"},
		{"prod/loop/a.go", "messiah/scenarios/siege", "prod/loop may not import scenarios/siege"},
		{"prod/cmd/messiah/a.go", "messiah/scenarios/siege", ""},
		{"prod/cmd/messiah/a.go", "messiah/scenarios", "may not import scenarios"},
		{"scenarios/a.go", "messiah/sim", ""},
		{"scenarios/a.go", "messiah/prod", "scenarios may not import prod"},
		{"scenarios/siege/a.go", "messiah/sim", "scenarios/siege may not import sim"},
		{"fuzz/a.go", "messiah/prod/store", ""},
		{"fuzz/a.go", "messiah/prod/cmd/messiah", "nothing imports the commands"},
		{"tools/a.go", "math", "tools has no row"},
	}
	for _, tt := range tests {
		t.Run(tt.file+" "+tt.imports, func(t *testing.T) {
			src := "package p\nimport _ \"" + tt.imports + "\"\n"
			f := snippet(t, token.NewFileSet(), tt.file, src)
			findings := CheckImports(f, path.Dir(tt.file))
			if tt.want == "" {
				expect(t, findings)
				return
			}
			expect(t, findings, tt.want)
		})
	}
}
