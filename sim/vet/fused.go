package vet

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"math"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/inspector"
)

const fusedDoc = `refuse floating-point products that may be fused with a sum

x*y+z rounds once on arm64, riscv64 and amd64 v3, and twice on amd64 v1, so a replay
on another machine drifts. The compiler fuses across statements, fields and inlined
calls too; only a conversion in between, float64(x*y)+z, keeps it from that. So a
product must be fenced unless what takes it cannot add to it: a comparison, a further
product or quotient, a conversion, min, max, and functions like math.Sqrt.`

const (
	fusedWhy = "may be fused with a sum into one rounding on arm64 and amd64 v3 and into two elsewhere, " +
		"so that a replay on another machine drifts: fence it"
	complexWhy = "adds products inside, which are fused on some machines and not on others: write out the parts, each product float64(x*y)"
)

// products is the check of one package.
type products struct{ *unit }

// checkFused reports floating-point products that reach, unfenced, something that
// may add to them.
func checkFused(u *unit) {
	p := &products{u}
	u.each(p.check, (*ast.BinaryExpr)(nil), (*ast.AssignStmt)(nil))
}

// check reports one product.
func (p *products) check(c inspector.Cursor) {
	switch n := c.Node().(type) {
	case *ast.BinaryExpr:
		if p.constant(n) != nil || n.Op != token.MUL && n.Op != token.QUO {
			return
		}
		if isNumber(p.typeOf(n), types.IsComplex) {
			p.report(n, "complex %s %s", n.Op, complexWhy)
			return
		}
		if !isNumber(p.typeOf(n), types.IsFloat) || n.Op == token.QUO && !p.halves(n.Y) {
			return
		}
		if how := p.taken(c, nil); how != "" {
			p.suggest(n, "product "+how+" "+fusedWhy+", "+p.fenced(n), "fence the product",
				insert(n.Pos(), p.conversion(n)+"("), insert(n.End(), ")"))
		}
	case *ast.AssignStmt:
		p.checkAssigned(c, n)
	}
}

// checkAssigned reports x *= y where x is added to later or may be.
func (p *products) checkAssigned(c inspector.Cursor, n *ast.AssignStmt) {
	if n.Tok != token.MUL_ASSIGN && n.Tok != token.QUO_ASSIGN {
		return
	}
	x, y := n.Lhs[0], n.Rhs[0]
	if isNumber(p.typeOf(x), types.IsComplex) {
		p.report(n, "complex %s %s", n.Tok, complexWhy)
		return
	}
	if !isNumber(p.typeOf(x), types.IsFloat) || n.Tok == token.QUO_ASSIGN && !p.halves(y) {
		return
	}
	how := p.keptIn(x, nil)
	if how == "" {
		return
	}
	op := "*"
	if n.Tok == token.QUO_ASSIGN {
		op = "/"
	}
	name := types.ExprString(x)
	text := name + " = " + p.conversion(x) + "(" + name + " " + op + " "
	end := ")"
	if _, ok := ast.Unparen(y).(*ast.BinaryExpr); ok {
		text, end = text+"(", "))"
	}
	p.suggest(n, "product "+how+" "+fusedWhy+", "+text+types.ExprString(y)+end, "fence the product",
		analysis.TextEdit{Pos: n.Pos(), End: y.Pos(), NewText: []byte(text)}, insert(n.End(), end))
}

// halves reports whether a divisor is a constant power of two, which the compiler
// turns into a product by its reciprocal.
func (p *products) halves(divisor ast.Expr) bool {
	value := p.constant(divisor)
	if value == nil {
		return false
	}
	f, _ := constant.Float64Val(constant.ToFloat(value))
	frac, _ := math.Frexp(f)
	return frac == 0.5 || frac == -0.5
}

// conversion returns the type, as written here, that fences an expression.
func (p *products) conversion(e ast.Expr) string {
	return types.TypeString(p.typeOf(e), func(other *types.Package) string {
		if other == p.pass.Pkg {
			return ""
		}
		return other.Name()
	})
}

// fenced shows a product as it should be written.
func (p *products) fenced(e ast.Expr) string {
	return p.conversion(e) + "(" + types.ExprString(e) + ")"
}

