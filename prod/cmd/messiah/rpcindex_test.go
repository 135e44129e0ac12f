package main_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"messiah/core/rpc"
	"messiah/scenarios/siege"
)

// committed is the table of the sample game, from here.
const committed = "../../../scenarios/siege/rpc.txt"

func TestTheCommittedTableIsUpToDate(t *testing.T) {
	file, err := filepath.Abs(committed)
	if err != nil {
		t.Fatal(err)
	}
	r := execute(t, t.TempDir(), "rpcindex", "--check", "--file", file)
	if r.status != 0 || r.err != "" || !strings.Contains(r.out, "proved: no two share a number") {
		t.Errorf("%+v", r)
	}
	text, err := os.ReadFile(committed)
	if err != nil {
		t.Fatal(err)
	}
	if string(siege.RPC().Text()) != string(text) {
		t.Error("the game has another table than the file")
	}
}

func TestRPCIndexTellsEachDifferenceAndMendsIt(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "rpc.txt")
	stale := "# ours\nmessiah-rpc 1\nschema 7\nseed 0\n1234 echo\n4321 -where\n5000 sing\n"
	if err := os.WriteFile(file, []byte(stale), 0o600); err != nil {
		t.Fatal(err)
	}
	r := execute(t, dir, "rpcindex", "--check", "--file", "rpc.txt", "--json")
	var doc struct {
		OK, Written, Proved       bool
		Schema                    uint32
		Used, Retired, Room       int
		Differences, File, Digest any
	}
	if err := json.Unmarshal([]byte(r.out), &doc); err != nil || r.status != 1 {
		t.Fatalf("%+v: %v", r, err)
	}
	if doc.OK || doc.Written || !doc.Proved || doc.Schema != 7 || doc.Used != 2 || doc.Retired != 1 || doc.Room != 8997 {
		t.Errorf("%+v", doc)
	}
	for _, want := range []string{
		"name count is new in the game, and not in the table\n",
		"name where is in the game again, and retired in the table\n",
		"name sing is gone from the game, and in use in the table\n",
		"rpc.txt is out of date: run messiah rpcindex --file rpc.txt, and commit it\n",
	} {
		if !strings.Contains(r.err, want) {
			t.Errorf("%q is not in %q", want, r.err)
		}
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != stale {
		t.Errorf("--check wrote %q, %v", text, err)
	}

	if r := execute(t, dir, "rpcindex", "--file", "rpc.txt"); r.status != 0 || !strings.Contains(r.out, "schema 8") {
		t.Fatalf("%+v", r)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	table, err := rpc.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	echo, _ := table.Number("echo")
	where, _ := table.Number("where")
	want := siege.Methods()
	slices.Sort(want)
	if echo != 1234 || where != 4321 || !slices.Equal(table.Names(), want) || !strings.HasPrefix(string(text), "# ours\n") ||
		!strings.Contains(string(text), "5000 -sing\n") {
		t.Errorf("%s", text)
	}
	if r := execute(t, dir, "rpcindex", "--check", "--file", "rpc.txt"); r.status != 0 {
		t.Errorf("after writing: %+v", r)
	}
}

func TestRPCIndexContinuesTheTableOfTheBinary(t *testing.T) {
	dir := t.TempDir()
	if r := execute(t, dir, "rpcindex", "--file", "new.txt", "--json"); r.status != 0 || !strings.Contains(r.out, `"written":true`) {
		t.Fatalf("%+v", r)
	}
	text, err := os.ReadFile(filepath.Join(dir, "new.txt"))
	if err != nil || string(text) != string(siege.RPC().Text()) {
		t.Errorf("%s: %v", text, err)
	}
	// Names in order and numbers right, and yet not what would be committed.
	if err := os.WriteFile(filepath.Join(dir, "new.txt"), []byte("\n"+string(text)), 0o600); err != nil {
		t.Fatal(err)
	}
	r := execute(t, dir, "rpcindex", "--check", "--file", "new.txt")
	if r.status != 1 || !strings.Contains(r.err, "not written as messiah rpcindex writes it") {
		t.Errorf("%+v", r)
	}
}
