package arq

import (
	"encoding/binary"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

// pinned is the version of kcp-go that this package was written against.
// Whoever changes it reads the source of every name below again.
const pinned = "v5.6.72"

// reached are the declarations of kcp-go that this package reaches or relies on,
// as they stand in the pinned version.
var reached = map[string]string{
	"refTime":    `var refTime time.Time = time.Now()`,
	"currentMs":  `func currentMs() uint32 { return uint32(time.Since(refTime) / time.Millisecond) }`,
	"flush":      `func (kcp *KCP) flush(flushType FlushType) (nextUpdate uint32)`,
	"FlushType":  `type FlushType int8`,
	"_itimediff": `func _itimediff(later, earlier uint32) int32 { return (int32)(later - earlier) }`,
}

func TestLibraryIsTheOneWeReachInto(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Version}}\n{{.Dir}}", "github.com/xtaci/kcp-go/v5").Output()
	if err != nil {
		t.Fatal(err)
	}
	version, dir, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	if version != pinned {
		t.Errorf("kcp-go is %s, and not %s", version, pinned)
	}
	found := declarations(t, filepath.Join(dir, "kcp.go"))
	for name, want := range reached {
		if found[name] != strings.Join(strings.Fields(want), " ") {
			t.Errorf("kcp-go declares %s as\n%s\nand not as\n%s", name, found[name], want)
		}
	}
}

// declarations returns the source of those of a file that are in reached; of flush, without its body.
func declarations(t *testing.T, file string) map[string]string {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, d := range f.Decls {
		name := ""
		switch d := d.(type) {
		case *ast.FuncDecl:
			if name = d.Name.Name; name == "flush" {
				d.Body = nil
			}
		case *ast.GenDecl:
			switch s := d.Specs[0].(type) {
			case *ast.ValueSpec:
				name = s.Names[0].Name
			case *ast.TypeSpec:
				name = s.Name.Name
			}
		}
		var text strings.Builder
		if _, ok := reached[name]; ok && printer.Fprint(&text, fset, d) == nil {
			found[name] = strings.Join(strings.Fields(text.String()), " ")
		}
	}
	return found
}

// TestLinknamesReachTheLibrary: a variable that the library no longer has would
// link to a new one of ours, without a word, and its clock would be another.
func TestLinknamesReachTheLibrary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(1234*time.Millisecond + 567)
		a := New[instant](testConversation, testMTU)
		a.Send([]byte("x"))
		var out []byte
		again, isDead := a.Flush(now(), func(b []byte) { out = append(out, b...) })
		if len(out) != headLen+1 {
			t.Fatalf("flush put out %x", out)
		}
		if stamp := binary.LittleEndian.Uint32(out[8:]); stamp != 1234 {
			t.Errorf("a segment sent 1234 ms after the bubble's start is stamped %d", stamp)
		}
		// The first timeout is 200 ms, and above what a wait is cut to.
		if again != now()+instant(100*time.Millisecond) || isDead {
			t.Errorf("again %d, dead %v", again, isDead)
		}
	})
}

func TestClockIsTheBubblesAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 3 {
			if Clock() != time.Since(Epoch) || time.Duration(now()) != Clock() {
				t.Errorf("clock %v, age %v", Clock(), time.Since(Epoch))
			}
			time.Sleep(12345678)
		}
	})
}

// TestClockOutsideIsMonotonic: with a plain date as its epoch, the library
// would follow every step of the system's clock.
func TestClockOutsideIsMonotonic(t *testing.T) {
	if !strings.Contains(refTime.String(), " m=") {
		t.Errorf("epoch %v has no monotonic reading", refTime)
	}
	if !refTime.Round(0).Equal(Epoch) {
		t.Errorf("epoch %v is not that of the bubbles", refTime)
	}
	if off := Clock() - time.Since(Epoch); off.Abs() > time.Minute {
		t.Errorf("clock is %v off", off)
	}
}

func TestConversationsHaveNoGoroutines(t *testing.T) {
	before := runtime.NumGoroutine()
	kept := make([]*KCP[instant], 100)
	for i := range kept {
		kept[i] = New[instant](uint32(i), testMTU)
		kept[i].Send([]byte("x"))
		kept[i].Flush(0, func([]byte) {})
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines for %d conversations", n-before, len(kept))
	}
	runtime.KeepAlive(kept)
}

func TestGoroutinesAreThoseNamed(t *testing.T) {
	options := []goleak.Option{
		// The runner of tests waits in the goroutine that started this one.
		goleak.IgnoreTopFunction("testing.(*T).Run"),
	}
	for _, name := range Goroutines() {
		options = append(options, goleak.IgnoreTopFunction(name))
	}
	if err := goleak.Find(options...); err != nil {
		t.Error(err)
	}
	stacks := make([]byte, 1<<20)
	text := string(stacks[:runtime.Stack(stacks, true)])
	for _, name := range Goroutines() {
		if !strings.Contains(text, name) {
			t.Errorf("no goroutine stands in %s: the name is out of date", name)
		}
	}
}
