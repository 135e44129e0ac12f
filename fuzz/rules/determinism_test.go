package rules

import (
	"go/importer"
	"go/token"
	"strings"
	"testing"
)

// broken are planted violations and their counterparts that must pass. Each
// source is the text after `package p`, so its first line is line 2.
var broken = []struct {
	name, pkg, src string
	want           []string
}{
	{"go statement", "sim", "func f() { go f() }", []string{":2: goroutine: go statement"}},
	{"channel type", "sim", "func f(c chan int) {}", []string{":2: channel: channel type"}},
	{"channel use", "core/x", "func f(c chan int) {\nc <- 1\n<-c\nclose(c)\nfor range c {}\nselect {}\n}",
		[]string{":2: channel: channel type", ":3: channel: channel send", ":4: channel: channel receive",
			":5: channel: channel close", ":6: channel: range over a channel", ":7: channel: select"}},
	{"own close", "core/x", "func close(int) {}\nfunc f() { close(1) }", nil},

	{"clock", "core/x", "import \"time\"\nfunc f() { _ = time.Now() }", []string{":3: clock: time.Now reads the real clock"}},
	{"clock as a value", "core/x", "import \"time\"\nfunc f() func() time.Time { return time.Now }", []string{":3: clock: time.Now"}},
	{"clock renamed", "core/x", "import tt \"time\"\nfunc f() { tt.Sleep(1) }", []string{":3: clock: time.Sleep waits"}},
	{"all clocks", "netsim", "import \"time\"\nfunc f(t time.Time) {\ntime.Since(t)\ntime.Until(t)\ntime.AfterFunc(1, nil)\ntime.NewTimer(1)\ntime.NewTicker(1)\n}",
		[]string{":4: clock: time.Since", ":5: clock: time.Until", ":6: clock: time.AfterFunc", ":7: clock: time.NewTimer", ":8: clock: time.NewTicker"}},
	{"zone", "core/x", "import \"time\"\nfunc f(t time.Time) time.Time { return t.In(time.Local) }", []string{":3: clock: time.Local"}},
	{"durations", "core/x", "import \"time\"\nconst d = 3*time.Second\nfunc f(t time.Time) time.Time { return t.Add(d).UTC() }", nil},
	{"a local named time", "core/x", "type clock struct{}\nfunc (clock) Now() int { return 0 }\nfunc f() { time := clock{}; _ = time.Now() }", nil},

	{"global random", "sim", "import \"math/rand/v2\"\nfunc f() int { return rand.IntN(3) }", []string{":3: random: rand/v2.IntN draws"}},
	{"global random v1", "sim", "import \"math/rand\"\nfunc f() { rand.Shuffle(1, nil) }", []string{":3: random: rand.Shuffle draws"}},
	{"own random", "sim", "import \"math/rand/v2\"\nfunc f(r *rand.Rand) int { return r.IntN(3) + rand.New(rand.NewPCG(1, 2)).IntN(4) }", nil},
	{"system entropy", "core/x", "import \"crypto/rand\"\nvar _ = rand.Text", []string{":2: import: import of crypto/rand"}},
	{"key generation", "core/x", "import \"crypto/ecdh\"\nfunc f() { ecdh.X25519().GenerateKey(nil) }", []string{":3: random: ecdh's GenerateKey"}},

	{"sync", "core/x", "import \"sync\"\ntype t struct{ m sync.Mutex }", []string{":2: import: import of sync"}},
	{"sync/atomic", "core/x", "import _ \"sync/atomic\"", []string{":2: import: import of sync/atomic"}},
	{"os", "scenarios", "import _ \"os\"", []string{":2: import: import of os"}},
	{"os/signal", "scenarios", "import _ \"os/signal\"", []string{":2: import: import of os/signal"}},
	{"net", "netsim", "import _ \"net\"", []string{":2: import: import of net"}},
	{"net/http", "netsim", "import _ \"net/http\"", []string{":2: import: import of net/http"}},
	{"net/netip", "netsim", "import _ \"net/netip\"", nil},
	{"runtime", "sim", "import _ \"runtime\"", []string{":2: import: import of runtime"}},
	{"runtime/debug", "sim", "import _ \"runtime/debug\"", []string{":2: import: import of runtime/debug"}},
	{"unsafe", "core/x", "import _ \"unsafe\"", []string{":2: import: import of unsafe"}},
	{"linkname", "core/x", "//go:linkname f other.f\nfunc f() {}", []string{":2: import: go:linkname"}},
	{"dot import", "core/x", "import . \"strings\"\nvar _ = ToUpper(\"\")", []string{":2: import: dot import of strings"}},
	{"console", "sim", "import \"fmt\"\nfunc f() { fmt.Println(1); println(1); _ = fmt.Sprint(1) }",
		[]string{":3: output: fmt.Println", ":3: output: builtin print"}},

	{"map range", "core/x", "func f(m map[int]int) (s []int) { for k := range m { s = append(s, k) }; return }",
		[]string{":2: map: range over a map: iterate ordered.Keys or ordered.Map"}},
	{"map range of a named type", "core/x", "type t map[int]int\nfunc (m t) f(g func(int)) { for k := range m { g(k) } }", []string{":3: map: range over a map"}},
	{"map range collected and sorted", "core/x",
		"import \"slices\"\nfunc f(m map[int]int) (s []int) {\nfor k := range m {\ns = append(s, k)\n}\nslices.Sort(s)\nreturn\n}", nil},
	{"map range filtered and sorted", "core/x",
		"import \"sort\"\nfunc f(m map[string]int) (s []string) {\nfor k, v := range m {\nif v > 2 {\ns = append(s, k)\n}\n}\nsort.Strings(s)\nreturn\n}", nil},
	{"map range filtered by a call", "core/x",
		"import \"sort\"\nfunc f(m map[string]int, g func() bool) (s []string) {\nfor k := range m {\nif g() {\ns = append(s, k)\n}\n}\nsort.Strings(s)\nreturn\n}",
		[]string{":4: map: range over a map"}},
	{"map range with another slice sorted", "core/x",
		"import \"slices\"\nfunc f(m map[int]int, r []int) (s []int) {\nfor k := range m {\ns = append(s, k)\n}\nslices.Sort(r)\nreturn\n}",
		[]string{":4: map: range over a map"}},
	{"map range of values sorted", "core/x",
		"import \"slices\"\nfunc f(m map[int]int) (s []int) {\nfor _, v := range m {\ns = append(s, v)\n}\nslices.Sort(s)\nreturn\n}",
		[]string{":4: map: range over a map"}},
	{"map range that deletes", "core/x", "func f(m map[int]int) { for k := range m { delete(m, k) }; for k, v := range m { if v == 0 { delete(m, k) } } }", nil},
	{"map range that deletes elsewhere", "core/x", "func f(m, n map[int]int) { for k := range m { delete(n, k) } }", []string{":2: map: range over a map"}},
	{"map range that only counts", "core/x", "func f(m map[int]int) (n int) { for range m { n++ }; return }", nil},
	{"map range that adds up", "core/x", "type t struct{ n int }\nfunc f(m map[int][]int, s *t) (n int) { for _, v := range m { s.n += len(v) }; for k := range m { if k > 1 { n++ } }; return }", nil},
	{"map range that adds up floats", "core/x", "func f(m map[int]float64) (x float64) { for _, v := range m { x += v }; return }", []string{":2: map: range over a map"}},
	{"map range that joins strings", "core/x", "func f(m map[int]string) (x string) { for _, v := range m { x += v }; return }", []string{":2: map: range over a map"}},
	{"map range that calls in a sum", "core/x", "func f(m map[int]int, g func(int) int) (x int) { for _, v := range m { x += g(v) }; return }", []string{":2: map: range over a map"}},
	{"map range that doubles its sum", "core/x", "func f(m map[int]int) (x int) { for _, v := range m { x += x * v }; return }", []string{":2: map: range over a map"}},
	{"map range that stops adding", "core/x", "func f(m map[int]int) (n int) { for _, v := range m { if n < 3 { n += v } }; return }", []string{":2: map: range over a map"}},
	{"map range that stops deleting", "core/x", "func f(m map[int]int) { for k := range m { if m[1] > 0 { delete(m, k) } } }", []string{":2: map: range over a map"}},
	{"map range in ordered", "core/ordered", "func Keys(m map[int]int, g func(int)) { for k := range m { g(k) } }", nil},
	{"map range in wire's map codec", "core/wire", "func PutMap(m map[int]int, g func(int)) { for k := range m { g(k) } }", nil},
	{"map range elsewhere in wire", "core/wire", "func Frame(m map[int]int, g func(int)) { for k := range m { g(k) } }", []string{":2: map: range over a map"}},
	{"slice range", "core/x", "func f(s []int, g func(int)) { for _, v := range s { g(v) } }", nil},
	{"maps.Keys", "core/x", "import \"maps\"\nfunc f(m map[int]int, g func(int)) { for k := range maps.Keys(m) { g(k) } }", []string{":3: map: maps.Keys"}},
	{"maps.Keys sorted", "core/x", "import (\n\"maps\"\n\"slices\"\n)\nfunc f(m map[int]int) []int { return slices.Sorted(maps.Keys(m)) }", nil},
	{"maps.Keys collected", "core/x", "import (\n\"maps\"\n\"slices\"\n)\nfunc f(m map[int]int) []int { return slices.Collect(maps.Keys(m)) }", []string{":6: map: maps.Keys"}},
	{"reflect map range", "core/x", "import \"reflect\"\nfunc f(v reflect.Value) { v.MapRange() }", []string{":3: map: reflect's MapRange"}},

	{"global assigned", "core/x", "var n int\nfunc f() { n = 1 }", []string{":3: global: package-level variable n is assigned"}},
	{"global assigned in init", "core/x", "var n int\nfunc init() { n++ }", []string{":3: global: package-level variable n is assigned"}},
	{"global op-assigned", "core/x", "var n struct{ a [2]int }\nfunc f() { n.a[1] += 2 }", []string{":3: global: package-level variable n is assigned"}},
	{"global by address", "core/x", "var n int\nfunc f() *int { return &n }", []string{":3: global: package-level variable n is address-taken"}},
	{"global by method", "core/x", "type t struct{ n int }\nfunc (t *t) inc() { t.n++ }\nvar g t\nfunc f() { g.inc() }", []string{":5: global: package-level variable g is address-taken by the method inc"}},
	{"global map written", "core/x", "var m = map[int]int{}\nfunc f() {\nm[1] = 2\ndelete(m, 1)\nclear(m)\n}",
		[]string{":4: global: package-level variable m is assigned", ":5: global: package-level variable m is written", ":6: global: package-level variable m is written"}},
	{"global slice sorted", "core/x", "import \"slices\"\nvar s = []int{2, 1}\nfunc f() { slices.Sort(s) }", []string{":4: global: package-level variable s is written"}},
	{"global array sliced", "core/x", "var s = [2]int{2, 1}\nfunc f() []int { return s[:] }", []string{":3: global: package-level variable s is address-taken by slicing"}},
	{"global pointer", "core/x", "type t struct{}\nvar p = &t{}", []string{":3: global: package-level variable p holds a pointer"}},
	{"global generator", "core/x", "import \"math/rand/v2\"\nvar r = rand.New(rand.NewPCG(1, 2))", []string{":3: global: package-level variable r holds a pointer"}},
	{"another package's global", "core/x", "import \"io\"\nfunc f() { io.EOF = nil }", []string{":3: global: package-level variable io.EOF is assigned"}},
	{"constant tables", "core/x",
		"import (\n\"errors\"\n\"fmt\"\n\"regexp\"\n)\nvar ErrA = errors.New(\"a\")\nvar errB = fmt.Errorf(\"b: %w\", ErrA)\nvar re = regexp.MustCompile(\"a\")\n" +
			"var names = [...]string{\"a\"}\nvar m = map[string]int{\"a\": 1}\nvar s = []int{1}\n" +
			"var _ fmt.Stringer = (*t)(nil)\ntype t struct{}\nfunc (*t) String() string { return names[0] + string(rune(m[\"a\"]+s[0])) + re.String() + errB.Error() }", nil},
	{"shadowed global", "core/x", "var n int\nfunc f() int { n := 1; n++; return n }\nvar _ = n", nil},

	{"fused sum", "core/x", "func f(x, y, z float64) float64 { return x*y + z }", []string{":2: float: product in a sum"}},
	{"fused difference", "core/x", "func f(x, y, z float64) bool { return z-(x*y) > 0 }", []string{":2: float: product in a sum"}},
	{"fused negation", "core/x", "func f(x, y, z float32) bool { return -(x*y)+z > 0 }", []string{":2: float: product in a sum"}},
	{"fused assignment", "netsim", "func f(x, y, z float64) float64 { z += x*y; return z }", []string{":2: float: product added to a variable"}},
	{"fused later", "core/x", "func f(x, y, z float64) float64 { p := x*y; return p + z }", []string{":2: float: product handed on unrounded"}},
	{"fused in the caller", "core/x", "func f(x, y float64) float64 { return x*y }", []string{":2: float: product handed on unrounded"}},
	{"fused in a variable", "core/x", "func f(x, y, z float64) float64 { x *= y; return x + z }", []string{":2: float: x *= y"}},
	{"fused in a generic", "core/x", "func f[T ~float32|~float64](x, y, z T) bool { return x*y + z > 0 }", []string{":2: float: product in a sum"}},
	{"complex", "core/x", "func f(x, y complex128) complex128 { return x*y }", []string{":2: float: a complex product"}},
	{"fenced", "core/x", "import \"math\"\nfunc f(x, y, z float64) float64 { return float64(x*y) + z + math.Sqrt(x*y) + float64(x*y*z)/2 + float64(float64(x*y)+z) }", nil},
	{"compared and divided", "core/x", "func f(x, y, z float64) bool { return x*y < z || x*y/z > 1 }", nil},
	{"printed", "core/x", "import \"fmt\"\nfunc f(x, y float64) string { return fmt.Sprint(x*y) }", nil},
	{"handed on outside core", "sim", "func f(x, y float64) float64 { return x*y }", nil},
	{"integers", "core/x", "func f(x, y, z int) int { return x*y + z }", nil},
	{"constants", "core/x", "const k = 2.5*3 + 1\nfunc f(z float64) float64 { return 2.0*3 + z }", nil},
	{"inexact functions", "core/x", "import \"math\"\nfunc f(x float64) float64 { return math.Sin(x) + math.Floor(x) }", []string{":3: float: math.Sin differs"}},

	{"does not compile", "core/x", "func f() { g() }", []string{":2: compile: undefined: g"}},
}

