package main_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"messiah/core/record"
	"messiah/prod/admin"
)

// processes is a cluster of separate processes.
type processes struct {
	dir, file string
	all       map[string]*program
}

// separately starts every role as a process, the ones first that need the others most.
func separately(t *testing.T, gates, games int) *processes {
	t.Helper()
	c := &processes{all: map[string]*program{}}
	c.dir, c.file = configFile(t, gates, games)
	digits := "123456789"
	for i := range gates {
		c.start(t, "gate"+digits[i:i+1], "gate", "--index", digits[i:i+1])
	}
	c.start(t, "db1", "db")
	for i := range games {
		c.start(t, "game"+digits[i:i+1], "game", "--index", digits[i:i+1])
	}
	c.start(t, "manager1", "manager")
	for name, p := range c.all {
		p.line(t, "messiah "+name+" ready")
	}
	return c
}

func (c *processes) start(t *testing.T, name string, args ...string) {
	c.all[name] = begin(t, c.dir, append(args, "--config", c.file)...)
}

// status asks the manager.
func (c *processes) status(t *testing.T) admin.Status {
	t.Helper()
	r := execute(t, c.dir, "admin", "status", "--config", c.file, "--json")
	var s admin.Status
	if err := json.Unmarshal([]byte(r.out), &s); err != nil || r.status != 0 || s.Cluster == nil {
		t.Fatalf("admin status: status %d, %v, %s%s", r.status, err, r.out, r.err)
	}
	return s
}

// clients lists the addresses of the gates of one transport as arguments of bots.
func (c *processes) clients(t *testing.T, transport string) []string {
	var args []string
	for _, p := range c.status(t).Cluster.Processes {
		for _, url := range p.Clients {
			if strings.HasPrefix(url, transport) {
				args = append(args, "--gate", url)
			}
		}
	}
	return args
}

// bots are the arguments that send clients in who verify.
func (c *processes) bots(t *testing.T, transport string, args ...string) []string {
	all := append([]string{"bots", "--config", c.file, "--transport", transport, "--verify", "--json"}, c.clients(t, transport)...)
	return append(all, args...)
}

// until looks at the status until it is as wanted.
func (c *processes) until(t *testing.T, what string, is func(*admin.Cluster) bool) {
	t.Helper()
	for deadline := time.Now().Add(within); ; {
		s := c.status(t)
		if is(s.Cluster) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("never %s; at last %+v", what, s.Cluster)
		}
	}
}

// stop ends every process in good order with one Ctrl-C each.
func (c *processes) stop(t *testing.T) {
	t.Helper()
	for _, p := range c.all {
		p.signal(t, os.Interrupt)
	}
	for name, p := range c.all {
		if status := p.ended(t); status != 0 {
			t.Errorf("%s ended with status %d", name, status)
		}
	}
}

// botsJSON checks the document of bots --json against the contract and returns its fields.
func botsJSON(t *testing.T, text string) map[string]any {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	for _, name := range []string{
		"clients", "connected", "refused", "rtt_ms", "calls_per_second", "errors", "lost", "duplicated", "reordered", "corrections", "down_bits_per_second",
		"migrations", "migration_freeze_ms",
	} {
		if doc[name] == nil {
			t.Errorf("bots --json: %s is not there", name)
		}
	}
	for _, name := range []string{
		"moves_per_second", "bytes_per_neighbour_update",
	} {
		if v, ok := doc[name]; !ok || v != nil {
			t.Errorf("bots --json: %s is %v, and to be null until it is built", name, v)
		}
	}
	rtt, _ := doc["rtt_ms"].(map[string]any)
	last := 0.0
	for _, name := range []string{"p50", "p99", "p999", "max"} {
		v, ok := rtt[name].(float64)
		if !ok || v <= 0 || v < last {
			t.Errorf("bots --json: rtt_ms.%s is %v", name, rtt[name])
		}
		last = v
	}
	return doc
}

func TestProcessesInAnyOrderAndAKilledGate(t *testing.T) {
	c := separately(t, 2, 2)
	if s := c.status(t).Cluster; s.Step != 9 || s.StepName != "admit" || !s.Admits || len(s.Steps) != 9 || len(s.Processes) != 5 || len(s.Stubs) == 0 {
		t.Errorf("status: %+v", s)
	}
	r := execute(t, c.dir, c.bots(t, "kcp", "--clients", "20", "--for", "1s", "--every", "20ms")...)
	if doc := botsJSON(t, r.out); r.status != 0 || doc["connected"] != 20.0 || doc["lost"] != 0.0 || doc["errors"] != 0.0 {
		t.Errorf("kcp: status %d, %s%s", r.status, r.out, r.err)
	}

	b := begin(t, c.dir, c.bots(t, "tcp", "--clients", "20", "--for", "3s", "--every", "20ms")...)
	c.until(t, "all bots in through both gates", func(s *admin.Cluster) bool {
		return s.Avatars == 20 && s.Sessions == 20 && gateSessions(s, "gate1") > 0
	})
	c.all["gate1"].signal(t, syscall.SIGKILL)
	c.all["gate1"].ended(t)
	delete(c.all, "gate1")
	c.until(t, "all bots back through the other gate", func(s *admin.Cluster) bool { return gateSessions(s, "gate2") == 20 })
	status := b.ended(t)
	if doc := botsJSON(t, strings.Join(b.lines, "\n")); status != 0 || doc["connected"] != 20.0 {
		t.Errorf("tcp with a gate killed: status %d", status)
	}

	k := begin(t, c.dir, c.bots(t, "tcp", "--clients", "1", "--for", "3s", "--every", "20ms", "--prefix", "alice")...)
	c.until(t, "alice in", func(s *admin.Cluster) bool { return s.Avatars == 1 })
	if r := execute(t, c.dir, "admin", "kick", "alice1", "--config", c.file, "--json"); r.status != 0 || !strings.Contains(r.out, `"gates":1`) {
		t.Errorf("kick: %+v", r)
	}
	if status := k.ended(t); status != 0 {
		t.Errorf("the kicked client's bots: status %d", status)
	}
	if doc := botsJSON(t, strings.Join(k.lines, "\n")); doc["logins"].(float64) < 2 {
		t.Errorf("the client was not kicked: %v", doc)
	}
	c.stop(t)
}

