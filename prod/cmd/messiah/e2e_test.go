//go:build e2e

package main_test

import (
	"strings"
	"syscall"
	"testing"

	"messiah/prod/admin"
)

// TestTwoHundredClientsOverEachTransport is the verification that the README promises, with a gate killed under it.
func TestTwoHundredClientsOverEachTransport(t *testing.T) {
	for _, transport := range []string{"kcp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			c := separately(t, 3, 3)
			r := execute(t, c.dir, c.bots(t, transport, "--clients", "200", "--for", "5s", "--every", "20ms")...)
			if doc := botsJSON(t, r.out); r.status != 0 || doc["connected"] != 200.0 || doc["errors"] != 0.0 {
				t.Errorf("status %d, %s%s", r.status, r.out, r.err)
			}
			b := begin(t, c.dir, c.bots(t, transport, "--clients", "200", "--for", "15s", "--every", "20ms")...)
			c.until(t, "all bots in", func(s *admin.Cluster) bool { return s.Avatars == 200 && gateSessions(s, "gate1") > 0 })
			c.all["gate1"].signal(t, syscall.SIGKILL)
			c.all["gate1"].ended(t)
			delete(c.all, "gate1")
			c.until(t, "all bots back", func(s *admin.Cluster) bool {
				return gateSessions(s, "gate2")+gateSessions(s, "gate3") == 200
			})
			status := b.ended(t)
			if doc := botsJSON(t, strings.Join(b.lines, "\n")); status != 0 || doc["connected"] != 200.0 {
				t.Errorf("with a gate killed: status %d", status)
			}
			c.stop(t)
		})
	}
}
