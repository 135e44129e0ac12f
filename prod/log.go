package prod

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"messiah/core/node"
)

// Bounds of what is logged.
const (
	linesPerText = 10 // of one text, a second; what is over is counted and told with a later one
	maxTexts     = 512
	textWindow   = time.Second
)

// limiter writes log lines to slog, of each text no more than linesPerText a
// second, so that nobody can fill a disk by what he makes happen. Texts are
// constants of the code; should there be more than maxTexts, the rest share one budget.
type limiter struct {
	log *slog.Logger

	mu    sync.Mutex
	texts map[string]*textBudget
}

type textBudget struct {
	began      time.Time
	lines      int
	suppressed int
}

func newLimiter(log *slog.Logger, self node.ID) *limiter {
	return &limiter{log: log.With("node", self.String()), texts: map[string]*textBudget{}}
}

var slogLevels = [...]slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError}

// line writes one line. Arguments are key-value pairs, as slog takes them.
func (l *limiter) line(level node.Level, text string, pairs ...any) {
	at := slogLevels[min(int(level), len(slogLevels)-1)]
	if !l.log.Enabled(context.Background(), at) {
		return
	}
	suppressed, ok := l.admit(text, time.Now())
	if !ok {
		return
	}
	if suppressed > 0 {
		pairs = append(pairs[:len(pairs):len(pairs)], "suppressed", suppressed)
	}
	l.log.Log(context.Background(), at, text, pairs...)
}

// admit tells whether a line of that text may be written, and how many were not since the last one that was.
func (l *limiter) admit(text string, now time.Time) (suppressed int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.texts[text]
	if b == nil && len(l.texts) >= maxTexts {
		text = ""
		b = l.texts[text]
	}
	if b == nil {
		b = &textBudget{began: now}
		l.texts[text] = b
	}
	if now.Sub(b.began) >= textWindow {
		b.began, b.lines = now, 0
	}
	if b.lines >= linesPerText {
		b.suppressed++
		return 0, false
	}
	b.lines++
	suppressed, b.suppressed = b.suppressed, 0
	return suppressed, true
}

// rest tells what was suppressed and had no later line to tell it.
func (l *limiter) rest() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, text := range slices.Sorted(maps.Keys(l.texts)) {
		if n := l.texts[text].suppressed; n > 0 {
			l.log.Warn("log lines were suppressed", "text", text, "suppressed", n)
		}
	}
}

// mark logs that a branch born of a race was taken.
func (l *limiter) mark(name string) {
	if l.log.Enabled(context.Background(), slog.LevelDebug) {
		l.line(node.Debug, "mark "+name)
	}
}
