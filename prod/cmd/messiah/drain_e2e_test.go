//go:build e2e

package main_test

import (
	"strings"
	"testing"

	"messiah/prod/admin"
)

// Two games are drained and started again under bots that check every answer: none of them notices.
func TestRollingRestartUnderBots(t *testing.T) {
	c := separately(t, 2, 2)
	b := begin(t, c.dir, c.bots(t, "kcp", "--clients", "20", "--for", "15s", "--every", "20ms")...)
	c.until(t, "all bots in, on both games", func(s *admin.Cluster) bool {
		return s.Sessions == 20 && s.Avatars >= 20 && avatarsOn(s, "game1") > 2 && avatarsOn(s, "game2") > 2
	})
	moved := c.drain(t, "game1")
	c.start(t, "game1", "game", "--index", "1")
	c.all["game1"].line(t, "messiah game1 ready")
	c.until(t, "game1 open", func(s *admin.Cluster) bool { p := standing(s, "game1"); return p.Ready && !p.Closed })
	moved += c.drain(t, "game2")
	c.start(t, "game2", "game", "--index", "2")
	c.all["game2"].line(t, "messiah game2 ready")
	if moved < 20 {
		t.Errorf("%d entities have moved", moved)
	}
	status := b.ended(t)
	doc := botsJSON(t, strings.Join(b.lines, "\n"))
	if status != 0 || doc["connected"] != 20.0 || doc["logins"] != 20.0 || doc["errors"] != 0.0 ||
		doc["lost"] != 0.0 || doc["duplicated"] != 0.0 || doc["reordered"] != 0.0 {
		t.Errorf("status %d: %v", status, doc)
	}
	c.stop(t)
}