func TestDeterminismRulesFindPlantedViolations(t *testing.T) {
	fset := token.NewFileSet()
	imp := importer.ForCompiler(fset, "source", nil)
	for _, tt := range broken {
		t.Run(tt.name, func(t *testing.T) {
			f := snippet(t, fset, tt.pkg+"/"+strings.ReplaceAll(tt.name, " ", "_")+".go", "package p\n"+tt.src)
			expect(t, CheckDeterminism(TypeCheck(tt.pkg, []*File{f}, imp)), tt.want...)
		})
	}
}

// TestUntypedFilesAreStillRead: a package that cannot be type-checked is checked
// by its syntax and import list alone.
func TestUntypedFilesAreStillRead(t *testing.T) {
	src := "package p\nimport \"time\"\nfunc f(c chan int) {\ngo f(c)\n_ = time.Now()\nx.Close()\n}\n"
	f := snippet(t, token.NewFileSet(), "core/x/a.go", src)
	u := &Unit{Path: "core/x", Files: []*File{f}, Info: newInfo()}
	expect(t, CheckDeterminism(u), ":3: channel: channel type", ":4: goroutine: go statement", ":5: clock: time.Now")
}

func TestDeterminismExemptions(t *testing.T) {
	const src = "package p\nfunc f() { go f() }\n"
	tests := []struct {
		name, src string
		want      []string
	}{
		{"core/x/a.go", src, []string{"goroutine"}},
		{"core/x/a_test.go", src, nil},
		{"core/x/a.go", "//go:build planted\n\n" + src, nil},
		{"core/x/a.go", "//go:build planted && linux\n\n" + src, nil},
		{"core/x/a.go", "//go:build !planted\n\n" + src, []string{"goroutine"}},
		{"core/x/a.go", "//go:build linux\n\n" + src, []string{"goroutine"}},
	}
	for _, tt := range tests {
		f := snippet(t, token.NewFileSet(), tt.name, tt.src)
		u := &Unit{Path: "core/x", Files: []*File{f}, Info: newInfo()}
		expect(t, CheckDeterminism(u), tt.want...)
	}

	for pkg, want := range map[string]bool{
		"core/node": true, "sim": true, "sim/world": true, "netsim": true, "scenarios/siege": true,
		"sim/cmd/messiah-sim": false, "sim/sweep": false, "core/arq": false, "prod": false, "fuzz": false,
		"core/arquebus": true, "simulacrum": false,
	} {
		if Deterministic(pkg) != want {
			t.Errorf("Deterministic(%q) = %v, want %v", pkg, !want, want)
		}
	}
	for _, e := range exempt {
		if e.reason == "" {
			t.Errorf("exempt package %s has no reason", e.dir)
		}
	}
}

