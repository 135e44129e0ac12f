//go:build e2e

package main_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"messiah/core/client"
	"messiah/core/proto"
	"messiah/prod/admin"
	"messiah/prod/bots"
	"messiah/prod/config"
	"messiah/prod/store"
	"messiah/prod/store/testserver"
	"messiah/scenarios/siege"
)

// crowd is bots of the test's own process, each asked for what it has seen.
type crowd struct {
	*bots.Swarm
	clients int
}

// enter sends bots in and waits until all have their avatar. The accounts of a prefix
// remember what they counted: life says which clients of theirs these are, from 0.
func (c *processes) enter(t *testing.T, transport, prefix string, clients int, life uint64) *crowd {
	t.Helper()
	cfg, _, err := config.Load(config.Source{File: c.file})
	if err != nil {
		t.Fatal(err)
	}
	key, err := cfg.ServerKey("")
	if err != nil {
		t.Fatal(err)
	}
	gates := slices.DeleteFunc(c.clients(t, transport), func(arg string) bool { return arg == "--gate" })
	s, err := bots.Start(bots.Config{
		Gates: gates, ServerKey: key, Version: proto.Version(siege.RPC().Schema(), siege.RPC().Digest()), Clients: clients, Prefix: prefix,
		RPC: siege.RPC(), Method: string(siege.Count), Outstanding: 16, Every: 20 * time.Millisecond, NumberBase: life << 32,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	t.Cleanup(func() {
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		s.Stop(ended)
	})
	if !s.AllIn(ctx) {
		t.Fatalf("not all bots came in: %+v", s.Count())
	}
	return &crowd{s, clients}
}

// each returns what every bot has seen.
func (w *crowd) each(t *testing.T) []client.Status {
	t.Helper()
	all := make([]client.Status, w.clients)
	for i := range all {
		st, runs := w.Status(i)
		if !runs {
			t.Fatalf("bot %d does not run", i)
		}
		all[i] = st
	}
	return all
}

// untilAll looks at the bots until each is as wanted, compared with what it had seen before.
func (c *processes) untilAll(t *testing.T, w *crowd, what string, before []client.Status, is func(was, now *client.Status) bool) {
	t.Helper()
	c.until(t, what, func(*admin.Cluster) bool {
		now := w.each(t)
		for i := range now {
			if !is(&before[i], &now[i]) {
				return false
			}
		}
		return true
	})
}

// savedSince waits until the avatar of every bot has told of a save later than before.
func (c *processes) savedSince(t *testing.T, w *crowd, before []client.Status) {
	t.Helper()
	c.untilAll(t, w, "a save of every avatar acknowledged", before, func(was, now *client.Status) bool { return now.Kept > was.Kept })
}

// kill ends a process with SIGKILL and returns when that was.
func (c *processes) kill(t *testing.T, name string) time.Time {
	t.Helper()
	at := time.Now()
	c.all[name].signal(t, syscall.SIGKILL)
	c.all[name].ended(t)
	return at
}

// avatarsOn returns how many avatars the manager knows on a game.
func avatarsOn(s *admin.Cluster, name string) uint64 {
	for _, p := range s.Processes {
		if p.Name == name {
			return p.Avatars
		}
	}
	return 0
}

// declaredDead returns when the manager, which has ended, declared a process dead for the first time.
func (c *processes) declaredDead(t *testing.T, name string) time.Time {
	t.Helper()
	for line := range strings.Lines(c.all["manager1"].words.String()) {
		if !strings.Contains(line, `msg="process is dead"`) || !strings.Contains(line, "process="+name+" ") {
			continue
		}
		_, rest, _ := strings.Cut(line, "time=")
		word, _, _ := strings.Cut(rest, " ")
		at, err := time.Parse(time.RFC3339Nano, word)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	t.Fatalf("the manager never declared %s dead: %s", name, c.all["manager1"].words.String())
	return time.Time{}
}

// faultless wants that no bot found anything that must not be.
func faultless(t *testing.T, tally bots.Tally, sessionsEnd bool) {
	t.Helper()
	if tally.Lost+tally.Doubled+tally.Reordered != 0 || !sessionsEnd && tally.Loss+tally.Kicks != 0 {
		t.Errorf("the bots found %+v", tally)
	}
}

// sound wants a store with so many records that nobody holds and nothing is wrong with.
func (c *processes) sound(t *testing.T, records int) {
	t.Helper()
	r := execute(t, c.dir, "store", "check", "--config", c.file, "--json")
	var report store.Report
	if err := json.Unmarshal([]byte(r.out), &report); err != nil || r.status != 0 || report.Records != int64(records) || len(report.Held) != 0 {
		t.Errorf("the check says %d, %v, %s%s; want %d records", r.status, err, r.out, r.err, records)
	}
}

// verified wants that a process of bots with --verify found nothing, and that it saw saves.
func verified(t *testing.T, b *program) {
	t.Helper()
	status := b.ended(t)
	doc := botsJSON(t, strings.Join(b.lines, "\n"))
	if status != 0 || doc["forgotten"] != 0.0 || doc["stored_calls"] == 0.0 {
		t.Errorf("bots --verify: status %d, %v: %s", status, doc, b.words.String())
	}
}

// TestGameKilledUnderBots kills the game that has the stub. Its avatars are loaded on
// another one, from what was acknowledged or later, under the sessions of their
// clients, within 2 s of the game's being declared dead; the stub comes back.
func TestGameKilledUnderBots(t *testing.T) {
	for _, transport := range []string{"kcp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			c := separately(t, 2, 3)
			verifying := begin(t, c.dir, c.bots(t, transport, "--clients", "10", "--for", "20s", "--every", "20ms")...)
			w := c.enter(t, transport, "player", 40, 0)
			c.savedSince(t, w, make([]client.Status, w.clients))
			game := c.status(t).Cluster.Stubs[0].Game
			var first uint64
			c.until(t, "all avatars reported", func(s *admin.Cluster) bool {
				first = avatarsOn(s, game)
				return s.Avatars == 50 && first > 0
			})
			w.Restart()
			killed := c.kill(t, game)
			c.start(t, game, "game", "--index", game[len(game)-1:])
			c.until(t, "the stub and all avatars elsewhere", func(s *admin.Cluster) bool {
				return s.Avatars == 50 && len(s.Stubs) == 1 && s.Stubs[0].Game != game
			})
			c.untilAll(t, w, "every bot answered", w.each(t), func(was, now *client.Status) bool { return now.Calls.Done > was.Calls.Done })
			c.all[game].line(t, "ready")
			tally := w.Count()
			moved := tally.Logins - uint64(w.clients)
			faultless(t, tally, false)
			verified(t, verifying)
			_, last := w.Finish()
			faultless(t, last, true)
			c.until(t, "every avatar saved", func(s *admin.Cluster) bool { return s.Avatars == 0 })
			c.stop(t)
			declared := c.declaredDead(t, game)
			playing := killed.Add(tally.Silence).Sub(declared)
			if moved == 0 || playing > 2*time.Second {
				t.Errorf("%d avatars moved, all play %v after the game was declared dead", moved, playing)
			}
			t.Logf("%d of %d avatars moved; declared dead %v after the kill, longest silence of a client %v, so playing at most %v after",
				moved, w.clients, declared.Sub(killed), tally.Silence, playing)
			c.sound(t, 50)
		})
	}
}

// TestDBKilledUnderBots kills the db while avatars are played, together with a game so
// that they are loaded from what it left, and while they are saved for the last time.
func TestDBKilledUnderBots(t *testing.T) {
	t.Run("bbolt", dbKilled)
	t.Run("postgres", func(t *testing.T) {
		server, err := testserver.Start()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := server.Close(); err != nil {
				t.Error(err)
			}
		})
		address, err := server.Database("records")
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv("MESSIAH_DB_STORE", address)
		dbKilled(t)
	})
}

