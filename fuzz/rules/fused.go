package rules

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
)

// Architecture is one target whose compiler fuses a product with a sum.
type Architecture struct {
	Name string   // As people say it.
	Env  []string // What the go command is told, as KEY=VALUE.
}

// fusing are the architectures whose binaries the gate looks through.
var fusing = [...]Architecture{
	{"arm64", []string{"GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0"}},
	{"amd64 v3", []string{"GOOS=linux", "GOARCH=amd64", "GOAMD64=v3", "CGO_ENABLED=0"}},
}

// mayFuse are the packages that may hold fused operations, each with its reason.
// What they import from outside of the module is not looked at either.
var mayFuse = [...]struct{ dir, reason string }{
	{"core/nav/recast", "go-detour's meshes hold on one architecture: scenarios with Recast in them are exempt from the others"},
}

// Unfused reports whether no function of a package, given by its path relative to
// the module, may hold a fused operation.
func Unfused(pkg string) bool {
	for _, m := range mayFuse {
		if under(pkg, m.dir) {
			return false
		}
	}
	return Deterministic(pkg)
}

// Fused is one multiply-add in a disassembly.
type Fused struct {
	Func string // With its package's path.
	Line string // The instruction as objdump shows it, with file and line; "" of amd64.
	Op   string
}

// String gives the operation as `function: op: line`.
func (f Fused) String() string { return f.Func + ": " + f.Op + ": " + f.Line }

// BuildFor builds a command of the module in dir for an architecture.
func BuildFor(dir string, a Architecture, out, pkg string) error {
	_, err := goFor(dir, a, "build", "-o", out, pkg)
	return err
}

// ArchivesFor compiles packages for an architecture and returns their archives, by
// import path.
func ArchivesFor(dir string, a Architecture, packages ...string) (map[string]string, error) {
	out, err := goFor(dir, a, append([]string{"list", "-export", "-f", "{{.ImportPath}} {{.Export}}"}, packages...)...)
	if err != nil {
		return nil, err
	}
	archives := map[string]string{}
	for line := range strings.Lines(string(out)) {
		if path, file, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			archives[path] = file
		}
	}
	return archives, nil
}

// goFor runs the go command for an architecture.
func goFor(dir string, a Architecture, args ...string) ([]byte, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), a.Env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("rules: go %s for %s: %w: %s", args[0], a.Name, err, stderr.Bytes())
	}
	return out, nil
}

// FindFused disassembles the functions of a module in a binary or an archive and
// returns the multiply-adds in those whose package, by its import path, is wanted, and
// how many functions of such packages it looked through.
func FindFused(file, module string, want func(pkg string) bool) (found []Fused, functions int, err error) {
	cmd := exec.Command("go", "tool", "objdump", "-s", "^"+regexp.QuoteMeta(module)+"/", file)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, 0, err
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		return nil, 0, err
	}
	s := &scanner{want: want}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		s.line(lines.Text())
	}
	s.end()
	if err := lines.Err(); err != nil {
		return nil, 0, err
	}
	if err := cmd.Wait(); err != nil {
		return nil, 0, fmt.Errorf("rules: objdump %s: %w: %s", file, err, stderr.Bytes())
	}
	return s.found, s.functions, nil
}

// scanner goes through a disassembly line by line.
type scanner struct {
	want      func(pkg string) bool
	function  string // "" while its package is not wanted.
	code      []byte // Of the function.
	found     []Fused
	functions int
}

// line takes one line: `TEXT name(SB) file`, or `file:line address bytes mnemonic …`.
func (s *scanner) line(text string) {
	if name, ok := strings.CutPrefix(text, "TEXT "); ok {
		s.end()
		name, _, _ = strings.Cut(name, "(SB)")
		if s.want(packageOf(name)) {
			s.function = name
			s.functions++
		}
		return
	}
	fields := strings.Fields(text)
	if s.function == "" || len(fields) < 4 {
		return
	}
	if op := fields[3]; multiplyAdd(op) {
		s.found = append(s.found, Fused{s.function, strings.Join(fields, " "), op})
	}
	if code, err := hex.DecodeString(fields[2]); err == nil {
		s.code = append(s.code, code...)
	}
}

// end looks through the code of the function that ends here.
func (s *scanner) end() {
	for range vexMultiplyAdds(s.code) {
		s.found = append(s.found, Fused{s.function, "", "VFMADD231"})
	}
	s.function, s.code = "", s.code[:0]
}

// multiplyAdd reports whether a mnemonic of arm64 is a fused operation.
func multiplyAdd(op string) bool {
	for _, fused := range [...]string{"FMADD", "FMSUB", "FNMADD", "FNMSUB"} {
		if rest, ok := strings.CutPrefix(op, fused); ok && (rest == "S" || rest == "D") {
			return true
		}
	}
	return false
}

// vexMultiplyAdds counts VFMADD231SD and VFMADD231SS between registers, the only
// fused operations that the compiler makes on amd64: C4, map 0F38, prefix 66, scalar,
// B9, a register operand. objdump does not know VEX instructions, so the bytes are
// looked through at every offset; code of arm64 never has the sequence, since its
// words with these bytes are no instructions that the compiler makes.
func vexMultiplyAdds(code []byte) int {
	n := 0
	for i := 0; i+4 < len(code); i++ {
		if code[i] == 0xC4 && code[i+1]&0x1F == 0x02 && code[i+2]&0x07 == 0x01 && code[i+3] == 0xB9 && code[i+4]>>6 == 3 {
			n++
		}
	}
	return n
}

// packageOf returns the import path in a symbol's name.
func packageOf(symbol string) string {
	symbol, _, _ = strings.Cut(symbol, "[")
	slash := strings.LastIndexByte(symbol, '/') + 1
	if dot := strings.IndexByte(symbol[slash:], '.'); dot >= 0 {
		return symbol[:slash+dot]
	}
	return symbol
}
