package rules

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

const globalAdvice = "keep it in a struct that the node owns, or make it a const or a function"

// checkGlobals reports package-level variables that can change: any that is
// written or has its address taken in this package, any of another package that
// is written here, and those whose type hides state behind a pointer.
func checkGlobals(u *Unit) []Finding {
	var out []Finding
	for _, f := range u.Files {
		if f.Test || f.Planted {
			continue
		}
		w := &walker{unit: u, file: f}
		w.checkDeclarations()
		w.each(w.checkWrites)
		out = append(out, w.out...)
	}
	return out
}

// fixedPointers are the results of standard constructors that never change after
// they are made.
var fixedPointers = [...]string{
	"errors.New", "fmt.Errorf", "regexp.MustCompile", "regexp.MustCompilePOSIX",
	"hash/crc32.MakeTable", "hash/crc64.MakeTable", "reflect.TypeOf", "reflect.TypeFor",
	"encoding/base32.NewEncoding", "encoding/base64.NewEncoding", "strings.NewReplacer", "math/big.NewInt",
}

// checkDeclarations reports package-level variables whose type lets them change
// without an assignment that could be seen.
func (w *walker) checkDeclarations() {
	for _, decl := range w.file.AST.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.VAR {
			continue
		}
		for _, spec := range gen.Specs {
			value := spec.(*ast.ValueSpec)
			for i, name := range value.Names {
				var init ast.Expr
				if len(value.Values) == len(value.Names) {
					init = value.Values[i]
				}
				w.checkDeclaration(name, init)
			}
		}
	}
}

// checkDeclaration reports one package-level variable by its type.
func (w *walker) checkDeclaration(name *ast.Ident, init ast.Expr) {
	obj := w.unit.Info.Defs[name]
	if name.Name == "_" || obj == nil || w.fixed(init) {
		return
	}
	if held := stateful(obj.Type(), nil); held != "" {
		w.report(name, "global", "package-level variable %s holds %s, which can change: %s", name.Name, held, globalAdvice)
	}
}

// fixed reports whether a variable is initialised by a constructor of a value
// that never changes.
func (w *walker) fixed(init ast.Expr) bool {
	call, ok := init.(*ast.CallExpr)
	if !ok {
		return false
	}
	fun := ast.Unparen(call.Fun)
	if index, ok := fun.(*ast.IndexExpr); ok { // reflect.TypeFor[T]()
		fun = index.X
	}
	path, name, ok := w.qualified(fun)
	return ok && slices.Contains(fixedPointers[:], path+"."+name)
}

// values are named struct types that never change though they hold pointers.
var values = [...]string{"time.Time", "net/netip.Addr", "net/netip.AddrPort", "net/netip.Prefix"}

// stateful names what in a type can change without an assignment to the
// variable: a pointer, a channel or a generator. Slices and maps pass by
// themselves: writes through them are looked for. seen breaks cycles.
func stateful(t types.Type, seen []types.Type) string {
	if slices.Contains(seen, t) || slices.Contains(values[:], types.TypeString(t, nil)) {
		return ""
	}
	seen = append(seen, t)
	switch u := t.Underlying().(type) {
	case *types.Pointer:
		return "a pointer"
	case *types.Chan:
		return "a channel"
	case *types.Array:
		return stateful(u.Elem(), seen)
	case *types.Slice:
		return stateful(u.Elem(), seen)
	case *types.Map:
		return stateful(u.Elem(), seen)
	case *types.Struct:
		if named, ok := t.(*types.Named); ok && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() == "math/rand/v2" {
			return "a random generator"
		}
		for f := range u.Fields() {
			if held := stateful(f.Type(), seen); held != "" {
				return held
			}
		}
	}
	return ""
}

// mutators are functions that write through their first argument.
var mutators = [...]string{
	"slices.Sort", "slices.SortFunc", "slices.SortStableFunc", "slices.Reverse", "slices.Delete", "slices.DeleteFunc",
	"slices.Compact", "slices.CompactFunc", "slices.Replace", "slices.Insert",
	"sort.Slice", "sort.SliceStable", "sort.Strings", "sort.Ints", "sort.Float64s", "maps.Copy", "maps.DeleteFunc", "maps.Insert",
}

