package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	bolt "go.etcd.io/bbolt"
	"go.uber.org/goleak"

	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

func encode(m node.Message) []byte {
	return wire.AppendFrame(nil, m.Type(), 0, nil, wire.Append(nil, m))
}

// decode reads an answer.
func decode(t *testing.T, frame []byte) any {
	t.Helper()
	f, rest, err := wire.Split(frame)
	if err != nil || len(rest) != 0 {
		t.Fatalf("answer %x is not one frame: %v", frame, err)
	}
	var m node.Message
	switch f.Type {
	case proto.TypeStoreGot:
		m = &proto.StoreGot{}
	case proto.TypeStoreDid:
		m = &proto.StoreDid{}
	default:
		t.Fatalf("answer of type %d", f.Type)
	}
	if err := wire.Decode(f.Payload, m); err != nil {
		t.Fatal(err)
	}
	return m
}

func open(t *testing.T, path string) (*Bolt, chan []byte) {
	t.Helper()
	b, err := OpenBolt(path)
	if err != nil {
		t.Fatal(err)
	}
	answers := make(chan []byte, 2*maxQueue)
	b.Start(func(frame []byte) { answers <- append([]byte(nil), frame...) })
	return b, answers
}

func TestWaitingPutsGoIntoOneTransactionInOrder(t *testing.T) {
	b, err := OpenBolt(filepath.Join(t.TempDir(), "records"))
	if err != nil {
		t.Fatal(err)
	}
	const puts = 500
	for i := range puts {
		b.Take(encode(&proto.StorePut{Num: uint64(i), Key: "k", Revision: uint64(i), Value: []byte{byte(i)}}))
	}
	before := writes(b)
	answers := make(chan []byte, puts)
	b.Start(func(frame []byte) { answers <- frame })
	for i := range puts {
		want := &proto.StoreDid{Num: uint64(i), Revision: uint64(i + 1)}
		if diff := cmp.Diff(any(want), decode(t, <-answers)); diff != "" {
			t.Fatalf("put %d: (-want +got)\n%s", i, diff)
		}
	}
	if n := writes(b) - before; n > 10 {
		t.Errorf("%d puts that waited took %d page writes, want those of one transaction", puts, n)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
}

// writes returns how many pages were written since the opening.
func writes(b *Bolt) int64 {
	stats := b.db.Stats()
	return stats.TxStats.GetWrite()
}

func TestAtTheBoundRequestsAreAnsweredFailed(t *testing.T) {
	b, err := OpenBolt(filepath.Join(t.TempDir(), "records"))
	if err != nil {
		t.Fatal(err)
	}
	answers := make(chan []byte, maxQueue+2)
	b.answer = func(frame []byte) { answers <- frame }
	for i := range maxQueue {
		b.Take(encode(&proto.StorePut{Num: uint64(i), Key: fmt.Sprint(i)}))
	}
	b.Take(encode(&proto.StorePut{Num: maxQueue, Key: "over"}))
	b.Take(encode(&proto.StoreGet{Num: maxQueue + 1, Key: "over"}))
	for _, want := range []any{
		&proto.StoreDid{Num: maxQueue, Failed: true},
		&proto.StoreGot{Num: maxQueue + 1, Failed: true},
	} {
		if diff := cmp.Diff(want, decode(t, <-answers)); diff != "" {
			t.Errorf("over the bound: (-want +got)\n%s", diff)
		}
	}
	b.Start(b.answer)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if len(answers) != maxQueue {
		t.Errorf("%d of %d queued requests were answered before the store closed", len(answers), maxQueue)
	}
}

func TestAFrameThatIsNoRequestIsLeftAlone(t *testing.T) {
	b, answers := open(t, filepath.Join(t.TempDir(), "records"))
	get := encode(&proto.StoreGet{Num: 1, Key: "k"})
	for _, frame := range [][]byte{nil, {1, 2, 3}, get[:len(get)-1], wire.AppendFrame(nil, proto.TypeStorePut, 0, nil, []byte{0xdd, 0xff, 0xff, 0xff, 0xff}), encode(&proto.StoreDid{})} {
		b.Take(frame)
	}
	b.Take(get)
	if got := decode(t, <-answers).(*proto.StoreGot); got.Num != 1 {
		t.Errorf("first answer is %+v, want that of the one request", got)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAFileInUseIsOneClearError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records")
	b, _ := open(t, path)
	_, err := OpenBolt(path)
	if want := "store: " + path + " is in use by another process"; err == nil || err.Error() != want {
		t.Errorf("error is %v, want %q", err, want)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestAFileOfTheFirstFormatIsBroughtUpToDate writes one as it was: 8 bytes of revision and a value, by account.
func TestAFileOfTheFirstFormatIsBroughtUpToDate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records")
	older, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = older.Update(func(tx *bolt.Tx) error {
		b, err := tx.CreateBucket(records)
		if err != nil {
			return err
		}
		return b.Put([]byte("ann"), append([]byte{7, 0, 0, 0, 0, 0, 0, 0}, "value"...))
	})
	if err := errors.Join(err, older.Close()); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time it is up to date
		b, answers := open(t, path)
		b.Take(encode(&proto.StoreGet{Num: 1, Key: proto.AccountKey("ann")}))
		want := &proto.StoreGot{Num: 1, Revision: 7, Value: []byte("value")}
		if diff := cmp.Diff(any(want), decode(t, <-answers)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAFileOfALaterFormatIsLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records")
	b, _ := open(t, path)
	err := b.db.Update(func(tx *bolt.Tx) error { return tx.Bucket(about).Put(keyFormat, []byte{9, 0, 0, 0, 0, 0, 0, 0}) })
	if err := errors.Join(err, b.Close()); err != nil {
		t.Fatal(err)
	}
	_, err = OpenBolt(path)
	if want := "store: " + path + ": the file has format 9, this build knows formats to 2"; err == nil || err.Error() != want {
		t.Errorf("error is %v, want %q", err, want)
	}
}

func TestAddressesAreToldWithoutSecrets(t *testing.T) {
	for _, c := range []struct{ place, told, wrong string }{
		{"records.db", "records.db", ""},
		{"postgres://ann:s3cret@db.example:5433/game?password=s3cret", "postgres://db.example:5433/game", ""},
		{"postgresql:///game?host=/run/pg", "postgres:///game", ""},
		{"postgres://ann:s3cret@db:none/game", "postgres://", "is no address of a PostgreSQL database"},
		{"postgres://ann:s3cret@db/game?sslmode=s3cret", "postgres://db/game", "is no address of a PostgreSQL database"},
		{"postgres://ann:s3%zzcret@db/game", "postgres://", "is no address"},
	} {
		if got := Place(c.place); got != c.told {
			t.Errorf("%s is told as %s, want %s", c.place, got, c.told)
		}
		if !IsPostgres(c.place) {
			continue
		}
		switch err := CheckPlace(c.place); {
		case (err != nil) != (c.wrong != ""), err != nil && !strings.Contains(err.Error(), c.wrong):
			t.Errorf("%s: %v, want %q", c.place, err, c.wrong)
		case err != nil && strings.Contains(err.Error(), "s3"):
			t.Errorf("the password is in %q", err)
		}
	}
}
