package rules

import (
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/token"
	"strings"
)

// File is one parsed source file of the tree.
type File struct {
	Name    string // Relative to the module's root, with slashes.
	Test    bool   // A _test.go file.
	Planted bool   // Its build constraint asks for the tag `planted`.

	Fset *token.FileSet
	AST  *ast.File
}

// newFile wraps a parsed file.
func newFile(fset *token.FileSet, name string, parsed *ast.File) *File {
	return &File{
		Name:    name,
		Test:    strings.HasSuffix(name, "_test.go"),
		Planted: asksFor(parsed, "planted"),
		Fset:    fset,
		AST:     parsed,
	}
}

// finding reports a rule broken at a node of the file.
func (f *File) finding(at ast.Node, rule, format string, args ...any) Finding {
	pos := f.Fset.Position(at.Pos())
	pos.Filename = f.Name
	return Finding{Pos: pos, Rule: rule, Text: fmt.Sprintf(format, args...)}
}

// constraintOf returns the file's //go:build expression, nil if it has none.
func constraintOf(f *ast.File) constraint.Expr {
	for _, group := range f.Comments {
		if group.Pos() > f.Package {
			return nil
		}
		for _, c := range group.List {
			if !constraint.IsGoBuild(c.Text) {
				continue
			}
			if expr, err := constraint.Parse(c.Text); err == nil {
				return expr
			}
		}
	}
	return nil
}

// asksFor reports whether the file is built only with the tag: its constraint is
// false when the tag alone is off and everything else is on.
func asksFor(f *ast.File, tag string) bool {
	expr := constraintOf(f)
	return expr != nil && mentions(f, tag) && !expr.Eval(func(t string) bool { return t != tag })
}

// mentions reports whether the file's constraint names the tag, negated or not.
func mentions(f *ast.File, tag string) bool {
	expr := constraintOf(f)
	found := false
	if expr != nil {
		expr.Eval(func(t string) bool {
			found = found || t == tag
			return true
		})
		expr.Eval(func(t string) bool {
			found = found || t == tag
			return false
		})
	}
	return found
}
