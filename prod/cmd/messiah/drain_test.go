package main_test

import (
	"encoding/json"
	"strings"
	"testing"

	"messiah/prod/admin"
)

// An order that cannot be carried out is one line that says why.
func TestOrdersThatAreRefused(t *testing.T) {
	c := separately(t, 1, 1)
	for _, one := range []struct{ args, want string }{
		{"drain game7", "manager: there is no game game7; there are game1"},
		{"close game7", "manager: there is no game game7; there are game1"},
		{"drain game1", "manager: game1 cannot be drained: no other game is ready and open to take whom it has"},
	} {
		r := execute(t, c.dir, append(append([]string{"admin"}, strings.Fields(one.args)...), "--config", c.file)...)
		if r.status != 1 || r.out != "" || strings.Count(r.err, "\n") != 1 || !strings.Contains(r.err, one.want) {
			t.Errorf("admin %s: %+v", one.args, r)
		}
	}
	c.stop(t)
}

// A drained game's process ends with status 0, and a closed game is open again when somebody says so.
func TestCloseOpenAndDrain(t *testing.T) {
	c := separately(t, 1, 2)
	if r := execute(t, c.dir, "admin", "close", "game2", "--config", c.file); r.status != 0 || r.out != "game2 takes no newcomers\n" {
		t.Errorf("close: %+v", r)
	}
	c.until(t, "game2 closed", func(s *admin.Cluster) bool { return standing(s, "game2").Closed })
	if r := execute(t, c.dir, "admin", "drain", "game1", "--config", c.file); r.status != 1 || !strings.Contains(r.err, "no other game is ready and open") {
		t.Errorf("drain without another game: %+v", r)
	}
	if r := execute(t, c.dir, "admin", "open", "game2", "--config", c.file, "--json"); r.status != 0 || !strings.Contains(r.out, `"order":"open"`) {
		t.Errorf("open: %+v", r)
	}
	c.until(t, "game2 open", func(s *admin.Cluster) bool { return !standing(s, "game2").Closed })
	c.drain(t, "game1")
	c.stop(t)
}

// standing returns what the manager knows of a process.
func standing(s *admin.Cluster, name string) admin.Process {
	for _, p := range s.Processes {
		if p.Name == name {
			return p
		}
	}
	return admin.Process{}
}

// drain drains a game and wants its process to end in good order.
func (c *processes) drain(t *testing.T, name string) (moved uint64) {
	t.Helper()
	r := execute(t, c.dir, "admin", "drain", name, "--config", c.file, "--json")
	var doc struct {
		Game    string
		Left    bool
		Moved   uint64
		Seconds float64
	}
	if err := json.Unmarshal([]byte(r.out), &doc); err != nil || r.status != 0 || !doc.Left || doc.Game != name {
		t.Fatalf("drain %s: status %d, %v: %s%s", name, r.status, err, r.out, r.err)
	}
	if status := c.all[name].ended(t); status != 0 {
		t.Errorf("%s ended with status %d", name, status)
	}
	c.all[name].line(t, "messiah "+name+" left")
	delete(c.all, name)
	return doc.Moved
}
