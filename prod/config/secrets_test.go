package config

import (
	"bytes"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func inDir(t *testing.T) Config {
	t.Helper()
	c := Default()
	c.State = filepath.Join(t.TempDir(), "state")
	return c
}

func TestSecretsAreMadeOnceAndPrivate(t *testing.T) {
	c := inDir(t)
	const starters = 8
	secrets, keys := make([][]byte, starters), make([][32]byte, starters)
	var all sync.WaitGroup
	for i := range starters {
		all.Go(func() {
			secret, err := c.ClusterSecret()
			if err != nil {
				t.Error(err)
			}
			pair, err := c.GateKey()
			if err != nil {
				t.Error(err)
			}
			secrets[i], keys[i] = secret, pair.Public
		})
	}
	all.Wait()
	for i := range starters {
		if !bytes.Equal(secrets[i], secrets[0]) || keys[i] != keys[0] {
			t.Fatal("processes that start at once disagree on the secrets")
		}
	}
	if len(secrets[0]) < minSecret {
		t.Errorf("a secret of %d bytes", len(secrets[0]))
	}
	for name, mode := range map[string]fs.FileMode{"cluster.secret": 0o600, "gate.key": 0o600, "gate.key.pub": 0o644} {
		info, err := os.Stat(filepath.Join(c.State, name))
		if err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: mode %v, error %v, want %v", name, info.Mode().Perm(), err, mode)
		}
	}
	entries, err := os.ReadDir(c.State)
	if err != nil || len(entries) != 3 {
		t.Errorf("left in the state directory: %v, %v", entries, err)
	}
}

func TestServerKey(t *testing.T) {
	c := inDir(t)
	if _, err := c.ServerKey(""); err == nil || !strings.Contains(err.Error(), "there is no file") {
		t.Errorf("before the first start: %v", err)
	}
	pair, err := c.GateKey()
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range []string{"", c.GateKeyPath() + ".pub", hex.EncodeToString(pair.Public[:])} {
		if key, err := c.ServerKey(from); err != nil || key != pair.Public {
			t.Errorf("from %q: %x, %v", from, key, err)
		}
	}
}

func TestAFileThatOthersReadIsNoSecret(t *testing.T) {
	c := inDir(t)
	c.Secrets.ClusterFile = filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(c.Secrets.ClusterFile, []byte("a-secret-of-our-own"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := c.ClusterSecret(); err == nil || !strings.Contains(err.Error(), "may be read by others") {
		t.Errorf("got %v", err)
	}
	if err := os.Chmod(c.Secrets.ClusterFile, 0o600); err != nil {
		t.Fatal(err)
	}
	if secret, err := c.ClusterSecret(); err != nil || string(secret) != "a-secret-of-our-own" {
		t.Errorf("%q, %v", secret, err)
	}
}
