package vet

import (
	"go/ast"
	"go/token"
	"go/types"
)

// statement judges one statement of the body of a walk.
func (w *walk) statement(s ast.Stmt, depth int) {
	switch s := s.(type) {
	case nil, *ast.EmptyStmt, *ast.BranchStmt:
		// Jumps out of the walk were judged as exits, goto refused.
	case *ast.BlockStmt:
		w.block(s.List, depth)
	case *ast.LabeledStmt:
		w.statement(s.Stmt, depth)
	case *ast.DeclStmt:
		w.declared(s)
	case *ast.AssignStmt:
		w.assign(s)
	case *ast.IncDecStmt:
		w.accumulate(s, s.X, token.ADD_ASSIGN, nil)
	case *ast.ExprStmt:
		w.call(s)
	case *ast.IfStmt:
		w.branch(s, depth)
	case *ast.ForStmt:
		w.statement(s.Init, depth)
		w.value(s.Cond)
		w.statement(s.Post, depth)
		w.block(s.Body.List, depth+1)
	case *ast.RangeStmt:
		w.inner(s, depth)
	case *ast.SwitchStmt:
		w.statement(s.Init, depth)
		w.value(s.Tag)
		w.clauses(s.Body, depth+1)
	case *ast.TypeSwitchStmt:
		w.statement(s.Init, depth)
		w.statement(s.Assign, depth)
		w.clauses(s.Body, depth+1)
	case *ast.DeferStmt:
		w.refuse(s, "defers calls in that order")
	case *ast.SendStmt:
		w.refuse(s, "sends in that order")
	case *ast.ReturnStmt:
		w.refuse(s, "returns early")
	default:
		w.refuse(s, "does more than compute")
	}
}

// declared judges variables declared in the body.
func (w *walk) declared(s *ast.DeclStmt) {
	gen, ok := s.Decl.(*ast.GenDecl)
	if !ok {
		return
	}
	for _, spec := range gen.Specs {
		value, ok := spec.(*ast.ValueSpec)
		if !ok {
			continue
		}
		w.value(value.Values...)
		for i, name := range value.Names {
			if len(value.Values) == 0 || len(value.Values) == len(value.Names) && w.makes(value.Values[i]) {
				w.fresh[w.info.Defs[name]] = true
			}
		}
	}
}

// clauses judges the cases of a switch.
func (w *walk) clauses(body *ast.BlockStmt, depth int) {
	for _, clause := range body.List {
		c := clause.(*ast.CaseClause)
		for _, e := range c.List {
			if !w.info.Types[e].IsType() {
				w.value(e)
			}
		}
		w.block(c.Body, depth)
	}
}

// inner judges a loop within the body.
func (w *walk) inner(s *ast.RangeStmt, depth int) {
	w.value(s.X)
	if isA[*types.Signature](w.typeOf(s.X)) && !w.knownSequence(s.X) {
		w.refuse(s, "calls an iterator in that order")
	}
	if s.Tok == token.ASSIGN {
		for _, e := range []ast.Expr{s.Key, s.Value} {
			if e != nil && !unseen(e) && w.target(e) != nil {
				w.refuse(s, "keeps what came last in %s", types.ExprString(e))
			}
		}
	}
	w.block(s.Body.List, depth+1)
}

// knownSequence reports whether an iterator is one of the standard library's, which
// only reads.
func (w *walk) knownSequence(x ast.Expr) bool {
	call, ok := ast.Unparen(x).(*ast.CallExpr)
	if !ok {
		return false
	}
	path, _ := w.callee(call)
	return hasWord("slices maps strings bytes", path)
}

// makes reports whether an expression makes something that nobody else has.
func (w *walk) makes(e ast.Expr) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.CompositeLit:
		return true
	case *ast.UnaryExpr:
		_, lit := ast.Unparen(e.X).(*ast.CompositeLit)
		return e.Op == token.AND && lit
	case *ast.CallExpr:
		if w.builtin(e) == "append" || w.converts(e) {
			return w.makes(e.Args[0])
		}
		return hasWord("make new", w.builtin(e)) || w.calls(e, "slices", "Clone Sorted Collect") || w.calls(e, "maps", "Clone Collect")
	case *ast.Ident:
		return e.Name == "nil"
	}
	return false
}

