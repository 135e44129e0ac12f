package tutorial

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"messiah/core/game"
	"messiah/core/rpc"
	"messiah/prod/rpcindex"
	"messiah/scenarios/inn"
)

// indexed runs the command that the inn's own module would have.
func indexed(t *testing.T, file string, names []string, args ...string) (status int, out, words string) {
	t.Helper()
	var o, w bytes.Buffer
	index := rpcindex.Index{File: file, Names: names, Command: "go run ./rpcindex"}
	status = rpcindex.Main(index, args, &o, &w)
	return status, o.String(), w.String()
}

// numbers are the numbers in a file.
func numbers(t *testing.T, file string) *rpc.Table {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	table, err := rpc.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestTheInnKeepsATableOfItsOwn(t *testing.T) {
	script := inn.Script()
	file := filepath.Join(t.TempDir(), "rpc.txt")
	if status, _, words := indexed(t, file, script.Names(), "--check"); status != 5 || !strings.Contains(words, "run go run ./rpcindex --file "+file) {
		t.Errorf("no file: status %d, %q", status, words)
	}
	if status, out, words := indexed(t, file, script.Names()); status != 0 || !strings.Contains(out, "proved: no two share a number") {
		t.Fatalf("the first table: status %d, %q, %q", status, out, words)
	}
	if status, _, words := indexed(t, file, script.Names(), "--check"); status != 0 {
		t.Errorf("after writing: status %d, %q", status, words)
	}
	first := numbers(t, file)

	more := append(script.Names(), "dance")
	if status, _, words := indexed(t, file, more, "--check"); status != 1 || !strings.Contains(words, "name dance is new in the game, and not in the table") {
		t.Errorf("a name more: status %d, %q", status, words)
	}
	status, out, _ := indexed(t, file, more, "--json")
	var doc rpcindex.Report
	if err := json.Unmarshal([]byte(out), &doc); err != nil || status != 0 || !doc.Written || !doc.Proved || doc.Used != len(more) {
		t.Errorf("status %d, %q: %v", status, out, err)
	}
	next := numbers(t, file)
	for _, name := range script.Names() {
		was, _ := first.Number(name)
		if is, ok := next.Number(name); !ok || is != was {
			t.Errorf("%s had the number %d and has %d", name, was, is)
		}
	}

	script.Table = next // a game that does not find its names in it panics
	game.New(game.Config{}, script)
}

func TestTheCommandSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.txt")
	if err := os.WriteFile(bad, []byte("no table"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		file, name string
		args       []string
		want       int
	}{
		{bad, "sing", nil, 5},
		{filepath.Join(dir, "new.txt"), "no name", nil, 5},
		{filepath.Join(dir, "new.txt"), "sing", []string{"--chek"}, 5},
		{filepath.Join(dir, "new.txt"), "sing", []string{"check"}, 5},
		{filepath.Join(dir, "no", "new.txt"), "sing", nil, 5},
		{filepath.Join(dir, "new.txt"), "sing", []string{"--help"}, 0},
	} {
		if status, _, words := indexed(t, tt.file, []string{tt.name}, tt.args...); status != tt.want || words == "" {
			t.Errorf("%v %s with %s: status %d, want %d, words %q", tt.args, tt.file, tt.name, status, tt.want, words)
		}
	}
}