func gateSessions(c *admin.Cluster, name string) uint64 {
	for _, p := range c.Processes {
		if p.Name == name {
			return p.Sessions
		}
	}
	return 0
}

func TestRunDrainsAtCtrlC(t *testing.T) {
	dir, file := configFile(t, 2, 3)
	p := begin(t, dir, "run", "--config", file, "--bots", "10")
	for _, step := range []string{
		"1  started", "2  registered", "3  game-list", "4  gates-connected", "5  server-open", "6  reported", "7  primary", "8  stubs", "9  admit",
	} {
		p.line(t, "step "+step)
	}
	p.line(t, "admin at http://127.0.0.1:")
	p.line(t, "10 of 10 bots in")
	p.signal(t, os.Interrupt)
	if status := p.ended(t); status != 0 {
		t.Errorf("status %d", status)
	}
	p.line(t, "10 bots logged out")
	p.line(t, "manager1 left")
	p.line(t, "no goroutine of ours is left")
}

func TestASecondCtrlCEndsAtOnce(t *testing.T) {
	c := separately(t, 1, 1)
	b := begin(t, c.dir, c.bots(t, "kcp", "--clients", "1", "--for", "1m")...)
	c.until(t, "the bot in", func(s *admin.Cluster) bool { return s.Avatars == 1 })
	c.all["gate1"].signal(t, syscall.SIGKILL)
	c.all["gate1"].ended(t)
	delete(c.all, "gate1")
	// The bot waits for the answer to its call until it takes the gate for lost, seconds later.
	again := time.NewTicker(300 * time.Millisecond)
	defer again.Stop()
	for presses := 0; presses < 20; presses++ {
		b.signal(t, os.Interrupt)
		select {
		case <-b.done:
			if status := b.ended(t); status != 1 || !strings.Contains(b.words.String(), "ends at once") || presses > 2 {
				t.Errorf("status %d after %d presses: %s", status, presses+1, b.words.String())
			}
			c.stop(t)
			return
		case <-again.C:
		}
	}
	t.Error("it does not end")
}

func TestTermEndsARoleThatWaitsForOthers(t *testing.T) {
	for _, role := range []string{"manager", "db", "game", "gate"} {
		dir, file := configFile(t, 1, 1)
		p := begin(t, dir, role, "--config", file)
		p.line(t, "listens")
		p.signal(t, syscall.SIGTERM)
		if status := p.ended(t); status != 0 {
			t.Errorf("%s: status %d", role, status)
		}
		p.line(t, "messiah "+role+"1 left")
	}
}

// Each process writes its own recording, found by its configured admin address or by --admin.
func TestRecordOfSeparateProcesses(t *testing.T) {
	c := separately(t, 1, 1)
	file := filepath.Join(c.dir, "manager.rec")
	r := execute(t, c.dir, "admin", "record", "manager1", "--out", file, "--config", c.file, "--json")
	var doc map[string]any
	if err := json.Unmarshal([]byte(r.out), &doc); err != nil || r.status != 0 {
		t.Fatalf("status %d, %v: %s%s", r.status, err, r.out, r.err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := record.Read(b)
	if err != nil || rec.Head.Self.ID.String() != "manager1" || doc["incarnation"] != rec.Head.Self.Inc.String() || doc["from_start"] != true ||
		doc["bytes"] != float64(len(b)) || doc["file"] != file {
		t.Errorf("%v: %+v of %+v", err, doc, rec.Head)
	}
	if st, err := os.Stat(file); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v %v", st.Mode(), err)
	}
	// The gate's admin port was the system's choice, which only its own first line tells.
	r = execute(t, c.dir, "admin", "record", "gate1", "--config", c.file)
	if r.status != 1 || !strings.Contains(r.err, "gate1 is in another process; this one has manager1: name the admin address of gate1 with --admin") {
		t.Errorf("status %d: %s%s", r.status, r.out, r.err)
	}
	line := c.all["gate1"].line(t, "messiah gate1 listens")
	_, at, _ := strings.Cut(line, "admin=")
	r = execute(t, c.dir, "admin", "record", "gate1", "--admin", at)
	if r.status != 0 || !strings.Contains(r.out, "replay it: messiah-sim import gate1.rec") {
		t.Errorf("status %d: %s%s", r.status, r.out, r.err)
	}
	c.stop(t)
}
