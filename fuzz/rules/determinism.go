package rules

import (
	"go/ast"
	"go/token"
	"go/types"
	"strconv"
	"strings"
)

// deterministic are the trees in which the determinism rules hold.
var deterministic = [...]string{"core", "sim", "netsim", "scenarios"}

// exempt are the packages to which they do not apply, each with its reason.
// Files that ask for the build tag `planted` are exempt too: the chosen bug is
// one variable of the process, set between runs.
var exempt = [...]struct{ dir, reason string }{
	{"sim/cmd", "the command: reads files and the clock, prints"},
	{"sim/sweep", "the parallel sweeper: one goroutine a world, real seconds, files"},
	{"sim/tier", "the clock of the KCP tier: a synctest bubble a world, moved by sleeping"},
	{"core/arq", "the library's clock is a package variable, reached by linkname"},
}

// Deterministic reports whether the determinism rules hold for a package, given
// by its path relative to the module.
func Deterministic(pkg string) bool {
	for _, e := range exempt {
		if under(pkg, e.dir) {
			return false
		}
	}
	for _, dir := range deterministic {
		if under(pkg, dir) {
			return true
		}
	}
	return false
}

// forbiddenImports are standard packages that bring in the outside world, with
// what to use instead. A trailing slash forbids everything below as well.
var forbiddenImports = [...]struct{ path, instead string }{
	{"sync/", "a node runs alone; hand state over by message or lane"},
	{"os/", "files, processes and signals belong to prod, sim/cmd or sim/sweep"},
	{"net/", "the world outside is a peer that answers by message"},
	{"syscall/", "the world outside is a peer that answers by message"},
	{"io/ioutil", "files belong to prod, sim/cmd or sim/sweep"},
	{"log/", "return an error, or let the driver log"},
	{"context/", "cancellation is a message or a timer"},
	{"crypto/rand", "entropy is an input: take it as an argument, or use env.Rand"},
	{"hash/maphash", "its seed differs from process to process: use hash/fnv or crypto/sha256"},
	{"runtime/", "the scheduler and the collector differ from run to run"},
	{"unsafe", "no address may reach a result; only core/arq is allowed it"},
	{"C", "cgo is not checked and not simulated"},
}

// pureImports are packages below a forbidden one that hold values only.
var pureImports = [...]string{"net/netip", "net/url"}

// ban forbids names of one package: those listed, or all but those listed.
type ban struct {
	path   string
	names  string // Space-separated.
	allBut bool
	rule   string
	text   string
}

// inexact are the functions of package math whose last bit differs between
// architectures: assembler on some, fused multiply-adds on others.
const inexact = "Acos Acosh Asin Asinh Atan Atan2 Atanh Cbrt Cos Cosh Erf Erfc Erfcinv Erfinv Exp Exp2 Expm1 " +
	"Gamma Hypot J0 J1 Jn Lgamma Log Log10 Log1p Log2 Pow Sin Sincos Sinh Tan Tanh Y0 Y1 Yn"

const (
	randText   = "draws from the process-wide generator: draw from env.Rand or a rand.New(rand.NewPCG(…)) of your own"
	randPure   = "New NewPCG NewChaCha8 NewSource NewZipf Rand Source Source64 PCG ChaCha8 Zipf"
	keygenText = "ignores its reader and takes the system's entropy: derive the key from bytes given as an argument"
)

var bans = [...]ban{
	{"time", "Now Since Until", false, "clock", "reads the real clock: use env.Now or env.Wall"},
	{"time", "Sleep After AfterFunc Tick NewTimer NewTicker", false, "clock", "waits for the real clock: use env.After"},
	{"time", "Local LoadLocation", false, "clock", "depends on the machine's time zone: use time.UTC"},
	{"math/rand", randPure, true, "random", randText},
	{"math/rand/v2", randPure, true, "random", randText},
	{"crypto/rsa", "GenerateKey", false, "random", keygenText},
	{"crypto/ecdsa", "GenerateKey", false, "random", keygenText},
	{"crypto/ed25519", "GenerateKey", false, "random", keygenText},
	{"fmt", "Print Printf Println Scan Scanf Scanln", false, "output", "is I/O: return the text, or write to an io.Writer that is given"},
	{"iter", "Pull Pull2", false, "goroutine", "runs a coroutine: range over the sequence"},
	{"math", inexact, false, "float", "differs in the last bit between architectures: use arithmetic that rounds explicitly, or a table"},
}

// CheckDeterminism reports what in a package's files could make two runs of one
// seed differ. Test files and files of the planted build are not looked at.
func CheckDeterminism(u *Unit) []Finding {
	out := append([]Finding(nil), u.Errs...)
	out = append(out, checkGlobals(u)...)
	for _, f := range u.Files {
		if f.Test || f.Planted {
			continue
		}
		w := &walker{unit: u, file: f}
		w.checkImports()
		w.checkDirectives()
		w.each(func(n ast.Node) {
			w.checkConcurrency(n)
			w.checkNames(n)
			w.checkMapOrder(n)
			w.checkFloat(n)
		})
		out = append(out, w.out...)
	}
	sortFindings(out)
	return out
}

