package vet

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ast/inspector"
)

const inexactDoc = `refuse floating-point work whose result differs between architectures

math.Exp, Pow, Sin and their like are assembler on some machines and multiply-adds
on others: their last bit differs. The conversion of a floating-point number to an
integer that cannot hold it (or of NaN) gives 0 on one machine and the least integer
on another.`

const (
	lastBit = "differs in the last bit between architectures, so that a replay on another machine drifts: " +
		"use arithmetic whose products are fenced, math.Sqrt, or a table"
	outOfRange = "gives another integer on each architecture where it does not fit (or is NaN), so that a replay elsewhere drifts: " +
		"use geom.Whole(x, low, high), or convert within `if x >= low && x < high { … }`"
)

// inexact are the functions of package math whose last bit differs.
const inexact = "Acos Acosh Asin Asinh Atan Atan2 Atanh Cbrt Cos Cosh Erf Erfc Erfcinv Erfinv Exp Exp2 Expm1 " +
	"Gamma Hypot J0 J1 Jn Lgamma Log Log10 Log1p Log2 Pow Sin Sincos Sinh Tan Tanh Y0 Y1 Yn"

// checkInexact reports inexact functions and conversions that may not fit.
func checkInexact(u *unit) {
	u.checkBans([]ban{
		{"math", inexact, false, lastBit},
		{"math/cmplx", "Conj Inf IsInf IsNaN NaN", true, lastBit},
	})
	u.each(func(c inspector.Cursor) {
		call := c.Node().(*ast.CallExpr)
		if len(call.Args) != 1 || !u.converts(call) || u.constant(call) != nil {
			return
		}
		x := call.Args[0]
		if !isNumber(u.typeOf(call), types.IsInteger) || !isNumber(u.typeOf(x), types.IsFloat) || u.constant(x) != nil {
			return
		}
		core := u.whole(x)
		if u.small(core) || (&guard{u, core, u.typeOf(call)}).holds(c) {
			return
		}
		u.report(call, "%s "+outOfRange, types.ExprString(call))
	}, (*ast.CallExpr)(nil))
}

// whole strips from an expression what only rounds it to a whole number.
func (u *unit) whole(e ast.Expr) ast.Expr {
	e = ast.Unparen(e)
	call, ok := e.(*ast.CallExpr)
	if !ok || len(call.Args) != 1 {
		return e
	}
	if u.calls(call, "math", "Ceil Floor Round RoundToEven Trunc") || u.converts(call) && isNumber(u.typeOf(call.Args[0]), types.IsFloat) {
		return u.whole(call.Args[0])
	}
	return e
}

// small reports whether an expression is surely small: an integer made into a
// float, its root, a uniform draw, or a draw times a constant or such an integer.
func (u *unit) small(e ast.Expr) bool {
	e = u.whole(e)
	if u.constant(e) != nil {
		return true
	}
	switch e := e.(type) {
	case *ast.CallExpr:
		if len(e.Args) == 1 && (u.converts(e) || u.calls(e, "math", "Sqrt")) {
			arg := u.whole(e.Args[0])
			return isNumber(u.typeOf(arg), types.IsInteger) && !isNumber(u.typeOf(arg), types.IsFloat) || u.calls(e, "math", "Sqrt") && u.small(arg)
		}
		return u.draw(e)
	case *ast.BinaryExpr:
		return e.Op == token.MUL && (u.draw(e.X) && u.small(e.Y) || u.small(e.X) && u.draw(e.Y))
	}
	return false
}

// draw reports whether an expression is a generator's Float64 or Float32.
func (u *unit) draw(e ast.Expr) bool {
	call, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok {
		return false
	}
	fn, ok := u.object(call.Fun).(*types.Func)
	return ok && hasWord("Float64 Float32", fn.Name()) && fn.Signature().Params().Len() == 0
}

// guard is the search for what keeps a float within the range of an integer.
type guard struct {
	*unit
	x    ast.Expr
	into types.Type
}

// holds reports whether the conversion at the cursor runs only where both ends of
// the range have been compared: within the if of such a condition, behind an earlier
// operand of &&, in the case of a switch, or after an if that leaves where it does
// not hold.
func (u *guard) holds(c inspector.Cursor) bool {
	x := u.x
	if !steady(x) {
		return false
	}
	for ; c.Valid(); c = c.Parent() {
		parent := c.Parent()
		if !parent.Valid() {
			return false
		}
		switch p := parent.Node().(type) {
		case *ast.IfStmt:
			if c.Node() == p.Body && u.bounds(p.Cond) {
				return true
			}
		case *ast.BinaryExpr:
			if p.Op == token.LAND && c.Node() == p.Y && u.bounds(p.X) {
				return true
			}
		case *ast.CaseClause:
			if len(p.List) == 1 && c.Node() != p.List[0] && u.bounds(p.List[0]) {
				return true
			}
		case *ast.FuncDecl, *ast.FuncLit:
			return false
		}
		for prev, ok := c.PrevSibling(); ok; prev, ok = prev.PrevSibling() {
			if u.leavesUnless(prev.Node()) {
				return true
			}
			if assigns(prev.Node(), x) {
				return false
			}
		}
		if assigns(c.Node(), x) {
			return false
		}
	}
	return false
}

