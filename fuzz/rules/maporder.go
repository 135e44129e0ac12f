package rules

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

const mapAdvice = "iterate ordered.Keys or ordered.Map"

// checkMapOrder reports a range over a map unless its body provably does the
// same in every order, and the sequences of package maps unless sorted at once.
func (w *walker) checkMapOrder(n ast.Node) {
	if w.mayWalkMaps() {
		return
	}
	switch n := n.(type) {
	case *ast.RangeStmt:
		if isMap(w.typeOf(n.X)) && !w.orderFree(n) {
			w.report(n, "map", "range over a map: %s", mapAdvice)
		}
	case *ast.SelectorExpr:
		path, name, ok := w.qualified(n)
		if !ok || path != "maps" {
			return
		}
		if hasWord("Keys Values All", name) && !w.sortedAtOnce() {
			w.report(n, "map", "maps.%s walks a map in random order: %s, or wrap it in slices.Sorted", name, mapAdvice)
		}
		if name == "DeleteFunc" {
			w.report(n, "map", "maps.DeleteFunc calls its function in random order: %s", mapAdvice)
		}
	}
}

// mayWalkMaps reports whether the current node is in a function whose business
// it is to put a map in order: all of core/ordered, the map codec of core/wire.
func (w *walker) mayWalkMaps() bool {
	fn := w.function()
	switch {
	case fn == nil:
		return false
	case w.unit.Path == "core/ordered":
		return true
	case w.unit.Path == "core/wire":
		return strings.HasSuffix(fn.Name.Name, "Map")
	}
	return false
}

// sortedAtOnce reports whether the current node is the function of a call that
// is itself an argument of slices.Sorted, SortedFunc or SortedStableFunc.
func (w *walker) sortedAtOnce() bool {
	call, ok := w.parent(0).(*ast.CallExpr)
	if !ok {
		return false
	}
	outer, ok := w.parent(1).(*ast.CallExpr)
	if !ok || outer.Fun == ast.Expr(call) {
		return false
	}
	path, name, ok := w.qualified(outer.Fun)
	return ok && path == "slices" && strings.HasPrefix(name, "Sorted")
}

// isMap reports whether a type, which may be nil, is a map.
func isMap(t types.Type) bool {
	if t == nil {
		return false
	}
	_, ok := t.Underlying().(*types.Map)
	return ok
}

// orderFree reports whether a range over a map has one of the four forms whose
// result does not depend on the order: it sees neither key nor value, it only
// deletes, it only adds up integers, or it collects the keys and the next
// statement sorts them.
func (w *walker) orderFree(r *ast.RangeStmt) bool {
	if unseen(r.Key) && unseen(r.Value) {
		return true
	}
	if len(r.Body.List) != 1 {
		return false
	}
	only := r.Body.List[0]
	if branch, ok := only.(*ast.IfStmt); ok {
		if branch.Init != nil || branch.Else != nil || !pure(branch.Cond) || len(branch.Body.List) != 1 {
			return false
		}
		only = branch.Body.List[0]
		if readsWritten(branch.Cond, only, r) {
			return false
		}
	}
	if w.deletesKey(r, only) || w.addsUp(only) {
		return true
	}
	collected := w.collectsKey(r, only)
	return collected != "" && w.sorts(w.statementAfter(r), collected)
}

// unseen reports whether a range variable is left out.
func unseen(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	return e == nil || ok && id.Name == "_"
}

// pure reports whether an expression has no call in it, so that evaluating it
// changes nothing.
func pure(e ast.Expr) bool {
	clean := true
	ast.Inspect(e, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.CallExpr, *ast.FuncLit:
			clean = false
		}
		return clean
	})
	return clean
}

// deletesKey reports whether a statement is delete(m, k) of the range's own map
// and key.
func (w *walker) deletesKey(r *ast.RangeStmt, s ast.Stmt) bool {
	expr, ok := s.(*ast.ExprStmt)
	if !ok {
		return false
	}
	call, ok := expr.X.(*ast.CallExpr)
	return ok && w.builtin(call) == "delete" && len(call.Args) == 2 && pure(r.X) &&
		same(call.Args[0], r.X) && same(call.Args[1], r.Key)
}