// taken says how what takes the value at the cursor may add to it, "" if it
// cannot. seen are the variables on the way, so that a cycle of copies ends.
func (p *products) taken(c inspector.Cursor, seen []types.Object) string {
	operand := c.Node().(ast.Expr)
	switch n := c.Parent().Node().(type) {
	case *ast.ParenExpr:
		return p.taken(c.Parent(), seen)
	case *ast.UnaryExpr: // A sign does not round.
		if n.Op == token.AND {
			return "whose address is taken"
		}
		return p.taken(c.Parent(), seen)
	case *ast.BinaryExpr:
		if n.Op == token.ADD || n.Op == token.SUB {
			return "in a sum"
		}
		return ""
	case *ast.IncDecStmt:
		return "in a sum"
	case *ast.AssignStmt:
		return p.assigned(n, operand, seen)
	case *ast.ValueSpec:
		for i, value := range n.Values {
			if value == operand {
				return p.keptIn(n.Names[i], seen)
			}
		}
		return ""
	case *ast.ReturnStmt:
		return "returned, where a caller may be inlined around it,"
	case *ast.CallExpr:
		if p.rounds(n, operand) {
			return ""
		}
		return "passed to a call, which may be inlined here,"
	case *ast.SwitchStmt, *ast.CaseClause, *ast.ExprStmt, *ast.IndexExpr:
		return ""
	}
	return "that is stored"
}

// assigned is taken for an operand on either side of an assignment.
func (p *products) assigned(n *ast.AssignStmt, operand ast.Expr, seen []types.Object) string {
	for i, lhs := range n.Lhs {
		switch {
		case lhs == operand && (n.Tok == token.ADD_ASSIGN || n.Tok == token.SUB_ASSIGN):
			return "added to"
		case lhs == operand:
			return ""
		case len(n.Rhs) != len(n.Lhs) || n.Rhs[i] != operand:
			continue
		}
		switch n.Tok {
		case token.ADD_ASSIGN, token.SUB_ASSIGN:
			return "added to a variable"
		case token.ASSIGN, token.DEFINE:
			return p.keptIn(lhs, seen)
		}
	}
	return ""
}

// keptIn is taken for a value that is assigned to an expression: a local variable
// is followed to its uses, anything else counts as stored.
func (p *products) keptIn(lhs ast.Expr, seen []types.Object) string {
	id, ok := ast.Unparen(lhs).(*ast.Ident)
	if !ok {
		return "that is stored"
	}
	if id.Name == "_" {
		return ""
	}
	v, ok := p.info.ObjectOf(id).(*types.Var)
	if !ok || memberOf(v) != "" {
		return "that is stored"
	}
	for _, s := range seen {
		if s == v {
			return ""
		}
	}
	if v.Kind() == types.ResultVar {
		return "returned, where a caller may be inlined around it,"
	}
	seen = append(seen, v)
	for _, use := range p.usesOf(v) {
		if how := p.taken(use, seen); how != "" {
			return "kept in " + id.Name + " and then " + how
		}
	}
	return ""
}

// rounding are the functions of package math that pass nothing unrounded on to a
// sum, inlined or not.
const rounding = "Abs Ceil Copysign Float32bits Float64bits Floor FMA IsInf IsNaN Max Min Round RoundToEven Signbit Sqrt Trunc"

// rounds reports whether a call that takes the operand cannot fuse it: a
// conversion, a rounding function, min and max, or an interface argument of the
// standard library.
func (p *products) rounds(call *ast.CallExpr, operand ast.Expr) bool {
	if p.converts(call) || p.calls(call, "math", rounding) {
		return true
	}
	if name := p.builtin(call); name == "min" || name == "max" {
		return true
	}
	// A function that can be inlined may look into its interface argument.
	fun := p.typeOf(call.Fun)
	fn, ok := p.object(call.Fun).(*types.Func)
	if fun == nil || !ok || !standard(pathOf(fn)) {
		return false
	}
	sig, ok := fun.Underlying().(*types.Signature)
	if !ok {
		return false
	}
	for i, arg := range call.Args {
		if arg == operand {
			param := parameter(sig, i)
			_, generic := types.Unalias(param).(*types.TypeParam)
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