// target returns what an assignment to an expression writes: the variable, or the
// field or container that it is part of; nil for what belongs to one turn.
func (w *walk) target(e ast.Expr) types.Object {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		obj := w.info.ObjectOf(e)
		if e.Name == "_" || w.local(obj) {
			return nil
		}
		return obj
	case *ast.SelectorExpr:
		if w.info.Selections[e] == nil { // A package's variable.
			return w.info.ObjectOf(e.Sel)
		}
		if w.ownValue(e.X) {
			return nil
		}
		return w.info.ObjectOf(e.Sel)
	case *ast.IndexExpr:
		if w.ownValue(e.X) {
			return nil
		}
		return w.container(e.X)
	case *ast.StarExpr:
		if w.ownValue(e.X) {
			return nil
		}
		return w.container(e.X)
	}
	return w.unknown(e)
}

// unknown stands for a target that has no name; it conflicts with itself alone.
func (w *walk) unknown(e ast.Expr) types.Object {
	return types.NewVar(e.Pos(), w.pass.Pkg, types.ExprString(e), types.Typ[types.Invalid])
}

// container returns the variable or field that holds what is indexed.
func (w *walk) container(e ast.Expr) types.Object {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident, *ast.SelectorExpr:
		if obj := w.object(e); obj != nil {
			return obj
		}
	case *ast.IndexExpr:
		return w.container(e.X)
	case *ast.StarExpr:
		return w.container(e.X)
	}
	return w.unknown(e)
}

// ownValue reports whether an expression is a part of a value that belongs to one
// turn: reached from a variable of the turn without a pointer, a slice or a map in
// between, or by one that the turn itself has made.
func (w *walk) ownValue(e ast.Expr) bool {
	e = ast.Unparen(e)
	shared := shares(w.typeOf(e)) || isA[*types.Pointer](w.typeOf(e))
	switch x := e.(type) {
	case *ast.Ident:
		obj := w.info.ObjectOf(x)
		return w.local(obj) && (!shared || w.fresh[obj])
	case *ast.SelectorExpr:
		return !shared && w.info.Selections[x] != nil && w.ownValue(x.X)
	case *ast.IndexExpr:
		return !shared && w.ownValue(x.X)
	}
	return false
}

// ownEntry reports whether an expression is an entry that no other turn writes: a
// map or slice indexed by the range's key.
func (w *walk) ownEntry(e ast.Expr) bool {
	index, ok := ast.Unparen(e).(*ast.IndexExpr)
	if !ok || w.key == nil {
		return false
	}
	id, ok := ast.Unparen(index.Index).(*ast.Ident)
	return ok && w.info.ObjectOf(id) == w.key && steady(index.X) && !w.local(w.rootOf(index.X))
}

// ownElement reports whether an expression is a field of what the range's value
// points to.
func (w *walk) ownElement(e ast.Expr) bool {
	sel, ok := ast.Unparen(e).(*ast.SelectorExpr)
	if !ok || w.elem == nil || !steady(sel) || w.rootOf(sel) != w.elem {
		return false
	}
	// The way may lead through one pointer, the element's own.
	for x := ast.Unparen(sel.X); ; {
		inner, ok := x.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if isA[*types.Pointer](w.typeOf(inner)) {
			return false
		}
		x = ast.Unparen(inner.X)
	}
}

// mentions reports whether an expression, which may be nil, names an object.
func (w *walk) mentions(e ast.Expr, obj types.Object) bool {
	if e == nil || obj == nil {
		return false
	}
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && w.info.ObjectOf(id) == obj {
			found = true
		}
		return !found
	})
	return found
}

// rootOf returns the variable that a path of fields starts with.
func (w *walk) rootOf(e ast.Expr) types.Object {
	switch e := ast.Unparen(e).(type) {
	case *ast.SelectorExpr:
		return w.rootOf(e.X)
	case *ast.Ident:
		return w.info.ObjectOf(e)
	}
	return nil
}

// assign judges an assignment.
func (w *walk) assign(s *ast.AssignStmt) {
	if s.Tok != token.ASSIGN && s.Tok != token.DEFINE {
		w.accumulate(s, s.Lhs[0], s.Tok, s.Rhs[0])
		return
	}
	if len(s.Lhs) != len(s.Rhs) {
		w.value(s.Rhs...)
		for _, lhs := range s.Lhs {
			if w.target(lhs) != nil {
				w.refuse(s, "keeps what came last in %s", types.ExprString(lhs))
			}
		}
		return
	}
	for i, lhs := range s.Lhs {
		if obj := w.target(lhs); obj != nil {
			w.set(s, lhs, obj, s.Rhs[i])
			continue
		}
		w.value(s.Rhs[i])
		w.path(lhs)
		if id, ok := lhs.(*ast.Ident); ok {
			obj := w.info.ObjectOf(id)
			w.fresh[obj] = w.makes(s.Rhs[i]) && s.Tok == token.DEFINE || w.fresh[obj] && (w.makes(s.Rhs[i]) || w.grows(id, s.Rhs[i]))
		}
	}
}

