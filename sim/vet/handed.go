package vet

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/ast/inspector"
)

// checkHanded reports a package variable that is a slice or a map (or holds one)
// where it goes somewhere from which it could be written unseen: a variable, a
// field, a result, a call that does more than read.
func (u *unit) checkHanded(c inspector.Cursor) {
	id := c.Node().(*ast.Ident)
	v, ok := u.info.Uses[id].(*types.Var)
	if !ok || v.IsField() || memberOf(v) == "" {
		return
	}
	at := c
	if useOf(c) != c.Node() {
		at = c.Parent()
	}
	at = path(at)
	for u.isConverted(at) {
		at = at.Parent()
	}
	e := at.Node().(ast.Expr)
	// A write is reported as one.
	if !shares(u.typeOf(e)) || u.writtenAt(at) || u.onlyRead(at) {
		return
	}
	u.report(e, "package-level variable %s is handed on, and whoever has it can write it: %s; or hand on a copy, slices.Clone or maps.Clone",
		u.nameOfGlobal(v), globalAdvice)
}

// path climbs from a name to the end of the path of fields and indexes that starts
// with it.
func path(c inspector.Cursor) inspector.Cursor {
	for {
		e := c.Node()
		switch p := c.Parent().Node().(type) {
		case *ast.SelectorExpr:
			if p.X != e {
				return c
			}
		case *ast.IndexExpr:
			if p.X != e {
				return c
			}
		case *ast.ParenExpr:
		default:
			return c
		}
		c = c.Parent()
	}
}

// isConverted reports whether the slice or map at the cursor is converted to a type
// that still shares its memory.
func (u *unit) isConverted(c inspector.Cursor) bool {
	call, ok := c.Parent().Node().(*ast.CallExpr)
	return ok && call.Fun != c.Node() && u.converts(call) && shares(u.typeOf(call)) && shares(u.typeOf(call.Args[0]))
}

// shares reports whether a copy of a value shares memory that it can be written
// through: slices and maps; pointers are refused as they are declared.
func shares(t types.Type) bool { return isA[*types.Slice](t) || isA[*types.Map](t) }

// writtenAt reports whether the expression at the cursor is itself what an
// assignment or a mutating call writes.
func (u *unit) writtenAt(c inspector.Cursor) bool {
	switch p := c.Parent().Node().(type) {
	case *ast.AssignStmt:
		for _, lhs := range p.Lhs {
			if lhs == c.Node() {
				return true
			}
		}
	case *ast.IncDecStmt:
		return true
	case *ast.CallExpr:
		if len(p.Args) == 0 || p.Args[0] != c.Node() {
			return false
		}
		fn, member := u.callee(p)
		return hasWord("delete clear copy", u.builtin(p)) || mutates(fn, member)
	}
	return false
}

// onlyRead reports whether a slice or map at the cursor goes where it is read and
// not kept: an index, a range, a comparison, a function that only reads, a local
// variable all of whose uses are of that kind.
func (u *unit) onlyRead(c inspector.Cursor) bool {
	c = path(c)
	e := c.Node().(ast.Expr)
	if !shares(u.typeOf(e)) && !isA[*types.Array](u.typeOf(e)) {
		return !u.writtenAt(c) && !u.addressTaken(c)
	}
	switch p := c.Parent().Node().(type) {
	case *ast.RangeStmt:
		return p.X == e
	case *ast.BinaryExpr, *ast.ExprStmt:
		return true
	case *ast.SliceExpr:
		return p.X == e && u.onlyRead(c.Parent())
	case *ast.IndexExpr: // As an index: the key of a map of arrays.
		return true
	case *ast.AssignStmt:
		for i, rhs := range p.Rhs {
			if rhs == e && len(p.Rhs) == len(p.Lhs) {
				return u.readIn(u.object(p.Lhs[i]))
			}
		}
	case *ast.ValueSpec:
		for i, value := range p.Values {
			if value == e && len(p.Values) == len(p.Names) {
				return u.readIn(u.info.Defs[p.Names[i]])
			}
		}
	case *ast.SelectorExpr: // The receiver of a method.
		call, ok := c.Parent().Parent().Node().(*ast.CallExpr)
		return ok && call.Fun == p && u.readsReceiver(p)
	case *ast.CallExpr:
		return u.readByCall(p, e)
	}
	return false
}

