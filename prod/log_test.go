package prod

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"messiah/core/node"
)

// lineWriter passes lines on for as long as there is room.
type lineWriter chan string

func (w lineWriter) Write(b []byte) (int, error) {
	select {
	case w <- string(b):
	default:
	}
	return len(b), nil
}

func logTo(lines chan string) *slog.Logger {
	return slog.New(slog.NewTextHandler(lineWriter(lines), nil))
}

func TestEachTextHasABudgetOfLines(t *testing.T) {
	l := newLimiter(silent, toyGate)
	began := time.Unix(1000, 0)
	wrote := 0
	for range 1000 {
		if _, ok := l.admit("a peer misbehaves", began); ok {
			wrote++
		}
	}
	if wrote != linesPerText {
		t.Errorf("%d lines of one text in a moment, want %d", wrote, linesPerText)
	}
	if suppressed, ok := l.admit("something else", began); suppressed != 0 || !ok {
		t.Errorf("another text: suppressed %d, admitted %v", suppressed, ok)
	}
	suppressed, ok := l.admit("a peer misbehaves", began.Add(textWindow))
	if want := 1000 - linesPerText; suppressed != want || !ok {
		t.Errorf("a second later: suppressed %d, admitted %v, want %d, true", suppressed, ok, want)
	}
	if suppressed, _ := l.admit("a peer misbehaves", began.Add(textWindow)); suppressed != 0 {
		t.Errorf("what was told once is told again: %d", suppressed)
	}
}

func TestTextsOverTheirBoundShareABudget(t *testing.T) {
	l := newLimiter(silent, toyGate)
	wrote := 0
	for i := range 10 * maxTexts {
		if _, ok := l.admit(strings.Repeat("x", i), time.Unix(1000, 0)); ok {
			wrote++
		}
	}
	if most := maxTexts + linesPerText; wrote > most || len(l.texts) > maxTexts+1 {
		t.Errorf("%d lines and %d texts kept, want at most %d and %d", wrote, len(l.texts), most, maxTexts+1)
	}
}

func TestWhatWasSuppressedIsToldAtTheEnd(t *testing.T) {
	lines := make(chan string, 100)
	l := newLimiter(logTo(lines), toyGate)
	for range 3 * linesPerText {
		l.line(node.Warn, "flood")
	}
	l.rest()
	close(lines)
	last, count := "", 0
	for line := range lines {
		last = line
		count++
	}
	if count > 2*linesPerText+1 || !strings.Contains(last, `suppressed=`) || !strings.Contains(last, "node=gate1") {
		t.Errorf("%d lines, the last is %q", count, last)
	}
}
