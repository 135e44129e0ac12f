package vet

import (
	"go/ast"
	"go/token"
	"go/types"
)

// pure reports whether evaluating an expression changes nothing.
func (u *unit) pure(e ast.Expr) bool { return u.impure(e) == nil }

// impure returns the first part of an expression that may do more than compute, nil
// if there is none: a call of anything but builtins, conversions, functions of the
// standard library that only compute and functions of this package that do.
func (u *unit) impure(e ast.Expr) ast.Node {
	var bad ast.Node
	if e == nil {
		return nil
	}
	ast.Inspect(e, func(n ast.Node) bool {
		if bad != nil {
			return false
		}
		switch n := n.(type) {
		case *ast.CallExpr:
			if !u.pureCall(n) {
				bad = n
			}
		case *ast.UnaryExpr:
			if n.Op == token.ARROW {
				bad = n
			}
		case *ast.FuncLit:
			if !u.pureBody(n, n.Body) {
				bad = n
			}
			return false
		}
		return bad == nil
	})
	return bad
}

// pureCall reports whether a call only computes; its arguments are judged apart.
func (u *unit) pureCall(call *ast.CallExpr) bool {
	if u.converts(call) {
		return true
	}
	if name := u.builtin(call); name != "" {
		return hasWord("len cap min max make new complex real imag append", name)
	}
	if _, ok := ast.Unparen(call.Fun).(*ast.FuncLit); ok {
		return true // Its body is judged as part of the expression.
	}
	fn, ok := u.object(call.Fun).(*types.Func)
	if !ok {
		return false
	}
	return u.computes(fn)
}

// pureFunc reports whether a function that is passed on as a value only computes.
func (u *unit) pureFunc(e ast.Expr) bool {
	if fn, ok := u.object(e).(*types.Func); ok {
		return u.computes(fn)
	}
	lit, ok := ast.Unparen(e).(*ast.FuncLit)
	return ok && u.pure(lit)
}

// computes reports whether a function changes nothing that its caller can see.
func (u *unit) computes(fn *types.Func) bool {
	fn = fn.Origin()
	if decl := u.funcs[fn]; decl != nil {
		if u.busy[fn] {
			return true
		}
		u.busy[fn] = true
		defer delete(u.busy, fn)
		return decl.Body != nil && u.pureBody(decl, decl.Body)
	}
	member := memberOf(fn)
	switch pathOf(fn) {
	case "strings":
		return !hasWord("NewReplacer", member) && !isMethod(fn)
	case "strconv", "math", "math/bits", "cmp", "unicode", "unicode/utf8", "net/netip", "path":
		return true
	case "bytes":
		return !isMethod(fn)
	case "slices", "maps":
		return !mutates(pathOf(fn), member)
	case "errors":
		return hasWord("New Is As AsType Unwrap Join", member) && member != "As"
	case "fmt":
		return hasWord("Sprint Sprintf Sprintln Errorf", member)
	case "time":
		return fn.Name() != "Now" && isMethod(fn) && hasWord("Duration Time Month Weekday", baseName(fn.Signature().Recv().Type()))
	}
	return false
}

func isMethod(fn *types.Func) bool { return fn.Signature().Recv() != nil }

// pureBody reports whether a function's body writes its own variables alone, and
// neither panics nor defers.
func (u *unit) pureBody(fn ast.Node, body *ast.BlockStmt) bool {
	own := func(e ast.Expr) bool {
		for {
			switch x := ast.Unparen(e).(type) {
			case *ast.Ident:
				obj := u.info.ObjectOf(x)
				return x.Name == "_" || obj == nil || fn.Pos() <= obj.Pos() && obj.Pos() < fn.End()
			case *ast.SelectorExpr:
				if isA[*types.Pointer](u.typeOf(x.X)) {
					return false
				}
				e = x.X
			case *ast.IndexExpr:
				if !isA[*types.Array](u.typeOf(x.X)) || isA[*types.Pointer](u.typeOf(x.X)) {
					return false
				}
				e = x.X
			default:
				return false
			}
		}
	}
	clean := true
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, lhs := range n.Lhs {
				clean = clean && own(lhs)
			}
		case *ast.IncDecStmt:
			clean = clean && own(n.X)
		case *ast.RangeStmt:
			if n.Tok == token.ASSIGN {
				clean = clean && (n.Key == nil || own(n.Key)) && (n.Value == nil || own(n.Value))
			}
			clean = clean && !isA[*types.Signature](u.typeOf(n.X)) && !isA[*types.Chan](u.typeOf(n.X))
		case *ast.CallExpr:
			clean = clean && u.pureCall(n)
		case *ast.UnaryExpr:
			clean = clean && n.Op != token.ARROW
		case *ast.GoStmt, *ast.DeferStmt, *ast.SendStmt, *ast.SelectStmt:
			clean = false
		}
		return clean
	})
	return clean
}
