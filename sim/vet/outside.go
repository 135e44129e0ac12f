package vet

import (
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/ast/inspector"
)

const outsideDoc = `refuse the world outside: files, network, processes, the runtime

What a node observes must be its input, or a replay cannot give it again: files and
sockets belong to the driver, everything else outside is a peer that answers by
message. What asks the runtime or the platform differs from machine to machine.`

const (
	files   = "a replay finds other files, arguments and signals: read them in main and pass on what they hold"
	network = "a replay has no network: what is outside is a peer that answers by message"
	machine = "it differs from run to run and from machine to machine, and so would a replay: take the number as an option"
	console = "is I/O, which a replay would do again: use env.Log, return the text, or write to an io.Writer that is given"
)

// outside are the packages that bring in the outside world.
func outside() imports {
	return imports{
		{"os/", files}, {"io/ioutil", files}, {"flag", files}, {"syscall/", network}, {"net/", network}, {"golang.org/x/sys/", network},
		{"log/", "it writes to the process's own output with the clock on it: use env.Log, or return an error"},
		{"expvar", "it is a process-wide table: count in the node's state"},
		{"plugin", "the loaded code is no part of the recorded run: link it in"},
		{"database/", network},
		{"context/", "it ends work when a clock or another goroutine says so: cancellation is a message or a timer, env.After"},
		{"runtime/", "the scheduler, the collector and the number of processors " + strings.TrimPrefix(machine, "it ")},
		{"weak", "what it holds lives until the collector runs, which differs from run to run: hold it, or look it up by id"},
		{"C", "C code is neither checked nor simulated, so a replay cannot vouch for it: write it in Go, or put it behind a lane"},
	}
}

// pure are packages below a refused one that hold values only.
func pure() []string { return []string{"net/netip", "net/url", "net/mail", "net/textproto"} }

// checkOutside reports imports of the outside world, console I/O, and what
// reaches past the language or differs by platform.
func checkOutside(u *unit) {
	u.checkPackages(outside())
	u.checkBans([]ban{
		{"fmt", "Print Printf Println Scan Scanf Scanln", false, console},
		{"path/filepath", "Abs EvalSymlinks Glob Walk WalkDir", false, "looks at the file system: " + files},
		{"strconv", "IntSize", false, "is the machine's word size: " + machine},
		{"math/bits", "UintSize", false, "is the machine's word size: " + machine},
		{"go/build", "Default", false, "is the machine's platform: " + machine},
	})
	u.each(func(c inspector.Cursor) {
		call := c.Node().(*ast.CallExpr)
		if name := u.builtin(call); name == "print" || name == "println" {
			u.report(call, "builtin %s %s", name, console)
		}
	}, (*ast.CallExpr)(nil))
	for _, file := range u.files {
		u.checkFile(file.Node().(*ast.File))
	}
	u.checkIgnored()
}

// imports are packages refused, each with the reason and what to do instead. A
// trailing slash refuses everything below as well.
type imports []struct{ path, text string }

// refuse returns why a package may not be used, "" if it may.
func (is imports) refuse(path string) string {
	if slices.Contains(pure(), path) {
		return ""
	}
	for _, f := range is {
		dir, tree := strings.CutSuffix(f.path, "/")
		if path == dir || tree && strings.HasPrefix(path, f.path) {
			return f.text
		}
	}
	return ""
}

// checkPackages reports imports of refused packages, and members of them that a
// file reaches without importing them: by an alias, an embedded field or a value
// that another package hands out.
func (u *unit) checkPackages(refused imports) {
	for _, file := range u.files {
		imported := map[string]bool{}
		for _, spec := range file.Node().(*ast.File).Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				continue // The parser has refused it already.
			}
			imported[path] = true
			if text := refused.refuse(path); text != "" {
				u.report(spec, "import of %s: %s", path, text)
			}
		}
		for c := range file.Preorder((*ast.Ident)(nil)) {
			obj := u.info.Uses[c.Node().(*ast.Ident)]
			if obj == nil || obj.Pkg() == nil || imported[pathOf(obj)] || memberOf(obj) == "" || pathOf(obj) == "unsafe" {
				continue
			}
			if text := refused.refuse(pathOf(obj)); text != "" {
				u.report(useOf(c), "%s.%s belongs to %s: %s", obj.Pkg().Name(), memberOf(obj), pathOf(obj), text)
			}
		}
	}
}

// checkFile reports compiler directives that reach past the language and build
// constraints that ask for a platform.
func (u *unit) checkFile(f *ast.File) {
	for _, group := range f.Comments {
		for _, c := range group.List {
			if strings.HasPrefix(c.Text, "//go:linkname") {
				u.report(c, "go:linkname reaches into another package's state, which no replay restores: use what it exports")
			}
		}
	}
	u.checkConstraint(f, u.pass.Fset.Position(f.Pos()).Filename)
}

// checkIgnored reports the files that a platform keeps out of this build.
func (u *unit) checkIgnored() {
	for _, name := range u.pass.IgnoredFiles {
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		src, err := u.pass.ReadFile(name)
		if err != nil {
			continue // The build system knows it and this tool may not read it.
		}
		if f, err := parser.ParseFile(u.pass.Fset, name, src, parser.ParseComments); err == nil {
			u.checkConstraint(f, name)
		}
	}
}

// platforms are the tags that a machine, not a person, turns on.
const platforms = "aix android darwin dragonfly freebsd illumos ios js linux netbsd openbsd plan9 solaris wasip1 windows unix " +
	"386 amd64 arm arm64 loong64 mips mips64 mips64le mipsle ppc64 ppc64le riscv64 s390x wasm " +
	"cgo race msan asan gc gccgo"

// checkConstraint reports a file that only some platforms build, by its
// constraint or by its name.
func (u *unit) checkConstraint(f *ast.File, name string) {
	const text = "file is built on some machines only (%s): two of them would run different code for one seed; write it once for all"
	for _, group := range f.Comments {
		if group.Pos() > f.Package {
			break
		}
		for _, c := range group.List {
			expr, err := constraint.Parse(c.Text)
			if err != nil {
				continue
			}
			var asked string
			expr.Eval(func(tag string) bool { asked = u.platform(asked, tag); return true })
			expr.Eval(func(tag string) bool { asked = u.platform(asked, tag); return false })
			if asked != "" {
				u.report(f.Name, text, asked)
				return
			}
		}
	}
	base := strings.TrimSuffix(name, ".go")
	parts := strings.Split(base[strings.LastIndexAny(base, `/\`)+1:], "_")
	if last := parts[len(parts)-1]; len(parts) > 1 && hasWord(platforms, last) && !hasWord("unix cgo race msan asan gc gccgo", last) {
		u.report(f.Name, text, last)
	}
}

// platform returns the first tag of a machine among those asked for.
func (u *unit) platform(found, tag string) string {
	if found == "" && (hasWord(platforms, tag) || strings.HasPrefix(tag, "amd64.") || strings.HasPrefix(tag, "arm64.")) {
		return tag
	}
	return found
}