// steady reports whether an expression is a name or a path of fields, which gives
// the same value when it is read again.
func steady(x ast.Expr) bool {
	switch x := ast.Unparen(x).(type) {
	case *ast.Ident:
		return true
	case *ast.SelectorExpr:
		return steady(x.X)
	}
	return false
}

// assigns reports whether a node assigns an expression that is written alike.
func assigns(n ast.Node, x ast.Expr) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, lhs := range n.Lhs {
				found = found || same(lhs, x)
			}
		case *ast.IncDecStmt:
			found = found || same(n.X, x)
		}
		return !found
	})
	return found
}

// bounds reports whether a condition that holds compares x from both sides with
// constants, which NaN never passes.
func (u *guard) bounds(cond ast.Expr) bool {
	low, high := u.sides(cond)
	return low && high
}

// sides tells which ends a condition that holds keeps x from.
func (u *guard) sides(cond ast.Expr) (low, high bool) {
	b, ok := ast.Unparen(cond).(*ast.BinaryExpr)
	if !ok {
		return false, false
	}
	if b.Op == token.LAND {
		l1, h1 := u.sides(b.X)
		l2, h2 := u.sides(b.Y)
		return l1 || l2, h1 || h2
	}
	strict := b.Op == token.LSS || b.Op == token.GTR
	switch b.Op {
	case token.LSS, token.LEQ:
		return u.limits(b.Y, b.X, lowEnd, strict), u.limits(b.X, b.Y, highEnd, strict)
	case token.GTR, token.GEQ:
		return u.limits(b.X, b.Y, lowEnd, strict), u.limits(b.Y, b.X, highEnd, strict)
	}
	return false, false
}

// limits reports whether a side of a comparison is x and the other a limit at an end
// that the integer holds: a constant, or an integer made into a float.
func (u *guard) limits(side, limit ast.Expr, at end, strict bool) bool {
	if !same(u.whole(side), u.x) || !u.small(limit) {
		return false
	}
	value, integer := u.constant(limit), basicOf(u.into)
	if value == nil || integer == nil {
		return true
	}
	least, most := rangeOf(integer)
	// One beyond is as far as the fraction that a conversion drops may reach.
	if at == lowEnd {
		beyond := constant.BinaryOp(least, token.SUB, constant.MakeInt64(1))
		return constant.Compare(value, token.GTR, beyond) || strict && constant.Compare(value, token.EQL, beyond)
	}
	beyond := constant.BinaryOp(most, token.ADD, constant.MakeInt64(1))
	return constant.Compare(value, token.LSS, beyond) || strict && constant.Compare(value, token.EQL, beyond)
}

// end is one of the two ends of a range.
type end bool

const (
	lowEnd  end = false
	highEnd end = true
)

// basicOf returns the basic type under a type, nil of others.
func basicOf(t types.Type) *types.Basic {
	basic, _ := t.Underlying().(*types.Basic)
	return basic
}

// rangeOf returns the least and the greatest value of an integer type; int, uint and
// uintptr are taken for 64 bits wide.
func rangeOf(t *types.Basic) (least, most constant.Value) {
	bits, one := uint(8*types.SizesFor("gc", "amd64").Sizeof(t)), constant.MakeInt64(1)
	if t.Info()&types.IsUnsigned != 0 {
		return constant.MakeInt64(0), constant.BinaryOp(constant.Shift(one, token.SHL, bits), token.SUB, one)
	}
	half := constant.Shift(one, token.SHL, bits-1)
	return constant.UnaryOp(token.SUB, half, 0), constant.BinaryOp(half, token.SUB, one)
}

// leavesUnless reports whether a statement leaves the block where x is out of
// range: if !(x >= low && x < high) { return }.
func (u *guard) leavesUnless(n ast.Node) bool {
	s, ok := n.(*ast.IfStmt)
	if !ok || !leaves(s.Body) {
		return false
	}
	not, ok := ast.Unparen(s.Cond).(*ast.UnaryExpr)
	return ok && not.Op == token.NOT && u.bounds(not.X)
}

// leaves reports whether a block ends by leaving the block around it.
func leaves(b *ast.BlockStmt) bool {
	if len(b.List) == 0 {
		return false
	}
	switch last := b.List[len(b.List)-1].(type) {
	case *ast.ReturnStmt, *ast.BranchStmt:
		return true
	case *ast.ExprStmt:
		call, ok := last.X.(*ast.CallExpr)
		if !ok {
			return false
		}
		id, ok := call.Fun.(*ast.Ident)
		return ok && id.Name == "panic"
	}
	return false
}
