package sim

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestBugsHaveNamesOfTheirOwnAndAnOracle(t *testing.T) {
	var oracles, names []string
	for _, o := range Oracles() {
		oracles = append(oracles, o.Name)
	}
	for _, bug := range Bugs() {
		if bug.Name == "" || slices.Contains(names, bug.Name) || !strings.HasSuffix(bug.Breaks, ".") {
			t.Errorf("bug %q: a name of its own and one sentence about it", bug.Name)
		}
		if !slices.Contains(oracles, bug.Oracle) {
			t.Errorf("bug %s: there is no oracle %q", bug.Name, bug.Oracle)
		}
		if same, known := BugNamed(bug.Name); !known || same.Breaks != bug.Breaks {
			t.Errorf("BugNamed(%q) = %v, %v", bug.Name, same, known)
		}
		names = append(names, bug.Name)
	}
	if _, known := BugNamed("no-such-bug"); known {
		t.Error("BugNamed knows a bug that is not in the catalogue")
	}
}

func TestEveryOracleHasABug(t *testing.T) {
	for _, o := range Oracles() {
		if len(o.PlantedBugs) == 0 {
			t.Errorf("nothing shows that the oracle %s can fail", o.Name)
		}
	}
}

// TestCatalogueIsThatOfTheSource compares the catalogue with the places where
// the code under test asks for a bug.
func TestCatalogueIsThatOfTheSource(t *testing.T) {
	planted := plantedInSource(t)
	for _, bug := range Bugs() {
		if planted[bug.Name] == 0 {
			t.Errorf("no code plants the bug %s", bug.Name)
		}
		delete(planted, bug.Name)
	}
	for name := range planted {
		t.Errorf("the catalogue lacks the bug %s", name)
	}
}

// plantedInSource counts the calls of planted.On in core, by bug.
func plantedInSource(t *testing.T) map[string]int {
	t.Helper()
	found := map[string]int{}
	err := filepath.WalkDir("../core", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || sel.Sel.Name != "On" {
				return true
			}
			if pkg, ok := sel.X.(*ast.Ident); !ok || pkg.Name != "planted" {
				return true
			}
			lit, ok := call.Args[0].(*ast.BasicLit)
			if !ok {
				t.Errorf("%s: the name of a planted bug is not written out", path)
				return true
			}
			name, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Errorf("%s: %v", path, err)
			}
			found[name]++
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
