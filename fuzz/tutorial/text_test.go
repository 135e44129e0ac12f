// Package tutorial holds the tutorial, scenarios/inn/TUTORIAL.md, to its code: its
// pieces are the files' own text, and the game that it writes runs over real sockets.
package tutorial

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// from is where the tutorial is.
const from = "../../scenarios/inn"

// mostLines is what the tutorial promises in its title: so many lines have code.
const mostLines = 99

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// pieces are the Go pieces of the tutorial.
func pieces(t *testing.T) (all []string) {
	t.Helper()
	blocks := strings.Split(read(t, filepath.Join(from, "TUTORIAL.md")), "\n```go\n")
	for _, b := range blocks[1:] {
		piece, _, ended := strings.Cut(b, "\n```\n")
		if !ended {
			t.Fatalf("a piece has no end: %s", b)
		}
		all = append(all, piece)
	}
	return all
}

// TestPiecesAreTheFilesOwnText: those of the game in order, and all of it; the others somewhere in the tutorial's other files.
func TestPiecesAreTheFilesOwnText(t *testing.T) {
	rest := read(t, filepath.Join(from, "inn.go"))
	_, rest, _ = strings.Cut(rest, "\npackage inn\n")
	rest = "package inn\n" + rest
	others := ""
	for _, path := range []string{
		filepath.Join(from, "evening", "evening.go"), filepath.Join(from, "evening", "evening_test.go"), "sockets_test.go",
		"../../sim/cmd/inn-sim/main.go", "../../prod/cmd/inn/main.go",
	} {
		others += read(t, path)
	}
	for _, p := range pieces(t) {
		if after, next := strings.CutPrefix(rest, p+"\n"); next {
			rest = strings.TrimLeft(after, "\n")
		} else if !strings.Contains(others, p+"\n") {
			t.Errorf("this is not what comes next in inn.go, nor in another file:\n%s", p)
		}
	}
	if rest != "" {
		t.Errorf("the tutorial leaves out:\n%s", rest)
	}
}

func TestTheGameIsShort(t *testing.T) {
	n := 0
	for line := range strings.Lines(read(t, filepath.Join(from, "inn.go"))) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
			n++
		}
	}
	if n != mostLines {
		t.Errorf("the game has %d lines of code, and the tutorial's title says %d", n, mostLines)
	}
}

// TestLinksLeadToFiles: what the tutorial links to is there.
func TestLinksLeadToFiles(t *testing.T) {
	found := 0
	for _, part := range strings.Split(read(t, filepath.Join(from, "TUTORIAL.md")), "](")[1:] {
		path, _, _ := strings.Cut(part, ")")
		if _, err := os.Stat(filepath.Join(from, filepath.FromSlash(path))); err != nil {
			t.Error(err)
		}
		found++
	}
	if found == 0 {
		t.Error("the tutorial links to nothing")
	}
}
