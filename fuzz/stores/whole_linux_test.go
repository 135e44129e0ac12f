package stores

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"messiah/core/addr"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
	"messiah/prod/store"
)

// value is what the db keeps under a key, in the order of its fields.
type value struct {
	entity         addr.EntityID
	holder         node.Peer
	owner, version uint64
	data           []byte
}

func (v *value) Code(c *wire.Coder) {
	v.entity.Code(c)
	v.holder.Code(c)
	c.Uint64(&v.owner)
	c.Uint64(&v.version)
	c.Bytes(&v.data)
}

func (v value) bytes() []byte { return wire.Append(nil, &v) }

// filled puts records of several kinds, one of which is deleted again, and returns what it asked to have them read.
func filled(t *testing.T, p peer, n int) (gets []node.Message) {
	t.Helper()
	put := func(key, class string, v value, entries ...string) {
		t.Helper()
		m := &proto.StorePut{Key: key, Class: class, Entity: id(key), Index: index(entries...), Value: v.bytes()}
		if did := p.ask(m).(*proto.StoreDid); did.Failed || did.Conflict {
			t.Fatalf("%s: %+v", key, did)
		}
		gets = append(gets, &proto.StoreGet{Key: key})
	}
	for i := range n {
		put(proto.AccountKey(fmt.Sprint(i)), "avatar", value{data: []byte{byte(i)}}, "level", fmt.Sprint(i%3), "guild", "red")
	}
	held := value{holder: node.Peer{ID: node.NewID(node.Game, 1), Inc: 7}, owner: 3}
	put(proto.StubKey("chat"), "", held)
	put(proto.NameKey("avatar", "ann"), "", value{data: []byte(proto.AccountKey("0"))})
	put(proto.NameKey("avatar", "nobody"), "", value{data: []byte(proto.AccountKey("gone"))})
	put("gone", "avatar", value{}, "level", "9")
	wants(t, "deletion", &proto.StoreDid{}, p.ask(&proto.StoreDelete{Key: "gone", Revision: 1}))
	return append(gets, &proto.StoreFind{Class: "avatar", Field: "level", Value: "1"}, &proto.StoreFind{Class: "avatar"})
}

func silent(_, _ int64) {}

// places are an empty store of each kind.
func places(t *testing.T) map[string]string {
	return map[string]string{"bbolt": filepath.Join(t.TempDir(), "records"), "postgres": database(t)}
}

// written fills the store of a place and gives it back.
func written(t *testing.T, place string, n int) (gets, answers []node.Message) {
	t.Helper()
	p := &real{t: t, place: place}
	p.open()
	defer p.close()
	gets = filled(t, p, n)
	for _, m := range gets {
		answers = append(answers, p.ask(m))
	}
	return gets, answers
}

