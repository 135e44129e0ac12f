package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// target is one file whose guarding branches are deleted, one at a time.
type target struct {
	file string // relative to the module
	skip string // functions that are left out, space-separated
}

// targets are the handlers of the conversations start and login.
var targets = [...]target{
	{"core/manager/start.go", ""},
	{"core/gate/start.go", ""},
	{"core/gate/session.go", ""},
	{"core/gate/login.go", ""},
	{"core/game/start.go", ""},
	{"core/game/login.go", ""},
	{"core/game/save.go", ""},
	{"core/dbm/dbm.go", ""},
	{"core/dbm/save.go", ""},
	{"core/dbm/store.go", ""},
	{"core/node/handshake.go", ""},
	{"core/node/link.go", "grow"}, // how a buffer grows is no matter of a conversation
	{"core/node/sessions.go", ""},
}

// alwaysSkipped are functions of no conversation: what reads and writes state, what shows it.
const alwaysSkipped = "State Code Inspect HolderOf"

// stateTags are the last names of tags whose cases are checks of a state; the
// cases of any other tag tell messages apart, and are no guards.
const stateTags = "state was"

// guard is one branch that can be deleted.
type guard struct {
	Number int
	File   string
	Line   int
	Func   string
	Kind   string // "if" or "case"
	Text   string // the condition, on one line
	Same   int    // how many guards of the function with the same text come before
}

// name is how the list of allowed survivors calls the guard: lines move, this does not.
func (g *guard) name() string {
	name := g.File + " " + g.Func + ": " + g.Text
	if g.Same > 0 {
		name += fmt.Sprintf(" (%d)", g.Same+1)
	}
	return name
}

// insertion is text that a mutated file has at a place of the original.
type insertion struct {
	at, until int // the original's bytes from at up to until are left out
	text      string
}

// finder collects the guards of one file, and what makes them deletable.
type finder struct {
	target
	fset       *token.FileSet
	source     []byte
	next       int // the number of the next guard
	guards     []guard
	insertions []insertion
	function   string
}

// findGuards reads one file. It returns its guards, numbered from first on, and
// the source in which each of them asks whether it stands.
func findGuards(root string, t target, first int) ([]guard, []byte, error) {
	source, err := os.ReadFile(filepath.Join(root, t.file))
	if err != nil {
		return nil, nil, err
	}
	return guardsOf(t, source, first)
}

func guardsOf(t target, source []byte, first int) ([]guard, []byte, error) {
	f := &finder{target: t, fset: token.NewFileSet(), source: source, next: first}
	file, err := parser.ParseFile(f.fset, t.file, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, nil, err
	}
	f.insert(file.Name.End(), file.Name.End(), `; import guards "messiah/core/planted"`)
	skipped := strings.Fields(t.skip + " " + alwaysSkipped)
	for _, decl := range file.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok || fn.Body == nil || slices.Contains(skipped, fn.Name.Name) {
			continue
		}
		f.function = fn.Name.Name
		ast.Inspect(fn.Body, f.visit)
	}
	return f.guards, f.mutable(), nil
}

func (f *finder) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.IfStmt:
		if !f.plants(n.Cond) && !onlyTells(n.Body) {
			f.stand(n.Cond, f.add("if", n.Cond.Pos(), n.Cond.End()))
		}
	case *ast.SwitchStmt:
		f.cases(n)
	}
	return true
}

// plants tells whether a condition is that of a planted bug alone.
func (f *finder) plants(cond ast.Expr) bool {
	text := f.text(cond.Pos(), cond.End())
	return strings.HasPrefix(text, "planted.On(") || strings.HasPrefix(text, "!planted.On(")
}

// onlyTells tells whether a branch does nothing but mark or log that it was taken.
func onlyTells(body *ast.BlockStmt) bool {
	for _, one := range body.List {
		stmt, ok := one.(*ast.ExprStmt)
		if !ok {
			return false
		}
		call, ok := stmt.X.(*ast.CallExpr)
		if !ok {
			return false
		}
		sel, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || sel.Sel.Name != "Mark" && sel.Sel.Name != "Log" && sel.Sel.Name != "log" {
			return false
		}
	}
	return len(body.List) > 0
}

// cases makes the clauses of a switch deletable: those without a tag, and those on a state.
func (f *finder) cases(n *ast.SwitchStmt) {
	tag := ""
	if n.Tag != nil {
		tag = f.text(n.Tag.Pos(), n.Tag.End())
		last := tag[strings.LastIndexByte(tag, '.')+1:]
		if !slices.Contains(strings.Fields(stateTags), last) {
			return
		}
		f.insert(n.Tag.Pos(), n.Tag.End(), "")
	}
	for _, one := range n.Body.List {
		clause := one.(*ast.CaseClause)
		if len(clause.List) == 0 {
			continue
		}
		number := f.add("case", clause.List[0].Pos(), clause.List[len(clause.List)-1].End())
		for _, cond := range clause.List {
			if tag != "" {
				f.insert(cond.Pos(), cond.Pos(), tag+" == ")
			}
			f.stand(cond, number)
		}
	}
}

func (f *finder) add(kind string, from, to token.Pos) int {
	number := f.next
	f.next++
	text := strings.Join(strings.Fields(f.text(from, to)), " ")
	same := 0
	for i := range f.guards {
		if f.guards[i].Func == f.function && f.guards[i].Text == text {
			same++
		}
	}
	f.guards = append(f.guards, guard{number, f.file, f.fset.Position(from).Line, f.function, kind, text, same})
	return number
}

// stand lets a condition hold only while its guard stands. The condition is
// evaluated all the same, so that what it does beside is not deleted.
func (f *finder) stand(cond ast.Expr, number int) {
	f.insert(cond.Pos(), cond.Pos(), "(")
	f.insert(cond.End(), cond.End(), fmt.Sprintf(") && guards.Stands(%d)", number))
}

func (f *finder) text(from, to token.Pos) string {
	return string(f.source[f.fset.Position(from).Offset:f.fset.Position(to).Offset])
}

func (f *finder) insert(from, to token.Pos, text string) {
	f.insertions = append(f.insertions, insertion{f.fset.Position(from).Offset, f.fset.Position(to).Offset, text})
}

// mutable returns the source with all insertions made.
func (f *finder) mutable() []byte {
	slices.SortStableFunc(f.insertions, func(a, b insertion) int { return cmp.Compare(a.at, b.at) })
	var out []byte
	done := 0
	for _, one := range f.insertions {
		out = append(append(out, f.source[done:one.at]...), one.text...)
		done = one.until
	}
	return append(out, f.source[done:]...)
}