// readsWritten reports whether the condition of a loop's only statement reads
// what that statement changes, so that an earlier turn decides a later one.
func readsWritten(cond ast.Expr, s ast.Stmt, r *ast.RangeStmt) bool {
	switch s := s.(type) {
	case *ast.AssignStmt:
		return reads(cond, s.Lhs[0])
	case *ast.IncDecStmt:
		return reads(cond, s.X)
	}
	return reads(cond, r.X)
}

// addsUp reports whether a statement is n++ or n += e (or -=, |=, &=, ^=) of an
// integer, which may be done in any order, and e neither calls anything but len
// nor reads n.
func (w *walker) addsUp(s ast.Stmt) bool {
	switch s := s.(type) {
	case *ast.IncDecStmt:
		return pure(s.X) && isNumber(w.typeOf(s.X), types.IsInteger)
	case *ast.AssignStmt:
		switch s.Tok {
		case token.ADD_ASSIGN, token.SUB_ASSIGN, token.OR_ASSIGN, token.AND_ASSIGN, token.XOR_ASSIGN:
		default:
			return false
		}
		sum, term := s.Lhs[0], ast.Unparen(s.Rhs[0])
		if !pure(sum) || !isNumber(w.typeOf(sum), types.IsInteger) || reads(term, sum) {
			return false
		}
		if call, ok := term.(*ast.CallExpr); ok && w.builtin(call) == "len" {
			term = call.Args[0]
		}
		return pure(term)
	}
	return false
}

// reads reports whether an expression contains another, as written.
func reads(e, part ast.Expr) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		if sub, ok := n.(ast.Expr); ok && same(sub, part) {
			found = true
		}
		return !found
	})
	return found
}

// collectsKey returns the slice s, as written, if a statement is
// s = append(s, k) of the range's key; else "".
func (w *walker) collectsKey(r *ast.RangeStmt, s ast.Stmt) string {
	assign, ok := s.(*ast.AssignStmt)
	if !ok || assign.Tok != token.ASSIGN || len(assign.Lhs) != 1 || len(assign.Rhs) != 1 {
		return ""
	}
	call, ok := assign.Rhs[0].(*ast.CallExpr)
	if !ok || w.builtin(call) != "append" || len(call.Args) != 2 || call.Ellipsis.IsValid() {
		return ""
	}
	if !same(call.Args[0], assign.Lhs[0]) || !same(call.Args[1], r.Key) || !pure(assign.Lhs[0]) {
		return ""
	}
	return types.ExprString(assign.Lhs[0])
}

// same reports whether two expressions are written alike.
func same(a, b ast.Expr) bool {
	return a != nil && b != nil && types.ExprString(ast.Unparen(a)) == types.ExprString(ast.Unparen(b))
}

// statementAfter returns the statement that follows the current one in its
// block, nil if it is the last.
func (w *walker) statementAfter(s ast.Stmt) ast.Stmt {
	var block []ast.Stmt
	switch p := w.parent(0).(type) {
	case *ast.BlockStmt:
		block = p.List
	case *ast.CaseClause:
		block = p.Body
	}
	for i, other := range block {
		if other == s && i+1 < len(block) {
			return block[i+1]
		}
	}
	return nil
}

// sorts reports whether a statement calls a sorting function of slices or sort
// with the slice as first argument, directly or converted.
func (w *walker) sorts(s ast.Stmt, slice string) bool {
	expr, ok := s.(*ast.ExprStmt)
	if !ok {
		return false
	}
	call, ok := expr.X.(*ast.CallExpr)
	if !ok || len(call.Args) == 0 {
		return false
	}
	path, name, ok := w.qualified(call.Fun)
	sorting := path == "slices" && strings.HasPrefix(name, "Sort") ||
		path == "sort" && hasWord("Sort Stable Slice SliceStable Strings Ints Float64s", name)
	if !ok || !sorting {
		return false
	}
	arg := ast.Unparen(call.Args[0])
	if conv, ok := arg.(*ast.CallExpr); ok && len(conv.Args) == 1 {
		arg = conv.Args[0]
	}
	return types.ExprString(arg) == slice
}