// addressTaken reports whether the expression at the cursor has its address taken.
func (u *unit) addressTaken(c inspector.Cursor) bool {
	p, ok := c.Parent().Node().(*ast.UnaryExpr)
	return ok && p.Op == token.AND
}

// readIn reports whether a local variable or parameter is only read.
func (u *unit) readIn(obj types.Object) bool {
	v, ok := obj.(*types.Var)
	if !ok || memberOf(v) != "" || v.IsField() || v.Kind() == types.ResultVar {
		return false
	}
	if u.busy[v] {
		return true
	}
	u.busy[v] = true
	defer delete(u.busy, v)
	for _, use := range u.usesOf(v) {
		end := path(use)
		if assign, ok := use.Parent().Node().(*ast.AssignStmt); ok && end.Node() == use.Node() && contains(assign.Lhs, use.Node()) {
			continue // The variable itself is set to something else.
		}
		if u.writtenAt(end) || u.addressTaken(end) || !u.onlyRead(use) {
			return false
		}
	}
	return true
}

// contains reports whether a list holds a node.
func contains(list []ast.Expr, n ast.Node) bool {
	for _, e := range list {
		if e == n {
			return true
		}
	}
	return false
}

// readsReceiver reports whether a method of this package only reads its receiver.
func (u *unit) readsReceiver(sel *ast.SelectorExpr) bool {
	fn, ok := u.info.ObjectOf(sel.Sel).(*types.Func)
	if !ok {
		return false
	}
	if u.funcs[fn.Origin()] == nil {
		return standard(pathOf(fn))
	}
	return u.readIn(fn.Origin().Signature().Recv())
}

// readByCall reports whether a call only reads an argument: a builtin, a conversion
// that copies, the standard library as far as it does not write, and functions of
// this package whose parameter is only read.
func (u *unit) readByCall(call *ast.CallExpr, arg ast.Expr) bool {
	switch u.builtin(call) {
	case "len", "cap":
		return true
	case "append", "copy":
		return call.Args[0] != arg
	}
	if u.converts(call) {
		return isNumber(u.typeOf(call), types.IsString) || isA[*types.Array](u.typeOf(call))
	}
	fn, ok := u.object(call.Fun).(*types.Func)
	if !ok {
		return false
	}
	if decl := u.funcs[fn.Origin()]; decl == nil {
		return standard(pathOf(fn)) && !(mutates(pathOf(fn), memberOf(fn)) && call.Args[0] == arg) &&
			!hasWord("Read ReadFull ReadAt Clip Grow NewBuffer", fn.Name()[strings.LastIndexByte(fn.Name(), '.')+1:])
	}
	params := fn.Origin().Signature().Params()
	for i, a := range call.Args {
		if a != arg {
			continue
		}
		if i >= params.Len()-1 && fn.Signature().Variadic() {
			return call.Ellipsis.IsValid() && u.readIn(params.At(params.Len()-1))
		}
		return u.readIn(params.At(i))
	}
	return false
}

// standard reports whether a package belongs to the standard library.
func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return path != "" && !strings.Contains(first, ".") && isStandard(first)
}

// isStandard reports whether the first element of a path is one of the standard
// library's, since a module may have a name without a dot too.
func isStandard(first string) bool {
	return hasWord("archive bufio bytes cmp compress container crypto encoding errors fmt go hash html image index io iter maps math "+
		"mime net path reflect regexp slices sort strconv strings text time unicode unique", first)
}
