package vet

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// walk judges the body of one range over a map. Its turns may run in any order if
// what each leaves behind is the same whichever came before: writes of its own entry,
// sums, extrema, constants. What one turn writes no turn may read.
type walk struct {
	*unit
	loop  *ast.RangeStmt
	m     ast.Expr     // The map.
	key   types.Object // The variable that differs in each turn, nil if none does.
	elem  types.Object // The variable that holds the value, nil if there is none.
	fresh map[types.Object]bool

	writes    map[types.Object]string // How each outer variable or field is written.
	read      []reading
	collected []collection
	leaving   []string // What each early exit does, as text.
	lasting   bool     // Something outlives an early exit.

	why string
	at  ast.Node
}

// ownPlace is how a turn writes what no other turn writes, or what another turn
// would write alike: its entry, its element.
const ownPlace = "in its own place"

// reading is one use of a variable or field in the body.
type reading struct {
	obj types.Object
	at  ast.Node
	own bool // As part of the turn's own entry or element.
}

// collection is one append to an outer slice.
type collection struct {
	slice ast.Expr
	at    ast.Node
}

func newWalk(u *unit, r *ast.RangeStmt, m ast.Expr, keyed bool) *walk {
	w := &walk{unit: u, loop: r, m: m, writes: map[types.Object]string{}, fresh: map[types.Object]bool{}}
	if id, ok := r.Key.(*ast.Ident); ok && keyed && r.Tok == token.DEFINE {
		w.key = u.info.Defs[id]
	}
	value := r.Value
	if !keyed {
		value = r.Key
	}
	if id, ok := value.(*ast.Ident); ok && r.Tok == token.DEFINE {
		w.elem = u.info.Defs[id]
	}
	return w
}

// refuse keeps the first reason why the order matters.
func (w *walk) refuse(at ast.Node, format string, args ...any) {
	if w.why == "" {
		w.why, w.at = fmt.Sprintf(format, args...), at
	}
}

// body judges the whole loop.
func (w *walk) body() {
	if w.loop.Tok == token.ASSIGN && !(unseen(w.loop.Key) && unseen(w.loop.Value)) {
		w.refuse(w.loop, "leaves its last element in %s", types.ExprString(w.loop.Key))
		return
	}
	if w.key != nil && w.assignsKey() {
		w.key = nil
	}
	w.block(w.loop.Body.List, 0)
	for _, r := range w.read {
		if how, written := w.writes[r.obj]; written && !(r.own && how == ownPlace) {
			w.refuse(r.at, "reads %s, which another turn writes", r.obj.Name())
		}
	}
	for _, text := range w.leaving {
		if text != w.leaving[0] || w.lasting {
			w.refuse(w.loop.Body, "ends early in a state that depends on what it met first")
		}
	}
}

// assignsKey reports whether the body sets the range's own key variable.
func (w *walk) assignsKey() bool {
	id := &ast.Ident{Name: w.key.Name()}
	return assigns(w.loop.Body, id)
}

// block judges statements in sequence. depth counts the loops, switches and selects
// within the body that a plain break would end.
func (w *walk) block(list []ast.Stmt, depth int) {
	if n := len(list); n > 0 {
		if exit := w.exit(list[n-1], depth); exit != "" {
			// What is set to a constant right before leaving belongs to the exit.
			from := n - 1
			for from > 0 && w.constantly(list[from-1]) {
				from--
				w.setConstants(list[from].(*ast.AssignStmt))
				exit = w.text(list[from]) + "; " + exit
			}
			w.leaving = append(w.leaving, exit)
			list = list[:from]
		}
	}
	for _, s := range list {
		if w.why != "" {
			return
		}
		w.statement(s, depth)
	}
}

// exit returns the text of a statement that ends the walk, "" of others.
func (w *walk) exit(s ast.Stmt, depth int) string {
	switch s := s.(type) {
	case *ast.ReturnStmt:
		for _, r := range s.Results {
			if !w.same(r) {
				w.refuse(s, "returns the first element that it meets")
				return ""
			}
			w.reads(r)
		}
		return w.text(s)
	case *ast.BranchStmt:
		switch {
		case s.Tok == token.GOTO:
			w.refuse(s, "leaves by goto")
		case s.Label != nil && !w.within(s.Label), s.Label == nil && s.Tok == token.BREAK && depth == 0:
			return w.text(s)
		case s.Label != nil && s.Tok == token.BREAK && w.labelled(s.Label):
			return w.text(s)
		}
	case *ast.ExprStmt:
		call, ok := s.X.(*ast.CallExpr)
		if !ok || w.builtin(call) != "panic" {
			return ""
		}
		if !w.same(call.Args[0]) {
			w.refuse(s, "panics with the first element that it meets")
			return ""
		}
		return w.text(s)
	}
	return ""
}

