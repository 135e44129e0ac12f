//go:build e2e

package main_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"messiah/prod/admin"
)

// TestTravellersOutliveKilledGames kills games at random moments, one after the other,
// while avatars go from game to game all the time, are called by their clients, call
// those, and write each other letters. Of the calls that were answered none is lost,
// doubled or out of order, and of each other one its sender hears.
func TestTravellersOutliveKilledGames(t *testing.T) {
	for _, transport := range []string{"kcp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			chance := rand.New(rand.NewPCG(seed, 0))
			c := separately(t, 2, 3)
			travellers := begin(t, c.dir, c.bots(t, transport, "--clients", "40", "--for", "30s", "--every", "20ms", "--tour", "100ms")...)
			c.until(t, "all avatars reported", func(s *admin.Cluster) bool { return s.Avatars == 40 })
			for kill := range 6 {
				after := time.Duration(chance.IntN(int(1500 * time.Millisecond)))
				killAfter(t, c, fmt.Sprintf("game%d", 1+chance.IntN(3)), after, kill)
			}
			status := travellers.ended(t)
			doc := botsJSON(t, strings.Join(travellers.lines, "\n"))
			travels, _ := doc["travels"].(map[string]any)
			for _, name := range []string{"lost", "duplicated", "reordered", "forgotten"} {
				if doc[name] != 0.0 {
					t.Errorf("%s: %v", name, doc[name])
				}
			}
			if status != 0 || doc["migrations"] == 0.0 || travels["answered"] == 0.0 || travels["taken"] == 0.0 {
				t.Errorf("bots --verify: status %d, %v: %s", status, doc, travellers.words.String())
			}
			t.Logf("%v migrations, %v calls answered, %v told that they failed or may have run; letters %v; a call held up %v ms",
				doc["migrations"], doc["calls"], doc["errors"], travels, doc["migration_freeze_ms"])
			c.until(t, "every avatar saved", func(s *admin.Cluster) bool { return s.Avatars == 0 })
			c.stop(t)
			c.sound(t, 40)
		})
	}
}

// killAfter kills a game after a while, and starts it again.
func killAfter(t *testing.T, c *processes, game string, after time.Duration, kill int) {
	t.Helper()
	<-time.After(after)
	c.kill(t, game)
	t.Logf("%d: %s killed", kill, game)
	c.start(t, game, "game", "--index", game[len(game)-1:])
	c.until(t, game+" is back", func(s *admin.Cluster) bool {
		for _, p := range s.Processes {
			if p.Name == game {
				return p.Ready
			}
		}
		return false
	})
}
