package rules

import (
	"go/ast"
	"go/token"
	"go/types"
)

const fence = "fused on some architectures into one rounding: fence the product, float64(x*y)"

// checkFloat reports products of floating-point numbers that the compiler may
// fuse with a later addition (x*y+z rounds once on arm64 and amd64 v3, twice on
// amd64 v1). In core every product must be fenced by a conversion unless it goes
// straight into an operation that cannot fuse, since fusing also crosses
// assignments and inlined calls; elsewhere only a product within a sum counts.
func (w *walker) checkFloat(n ast.Node) {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		if n.Op != token.MUL || w.constant(n) {
			return
		}
		if isNumber(w.typeOf(n), types.IsComplex) {
			w.report(n, "float", "a complex product adds products inside: write out the parts, each float64(x*y)")
		} else if isNumber(w.typeOf(n), types.IsFloat) {
			w.checkProduct(n)
		}
	case *ast.AssignStmt:
		if n.Tok == token.MUL_ASSIGN && under(w.unit.Path, "core") && isNumber(w.typeOf(n.Lhs[0]), types.IsFloat) {
			w.report(n, "float", "x *= y keeps a product that a later sum may use unrounded, %s", fence)
		}
	}
}

// constant reports whether the compiler computes an expression exactly.
func (w *walker) constant(e ast.Expr) bool { return w.unit.Info.Types[e].Value != nil }

// isNumber reports whether a type, which may be nil, is or may be instantiated
// with a basic type of the kind.
func isNumber(t types.Type, kind types.BasicInfo) bool {
	if t == nil {
		return false
	}
	if param, ok := t.(*types.TypeParam); ok {
		return constraintAllows(param.Constraint(), kind)
	}
	basic, ok := t.Underlying().(*types.Basic)
	return ok && basic.Info()&kind != 0
}

// constraintAllows reports whether a constraint's type set has a type of the kind.
func constraintAllows(t types.Type, kind types.BasicInfo) bool {
	iface, ok := t.Underlying().(*types.Interface)
	if !ok {
		return isNumber(t, kind)
	}
	for embedded := range iface.EmbeddedTypes() {
		union, ok := embedded.(*types.Union)
		if !ok {
			if constraintAllows(embedded, kind) {
				return true
			}
			continue
		}
		for term := range union.Terms() {
			if isNumber(term.Type(), kind) {
				return true
			}
		}
	}
	return false
}

// checkProduct reports a product by what consumes it.
func (w *walker) checkProduct(product *ast.BinaryExpr) {
	up, operand := 0, ast.Expr(product)
	for ; ; up++ { // Signs and parentheses do not round.
		switch p := w.parent(up).(type) {
		case *ast.ParenExpr:
			operand = p
			continue
		case *ast.UnaryExpr:
			operand = p
			continue
		}
		break
	}
	switch p := w.parent(up).(type) {
	case *ast.BinaryExpr:
		if p.Op == token.ADD || p.Op == token.SUB {
			w.report(product, "float", "product in a sum, %s", fence)
		}
		return
	case *ast.AssignStmt:
		if p.Tok == token.ADD_ASSIGN || p.Tok == token.SUB_ASSIGN {
			w.report(product, "float", "product added to a variable, %s", fence)
			return
		}
	case *ast.CallExpr:
		if w.rounds(p, operand) {
			return
		}
	case *ast.SwitchStmt:
		return
	}
	if under(w.unit.Path, "core") {
		w.report(product, "float", "product handed on unrounded may be %s", fence)
	}
}

// rounds reports whether a call that takes the operand cannot fuse it: a
// conversion, a function of package math, min and max, or an interface argument.
func (w *walker) rounds(call *ast.CallExpr, operand ast.Expr) bool {
	if w.unit.Info.Types[call.Fun].IsType() {
		return true
	}
	if path, _, ok := w.qualified(call.Fun); ok && path == "math" {
		return true
	}
	if name := w.builtin(call); name == "min" || name == "max" {
		return true
	}
	sig, ok := w.typeOf(call.Fun).(*types.Signature)
	if !ok {
		return false
	}
	for i, arg := range call.Args {
		if arg == operand {
			param := parameter(sig, i)
			_, generic := param.(*types.TypeParam)
			return !generic && types.IsInterface(param)
		}
	}
	return false
}

// parameter returns the type of the parameter that takes the ith argument.
func parameter(sig *types.Signature, i int) types.Type {
	last := sig.Params().Len() - 1
	if !sig.Variadic() || i < last {
		return sig.Params().At(i).Type()
	}
	if slice, ok := sig.Params().At(last).Type().(*types.Slice); ok {
		return slice.Elem()
	}
	return sig.Params().At(last).Type()
}
