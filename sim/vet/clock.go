package vet

import (
	"go/ast"

	"golang.org/x/tools/go/ast/inspector"
)

const clockDoc = `refuse the machine's clock and time zone

A replay happens at another time, on a machine that may stand elsewhere. A node's
time is env.Now and env.Wall, its timers are env.After.`

const (
	readsClock = "reads the machine's clock: a replay reads another time; use env.Now, or env.Wall for the calendar"
	waitsClock = "waits for the machine's clock: a replay waits for none, and in the simulator the node stops the world; use env.After"
	readsZone  = "depends on the machine's time zone: a replay elsewhere gets another text or date; use UTC"
)

// checkClocks reports what reads the clock, waits for it, or knows the time zone.
func checkClocks(u *unit) {
	u.checkBans([]ban{
		{"time", "Now Since Until", false, readsClock},
		{"time", "Sleep After AfterFunc Tick NewTimer NewTicker Timer Ticker " +
			"Timer.Reset Timer.Stop Ticker.Reset Ticker.Stop", false, waitsClock},
		{"time", "Local LoadLocation Time.Local", false, readsZone},
		{"context", "WithTimeout WithDeadline WithTimeoutCause WithDeadlineCause", false, waitsClock},
	})
	u.each(func(c inspector.Cursor) { u.checkLocal(c) }, (*ast.Ident)(nil))
}

// neutral are the methods of a time whose result is the same in every zone.
const neutral = "UTC In Unix UnixMilli UnixMicro UnixNano Before After Equal Compare Sub IsZero"

// checkLocal reports a time made of a Unix time, which is in the machine's zone,
// unless the zone is taken away from it at once.
func (u *unit) checkLocal(c inspector.Cursor) {
	obj := u.info.Uses[c.Node().(*ast.Ident)]
	if pathOf(obj) != "time" || !hasWord("Unix UnixMilli UnixMicro", memberOf(obj)) {
		return
	}
	at := useOf(c)
	if at != c.Node() {
		c = c.Parent()
	}
	call, ok := c.Parent().Node().(*ast.CallExpr)
	if !ok || call.Fun != c.Node() {
		u.report(at, "time.%s %s: it makes a time in that zone, call UTC on it", obj.Name(), readsZone)
		return
	}
	if sel, ok := c.Parent().Parent().Node().(*ast.SelectorExpr); ok && hasWord(neutral, sel.Sel.Name) {
		return
	}
	u.suggest(at, "time."+obj.Name()+" "+readsZone+": it makes a time in that zone, call UTC on it",
		"call UTC on it", insert(call.End(), ".UTC()"))
}
