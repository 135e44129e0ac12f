package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// FuzzDecode reads bytes as a configuration file. What is understood is printed,
// and what is printed is understood as the same, but for the hidden secret.
func FuzzDecode(f *testing.F) {
	c := Default()
	text, err := c.Print()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	for _, text := range []string{
		"", "state: elsewhere\ngates: [{clients: [kcp://127.0.0.1:1]}, {}]\n", "players: {grace: 1h, shards: 3}\n",
		"gates: &a [*a]\n", "games: [&g {listen: 'x'}, *g, *g]\n", "secrets:\n  cluster: \"\\xff\\0\\u2028\"\n",
		"state: !!binary /w==\n", "log: ~\n", "log: [\n", "? {a: b}\n: c\n", "state: 2001-01-01\nlog: {level: 'no'}\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c := Default()
		if decode(text, &c) != nil {
			return
		}
		_ = c.Check() // that it returns is the point
		c.Secrets.Cluster = ""
		printed, err := c.Print()
		if err != nil {
			t.Fatalf("what was read is not printed: %v", err)
		}
		again := Default()
		if err := decode(printed, &again); err != nil {
			t.Fatalf("what is printed is not read: %v\n%s", err, printed)
		}
		if diff := cmp.Diff(c, again, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("it is read as another one (-was +is):\n%s\nfrom\n%s", diff, printed)
		}
	})
}

// A list that aliases repeat is no way to fill the memory with a small file.
func TestAListHasABound(t *testing.T) {
	long := "gates:\n- clients: &list [" + strings.Repeat("x,", 50_000) + "]\n" + strings.Repeat("- clients: *list\n", 50_000)
	c := Default()
	if err := decode([]byte(long), &c); err == nil || !strings.Contains(err.Error(), "gates: has 50001 elements; 1024 are the most") {
		t.Errorf("error %v", err)
	}
}

// FuzzOverride takes text as one key=value of a flag and of the environment.
func FuzzOverride(f *testing.F) {
	c := Default()
	for _, l := range leaves(&c) {
		f.Add(l.path, "1")
	}
	f.Add("gates[0].clients", "kcp://127.0.0.1:7800, tcp://[::1]:1,,")
	f.Add("players.grace", "-1h")
	f.Add("gates[99999999].admin", "")
	f.Fuzz(func(t *testing.T, key, value string) {
		flagged, set := Default(), Default()
		byFlag := overrideByFlags(&flagged, []string{key + "=" + value})
		_, byEnv := overrideByEnv(&set, map[string]string{envName(key): value})
		if byFlag == nil && byEnv != nil {
			t.Fatalf("%s=%q holds as a flag and not in the environment: %v", key, value, byEnv)
		}
		if byFlag == nil {
			_ = flagged.Check()
		}
	})
}

// FuzzKey takes text as a key file.
func FuzzKey(f *testing.F) {
	text, err := randomHex()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(text[:64]))
	f.Add(string(text))
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := parseKey(text); err == nil && len(text) != 64 {
			t.Fatalf("a key of %d digits was taken", len(text))
		}
	})
}
