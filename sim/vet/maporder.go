package vet

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ast/inspector"
)

const mapOrderDoc = `refuse walks over maps whose result depends on the order

A map is walked in another order each time, in a replay too. A walk may count, add up
integers, find an extremum, fill a map or a set, delete, or collect what is sorted by
a total order before it is used. It may not call what may do more than compute, send,
return early with what it met, keep the last element, add up floats or join strings.
Otherwise walk slices.Sorted(maps.Keys(m)), or keep the state in a slice or in
core/ordered's Map.`

const mapAdvice = "a replay walks it in another order; walk slices.Sorted(maps.Keys(m)) or ordered.Keys(m), " +
	"or keep the elements in an ordered.Map"

// checkMapOrder reports walks over maps, direct or by the sequences of package
// maps, unless their result is the same in every order.
func checkMapOrder(u *unit) {
	u.each(func(c inspector.Cursor) {
		r := c.Node().(*ast.RangeStmt)
		if walked, keyed := u.walked(r.X); walked != nil {
			u.checkWalk(c, walked, keyed)
		}
	}, (*ast.RangeStmt)(nil))
	u.each(u.checkSequence, (*ast.Ident)(nil))
	u.checkBans([]ban{
		{"reflect", "Value.MapRange Value.MapKeys Value.Seq Value.Seq2", false,
			"walks a map in random order: a replay walks it in another one; walk it by type, or sort the keys in a function that knows their type"},
		{"encoding/gob", "NewEncoder", false,
			"makes an encoder that writes maps in random order: a replay writes other bytes; use core/wire, or encoding/json, which sorts the keys"},
	})
}

// walked returns the map that a range walks, nil if it walks none, and whether the
// first variable is its key.
func (u *unit) walked(x ast.Expr) (m ast.Expr, keyed bool) {
	if isA[*types.Map](u.typeOf(x)) {
		return x, true
	}
	call, ok := ast.Unparen(x).(*ast.CallExpr)
	if !ok || len(call.Args) != 1 {
		return nil, false
	}
	switch path, member := u.callee(call); {
	case path != "maps":
		return nil, false
	case member == "All" || member == "Keys":
		return call.Args[0], true
	case member == "Values":
		return call.Args[0], false
	}
	return nil, false
}

// checkWalk reports one range over a map.
func (u *unit) checkWalk(c inspector.Cursor, m ast.Expr, keyed bool) {
	r := c.Node().(*ast.RangeStmt)
	if r.Key != nil && unseen(r.Key) && unseen(r.Value) || r.Key == nil {
		return // Every turn is the same.
	}
	w := newWalk(u, r, m, keyed)
	w.body()
	for _, a := range w.collected {
		if w.why == "" && !u.sortedAfter(c, a.slice) {
			w.refuse(a.at, "collects into %s, which is not sorted by a total order before its next use", types.ExprString(a.slice))
		}
	}
	if w.why == "" {
		return
	}
	advice := mapAdvice
	if isA[*types.Map](u.typeOf(m)) && unsortable(mapOf(u.typeOf(m)).Key()) {
		advice = "a replay walks it in another order, and pointers have none that a replay repeats; key the map by an id, or use an ordered.Map"
	}
	at := u.pass.Fset.Position(w.at.Pos())
	u.report(ast.Node(header{r}), "range over the map %s, whose order is random, %s (line %d): %s",
		types.ExprString(m), w.why, at.Line, advice)
}

// header is the part of a range statement before its body, as a place to report.
type header struct{ *ast.RangeStmt }

func (h header) End() token.Pos { return h.X.End() }

// mapOf returns the map that a type is or may stand for.
func mapOf(t types.Type) *types.Map {
	var found *types.Map
	anyUnder(t, func(t types.Type) bool {
		m, ok := t.(*types.Map)
		if ok {
			found = m
		}
		return ok
	})
	return found
}

// unsortable reports whether keys of a type have no order of their own.
func unsortable(t types.Type) bool {
	switch t.Underlying().(type) {
	case *types.Pointer, *types.Chan:
		return true
	}
	return false
}

// unseen reports whether a range variable is left out.
func unseen(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	return e == nil || ok && id.Name == "_"
}

// checkSequence reports the use of a sequence of package maps unless what takes it
// puts it in order or does not care, and functions of that package that call back in
// random order.
func (u *unit) checkSequence(c inspector.Cursor) {
	obj := u.info.Uses[c.Node().(*ast.Ident)]
	if pathOf(obj) != "maps" {
		return
	}
	member := memberOf(obj)
	at := useOf(c)
	if at != c.Node() {
		c = c.Parent()
	}
	for isIndex(c.Parent().Node()) { // maps.Keys[map[int]int]
		c = c.Parent()
	}
	switch call, called := c.Parent().Node().(*ast.CallExpr); {
	case hasWord("Keys Values All", member):
		if !called || call.Fun != c.Node() || !u.orderedAtOnce(c.Parent(), member) {
			u.report(at, "maps.%s walks a map in random order: %s", member, mapAdvice)
		}
	case hasWord("DeleteFunc EqualFunc", member):
		if !called || call.Fun != c.Node() || !u.pureFunc(call.Args[len(call.Args)-1]) {
			u.report(at, "maps.%s calls its function in random order, and the function may do more than compute: %s", member, mapAdvice)
		}
	}
}

func isIndex(n ast.Node) bool {
	switch n.(type) {
	case *ast.IndexExpr, *ast.IndexListExpr:
		return true
	}
	return false
}

// orderedAtOnce reports whether the sequence at the cursor, a call of maps.Keys,
// Values or All, is ranged over (which is judged as a range), sorted, made into a
// map again, counted, or collected into what is sorted next.
func (u *unit) orderedAtOnce(c inspector.Cursor, member string) bool {
	if r, ok := c.Parent().Node().(*ast.RangeStmt); ok {
		return r.X == c.Node()
	}
	call, ok := c.Parent().Node().(*ast.CallExpr)
	if !ok || call.Fun == c.Node() {
		return false
	}
	switch path, name := u.callee(call); {
	case path == "slices" && name == "Sorted":
		return true
	case path == "slices" && hasWord("SortedFunc SortedStableFunc", name):
		return u.total(call.Args[1], elementOf(u.typeOf(call)))
	case path == "maps" && hasWord("Collect Insert", name):
		return member == "All"
	case path == "slices" && hasWord("Collect AppendSeq", name):
		return u.collectedInOrder(c.Parent())
	}
	return false
}

// collectedInOrder reports whether the slice that a call at the cursor returns goes
// into a variable that is sorted before it is used, or is only counted.
func (u *unit) collectedInOrder(c inspector.Cursor) bool {
	switch p := c.Parent().Node().(type) {
	case *ast.CallExpr:
		return u.builtin(p) == "len" || u.calls(p, "slices", "Max Min")
	case *ast.AssignStmt:
		return len(p.Lhs) == 1 && u.sortedAfter(c.Parent(), p.Lhs[0])
	}
	return false
}

// elementOf returns the element type of a slice type, nil of others.
func elementOf(t types.Type) types.Type {
	var found types.Type
	anyUnder(t, func(t types.Type) bool {
		s, ok := t.(*types.Slice)
		if ok {
			found = s.Elem()
		}
		return ok
	})
	return found
}