// within reports whether a label stands on the loop itself or inside its body.
func (w *walk) within(label *ast.Ident) bool {
	obj := w.info.ObjectOf(label)
	return obj != nil && (w.inside(obj.Pos()) || w.labelled(label))
}

// labelled reports whether a label is that of the loop itself, which stands right
// before it.
func (w *walk) labelled(label *ast.Ident) bool {
	obj := w.info.ObjectOf(label)
	if obj == nil || obj.Pos() > w.loop.Pos() {
		return false
	}
	for c := range w.files[0].Inspector().Root().Preorder((*ast.LabeledStmt)(nil)) {
		if s := c.Node().(*ast.LabeledStmt); s.Label.Pos() == obj.Pos() {
			return s.Stmt == ast.Stmt(w.loop)
		}
	}
	return false
}

// text returns a statement as it is compared with others.
func (w *walk) text(s ast.Stmt) string {
	switch s := s.(type) {
	case *ast.ReturnStmt:
		return "return " + list(s.Results)
	case *ast.BranchStmt:
		if s.Label != nil {
			return s.Tok.String() + " " + s.Label.Name
		}
		return s.Tok.String()
	case *ast.AssignStmt:
		return list(s.Lhs) + " = " + list(s.Rhs)
	case *ast.ExprStmt:
		return types.ExprString(s.X)
	}
	return ""
}

// list joins expressions as they are written.
func list(es []ast.Expr) string {
	texts := make([]string, 0, len(es))
	for _, e := range es {
		texts = append(texts, types.ExprString(e))
	}
	return strings.Join(texts, ", ")
}

// inside reports whether a place lies in the loop, its variables included.
func (w *walk) inside(p token.Pos) bool { return w.loop.Pos() <= p && p < w.loop.End() }

// local reports whether a variable belongs to one turn.
func (w *walk) local(obj types.Object) bool {
	v, ok := obj.(*types.Var)
	return ok && !v.IsField() && w.inside(v.Pos())
}

// same reports whether an expression has the same value in every turn: it is pure
// and names nothing that belongs to one turn.
func (w *walk) same(e ast.Expr) bool {
	if !w.pure(e) {
		return false
	}
	steady := true
	ast.Inspect(e, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && w.local(w.info.ObjectOf(id)) {
			steady = false
		}
		return steady
	})
	return steady
}

// reads notes every variable and field that an expression reads, in the functions of
// this package that it calls too.
func (w *walk) reads(nodes ...ast.Node) {
	for _, n := range nodes {
		w.readsWithin(n, n, map[*types.Func]bool{})
	}
}

func (w *walk) readsWithin(n, at ast.Node, seen map[*types.Func]bool) {
	if n == nil {
		return
	}
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.KeyValueExpr:
			if id, ok := n.Key.(*ast.Ident); ok {
				if v, ok := w.info.Uses[id].(*types.Var); ok && v.IsField() {
					w.readsWithin(n.Value, at, seen)
					return false
				}
			}
		case *ast.IndexExpr:
			if w.ownEntry(n) {
				if v, ok := w.container(n.X).(*types.Var); ok {
					w.read = append(w.read, reading{v.Origin(), at, true})
				}
				return false
			}
		case *ast.SelectorExpr:
			if v, ok := w.info.Uses[n.Sel].(*types.Var); ok && w.ownElement(n) {
				w.read = append(w.read, reading{v.Origin(), at, true})
				return false
			}
		case *ast.Ident:
			switch obj := w.info.Uses[n].(type) {
			case *types.Var:
				w.read = append(w.read, reading{obj.Origin(), at, false})
			case *types.Func:
				if fn := w.funcs[obj.Origin()]; fn != nil && fn.Body != nil && !seen[obj.Origin()] {
					seen[obj.Origin()] = true
					w.readsWithin(fn.Body, at, seen)
				}
			}
		}
		return true
	})
}

// value judges expressions that are only computed.
func (w *walk) value(es ...ast.Expr) {
	for _, e := range es {
		if e == nil {
			continue
		}
		if bad := w.impure(e); bad != nil {
			w.refuse(bad, "%s in that order", w.act(bad))
			return
		}
		w.reads(e)
	}
}

// act names what an impure part of an expression does.
func (w *walk) act(n ast.Node) string {
	switch n := n.(type) {
	case *ast.CallExpr:
		return "calls " + types.ExprString(n.Fun)
	case *ast.FuncLit:
		return "makes a function that acts"
	}
	return "receives from a channel"
}

// noted records how a variable or field is written; two ways that do not commute
// are refused.
func (w *walk) noted(at ast.Node, obj types.Object, how string) {
	if v, ok := obj.(*types.Var); ok {
		obj = v.Origin()
	}
	if before, ok := w.writes[obj]; ok && before != how {
		w.refuse(at, "writes %s in two ways", obj.Name())
	}
	w.writes[obj] = how
	w.lasting = true
}
