package vet

import (
	"go/ast"
	"go/constant"
	"go/types"
	"strings"

	"golang.org/x/tools/go/ast/inspector"
)

const addressDoc = `refuse results that depend on where a value lies in memory

A replay allocates elsewhere. Addresses reach a result by unsafe and reflect, by the
verb %p, and by printing pointers, functions and channels.`

const (
	lies     = "where a value lies differs from run to run"
	byID     = lies + ", so a replay gets another number: give the value an id"
	printsIt = "prints an address, and " + lies + ": print an id or the value that it points to"
)

// checkAddresses reports what turns an address into a number or a text.
func checkAddresses(u *unit) {
	u.checkPackages(imports{{"unsafe", "an address may reach a result through it, and " + byID}})
	u.checkBans([]ban{
		{"reflect", "Value.Pointer Value.UnsafePointer Value.UnsafeAddr", false, "gives an address: " + byID},
	})
	u.each(func(c inspector.Cursor) { u.checkPrinted(c.Node().(*ast.CallExpr)) }, (*ast.CallExpr)(nil))
}

// printing are functions that format, with the index of the format, or of the
// first argument if they take none.
func printing(path, member string) (format int, formats, ok bool) {
	if path != "fmt" {
		return 0, false, false
	}
	switch member {
	case "Sprintf", "Errorf", "Printf":
		return 0, true, true
	case "Fprintf", "Appendf":
		return 1, true, true
	case "Sprint", "Sprintln", "Print", "Println":
		return 0, false, true
	case "Fprint", "Fprintln", "Append", "Appendln":
		return 1, false, true
	}
	return 0, false, false
}

// checkPrinted reports the arguments of a formatting call that come out as
// addresses.
func (u *unit) checkPrinted(call *ast.CallExpr) {
	path, member := u.callee(call)
	at, formats, ok := printing(path, member)
	if !ok || len(call.Args) <= at {
		return
	}
	args := call.Args[at:]
	var verbs []byte
	if formats {
		value := u.constant(args[0])
		if value == nil || value.Kind() != constant.String {
			return
		}
		verbs, args = verbsOf(constant.StringVal(value)), args[1:]
	}
	if call.Ellipsis.IsValid() {
		return
	}
	for i, arg := range args {
		verb := byte('v')
		if formats {
			if i >= len(verbs) {
				return
			}
			verb = verbs[i]
		}
		if verb == 'p' {
			u.report(arg, "the verb %%p %s", printsIt)
		} else if verb != 'T' && printsAddress(u.typeOf(arg), 0, false, nil) {
			u.report(arg, "%s of type %s %s", types.ExprString(arg), types.TypeString(u.typeOf(arg), types.RelativeTo(u.pass.Pkg)), printsIt)
		}
	}
}

// verbsOf returns the verbs of a format in the order of their arguments; a star
// counts as one. It gives up, with what it has, at an explicit index.
func verbsOf(format string) []byte {
	var verbs []byte
	for {
		i := strings.IndexByte(format, '%')
		if i < 0 {
			return verbs
		}
		format = format[i+1:]
		for format != "" && strings.IndexByte("+-# 0123456789.*", format[0]) >= 0 {
			if format[0] == '*' {
				verbs = append(verbs, '*')
			}
			format = format[1:]
		}
		if format == "" || format[0] == '[' {
			return verbs
		}
		if format[0] != '%' {
			verbs = append(verbs, format[0])
		}
		format = format[1:]
	}
}

// printsAddress reports whether package fmt shows an address in a value of the
// type: it follows a pointer to a composite only at the top, and calls the value's
// own method if it has one, unless it came there by a field that is not exported.
func printsAddress(t types.Type, depth int, hidden bool, seen []types.Type) bool {
	if t == nil || depth > 8 || !hidden && hasText(t) {
		return false
	}
	for _, s := range seen {
		if types.Identical(s, t) {
			return false
		}
	}
	seen = append(seen, t)
	switch u := t.Underlying().(type) {
	case *types.Pointer:
		switch u.Elem().Underlying().(type) {
		case *types.Struct, *types.Array, *types.Slice, *types.Map:
			return depth > 0 || printsAddress(u.Elem(), depth+1, hidden, seen)
		}
		return true
	case *types.Chan, *types.Signature:
		return true
	case *types.Basic:
		return u.Kind() == types.UnsafePointer
	case *types.Array:
		return printsAddress(u.Elem(), depth+1, hidden, seen)
	case *types.Slice:
		return printsAddress(u.Elem(), depth+1, hidden, seen)
	case *types.Map:
		return printsAddress(u.Key(), depth+1, hidden, seen) || printsAddress(u.Elem(), depth+1, hidden, seen)
	case *types.Struct:
		for f := range u.Fields() {
			if printsAddress(f.Type(), depth+1, hidden || !f.Exported(), seen) {
				return true
			}
		}
	}
	return false
}

// hasText reports whether a type says itself how it is printed.
func hasText(t types.Type) bool {
	methods := types.NewMethodSet(t)
	for _, name := range [...]string{"Error", "String", "Format", "GoString"} {
		if methods.Lookup(nil, name) != nil {
			return true
		}
	}
	return false
}
