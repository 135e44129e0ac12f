// Package vet holds the determinism checker: analyzers that refuse what could
// make two runs of one seed differ. The rules hold for the framework itself (the
// tests of fuzz/rules) and for game authors' code (the command messiah-vet).
//
// No comment switches a rule off. Each diagnostic says what is wrong, why a replay
// would differ, and what to write instead. Test files are not looked at.
package vet

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/inspect"
	"golang.org/x/tools/go/ast/inspector"
)

// Analyzers returns all analyzers of the checker, in alphabetical order. They are
// made anew at each call, since a package variable would break their own rule.
func Analyzers() []*analysis.Analyzer {
	return []*analysis.Analyzer{
		analyzer("address", addressDoc, checkAddresses),
		analyzer("clock", clockDoc, checkClocks),
		analyzer("fused", fusedDoc, checkFused),
		analyzer("globals", globalsDoc, checkGlobals),
		analyzer("goroutine", goroutineDoc, checkConcurrency),
		analyzer("inexact", inexactDoc, checkInexact),
		analyzer("maporder", mapOrderDoc, checkMapOrder),
		analyzer("outside", outsideDoc, checkOutside),
		analyzer("random", randomDoc, checkRandom),
	}
}

// analyzer makes an analyzer of a check over one package.
func analyzer(name, doc string, check func(*unit)) *analysis.Analyzer {
	return &analysis.Analyzer{
		Name:     name,
		Doc:      doc,
		Requires: []*analysis.Analyzer{inspect.Analyzer},
		Run: func(pass *analysis.Pass) (any, error) {
			check(newUnit(pass))
			return nil, nil
		},
	}
}

// unit is one package under one analyzer.
type unit struct {
	pass  *analysis.Pass
	info  *types.Info
	files []inspector.Cursor // *ast.File each, tests left out.
	funcs map[*types.Func]*ast.FuncDecl
	uses  map[types.Object][]inspector.Cursor // Of each variable; made when asked for.
	busy  map[types.Object]bool               // What is being asked about further up, so that recursion ends.
}

func newUnit(pass *analysis.Pass) *unit {
	u := &unit{
		pass: pass, info: pass.TypesInfo,
		funcs: map[*types.Func]*ast.FuncDecl{}, busy: map[types.Object]bool{},
	}
	root := pass.ResultOf[inspect.Analyzer].(*inspector.Inspector).Root()
	for c := range root.Preorder((*ast.File)(nil)) {
		name := pass.Fset.Position(c.Node().Pos()).Filename
		if strings.HasSuffix(name, "_test.go") || strings.HasSuffix(pass.Pkg.Path(), ".test") {
			continue // The second is the main package that the go command makes for tests.
		}
		u.files = append(u.files, c)
		for _, decl := range c.Node().(*ast.File).Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if obj, _ := u.info.Defs[nameOf(fn)].(*types.Func); ok && obj != nil {
				u.funcs[obj] = fn
			}
		}
	}
	return u
}

// nameOf returns a declared function's name, nil of nil.
func nameOf(fn *ast.FuncDecl) *ast.Ident {
	if fn == nil {
		return nil
	}
	return fn.Name
}

// each calls visit for every node of the given types, file by file.
func (u *unit) each(visit func(inspector.Cursor), kinds ...ast.Node) {
	for _, file := range u.files {
		for c := range file.Preorder(kinds...) {
			visit(c)
		}
	}
}

// usesOf returns the identifiers that read or write a variable.
func (u *unit) usesOf(v types.Object) []inspector.Cursor {
	if u.uses == nil {
		u.uses = map[types.Object][]inspector.Cursor{}
		u.each(func(c inspector.Cursor) {
			if v, ok := u.info.Uses[c.Node().(*ast.Ident)].(*types.Var); ok {
				u.uses[v] = append(u.uses[v], c)
			}
		}, (*ast.Ident)(nil))
	}
	return u.uses[v]
}

// report adds a diagnostic at a node.
func (u *unit) report(at ast.Node, format string, args ...any) {
	u.pass.ReportRangef(at, format, args...)
}

// suggest adds a diagnostic with the edit that mends it.
func (u *unit) suggest(at ast.Node, text, fix string, edits ...analysis.TextEdit) {
	u.pass.Report(analysis.Diagnostic{
		Pos: at.Pos(), End: at.End(), Message: text,
		SuggestedFixes: []analysis.SuggestedFix{{Message: fix, TextEdits: edits}},
	})
}

// insert is the edit that puts text at a place.
func insert(at token.Pos, text string) analysis.TextEdit {
	return analysis.TextEdit{Pos: at, End: at, NewText: []byte(text)}
}

