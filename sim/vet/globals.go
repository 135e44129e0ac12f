package vet

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ast/inspector"
)

const globalsDoc = `refuse package variables that can change

A package variable outlives a run: the second run of a seed in one process starts
with what the first one left, and two nodes in one process share it. Tables that are
only read may stay; state belongs into a struct that the node owns.`

const (
	globalWhy    = "what one run leaves in it the next run finds, and all nodes of a process share it"
	globalAdvice = globalWhy + ": keep it in a struct that the node owns, or make it a const or a function"
)

// checkGlobals reports package variables that are written or handed on, here or of
// another package, and those whose type hides state behind a pointer.
func checkGlobals(u *unit) {
	u.each(func(c inspector.Cursor) {
		if _, ok := c.Parent().Node().(*ast.File); ok {
			u.checkDeclaration(c.Node().(*ast.GenDecl))
		}
	}, (*ast.GenDecl)(nil))
	u.each(u.checkWrites, (*ast.AssignStmt)(nil), (*ast.IncDecStmt)(nil), (*ast.RangeStmt)(nil),
		(*ast.UnaryExpr)(nil), (*ast.SliceExpr)(nil), (*ast.CallExpr)(nil), (*ast.SelectorExpr)(nil))
	u.each(u.checkHanded, (*ast.Ident)(nil))
}

// checkDeclaration reports the variables of a package-level declaration whose type
// lets them change without an assignment that could be seen.
func (u *unit) checkDeclaration(decl *ast.GenDecl) {
	if decl.Tok != token.VAR {
		return
	}
	for _, spec := range decl.Specs {
		value := spec.(*ast.ValueSpec)
		for i, name := range value.Names {
			var init ast.Expr
			if len(value.Values) == len(value.Names) {
				init = ast.Unparen(value.Values[i])
			}
			obj := u.info.Defs[name]
			if name.Name == "_" || obj == nil || u.fixed(init) {
				continue
			}
			held := stateful(obj.Type(), nil)
			if held == "" {
				held = u.hidden(obj.Type(), init)
			}
			if held != "" {
				u.report(name, "package-level variable %s holds %s, which can change: %s", name.Name, held, globalAdvice)
			}
		}
	}
}

// fixed reports whether a variable is initialised by a constructor of a value that
// never changes.
func (u *unit) fixed(init ast.Expr) bool {
	call, ok := init.(*ast.CallExpr)
	if !ok {
		return false
	}
	switch path, member := u.callee(call); path {
	case "errors":
		return member == "New" || member == "Join"
	case "fmt":
		return member == "Errorf"
	case "regexp":
		return hasWord("MustCompile MustCompilePOSIX", member)
	case "hash/crc32", "hash/crc64":
		return member == "MakeTable"
	case "reflect":
		return hasWord("TypeOf TypeFor", member)
	case "encoding/base32", "encoding/base64":
		return member == "NewEncoding"
	case "strings":
		return member == "NewReplacer"
	case "math/big":
		return member == "NewInt"
	}
	return false
}

// stateful names what in a type can change without an assignment to the variable: a
// pointer, a channel or a generator. Slices and maps pass by themselves: writes
// through them are looked for. seen breaks cycles.
func stateful(t types.Type, seen []types.Type) string {
	for _, s := range seen {
		if types.Identical(s, t) {
			return ""
		}
	}
	// These never change though they hold pointers.
	if hasWord("time.Time net/netip.Addr net/netip.AddrPort net/netip.Prefix", types.TypeString(types.Unalias(t), nil)) {
		return ""
	}
	seen = append(seen, t)
	switch under := t.Underlying().(type) {
	case *types.Pointer:
		return "a pointer"
	case *types.Chan:
		return "a channel"
	case *types.Array:
		return stateful(under.Elem(), seen)
	case *types.Slice:
		return stateful(under.Elem(), seen)
	case *types.Map:
		return stateful(under.Elem(), seen)
	case *types.Struct:
		if n, ok := types.Unalias(t).(*types.Named); ok && pathOf(n.Obj()) == "math/rand/v2" {
			return "a random generator"
		}
		for f := range under.Fields() {
			if held := stateful(f.Type(), seen); held != "" {
				return held
			}
		}
	}
	return ""
}

// hidden names state that a variable's initial value keeps where its type does not
// show it: behind an interface, or in a closure. An error is taken for a value.
func (u *unit) hidden(t types.Type, init ast.Expr) string {
	if init == nil {
		return ""
	}
	switch under := t.Underlying().(type) {
	case *types.Signature:
		if call, ok := init.(*ast.CallExpr); ok && !u.converts(call) {
			return "what its closure keeps"
		}
	case *types.Interface:
		errorType := types.Universe.Lookup("error").Type()
		if types.Implements(t, errorType.Underlying().(*types.Interface)) || types.Identical(under, errorType.Underlying()) {
			return ""
		}
		if actual := u.typeOf(init); actual != nil && !types.IsInterface(actual) {
			if isA[*types.Map](actual) {
				return "a map"
			}
			return stateful(actual, nil)
		}
		if _, ok := init.(*ast.CallExpr); ok {
			return "what an interface hides"
		}
	}
	return ""
}