func checked(t *testing.T, place string) *store.Report {
	t.Helper()
	r, err := store.Check(context.Background(), place, silent)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestABackupRestoresIntoAnyStore from each kind into each.
func TestABackupRestoresIntoAnyStore(t *testing.T) {
	const records = 300
	for from, place := range places(t) {
		gets, answers := written(t, place, records)
		backup := filepath.Join(t.TempDir(), "backup")
		told := int64(0)
		totals, err := store.Backup(context.Background(), place, backup, func(n, all int64) { told += 1 - all/(records+3) })
		if err != nil || totals.Records != records+3 || totals.Floor != 1 || told != 0 {
			t.Fatalf("%s: %+v, %v; progress is off by %d", from, totals, err, told)
		}
		for to, other := range places(t) {
			t.Run(from+" to "+to, func(t *testing.T) {
				if _, err := store.Restore(context.Background(), other, backup, false, silent); err != nil {
					t.Fatal(err)
				}
				p := &real{t: t, place: other}
				p.open()
				for i, m := range gets {
					wants(t, fmt.Sprintf("%+v", m), answers[i], p.ask(m))
				}
				p.close()
				r := checked(t, other)
				r.Store, r.Kind = "", ""
				got, _ := json.Marshal(r)
				want := `{"store":"","kind":"","records":303,"bytes":` + fmt.Sprint(r.Bytes) + `,"classes":{"":3,"avatar":300},"index_entries":900,` +
					`"names":2,"names_without_record":1,"held":{"game1/0000000000000007":1},"floor":1,"damage":[],"damage_more":0,"ok":true}`
				if string(got) != want {
					t.Errorf("check says %s\nwant       %s", got, want)
				}
			})
		}
	}
}

func TestRestoreOverRecordsNeedsForce(t *testing.T) {
	for kind, place := range places(t) {
		t.Run(kind, func(t *testing.T) {
			gets, answers := written(t, place, 10)
			backup := filepath.Join(t.TempDir(), "backup")
			if _, err := store.Backup(context.Background(), place, backup, silent); err != nil {
				t.Fatal(err)
			}
			p := &real{t: t, place: place}
			p.open()
			wants(t, "a later put", &proto.StoreDid{Revision: 2}, p.ask(&proto.StorePut{Key: "late", Value: value{}.bytes()}))
			p.close()
			if _, err := store.Restore(context.Background(), place, backup, false, silent); !errors.Is(err, store.ErrNotEmpty) {
				t.Fatalf("error is %v", err)
			}
			if r := checked(t, place); r.Records != 14 || !r.OK {
				t.Fatalf("a restore that was refused left %+v", r)
			}
			if _, err := store.Restore(context.Background(), place, backup, true, silent); err != nil {
				t.Fatal(err)
			}
			p.open()
			defer p.close()
			wants(t, "the later put", &proto.StoreGot{Floor: 1}, p.ask(&proto.StoreGet{Key: "late"}))
			for i, m := range gets {
				wants(t, fmt.Sprintf("%+v", m), answers[i], p.ask(m))
			}
		})
	}
}

// TestADamagedBackupIsNotRestored alters each byte of one, and cuts it anywhere.
func TestADamagedBackupIsNotRestored(t *testing.T) {
	place := filepath.Join(t.TempDir(), "records")
	written(t, place, 2)
	file := filepath.Join(t.TempDir(), "backup")
	if _, err := store.Backup(context.Background(), place, file, silent); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(t.TempDir(), "target")
	refused := func(b []byte, what string, at int) {
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Restore(context.Background(), target, file, true, silent); err == nil {
			t.Errorf("a backup of %d bytes with byte %d %s is restored", len(whole), at, what)
		}
		if _, err := os.Stat(target); err == nil {
			t.Fatal("a store was made of a backup that was refused")
		}
	}
	for at := range whole {
		b := append([]byte(nil), whole...)
		b[at] ^= 1
		refused(b, "altered", at)
		refused(whole[:at], "missing", at)
	}
	refused(append(whole, 0), "behind it", len(whole))
}

func TestCheckFindsDamageOfAFile(t *testing.T) {
	for _, c := range []struct {
		about string
		harm  func(records, index *bolt.Bucket) error
		want  string
	}{
		{"a bit of a record", func(records, _ *bolt.Bucket) error {
			b := append([]byte(nil), records.Get([]byte("account:1"))...)
			b[len(b)-1] ^= 1
			return records.Put([]byte("account:1"), b)
		}, `"account:1": damaged`},
		{"an index entry is missing", func(_, index *bolt.Bucket) error {
			return index.Delete([]byte("\x00\x06avatar\x00\x05level\x00\x012account:2"))
		},
			`"account:2": an index entry is missing: class "avatar", field "level", value "2"`},
		{"an index entry too many", func(_, index *bolt.Bucket) error {
			return index.Put([]byte("\x00\x06avatar\x00\x05level\x00\x018account:2"), make([]byte, 16))
		}, `"account:2": an index entry that the record has not: class "avatar", field "level", value "8"`},
		{"no entry at all", func(_, index *bolt.Bucket) error { return index.Put([]byte("\xff\xff"), nil) }, `which is no entry`},
	} {
		place := filepath.Join(t.TempDir(), "records")
		written(t, place, 3)
		db, err := bolt.Open(place, 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		err = db.Update(func(tx *bolt.Tx) error { return c.harm(tx.Bucket([]byte("records")), tx.Bucket([]byte("index"))) })
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		finds(t, c.about, place, c.want)
	}
}

func TestCheckFindsDamageOfADatabase(t *testing.T) {
	for _, c := range []struct{ about, harm, want string }{
		{"a record's value", `UPDATE messiah_records SET value = '\xff' WHERE key = 'account:1'`, `"account:1": its value cannot be read`},
		{"an index entry is missing", `DELETE FROM messiah_index WHERE key = 'account:2' AND field = 'level'`,
			`"account:2": an index entry is missing: class "avatar", field "level", value "2"`},
		{"an index entry is missing of a class", `DELETE FROM messiah_index WHERE key = 'account:2' AND field = ''`,
			`"account:2": an index entry is missing: class "avatar", field "", value ""`},
		{"an index entry of no record", `INSERT INTO messiah_index VALUES ('avatar', 'level', '8', 'account:77')`,
			`"account:77": an index entry that the record has not: class "avatar", field "level", value "8"`},
	} {
		place := database(t)
		written(t, place, 3)
		execute(t, place, c.harm)
		finds(t, c.about, place, c.want)
	}
}

func finds(t *testing.T, about, place, want string) {
	t.Helper()
	r := checked(t, place)
	all := ""
	for _, d := range r.Damage {
		all += fmt.Sprintf("%q: %s\n", d.Key, d.What)
	}
	if r.OK || !strings.Contains(all, want) {
		t.Errorf("%s: the check says ok %v, %s, want %s", about, r.OK, all, want)
	}
}

// heads is how many bytes the two head pages of a file have.
var heads = 2 * os.Getpagesize()

// TestCheckOfABrokenFile alters bytes of a file anywhere: it is told, unless a backup is the same.
func TestCheckOfABrokenFile(t *testing.T) {
	place := filepath.Join(t.TempDir(), "records")
	written(t, place, 40)
	backup := func(place string) string {
		file := filepath.Join(t.TempDir(), "backup")
		if _, err := store.Backup(context.Background(), place, file, silent); err != nil {
			return err.Error()
		}
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	whole, err := os.ReadFile(place)
	if err != nil {
		t.Fatal(err)
	}
	want, random, told := backup(place), rand.New(rand.NewPCG(1, 2)), 0
	for range 500 {
		b := append([]byte(nil), whole...)
		// Behind the two heads: where one of them is broken the other holds, with what was so one transaction earlier.
		at := heads + random.IntN(len(b)-heads)
		b[at] ^= byte(1 + random.IntN(255))
		broken := filepath.Join(t.TempDir(), "records")
		if err := os.WriteFile(broken, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if r, err := store.Check(context.Background(), broken, silent); err != nil || !r.OK {
			told++
		} else if got := backup(broken); got != want {
			t.Errorf("byte %d is altered, the check finds nothing, and a backup is another one", at)
		}
	}
	if told == 0 {
		t.Error("no byte of 500 was noticed")
	}
	t.Logf("%d of 500 altered bytes were told of; the others are in free pages", told)
}
