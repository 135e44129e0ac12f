package vet

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ast/inspector"
)

// sorting is one call that puts a slice in order.
type sorting struct {
	slice   ast.Expr
	compare ast.Expr // nil: by the element's own order.
	byIndex bool     // compare takes indexes of the slice.
	method  *types.Func
}

// sortingOf recognises the sorting functions of slices and sort.
func (u *unit) sortingOf(call *ast.CallExpr) (sorting, bool) {
	path, member := u.callee(call)
	if len(call.Args) == 0 {
		return sorting{}, false
	}
	arg := ast.Unparen(call.Args[0])
	s := sorting{slice: arg}
	switch {
	case path == "slices" && member == "Sort", path == "sort" && hasWord("Strings Ints Float64s", member):
	case path == "slices" && hasWord("SortFunc SortStableFunc", member):
		s.compare = call.Args[1]
	case path == "sort" && hasWord("Slice SliceStable", member):
		s.compare, s.byIndex = call.Args[1], true
	case path == "sort" && hasWord("Sort Stable", member):
		conv, ok := arg.(*ast.CallExpr)
		if ok && u.calls(conv, "sort", "Reverse") {
			arg = ast.Unparen(conv.Args[0])
			s.slice = arg
			conv, ok = arg.(*ast.CallExpr)
		}
		if ok && u.converts(conv) {
			s.slice = conv.Args[0]
		}
		obj, _, _ := types.LookupFieldOrMethod(u.typeOf(arg), true, u.pass.Pkg, "Less")
		less, ok := obj.(*types.Func)
		if !ok {
			return sorting{}, false
		}
		s.method = less
	default:
		return sorting{}, false
	}
	if conv, ok := ast.Unparen(s.slice).(*ast.CallExpr); ok && u.converts(conv) {
		s.slice = conv.Args[0]
	}
	return s, true
}

// sortedBy returns the slice that a call sorts by whatever comparison.
func (u *unit) sortedBy(call *ast.CallExpr) (ast.Expr, bool) {
	s, ok := u.sortingOf(call)
	return s.slice, ok
}

// decides reports whether a sorting leaves no two elements in the order in which it
// found them, unless they cannot be told apart.
func (u *unit) decides(s sorting) bool {
	elem := elementOf(u.typeOf(s.slice))
	switch {
	case s.method != nil:
		if pathOf(s.method) == "sort" {
			return true
		}
		decl := u.funcs[s.method.Origin()]
		return decl != nil && u.comparesAll(decl.Type, decl.Body, comparison{index: recvOf(decl)}, elem)
	case s.compare == nil:
		return true
	case s.byIndex:
		lit, ok := ast.Unparen(s.compare).(*ast.FuncLit)
		return ok && u.comparesAll(lit.Type, lit.Body, comparison{index: s.slice}, elem)
	}
	return u.total(s.compare, elem)
}

// recvOf returns a method's receiver as an expression.
func recvOf(decl *ast.FuncDecl) ast.Expr {
	if decl.Recv == nil || len(decl.Recv.List[0].Names) == 0 {
		return nil
	}
	return decl.Recv.List[0].Names[0]
}

// total reports whether a comparison function calls two elements equal only if they
// cannot be told apart: the standard library's, methods named Compare, and functions
// whose text compares the whole elements or each of their fields.
func (u *unit) total(compare ast.Expr, elem types.Type) bool {
	if lit, ok := ast.Unparen(compare).(*ast.FuncLit); ok {
		return u.comparesAll(lit.Type, lit.Body, comparison{}, elem)
	}
	fn, ok := u.object(compare).(*types.Func)
	return ok && u.totalFunc(fn, elem)
}

// totalFunc is total for a declared function or a method.
func (u *unit) totalFunc(fn *types.Func, elem types.Type) bool {
	fn = fn.Origin()
	decl := u.funcs[fn]
	if decl == nil {
		return hasWord("Compare Cmp", fn.Name())
	}
	if u.busy[fn] {
		return false
	}
	u.busy[fn] = true
	defer delete(u.busy, fn)
	c := comparison{}
	if id, ok := recvOf(decl).(*ast.Ident); ok {
		c.a = u.info.Defs[id]
	}
	return u.comparesAll(decl.Type, decl.Body, c, elem)
}