// mutates reports whether a function of the standard library writes through its
// first argument.
func mutates(path, member string) bool {
	switch path {
	case "slices":
		return hasWord("Sort SortFunc SortStableFunc Reverse Delete DeleteFunc Compact CompactFunc Replace Insert Grow Clip", member)
	case "sort":
		return hasWord("Slice SliceStable Strings Ints Float64s Sort Stable Reverse", member)
	case "maps":
		return hasWord("Copy DeleteFunc Insert", member)
	case "io":
		return hasWord("ReadFull ReadAtLeast", member)
	case "strconv", "unicode/utf8", "fmt":
		return len(member) > 6 && member[:6] == "Append" || member == "EncodeRune" || hasWord("Append Appendf Appendln", member)
	case "encoding/binary", "encoding/hex", "encoding/base64", "encoding/base32", "crypto/cipher", "crypto/subtle", "math/rand", "math/rand/v2":
		return true
	}
	return false
}

// checkWrites reports each statement or expression that writes a package variable
// or lets someone else write it.
func (u *unit) checkWrites(c inspector.Cursor) {
	switch n := c.Node().(type) {
	case *ast.AssignStmt:
		if n.Tok != token.DEFINE {
			for _, lhs := range n.Lhs {
				u.written(lhs, "assigned")
			}
		}
	case *ast.IncDecStmt:
		u.written(n.X, "assigned")
	case *ast.RangeStmt:
		if n.Tok == token.ASSIGN {
			u.written(n.Key, "assigned")
			u.written(n.Value, "assigned")
		}
	case *ast.UnaryExpr:
		if n.Op == token.AND {
			u.written(n.X, "address-taken")
		}
	case *ast.SliceExpr:
		if isA[*types.Array](u.typeOf(n.X)) && !u.onlyRead(c) {
			u.written(n.X, "address-taken by slicing")
		}
	case *ast.CallExpr:
		u.checkCallWrites(n)
	case *ast.SelectorExpr:
		u.checkMethod(n)
	}
}

// checkCallWrites reports calls that write through their first argument.
func (u *unit) checkCallWrites(call *ast.CallExpr) {
	switch u.builtin(call) {
	case "delete", "clear", "copy":
		u.written(call.Args[0], "written")
		return
	}
	if path, member := u.callee(call); len(call.Args) > 0 && mutates(path, member) {
		u.written(u.unconverted(call.Args[0]), "written")
	}
}

// checkMethod reports methods, called or passed on as values, that take the address
// of their receiver.
func (u *unit) checkMethod(sel *ast.SelectorExpr) {
	s := u.info.Selections[sel]
	if s == nil || s.Kind() != types.MethodVal {
		return
	}
	recv := s.Obj().(*types.Func).Signature().Recv()
	if recv == nil || !isA[*types.Pointer](recv.Type()) || isA[*types.Pointer](u.typeOf(sel.X)) {
		return
	}
	u.written(sel.X, "address-taken by the method "+sel.Sel.Name)
}

// unconverted strips conversions and slicings from an expression.
func (u *unit) unconverted(e ast.Expr) ast.Expr {
	for {
		switch x := ast.Unparen(e).(type) {
		case *ast.CallExpr:
			if len(x.Args) != 1 || !u.converts(x) {
				return x
			}
			e = x.Args[0]
		case *ast.SliceExpr:
			e = x.X
		default:
			return x
		}
	}
}

// written reports the expression if what it writes is a package variable or is
// reached through one by fields, indexes and pointers.
func (u *unit) written(e ast.Expr, how string) {
	if e == nil {
		return
	}
	if v := u.global(e); v != nil {
		u.report(e, "package-level variable %s is %s: %s", u.nameOfGlobal(v), how, globalAdvice)
	}
}

// nameOfGlobal names a package variable as it is written here.
func (u *unit) nameOfGlobal(v *types.Var) string {
	if v.Pkg() == u.pass.Pkg {
		return v.Name()
	}
	return v.Pkg().Name() + "." + v.Name()
}

// global returns the package variable at the root of an expression, nil if there is
// none.
func (u *unit) global(e ast.Expr) *types.Var {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		if v, ok := u.info.Uses[e].(*types.Var); ok && memberOf(v) != "" && !v.IsField() {
			return v
		}
	case *ast.SelectorExpr:
		if v := u.global(e.Sel); v != nil {
			return v
		}
		return u.global(e.X)
	case *ast.IndexExpr:
		return u.global(e.X)
	case *ast.SliceExpr:
		return u.global(e.X)
	case *ast.StarExpr:
		return u.global(e.X)
	}
	return nil
}
