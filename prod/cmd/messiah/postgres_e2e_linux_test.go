//go:build e2e

package main_test

import (
	"encoding/json"
	"testing"

	"messiah/prod/admin"
	"messiah/prod/store"
	"messiah/prod/store/testserver"
)

// TestPostgresKilledUnderBots kills the server of the records (SIGKILL) while bots
// play, and again while they leave and their avatars are saved. Nobody notices, and
// at the end every avatar is in the store and nobody holds it.
func TestPostgresKilledUnderBots(t *testing.T) {
	server, err := testserver.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	}()
	address, err := server.Database("records")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("MESSIAH_DB_STORE", address)
	restart := func() {
		t.Helper()
		if err := server.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := server.Restart(); err != nil {
			t.Fatal(err)
		}
	}
	c := separately(t, 1, 2)
	const clients, waves = 40, 3
	for range waves {
		b := begin(t, c.dir, c.bots(t, "tcp", "--clients", "40", "--for", "2s", "--every", "20ms")...)
		c.until(t, "all bots in", func(s *admin.Cluster) bool { return s.Avatars == clients })
		restart()
		c.until(t, "some have left", func(s *admin.Cluster) bool { return s.Avatars < clients })
		restart()
		if status := b.ended(t); status != 0 {
			t.Errorf("bots ended with status %d: %s", status, b.words.String())
		}
	}
	c.until(t, "every avatar saved", func(s *admin.Cluster) bool { return s.Avatars == 0 })
	c.stop(t)
	r := execute(t, c.dir, "store", "check", "--config", c.file, "--json")
	var report store.Report
	if err := json.Unmarshal([]byte(r.out), &report); err != nil || r.status != 0 || report.Records != waves*clients || len(report.Held) != 0 {
		t.Errorf("the check says %d, %v, %s%s", r.status, err, r.out, r.err)
	}
}
