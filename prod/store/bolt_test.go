package store

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(childStore); path != "" {
		putForEver(path)
	}
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

func TestEachRequestIsAnsweredByTheRecordThatStands(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records")
	steps := []struct {
		about  string
		ask    node.Message
		answer any
		reopen bool
	}{
		{about: "a record that does not exist has revision 0",
			ask: &proto.StoreGet{Num: 1, Key: "a"}, answer: &proto.StoreGot{Num: 1}},
		{about: "revision 0 makes a record",
			ask: &proto.StorePut{Num: 2, Key: "a", Value: []byte("one")}, answer: &proto.StoreDid{Num: 2, Revision: 1}},
		{about: "and makes it once",
			ask: &proto.StorePut{Num: 3, Key: "a", Value: []byte("two")}, answer: &proto.StoreDid{Num: 3, Revision: 1, Conflict: true}},
		{about: "a conflict changes nothing",
			ask: &proto.StoreGet{Num: 4, Key: "a"}, answer: &proto.StoreGot{Num: 4, Revision: 1, Value: []byte("one")}},
		{about: "the revision that stands is replaced",
			ask: &proto.StorePut{Num: 5, Key: "a", Revision: 1, Value: []byte("three")}, answer: &proto.StoreDid{Num: 5, Revision: 2}},
		{about: "a revision that never was is a conflict",
			ask: &proto.StorePut{Num: 6, Key: "a", Revision: 9, Value: []byte("four")}, answer: &proto.StoreDid{Num: 6, Revision: 2, Conflict: true}},
		{about: "another record is another revision",
			ask: &proto.StorePut{Num: 7, Key: "b", Value: []byte{}}, answer: &proto.StoreDid{Num: 7, Revision: 1}},
		{about: "an empty value is a record",
			ask: &proto.StoreGet{Num: 8, Key: "b"}, answer: &proto.StoreGot{Num: 8, Revision: 1}},
		{about: "a key that no record can have fails alone",
			ask: &proto.StorePut{Num: 9, Key: "", Value: []byte("x")}, answer: &proto.StoreDid{Num: 9, Failed: true}},
		{about: "all of it is there after another opening", reopen: true,
			ask: &proto.StoreGet{Num: 10, Key: "a"}, answer: &proto.StoreGot{Num: 10, Revision: 2, Value: []byte("three")}},
	}
	b, answers := open(t, path)
	for _, s := range steps {
		if s.reopen {
			if err := b.Close(); err != nil {
				t.Fatal(err)
			}
			b, answers = open(t, path)
		}
		b.Take(encode(s.ask))
		if diff := cmp.Diff(s.answer, decode(t, <-answers), cmp.Comparer(sameBytes)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", s.about, diff)
		}
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
}

func sameBytes(a, b []byte) bool { return string(a) == string(b) }

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

// childStore is the variable that makes the test binary a writer to the store at that path.
const childStore = "MESSIAH_TEST_STORE"

// keysPut is how many records the writer writes in turns.
const keysPut = 16

// putForEver writes one record after the other and prints each that was acknowledged.
func putForEver(path string) {
	b, err := OpenBolt(path)
	if err != nil {
		panic(err)
	}
	answers := make(chan []byte, keysPut)
	b.Start(func(frame []byte) { answers <- frame })
	for revision := uint64(0); ; revision++ {
		for k := range uint64(keysPut) {
			b.Take(encode(&proto.StorePut{Num: k, Key: fmt.Sprint(k), Revision: revision, Value: fmt.Append(nil, k, revision+1)}))
		}
		for range keysPut {
			f, _, _ := wire.Split(<-answers)
			var m proto.StoreDid
			if err := wire.Decode(f.Payload, &m); err != nil || m.Failed || m.Conflict {
				panic(fmt.Sprint("put failed: ", err, m))
			}
			fmt.Println(m.Num, m.Revision)
		}
	}
}

func TestAcknowledgedPutsSurviveKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records")
	acknowledged := writeUntilKilled(t, path, 500)
	b, answers := open(t, path)
	defer func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}()
	for key, revision := range acknowledged {
		b.Take(encode(&proto.StoreGet{Num: key, Key: fmt.Sprint(key)}))
		got := decode(t, <-answers).(*proto.StoreGot)
		if got.Revision < revision {
			t.Errorf("record %d has revision %d, %d was acknowledged", key, got.Revision, revision)
		}
		if want := fmt.Sprint(key, got.Revision); string(got.Value) != want {
			t.Errorf("record %d holds %q, want %q", key, got.Value, want)
		}
	}
}

// writeUntilKilled runs a writer, kills it (SIGKILL) in the middle of its work
// and returns the last revision that it said was acknowledged, by record.
func writeUntilKilled(t *testing.T, path string, lines int) map[uint64]uint64 {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childStore+"="+path)
	var stderr strings.Builder
	child.Stderr = &stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	acknowledged := map[uint64]uint64{}
	said := bufio.NewScanner(out)
	for seen := 0; said.Scan(); seen++ {
		var key, revision uint64
		if n, _ := fmt.Sscan(said.Text(), &key, &revision); n == 2 {
			acknowledged[key] = revision
		}
		if seen == lines {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := child.Wait(); err == nil || len(acknowledged) != keysPut || stderr.Len() > 0 {
		t.Fatalf("the writer ended with %v after %d records: %s", err, len(acknowledged), stderr.String())
	}
	return acknowledged
}
