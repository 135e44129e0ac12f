package cluster

import (
	"context"
	"time"

	"messiah/core/dbm"
	"messiah/core/game"
	"messiah/core/gate"
	"messiah/core/manager"
	"messiah/core/node"
	"messiah/core/proto"
)

// How often it is looked whether the start has come further.
const (
	lookEvery  = 2 * time.Millisecond
	lookLater  = 100 * time.Millisecond // once the start takes long
	lookEagers = 500                    // looks before that
)

// Ready tells whether a role does what it is there for: a manager has admitted
// logins, a gate lets them in, a game has reported completion, a db is linked
// to the manager.
func (m *Member) Ready() (ready bool) {
	m.Inspect(func(h *node.Host) { ready = m.ReadyNow(h) })
	return ready
}

// ReadyNow is Ready for a caller that is on the loop already.
func (m *Member) ReadyNow(h *node.Host) bool {
	switch n := h.Node().(type) {
	case *manager.Manager:
		return n.Progress() == proto.StepAdmit
	case *gate.Gate:
		return n.Inspect().Admits
	case *game.Game:
		return n.Inspect().List > 0
	case *dbm.DB:
		for _, l := range h.Links() {
			if l.Peer.ID.Kind() == node.Manager && l.Up {
				return true
			}
		}
	}
	return false
}

// WaitReady waits until the role is ready; false says that the context ended first.
func (m *Member) WaitReady(ctx context.Context) bool {
	return look(ctx, m.Ready)
}

// Steps calls the function with each of the nine steps once the manager has
// reached it, and returns after the ninth; false says that the context ended
// first, or the manager did.
func (m *Member) Steps(ctx context.Context, reached func(proto.Step)) bool {
	last := proto.Step(0)
	return look(ctx, func() bool {
		var now proto.Step
		m.Inspect(func(h *node.Host) {
			if n, ok := h.Node().(*manager.Manager); ok {
				now = n.Progress()
			}
		})
		for last < now {
			last++
			reached(last)
		}
		return last == proto.StepAdmit
	})
}

// look waits for a condition that no event tells of.
func look(ctx context.Context, is func() bool) bool {
	for n := 0; ; n++ {
		if is() {
			return true
		}
		wait := lookEvery
		if n > lookEagers {
			wait = lookLater
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return false
		case <-timer.C:
		}
	}
}
