package main_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"messiah/core/proto"
	"messiah/core/wire"
	"messiah/prod/store"
)

// stored makes a store with one record at a path. It stays open until the returned function is called.
func stored(t *testing.T, path string) (leave func()) {
	t.Helper()
	s, err := store.OpenBolt(path)
	if err != nil {
		t.Fatal(err)
	}
	answers := make(chan []byte, 1)
	s.Start(func(frame []byte) { answers <- frame })
	// Entity and holder take two fields each, then come owner, version and data.
	value := append([]byte{0xdc, 0, 7, 0, 0, 0, 0, 1, 1}, wire.AppendBytes(nil, []byte("data"))...)
	put := proto.StorePut{Key: proto.AccountKey("ann"), Class: "avatar", Index: []proto.IndexEntry{{Field: "level", Value: "3"}}, Value: value}
	s.Take(wire.AppendFrame(nil, put.Type(), 0, nil, wire.Append(nil, &put)))
	<-answers
	return func() {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestStoreIsCheckedBackedUpAndRestored(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "state", "store.db")
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	leave := stored(t, path)
	at := []string{"--set", "state=" + filepath.Dir(path)}
	do := func(want int, args ...string) result {
		t.Helper()
		r := execute(t, dir, append(append([]string{"store"}, args...), at...)...)
		if r.status != want {
			t.Fatalf("store %v: status %d, want %d; output %q, words %q", args, r.status, want, r.out, r.err)
		}
		return r
	}
	for _, verb := range [][]string{{"check"}, {"backup", "a"}, {"restore", "a"}} {
		if verb[0] == "restore" {
			leave()
			do(0, "backup", "a")
			leave = stored(t, path)
		}
		if r := do(1, verb...); !strings.Contains(r.err, "a running db has it: stop the db first") || r.out != "" {
			t.Errorf("%v while a db has the store: %+v", verb, r)
		}
	}
	leave()
	var report store.Report
	if err := json.Unmarshal([]byte(do(0, "check", "--json").out), &report); err != nil || !report.OK || report.Records != 1 || report.Entries != 2 {
		t.Errorf("%+v, %v", report, err)
	}
	if r := do(0, "check"); !strings.Contains(r.out, "nothing is wrong") || !strings.Contains(r.out, "avatar               1") {
		t.Errorf("check: %q", r.out)
	}
	if r := do(0, "backup", "b", "--json"); !strings.Contains(r.out, `"records":1`) {
		t.Errorf("backup: %q", r.out)
	}
	if r := do(1, "restore", "b"); !strings.Contains(r.err, "it has records; --force replaces them") {
		t.Errorf("restore over records: %q", r.err)
	}
	spoil(t, path)
	if r := do(1, "check"); !strings.Contains(r.out, `DAMAGE         "account:ann": an index entry is missing`) || !strings.Contains(r.err, "is damaged") {
		t.Errorf("check of a damaged store: %+v", r)
	}
	do(0, "restore", "b", "--force")
	do(0, "check")
	do(0, "restore", "b", "--store", filepath.Join(dir, "other.db"))
	do(0, "check", "--store", filepath.Join(dir, "other.db"))
}

// spoil takes the index away.
func spoil(t *testing.T, path string) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		if err := tx.DeleteBucket([]byte("index")); err != nil {
			return err
		}
		_, err := tx.CreateBucket([]byte("index"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestAPasswordIsNotPrinted whatever is done with a database's address.
func TestAPasswordIsNotPrinted(t *testing.T) {
	const address = "postgres://ann:s3cret@127.0.0.1:1/records"
	for _, args := range [][]string{
		{"config", "check", "--set", "db.store=" + address},
		{"db", "--set", "db.store=" + address, "--set", "db.listen=" + freeAddr(t)},
		{"store", "check", "--store", address},
		{"store", "backup", "b", "--store", address},
		{"config", "check", "--set", "db.store=" + address + "?sslmode=s3cret"},
	} {
		r := execute(t, t.TempDir(), args...)
		if strings.Contains(r.out+r.err, "s3cret") || !strings.Contains(r.out+r.err, "ostgre") {
			t.Errorf("%v: %+v", args, r)
		}
	}
}
