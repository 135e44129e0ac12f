package stores

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"messiah/core/proto"
	"messiah/core/wire"
	"messiah/prod/store/testserver"
)

// childStore is the variable that makes the test binary a writer to the store of that place.
const childStore = "MESSIAH_TEST_STORE"

// keysPut is how many records the writer writes in turns.
const keysPut = 16

// putForEver writes one record after the other and prints each that was
// acknowledged. A put that failed may be either way: what is there is read, and written on.
func putForEver(place string) {
	s, err := openPlace(place)
	if err != nil {
		panic(err)
	}
	answers := make(chan []byte, 2*keysPut)
	s.Start(func(frame []byte) { answers <- frame })
	put := func(k, revision uint64) {
		m := proto.StorePut{Num: k, Key: fmt.Sprint(k), Revision: revision, Value: fmt.Append(nil, k, revision+1), Class: "c", Index: index("r", fmt.Sprint(revision+1))}
		s.Take(wire.AppendFrame(nil, m.Type(), 0, nil, wire.Append(nil, &m)))
	}
	get := func(k uint64) {
		m := proto.StoreGet{Num: k, Key: fmt.Sprint(k)}
		s.Take(wire.AppendFrame(nil, m.Type(), 0, nil, wire.Append(nil, &m)))
	}
	for k := range uint64(keysPut) {
		get(k)
	}
	out := bufio.NewWriter(os.Stdout)
	for frame := range answers {
		m, err := decoded(frame)
		if err != nil {
			panic(err)
		}
		switch m := m.(type) {
		case *proto.StoreGot:
			if m.Failed {
				get(m.Num)
			} else {
				put(m.Num, m.Revision)
			}
		case *proto.StoreDid:
			if m.Failed || m.Conflict {
				fmt.Fprintln(out, "failed", m.Num)
				get(m.Num)
			} else {
				fmt.Fprintln(out, m.Num, m.Revision)
				put(m.Num, m.Revision)
			}
			_ = out.Flush()
		}
	}
}

// writer is the test binary at work as one.
type writer struct {
	t            *testing.T
	cmd          *exec.Cmd
	lines        *bufio.Scanner
	stderr       strings.Builder
	acknowledged map[uint64]uint64
	failures     int
}

func newWriter(t *testing.T, place string) *writer {
	w := &writer{t: t, cmd: exec.Command(os.Args[0]), acknowledged: map[uint64]uint64{}}
	w.cmd.Env = append(os.Environ(), childStore+"="+place)
	w.cmd.Stderr = &w.stderr
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.lines = bufio.NewScanner(out)
	return w
}

// read takes in what the writer says until so many puts were acknowledged, or until it has ended.
func (w *writer) read(puts int) {
	for puts != 0 && w.lines.Scan() {
		var key, revision uint64
		if n, _ := fmt.Sscan(w.lines.Text(), &key, &revision); n == 2 {
			w.acknowledged[key] = revision
			puts--
		} else {
			w.failures++
		}
	}
}

// end kills the writer and reads what it had said by then.
func (w *writer) end() {
	w.t.Helper()
	if err := w.cmd.Process.Kill(); err != nil {
		w.t.Fatal(err)
	}
	w.read(-1)
	if err := w.cmd.Wait(); err == nil || len(w.acknowledged) != keysPut || w.stderr.Len() > 0 {
		w.t.Fatalf("the writer ended with %v after %d records: %s", err, len(w.acknowledged), w.stderr.String())
	}
}

// kept wants each acknowledged put to be there, and each record to be one that was put, found by what it says.
func kept(t *testing.T, p *real, acknowledged map[uint64]uint64) {
	t.Helper()
	for k, revision := range acknowledged {
		got := p.ask(&proto.StoreGet{Num: k, Key: fmt.Sprint(k)}).(*proto.StoreGot)
		if got.Revision < revision {
			t.Errorf("record %d has revision %d, %d was acknowledged", k, got.Revision, revision)
		}
		if want := fmt.Sprint(k, got.Revision); string(got.Value) != want {
			t.Errorf("record %d holds %q, want %q", k, got.Value, want)
		}
		listed := p.ask(&proto.StoreFind{Class: "c", Field: "r", Value: fmt.Sprint(got.Revision)}).(*proto.StoreListed)
		is := false
		for _, f := range listed.Keys {
			is = is || f.Key == fmt.Sprint(k)
		}
		if !is {
			t.Errorf("record %d is not found by its index entry: %+v", k, listed)
		}
	}
}

func TestAcknowledgedPutsSurviveKillOfTheWriter(t *testing.T) {
	for name, place := range map[string]string{"bbolt": filepath.Join(t.TempDir(), "records"), "postgres": database(t)} {
		t.Run(name, func(t *testing.T) {
			w := newWriter(t, place)
			w.read(1000)
			w.end()
			kept(t, opened(t, place), w.acknowledged)
		})
	}
}

// TestAcknowledgedPutsSurviveKillOfPostgres kills every process of the server (SIGKILL)
// in the middle of the writer's work, again and again; the writer goes on by itself.
func TestAcknowledgedPutsSurviveKillOfPostgres(t *testing.T) {
	own, err := testserver.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := own.Close(); err != nil {
			t.Error(err)
		}
	}()
	address, err := own.Database("kill")
	if err != nil {
		t.Fatal(err)
	}
	w := newWriter(t, address)
	for range 3 {
		w.read(500)
		if err := own.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := own.Restart(); err != nil {
			t.Fatal(err)
		}
	}
	w.read(500)
	w.end()
	if w.failures == 0 {
		t.Error("no put failed while the server was killed three times")
	}
	p := &real{t: t, place: address}
	p.open()
	defer p.close()
	kept(t, p, w.acknowledged)
}

// TestAServerThatIsAwayFailsRequestsAtOnce: nobody waits for it, and it is found again.
func TestAServerThatIsAwayFailsRequestsAtOnce(t *testing.T) {
	own, err := testserver.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := own.Close(); err != nil {
			t.Error(err)
		}
	}()
	address, err := own.Database("away")
	if err != nil {
		t.Fatal(err)
	}
	p := &real{t: t, place: address}
	p.open()
	defer p.close()
	wants(t, "put", &proto.StoreDid{Num: 1, Revision: 1}, p.ask(&proto.StorePut{Num: 1, Key: "k", Value: []byte("v")}))
	if err := own.Kill(); err != nil {
		t.Fatal(err)
	}
	wants(t, "put while it is away", &proto.StoreDid{Num: 2, Failed: true}, p.ask(&proto.StorePut{Num: 2, Key: "k", Revision: 1}))
	wants(t, "get while it is away", &proto.StoreGot{Num: 3, Failed: true}, p.ask(&proto.StoreGet{Num: 3, Key: "k"}))
	wants(t, "find while it is away", &proto.StoreListed{Num: 4, Failed: true}, p.ask(&proto.StoreFind{Num: 4, Class: "c"}))
	if err := own.Restart(); err != nil {
		t.Fatal(err)
	}
	for {
		got := p.ask(&proto.StoreGet{Num: 5, Key: "k"}).(*proto.StoreGot)
		if got.Failed {
			continue // it is left alone for a moment yet
		}
		wants(t, "get when it is back", &proto.StoreGot{Num: 5, Revision: 1, Value: []byte("v")}, got)
		return
	}
}