// grows reports whether an expression is append(x, …) of the variable x itself.
func (w *walk) grows(x *ast.Ident, e ast.Expr) bool {
	call, ok := ast.Unparen(e).(*ast.CallExpr)
	return ok && w.builtin(call) == "append" && same(call.Args[0], x)
}

// path notes what the way to an assigned element reads.
func (w *walk) path(lhs ast.Expr) {
	switch e := ast.Unparen(lhs).(type) {
	case *ast.IndexExpr:
		w.value(e.Index)
		w.path(e.X)
	case *ast.SelectorExpr:
		if w.info.Selections[e] != nil {
			w.base(e.X)
		}
	case *ast.StarExpr:
		w.base(e.X)
	case *ast.Ident:
	default:
		w.value(lhs)
	}
}

// base notes the reading of what a field is selected from.
func (w *walk) base(e ast.Expr) {
	if id, ok := ast.Unparen(e).(*ast.Ident); ok && w.local(w.info.ObjectOf(id)) {
		return
	}
	w.value(e)
}

// set judges an assignment to something that outlives the turn.
func (w *walk) set(at ast.Stmt, lhs ast.Expr, obj types.Object, rhs ast.Expr) {
	w.path(lhs)
	if w.ownEntry(lhs) {
		if bad := w.impure(rhs); bad != nil {
			w.refuse(bad, "%s in that order", w.act(bad))
			return
		}
		w.reads(rhs)
		w.noted(at, obj, ownPlace)
		return
	}
	if w.ownElement(lhs) && !w.mentions(rhs, w.key) {
		// Two keys may hold the same element: what does not depend on the key is then
		// done to it twice, in either order.
		w.value(rhs)
		w.noted(at, obj, ownPlace)
		return
	}
	if w.walkedEntry(lhs) {
		w.refuse(at, "sets entries of the map itself, which the walk may meet or not")
		return
	}
	if op, term := w.folds(lhs, rhs); op != token.ILLEGAL {
		w.accumulate(at, lhs, op, term)
		return
	}
	if call, ok := ast.Unparen(rhs).(*ast.CallExpr); ok && same(firstOf(call), lhs) {
		w.setByCall(at, lhs, obj, call)
		return
	}
	if !w.same(rhs) {
		w.refuse(at, "keeps what came last in %s", types.ExprString(lhs))
		return
	}
	w.reads(rhs)
	w.noted(at, obj, "= "+types.ExprString(rhs))
}

// walkedEntry reports whether an expression is an entry of the walked map.
func (w *walk) walkedEntry(e ast.Expr) bool {
	index, ok := ast.Unparen(e).(*ast.IndexExpr)
	return ok && same(index.X, w.m)
}

// firstOf returns a call's first argument, nil if it has none.
func firstOf(call *ast.CallExpr) ast.Expr {
	if len(call.Args) == 0 {
		return nil
	}
	return call.Args[0]
}

// setByCall judges x = append(x, …), x = max(x, …) and x = min(x, …).
func (w *walk) setByCall(at ast.Stmt, lhs ast.Expr, obj types.Object, call *ast.CallExpr) {
	w.value(call.Args[1:]...)
	switch name := w.builtin(call); name {
	case "max", "min":
		w.noted(at, obj, name)
	case "append":
		if !steady(lhs) {
			w.refuse(at, "appends to %s in that order", types.ExprString(lhs))
			return
		}
		w.noted(at, obj, "append")
		w.collected = append(w.collected, collection{lhs, at})
	default:
		w.refuse(at, "keeps what came last in %s", types.ExprString(lhs))
	}
}

// folds recognises x = x op y and x = y op x, and returns the assignment that it
// is; && and || count as & and |.
func (w *walk) folds(lhs, rhs ast.Expr) (token.Token, ast.Expr) {
	b, ok := ast.Unparen(rhs).(*ast.BinaryExpr)
	if !ok {
		return token.ILLEGAL, nil
	}
	var op token.Token
	switch b.Op {
	case token.ADD:
		op = token.ADD_ASSIGN
	case token.MUL:
		op = token.MUL_ASSIGN
	case token.OR, token.LOR:
		op = token.OR_ASSIGN
	case token.AND, token.LAND:
		op = token.AND_ASSIGN
	case token.XOR:
		op = token.XOR_ASSIGN
	case token.SUB:
		op = token.SUB_ASSIGN
	default:
		return token.ILLEGAL, nil
	}
	switch {
	case same(b.X, lhs):
		return op, b.Y
	case same(b.Y, lhs) && op != token.SUB_ASSIGN && isNumber(w.typeOf(lhs), types.IsInteger|types.IsBoolean):
		return op, b.X
	}
	return token.ILLEGAL, nil
}