// object returns what an expression names: the object of an identifier or of a
// selector, through parentheses and the arguments of a generic; else nil.
func (u *unit) object(e ast.Expr) types.Object {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		return u.info.ObjectOf(e)
	case *ast.SelectorExpr:
		return u.info.ObjectOf(e.Sel)
	case *ast.IndexExpr:
		if fn, ok := u.object(e.X).(*types.Func); ok {
			return fn
		}
	case *ast.IndexListExpr:
		return u.object(e.X)
	}
	return nil
}

// callee returns the path of the package and the member that a call calls, ""
// if it is not known before the program runs.
func (u *unit) callee(call *ast.CallExpr) (path, member string) {
	fn, ok := u.object(call.Fun).(*types.Func)
	if !ok {
		return "", ""
	}
	return pathOf(fn), memberOf(fn)
}

// calls reports whether a call calls one of a package's space-separated members.
func (u *unit) calls(call *ast.CallExpr, path, members string) bool {
	p, m := u.callee(call)
	return p == path && hasWord(members, m)
}

// pathOf returns the path of an object's package, "" if it has none.
func pathOf(obj types.Object) string {
	if obj == nil || obj.Pkg() == nil {
		return ""
	}
	return obj.Pkg().Path()
}

// memberOf names an object within its package: Name, or Type.Name of a method;
// "" of fields and local names.
func memberOf(obj types.Object) string {
	if fn, ok := obj.(*types.Func); ok {
		if recv := fn.Signature().Recv(); recv != nil {
			return baseName(recv.Type()) + "." + fn.Name()
		}
		return fn.Name()
	}
	if obj.Pkg() != nil && obj.Parent() == obj.Pkg().Scope() {
		return obj.Name()
	}
	return ""
}

// baseName returns the name of a named type or of what a pointer points to.
func baseName(t types.Type) string {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	if n, ok := types.Unalias(t).(*types.Named); ok {
		return n.Obj().Name()
	}
	return ""
}

// builtin returns the name of the builtin that a call calls, "" for any other.
func (u *unit) builtin(call *ast.CallExpr) string {
	if b, ok := u.object(call.Fun).(*types.Builtin); ok {
		return b.Name()
	}
	return ""
}

// converts reports whether a call is a conversion.
func (u *unit) converts(call *ast.CallExpr) bool { return u.info.Types[call.Fun].IsType() }

// constant returns an expression's value where the compiler knows it, else nil.
func (u *unit) constant(e ast.Expr) constant.Value { return u.info.Types[e].Value }

// typeOf returns the type of an expression, nil if it has none.
func (u *unit) typeOf(e ast.Expr) types.Type { return u.info.TypeOf(e) }

// anyUnder reports whether a type, which may be nil, satisfies a test in its underlying
// form; a type parameter does if one type that it may stand for does.
func anyUnder(t types.Type, is func(types.Type) bool) bool {
	if t == nil {
		return false
	}
	param, ok := types.Unalias(t).(*types.TypeParam)
	if !ok {
		return is(t.Underlying())
	}
	return allows(param.Constraint(), is)
}

// allows reports whether a constraint's type set has a type that passes a test.
func allows(t types.Type, is func(types.Type) bool) bool {
	iface, ok := t.Underlying().(*types.Interface)
	if !ok {
		return is(t.Underlying())
	}
	for embedded := range iface.EmbeddedTypes() {
		union, ok := types.Unalias(embedded).(*types.Union)
		if !ok {
			if allows(embedded, is) {
				return true
			}
			continue
		}
		for term := range union.Terms() {
			if is(term.Type().Underlying()) {
				return true
			}
		}
	}
	return false
}

// isNumber reports whether a type is or may be a basic type of the kind.
func isNumber(t types.Type, kind types.BasicInfo) bool {
	return anyUnder(t, func(t types.Type) bool {
		basic, ok := t.(*types.Basic)
		return ok && basic.Info()&kind != 0
	})
}

// isA reports whether a type's underlying form is or may be a T.
func isA[T types.Type](t types.Type) bool {
	return anyUnder(t, func(t types.Type) bool { _, ok := t.(T); return ok })
}

// hasWord reports whether a space-separated list holds the word.
func hasWord(list, word string) bool {
	return word != "" && slices.Contains(strings.Fields(list), word)
}

// same reports whether two expressions are written alike.
func same(a, b ast.Expr) bool {
	return a != nil && b != nil && types.ExprString(ast.Unparen(a)) == types.ExprString(ast.Unparen(b))
}