// comparison knows the two elements that a function compares: variables, or a slice
// indexed by two variables.
type comparison struct {
	a, b  types.Object
	index ast.Expr
}

// comparesAll reports whether a body compares the two elements whole, or in each of
// the fields of a struct.
func (u *unit) comparesAll(fn *ast.FuncType, body *ast.BlockStmt, c comparison, elem types.Type) bool {
	if body == nil || elem == nil {
		return false
	}
	for _, field := range fn.Params.List {
		for _, name := range field.Names {
			if c.a == nil {
				c.a = u.info.Defs[name]
			} else {
				c.b = u.info.Defs[name]
			}
		}
	}
	var paths []string
	ast.Inspect(body, func(n ast.Node) bool {
		x, y, whole := u.compared(n)
		if x != nil {
			if path, ok := u.mirror(x, y, c); ok && whole {
				paths = append(paths, path)
			}
		}
		return true
	})
	return covered("", elem, paths)
}

// compared returns the two sides of a comparison, and whether it tells all values
// of their type apart.
func (u *unit) compared(n ast.Node) (x, y ast.Expr, whole bool) {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		switch n.Op {
		case token.LSS, token.GTR, token.LEQ, token.GEQ, token.SUB:
			return n.X, n.Y, true
		}
	case *ast.CallExpr:
		fn, ok := u.object(n.Fun).(*types.Func)
		if !ok {
			return nil, nil, false
		}
		switch {
		case len(n.Args) == 2:
			return n.Args[0], n.Args[1], u.totalFunc(fn, u.typeOf(n.Args[0]))
		case len(n.Args) == 1 && isMethod(fn):
			if sel, ok := ast.Unparen(n.Fun).(*ast.SelectorExpr); ok {
				return sel.X, n.Args[0], u.totalFunc(fn, u.typeOf(sel.X))
			}
		}
	}
	return nil, nil, false
}

// mirror returns the path of fields by which x is reached from one element and y
// from the other, false if they are not alike.
func (u *unit) mirror(x, y ast.Expr, c comparison) (string, bool) {
	x, y = ast.Unparen(x), ast.Unparen(y)
	switch x := x.(type) {
	case *ast.Ident:
		other, ok := y.(*ast.Ident)
		return "", ok && c.index == nil && u.pairOfNames(x, other, c)
	case *ast.SelectorExpr:
		other, ok := y.(*ast.SelectorExpr)
		if !ok || other.Sel.Name != x.Sel.Name {
			return "", false
		}
		path, ok := u.mirror(x.X, other.X, c)
		return path + "." + x.Sel.Name, ok
	case *ast.IndexExpr:
		other, ok := y.(*ast.IndexExpr)
		if !ok || c.index == nil || !same(x.X, c.index) || !same(other.X, c.index) {
			return "", false
		}
		i, ok1 := x.Index.(*ast.Ident)
		j, ok2 := other.Index.(*ast.Ident)
		return "", ok1 && ok2 && u.pairOfNames(i, j, c)
	case *ast.SliceExpr: // a[:] of an array.
		other, ok := y.(*ast.SliceExpr)
		if !ok || x.Low != nil || x.High != nil || other.Low != nil || other.High != nil {
			return "", false
		}
		return u.mirror(x.X, other.X, c)
	case *ast.CallExpr: // A conversion that loses nothing.
		other, ok := y.(*ast.CallExpr)
		if !ok || len(x.Args) != 1 || len(other.Args) != 1 || !u.converts(x) || !u.converts(other) {
			return "", false
		}
		if !types.Identical(u.typeOf(x).Underlying(), u.typeOf(x.Args[0]).Underlying()) {
			return "", false
		}
		return u.mirror(x.Args[0], other.Args[0], c)
	}
	return "", false
}

