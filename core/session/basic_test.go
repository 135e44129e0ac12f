package session

import (
	"testing"
	"time"
)

// over runs a test over each transport.
func over(t *testing.T, test func(t *testing.T, over transport)) {
	for _, tr := range transports {
		t.Run(tr.name, func(t *testing.T) { test(t, tr) })
	}
}

func TestMessagesFlowBothWays(t *testing.T) {
	over(t, func(t *testing.T, tr transport) {
		w := newWorld(t, options{players: 3})
		for _, p := range w.players {
			l := w.login(p, tr)
			p.send(w, 30)
			w.tellGate(orderSend, l.key, 40, 0)
			w.run(time.Second)
			if l.got.last != 30 || p.loop.got.last != 40 {
				t.Fatalf("%d of 30 messages went up, %d of 40 down", l.got.last, p.loop.got.last)
			}
			if n, _ := p.dialer().Unacked(); n != 0 {
				t.Fatalf("%d messages are not acknowledged", n)
			}
			p.task(w, TaskClose, 0)
			w.run(time.Second)
			if l.reason != ReasonLogout || !l.over || p.loop.up {
				t.Fatalf("after the logout: reason %v, over %v, up %v", l.reason, l.over, p.loop.up)
			}
		}
		w.empty()
	})
}
