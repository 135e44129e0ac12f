package vet

import (
	"go/ast"
	"go/token"
	"go/types"
)

// pair is one comparison of an extremum: what is met with what is kept.
type pair struct {
	met, kept ast.Expr
	whole     bool // All of the kept variable is compared, not a field of it.
}

// extremum judges `if met > kept { kept = met }` and its kind: a comparison, with
// further ones for ties, that decides over a set of assignments. Such a walk finds
// the same in every order if equals cannot be told apart: all that is kept has been
// compared, or the key has. It returns false for an if of another form.
func (w *walk) extremum(s *ast.IfStmt) bool {
	if s.Else != nil {
		return false
	}
	kept, ok := w.keeps(s.Body)
	if !ok {
		return false
	}
	pairs, ok := w.lexicographic(s.Cond, kept)
	if !ok {
		return false
	}
	keyed := false
	for _, p := range pairs {
		if id, ok := ast.Unparen(p.met).(*ast.Ident); ok && p.whole && w.key != nil && w.info.ObjectOf(id) == w.key {
			keyed = true
		}
		if isNumber(w.typeOf(p.met), types.IsFloat) {
			w.refuse(s, "compares floats, of which NaN and the two zeros come out by order (use the builtins max and min)")
			return true
		}
	}
	for _, k := range kept {
		compared := keyed || w.same(k.met)
		for _, p := range pairs {
			compared = compared || p.whole && same(p.kept, k.kept)
		}
		if !compared {
			w.refuse(s, "keeps the first of equals in %s (compare the key where they are equal)", types.ExprString(k.kept))
			return true
		}
	}
	for _, k := range kept {
		w.value(k.met)
		w.path(k.kept)
		w.noted(s, w.target(k.kept), "extremum "+types.ExprString(s.Cond))
	}
	for _, p := range pairs {
		w.value(p.met)
	}
	return true
}

// keeps returns what a block of nothing but assignments to outer variables keeps.
func (w *walk) keeps(body *ast.BlockStmt) ([]pair, bool) {
	var kept []pair
	for _, s := range body.List {
		assign, ok := s.(*ast.AssignStmt)
		if !ok || assign.Tok != token.ASSIGN || len(assign.Lhs) != len(assign.Rhs) {
			return nil, false
		}
		for i, lhs := range assign.Lhs {
			if !steady(lhs) || w.target(lhs) == nil || w.ownElement(lhs) {
				return nil, false
			}
			kept = append(kept, pair{assign.Rhs[i], lhs, true})
		}
	}
	return kept, len(kept) > 0
}

// lexicographic parses a condition of the form a > A || a == A && b < B || …,
// which may begin with !found where the block sets found.
func (w *walk) lexicographic(cond ast.Expr, kept []pair) ([]pair, bool) {
	terms := flatten(cond, token.LOR)
	if len(terms) > 1 && w.unset(terms[0], kept) {
		terms = terms[1:]
	}
	var pairs []pair
	for i, term := range terms {
		parts := flatten(term, token.LAND)
		if len(parts) != i+1 {
			return nil, false
		}
		for j, part := range parts {
			b, ok := ast.Unparen(part).(*ast.BinaryExpr)
			if !ok {
				return nil, false
			}
			p, ok := w.pairOf(b, kept)
			switch {
			case !ok:
				return nil, false
			case j < i:
				if b.Op != token.EQL || !same(p.met, pairs[j].met) || !same(p.kept, pairs[j].kept) {
					return nil, false
				}
			case b.Op == token.LSS, b.Op == token.GTR:
				pairs = append(pairs, p)
			default:
				return nil, false
			}
		}
	}
	return pairs, len(pairs) > 0
}

// unset reports whether a term is !found where found is set to true.
func (w *walk) unset(term ast.Expr, kept []pair) bool {
	not, ok := ast.Unparen(term).(*ast.UnaryExpr)
	if !ok || not.Op != token.NOT {
		return false
	}
	for _, k := range kept {
		if id, ok := ast.Unparen(k.met).(*ast.Ident); ok && id.Name == "true" && same(k.kept, not.X) {
			return true
		}
	}
	return false
}

// pairOf returns the comparison of something met with what the block keeps of it.
func (w *walk) pairOf(b *ast.BinaryExpr, kept []pair) (pair, bool) {
	for _, sides := range [][2]ast.Expr{{b.X, b.Y}, {b.Y, b.X}} {
		for _, k := range kept {
			met, held, whole := sides[0], sides[1], true
			for {
				if same(met, k.met) && same(held, k.kept) {
					return pair{sides[0], sides[1], whole}, true
				}
				m, ok1 := ast.Unparen(met).(*ast.SelectorExpr)
				h, ok2 := ast.Unparen(held).(*ast.SelectorExpr)
				if !ok1 || !ok2 || m.Sel.Name != h.Sel.Name {
					break
				}
				met, held, whole = m.X, h.X, false
			}
		}
	}
	return pair{}, false
}

// flatten returns the operands of a chain of one operator.
func flatten(e ast.Expr, op token.Token) []ast.Expr {
	b, ok := ast.Unparen(e).(*ast.BinaryExpr)
	if !ok || b.Op != op {
		return []ast.Expr{e}
	}
	return append(flatten(b.X, op), flatten(b.Y, op)...)
}
