package rules

import (
	"fmt"
	"go/ast"
	"slices"
	"strconv"
	"strings"
)

// Module is the path of the checked module, the prefix of its own imports.
const Module = "messiah"

// row says what one package of the tree may import. Paths are relative to the
// module; a path ending in "/..." means the package and everything below it.
type row struct {
	pkg      string
	project  []string // Packages of this module.
	external []string // Modules outside it, by path prefix; "*" means any.
}

// roles are the five packages of which none imports another.
var roles = [...]string{"core/gate", "core/game", "core/manager", "core/dbm", "core/client"}

// testModules may be imported by any test file, whatever its package may import.
var testModules = [...]string{
	"pgregory.net/rapid",
	"github.com/google/go-cmp",
	"go.uber.org/goleak",
	"github.com/anishathalye/porcupine",
}

// table is "Who may import whom" of ARCHITECTURE.md. The first row that matches
// a package counts. A new package under core needs its own row: there is no
// pattern that would admit one silently.
var table = [...]row{
	{"core/wire", nil, []string{"github.com/vmihailenco/msgpack/v5"}},
	{"core/geom", nil, nil},
	{"core/ordered", nil, nil},
	{"core/must", nil, nil},
	{"core/rpc", nil, nil},
	{"core/planted", nil, nil},
	{"core/schema", []string{"core/wire", "core/must"}, nil},

	{"core/nav/recast", []string{"core/nav", "core/geom"}, []string{"github.com/arl/go-detour"}},
	{"core/arq", nil, []string{"github.com/xtaci/kcp-go/v5"}},
	{"core/account", []string{"core/wire"}, []string{"golang.org/x/crypto/argon2"}},

	{"core/node", []string{"core/wire", "core/ordered", "core/must", "core/planted"}, nil},
	{"core/addr", []string{"core/node", "core/wire"}, nil},
	{"core/proto", []string{"core/node", "core/wire", "core/addr", "core/geom"}, nil},
	{"core/check", []string{"core/node", "core/wire"}, nil},
	{"core/record", []string{"core/node", "core/wire"}, nil},
	{"core/link", []string{"core/node", "core/wire", "core/must", "core/ordered"}, nil},
	{"core/session", []string{"core/node", "core/wire", "core/arq", "core/must", "core/planted"},
		[]string{"github.com/flynn/noise", "github.com/klauspost/compress"}},

	{"core/entity", join(foundation[:], "core/proto", "core/schema", "core/move"), nil},
	{"core/aoi", foundation[:], nil},
	{"core/space", join(foundation[:], "core/aoi", "core/nav"), nil},
	{"core/move", join(foundation[:], "core/nav"), nil},
	{"core/nav", foundation[:], nil},
	{"core/balance", foundation[:], nil},

	{"core/gate", []string{"core/..."}, nil},
	{"core/game", []string{"core/..."}, nil},
	{"core/manager", []string{"core/..."}, nil},
	{"core/dbm", []string{"core/..."}, nil},
	{"core/client", []string{"core/..."}, nil},

	{"netsim/...", []string{"core/node", "core/arq", "core/session", "netsim/..."}, nil},
	// The command lists and runs the scenarios; the library below it knows none.
	{"sim/cmd/...", []string{"core/...", "netsim/...", "sim/...", "scenarios/..."}, []string{"*"}},
	{"sim/...", []string{"core/...", "netsim/...", "sim/..."}, []string{"*"}},
	// The production binaries serve the sample game, or the tutorial's.
	{"prod/cmd/...", []string{"core/...", "prod/...", "scenarios/siege/...", "scenarios/inn"}, []string{"*"}},
	{"prod/...", []string{"core/...", "prod/..."}, []string{"*"}},
	{"scenarios/siege/...", []string{"core/...", "scenarios/siege/..."}, nil},
	{"scenarios/inn", []string{"core/..."}, nil},
	{"scenarios/...", []string{"core/...", "netsim/...", "sim/...", "scenarios/..."}, []string{"*"}},
	{"fuzz/...", []string{"core/...", "netsim/...", "sim/...", "scenarios/...", "prod/...", "fuzz/..."}, []string{"*"}},
}

