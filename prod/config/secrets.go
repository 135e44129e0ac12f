package config

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"messiah/core/session"
	"messiah/prod/store"
)

// DefaultSecret tells whether nobody has chosen a cluster secret, so that the
// one made at first start is used; with it no other machine may be listened to.
func (c *Config) DefaultSecret() bool {
	return c.Secrets.Cluster == "" && c.Secrets.ClusterFile == ""
}

// StorePlace returns the file of the embedded store, or the address of the PostgreSQL database.
func (c *Config) StorePlace() string {
	if store.IsPostgres(c.DB.Store) {
		return c.DB.Store
	}
	return c.inState(c.DB.Store)
}

func (c *Config) inState(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(c.State, name)
}

// GateKeyPath returns the file of the gates' private key; with ".pub" behind it, of the public one.
func (c *Config) GateKeyPath() string {
	if c.Secrets.GateKeyFile != "" {
		return c.Secrets.GateKeyFile
	}
	return c.inState("gate.key")
}

// ClusterSecret returns the secret that all processes of the cluster share; a
// default one is made at first start.
func (c *Config) ClusterSecret() ([]byte, error) {
	if c.Secrets.Cluster != "" {
		return []byte(c.Secrets.Cluster), nil
	}
	path := c.Secrets.ClusterFile
	if path == "" {
		path = c.inState("cluster.secret")
		if err := makeOnce(path, func() ([]byte, error) { return randomHex() }); err != nil {
			return nil, fmt.Errorf("config: secrets.cluster_file: %w", err)
		}
	}
	text, err := readPrivate(path)
	if err != nil {
		return nil, fmt.Errorf("config: secrets.cluster_file: %w", err)
	}
	if len(text) < minSecret {
		return nil, keyError(0, "secrets.cluster_file", "%s has %d bytes; at least %d are needed", path, len(text), minSecret)
	}
	return []byte(text), nil
}

// GateKey returns the key pair that all gates of the cluster share, so that a
// client pins one key; it is made at first start, its public half beside it.
func (c *Config) GateKey() (session.KeyPair, error) {
	path := c.GateKeyPath()
	if err := makeOnce(path, func() ([]byte, error) { return randomHex() }); err != nil {
		return session.KeyPair{}, fmt.Errorf("config: secrets.gate_key_file: %w", err)
	}
	text, err := readPrivate(path)
	if err != nil {
		return session.KeyPair{}, fmt.Errorf("config: secrets.gate_key_file: %w", err)
	}
	private, err := parseKey(text)
	if err != nil {
		return session.KeyPair{}, keyError(0, "secrets.gate_key_file", "%s %v", path, err)
	}
	pair, err := session.KeyPairOf(private)
	if err != nil {
		return session.KeyPair{}, fmt.Errorf("config: secrets.gate_key_file: %w", err)
	}
	public := []byte(hex.EncodeToString(pair.Public[:]) + "\n")
	if old, err := os.ReadFile(path + ".pub"); err == nil && string(old) == string(public) {
		return pair, nil
	}
	if err := replace(path+".pub", public, 0o644); err != nil {
		return session.KeyPair{}, fmt.Errorf("config: secrets.gate_key_file: %w", err)
	}
	return pair, nil
}

// ServerKey returns the gates' public key as a client pins it: 64 hexadecimal
// digits, or the name of a file that holds them; empty is the state directory's.
func (c *Config) ServerKey(from string) (key [32]byte, err error) {
	if from == "" {
		from = c.GateKeyPath() + ".pub"
	}
	if key, err = parseKey(from); err == nil {
		return key, nil
	}
	text, err := os.ReadFile(from)
	if errors.Is(err, fs.ErrNotExist) {
		return key, fmt.Errorf("config: the gates' public key: there is no file %s; it is made when a gate first starts", from)
	}
	if err != nil {
		return key, fmt.Errorf("config: the gates' public key: %w", err)
	}
	if key, err = parseKey(strings.TrimSpace(string(text))); err != nil {
		return key, fmt.Errorf("config: the gates' public key: %s %w", from, err)
	}
	return key, nil
}

func parseKey(text string) (key [32]byte, err error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(key) {
		return key, errors.New("holds no key of 64 hexadecimal digits")
	}
	return [32]byte(b), nil
}

func randomHex() ([]byte, error) {
	var b [32]byte
	if _, err := rand.Read(b[:]); err != nil {
		return nil, err
	}
	return []byte(hex.EncodeToString(b[:]) + "\n"), nil
}

// readPrivate reads a file that nobody but its owner may read.
func readPrivate(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return "", fmt.Errorf("%s may be read by others (mode %04o); make it 0600", path, mode)
	}
	text, err := os.ReadFile(path)
	return strings.TrimSpace(string(text)), err
}

// makeOnce makes a private file if there is none. Of several processes that
// start at once one wins, and all read what it made.
func makeOnce(path string, make func() ([]byte, error)) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	content, err := make()
	if err != nil {
		return err
	}
	temp, err := writeTemp(path, content, 0o600)
	if err != nil {
		return err
	}
	defer os.Remove(temp)
	// A link, unlike a rename, fails where the name exists.
	if err := os.Link(temp, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// replace writes a file so that a reader sees all of it or none.
func replace(path string, content []byte, mode fs.FileMode) error {
	temp, err := writeTemp(path, content, mode)
	if err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		os.Remove(temp)
		return err
	}
	return nil
}

func writeTemp(path string, content []byte, mode fs.FileMode) (temp string, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return "", err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err != nil {
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}
