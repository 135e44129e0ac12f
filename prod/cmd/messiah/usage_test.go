package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestUsageErrorsAreOneLineAndStatus5(t *testing.T) {
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken.yaml")
	if err := os.WriteFile(broken, []byte("games:\n- {}\n- {lisen: x}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, one := range []struct{ args, want string }{
		{"", `expected one of`},
		{"frobnicate", `unexpected argument frobnicate`},
		{"run --nope", `unknown flag --nope`},
		{"run --gates many", `--gates`},
		{"run --gates -1", `--gates`},
		{"gate --index 9", `there is no gate 9, 2 are configured`},
		{"game --config nowhere.yaml", `there is no file nowhere.yaml`},
		{"game --config broken.yaml", `config: games[1].lisen: is no key here; did you mean "listen"?`},
		{"db --set db.stor=x", `config: db.stor: is no key; did you mean "db.store"?`},
		{"manager --set manager.listen=0.0.0.0:7700", `config: manager.listen: 0.0.0.0:7700 is not loopback`},
		{"config check --config nowhere.yaml", `there is no file nowhere.yaml`},
		{"config", `expected`},
		{"bots --transport ws", `--transport must be one of "kcp","tcp"`},
		{"bots --clients 0", `--clients 0`},
		{"bots --for 0s", `--for 0s`},
		{"bots --gate nowhere", `"nowhere" is no host:port`},
		{"bots --gate tcp://127.0.0.1:1 --transport kcp", `is not of --transport kcp`},
		{"bots --gate 127.0.0.1:1 --server-key nowhere.pub", `there is no file nowhere.pub`},
		{"admin", `expected one of`},
		{"admin drain", `expected "<game>"`},
		{"admin drain game", `"game" names no node; a name is a role and a number, as in gate2`},
		{"admin close gate1", `gate1 is no game; name one such as game2`},
		{"admin kick", `expected "<client>"`},
		{"admin record", `expected "<role>"`},
		{"admin record gate", `"gate" names no node; a name is a role and a number, as in gate2`},
		{"admin record client1", `client1 is no process of a cluster`},
		{"manager --set record=-1", `config: record: -1 is less than 0`},
		{"rpcindex --check --file nowhere.txt", `there is no file nowhere.txt: run messiah rpcindex --file nowhere.txt`},
		{"rpcindex --file broken.yaml", `rpcindex: broken.yaml: rpc: line 1: "games:" where`},
		{"rpcindex --file nowhere/rpc.txt", `cannot write the table`},
		{"nav build", `unexpected argument nav`},
		{"store", `expected one of`},
		{"store backup", `expected "<file>"`},
		{"store check --store nowhere.db", `there is no store at nowhere.db`},
		{"store backup out --store nowhere.db", `there is no store at nowhere.db`},
		{"store restore nowhere.backup", `there is no file nowhere.backup`},
		{"store restore broken.yaml", `broken.yaml: is no backup of a store`},
		{"store check --store postgres://ann:secret@db:none/x", `config: db.store: is no address of a PostgreSQL database`},
	} {
		t.Run(one.args, func(t *testing.T) {
			r := execute(t, dir, strings.Fields(one.args)...)
			if r.status != 5 || r.out != "" || strings.Count(r.err, "\n") != 1 || !strings.Contains(r.err, one.want) {
				t.Errorf("status %d, output %q, words %q, want one line with %q", r.status, r.out, r.err, one.want)
			}
		})
	}
}

func TestEveryCommandHelpsWithAnExample(t *testing.T) {
	for _, name := range []string{
		"run", "gate", "game", "manager", "db", "bots", "admin status", "admin kick", "admin record", "admin drain", "admin close", "admin open", "rpcindex", "config check", "version",
		"store backup", "store restore", "store check",
	} {
		r := execute(t, t.TempDir(), append(strings.Fields(name), "--help")...)
		if r.status != 0 || !strings.Contains(r.out, "Example:") || !strings.Contains(r.out, "messiah "+name) {
			t.Errorf("%s --help: status %d, output %q", name, r.status, r.out)
		}
	}
}

func TestConfigCheckPrintsWhatTakesEffect(t *testing.T) {
	r := execute(t, t.TempDir(), "config", "check", "--set", "players.grace=7s", "--set", "secrets.cluster=a-secret-of-our-own")
	if r.status != 0 || !strings.Contains(r.out, "grace: 7s") || strings.Contains(r.out, "a-secret") {
		t.Errorf("status %d, output %s", r.status, r.out)
	}
}

func TestNobodyAnswersIsStatus1(t *testing.T) {
	r := execute(t, t.TempDir(), "admin", "status", "--admin", freeAddr(t))
	if r.status != 1 || !strings.Contains(r.err, "nobody answers at") || r.out != "" {
		t.Errorf("%+v", r)
	}
}

func TestVersion(t *testing.T) {
	if r := execute(t, t.TempDir(), "version"); r.status != 0 || !strings.HasPrefix(r.out, "messiah ") {
		t.Errorf("%+v", r)
	}
}
