package rules

import (
	"go/ast"
	"slices"
	"strconv"
	"strings"
	"testing"

	"messiah/sim"
)

// TestKnownMarksAreThoseOfTheSource compares the catalogue of marks with every
// call of Mark in the roles and the simulator. A mark whose name is put together
// at run time counts by its beginning.
func TestKnownMarksAreThoseOfTheSource(t *testing.T) {
	_, files := tree(t)
	var whole, beginnings []string
	for _, f := range files {
		if f.Test || !strings.HasPrefix(f.Name, "core/") && !strings.HasPrefix(f.Name, "sim/") {
			continue
		}
		ast.Inspect(f.AST, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 1 {
				return true
			}
			if sel, ok := call.Fun.(*ast.SelectorExpr); !ok || sel.Sel.Name != "Mark" {
				return true
			}
			switch arg := call.Args[0].(type) {
			case *ast.BasicLit:
				name, _ := strconv.Unquote(arg.Value)
				whole = append(whole, name)
			case *ast.BinaryExpr:
				for x := ast.Expr(arg); ; {
					b, ok := x.(*ast.BinaryExpr)
					if !ok {
						if lit, ok := x.(*ast.BasicLit); ok {
							name, _ := strconv.Unquote(lit.Value)
							beginnings = append(beginnings, name)
						}
						break
					}
					x = b.X
				}
			}
			return true
		})
	}
	known := sim.KnownMarks()
	for _, mark := range whole {
		if !slices.Contains(known, mark) {
			t.Errorf("sim/marks.go lacks the mark %q", mark)
		}
	}
	for _, mark := range known {
		begins := slices.ContainsFunc(beginnings, func(b string) bool { return strings.HasPrefix(mark, b) })
		if !slices.Contains(whole, mark) && !begins {
			t.Errorf("sim/marks.go has the mark %q, which no code makes", mark)
		}
	}
}