// foundation is what the game-side libraries of core stand on: "the above" of
// the table.
var foundation = [...]string{
	"core/wire", "core/geom", "core/ordered", "core/must", "core/rpc",
	"core/planted", "core/node", "core/addr",
}

// join returns a followed by b in a slice of its own.
func join(a []string, b ...string) []string { return append(slices.Clone(a), b...) }

// CheckImports reports each import of a file that the table does not allow to
// its package. pkg is the package's path relative to the module; a package of
// core that has no row is itself a finding.
func CheckImports(f *File, pkg string) []Finding {
	r, ok := rowOf(pkg)
	if !ok {
		return []Finding{f.finding(f.AST.Name, "imports",
			"package %s has no row in the import table: add one to fuzz/rules/imports.go and to ARCHITECTURE.md", pkg)}
	}
	var out []Finding
	for _, spec := range f.AST.Imports {
		if text := refuse(r, pkg, spec, f.Test); text != "" {
			out = append(out, f.finding(spec, "imports", "%s", text))
		}
	}
	return out
}

// rowOf returns the first row of the table that covers the package.
func rowOf(pkg string) (row, bool) {
	for _, r := range table {
		if covers(r.pkg, pkg) {
			return r, true
		}
	}
	return row{}, false
}

// covers reports whether the pattern, a path or "path/...", covers the package.
func covers(pattern, pkg string) bool {
	if dir, ok := strings.CutSuffix(pattern, "/..."); ok {
		return under(pkg, dir)
	}
	return pattern == pkg
}

// refuse says why an import is not allowed, or "" if it is.
func refuse(r row, pkg string, spec *ast.ImportSpec, test bool) string {
	imported, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return "import path is not a string: " + spec.Path.Value
	}
	own, inside := strings.CutPrefix(imported, Module+"/")
	switch {
	case inside:
		return refuseProject(r, pkg, own, test)
	case !strings.Contains(strings.Split(imported, "/")[0], "."):
		return "" // The standard library; CheckDeterminism has its own list.
	case slices.ContainsFunc(r.external, func(m string) bool { return m == "*" || under(imported, m) }):
		return ""
	case test && slices.ContainsFunc(testModules[:], func(m string) bool { return under(imported, m) }):
		return ""
	}
	return fmt.Sprintf("%s may not import the module of %s: allowed are the standard library%s",
		pkg, imported, list(" and ", r.external))
}

// refuseProject is refuse for an import of this module's own package.
func refuseProject(r row, pkg, own string, test bool) string {
	if under(own, "prod/cmd") && !under(pkg, "prod/cmd") {
		return fmt.Sprintf("%s may not import %s: nothing imports the commands", pkg, own)
	}
	if isRole(pkg) && isRole(own) && own != pkg {
		return fmt.Sprintf("role %s may not import role %s: they talk by messages of core/proto", pkg, own)
	}
	if own == pkg || slices.ContainsFunc(r.project, func(p string) bool { return covers(p, own) }) {
		return ""
	}
	// A test of core may stand its package on any other part of core but a role.
	if test && under(pkg, "core") && under(own, "core") && !isRole(own) {
		return ""
	}
	// A test of the command line may run the sample game's scenarios.
	if test && pkg == "sim/command" && under(own, "scenarios") {
		return ""
	}
	// A test of prod may serve the sample game.
	if test && under(pkg, "prod") && under(own, "scenarios/siege") {
		return ""
	}
	return fmt.Sprintf("%s may not import %s: allowed from the project %s",
		pkg, own, list("are ", r.project))
}

// isRole reports whether the package is one of the five roles.
func isRole(pkg string) bool { return slices.Contains(roles[:], pkg) }

// list joins names for a message, after a lead word; empty lists read "nothing".
func list(lead string, names []string) string {
	if len(names) == 0 {
		if lead == "are " {
			return "is nothing"
		}
		return " alone"
	}
	return lead + strings.Join(names, ", ")
}
