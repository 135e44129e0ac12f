package vet

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/ast/inspector"
)

// ban forbids members of one package: those listed, or all but those listed. A
// method is listed as Type.Method.
type ban struct {
	path   string
	names  string // Space-separated.
	allBut bool   // Methods are not meant then.
	text   string // What it does, why that breaks a replay, what to write instead.
}

// checkBans reports each use of a banned name: called, passed on as a value, dot
// imported, promoted by embedding or reached through an alias alike, since what
// counts is the object that a name stands for.
func (u *unit) checkBans(bans []ban) {
	u.each(func(c inspector.Cursor) {
		id := c.Node().(*ast.Ident)
		obj := u.info.Uses[id]
		if obj == nil || obj.Pkg() == nil || obj.Pkg() == u.pass.Pkg {
			return
		}
		for _, b := range bans {
			if b.path == pathOf(obj) && b.covers(obj) {
				u.report(useOf(c), "%s.%s %s", obj.Pkg().Name(), memberOf(obj), b.text)
				return
			}
		}
	}, (*ast.Ident)(nil))
}

// covers reports whether the ban forbids an object of its package.
func (b ban) covers(obj types.Object) bool {
	member := memberOf(obj)
	if member == "" || !obj.Exported() {
		return false
	}
	if !b.allBut {
		return hasWord(b.names, member)
	}
	fn, ok := obj.(*types.Func)
	return !(ok && fn.Signature().Recv() != nil) && !hasWord(b.names, member)
}

// useOf returns the selector that an identifier ends, or the identifier alone.
func useOf(c inspector.Cursor) ast.Node {
	if sel, ok := c.Parent().Node().(*ast.SelectorExpr); ok && sel.Sel == c.Node() {
		return sel
	}
	return c.Node()
}
