package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// write puts a configuration into a file of its own.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "messiah.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDefaultsAreSound(t *testing.T) {
	c, warnings, err := Load(Source{})
	if err != nil || len(warnings) != 0 {
		t.Fatalf("the defaults: %v, warnings %v", err, warnings)
	}
	if len(c.Gates) != DefaultGates || len(c.Games) != DefaultGames {
		t.Errorf("%d gates and %d games", len(c.Gates), len(c.Games))
	}
	many := Default()
	many.SetGates(60)
	many.SetGames(60)
	if err := many.Check(); err != nil {
		t.Errorf("60 of each: %v", err)
	}
}

func TestErrorsNameTheKey(t *testing.T) {
	for _, one := range []struct{ name, text, want string }{
		{"unknown key", "manager: {lisen: 127.0.0.1:1}", `config: manager.lisen: is no key here; did you mean "listen"? (line 1)`},
		{"unknown in a list", "games:\n- listen: 127.0.0.1:1\n- {listn: 127.0.0.1:2}", `config: games[1].listn: is no key here; did you mean "listen"? (line 3)`},
		{"unknown at the top", "gate: []", `config: gate: is no key here; did you mean "gates"? (line 1)`},
		{"nothing near", "zzzzzz: 1", "config: zzzzzz: is no key here; known are state, secrets, log, record, manager, db, games, gates, players (line 1)"},
		{"twice", "manager: {listen: 127.0.0.1:1, listen: 127.0.0.1:2}", `config: manager.listen: stands twice (line 1)`},
		{"no duration", "players: {grace: 30}", `config: players.grace: "30" is no duration such as 500ms or 2s (line 1)`},
		{"no number", "players: {shards: two}", `config: players.shards: "two" is no whole number (line 1)`},
		{"a list for a value", "state: [a]", `config: state: is to be one value (line 1)`},
		{"a value for a list", "games: 3", `config: games: is to be a list (line 1)`},
		{"a value for keys", "manager: here", `config: manager: is to be a list of keys with values (line 1)`},
		{"no port", "games: [{listen: 127.0.0.1}]", `config: games[0].listen: "127.0.0.1" is no host:port`},
		{"no host", "db: {listen: \":7000\"}", `config: db.listen: ":7000" names no host; 0.0.0.0 is every address`},
		{"wrong port", "db: {listen: \"127.0.0.1:70000\"}", `config: db.listen: "127.0.0.1:70000" has no port between 0 and 65535`},
		{"transport", "gates: [{clients: [\"udp://127.0.0.1:1\"]}]", `config: gates[0].clients[0]: "udp://127.0.0.1:1": "udp" is no transport; known are kcp and tcp`},
		{"no clients", "gates: [{clients: []}]", `config: gates[0].clients: a gate that takes no clients is none`},
		{"no games", "games: []", `config: games: a cluster has at least one`},
		{"level", "log: {level: inof}", `config: log.level: "inof" is none of debug, info, warn, error; did you mean "info"?`},
		{"too short", "manager: {dead_after: 1ms}", `config: manager.dead_after: 1ms is less than 10ms`},
		{"too many", "players: {shards: 300}", `config: players.shards: 300 is more than 255`},
		{"same address", "db: {listen: 127.0.0.1:7700}", `config: db.listen: 127.0.0.1:7700 is taken by manager.listen`},
		{"open with a default secret", "games: [{listen: 0.0.0.0:7710}]",
			`config: games[0].listen: 0.0.0.0:7710 is not loopback: set secrets.cluster_file first, the secret made at first start is a default`},
		{"open admin", "manager: {admin: 0.0.0.0:7790}\nsecrets: {cluster: a-secret-of-our-own}",
			`config: manager.admin: 0.0.0.0:7790 is not loopback: whoever reaches it operates the cluster; use a tunnel`},
		{"short secret", "secrets: {cluster: short}", `config: secrets.cluster: has 5 bytes; at least 16 are needed`},
		{"two secrets", "secrets: {cluster: a-secret-of-our-own, cluster_file: x}",
			`config: secrets.cluster_file: secrets.cluster is set as well; only one of them can hold`},
		{"heartbeat", "players: {heartbeat: 6s}", `config: players.heartbeat: is to be shorter than players.dead_after`},
		{"not YAML", "a: [", `config: line 1: did not find expected node content`},
	} {
		t.Run(one.name, func(t *testing.T) {
			_, _, err := Load(Source{File: write(t, one.text)})
			if err == nil || err.Error() != one.want {
				t.Errorf("got  %v\nwant %s", err, one.want)
			}
		})
	}
}