func dbKilled(t *testing.T) {
	c := separately(t, 1, 2)
	verifying := begin(t, c.dir, c.bots(t, "kcp", "--clients", "10", "--for", "20s", "--every", "20ms")...)
	w := c.enter(t, "tcp", "player", 40, 0)
	c.savedSince(t, w, make([]client.Status, w.clients))
	c.kill(t, "db1")
	before := w.each(t)
	c.start(t, "db1", "db")
	c.savedSince(t, w, before)
	c.until(t, "all avatars reported", func(s *admin.Cluster) bool { return s.Avatars >= 40 && avatarsOn(s, "game1") > 0 })

	logins := w.Count().Logins
	c.kill(t, "db1")
	c.kill(t, "game1")
	c.start(t, "db1", "db")
	c.start(t, "game1", "game", "--index", "1")
	before = w.each(t)
	c.untilAll(t, w, "every bot answered", before, func(was, now *client.Status) bool {
		return now.State == client.In && now.Calls.Done > was.Calls.Done
	})
	tally := w.Count()
	faultless(t, tally, false)
	if tally.Logins == logins {
		t.Error("no avatar was loaded from what the db left")
	}
	verified(t, verifying)

	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	if !w.Quiet(ctx) {
		t.Fatalf("calls without an end: %+v", w.Count())
	}
	before = w.each(t)
	left := make(chan bots.Tally)
	go func() { left <- w.Stop(ctx) }()
	c.until(t, "some have left", func(s *admin.Cluster) bool { return s.Avatars < 40 })
	c.kill(t, "db1")
	c.start(t, "db1", "db")
	faultless(t, <-left, true)
	c.until(t, "every avatar saved", func(s *admin.Cluster) bool { return s.Avatars == 0 })

	again := c.enter(t, "tcp", "player", 40, 1)
	c.untilAll(t, again, "all that was counted remembered", before, func(was, now *client.Status) bool {
		if now.Calls.Done == 0 {
			return false
		}
		if now.Counted < was.Counted+now.Calls.Done {
			t.Fatalf("the avatar of %s remembers %d calls, %d of them of now, and was answered %d before", now.Account, now.Counted, now.Calls.Done, was.Counted)
		}
		return true
	})
	_, last := again.Finish()
	faultless(t, last, true)
	c.until(t, "every avatar saved", func(s *admin.Cluster) bool { return s.Avatars == 0 })
	c.stop(t)
	c.sound(t, 50)
}
