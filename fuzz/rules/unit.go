package rules

import (
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/token"
	"go/types"
	"strconv"
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

// Unit is a package as far as it could be read: its files and, where
// type-checking got that far, what is known of their names.
type Unit struct {
	Path  string // Relative to the module.
	Files []*File
	Info  *types.Info // Maps may lack entries if the package does not compile.
	Errs  []Finding   // Type errors.
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

// walker visits the nodes of one file and keeps the path to the node.
type walker struct {
	unit  *Unit
	file  *File
	stack []ast.Node // From the file down to the current node's parent.
	out   []Finding
}

// each calls visit for every node, parents first.
func (w *walker) each(visit func(ast.Node)) {
	ast.Inspect(w.file.AST, func(n ast.Node) bool {
		if n == nil {
			w.stack = w.stack[:len(w.stack)-1]
			return false
		}
		visit(n)
		w.stack = append(w.stack, n)
		return true
	})
}

// report adds a finding at the node.
func (w *walker) report(at ast.Node, rule, format string, args ...any) {
	w.out = append(w.out, w.file.finding(at, rule, format, args...))
}

// parent returns the nth ancestor of the current node, 0 the direct one; nil
// above the file.
func (w *walker) parent(n int) ast.Node {
	if n >= len(w.stack) {
		return nil
	}
	return w.stack[len(w.stack)-1-n]
}

// function returns the declared function around the current node, nil outside.
func (w *walker) function() *ast.FuncDecl {
	for _, n := range w.stack {
		if fn, ok := n.(*ast.FuncDecl); ok {
			return fn
		}
	}
	return nil
}

// typeOf returns the type of an expression, nil if unknown.
func (w *walker) typeOf(e ast.Expr) types.Type { return w.unit.Info.TypeOf(e) }

// qualified splits pkg.Name into the imported package's path and the name; it
// falls back on the file's import list if types are missing.
func (w *walker) qualified(e ast.Expr) (path, name string, ok bool) {
	sel, isSel := ast.Unparen(e).(*ast.SelectorExpr)
	if !isSel {
		return "", "", false
	}
	id, isIdent := sel.X.(*ast.Ident)
	if !isIdent {
		return "", "", false
	}
	if obj := w.unit.Info.ObjectOf(id); obj != nil {
		pkg, isPkg := obj.(*types.PkgName)
		if !isPkg {
			return "", "", false
		}
		return pkg.Imported().Path(), sel.Sel.Name, true
	}
	if id.Obj != nil { // A local name that hides the import.
		return "", "", false
	}
	path, ok = importNamed(w.file.AST, id.Name)
	return path, sel.Sel.Name, ok
}

// importNamed finds the import that a file knows under the name.
func importNamed(f *ast.File, name string) (string, bool) {
	for _, spec := range f.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		switch {
		case spec.Name != nil:
			if spec.Name.Name == name {
				return path, true
			}
		case strings.TrimSuffix(path, "/v2") == name, strings.HasSuffix(strings.TrimSuffix(path, "/v2"), "/"+name):
			return path, true
		}
	}
	return "", false
}
