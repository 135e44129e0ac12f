package main_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

func TestAccountsAreMadeBlockedAndListed(t *testing.T) {
	dir := t.TempDir()
	at := filepath.Join(dir, "new", "store.db")
	do := func(want int, said string, args ...string) result {
		t.Helper()
		r := whispered(t, dir, said, append(append([]string{"store", "account"}, args...), "--store", at)...)
		if r.status != want {
			t.Fatalf("%v: status %d, want %d; output %q, words %q", args, r.status, want, r.out, r.err)
		}
		return r
	}
	do(5, "", "list")
	do(5, "", "block", "ann")
	do(5, "short\n", "add", "ann")
	do(0, "correct horse\n", "add", "ann")
	if r := do(5, "correct horse\n", "add", "ann"); !strings.Contains(r.err, "there is such an account already: ann") {
		t.Errorf("a second ann: %q", r.err)
	}
	do(0, "battery staple", "add", "bot-", "--count", "3")
	do(0, "battery staple", "passwd", "ann")
	if r := do(5, "battery staple", "passwd", "eve"); !strings.Contains(r.err, "no such account: eve") {
		t.Errorf("eve: %q", r.err)
	}
	do(0, "", "block", "ann", "--reason", "sold gold")
	do(0, "", "block", "bot-1", "--for", "1h", "--reason", "is a bot")
	do(0, "", "block", "bot-2")
	do(0, "", "unblock", "bot-2")
	var all []struct {
		Account, Until, Reason, Damage string
		Blocked                        bool
	}
	r := do(0, "", "list", "--json")
	if err := json.Unmarshal([]byte(r.out), &all); err != nil || len(all) != 4 {
		t.Fatalf("%q: %v", r.out, err)
	}
	if a := all[0]; a.Account != "ann" || !a.Blocked || a.Until != "" || a.Reason != "sold gold" {
		t.Errorf("ann: %+v", a)
	}
	if b := all[1]; b.Account != "bot-1" || !b.Blocked || b.Until == "" || b.Reason != "is a bot" {
		t.Errorf("bot-1: %+v", b)
	}
	if all[2].Blocked || all[3].Blocked || all[3].Account != "bot-3" {
		t.Errorf("the others: %+v", all[2:])
	}
	if c := execute(t, dir, "store", "check", "--store", at); c.status != 0 || !strings.Contains(c.out, "records        4,") {
		t.Errorf("the check: %d %q %q", c.status, c.out, c.err)
	}
}

// A cluster that asks for passwords lets in whoever has the right one, and nobody else.
func TestBotsWithAPassword(t *testing.T) {
	dir, file := configFile(t, 1, 1)
	made := whispered(t, dir, "battery staple\n", "store", "account", "add", "bot-", "--count", "3", "--config", file)
	if made.status != 0 {
		t.Fatalf("%+v", made)
	}
	p := begin(t, dir, "run", "--config", file, "--set", "players.accounts=password")
	_, urls, _ := strings.Cut(p.line(t, "gate1 takes clients at "), " at ")
	for _, tt := range []struct {
		said, prefix string
		want         int
	}{{"battery staple\n", "bot-", 0}, {"battery stable\n", "bot-", 1}, {"battery staple\n", "eve-", 1}} {
		r := whispered(t, dir, tt.said, "bots", "--config", file, "--gate", strings.Fields(urls)[0], "--clients", "3",
			"--for", "1s", "--prefix", tt.prefix, "--password", "--verify", "--json")
		if r.status != tt.want {
			t.Errorf("%q as %s: status %d, want %d: %s%s", tt.said, tt.prefix, r.status, tt.want, r.out, r.err)
		}
	}
}