// pairOfNames reports whether two names are the two elements, in either order.
func (u *unit) pairOfNames(x, y *ast.Ident, c comparison) bool {
	a, b := u.info.ObjectOf(x), u.info.ObjectOf(y)
	return a != nil && b != nil && (a == c.a && b == c.b || a == c.b && b == c.a)
}

// covered reports whether the compared paths tell all values of a type apart.
func covered(prefix string, t types.Type, paths []string) bool {
	for _, p := range paths {
		if p == prefix {
			return true
		}
	}
	s, ok := t.Underlying().(*types.Struct)
	if !ok {
		return false
	}
	for f := range s.Fields() {
		if f.Name() != "_" && !covered(prefix+"."+f.Name(), f.Type(), paths) {
			return false
		}
	}
	return true
}

// sortedAfter reports whether a slice that the statement at the cursor has filled is
// sorted by a total order before anything else reads it.
func (u *unit) sortedAfter(c inspector.Cursor, slice ast.Expr) bool {
	obj := u.object(slice)
	if obj == nil {
		return false
	}
	v, ok := obj.(*types.Var)
	shared := !ok || v.IsField() || memberOf(v) != ""
	for {
		if _, clause := c.Node().(*ast.CaseClause); !clause {
			for next, ok := c.NextSibling(); ok; next, ok = next.NextSibling() {
				if u.sortsDecidedly(next.Node(), slice) {
					return true
				}
				if u.touches(next.Node(), obj, shared) {
					return false
				}
			}
		}
		c = c.Parent()
		switch c.Node().(type) {
		case *ast.FuncDecl, *ast.FuncLit, *ast.File, nil:
			return false
		case *ast.ForStmt, *ast.RangeStmt: // The next turn may read it before the sort.
			if u.readInLoop(c, obj) {
				return false
			}
		}
	}
}

// readInLoop reports whether a loop names an object other than to append to it.
func (u *unit) readInLoop(loop inspector.Cursor, obj types.Object) bool {
	for use := range loop.Preorder((*ast.Ident)(nil)) {
		if u.info.ObjectOf(use.Node().(*ast.Ident)) == obj && !u.appending(use) {
			return true
		}
	}
	return false
}

// appending reports whether a use is one of the two of s = append(s, …).
func (u *unit) appending(use inspector.Cursor) bool {
	for c := range use.Enclosing((*ast.AssignStmt)(nil)) {
		s := c.Node().(*ast.AssignStmt)
		if len(s.Lhs) != 1 || len(s.Rhs) != 1 {
			return false
		}
		call, ok := ast.Unparen(s.Rhs[0]).(*ast.CallExpr)
		return ok && u.builtin(call) == "append" && same(call.Args[0], s.Lhs[0])
	}
	return false
}

// sortsDecidedly reports whether a statement sorts the slice by a total order.
func (u *unit) sortsDecidedly(n ast.Node, slice ast.Expr) bool {
	s, ok := n.(*ast.ExprStmt)
	if !ok {
		return false
	}
	call, ok := ast.Unparen(s.X).(*ast.CallExpr)
	if !ok {
		return false
	}
	sort, ok := u.sortingOf(call)
	return ok && same(sort.slice, slice) && u.decides(sort)
}

// touches reports whether a statement may read an object's elements: it names it
// other than for its length, returns it by its name as a result, or, if others share
// it, calls anything.
func (u *unit) touches(n ast.Node, obj types.Object, shared bool) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if name := u.builtin(n); name == "len" || name == "cap" {
				return false
			}
			if shared && u.builtin(n) == "" && !u.converts(n) && !u.pureCall(n) {
				found = true
			}
		case *ast.ReturnStmt:
			v, ok := obj.(*types.Var)
			if len(n.Results) == 0 && ok && v.Kind() == types.ResultVar || shared {
				found = true
			}
		case *ast.Ident:
			if u.info.ObjectOf(n) == obj {
				found = true
			}
		}
		return !found
	})
	return found
}