// accumulate judges x op= term; a term of nil is 1.
func (w *walk) accumulate(at ast.Stmt, x ast.Expr, op token.Token, term ast.Expr) {
	obj := w.target(x)
	w.path(x)
	if term != nil {
		w.value(term)
	}
	if obj == nil {
		return
	}
	if w.ownEntry(x) || w.ownElement(x) && !w.mentions(term, w.key) {
		w.noted(at, obj, ownPlace)
		return
	}
	if w.walkedEntry(x) {
		w.refuse(at, "sets entries of the map itself, which the walk may meet or not")
		return
	}
	t := w.typeOf(x)
	name := types.ExprString(x)
	switch {
	case isNumber(t, types.IsString):
		w.refuse(at, "joins strings to %s in that order", name)
		return
	case isNumber(t, types.IsFloat|types.IsComplex):
		w.refuse(at, "adds floats up in %s, whose rounding depends on the order", name)
		return
	}
	switch op {
	case token.ADD_ASSIGN, token.SUB_ASSIGN:
		w.noted(at, obj, "sum")
	case token.AND_ASSIGN, token.AND_NOT_ASSIGN:
		w.noted(at, obj, "and")
	case token.OR_ASSIGN, token.XOR_ASSIGN, token.MUL_ASSIGN:
		w.noted(at, obj, op.String())
	default:
		w.refuse(at, "changes %s by %s, whose result depends on the order", name, op)
	}
}

// constantly reports whether a statement sets outer variables to what is the same in
// every turn.
func (w *walk) constantly(s ast.Stmt) bool {
	assign, ok := s.(*ast.AssignStmt)
	if !ok || assign.Tok != token.ASSIGN || len(assign.Lhs) != len(assign.Rhs) {
		return false
	}
	for i, lhs := range assign.Lhs {
		if !steady(lhs) || w.target(lhs) == nil || w.local(w.rootOf(lhs)) || !w.same(assign.Rhs[i]) {
			return false
		}
	}
	return true
}

// setConstants notes what an early exit sets, which no turn may read.
func (w *walk) setConstants(s *ast.AssignStmt) {
	for i, lhs := range s.Lhs {
		obj := w.target(lhs)
		if v, ok := obj.(*types.Var); ok {
			obj = v.Origin()
		}
		if _, ok := w.writes[obj]; ok {
			w.lasting = true
		}
		w.reads(s.Rhs[i])
		if _, ok := w.writes[obj]; !ok {
			w.writes[obj] = "before leaving"
		}
	}
}

// call judges a statement that is a call.
func (w *walk) call(s *ast.ExprStmt) {
	call, ok := ast.Unparen(s.X).(*ast.CallExpr)
	if !ok {
		w.value(s.X)
		return
	}
	switch w.builtin(call) {
	case "delete":
		w.deleted(s, call)
		return
	case "panic": // Not the last of its block.
		w.refuse(s, "panics with the first element that it meets")
		return
	}
	if slice, ok := w.sortedBy(call); ok {
		// Each turn sorts a slice of its own, or the same one again.
		w.value(slice)
		return
	}
	w.value(call)
}

// deleted judges delete(m, k).
func (w *walk) deleted(s ast.Stmt, call *ast.CallExpr) {
	m, k := call.Args[0], call.Args[1]
	w.value(k)
	if w.ownValue(m) {
		return
	}
	own := false
	if id, ok := ast.Unparen(k).(*ast.Ident); ok {
		own = w.key != nil && w.info.ObjectOf(id) == w.key
	}
	if same(m, w.m) && !own {
		w.refuse(s, "deletes other entries of the map itself, which the walk then meets or not")
		return
	}
	if own {
		w.noted(s, w.container(m), ownPlace)
		return
	}
	w.noted(s, w.container(m), "delete")
}

// branch judges an if.
func (w *walk) branch(s *ast.IfStmt, depth int) {
	if s.Init != nil {
		w.statement(s.Init, depth)
	}
	if w.extremum(s) {
		return
	}
	w.value(s.Cond)
	w.block(s.Body.List, depth)
	if s.Else != nil {
		w.statement(s.Else, depth)
	}
}