// checkImports reports forbidden and dot imports.
func (w *walker) checkImports() {
	for _, spec := range w.file.AST.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue // The parser has refused it already.
		}
		if spec.Name != nil && spec.Name.Name == "." {
			w.report(spec, "import", "dot import of %s hides where names come from: import it by name", imported)
		}
		if instead := forbidden(imported); instead != "" {
			w.report(spec, "import", "import of %s: %s", imported, instead)
		}
	}
}

// forbidden returns what to use instead of a forbidden import, "" if it is fine.
func forbidden(imported string) string {
	for _, pure := range pureImports {
		if imported == pure {
			return ""
		}
	}
	for _, f := range forbiddenImports {
		dir, tree := strings.CutSuffix(f.path, "/")
		if imported == dir || tree && under(imported, dir) {
			return f.instead
		}
	}
	return ""
}

// checkDirectives reports compiler directives that reach past the language.
func (w *walker) checkDirectives() {
	for _, group := range w.file.AST.Comments {
		for _, c := range group.List {
			if strings.HasPrefix(c.Text, "//go:linkname") {
				w.report(c, "import", "go:linkname reaches into another package's state: only core/arq is allowed it")
			}
		}
	}
}

// checkConcurrency reports goroutines and whatever has to do with channels.
func (w *walker) checkConcurrency(n ast.Node) {
	const lane = "a node is single-threaded: use env.Offload for work, env.Send for messages"
	switch n := n.(type) {
	case *ast.GoStmt:
		w.report(n, "goroutine", "go statement: %s", lane)
	case *ast.SelectStmt:
		w.report(n, "channel", "select statement: %s", lane)
	case *ast.ChanType:
		w.report(n, "channel", "channel type: %s", lane)
	case *ast.SendStmt:
		w.report(n, "channel", "channel send: %s", lane)
	case *ast.UnaryExpr:
		if n.Op == token.ARROW {
			w.report(n, "channel", "channel receive: %s", lane)
		}
	case *ast.RangeStmt:
		if isChan(w.typeOf(n.X)) {
			w.report(n, "channel", "range over a channel: %s", lane)
		}
	case *ast.CallExpr:
		switch w.builtin(n) {
		case "close":
			w.report(n, "channel", "channel close: %s", lane)
		case "print", "println":
			w.report(n, "output", "builtin print is I/O: return the text")
		}
	}
}

// isChan reports whether a type, which may be nil, is a channel.
func isChan(t types.Type) bool {
	if t == nil {
		return false
	}
	_, ok := t.Underlying().(*types.Chan)
	return ok
}

// builtin returns the name of the builtin that a call calls, "" for any other.
func (w *walker) builtin(call *ast.CallExpr) string {
	id, ok := ast.Unparen(call.Fun).(*ast.Ident)
	if !ok {
		return ""
	}
	if _, ok := w.unit.Info.ObjectOf(id).(*types.Builtin); ok {
		return id.Name
	}
	return ""
}

// checkNames reports uses of banned names, called or passed on as values.
func (w *walker) checkNames(n ast.Node) {
	sel, ok := n.(*ast.SelectorExpr)
	if !ok {
		return
	}
	path, name, ok := w.qualified(sel)
	if !ok {
		w.checkMethod(sel)
		return
	}
	for _, b := range bans {
		if b.path == path && hasWord(b.names, name) != b.allBut && ast.IsExported(name) {
			w.report(n, b.rule, "%s.%s %s", path[strings.LastIndex(strings.TrimSuffix(path, "/v2"), "/")+1:], name, b.text)
		}
	}
}

// checkMethod reports methods that do what a banned function does.
func (w *walker) checkMethod(sel *ast.SelectorExpr) {
	s := w.unit.Info.Selections[sel]
	if s == nil || s.Obj().Pkg() == nil {
		return
	}
	switch pkg, name := s.Obj().Pkg().Path(), s.Obj().Name(); {
	case pkg == "reflect" && hasWord("MapRange MapKeys Seq Seq2", name):
		w.report(sel, "map", "reflect's %s walks a map in random order: collect the keys and sort them in core/ordered", name)
	case pkg == "reflect" && hasWord("Send TrySend Recv TryRecv Close", name):
		w.report(sel, "channel", "reflect's %s works on a channel: use env.Send", name)
	case pkg == "crypto/ecdh" && name == "GenerateKey":
		w.report(sel, "random", "ecdh's GenerateKey %s", keygenText)
	case pkg == "time" && name == "Local":
		w.report(sel, "clock", "time's Local depends on the machine's time zone: use UTC")
	}
}

// hasWord reports whether a space-separated list holds the word.
func hasWord(list, word string) bool {
	for w := range strings.FieldsSeq(list) {
		if w == word {
			return true
		}
	}
	return false
}
