package vet

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ast/inspector"
)

const goroutineDoc = `refuse goroutines, channels, select and locks

Which goroutine runs next is the scheduler's choice, which no seed decides. A node
is single-threaded: work goes to a lane by env.Offload, messages by env.Send.`

const (
	byScheduler = "the scheduler decides the order, and a replay gets another one; " +
		"a node is single-threaded: use env.Offload for work, env.Send for messages"
	coroutine = "runs a coroutine beside the node: an iterator that is not ended keeps its state past a replay; range over the sequence"
)

// checkConcurrency reports goroutines and whatever has to do with channels; locks
// are refused with their package.
func checkConcurrency(u *unit) {
	u.checkBans([]ban{
		{"iter", "Pull Pull2", false, coroutine},
		{"reflect", "Value.Send Value.TrySend Value.Recv Value.TryRecv Value.Close Select MakeChan ChanOf", false,
			"works on a channel: " + byScheduler},
		{"context", "WithCancel WithCancelCause AfterFunc", false, "lets another goroutine end the work: " + byScheduler},
	})
	u.checkPackages(imports{
		{"sync/", "locks, pools and atomics are for many goroutines: " + byScheduler},
		{"golang.org/x/sync/", "it is for many goroutines: " + byScheduler},
		{"testing/synctest", "it runs goroutines: " + byScheduler},
	})
	u.each(func(c inspector.Cursor) {
		if what := u.concurrent(c.Node()); what != "" {
			u.report(c.Node(), "%s: %s", what, byScheduler)
		}
	}, (*ast.GoStmt)(nil), (*ast.SelectStmt)(nil), (*ast.ChanType)(nil), (*ast.SendStmt)(nil),
		(*ast.UnaryExpr)(nil), (*ast.RangeStmt)(nil), (*ast.CallExpr)(nil))
}

// concurrent names what a node of the syntax does with goroutines and channels, ""
// if it does nothing.
func (u *unit) concurrent(n ast.Node) string {
	switch n := n.(type) {
	case *ast.GoStmt:
		return "go statement"
	case *ast.SelectStmt:
		return "select statement"
	case *ast.ChanType:
		return "channel type"
	case *ast.SendStmt:
		return "channel send"
	case *ast.UnaryExpr:
		if n.Op == token.ARROW {
			return "channel receive"
		}
	case *ast.RangeStmt:
		if isA[*types.Chan](u.typeOf(n.X)) {
			return "range over a channel"
		}
	case *ast.CallExpr:
		if u.builtin(n) == "close" {
			return "channel close"
		}
	}
	return ""
}