func TestALaterSourceWins(t *testing.T) {
	file := write(t, "state: from-file\nmanager: {dead_after: 2s}\ngates:\n- {admin: 127.0.0.1:1}\n")
	c, warnings, err := Load(Source{
		File: file, Gates: 3,
		Environ: []string{"MESSIAH_STATE=from-env", "MESSIAH_GATES_2_CLIENTS=kcp://127.0.0.1:5, tcp://127.0.0.1:5", "PATH=/bin"},
		Set:     []string{"state=from-flag", "gates[1].admin=127.0.0.1:9"},
	})
	if err != nil || len(warnings) != 0 {
		t.Fatalf("%v, warnings %v", err, warnings)
	}
	if c.State != "from-flag" || c.Manager.DeadAfter != 2*time.Second {
		t.Errorf("state %q, dead_after %v", c.State, c.Manager.DeadAfter)
	}
	if len(c.Gates) != 3 || c.Gates[0].Admin != "127.0.0.1:1" || c.Gates[1].Admin != "127.0.0.1:9" {
		t.Errorf("gates %+v", c.Gates)
	}
	if got := strings.Join(c.Gates[2].Clients, " "); got != "kcp://127.0.0.1:5 tcp://127.0.0.1:5" {
		t.Errorf("gates[2].clients %q", got)
	}
}

func TestOverridesNameTheKey(t *testing.T) {
	for _, one := range []struct {
		name   string
		source Source
		want   string
	}{
		{"flag", Source{Set: []string{"gates[0].admn=x"}}, `config: gates[0].admn: is no key; did you mean "gates[0].admin"?`},
		{"no value", Source{Set: []string{"state"}}, `config: --set state: is to be key=value`},
		{"variable", Source{Environ: []string{"MESSIAH_PLAYERS_GRACE=x"}},
			`config: players.grace: "x" is no duration such as 500ms or 2s (from MESSIAH_PLAYERS_GRACE)`},
		{"no file", Source{File: "/nowhere/messiah.yaml"}, `config: there is no file /nowhere/messiah.yaml`},
		{"no file of the variable", Source{Environ: []string{"MESSIAH_CONFIG=/nowhere/m.yaml"}}, `config: there is no file /nowhere/m.yaml`},
	} {
		t.Run(one.name, func(t *testing.T) {
			if _, _, err := Load(one.source); err == nil || err.Error() != one.want {
				t.Errorf("got  %v\nwant %s", err, one.want)
			}
		})
	}
}

func TestAForeignVariableIsAWarning(t *testing.T) {
	_, warnings, err := Load(Source{Environ: []string{"MESSIAH_MANAGER_LISTE=x"}})
	want := `the variable MESSIAH_MANAGER_LISTE names no key; did you mean "MESSIAH_MANAGER_LISTEN"?`
	if err != nil || len(warnings) != 1 || warnings[0] != want {
		t.Errorf("error %v, warnings %q, want %q", err, warnings, want)
	}
}

func TestPrintIsReadAgainAndHidesTheSecret(t *testing.T) {
	c := Default()
	c.Players.Grace = 7 * time.Second
	text, err := c.Print()
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := Load(Source{File: write(t, string(text))})
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	second, err := again.Print()
	if err != nil || string(second) != string(text) {
		t.Errorf("printed again it is another: %v\n%s\n%s", err, text, second)
	}
	c.Secrets.Cluster = "a-secret-of-our-own"
	if text, err = c.Print(); err != nil || strings.Contains(string(text), c.Secrets.Cluster) {
		t.Errorf("the secret is printed: %v\n%s", err, text)
	}
}