// checkWrites reports each statement or expression that writes a package-level
// variable or lets someone else write it.
func (w *walker) checkWrites(n ast.Node) {
	switch n := n.(type) {
	case *ast.AssignStmt:
		if n.Tok != token.DEFINE {
			for _, lhs := range n.Lhs {
				w.written(lhs, "assigned")
			}
		}
	case *ast.IncDecStmt:
		w.written(n.X, "assigned")
	case *ast.RangeStmt:
		if n.Tok == token.ASSIGN {
			w.written(n.Key, "assigned")
			w.written(n.Value, "assigned")
		}
	case *ast.UnaryExpr:
		if n.Op == token.AND {
			w.written(n.X, "address-taken")
		}
	case *ast.SliceExpr:
		if isArray(w.typeOf(n.X)) && !w.readsOnly(n) {
			w.written(n.X, "address-taken by slicing")
		}
	case *ast.CallExpr:
		w.checkCallWrites(n)
	}
}

// isArray reports whether a type, which may be nil, is an array.
func isArray(t types.Type) bool {
	if t == nil {
		return false
	}
	_, ok := t.Underlying().(*types.Array)
	return ok
}

// readsOnly reports whether a slice of an array goes straight into something that
// cannot keep or write it: a range, an index, a conversion to string, the source
// of copy and append, or a reading function of slices, bytes, sort and strings.
func (w *walker) readsOnly(slice *ast.SliceExpr) bool {
	switch p := w.parent(0).(type) {
	case *ast.RangeStmt:
		return true
	case *ast.CallExpr:
		switch w.builtin(p) {
		case "len":
			return true
		case "append", "copy":
			return p.Args[0] != ast.Expr(slice)
		}
		if w.unit.Info.Types[p.Fun].IsType() {
			return isString(w.typeOf(p))
		}
		path, name, ok := w.qualified(p.Fun)
		return ok && hasWord("slices bytes sort strings", path) && !slices.Contains(mutators[:], path+"."+name)
	}
	return false
}

// isString reports whether a type, which may be nil, is a string.
func isString(t types.Type) bool {
	if t == nil {
		return false
	}
	basic, ok := t.Underlying().(*types.Basic)
	return ok && basic.Info()&types.IsString != 0
}

// checkCallWrites reports calls that write through their first argument and
// methods that take the address of their receiver.
func (w *walker) checkCallWrites(call *ast.CallExpr) {
	switch w.builtin(call) {
	case "delete", "clear", "copy":
		w.written(call.Args[0], "written")
		return
	}
	if path, name, ok := w.qualified(call.Fun); ok {
		if len(call.Args) > 0 && slices.Contains(mutators[:], path+"."+name) {
			w.written(call.Args[0], "written")
		}
		return
	}
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok {
		return
	}
	s := w.unit.Info.Selections[sel]
	if s == nil || s.Kind() != types.MethodVal {
		return
	}
	recv := s.Obj().(*types.Func).Signature().Recv()
	if recv == nil || !isPointer(recv.Type()) || isPointer(w.typeOf(sel.X)) {
		return
	}
	w.written(sel.X, "address-taken by the method "+sel.Sel.Name)
}

// isPointer reports whether a type, which may be nil, is a pointer.
func isPointer(t types.Type) bool {
	if t == nil {
		return false
	}
	_, ok := t.Underlying().(*types.Pointer)
	return ok
}

// written reports the expression if what it writes is a package-level variable
// or reached through one by fields, indexes and pointers.
func (w *walker) written(e ast.Expr, how string) {
	if e == nil {
		return
	}
	if obj := w.global(e); obj != nil {
		name := obj.Name()
		if obj.Pkg().Path() != Module+"/"+w.unit.Path {
			name = obj.Pkg().Name() + "." + name
		}
		w.report(e, "global", "package-level variable %s is %s: %s", name, how, globalAdvice)
	}
}

// global returns the package-level variable at the root of an expression, nil if
// there is none.
func (w *walker) global(e ast.Expr) *types.Var {
	switch e := e.(type) {
	case *ast.Ident:
		v, ok := w.unit.Info.Uses[e].(*types.Var)
		if ok && v.Pkg() != nil && v.Parent() == v.Pkg().Scope() {
			return v
		}
	case *ast.SelectorExpr:
		if _, _, ok := w.qualified(e); ok {
			return w.global(e.Sel)
		}
		return w.global(e.X)
	case *ast.IndexExpr:
		return w.global(e.X)
	case *ast.SliceExpr:
		return w.global(e.X)
	case *ast.StarExpr:
		return w.global(e.X)
	case *ast.ParenExpr:
		return w.global(e.X)
	case *ast.CompositeLit:
		return nil
	}
	return nil
}

// shortPath drops the module's name from an import path.
func shortPath(path string) string { return strings.TrimPrefix(path, Module+"/") }