func TestPlantedTagStaysAtHome(t *testing.T) {
	tests := []struct {
		name, src string
		want      []string
	}{
		{"core/game/a.go", "//go:build planted\n\npackage game\n", []string{"belongs to core/planted alone"}},
		{"core/game/a.go", "//go:build !planted\n\npackage game\n", []string{"belongs to core/planted alone"}},
		{"core/game/a.go", "//go:build linux && (planted || amd64)\n\npackage game\n", []string{"belongs to core/planted alone"}},
		{"core/game/a_test.go", "//go:build planted\n\npackage game\n", nil},
		{"core/game/a.go", "//go:build linux\n\npackage game\n", nil},
		{"core/planted/a.go", "//go:build planted\n\npackage planted\n", nil},
	}
	for _, tt := range tests {
		f := snippet(t, token.NewFileSet(), tt.name, tt.src)
		expect(t, CheckPlantedTag(f, tt.name[:strings.LastIndex(tt.name, "/")]), tt.want...)
	}
}

func TestPlantedOnIsPlainlyFalse(t *testing.T) {
	const tagged = "//go:build planted\n\npackage planted\nfunc On(n string) bool { return n == chosen }\nvar chosen string\n"
	for src, want := range map[string][]string{
		"package planted\nfunc On(string) bool { return false }\n":              nil,
		"package planted\nfunc On(n string) bool { return n == \"x\" }\n":       {"must be only `return false`"},
		"package planted\nfunc On(string) bool { f(); return false }\n":         {"must be only `return false`"},
		"package planted\nfunc Off(string) bool { return false }\n":             {"has no On"},
		"package planted\ntype t int\nfunc (t) On(string) bool { return true }": {"has no On"},
	} {
		fset := token.NewFileSet()
		files := []*File{snippet(t, fset, "core/planted/on.go", tagged), snippet(t, fset, "core/planted/off.go", src)}
		expect(t, CheckPlantedOff(files), want...)
	}
}
